//! What WeChat Pay answers to a query can be quoted as it is.

use crate::till::{OPENID, Till, query_request, shop};
use serde_json::{Value, json};

/// The quote of the coupon that this request asks for.
fn quote(till: &Till, request: &Value, amount: u64) -> Value {
    let queried = till.query(request);
    assert_eq!(queried.status, 0, "{}", queried.json);
    let data = till.quote(&json!({ "amount": amount, "coupon": queried.json["data"] }));
    let whole = till.quote(&json!({ "amount": amount, "coupon": queried.json }));
    for answer in [&data, &whole] {
        assert_eq!((answer.status, answer.json["operation"].as_str()), (0, Some("quote")), "{}", answer.json);
    }
    assert_eq!(data.json["data"]["discount"], whole.json["data"]["discount"]);
    data.json["data"].clone()
}

fn rung(number: u64) -> Value {
    json!({
        "openid": OPENID, "coupon_code": format!("SBX_BUNDLE_{number}"),
        "product_coupon_id": "1000000014", "stock_id": format!("100000001400{number}"),
    })
}

#[test]
fn coupons_that_work_are_worth_something() {
    let (_sandbox, till) = shop();
    let effective = quote(&till, &query_request("SBX_EFFECTIVE_1"), 12_345);
    assert_eq!((effective["usable"].as_bool(), effective["discount"].as_u64()), (Some(true), Some(2469)));
    assert_eq!(
        (effective["payable"].as_u64(), effective["unchecked"].to_string()),
        (Some(9876), "[]".into())
    );
    assert_eq!(quote(&till, &query_request("SBX_EFFECTIVE_1"), 9999)["forbidden_by"], "threshold");
}

#[test]
fn coupons_that_are_refused_are_not_promised() {
    let (_sandbox, till) = shop();
    for (coupon, forbidden_by) in [
        ("SBX_CONFIRMING", "state"),
        ("SBX_PENDING", "state"),
        ("SBX_USED", "state"),
        ("SBX_EXPIRED", "state"),
        ("SBX_DELETED", "state"),
        ("SBX_DEACTIVATED", "state"),
        ("SBX_OUT_OF_HOURS", "weekly_period"),
    ] {
        let quote = quote(&till, &query_request(coupon), 12_800);
        assert_eq!(
            (quote["discount"].as_u64(), quote["forbidden_by"].as_str()),
            (Some(0), Some(forbidden_by)),
            "{coupon}"
        );
        let comes = matches!(coupon, "SBX_PENDING" | "SBX_OUT_OF_HOURS");
        assert_eq!(quote.get("usable_from").is_some(), comes, "{coupon}: {quote}");
    }
    let elsewhere = quote(&till, &query_request("SBX_OTHER_STORE"), 12_800);
    assert_eq!(elsewhere["unchecked"], json!(["store"]));
}

#[test]
fn the_coupons_of_a_bundle_have_their_turn() {
    let (_sandbox, till) = shop();
    let first = quote(&till, &rung(1), 3000);
    assert_eq!((first["usable"].as_bool(), first["discount"].as_u64()), (Some(true), Some(500)));
    let second = quote(&till, &rung(2), 3000);
    assert_eq!((second["discount"].as_u64(), &second["unchecked"]), (Some(600), &json!(["bundle_order"])));
    assert_eq!(quote(&till, &rung(3), 3000)["forbidden_by"], "bundle_order");
}
