//! Coupons to ask about, and asking.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;
use wxcoupon::quote::{self, Defaults};
use wxcoupon::status::Code;

/// A Sunday.
pub const NOON: &str = "2025-08-03T12:00:00+08:00";

/// What a machine's clock says that nobody should have asked.
const TILL_CLOCK: OffsetDateTime = datetime!(2001-01-01 00:00 UTC);

/// A coupon for everything with these terms, usable at noon.
pub fn store_wide(kind: &str, terms: &Value) -> Value {
    coupon(kind, "ALL", terms)
}

/// A coupon for one product.
pub fn single(kind: &str, terms: &Value) -> Value {
    coupon(kind, "SINGLE", terms)
}

fn coupon(kind: &str, scope: &str, terms: &Value) -> Value {
    let mut coupon = json!({
        "coupon_code": "Code_123456",
        "coupon_state": "EFFECTIVE",
        "valid_begin_time": "2025-08-02T00:00:00+08:00",
        "valid_end_time": "2025-08-31T23:59:59+08:00",
        "product_coupon": {
            "product_coupon_id": "1000000013", "scope": scope, "type": kind, "usage_mode": "SINGLE",
        },
        "stock": {
            "stock_id": "1000000013001",
            "single_usage_rule": { "coupon_available_period": {
                "available_begin_time": "2025-08-01T00:00:00+08:00",
                "available_end_time": "2025-08-31T23:59:59+08:00",
                "available_days": 30,
            } },
            "store_scope": "NONE",
        },
    });
    let member = format!("{}_coupon", kind.to_ascii_lowercase());
    if scope == "ALL" {
        coupon["product_coupon"]["single_usage_info"] = json!({ member: terms });
    } else {
        coupon["stock"]["single_usage_rule"][member] = terms.clone();
    }
    coupon
}

/// 满100减20
pub fn normal() -> Value {
    store_wide("NORMAL", &json!({ "threshold": 10_000, "discount_amount": 2000 }))
}

/// The second of three coupons of a bundle that counts from 0.
pub fn rung(index: u64, used: u64) -> Value {
    let mut coupon = normal();
    coupon["product_coupon"]["usage_mode"] = json!("PROGRESSIVE_BUNDLE");
    coupon["product_coupon"]["progressive_bundle_usage_info"] = json!({ "count": 3, "interval_days": 0 });
    coupon["product_coupon"].as_object_mut().unwrap().remove("single_usage_info");
    let mut rule = coupon["stock"].as_object_mut().unwrap().remove("single_usage_rule").unwrap();
    rule["normal_coupon"] = json!({ "threshold": 3000, "discount_amount": 500 });
    coupon["stock"]["progressive_bundle_usage_rule"] = rule;
    coupon["user_product_coupon_bundle_info"] = json!({
        "user_coupon_bundle_id": "123446565767", "user_coupon_bundle_index": index,
        "total_count": 3, "used_count": used,
    });
    coupon
}

/// The same coupon with these windows.
pub fn with_period(mut coupon: Value, name: &str, windows: Value) -> Value {
    coupon["stock"]["single_usage_rule"]["coupon_available_period"][name] = windows;
    coupon
}

/// A question with further members.
pub fn question(coupon: &Value, amount: u64, more: &Value) -> Value {
    let mut question = json!({ "coupon": coupon, "amount": amount, "now": NOON });
    question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    question
}

/// The answer, of which what always holds has been checked.
pub fn ask(question: &Value) -> Value {
    let quote = quote::answer(&question.to_string(), &Defaults::default(), TILL_CLOCK).unwrap();
    let quote = serde_json::to_value(&quote).unwrap();
    assert_sound(&quote);
    quote
}

/// The answer at noon.
pub fn quote(coupon: &Value, amount: u64) -> Value {
    ask(&question(coupon, amount, &json!({})))
}

/// The member at fault and the message.
pub fn refused(question: &Value) -> (String, String) {
    let error = quote::answer(&question.to_string(), &Defaults::default(), TILL_CLOCK).unwrap_err();
    assert_eq!(error.code, Code::Request);
    (error.field.unwrap(), error.message)
}

/// One rule's step.
pub fn step<'a>(quote: &'a Value, rule: &str) -> &'a Value {
    let steps = quote["steps"].as_array().unwrap();
    steps.iter().find(|step| step["step"] == rule).unwrap_or_else(|| panic!("no step {rule} in {quote}"))
}

/// `usable`, or by which rule it is `forbidden` or `unknown`.
pub fn verdict(quote: &Value) -> String {
    let by = ["forbidden_by", "unknown_by"].iter().find_map(|name| quote[*name].as_str());
    by.map_or_else(
        || quote["verdict"].as_str().unwrap().to_owned(),
        |rule| format!("{}: {rule}", quote["verdict"].as_str().unwrap()),
    )
}

/// What holds for every answer.
fn assert_sound(quote: &Value) {
    let fen = |name: &str| quote[name].as_u64().unwrap();
    assert_eq!(fen("discount") + fen("payable"), fen("amount"), "{quote}");
    let usable = quote["usable"].as_bool().unwrap();
    assert_eq!(usable, quote["verdict"] == "usable", "{quote}");
    assert!(usable || fen("discount") == 0, "{quote}");
    for (verdict, by) in [("forbidden", "forbidden_by"), ("unknown", "unknown_by")] {
        assert_eq!(quote["verdict"] == verdict, quote[by].is_string(), "{quote}");
    }
    let (message, cashier) = (quote["message"].as_str().unwrap(), quote["cashier"].as_str().unwrap());
    assert!(!message.is_empty(), "{quote}");
    assert!(!cashier.is_empty() && !cashier.is_ascii(), "{quote}");
    for step in quote["steps"].as_array().unwrap() {
        let says_why = step["message"].is_string();
        assert_eq!(step["result"] != "passes", says_why, "{step}");
        let listed = quote["unchecked"].as_array().unwrap().contains(&step["step"]);
        assert_eq!(step["result"] == "unchecked", listed, "{step}");
    }
}
