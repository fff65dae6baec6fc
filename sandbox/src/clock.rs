//! The sandbox's own clock, which can be set wrong on purpose.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::text::Text;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::{format_description, offset};
use time::{OffsetDateTime, UtcOffset, Weekday};

/// China Standard Time: every time WeChat Pay prints is in it.
const CHINA: UtcOffset = offset!(+8);

const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// Wall clock plus an offset that tests may change.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_s: AtomicI64,
    business_offset_s: AtomicI64,
}

/// How far each offset may be: a hundred years. Beyond a few thousand no time has a text any more.
const MOST_OFFSET: i64 = 100 * 366 * 86_400;

impl Clock {
    /// Whether offsets that somebody wishes for are within bounds.
    pub(crate) fn check(offsets: [i64; 2]) -> Result<(), Text> {
        if offsets.iter().all(|offset| (-MOST_OFFSET..=MOST_OFFSET).contains(offset)) {
            return Ok(());
        }
        Err(Text::new(
            format!("offset_s and world_offset_s must be within {MOST_OFFSET} seconds, a hundred years"),
            format!("offset_s 和 world_offset_s 不得超过 {MOST_OFFSET} 秒（一百年）"),
        ))
    }

    pub(crate) fn set_offset(&self, seconds: i64) {
        self.offset_s.store(seconds, Ordering::Relaxed);
    }

    pub(crate) fn offset(&self) -> i64 {
        self.offset_s.load(Ordering::Relaxed)
    }

    /// Moves business time (validity, windows, states, times in answers)
    /// against this clock; signatures and `Date` stay where they are.
    pub(crate) fn set_business_offset(&self, seconds: i64) {
        self.business_offset_s.store(seconds, Ordering::Relaxed);
    }

    pub(crate) fn business_offset(&self) -> i64 {
        self.business_offset_s.load(Ordering::Relaxed)
    }

    /// Business time in milliseconds since 1970.
    pub(crate) fn business_now_ms(&self) -> i64 {
        self.now_ms().saturating_add(self.business_offset().saturating_mul(1000))
    }

    /// Business time in seconds since 1970.
    pub(crate) fn business_now(&self) -> i64 {
        self.business_now_ms().div_euclid(1000)
    }

    /// Milliseconds since 1970 by this clock.
    pub(crate) fn now_ms(&self) -> i64 {
        let real = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(_) => 0,
        };
        real.saturating_add(self.offset().saturating_mul(1000))
    }

    /// Seconds since 1970 by this clock.
    pub(crate) fn now(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }
}

fn at(unix: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(unix).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// `2025-08-03T12:00:00+08:00`
pub(crate) fn rfc3339(unix: i64) -> String {
    at(unix).to_offset(CHINA).format(&Rfc3339).unwrap_or_default()
}

/// `Sun, 03 Aug 2025 04:00:00 GMT`
pub(crate) fn http_date(unix: i64) -> String {
    at(unix).format(&HTTP_DATE).unwrap_or_default()
}

/// Seconds since 1970 of an RFC 3339 text, if it is one.
pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}

/// The midnight in China before, or at, a moment.
pub(crate) fn china_midnight(unix: i64) -> i64 {
    unix - i64::from(china_week_time(unix).1)
}

/// Day of the week in China and seconds since midnight there.
pub(crate) fn china_week_time(unix: i64) -> (Weekday, u32) {
    let local = at(unix).to_offset(CHINA);
    let (hour, minute, second) = local.to_hms();
    let seconds = u32::from(hour) * 3600 + u32::from(minute) * 60 + u32::from(second);
    (local.weekday(), seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_times() {
        let unix = 1_754_193_600;
        assert_eq!(rfc3339(unix), "2025-08-03T12:00:00+08:00");
        assert_eq!(http_date(unix), "Sun, 03 Aug 2025 04:00:00 GMT");
        assert_eq!(parse_rfc3339("2025-08-03T12:00:00+08:00"), Some(unix));
        assert_eq!(parse_rfc3339("2025-08-03T04:00:00.5Z"), Some(unix));
        assert_eq!(parse_rfc3339("2025-08-03 12:00:00"), None);
        assert_eq!(china_week_time(unix), (Weekday::Sunday, 12 * 3600));
        assert_eq!(china_midnight(unix), unix - 12 * 3600);
        assert_eq!(china_midnight(unix - 12 * 3600), unix - 12 * 3600);
    }
}
