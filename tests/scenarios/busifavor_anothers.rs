//! 商家券: answers about somebody else's redemption. They name neither coupon nor number, so whose coupon they are about must fit.

use crate::busifavor::{assert_by_coupon, by_code, by_owner, redeem};
use crate::evidence_shop::{Shop, assert_ended, assert_open};
use crate::till::OPENID;
use serde_json::{Value, json};
use wxcoupon_sandbox::Effect::Used;
use wxcoupon_sandbox::{BUSIFAVOR_STOCK_IDS, Fault, FaultId, FaultKind};

/// The answer is another redemption's, and this one never takes effect.
fn answers_of_another(shop: &Shop, patch: Value) -> FaultId {
    shop.sandbox.inject(Fault::new(FaultKind::Edited { patch }).on("busifavor_use").processed(false))
}

#[test]
fn an_answer_that_names_another_owner_is_no_success_while_the_coupon_shows_none() {
    let shop = Shop::open();
    let another = answers_of_another(&shop, json!({ "openid": "oSomebodyElse" }));
    let told = redeem(&shop, &by_owner("AUTO_OTHERS", "BF-OTHERS-1"));
    assert_open(&shop, &told, "BF-OTHERS-1", "pending");
    assert!(told.json.get("proof").is_none(), "{}", told.json);
    assert_open(&shop, &shop.settle("BF-OTHERS-1"), "BF-OTHERS-1", "pending");
    assert!(shop.sandbox.clear_fault(another));
    assert_open(&shop, &shop.settle("BF-OTHERS-1"), "BF-OTHERS-1", "pending");
    assert!(shop.effects("AUTO_OTHERS").is_empty());
}

#[test]
fn an_answer_that_names_the_owner_by_another_openid_is_proven_by_the_coupon() {
    let shop = Shop::open();
    shop.sandbox.inject(
        Fault::new(FaultKind::Edited { patch: json!({ "openid": "oSamePerson" }) }).on("busifavor_use"),
    );
    assert_by_coupon(&redeem(&shop, &by_owner("AUTO_SAME", "BF-SAME-001")));
    assert_eq!(shop.effects("AUTO_SAME"), [Used]);
}

#[test]
fn what_names_another_owner_is_not_believed_where_nobody_can_be_asked() {
    let shop = Shop::open();
    answers_of_another(&shop, json!({ "openid": "oSomebodyElse" }));
    shop.refuse("busifavor_query", 404, "RESOURCE_NOT_EXISTS", 0);
    let told = redeem(&shop, &by_owner("AUTO_SILENT", "BF-SILENT-1"));
    assert_open(&shop, &told, "BF-SILENT-1", "pending");
    assert!(told.json["message"].as_str().unwrap().contains("another coupon"), "{}", told.json);
}

/// A code that WeChat Pay made is in one stock only, so the request need not name it.
#[test]
fn an_answer_about_another_stock_is_no_success_of_a_request_that_names_none() {
    let shop = Shop::open();
    let [_, other, _] = BUSIFAVOR_STOCK_IDS;
    let another = answers_of_another(&shop, json!({ "stock_id": other, "openid": OPENID }));
    let told = redeem(&shop, &by_code("AUTO_STOCK", "BF-STOCK-01"));
    assert_open(&shop, &told, "BF-STOCK-01", "pending");
    assert!(shop.sandbox.clear_fault(another));
    assert_open(&shop, &shop.settle("BF-STOCK-01"), "BF-STOCK-01", "pending");
    assert!(shop.effects("AUTO_STOCK").is_empty());
}

/// The answer to a redemption has a stock and an owner, as a coupon has.
#[test]
fn what_is_no_coupon_is_no_answer_to_a_question() {
    let shop = Shop::open();
    let patch = json!({ "coupon_code": null, "coupon_state": null });
    shop.sandbox.inject(Fault::new(FaultKind::Edited { patch }).on("busifavor_query"));
    let question = json!({ "coupon_code": "AUTO_NONE", "openid": OPENID });
    let told = shop.till.ask("busifavor_query", &question);
    assert_eq!((told.class(), &told.json["verification"]), (3, &json!("other_request")), "{}", told.json);
}

/// A line that sends bytes twice makes the second of them refused: the coupon was redeemed by this very number.
#[test]
fn already_redeemed_is_no_refusal_while_the_coupon_shows_no_redemption() {
    let shop = Shop::open();
    let refused = shop.refuse("busifavor_use", 400, "RESOURCE_ALREADY_EXISTS", 0);
    let told = redeem(&shop, &by_owner("AUTO_TWOFOLD", "BF-TWO-0001"));
    assert_open(&shop, &told, "BF-TWO-0001", "pending");
    assert_eq!(shop.requests("busifavor_query"), 3);
    assert!(shop.sandbox.clear_fault(refused));
    assert_ended(&shop, &shop.settle("BF-TWO-0001"), "BF-TWO-0001", "WXCOUPON_OK");
    assert_eq!(shop.effects("AUTO_TWOFOLD"), [Used]);
}
