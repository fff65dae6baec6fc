//! Coupons as the console makes, shows and alters them, asked without a browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::admin::{ask, ok, refused};
use support::{Till, sandbox};
use wxcoupon_sandbox::{CouponState, Effect, STORE_IDS};

#[test]
fn each_kind_of_coupon_is_made_with_all_that_stands_behind_it() {
    let sandbox = sandbox();
    let normal = json!({ "type": "NORMAL", "threshold": 5000, "discount_amount": 1000 });
    let made = ok(&sandbox, "POST", "/offers", &normal);
    assert_eq!((&made["name"], &made["state"]), (&json!("满50减10"), &json!("EFFECTIVE")));
    assert_eq!(made["coupon_code"].as_str().unwrap().len(), 20);
    let effects: Vec<Effect> = sandbox.ledger().iter().map(|entry| entry.effect).collect();
    assert_eq!(effects, [Effect::Created, Effect::Sent, Effect::Confirmed]);

    let discount = json!({ "type": "DISCOUNT", "percent_off": 15, "coupon_code": "MINE_1", "begins_in_days": 2,
        "valid_days": 3, "openid": "oAnother" });
    let made = ok(&sandbox, "POST", "/offers", &discount);
    assert_eq!(
        (&made["name"], &made["state"], &made["openid"]),
        (&json!("打8.5折"), &json!("PENDING"), &json!("oAnother"))
    );
    let days = (made["valid_end"].as_i64().unwrap() + 1 - made["valid_begin"].as_i64().unwrap()) / 86_400;
    assert_eq!(days, 3);

    let exchange = json!({ "type": "EXCHANGE", "threshold": 5000, "exchange_price": 990, "coupon_code": "MINE_2",
        "stores": { "scope": "SPECIFIC", "stores": [STORE_IDS[0]] },
        "hours": { "days": ["MONDAY"], "from_s": 0, "to_s": 3600 } });
    let made = ok(&sandbox, "POST", "/offers", &exchange);
    assert_eq!(made["worth"], json!({ "type": "EXCHANGE", "threshold": 5000, "exchange_price": 990 }));
    assert_eq!(made["stock_stores"], json!({ "scope": "SPECIFIC", "stores": [STORE_IDS[0]] }));
    assert_eq!(made["stock_hours"]["day_list"], json!(["MONDAY"]));
    // The rules of the stock hold at the till.
    let till = Till::new(&sandbox);
    let redemption = till
        .use_request("MINE_2", "NUMBER_1")
        .with("product_coupon_id", made["product_coupon_id"].clone())
        .with("stock_id", made["stock_id"].clone())
        .with("store_id", json!(STORE_IDS[1]));
    let sub_code = till.send(&redemption).unwrap().sub_code();
    assert!([268_584_404, 272_755_717].contains(&sub_code), "{sub_code}");

    for (bad, issue) in [
        (json!({ "type": "NORMAL", "percent_off": 10 }), "discount_amount"),
        (json!({ "type": "NORMAL", "discount_amount": 0 }), "discount_amount"),
        (json!({ "type": "FREE", "discount_amount": 1 }), "FREE"),
        (json!({ "type": "NORMAL", "discount_amount": 1, "valid_days": 366 }), "valid_days"),
        (json!({ "type": "NORMAL", "discount_amount": 1, "family": "busi" }), "family"),
        (json!({ "type": "NORMAL", "discount_amount": 1, "colour": "red" }), "colour"),
        (json!({ "type": "NORMAL", "discount_amount": 1, "coupon_code": "MINE_1" }), "272755200"),
        (
            json!({ "type": "NORMAL", "discount_amount": 1, "stores": { "scope": "SPECIFIC", "stores": ["9"] } }),
            "store 9",
        ),
    ] {
        let said = refused(&sandbox, "/offers", &bad);
        assert!(said.contains(issue), "{bad}: {said}");
    }
}

#[test]
fn the_older_family_has_cards_and_buttons_too() {
    let sandbox = sandbox();
    let cards = ok(&sandbox, "GET", "/console/coupons", &Value::Null);
    let cards = cards["coupons"].as_array().unwrap();
    let of = |code: &str| cards.iter().filter(|card| card["coupon_code"] == code).collect::<Vec<_>>();
    let [card] = of("SBF_SENDED_1")[..] else { panic!("{cards:?}") };
    assert_eq!((&card["family"], &card["state"]), (&json!("busifavor"), &json!("EFFECTIVE")));
    assert_eq!(card["worth"], json!({ "type": "NORMAL", "threshold": 5000, "discount_amount": 500 }));
    assert_eq!(of("SBF_TWICE").len(), 2, "the same code in two stocks");
    let stock = card["stock_id"].as_str().unwrap();
    let act = |code: &str, act: &str| {
        ask(&sandbox, "POST", &format!("/console/busifavor-coupons/{stock}/{code}/{act}"), &json!({}))
    };
    for (button, state) in [
        ("redeem_elsewhere", "USED"),
        ("return", "EFFECTIVE"),
        ("deactivate", "DEACTIVATED"),
        ("renew", "EFFECTIVE"),
        ("expire", "EXPIRED"),
        ("delete", "DELETED"),
    ] {
        let done = act("SBF_SENDED_1", button);
        assert_eq!((done.status, &done.json()["state"]), (200, &json!(state)), "{button}");
    }
    assert_eq!(act("SBF_SENDED_1", "redeem_elsewhere").status, 400, "the user has deleted it");
    assert_eq!(act("SBF_SENDED_2", "lock").status, 400);
    assert_eq!((act("NOBODY", "expire").status, act("SBF_SENDED_2", "fly").status), (404, 404));
    assert_eq!(ask(&sandbox, "GET", "/coupons/SBF_SENDED_1/qr.svg", &Value::Null).status, 200);
    let truth = ok(&sandbox, "GET", "/truth", &Value::Null);
    let lines = truth["lines"].as_array().unwrap();
    assert!(lines.len() == 3 && lines.iter().all(|line| line["verdict"] == "agrees"), "{truth:#}");
}

#[test]
fn buttons_keep_to_the_rules_of_the_api() {
    let sandbox = sandbox();
    let act =
        |code: &str, act: &str| ask(&sandbox, "POST", &format!("/console/coupons/{code}/{act}"), &json!({}));
    assert_eq!(act("SBX_EFFECTIVE_1", "redeem_elsewhere").status, 200);
    assert_eq!(sandbox.coupon("SBX_EFFECTIVE_1").unwrap().state, CouponState::Used);
    let again = act("SBX_EFFECTIVE_1", "redeem_elsewhere");
    assert_eq!((again.status, again.text().contains("272756745")), (400, true), "{}", again.text());
    assert_eq!(act("SBX_EFFECTIVE_1", "return").status, 200);
    assert_eq!(act("SBX_EFFECTIVE_1", "deactivate").status, 200);
    assert_eq!(sandbox.coupon("SBX_EFFECTIVE_1").unwrap().state, CouponState::Deactivated);
    assert_eq!(act("SBX_EFFECTIVE_1", "fly").status, 404);
    assert_eq!(act("NOBODY", "lock").status, 404);
    // A coupon for one store is redeemed there.
    assert_eq!(act("SBX_OTHER_STORE", "redeem_elsewhere").status, 200);
    // Whoever pressed the button knows that it was done.
    let truth = ok(&sandbox, "GET", "/truth", &Value::Null);
    let verdicts: Vec<&Value> =
        truth["lines"].as_array().unwrap().iter().map(|line| &line["verdict"]).collect();
    assert_eq!(verdicts, ["agrees"; 4]);
}

#[test]
fn coupons_beyond_those_that_are_shown_are_counted_and_found() {
    let sandbox = sandbox();
    let get = |query: &str| ok(&sandbox, "GET", &format!("/console/coupons{query}"), &Value::Null);
    let before = get("")["matching"].as_u64().unwrap();
    for n in 0..600 {
        sandbox.put_coupon(&wxcoupon_sandbox::CouponSpec::new(format!("MANY_{n:03}"))).unwrap();
    }
    let all = get("");
    assert_eq!(all["matching"], before + 600);
    assert!(all["coupons"].as_array().unwrap().len() < 600);
    assert!(all["owners"].as_array().unwrap().contains(&json!(wxcoupon_sandbox::OPENID)));
    for n in [0, 599] {
        let found = get(&format!("?search=many_{n:03}"));
        assert_eq!((&found["matching"], found["coupons"].as_array().unwrap().len()), (&json!(1), 1));
    }
    assert_eq!(get("?search=MANY&state=EFFECTIVE")["matching"], 600);
    assert_eq!(get("?search=MANY&state=USED")["matching"], 0);
    assert_eq!(get("?search=MANY&openid=oNobody")["matching"], 0);
    assert_eq!(get("?search=SBF_SENDED_1")["coupons"][0]["family"], "busifavor");
    assert_eq!(ask(&sandbox, "GET", "/console/coupons?state=FLYING", &Value::Null).status, 400);
}
