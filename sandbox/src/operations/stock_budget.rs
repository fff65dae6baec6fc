//! How many coupons of a stock may be sent, and changes of that.

use serde_json::Value;

use super::management::given;
use crate::refusal::{Reason, Refusal};
use crate::state::catalogue::stock::Stock;
use crate::text::Said;

const TOTAL: &str = "MAX_COUNT";

/// The caller must know the present budget, and the new one must cover what is sent.
pub(super) fn check_budget(stock: &Stock, body: &Value) -> Result<(), Refusal> {
    let combination = |issue: Said| Err(Refusal::because(Reason::BadCombination, issue));
    let number = |name: &str| given(body, name).and_then(Value::as_u64);
    if body.get("update_mode").and_then(Value::as_str) == Some(TOTAL) {
        return match (number("current_max_count"), number("target_max_count")) {
            (Some(current), Some(_)) if current != stock.rule.max_count => combination((
                "current_max_count is not the present max_count",
                "current_max_count 与当前的 max_count 不符",
            )),
            (Some(_), Some(target)) if target < stock.sent.total => combination((
                "target_max_count is less than what has been sent",
                "target_max_count 少于已发放数量",
            )),
            (Some(_), Some(_)) => Ok(()),
            _ => combination((
                "MAX_COUNT needs current_max_count and target_max_count",
                "MAX_COUNT 须填 current_max_count 和 target_max_count",
            )),
        };
    }
    match (number("current_max_count_per_day"), number("target_max_count_per_day")) {
        (current, Some(_)) if current != stock.rule.max_count_per_day => combination((
            "current_max_count_per_day is not the present max_count_per_day",
            "current_max_count_per_day 与当前的 max_count_per_day 不符",
        )),
        (_, Some(_)) => Ok(()),
        _ => combination((
            "MAX_COUNT_PER_DAY needs target_max_count_per_day",
            "MAX_COUNT_PER_DAY 须填 target_max_count_per_day",
        )),
    }
}

pub(super) fn set_budget(stock: &mut Stock, body: &Value, now: i64) {
    let number = |name: &str| given(body, name).and_then(Value::as_u64);
    if body.get("update_mode").and_then(Value::as_str) == Some(TOTAL) {
        stock.rule.max_count = number("target_max_count").unwrap_or(stock.rule.max_count);
    } else {
        stock.rule.max_count_per_day = number("target_max_count_per_day");
    }
    stock.refresh(now);
}
