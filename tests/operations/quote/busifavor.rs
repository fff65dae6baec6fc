//! 商家券: the same questions of a coupon of the older family.

use super::coupons::{ask, question, quote, refused, step, verdict};
use serde_json::{Value, json};

/// 满100减20, usable at noon, a Sunday.
fn coupon(kind: &str, name: &str, terms: Value) -> Value {
    let mut coupon = json!({
        "belong_merchant": "1900000001", "stock_name": "满减券", "goods_name": "全场商品", "stock_type": kind,
        "coupon_state": "SENDED", "coupon_code": "1227944959000000911017", "stock_id": "1287300000000001",
        "available_start_time": "2025-08-02T00:00:00+08:00", "expire_time": "2025-08-31T23:59:59+08:00",
        "coupon_use_rule": {
            "coupon_available_time": {
                "available_begin_time": "2025-08-01T00:00:00+08:00",
                "available_end_time": "2025-08-31T23:59:59+08:00",
                "available_day_after_receive": 30,
            },
            "use_method": "OFF_LINE",
        },
    });
    coupon["coupon_use_rule"][name] = terms;
    coupon
}

fn normal() -> Value {
    coupon("NORMAL", "fixed_normal_coupon", json!({ "discount_amount": 2000, "transaction_minimum": 10_000 }))
}

fn with(pointer: &str, value: Value) -> Value {
    let mut coupon = normal();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    coupon.pointer_mut(parent).unwrap()[name] = value;
    coupon
}

const PERIOD: &str = "/coupon_use_rule/coupon_available_time";

#[test]
fn its_terms_take_something_off() {
    let percent = |off: u64| {
        coupon("DISCOUNT", "discount_coupon", json!({ "discount_percent": off, "transaction_minimum": 100 }))
    };
    let exchange =
        coupon("EXCHANGE", "exchange_coupon", json!({ "exchange_price": 990, "transaction_minimum": 100 }));
    for (coupon, more, discount, rule) in [
        (normal(), json!({}), 2000, "/coupon/coupon_use_rule/fixed_normal_coupon"),
        // 88 means that 88 % are paid.
        (percent(88), json!({}), 1481, "/coupon/coupon_use_rule/discount_coupon"),
        (percent(88), json!({ "rounding": "up" }), 1482, "/coupon/coupon_use_rule/discount_coupon"),
        (percent(88), json!({ "product_amount": 1000 }), 120, "/coupon/coupon_use_rule/discount_coupon"),
        (
            exchange,
            json!({ "product_amount": 3000, "product_quantity": 2 }),
            510,
            "/coupon/coupon_use_rule/exchange_coupon",
        ),
    ] {
        let told = ask(&question(&coupon, 12_345, &more));
        assert_eq!((verdict(&told).as_str(), &told["discount"]), ("usable", &json!(discount)), "{told}");
        assert_eq!(told["rule"]["found_at"], rule);
        // A redemption of this family has no such member.
        assert_eq!(told.get("saved_amount"), None);
    }
    assert_eq!(quote(&percent(88), 12_345)["rule"]["percent_off"], 12);
    let whole_answer = json!({ "ok": true, "data": normal() });
    assert_eq!(quote(&whole_answer, 12_345)["discount"], 2000);
}

#[test]
fn for_which_goods_it_is_is_told_as_unchecked() {
    let told = quote(&normal(), 12_345);
    assert_eq!(told["unchecked"], json!(["product"]));
    assert_eq!(step(&told, "product")["found"], "全场商品");
    assert_eq!(told["cashier"], "优惠20.00元,应付103.45元;适用商品未核对");
    let known = ask(&question(&normal(), 12_345, &json!({ "product_amount": 12_345 })));
    assert_eq!((&known["unchecked"], &known["cashier"]), (&json!([]), &json!("优惠20.00元,应付103.45元")));
    let none = ask(&question(&normal(), 12_345, &json!({ "product_amount": 0 })));
    assert_eq!(verdict(&none), "forbidden: product");
    // An exchange is for one piece.
    let exchange =
        coupon("EXCHANGE", "exchange_coupon", json!({ "exchange_price": 990, "transaction_minimum": 0 }));
    assert_eq!(refused(&question(&exchange, 12_345, &json!({}))).0, "/product_amount");
    // It needs no order of WeChat Pay's.
    let all =
        coupon("NORMAL", "fixed_normal_coupon", json!({ "discount_amount": 2000, "transaction_minimum": 1 }));
    let all = ask(&question(&all, 2000, &json!({ "product_amount": 2000 })));
    assert_eq!((&all["payable"], &all["unchecked"]), (&json!(0), &json!([])));
}

#[test]
fn its_states_are_its_own() {
    for (state, expected) in [
        ("SENDED", "usable"),
        ("USED", "forbidden: state"),
        ("EXPIRED", "forbidden: state"),
        ("DELETED", "forbidden: state"),
        ("DEACTIVATED", "forbidden: state"),
        ("PENDING_REDEEM", "unknown: state"),
        ("EFFECTIVE", "unknown: state"),
    ] {
        assert_eq!(verdict(&quote(&with("/coupon_state", json!(state)), 12_345)), expected, "{state}");
    }
}

#[test]
fn its_times_are_checked() {
    // Noon of a Sunday.
    for (at, value, expected) in [
        ("/available_start_time", json!("2025-08-03T12:00:01+08:00"), "forbidden: validity"),
        ("/expire_time", json!("2025-08-03T11:59:59+08:00"), "forbidden: validity"),
        ("/expire_time", Value::Null, "unknown: validity"),
        (
            &format!("{PERIOD}/available_end_time"),
            json!("2025-08-03T11:59:59+08:00"),
            "forbidden: stock_period",
        ),
        (&format!("{PERIOD}/available_week"), json!({ "week_day": [0] }), "usable"),
        (&format!("{PERIOD}/available_week"), json!({ "week_day": ["0", "6"] }), "usable"),
        (
            &format!("{PERIOD}/available_week"),
            json!({ "week_day": [1, 2, 3, 4, 5, 6] }),
            "forbidden: weekly_period",
        ),
        (&format!("{PERIOD}/available_week"), json!({ "week_day": [7] }), "unknown: weekly_period"),
        (
            &format!("{PERIOD}/available_week"),
            json!({ "week_day": [0], "holidays": true }),
            "unknown: weekly_period",
        ),
        (
            &format!("{PERIOD}/available_week"),
            json!({ "week_day": [0], "available_day_time": [{ "begin_time": 43_200, "end_time": 86_399 }] }),
            "usable",
        ),
        (
            &format!("{PERIOD}/available_week"),
            json!({ "week_day": [0], "available_day_time": [{ "begin_time": 43_201, "end_time": 86_399 }] }),
            "forbidden: weekly_period",
        ),
        (
            &format!("{PERIOD}/irregulary_avaliable_time"),
            json!([{ "begin_time": "2025-08-04T00:00:00+08:00", "end_time": "2025-08-05T00:00:00+08:00" }]),
            "forbidden: irregular_period",
        ),
    ] {
        assert_eq!(verdict(&quote(&with(at, value.clone()), 12_345)), expected, "{at} {value}");
    }
    let monday = with(&format!("{PERIOD}/available_week"), json!({ "week_day": [1] }));
    assert_eq!(quote(&monday, 12_345)["usable_from"], "2025-08-04T00:00:00+08:00");
}

#[test]
fn what_is_not_understood_is_not_promised() {
    let rule = "/coupon_use_rule";
    for (at, value, expected) in [
        (format!("{rule}/max_discount_amount"), json!(1), "unknown: terms"),
        (format!("{rule}/fixed_normal_coupon/max_times"), json!(1), "unknown: terms"),
        (
            format!("{rule}/discount_coupon"),
            json!({ "discount_percent": 50, "transaction_minimum": 1 }),
            "unknown: terms",
        ),
        (format!("{rule}/fixed_normal_coupon/transaction_minimum"), json!("100"), "unknown: terms"),
        ("/stock_type".into(), json!("CUT_TO"), "unknown: terms"),
        (format!("{PERIOD}/only_on"), json!("birthday"), "unknown: stock_period"),
        // What no rule reads limits nothing.
        ("/a_member_of_next_year".into(), json!(1), "usable"),
    ] {
        assert_eq!(verdict(&quote(&with(&at, value), 12_345)), expected, "{at}");
    }
    for percent in [0, 100, 101] {
        let coupon = coupon(
            "DISCOUNT",
            "discount_coupon",
            json!({ "discount_percent": percent, "transaction_minimum": 1 }),
        );
        assert_eq!(verdict(&quote(&coupon, 12_345)), "unknown: terms", "{percent}");
    }
    let online = with("/coupon_use_rule/use_method", json!("MINI_PROGRAMS"));
    assert_eq!(quote(&online, 12_345)["unchecked"], json!(["usage_method", "product"]));
}
