//! State, store, threshold, and where the terms stand.

use super::coupons::{ask, normal, question, quote, single, step, store_wide, verdict};
use serde_json::{Value, json};

fn with(pointer: &str, value: Value) -> Value {
    let mut coupon = normal();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    coupon.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name.into(), value);
    coupon
}

fn without(pointer: &str) -> Value {
    let mut coupon = normal();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    assert!(coupon.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).is_some());
    coupon
}

#[test]
fn only_effective_coupons_can_be_used() {
    let cases = [
        ("EFFECTIVE", "usable", "优惠20.00元,应付108.00元"),
        ("CONFIRMING", "forbidden: state", "优惠券尚未生效"),
        ("PENDING", "forbidden: state", "请重新查询该券"),
        ("USED", "forbidden: state", "优惠券已被使用"),
        ("EXPIRED", "forbidden: state", "优惠券已过期"),
        ("DELETED", "forbidden: state", "优惠券已被顾客删除"),
        ("DEACTIVATED", "forbidden: state", "优惠券已失效"),
        ("FROZEN", "unknown: state", "无法计算该券优惠,请人工核对"),
    ];
    for (state, expected, cashier) in cases {
        let quote = quote(&with("/coupon_state", json!(state)), 12_800);
        assert_eq!(
            (verdict(&quote).as_str(), quote["cashier"].as_str()),
            (expected, Some(cashier)),
            "{state}"
        );
        assert_eq!(step(&quote, "state")["found"], state);
    }
}

#[test]
fn the_threshold_is_reached_by_the_fen() {
    for (amount, expected, discount, short_by) in [
        (0, "forbidden: threshold", 0, Some(10_000)),
        (9999, "forbidden: threshold", 0, Some(1)),
        (10_000, "usable", 2000, None),
        (10_001, "usable", 2000, None),
    ] {
        let quote = quote(&normal(), amount);
        assert_eq!(
            (verdict(&quote).as_str(), quote["discount"].as_u64()),
            (expected, Some(discount)),
            "{amount}"
        );
        assert_eq!(quote["short_by"].as_u64(), short_by, "{amount}");
    }
    assert_eq!(quote(&normal(), 9950)["cashier"], "满100.00元可用,还差0.50元");
}

#[test]
fn the_first_rule_that_forbids_is_named_and_all_are_listed() {
    let mut coupon = normal();
    coupon["coupon_state"] = json!("USED");
    coupon["valid_end_time"] = json!("2025-08-03T11:59:59+08:00");
    coupon["product_coupon"]["scope"] = json!("CATEGORY");
    let quote = quote(&coupon, 1);
    assert_eq!(verdict(&quote), "forbidden: state");
    assert_eq!(step(&quote, "validity")["result"], "forbids");
    assert_eq!(step(&quote, "terms")["result"], "unknown");
    assert!(quote.get("usable_from").is_none() && quote.get("rule").is_none());
}

#[test]
fn stores_are_checked_as_far_as_they_are_known() {
    let store = |scope: &str, more: Value| {
        let quote = ask(&question(&with("/stock/store_scope", json!(scope)), 12_800, &more));
        (verdict(&quote), quote["unchecked"].to_string())
    };
    let stores = json!(["500001", "500003"]);
    let unchecked = ("usable".to_owned(), "[\"store\"]".to_owned());
    assert_eq!(
        store("NONE", json!({ "store_id": "9", "stock_store_ids": [] })),
        ("usable".into(), "[]".into())
    );
    assert_eq!(store("ALL", json!({})), unchecked);
    assert_eq!(store("SPECIFIC", json!({})), unchecked);
    assert_eq!(store("SPECIFIC", json!({ "store_id": "500001" })), unchecked);
    assert_eq!(store("SPECIFIC", json!({ "stock_store_ids": stores })), unchecked);
    let known = |id: &str| store("SPECIFIC", json!({ "store_id": id, "stock_store_ids": stores }));
    assert_eq!(known("500001"), ("usable".into(), "[]".into()));
    assert_eq!(known("500002").0, "forbidden: store");
    assert_eq!(store("REGION", json!({ "store_id": "500001" })).0, "unknown: store");
}

#[test]
fn terms_are_taken_from_the_documented_place_alone() {
    let found_at = |coupon: &Value| quote(coupon, 12_800)["rule"]["found_at"].clone();
    assert_eq!(found_at(&normal()), "/coupon/product_coupon/single_usage_info/normal_coupon");
    let terms = json!({ "threshold": 0, "discount_amount": 100 });
    let of_one = ask(&question(&single("NORMAL", &terms), 500, &json!({ "product_amount": 300 })));
    assert_eq!(of_one["rule"]["found_at"], "/coupon/stock/single_usage_rule/normal_coupon");

    // In the other place, or of another type, they are not this coupon's.
    let mut misplaced = normal();
    let terms = misplaced["product_coupon"].as_object_mut().unwrap().remove("single_usage_info").unwrap();
    misplaced["stock"]["single_usage_rule"]["normal_coupon"] = terms["normal_coupon"].clone();
    assert_eq!(verdict(&quote(&misplaced, 12_800)), "unknown: terms");
    let mut other_type = normal();
    other_type["product_coupon"]["type"] = json!("DISCOUNT");
    assert_eq!(verdict(&quote(&other_type, 12_800)), "unknown: terms");
}

#[test]
fn what_is_not_understood_is_not_quoted() {
    let rule = "/stock/single_usage_rule";
    let terms = "/product_coupon/single_usage_info/normal_coupon";
    let period = format!("{rule}/coupon_available_period");
    let cases = [
        (with("/product_coupon/scope", json!("CATEGORY")), "terms", "/coupon/product_coupon/scope"),
        (with("/product_coupon/type", json!("GIFT")), "terms", "/coupon/product_coupon/type"),
        (
            with("/product_coupon/usage_mode", json!("SEQUENTIAL")),
            "usage_mode",
            "/coupon/product_coupon/usage_mode",
        ),
        (without("/product_coupon/usage_mode"), "usage_mode", "/coupon/product_coupon/usage_mode"),
        (
            with(&format!("{terms}/threshold"), json!("10000")),
            "terms",
            "/coupon/product_coupon/single_usage_info/normal_coupon/threshold",
        ),
        (
            with(&format!("{terms}/threshold"), json!(-1)),
            "terms",
            "/coupon/product_coupon/single_usage_info/normal_coupon/threshold",
        ),
        (
            with(&format!("{terms}/discount_amount"), json!(20.5)),
            "terms",
            "/coupon/product_coupon/single_usage_info/normal_coupon/discount_amount",
        ),
        (
            without(&format!("{terms}/threshold")),
            "terms",
            "/coupon/product_coupon/single_usage_info/normal_coupon/threshold",
        ),
        (without("/valid_end_time"), "validity", "/coupon/valid_end_time"),
        (with("/valid_end_time", json!("soon")), "validity", "/coupon/valid_end_time"),
        (with("/valid_end_time", json!("2025-08-01T00:00:00+08:00")), "validity", "/coupon/valid_end_time"),
        (
            without(&period),
            "stock_period",
            "/coupon/stock/single_usage_rule/coupon_available_period/available_begin_time",
        ),
        (
            without("/stock"),
            "stock_period",
            "/coupon/stock/single_usage_rule/coupon_available_period/available_begin_time",
        ),
        (without("/stock/store_scope"), "store", "/coupon/stock/store_scope"),
    ];
    for (coupon, rule, field) in cases {
        let quote = quote(&coupon, 12_800);
        assert_eq!(verdict(&quote), format!("unknown: {rule}"));
        assert_eq!(step(&quote, rule)["found_at"], field);
        assert!(!quote["usable"].as_bool().unwrap());
    }
    let exchange = store_wide("EXCHANGE", &json!({ "threshold": 0, "exchange_price": 1 }));
    assert_eq!(verdict(&quote(&exchange, 12_800)), "unknown: terms");
}

#[test]
fn a_coupon_that_names_no_use_in_a_store_says_so() {
    let unchecked = |methods: Value| {
        let coupon = with("/stock/usage_rule_display_info", json!({ "coupon_usage_method_list": methods }));
        quote(&coupon, 12_800)["unchecked"].to_string()
    };
    assert_eq!(unchecked(json!(["MINI_PROGRAM", "APP"])), "[\"usage_method\"]");
    assert_eq!(unchecked(json!(["APP", "OFFLINE"])), "[]");
    assert_eq!(unchecked(json!(["PAYMENT_CODE"])), "[]");
    assert_eq!(unchecked(json!([])), "[]");
}
