//! Coupons by themselves, in their order.

use super::*;

const NOW: &str = "2025-08-03T12:00:00+08:00";

fn question(input: &Value) -> Question {
    let mut input = input.clone();
    input["openid"] = json!("oUser");
    if input.get("amount").is_some() {
        input["now"] = json!(NOW);
    }
    Question::read(&input.to_string(), &Defaults::default(), now()).unwrap()
}

fn now() -> OffsetDateTime {
    OffsetDateTime::parse(NOW, &time::format_description::well_known::Rfc3339).unwrap()
}

/// A coupon for every store that takes so much off.
fn coupon(code: &str, discount: u64, ends: &str) -> Value {
    json!({
        "coupon_code": code, "coupon_state": "EFFECTIVE",
        "valid_begin_time": "2025-08-01T00:00:00+08:00", "valid_end_time": ends,
        "product_coupon": {
            "product_coupon_id": "10", "scope": "ALL", "type": "NORMAL", "usage_mode": "SINGLE",
            "single_usage_info": { "normal_coupon": { "threshold": 0, "discount_amount": discount } },
        },
        "stock": {
            "stock_id": "10001", "store_scope": "NONE",
            "single_usage_rule": { "coupon_available_period": {
                "available_begin_time": "2025-08-01T00:00:00+08:00", "available_end_time": "2025-12-31T23:59:59+08:00",
            } },
        },
    })
}

fn offers(question: &Question, coupons: Vec<Value>) -> Offers {
    let owner = Owner {
        openid: "oUser".into(),
        appid: Some("wx1".into()),
        brand_id: Some("120344".into()),
        store_id: None,
    };
    let mut offers = Offers::default();
    for coupon in coupons {
        offers.push(assess(coupon, &PRODUCT_COUPON, &owner, question, &Defaults::default(), now()));
    }
    if question.has_amount() {
        offers.rank();
    }
    offers
}

fn codes(offers: &Offers) -> Vec<&str> {
    offers.coupons.iter().map(|offer| name(&offer.coupon, "/coupon_code").unwrap()).collect()
}

const LATE: &str = "2025-08-31T23:59:59+08:00";
const EARLY: &str = "2025-08-04T23:59:59+08:00";

#[test]
fn the_best_comes_first_then_what_ends_first_then_what_is_not_known() {
    let mut unknown = coupon("unknown", 5000, EARLY);
    unknown["product_coupon"]["usage_mode"] = json!("SEQUENTIAL");
    let mut of_products = coupon("products", 0, EARLY);
    of_products["product_coupon"]["scope"] = json!("SINGLE");
    of_products["stock"]["single_usage_rule"]["normal_coupon"] =
        json!({ "threshold": 0, "discount_amount": 900 });
    let coupons = vec![
        unknown,
        of_products,
        coupon("small", 100, EARLY),
        coupon("late", 500, LATE),
        coupon("early", 500, EARLY),
        coupon("nothing", 0, EARLY),
    ];
    let offers = offers(&question(&json!({ "amount": 1000 })), coupons);
    assert_eq!(codes(&offers), ["early", "late", "small", "nothing", "unknown", "products"]);
    let told = serde_json::to_value(&offers).unwrap();
    assert_eq!(told["coupons"][0]["quote"]["payable"], 500);
    let redeem = json!({
        "openid": "oUser", "coupon_code": "early", "product_coupon_id": "10", "stock_id": "10001", "appid": "wx1",
        "brand_id": "120344", "saved_amount": 500,
    });
    assert_eq!(told["coupons"][0]["use"], redeem);
    assert_eq!(told["coupons"][4]["quote"]["verdict"], "unknown");
    assert!(told["coupons"][4]["use"].get("saved_amount").is_none());
    assert_eq!(told["coupons"][5]["quote"], Value::Null);
    assert_eq!(told["coupons"][5]["unquoted"]["field"], "/product_amount");
    assert!(told["coupons"][0]["coupon"]["valid_end_time"].is_string());
}

#[test]
fn what_cannot_be_used_is_told_with_the_rule_and_words_for_the_cashier() {
    let mut used = coupon("used", 500, LATE);
    used["coupon_state"] = json!("USED");
    let over = coupon("over", 500, "2025-08-02T00:00:00+08:00");
    let mut dear = coupon("dear", 500, LATE);
    dear["product_coupon"]["single_usage_info"]["normal_coupon"]["threshold"] = json!(2000);
    let nameless = json!({ "coupon_code": "nameless", "coupon_state": "EFFECTIVE" });
    let all = vec![used, over, dear, nameless];
    let told = serde_json::to_value(offers(&question(&json!({ "amount": 1000 })), all.clone())).unwrap();
    let reasons: Vec<&Value> =
        told["unusable"].as_array().unwrap().iter().map(|coupon| &coupon["reason"]).collect();
    assert_eq!(reasons, ["state", "validity", "threshold", "incomplete"]);
    for coupon in told["unusable"].as_array().unwrap() {
        let cashier = coupon["cashier"].as_str().unwrap();
        assert!(cashier.chars().any(|character| character > '\u{2E80}'), "{coupon}");
        assert!(!coupon["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(told["unusable"][2]["quote"]["short_by"], 1000);

    // Without a basket, what is about money forbids nothing.
    let told = serde_json::to_value(offers(&question(&json!({})), all)).unwrap();
    assert_eq!(told["coupons"][0]["coupon"]["coupon_code"], "dear");
    assert_eq!((&told["coupons"][0]["quote"], told["unusable"].as_array().unwrap().len()), (&Value::Null, 3));
}

#[test]
fn without_a_basket_the_order_stays() {
    let coupons = vec![coupon("a", 1, LATE), coupon("b", 500, EARLY), coupon("c", 2, EARLY)];
    let offers = offers(&question(&json!({})), coupons);
    assert_eq!(codes(&offers), ["a", "b", "c"]);
    assert!(offers.coupons.iter().all(|offer| offer.quote.is_none() && offer.unquoted.is_none()));
}

#[test]
fn the_cashier_hears_of_the_whole() {
    let one = vec![coupon("a", 100, LATE)];
    let said = |input: &Value, coupons: Vec<Value>| offers(&question(input), coupons).cashier().into_owned();
    let basket = json!({ "amount": 1000 });
    assert_eq!(said(&basket, one.clone()), "优惠1.00元,应付9.00元");
    assert_eq!(said(&basket, vec![one[0].clone(), coupon("b", 2, LATE)]), "有2张优惠券,请顾客选择");
    assert_eq!(said(&basket, Vec::new()), "没有可用的优惠券");
    let mut used = coupon("used", 500, LATE);
    used["coupon_state"] = json!("USED");
    assert_eq!(said(&basket, vec![used.clone()]), "优惠券已被使用");
    assert_eq!(said(&basket, vec![used.clone(), used]), "2张优惠券均不可用");
    assert_eq!(said(&json!({}), one), "有1张可用的优惠券");
}
