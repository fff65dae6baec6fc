//! What may be asked, and how a wrong question is refused.

use super::coupons::{NOON, ask, normal, question, quote, refused, single, step, store_wide, verdict};
use serde_json::{Value, json};
use time::macros::datetime;
use wxcoupon::quote::Defaults;
use wxcoupon::status::Code;

fn refusal(name: &str, value: Value) -> String {
    let mut question = question(&normal(), 12_800, &json!({}));
    question[name] = value;
    refused(&question).0
}

#[test]
fn wrong_members_are_named() {
    for amount in [json!(-1), json!(1.5), json!("12800"), json!([]), Value::Null] {
        assert_eq!(refusal("amount", amount), "/amount");
    }
    assert_eq!(refusal("coupon", Value::Null), "/coupon");
    assert_eq!(refusal("coupon", json!("Code_123456")), "/coupon");
    assert_eq!(refusal("coupon", json!({})), "/coupon/coupon_state");
    assert_eq!(refusal("coupon", json!({ "coupon_state": "USED" })), "/coupon/product_coupon");
    assert_eq!(refusal("coupon", json!({ "ok": true, "data": {} })), "/coupon/data/coupon_state");
    assert_eq!(refusal("product_amount", json!(12_801)), "/product_amount");
    assert_eq!(refusal("store_id", json!(500_001)), "/store_id");
    assert_eq!(refusal("store_id", json!("")), "/store_id");
    assert_eq!(refusal("stock_store_ids", json!(["500001", 7])), "/stock_store_ids");
    assert_eq!(refusal("now", json!("2025-08-03T12:00:00")), "/now");
    assert_eq!(refusal("rounding", json!("bankers")), "/rounding");
    assert_eq!(refusal("threshold_on", json!("both")), "/threshold_on");
    assert_eq!(refusal("past_midnight", json!("never")), "/past_midnight");
    assert_eq!(refusal("product_quantity", json!(0)), "/product_quantity");
    assert_eq!(refusal("product_unit_price", json!(12_801)), "/product_unit_price");
    assert_eq!(refusal("now", json!("2025-08-03 12:00:00+08:00")), "/now");
    assert_eq!(refusal("bundle_index_base", json!(2)), "/bundle_index_base");
    assert_eq!(refusal("_options", json!({ "timeout_sm": 1 })), "/_options/timeout_sm");
    assert_eq!(refusal("ammount", json!(1)), "/ammount");
    let (_, message) = refused(&question(&normal(), 1, &json!({ "rounding": "bankers" })));
    assert_eq!(message, "rounding should be one of down, half_up, up, found \"bankers\"");
}

#[test]
fn a_coupon_for_one_product_needs_that_products_amount() {
    let coupon = single("EXCHANGE", &json!({ "threshold": 0, "exchange_price": 100 }));
    let (field, message) = refused(&question(&coupon, 5000, &json!({})));
    assert_eq!(field, "/product_amount");
    assert!(message.contains("scope SINGLE"), "{message}");
    // A coupon that cannot be used in any basket says so first.
    let mut used = coupon.clone();
    used["coupon_state"] = json!("USED");
    let quote = quote(&used, 5000);
    assert_eq!((verdict(&quote).as_str(), &quote["cashier"]), ("forbidden: state", &json!("优惠券已被使用")));
    let late = ask(&question(&coupon, 5000, &json!({ "now": "2026-08-03T12:00:00+08:00" })));
    assert_eq!(verdict(&late), "forbidden: validity");
}

#[test]
fn the_whole_answer_is_as_good_as_its_data() {
    let answer = json!({ "ok": true, "status": 0, "operation": "query", "data": normal() });
    let mut whole = quote(&answer, 12_800);
    assert_eq!(whole["rule"]["found_at"], "/coupon/data/product_coupon/single_usage_info/normal_coupon");
    let data = quote(&normal(), 12_800);
    let places = whole.to_string().replace("/coupon/data/", "/coupon/");
    whole = serde_json::from_str(&places).unwrap();
    assert_eq!(whole, data);
}

#[test]
fn nulls_and_options_change_nothing() {
    let more = json!({
        "product_amount": null, "store_id": null, "stock_store_ids": null, "rounding": null,
        "threshold_on": null, "bundle_index_base": null, "_options": { "timeout_ms": 3000 },
    });
    assert_eq!(ask(&question(&normal(), 12_800, &more)), quote(&normal(), 12_800));
}

#[test]
fn what_nobody_needs_is_ignored() {
    let mut coupon = normal();
    coupon["introduced_in_2031"] = json!({ "a": [1, { "b": null }] });
    coupon["product_coupon"]["max_discount_amount"] = json!(1);
    coupon["stock"]["daily_limit"] = json!(1);
    coupon["stock"]["state"] = json!("STOPPED");
    assert_eq!(quote(&coupon, 12_800), quote(&normal(), 12_800));
}

#[test]
fn numbers_that_nobody_reads_may_have_any_size() {
    let mut coupon = serde_json::to_string(&normal()).unwrap();
    coupon.insert_str(1, "\"serial\":123456789012345678901234567890,\"weight\":1e400,");
    let answer = |coupon: &str| {
        let text = format!("{{\"amount\":12800,\"now\":\"{NOON}\",\"coupon\":{coupon}}}");
        wxcoupon::quote::answer(&text, &Defaults::default(), datetime!(2025-08-03 04:00 UTC))
    };
    assert_eq!(serde_json::to_value(answer(&coupon).unwrap()).unwrap(), quote(&normal(), 12_800));
    let read = coupon.replace("\"threshold\":10000", "\"threshold\":1e400");
    assert_eq!(serde_json::to_value(answer(&read).unwrap()).unwrap()["unknown_by"], "terms");
}

#[test]
fn a_new_member_beside_the_terms_may_limit_them() {
    let places = [
        ("/product_coupon/single_usage_info", "terms"),
        ("/product_coupon/single_usage_info/normal_coupon", "terms"),
        ("/stock/single_usage_rule", "terms"),
        ("/stock/single_usage_rule/coupon_available_period", "stock_period"),
        ("/stock/single_usage_rule/coupon_available_period/weekly_available_period", "weekly_period"),
        (
            "/stock/single_usage_rule/coupon_available_period/weekly_available_period/day_period_list/0",
            "weekly_period",
        ),
        (
            "/stock/single_usage_rule/coupon_available_period/irregular_available_period_list/0",
            "irregular_period",
        ),
    ];
    let mut coupon = normal();
    let period = &mut coupon["stock"]["single_usage_rule"]["coupon_available_period"];
    period["weekly_available_period"] =
        json!({ "day_period_list": [{ "begin_time": 0, "end_time": 86_399 }] });
    period["irregular_available_period_list"] =
        json!([{ "begin_time": "2025-08-01T00:00:00+08:00", "end_time": "2025-08-31T00:00:00+08:00" }]);
    assert_eq!(verdict(&quote(&coupon, 12_800)), "usable");
    for (place, rule) in places {
        let mut limited = coupon.clone();
        limited.pointer_mut(place).unwrap()["max_discount_amount"] = json!(500);
        let quote = quote(&limited, 12_800);
        assert_eq!(verdict(&quote), format!("unknown: {rule}"), "{place}");
        assert_eq!(step(&quote, rule)["found_at"], format!("/coupon{place}/max_discount_amount"));
        limited.pointer_mut(place).unwrap()["max_discount_amount"] = Value::Null;
        assert_eq!(verdict(&self::quote(&limited, 12_800)), "usable", "{place}");
    }
}

#[test]
fn the_cashier_hears_what_was_not_checked() {
    let mut coupon = normal();
    coupon["stock"]["store_scope"] = json!("ALL");
    coupon["stock"]["usage_rule_display_info"] = json!({ "coupon_usage_method_list": ["APP"] });
    let quote = quote(&coupon, 12_800);
    assert_eq!(quote["cashier"], "优惠20.00元,应付108.00元;本店是否适用未核对;该券可能仅限线上使用");
    let free = store_wide("NORMAL", &json!({ "threshold": 0, "discount_amount": 20_000 }));
    let quote = self::quote(&free, 12_800);
    assert_eq!(quote["cashier"], "优惠128.00元,应付0.00元;应付0元无法生成支付订单,不能核销");
}

#[test]
fn clock_and_store_come_from_the_context_when_the_question_has_none() {
    let mut coupon = normal();
    coupon["stock"]["store_scope"] = json!("SPECIFIC");
    let mut question = question(&coupon, 12_800, &json!({ "stock_store_ids": ["1"] }));
    question.as_object_mut().unwrap().remove("now");
    let answer = |store| {
        let quote = wxcoupon::quote::answer(
            &question.to_string(),
            &Defaults { store_id: store, ..Defaults::default() },
            datetime!(2025-08-03 04:00 UTC),
        )
        .unwrap();
        serde_json::to_value(&quote).unwrap()
    };
    assert_eq!(
        (verdict(&answer(Some("1"))).as_str(), answer(Some("1"))["now"].as_str()),
        ("usable", Some(NOON))
    );
    assert_eq!(verdict(&answer(Some("2"))), "forbidden: store");
}

#[test]
fn text_that_is_no_object_is_refused() {
    for text in ["", "[]", "{}{}", "{\"amount\":1,\"amount\":2}"] {
        let error =
            wxcoupon::quote::answer(text, &Defaults::default(), datetime!(2025-08-03 04:00 UTC)).unwrap_err();
        assert_eq!(error.code, Code::Json, "{text}");
    }
}
