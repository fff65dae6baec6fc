//! What business time does to created coupons.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::offers::{Offer, code, in_days, offer_of, product_body, with};
use support::{Till, sandbox, unix};

const DAY: i64 = 86_400;

/// An offer whose coupons have this period.
fn with_period(till: &Till, number: &str, period: Value) -> Offer {
    let pointer = "/stock/single_usage_rule/coupon_available_period";
    offer_of(till, &with(&product_body(number, "WECHATPAY"), pointer, period)).remove(0)
}

#[test]
fn time_moves_created_coupons_on() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let period = json!({
        "available_begin_time": in_days(-1),
        "available_end_time": in_days(99),
        "available_days": 2,
        "wait_days_after_receive": 1,
    });
    let offer = with_period(&till, "CREATE_1", period);
    let coupon = code(&till.ok(&offer.send("SEND_01")));
    let late = code(&till.ok(&offer.send("SEND_02")));
    let state = || till.ok(&offer.query(&coupon))["coupon_state"].clone();
    let confirmed = till.ok(&offer.on_coupon(&coupon, "confirm", "CONFIRM_1"));
    assert_eq!(confirmed["coupon_state"], "PENDING");
    till.refused(&offer.use_call(&coupon, "USE_0001"), 272_755_715);
    sandbox.set_business_offset(DAY + 5);
    assert_eq!(state(), "EFFECTIVE");
    till.ok(&offer.use_call(&coupon, "USE_0001"));
    till.ok(&offer.on_coupon(&coupon, "return", "RETURN_1"));
    let again = till.ok(&offer.on_coupon(&coupon, "confirm", "CONFIRM_1"));
    assert_eq!((&again["coupon_state"], again.get("single_usage_detail")), (&json!("PENDING"), None));
    sandbox.set_business_offset(3 * DAY + 5);
    assert_eq!(state(), "EXPIRED");
    till.refused(&offer.use_call(&coupon, "USE_0002"), 268_578_776);
    till.refused(&offer.deactivate(&coupon, "DEACT_1"), 268_578_776);
    till.refused(&offer.on_coupon(&late, "confirm", "CONFIRM_2"), 268_578_776);
    // Requests stayed acceptable all the time, unlike with the whole clock.
    sandbox.set_clock_offset(3 * DAY);
    assert_eq!(till.send(&offer.query(&coupon)).unwrap().status, 401);
    // `Wechatpay-Timestamp` follows real time with business time moved.
    sandbox.set_clock_offset(0);
    let stamp = till.send(&offer.query(&coupon)).unwrap();
    let stamp: i64 = stamp.header("wechatpay-timestamp").unwrap().parse().unwrap();
    assert!((stamp - unix()).abs() < 60);
}

#[test]
fn windows_of_the_stock_open_and_close() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let irregular = json!({
        "available_begin_time": in_days(-1),
        "available_end_time": in_days(99),
        "irregular_available_period_list": [{ "begin_time": in_days(2), "end_time": in_days(3) }],
    });
    let offer = with_period(&till, "CREATE_1", irregular);
    let coupon = code(&till.ok(&offer.send("SEND_01")));
    till.ok(&offer.on_coupon(&coupon, "confirm", "CONFIRM_1"));
    till.refused(&offer.use_call(&coupon, "USE_0001"), 272_755_717);
    sandbox.set_business_offset(2 * DAY + 600);
    till.ok(&offer.use_call(&coupon, "USE_0001"));
    till.ok(&offer.on_coupon(&coupon, "return", "RETURN_1"));
    sandbox.set_business_offset(3 * DAY + 600);
    till.refused(&offer.use_call(&coupon, "USE_0002"), 272_755_717);

    // Of seven days in a row one is a Sunday.
    let weekly = json!({
        "available_begin_time": in_days(-1),
        "available_end_time": in_days(99),
        "weekly_available_period": {
            "day_list": ["SUNDAY"],
            "day_period_list": [{ "begin_time": 0, "end_time": 86_399 }],
        },
    });
    let offer = with_period(&till, "CREATE_2", weekly);
    let coupon = code(&till.ok(&offer.send("SEND_02")));
    till.ok(&offer.on_coupon(&coupon, "confirm", "CONFIRM_2"));
    let mut open = 0;
    for day in 0..7 {
        sandbox.set_business_offset((4 + day) * DAY);
        let got = till.send(&offer.use_call(&coupon, &format!("USE_DAY_{day}"))).unwrap();
        if got.status == 200 {
            open += 1;
            till.ok(&offer.on_coupon(&coupon, "return", &format!("RETURN_DAY_{day}")));
        } else {
            assert_eq!(got.sub_code(), 272_755_717);
        }
    }
    assert_eq!(open, 1);
}
