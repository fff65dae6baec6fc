//! The rules of `coupon_available_period` that tie members together.

use serde_json::Value;

use crate::clock::parse_rfc3339;
use crate::operations::Call;
use crate::refusal::{Reason, Refusal};
use crate::text::Said;

/// The longest window of a stock.
const LONGEST: i64 = 365 * 86_400;

/// Members that explicit windows exclude.
const EXCLUDED: [&str; 4] =
    ["available_days", "wait_days_after_receive", "weekly_available_period", "available_seconds"];

impl Call<'_> {
    /// Checks the period below this pointer, if it is there.
    pub(in crate::operations) fn check_period(&self, pointer: &str) -> Result<(), Refusal> {
        let pointer = format!("{pointer}/coupon_available_period");
        let Some(period) = self.body.pointer(&pointer) else {
            return Ok(());
        };
        let given = |name: &str| period.get(name).filter(|value| !value.is_null());
        let about = |reason, name: &str, issue: Said| {
            let value = given(name).cloned().unwrap_or_default();
            Err(Refusal::about(reason, &format!("{pointer}/{name}"), &value, issue, "body"))
        };
        let length = span(period, "available_begin_time", "available_end_time");
        if length.is_none_or(|length| length <= 0) {
            return about(
                Reason::BadCombination,
                "available_end_time",
                ("must be after available_begin_time", "应晚于 available_begin_time"),
            );
        }
        // The last second belongs to the window.
        if length.is_some_and(|length| length > LONGEST) {
            return about(
                Reason::OutOfRange,
                "available_end_time",
                ("the window must be at most 365 days", "有效期最长 365 天"),
            );
        }
        if given("wait_days_after_receive").is_some() && given("available_days").is_none() {
            return about(
                Reason::BadCombination,
                "wait_days_after_receive",
                ("only with available_days", "只能与 available_days 同用"),
            );
        }
        if let Some(windows) = given("irregular_available_period_list").and_then(Value::as_array) {
            if let Some(name) = EXCLUDED.into_iter().find(|name| given(name).is_some()) {
                return about(
                    Reason::BadCombination,
                    name,
                    (
                        "excludes irregular_available_period_list",
                        "不能与 irregular_available_period_list 同用",
                    ),
                );
            }
            self.check_spans(&format!("{pointer}/irregular_available_period_list"), windows, |value| {
                parse_rfc3339(value.as_str()?)
            })?;
        }
        if given("available_seconds").is_some() && given("available_days").is_some() {
            return about(
                Reason::BadCombination,
                "available_seconds",
                ("excludes available_days", "不能与 available_days 同用"),
            );
        }
        let Some(week) = given("weekly_available_period") else { return Ok(()) };
        let Some(spans) = week.get("day_period_list").and_then(Value::as_array) else { return Ok(()) };
        if week.get("day_list").is_none_or(Value::is_null) {
            return about(
                Reason::BadCombination,
                "weekly_available_period/day_list",
                ("goes with day_period_list", "有 day_period_list 时必填"),
            );
        }
        self.check_spans(&format!("{pointer}/weekly_available_period/day_period_list"), spans, Value::as_i64)
    }

    /// Each begins before it ends, and none has time of another. One may end in the second in which the next begins.
    fn check_spans(
        &self,
        field: &str,
        spans: &[Value],
        read: impl Fn(&Value) -> Option<i64>,
    ) -> Result<(), Refusal> {
        let refuse = |issue: Said| {
            let value = self.body.pointer(field).cloned().unwrap_or_default();
            Err(Refusal::about(Reason::BadCombination, field, &value, issue, "body"))
        };
        let mut read_spans = Vec::with_capacity(spans.len());
        for span in spans {
            let [begin, end] = ["begin_time", "end_time"].map(|name| span.get(name).and_then(&read));
            match (begin, end) {
                (Some(begin), Some(end)) if begin < end => read_spans.push((begin, end)),
                _ => return refuse(("end_time must be after begin_time", "end_time 应晚于 begin_time")),
            }
        }
        for (index, (begin, end)) in read_spans.iter().enumerate() {
            if read_spans.iter().skip(index + 1).any(|(other, last)| begin < last && other < end) {
                return refuse(("periods must not overlap", "时段不能重叠"));
            }
        }
        Ok(())
    }
}

/// Seconds between two members of an object.
fn span(object: &Value, begin: &str, end: &str) -> Option<i64> {
    let time = |name: &str| parse_rfc3339(object.get(name)?.as_str()?);
    Some(time(end)? - time(begin)?)
}
