//! What is checked about a request's content.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::{Call, Till, coupon_path, sandbox};
use wxcoupon_sandbox::{BRAND_ID, BUNDLE_STOCK_IDS, UNAUTHORISED_BRAND_ID};

#[test]
fn the_caller_must_name_the_right_things() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let call = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1");
    for (name, value, sub_code, status, code) in [
        ("appid", "wx0000000000000000", 268_578_704, 400, "INVALID_REQUEST"),
        ("brand_id", "999", 268_578_608, 404, "NOT_FOUND"),
        ("brand_id", UNAUTHORISED_BRAND_ID, 268_579_803, 403, "NO_AUTH"),
        ("product_coupon_id", "999", 268_578_608, 404, "NOT_FOUND"),
        ("stock_id", "999", 268_578_608, 404, "NOT_FOUND"),
        ("stock_id", BUNDLE_STOCK_IDS[0], 268_578_608, 404, "NOT_FOUND"),
    ] {
        let got = till.refused(&call.clone().with(name, json!(value)), sub_code);
        assert_eq!((got.status, got.code().as_str()), (status, code), "{name}");
    }
    let mut other_user = call.clone();
    other_user.target = format!("{}/use", coupon_path("oSomebodyElse000000000000001", "SBX_EFFECTIVE_1"));
    assert_eq!(till.refused(&other_user, 268_578_526).status, 400);
    let got = till.refused(&till.use_request("NO_SUCH_COUPON", "NUMBER_1"), 268_578_851);
    assert_eq!((got.status, got.code().as_str()), (404, "NOT_FOUND"));
    till.refused(&till.query_request("NO_SUCH_COUPON"), 268_578_851);
    // A coupon of the bundle, asked for under the other product coupon.
    till.refused(&till.use_request("SBX_BUNDLE_1", "NUMBER_1"), 268_578_851);
    assert!(sandbox.ledger().is_empty());
}

#[test]
fn input_is_checked_and_the_member_named() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let call = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1");
    let (null, long) = (Value::Null, "x".repeat(41));
    let mut cases = vec![
        ("out_request_no", json!("short"), "/out_request_no", 268_435_463),
        ("out_request_no", json!(long), "/out_request_no", 268_435_462),
        ("out_request_no", json!("NUMBER 1"), "/out_request_no", 268_435_461),
        ("out_request_no", json!("编号编号编号"), "/out_request_no", 268_435_461),
        ("out_request_no", json!(1_234_567), "/out_request_no", 268_578_101),
        ("use_time", json!("2025-08-03"), "/use_time", 268_435_461),
        ("use_time", json!("2025-08-03T12:00:00"), "/use_time", 268_435_461),
        ("stock_id", json!(""), "/stock_id", 268_435_463),
        ("stock_id", json!("coupon🎫"), "/stock_id", 268_435_461),
        ("store_id", json!(7), "/store_id", 268_578_101),
        ("associated_order_info", json!({}), "/associated_order_info/transaction_id", 268_578_101),
        ("associated_order_info", json!("4200"), "/associated_order_info", 268_578_101),
        (
            "associated_order_info",
            json!({ "out_trade_no": "T1" }),
            "/associated_order_info/mchid",
            268_578_101,
        ),
        (
            "associated_order_info",
            json!({ "transaction_id": 42 }),
            "/associated_order_info/transaction_id",
            268_578_101,
        ),
        (
            "associated_pay_score_order_info",
            json!({ "order_id": "1" }),
            "/associated_pay_score_order_info",
            268_578_101,
        ),
    ];
    let required = [
        ("product_coupon_id", "/product_coupon_id"),
        ("stock_id", "/stock_id"),
        ("appid", "/appid"),
        ("brand_id", "/brand_id"),
        ("use_time", "/use_time"),
        ("out_request_no", "/out_request_no"),
        ("associated_order_info", "/associated_order_info"),
    ];
    cases.extend(required.map(|(name, field)| (name, null.clone(), field, 268_578_101)));
    for (name, value, field, sub_code) in cases {
        let got = till.refused(&call.clone().with(name, value), sub_code);
        assert_eq!((got.status, got.code().as_str()), (400, "PARAM_ERROR"));
        let detail = &got.json()["detail"];
        assert_eq!((&detail["field"], &detail["location"]), (&json!(field), &json!("body")), "{name}");
    }
    for body in ["", "{", "[]", "null", "\"text\""] {
        let got = till.refused(&call.clone().body(body.into()), 268_578_101);
        assert_eq!((got.status, got.code().as_str()), (400, "PARAM_ERROR"), "{body}");
    }
    assert!(sandbox.ledger().is_empty());
}

#[test]
fn query_parameters_are_checked() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let right = till.query_request("SBX_USED").target;
    for name in ["product_coupon_id", "stock_id", "appid", "brand_id"] {
        let target = right.replace(&format!("{name}="), &format!("x{name}="));
        let got = till.refused(&Call::new("GET", &target), 268_578_101);
        let detail = &got.json()["detail"];
        assert_eq!((&detail["field"], &detail["location"]), (&json!(name), &json!("query")));
    }
    till.refused(&Call::new("GET", &right.replace(BRAND_ID, "999")), 268_578_608);
    till.ok(&Call::new("GET", &right.replace("SBX_USED", "SBX%5FUSED")));
}

#[test]
fn all_kinds_of_orders_are_echoed() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let orders = [
        (
            "associated_order_info",
            json!({ "out_trade_no": "T1", "mchid": "1234567890", "sub_mchid": "1234567891" }),
        ),
        ("associated_pay_score_order_info", json!({ "order_id": "15646546545165651651" })),
        ("associated_pay_score_order_info", json!({ "out_order_no": "O1", "mchid": "1234567890" })),
    ];
    for (n, (name, order)) in (1..).zip(orders) {
        let call = till.use_request(&format!("SBX_EFFECTIVE_{n}"), &format!("NUMBER_{n}"));
        let call = call.with("associated_order_info", Value::Null).with(name, order.clone());
        assert_eq!(till.ok(&call)["single_usage_detail"][name], order);
    }
}
