//! What WeChat Pay answers to a query can be quoted as it is.

use crate::till::{OPENID, Till, config_with, query_request, shop, use_request};
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
    // Nobody has said where WeChat Pay begins to count.
    assert_eq!((second["discount"].as_u64(), second["unknown_by"].as_str()), (Some(0), Some("bundle_order")));
    let queried = till.query(&rung(2)).json;
    let known = till.quote(&json!({ "amount": 3000, "bundle_index_base": 0, "coupon": queried }));
    let other = till.quote(&json!({ "amount": 3000, "bundle_index_base": 1, "coupon": queried }));
    let discounts = [known, other].map(|quote| quote.json["data"]["discount"].as_u64());
    assert!(discounts.contains(&Some(600)) && discounts.contains(&Some(0)), "{discounts:?}");
    assert_eq!(quote(&till, &rung(3), 3000)["forbidden_by"], "bundle_order");
}

#[test]
fn what_the_configuration_says_need_not_be_said_again() {
    let (sandbox, till) = shop();
    let queried = till.query(&rung(2)).json;
    let question = |more: &Value| {
        let mut question = json!({ "amount": 3000, "coupon": queried });
        question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        question
    };
    for base in [0, 1] {
        let said = json!({ "bundle_index_base": base });
        let knowing = Till::new(&config_with(&sandbox, &json!({ "quote": said })));
        let quotes = [till.quote(&question(&said)), knowing.quote(&question(&json!({})))];
        let [asked, configured] = quotes.map(|quote| quote.json["data"]["discount"].clone());
        assert_eq!(asked, configured, "{base}");
        // A question goes before the configuration.
        let other = json!({ "bundle_index_base": 1 - base });
        let [asked, overruled] =
            [&till, &knowing].map(|till| till.quote(&question(&other)).json["data"]["discount"].clone());
        assert_eq!(asked, overruled, "{base}");
    }
    for (member, wrong) in [
        ("rounding", json!("bankers")),
        ("threshold_on", json!(1)),
        ("past_midnight", json!("")),
        ("bundle_index_base", json!(2)),
        ("store_id", json!("1")),
    ] {
        let refused =
            Till::try_new(&config_with(&sandbox, &json!({ "quote": { member: wrong } }))).err().unwrap();
        assert_eq!(refused.json["field"], format!("/quote/{member}"), "{}", refused.json);
    }
}

#[test]
fn what_a_quote_takes_off_goes_into_the_redemption() {
    let (_sandbox, till) = shop();
    let quote = quote(&till, &query_request("SBX_EFFECTIVE_1"), 12_345);
    let mut request = use_request("SBX_EFFECTIVE_1", "QUOTED-0001");
    request["saved_amount"] = quote["saved_amount"].clone();
    let sold = till.redeem(&request);
    assert_eq!(sold.status, 0, "{}", sold.json);
    assert_eq!(sold.json["data"]["single_usage_detail"]["saved_amount"], 2469, "{}", sold.json);
}
