//! What the bodies of product coupons and stocks must look like.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::offers::{create, display_info, in_days, offer_of, period, product_body, with};
use support::{Till, sandbox};

/// Refused bodies of `create_product_coupon`: what is changed, and the sub-code.
fn refused(till: &Till, cases: &[(&str, Value, u32)]) {
    let body = product_body("CREATE_1", "WECHATPAY");
    for (pointer, value, sub_code) in cases {
        let got = till.send(&create(&with(&body, pointer, value.clone()))).unwrap();
        assert_eq!(
            (got.status >= 400, got.sub_code()),
            (true, *sub_code),
            "{pointer} {value}: {}",
            got.text()
        );
    }
}

#[test]
fn the_form_of_a_product_coupon_is_checked() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let text = |length: usize| json!("字".repeat(length));
    let choices = |count: usize| json!({ "name": "套餐", "pick_count": 1, "choice_list": vec![json!({ "name": "茶", "price": 1, "count": 1 }); count] });
    refused(
        &till,
        &[
            ("/brand_id", json!("120345"), 268_579_803),
            ("/brand_id", json!("9"), 268_578_608),
            ("/out_request_no", json!("12345"), 268_435_463),
            ("/out_request_no", text(41), 268_435_462),
            ("/scope", json!("SOME"), 268_435_461),
            ("/scope", Value::Null, 268_578_101),
            ("/type", json!("EXCHANGE"), 268_578_224),
            ("/type", json!("DISCOUNT"), 268_578_224),
            // The retired model.
            ("/usage_mode", json!("SEQUENTIAL"), 268_435_461),
            ("/out_product_no", text(41), 268_435_462),
            ("/single_usage_info", Value::Null, 268_578_224),
            ("/single_usage_info/normal_coupon/threshold", json!(-1), 268_435_464),
            ("/single_usage_info/normal_coupon/threshold", json!("1"), 268_578_101),
            ("/single_usage_info/normal_coupon/discount_amount", Value::Null, 268_578_101),
            ("/single_usage_info/discount_coupon", json!({ "threshold": 0, "percent_off": 5 }), 268_578_224),
            (
                "/single_usage_info/discount_coupon",
                json!({ "threshold": 0, "percent_off": 100 }),
                268_435_464,
            ),
            ("/display_info/name", text(2), 268_435_463),
            ("/display_info/name", text(16), 268_435_462),
            ("/display_info/name", json!("甜点😀券"), 268_435_461),
            ("/display_info/image_url", Value::Null, 268_578_404),
            ("/display_info/background_url", Value::Null, 268_578_404),
            ("/display_info/detail_image_url_list", json!(vec!["u"; 9]), 268_435_462),
            ("/display_info/combo_package_list", json!(vec![choices(1); 51]), 268_435_462),
            ("/display_info/combo_package_list", json!([choices(100)]), 268_435_462),
            // One product alone has a price and a package, and its terms in the stock.
            ("/scope", json!("SINGLE"), 268_578_101),
            ("/stock", Value::Null, 268_578_224),
        ],
    );
    assert!(sandbox.ledger().is_empty());
}

#[test]
fn the_form_of_a_stock_is_checked() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let text = |length: usize| json!("字".repeat(length));
    refused(
        &till,
        &[
            ("/stock/remark", text(21), 268_435_462),
            ("/stock/coupon_code_mode", json!("RANDOM"), 268_435_461),
            ("/stock/stock_send_rule/max_count", json!(100_000_001), 268_435_464),
            ("/stock/stock_send_rule/max_count", Value::Null, 268_578_101),
            ("/stock/stock_send_rule/max_count_per_user", json!(101), 268_435_464),
            ("/stock/single_usage_rule", Value::Null, 268_578_224),
            (
                "/stock/single_usage_rule/normal_coupon",
                json!({ "threshold": 1, "discount_amount": 1 }),
                268_578_224,
            ),
            ("/stock/usage_rule_display_info/usage_description", text(1001), 268_435_462),
            ("/stock/usage_rule_display_info/coupon_usage_method_list", json!(["ONLINE"]), 268_435_461),
            (
                "/stock/usage_rule_display_info/coupon_available_store_info",
                json!({ "description": text(1001) }),
                268_435_462,
            ),
            ("/stock/coupon_display_info/code_display_mode", json!("TEXT"), 268_435_461),
            ("/stock/coupon_display_info/background_color", json!("Color011"), 268_435_461),
            (
                "/stock/coupon_display_info/entrance_mini_program",
                json!({ "appid": "wx1", "path": "p", "entrance_wording": text(6) }),
                268_435_462,
            ),
            (
                "/stock/coupon_display_info/entrance_mini_program",
                json!({ "appid": "wx1", "path": "p", "entrance_wording": "欢迎", "guidance_wording": text(7) }),
                268_435_462,
            ),
            ("/stock/notify_config", Value::Null, 268_578_101),
            ("/stock/store_scope", json!("SOME"), 268_435_461),
        ],
    );
}

#[test]
fn the_period_of_a_stock_is_checked() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let window = json!([{ "begin_time": in_days(1), "end_time": in_days(2) }]);
    let cases = [
        ("available_begin_time", json!("2025-08-01"), 268_435_461),
        ("available_end_time", in_days(-2).into(), 268_578_224),
        ("available_end_time", in_days(365).into(), 268_435_464),
        ("available_days", json!(0), 268_435_464),
        ("available_days", json!(366), 268_435_464),
        ("wait_days_after_receive", json!(31), 268_435_464),
        ("wait_days_after_receive", json!(3), 268_578_224),
        ("weekly_available_period", json!({ "day_list": ["SOMEDAY"] }), 268_435_461),
        (
            "weekly_available_period",
            json!({ "day_period_list": [{ "begin_time": 60, "end_time": 86_400 }] }),
            268_435_464,
        ),
        (
            "weekly_available_period",
            json!({ "day_list": ["MONDAY"], "day_period_list": [{ "begin_time": 60, "end_time": 59 }] }),
            268_578_224,
        ),
        (
            "weekly_available_period",
            json!({ "day_period_list": [{ "begin_time": 60, "end_time": 120 }] }),
            268_578_224,
        ),
        (
            "weekly_available_period",
            json!({ "day_list": ["MONDAY"], "day_period_list": [
                { "begin_time": 60, "end_time": 120 }, { "begin_time": 0, "end_time": 61 }] }),
            268_578_224,
        ),
        (
            "irregular_available_period_list",
            json!([{ "begin_time": in_days(1), "end_time": in_days(3) },
                   { "begin_time": in_days(2), "end_time": in_days(4) }]),
            268_578_224,
        ),
        ("irregular_available_period_list", json!([window[0], window[0], window[0]]), 268_435_462),
        (
            "irregular_available_period_list",
            json!([{ "begin_time": in_days(2), "end_time": in_days(1) }]),
            268_578_224,
        ),
    ];
    for (name, value, sub_code) in cases {
        let pointer = format!("/stock/single_usage_rule/coupon_available_period/{name}");
        refused(&till, &[(&pointer, value, sub_code)]);
    }
    // Explicit windows go with nothing else.
    for (name, value) in [
        ("available_days", json!(5)),
        ("weekly_available_period", json!({ "day_list": ["MONDAY"] })),
        ("available_seconds", json!(5)),
    ] {
        let both = with(
            &with(&period(), "/irregular_available_period_list", window.clone()),
            &format!("/{name}"),
            value,
        );
        refused(&till, &[("/stock/single_usage_rule/coupon_available_period", both, 268_578_224)]);
    }
    let longest = with(&period(), "/available_end_time", in_days(364).into());
    till.ok(&create(&with(
        &product_body("CREATE_2", "UPLOAD"),
        "/stock/single_usage_rule/coupon_available_period",
        longest,
    )));
}

#[test]
fn terms_of_one_product_stand_in_its_stock() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let combo = json!([{ "name": "套餐", "pick_count": 1, "choice_list": [{ "name": "茶", "price": 900, "count": 1 }] }]);
    let display = with(&with(&display_info(), "/original_price", json!(2000)), "/combo_package_list", combo);
    let body = with(&product_body("CREATE_1", "WECHATPAY"), "/scope", json!("SINGLE"));
    let body = with(&with(&body, "/type", json!("EXCHANGE")), "/display_info", display);
    // Terms of the whole shop do not go with one product.
    till.refused(&create(&body), 268_578_224);
    let body = with(&body, "/single_usage_info", Value::Null);
    till.refused(&create(&body), 268_578_224);
    let price = json!({ "threshold": 0, "exchange_price": 990 });
    let body = with(&body, "/stock/single_usage_rule/exchange_coupon", price.clone());
    let offer = offer_of(&till, &body).remove(0);
    let sent = till.ok(&offer.send("SEND_01"));
    assert_eq!(sent["stock"]["single_usage_rule"]["exchange_coupon"], price);
    assert_eq!(sent["product_coupon"]["display_info"]["original_price"], 2000);
}
