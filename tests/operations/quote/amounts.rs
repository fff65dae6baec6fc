//! What is taken off.

use super::coupons::{ask, question, quote, single, step, store_wide, verdict};
use serde_json::{Value, json};

fn percent(threshold: u64, percent_off: u64) -> Value {
    store_wide("DISCOUNT", &json!({ "threshold": threshold, "percent_off": percent_off }))
}

/// `(discount, payable)` of a product in a basket.
fn of_one(coupon: &Value, product: u64, amount: u64, more: &Value) -> (u64, u64) {
    let mut question = question(coupon, amount, more);
    question["product_amount"] = json!(product);
    let quote = ask(&question);
    (quote["discount"].as_u64().unwrap(), quote["payable"].as_u64().unwrap())
}

#[test]
fn a_percentage_is_taken_off_and_rounded_as_asked() {
    let discount = |rounding: &str, amount| {
        let quote = ask(&question(&percent(0, 15), amount, &json!({ "rounding": rounding })));
        quote["discount"].as_u64().unwrap()
    };
    // 49.95, 49.50 and 49.35 fen
    for (amount, down, half_up, up) in
        [(333, 49, 50, 50), (330, 49, 50, 50), (329, 49, 49, 50), (400, 60, 60, 60)]
    {
        assert_eq!(discount("down", amount), down, "{amount}");
        assert_eq!(discount("half_up", amount), half_up, "{amount}");
        assert_eq!(discount("up", amount), up, "{amount}");
    }
    let quote = quote(&percent(0, 15), 333);
    assert_eq!(quote["discount"], 49, "without a word about it the discount is rounded down");
    assert_eq!(step(&quote, "discount")["found"], "15 % of 333 fen is 49.95 fen, rounded down 49 fen");
}

#[test]
fn percentages_outside_1_to_99_are_not_quoted() {
    for (percent_off, expected) in
        [(0, "unknown: terms"), (1, "usable"), (99, "usable"), (100, "unknown: terms")]
    {
        assert_eq!(verdict(&quote(&percent(0, percent_off), 10_000)), expected, "{percent_off}");
    }
}

#[test]
fn no_more_is_taken_off_than_there_is() {
    let coupon = store_wide("NORMAL", &json!({ "threshold": 0, "discount_amount": 500 }));
    for (amount, discount, unchecked) in
        [(501, 500, "[]"), (500, 500, "[\"order\"]"), (300, 300, "[\"order\"]")]
    {
        let quote = quote(&coupon, amount);
        assert_eq!(quote["discount"], discount, "{amount}");
        // `use` must name an order, and nobody pays 0 fen.
        assert_eq!(quote["unchecked"].to_string(), unchecked, "{amount}");
    }
    let nothing = quote(&coupon, 0);
    assert_eq!(
        (verdict(&nothing).as_str(), nothing["cashier"].as_str()),
        ("usable", Some("本单使用该券无优惠"))
    );
    let of_product = single("NORMAL", &json!({ "threshold": 0, "discount_amount": 500 }));
    assert_eq!(of_one(&of_product, 300, 1000, &json!({})), (300, 700));
}

#[test]
fn the_largest_amounts_are_reckoned_exactly() {
    let quote = quote(&percent(0, 99), u64::MAX);
    assert_eq!(quote["discount"].as_u64(), Some(18_262_276_632_972_456_098));
}

#[test]
fn a_coupon_for_one_product_is_taken_off_that_product() {
    let half = single("DISCOUNT", &json!({ "threshold": 0, "percent_off": 50 }));
    assert_eq!(of_one(&half, 1000, 9000, &json!({})), (500, 8500));
    let exchange = single("EXCHANGE", &json!({ "threshold": 0, "exchange_price": 990 }));
    for (product, discount) in [(2990, 2000), (991, 1), (990, 0), (500, 0)] {
        assert_eq!(of_one(&exchange, product, 5000, &json!({})), (discount, 5000 - discount), "{product}");
    }
}

#[test]
fn a_product_that_is_not_in_the_basket_forbids() {
    let exchange = single("EXCHANGE", &json!({ "threshold": 0, "exchange_price": 0 }));
    let quote = ask(&question(&exchange, 5000, &json!({ "product_amount": 0 })));
    assert_eq!(verdict(&quote), "forbidden: product");
    assert_eq!(quote["cashier"], "本单没有该券适用的商品");
}

#[test]
fn the_threshold_of_one_product_is_read_the_way_that_gives_less() {
    let coupon = single("EXCHANGE", &json!({ "threshold": 5000, "exchange_price": 100 }));
    let verdict = |product: u64, amount: u64, on: &Value| {
        let more = json!({ "product_amount": product, "threshold_on": on });
        verdict(&ask(&question(&coupon, amount, &more)))
    };
    let (product, basket) = (json!("product"), json!("basket"));
    assert_eq!(verdict(1000, 5000, &Value::Null), "forbidden: threshold");
    assert_eq!(verdict(1000, 5000, &product), "forbidden: threshold");
    assert_eq!(verdict(1000, 5000, &basket), "usable");
    assert_eq!(verdict(1000, 4999, &basket), "forbidden: threshold");
    assert_eq!(verdict(5000, 5000, &product), "usable");
}
