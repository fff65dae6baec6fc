//! `coupon_available_period`: from when to when, and at which hours.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::{china_midnight, china_week_time, parse_rfc3339};
use crate::state::coupon::Day;

const DAY: i64 = 86_400;

/// A recurring window; an empty list does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Weekly {
    #[serde(default)]
    day_list: Vec<Day>,
    #[serde(default)]
    day_period_list: Vec<Span>,
}

/// Seconds since midnight, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Span {
    begin_time: u32,
    end_time: u32,
}

/// When coupons of a stock can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Period {
    pub(crate) begin: i64,
    pub(crate) end: i64,
    days: Option<i64>,
    wait_days: i64,
    seconds: Option<i64>,
    weekly: Weekly,
    irregular: Vec<(i64, i64)>,
}

impl Period {
    /// Reads the member of a checked request; `None` when a time is unreadable.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let time = |value: &Value, name: &str| parse_rfc3339(value.get(name)?.as_str()?);
        let number = |name: &str| value.get(name).and_then(Value::as_i64);
        let irregular = value.get("irregular_available_period_list").and_then(Value::as_array);
        let weekly = value.get("weekly_available_period").cloned();
        Some(Self {
            begin: time(value, "available_begin_time")?,
            end: time(value, "available_end_time")?,
            days: number("available_days"),
            wait_days: number("wait_days_after_receive").unwrap_or(0),
            seconds: number("available_seconds"),
            weekly: weekly.and_then(|weekly| serde_json::from_value(weekly).ok()).unwrap_or_default(),
            irregular: irregular
                .into_iter()
                .flatten()
                .map(|window| Some((time(window, "begin_time")?, time(window, "end_time")?)))
                .collect::<Option<_>>()?,
        })
    }

    /// First and last second of a coupon received at a moment.
    ///
    /// Waiting counts days of the calendar, from the day of receipt; what was received before the stock begins waits
    /// from the stock's first day (pay.weixin.qq.com/doc/brand/4016675772). That it ends at midnight in China, and that
    /// `available_days` are 24 hours each, is not documented.
    pub(crate) fn validity(&self, received: i64) -> (i64, i64) {
        let counted_from = self.begin.max(received);
        let begin = match self.wait_days {
            0 => counted_from,
            days => china_midnight(counted_from).saturating_add(days * DAY),
        };
        let length = self.seconds.or(self.days.map(|days| days * DAY));
        let end = length.map_or(self.end, |length| self.end.min(begin + length - 1));
        (begin, end)
    }

    /// Whether the weekly or irregular windows are open.
    pub(crate) fn is_open(&self, now: i64) -> bool {
        let (day, second) = china_week_time(now);
        let days = &self.weekly.day_list;
        let spans = &self.weekly.day_period_list;
        let on_this_day = days.is_empty() || days.contains(&day.into());
        let at_this_hour =
            spans.is_empty() || spans.iter().any(|s| (s.begin_time..=s.end_time).contains(&second));
        let in_a_window = self.irregular.is_empty()
            || self.irregular.iter().any(|(begin, end)| (*begin..=*end).contains(&now));
        on_this_day && at_this_hour && in_a_window
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    /// 2025-08-03 is a Sunday; 12:00 in China.
    const NOON: i64 = 1_754_193_600;

    fn period(more: &Value) -> Period {
        let mut value = json!({
            "available_begin_time": "2025-08-01T00:00:00+08:00",
            "available_end_time": "2025-12-31T23:59:59+08:00",
        });
        value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Period::read(&value).unwrap()
    }

    #[test]
    fn validity_counts_from_receipt() {
        let plain = period(&json!({}));
        assert_eq!(plain.validity(NOON), (NOON, plain.end));
        assert_eq!(plain.validity(plain.begin - 5).0, plain.begin);
        let no_wait = period(&json!({ "available_days": 2, "wait_days_after_receive": 0 }));
        assert_eq!(no_wait.validity(NOON), (NOON, NOON + 2 * DAY - 1));
        let late = period(&json!({ "available_days": 365 }));
        assert_eq!(late.validity(NOON).1, late.end);
        assert_eq!(period(&json!({ "available_seconds": 60 })).validity(NOON).1, NOON + 59);
    }

    #[test]
    fn waiting_counts_days_of_the_calendar() {
        let midnight = NOON - 12 * 3600;
        let days = period(&json!({ "available_days": 2, "wait_days_after_receive": 1 }));
        let expected = (midnight + DAY, midnight + 3 * DAY - 1);
        for second_of_the_day in [0, 12 * 3600, DAY - 1] {
            assert_eq!(days.validity(midnight + second_of_the_day), expected, "{second_of_the_day}");
        }
        // Received before the stock begins: its first day is the first of the waiting.
        let first_day = days.begin;
        for early in [1, DAY, 20 * DAY] {
            assert_eq!(days.validity(first_day - early).0, first_day + DAY, "{early}");
        }
        // Nothing is valid after the stock.
        let (begin, end) = days.validity(days.end);
        assert!(begin > end, "{begin} {end}");
    }

    #[test]
    fn windows_open_and_close() {
        let weekly = |days: Value, from: u32, to: u32| {
            let spans = json!([{ "begin_time": from, "end_time": to }]);
            period(&json!({ "weekly_available_period": { "day_list": days, "day_period_list": spans } }))
        };
        assert!(period(&json!({})).is_open(NOON));
        assert!(weekly(json!(["SUNDAY"]), 43_200, 43_200).is_open(NOON));
        assert!(!weekly(json!(["SUNDAY"]), 43_201, 86_399).is_open(NOON));
        assert!(!weekly(json!(["MONDAY"]), 0, 86_399).is_open(NOON));
        let window = |from: &str, to: &str| {
            period(&json!({ "irregular_available_period_list": [{ "begin_time": from, "end_time": to }] }))
        };
        assert!(window("2025-08-03T12:00:00+08:00", "2025-08-03T13:00:00+08:00").is_open(NOON));
        assert!(!window("2025-08-03T12:00:01+08:00", "2025-08-03T13:00:00+08:00").is_open(NOON));
    }
}
