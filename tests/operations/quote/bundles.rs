//! One use of several, in order.

use super::coupons::{ask, question, quote, rung, step, verdict};
use serde_json::{Value, json};

#[test]
fn a_coupon_of_a_bundle_has_the_terms_of_its_own_stock() {
    let quote = quote(&rung(0, 0), 3000);
    assert_eq!((verdict(&quote).as_str(), quote["discount"].as_u64()), ("usable", Some(500)));
    assert_eq!(quote["rule"]["found_at"], "/coupon/stock/progressive_bundle_usage_rule/normal_coupon");
    assert_eq!(quote["unchecked"].to_string(), "[]");
}

#[test]
fn a_bundle_may_be_for_one_product() {
    let mut coupon = rung(0, 0);
    coupon["product_coupon"]["scope"] = json!("SINGLE");
    let quote = ask(&question(&coupon, 9000, &json!({ "product_amount": 3100 })));
    assert_eq!((quote["discount"].as_u64(), quote["payable"].as_u64()), (Some(500), Some(8500)));
    assert_eq!(quote["rule"]["applies_to"], "product");
}

#[test]
fn its_turn_is_told_where_it_can_be() {
    let turn = |index: u64, used: u64, base: Value| {
        let quote = ask(&question(&rung(index, used), 3000, &json!({ "bundle_index_base": base })));
        step(&quote, "bundle_order")["result"].as_str().unwrap().to_owned()
    };
    let unsaid = || Value::Null;
    // Index 0 exists only when counting from 0, index 3 of 3 only from 1.
    assert_eq!(turn(0, 0, unsaid()), "passes");
    assert_eq!(turn(0, 1, unsaid()), "forbids");
    assert_eq!(turn(3, 2, unsaid()), "passes");
    assert_eq!(turn(3, 1, unsaid()), "forbids");
    // The one or the other, if at all.
    assert_eq!(turn(1, 0, unsaid()), "unknown");
    assert_eq!(turn(1, 1, unsaid()), "unknown");
    let out_of_turn = quote(&rung(1, 0), 3000);
    assert_eq!(
        (verdict(&out_of_turn).as_str(), &out_of_turn["discount"]),
        ("unknown: bundle_order", &json!(0))
    );
    assert!(out_of_turn["message"].as_str().unwrap().contains("bundle_index_base"), "{out_of_turn}");
    assert_eq!(turn(2, 0, unsaid()), "forbids");
    assert_eq!(turn(1, 2, unsaid()), "forbids");
    for (base, used, result) in [(0, 0, "forbids"), (0, 1, "passes"), (1, 0, "passes"), (1, 1, "forbids")] {
        assert_eq!(turn(1, used, json!(base)), result, "counting from {base}, {used} used");
    }
    assert_eq!(turn(0, 0, json!(1)), "forbids");

    let mut silent = rung(0, 0);
    silent.as_object_mut().unwrap().remove("user_product_coupon_bundle_info");
    assert_eq!(quote(&silent, 3000)["unchecked"].to_string(), "[\"bundle_order\"]");
}

#[test]
fn days_between_two_uses_cannot_be_checked() {
    let unchecked = |used: u64, interval: Value| {
        let mut coupon = rung(used, used);
        coupon["product_coupon"]["progressive_bundle_usage_info"]["interval_days"] = interval;
        ask(&question(&coupon, 3000, &json!({ "bundle_index_base": 0 })))["unchecked"].to_string()
    };
    assert_eq!(unchecked(1, json!(2)), "[\"bundle_interval\"]");
    assert_eq!(unchecked(1, json!("two")), "[\"bundle_interval\"]");
    assert_eq!(unchecked(0, json!(2)), "[]");
    assert_eq!(unchecked(1, json!(0)), "[]");
    assert_eq!(unchecked(1, Value::Null), "[]");
}

#[test]
fn the_earlier_design_is_not_quoted() {
    // Its state is that of no particular use: official examples show USED with 3 of 10 used.
    let coupon = json!({
        "coupon_state": "USED",
        "valid_begin_time": "2025-01-01T00:00+08:00", "valid_end_time": "2025-01-30T23:59:59+08:00",
        "sequential_usage_detail": { "total_count": 10, "used_count": 3, "detail_item_list": [] },
        "product_coupon": {
            "scope": "ALL", "type": "NORMAL", "usage_mode": "SEQUENTIAL",
            "sequential_usage_info": { "type": "EQUAL", "count": 10, "available_days": 10, "interval_days": 1 },
        },
    });
    let quote = quote(&coupon, 10_000);
    assert_eq!(verdict(&quote), "unknown: usage_mode");
    assert!(quote["message"].as_str().unwrap().contains("SEQUENTIAL"), "{quote}");
}
