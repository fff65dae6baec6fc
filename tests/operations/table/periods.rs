//! When the coupons of a stock can be used: what contradicts itself is refused before it is sent.

use super::rules::{ask, refused};
use super::sample;
use serde_json::{Value, json};
use wxcoupon::api::ALL;

const PERIOD: &str = "/stock/single_usage_rule/coupon_available_period";

/// A new stock whose period has these members besides.
fn stock_with(members: &Value) -> Value {
    let row = ALL.iter().find(|row| row.id == "create_stock").unwrap();
    let mut stock = sample::least(row);
    let mut period = json!({
        "available_begin_time": "2025-01-01T00:00:00+08:00", "available_end_time": "2025-12-31T23:59:59+08:00",
    });
    period.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    stock["stock"]["single_usage_rule"] = json!({ "coupon_available_period": period });
    stock
}

/// Page doc/brand/4016675772 (2025-11-24).
#[test]
fn periods_that_contradict_themselves_are_refused_where_they_stand() {
    let row = ALL.iter().find(|row| row.id == "create_stock").unwrap();
    let day =
        |spans: Value| json!({"weekly_available_period": {"day_list": ["MONDAY"], "day_period_list": spans}});
    let second = |begin: u32, end: u32| json!({"begin_time": begin, "end_time": end});
    let dates = |spans: &[[&str; 2]]| {
        let list: Vec<Value> = spans
            .iter()
            .map(|[begin, end]| {
                json!({"begin_time": format!("2025-{begin}:00+08:00"), "end_time": format!("2025-{end}:00+08:00")})
            })
            .collect();
        json!({ "irregular_available_period_list": list })
    };
    for (members, field, why) in [
        (json!({"available_end_time": "2025-01-01T00:00:00+08:00"}), "available_end_time", "no time at all"),
        (
            json!({"available_end_time": "2025-01-01T00:30+09:00"}),
            "available_end_time",
            "an end before the beginning",
        ),
        (
            json!({"available_end_time": "2026-01-01T00:00:01+08:00"}),
            "available_end_time",
            "more than a year",
        ),
        (
            json!({"weekly_available_period": {"day_period_list": [second(0, 60)]}}),
            "weekly_available_period/day_list",
            "hours without days",
        ),
        (
            day(json!([second(79_200, 7_200)])),
            "weekly_available_period/day_period_list/0/end_time",
            "past midnight",
        ),
        (
            day(json!([second(60, 60)])),
            "weekly_available_period/day_period_list/0/end_time",
            "an hour of no length",
        ),
        (
            day(json!([second(36_000, 50_400), second(0, 60), second(50_000, 60_000)])),
            "weekly_available_period/day_period_list/2",
            "hours that overlap",
        ),
        (
            day(json!([second(36_000, 37_000), second(0, 86_399)])),
            "weekly_available_period/day_period_list/1",
            "hours within others",
        ),
        (
            dates(&[["02-02T00:00", "02-01T00:00"]]),
            "irregular_available_period_list/0/end_time",
            "a period backwards",
        ),
        (
            dates(&[["03-01T00:00", "03-08T00:00"], ["02-01T00:00", "03-01T00:01"]]),
            "irregular_available_period_list/1",
            "periods that overlap",
        ),
    ] {
        refused(row, &stock_with(&members), &format!("{PERIOD}/{field}"), why);
    }
    for members in [
        json!({"available_end_time": "2026-01-01T00:00:00+08:00"}),
        json!({"available_begin_time": "2028-01-01T00:00+08:00", "available_end_time": "2029-01-01T00:00+08:00"}),
        json!({"available_begin_time": "2028-02-29T00:00+08:00", "available_end_time": "2029-02-28T00:00+08:00"}),
        json!({"available_begin_time": "9999-01-01T00:00Z", "available_end_time": "9999-12-31T00:00Z"}),
        json!({"weekly_available_period": {"day_list": ["MONDAY"]}}),
        day(json!([second(36_000, 50_400), second(50_400, 60_000), second(0, 60)])),
        dates(&[["03-01T00:00", "03-08T00:00"], ["02-01T00:00", "03-01T00:00"]]),
    ] {
        ask(row, &stock_with(&members)).unwrap_or_else(|error| panic!("{members}: {error:?}"));
    }
}
