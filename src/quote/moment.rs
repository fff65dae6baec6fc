//! Times as WeChat Pay prints them, in whole seconds of China Standard Time.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::{format_description, offset};

/// Seconds of a day. China has no daylight saving time.
pub const DAY: i64 = 86_400;
const CHINA_S: i64 = 8 * 3600;
/// 1970-01-01 was a Thursday, and weeks begin with Monday here.
const FIRST_WEEKDAY: i64 = 3;
/// Where the `T` stands that separates date and time.
const SEPARATOR: usize = 10;
/// Where the seconds or the offset of `2025-01-01T00:00` begin.
const AFTER_MINUTES: usize = 16;

/// A time in seconds since 1970. Fractions are dropped, because WeChat Pay prints none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// Parses RFC 3339, with or without a fraction, with `Z` or an offset. Seconds may be missing, because official examples
    /// print `2025-01-01T00:00+08:00`.
    pub fn parse(text: &str) -> Option<Moment> {
        if text.as_bytes().get(SEPARATOR) != Some(&b'T') {
            return None;
        }
        let read = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok().map(Moment::from);
        read(text).or_else(|| {
            let (minutes, offset) = text.split_at_checked(AFTER_MINUTES)?;
            offset.starts_with(['+', '-', 'Z']).then(|| read(&format!("{minutes}:00{offset}")))?
        })
    }

    /// This many seconds later, saturating.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Moment {
        Moment(self.0.saturating_add(seconds))
    }

    /// Days since Monday in China.
    pub fn weekday(self) -> i64 {
        (self.china().div_euclid(DAY) + FIRST_WEEKDAY).rem_euclid(7)
    }

    /// Seconds since midnight in China.
    pub fn second_of_day(self) -> i64 {
        self.china().rem_euclid(DAY)
    }

    /// Seconds from this time to a later one.
    pub fn seconds_to(self, later: Moment) -> i64 {
        later.0.saturating_sub(self.0)
    }

    /// The time of day in China: `20:00:00`.
    pub fn clock(self) -> String {
        let second = self.second_of_day();
        format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
    }

    /// The beginning of this day in China.
    #[must_use]
    pub fn midnight(self) -> Moment {
        self.plus(-self.second_of_day())
    }

    /// The same in seconds since 1970.
    pub fn unix_s(self) -> i64 {
        self.0
    }

    fn china(self) -> i64 {
        self.0.saturating_add(CHINA_S)
    }
}

impl From<OffsetDateTime> for Moment {
    fn from(time: OffsetDateTime) -> Moment {
        Moment(time.unix_timestamp())
    }
}

impl std::fmt::Display for Moment {
    /// `2025-08-03T12:00:00+08:00`
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+08:00");
        let local = OffsetDateTime::from_unix_timestamp(self.0)
            .ok()
            .and_then(|utc| utc.checked_to_offset(offset!(+8)))
            .and_then(|local| local.format(&format).ok());
        // Only the first and last hours of the representable time have no such beginning.
        formatter.write_str(local.as_deref().unwrap_or("?"))
    }
}

impl serde::Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_same_second_is_read() {
        let noon = Moment::parse("2025-08-03T12:00:00+08:00").unwrap();
        for spelling in [
            "2025-08-03T12:00+08:00",
            "2025-08-03T04:00Z",
            "2025-08-03T04:00:00Z",
            "2025-08-03T12:00:00.123+08:00",
            "2025-08-02T23:00:00-05:00",
        ] {
            assert_eq!(Moment::parse(spelling), Some(noon), "{spelling}");
        }
        assert_eq!(noon.to_string(), "2025-08-03T12:00:00+08:00");
        for none in [
            "",
            "2025-08-03",
            "2025-08-03T12:00:00",
            "2025-13-03T12:00:00Z",
            "2025-08-03T12:0券+08:00",
            "2025-08-03 12:00:00+08:00",
            "2025-08-03t12:00:00+08:00",
        ] {
            assert_eq!(Moment::parse(none), None, "{none}");
        }
    }

    #[test]
    fn days_are_chinas() {
        // A Sunday in China, still Saturday in Greenwich.
        let sunday = Moment::parse("2025-08-02T16:00:01Z").unwrap();
        assert_eq!((sunday.weekday(), sunday.second_of_day()), (6, 1));
        assert_eq!(sunday.midnight().to_string(), "2025-08-03T00:00:00+08:00");
        assert_eq!((sunday.plus(DAY).weekday(), sunday.plus(-2).weekday()), (0, 5));
    }

    #[test]
    fn the_ends_of_time_are_no_trap() {
        for end in ["9999-12-31T23:59:59-12:00", "0000-01-01T00:00:00+12:00"] {
            let moment = Moment::parse(end).unwrap();
            assert!((0..DAY).contains(&moment.second_of_day()) && !moment.to_string().is_empty());
            assert_eq!(moment.plus(i64::MAX).plus(i64::MIN).plus(i64::MIN).weekday() / 7, 0);
        }
    }
}
