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
fn a_price_in_exchange_is_that_of_one_piece() {
    let exchange = single("EXCHANGE", &json!({ "threshold": 0, "exchange_price": 990 }));
    let ten = |more: Value| {
        let mut question = question(&exchange, 99_000, &json!({ "product_amount": 99_000 }));
        question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask(&question)
    };
    for said in [json!({ "product_quantity": 10 }), json!({ "product_unit_price": 9900 })] {
        let quote = ten(said);
        assert_eq!((&quote["discount"], &quote["unchecked"]), (&json!(8910), &json!([])), "{quote}");
        assert_eq!(step(&quote, "quantity")["found"], "one piece of 9900 fen");
    }
    // Of pieces with different prices the till says which one, or their average counts.
    assert_eq!(ten(json!({ "product_quantity": 7 }))["discount"], 99_000 / 7 - 990);
    assert_eq!(ten(json!({ "product_quantity": 10, "product_unit_price": 5000 }))["discount"], 4010);
    let unsaid = ten(json!({}));
    assert_eq!((&unsaid["discount"], &unsaid["unchecked"]), (&json!(98_010), &json!(["quantity"])));
    assert!(unsaid["cashier"].as_str().unwrap().ends_with(";换购价按1件计算"), "{unsaid}");
    // It says nothing about the others.
    let half = single("DISCOUNT", &json!({ "threshold": 0, "percent_off": 50 }));
    let quote = ask(&question(&half, 99_000, &json!({ "product_amount": 99_000, "product_quantity": 10 })));
    assert_eq!((&quote["discount"], &quote["unchecked"]), (&json!(49_500), &json!([])));
}

#[test]
fn what_is_taken_off_is_what_a_redemption_reports() {
    let coupon = percent(10_000, 15);
    assert_eq!(quote(&coupon, 12_345)["saved_amount"], 1851);
    assert_eq!(quote(&coupon, 9999).get("saved_amount"), None);
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
    let answer = |product: u64, amount: u64, on: &Value| {
        let more = json!({ "product_amount": product, "threshold_on": on });
        ask(&question(&coupon, amount, &more))
    };
    let verdict = |product: u64, amount: u64, on: &Value| verdict(&answer(product, amount, on));
    let (product, basket) = (json!("product"), json!("basket"));
    // Nobody has said which, and it makes a difference.
    assert_eq!(verdict(1000, 5000, &Value::Null), "unknown: threshold");
    assert_eq!(verdict(1000, 4999, &Value::Null), "forbidden: threshold");
    assert_eq!(verdict(5000, 5000, &Value::Null), "usable");
    let short = answer(1000, 5000, &product);
    assert_eq!(
        (&short["cashier"], &short["short_by"]),
        (&json!("该商品满50.00元可用,还差40.00元"), &json!(4000))
    );
    assert_eq!(verdict(1000, 5000, &product), "forbidden: threshold");
    assert_eq!(verdict(1000, 5000, &basket), "usable");
    assert_eq!(verdict(1000, 4999, &basket), "forbidden: threshold");
    assert_eq!(verdict(5000, 5000, &product), "usable");
}
