//! The time by which requests are signed and answers judged.
//!
//! WeChat Pay refuses signatures more than five minutes off, and tills have wrong clocks. Every answer over
//! verified TLS carries `Date`; the difference is remembered and added. It is trusted within a bound only:
//! `Date` is not covered by WeChat Pay's own signature.

use crate::log;
use crate::system;
use std::sync::atomic::{AtomicI64, Ordering};
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

/// A clock that is further off than this is not corrected: TLS would hardly have let an answer through.
const LARGEST_OFFSET_S: i64 = 48 * 60 * 60;
/// `Date` has whole seconds, and the answer took its time: smaller differences mean nothing.
const NOISE_S: i64 = 2;

/// This machine's clock, corrected.
#[derive(Debug, Default)]
pub struct Clock {
    offset_s: AtomicI64,
}

impl Clock {
    /// A clock whose correction is known already.
    pub fn with_offset(offset_s: i64) -> Clock {
        Clock { offset_s: AtomicI64::new(offset_s) }
    }

    /// WeChat Pay's time, as far as it is known.
    pub fn now(&self) -> OffsetDateTime {
        system::wall_date() + Duration::seconds(self.offset_s())
    }

    /// What is added to this machine's time, in seconds.
    pub fn offset_s(&self) -> i64 {
        self.offset_s.load(Ordering::Relaxed)
    }

    /// Learns from the `Date` of an answer over verified TLS.
    pub fn learn(&self, date: Option<&str>) {
        let Some(theirs) = date.and_then(parse) else { return };
        let difference = theirs.unix_timestamp() - system::wall_date().unix_timestamp();
        let known = self.offset_s();
        if difference.abs() > LARGEST_OFFSET_S || (difference - known).abs() <= NOISE_S {
            return;
        }
        let offset = if difference.abs() <= NOISE_S { 0 } else { difference };
        self.offset_s.store(offset, Ordering::Relaxed);
        if (offset - known).abs() > 30 {
            log::warn(format_args!("this machine's clock is {} s off; signing with corrected time", -offset));
        }
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, as RFC 9110 has it.
fn parse(date: &str) -> Option<OffsetDateTime> {
    let form = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    PrimitiveDateTime::parse(date, form).ok().map(PrimitiveDateTime::assume_utc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::format_description::well_known::Rfc2822;

    fn date(offset_s: i64) -> String {
        let stamp = (OffsetDateTime::now_utc() + Duration::seconds(offset_s)).format(&Rfc2822).unwrap();
        stamp.replace("+0000", "GMT")
    }

    #[test]
    fn five_hours_are_learned_and_noise_is_not() {
        let clock = Clock::default();
        clock.learn(Some(&date(1)));
        assert_eq!(clock.offset_s(), 0);
        clock.learn(Some(&date(5 * 3600)));
        assert!((clock.offset_s() - 5 * 3600).abs() <= 1);
        assert!((clock.now() - OffsetDateTime::now_utc() - Duration::hours(5)).abs() < Duration::seconds(2));
        let known = clock.offset_s();
        clock.learn(Some(&date(5 * 3600 + 1)));
        assert_eq!(clock.offset_s(), known);
        clock.learn(Some(&date(0)));
        assert_eq!(clock.offset_s(), 0);
    }

    #[test]
    fn nonsense_and_years_are_not_believed() {
        let clock = Clock::default();
        for absurd in [None, Some(""), Some("yesterday"), Some(&*date(LARGEST_OFFSET_S + 60))] {
            clock.learn(absurd);
            assert_eq!(clock.offset_s(), 0);
        }
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT").unwrap().unix_timestamp(), 784_111_777);
    }
}
