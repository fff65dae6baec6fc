//! What an adversary with a server of its own has found: sequences in which an old answer, a refusal or a return of
//! something else would decide.

use crate::evidence_shop::{Shop, assert_ended, assert_open, assert_voided};
use crate::till::{OPENID, PRODUCT, STOCK, query_request, use_request, with_limit};
use serde_json::{Value, json};
use wxcoupon::journal::State;
use wxcoupon_sandbox::Effect::{Returned, Used};
use wxcoupon_sandbox::{CouponState, Fault, FaultKind};

fn return_request(coupon: &str, number: &str) -> Value {
    let mut request = query_request(coupon);
    request["out_request_no"] = json!(number);
    request
}

fn replay(shop: &Shop, of: &str, on: &str) -> wxcoupon_sandbox::FaultId {
    shop.sandbox.inject(Fault::new(FaultKind::Replay { of: of.into() }).on(on))
}

#[test]
fn a_refused_repeat_of_what_was_proven_refuses_nothing() {
    let shop = Shop::with(&json!({ "journal_replays": false }));
    let request = use_request("AUTO_FORGOT", "EV-FORGOT-1");
    assert_eq!(shop.till.redeem(&request).status, 0);
    let unsigned = ["use", "query"].map(|on| shop.refuse_unsigned(on, 403, "NOT_ENOUGH", 0));
    let told = shop.till.redeem(&request);
    assert_eq!((told.status, &told.json["recorded"]), (0, &json!(true)), "{}", told.json);
    assert!(unsigned.into_iter().all(|fault| shop.sandbox.clear_fault(fault)));
    assert_eq!(shop.row("EV-FORGOT-1").state, State::Done);
    // Its number is forgotten, and it says so with a signature.
    shop.refuse("use", 403, "NOT_ENOUGH", 272_756_745);
    let told = shop.till.redeem(&request);
    assert_eq!((told.status, &told.json["settled_by"]), (0, &json!("query")), "{}", told.json);
    assert_voided(&shop, &shop.void("EV-FORGOT-1"), "EV-FORGOT-1", "voided");
    assert_eq!(shop.effects("AUTO_FORGOT"), [Used, Returned]);
}

#[test]
fn an_answer_from_before_the_redemption_does_not_undo_it() {
    let shop = Shop::with(&json!({ "journal_replays": false }));
    assert_eq!(shop.till.query(&query_request("AUTO_BEFORE")).json["data"]["coupon_state"], "EFFECTIVE");
    let request = use_request("AUTO_BEFORE", "EV-BEFORE-1");
    assert_eq!(shop.till.redeem(&request).status, 0);
    let old = replay(&shop, "query", "query");
    let told = shop.till.redeem(&request);
    assert_eq!((told.status, &told.json["recorded"]), (0, &json!(true)), "{}", told.json);
    assert_voided(&shop, &shop.void("EV-BEFORE-1"), "EV-BEFORE-1", "watching");
    assert!(shop.sandbox.clear_fault(old));
    assert_eq!((shop.till.settle_all().status, shop.listed("EV-BEFORE-1")), (0, None));
    assert_eq!(shop.effects("AUTO_BEFORE"), [Used, Returned]);
}

#[test]
fn an_answer_from_before_the_redemption_is_none_to_its_return() {
    let shop = Shop::open();
    assert_eq!(shop.till.query(&query_request("AUTO_OLDER")).json["data"]["coupon_state"], "EFFECTIVE");
    assert_eq!(shop.till.redeem(&use_request("AUTO_OLDER", "EV-OLDER-01")).status, 0);
    replay(&shop, "query", "return");
    let told = shop.till.give_back(&with_limit(return_request("AUTO_OLDER", "EV-OLDER-R1"), 2000));
    assert_open(&shop, &told, "EV-OLDER-R1", "pending");
    assert_eq!(shop.effects("AUTO_OLDER"), [Used]);
}

#[test]
fn a_return_is_not_repeated_into_a_later_redemption() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_AGAIN", "EV-AGAIN-01")).status, 0);
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("return"));
    let request = return_request("AUTO_AGAIN", "EV-AGAIN-R1");
    shop.leave_in_doubt(|limit_ms| shop.till.give_back(&with_limit(request.clone(), limit_ms)));
    assert!(shop.sandbox.clear_fault(lost));
    let office = shop.stranger();
    assert_eq!(office.give_back(&return_request("AUTO_AGAIN", "EV-AGAIN-R2")).status, 0);
    assert_eq!(shop.till.redeem(&use_request("AUTO_AGAIN", "EV-AGAIN-02")).status, 0);
    for _ in 0..2 {
        let _ = shop.till.settle_all();
        shop.copies_die();
    }
    assert_eq!(shop.settle("EV-AGAIN-R1").name(), "WXCOUPON_E_COUPON_STATE");
    assert_eq!(shop.effects("AUTO_AGAIN"), [Used, Returned, Used]);
    assert_eq!(shop.till.redeem(&use_request("AUTO_AGAIN", "EV-AGAIN-02")).status, 0);
}

/// By the order of what was written down: the clock of a verdict says nothing of when a return began.
#[test]
fn a_return_that_began_before_a_redemption_does_not_undo_it() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_ORDER", "EV-ORDER-01")).status, 0);
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("return"));
    let request = return_request("AUTO_ORDER", "EV-ORDER-R1");
    shop.leave_in_doubt(|limit_ms| shop.till.give_back(&with_limit(request.clone(), limit_ms)));
    assert!(shop.sandbox.clear_fault(lost));
    assert_eq!(shop.till.redeem(&use_request("AUTO_ORDER", "EV-ORDER-02")).status, 0);
    let told = shop.till.redeem(&use_request("AUTO_ORDER", "EV-ORDER-02"));
    assert_eq!((told.status, &told.json["recorded"]), (0, &json!(true)), "{}", told.json);
    shop.copies_die();
    let _ = shop.till.settle_all();
    let told = shop.till.redeem(&use_request("AUTO_ORDER", "EV-ORDER-02"));
    assert_eq!((told.status, &told.json["recorded"]), (0, &json!(true)), "{}", told.json);
    assert_eq!(shop.effects("AUTO_ORDER"), [Used, Returned, Used]);
}

/// Ours is on its way, another till redeems, ours is refused; the other is returned, and ours arrives.
fn arrived_late(coupon: &str, number: &str) -> Shop {
    let shop = Shop::open();
    shop.lose_request(coupon, number);
    let office = shop.stranger();
    assert_eq!(office.redeem(&use_request(coupon, "EV-THEIRS-1")).status, 0);
    assert_eq!(shop.till.redeem(&use_request(coupon, number)).class(), 5);
    assert_eq!(office.give_back(&return_request(coupon, "EV-THEIRS-2")).status, 0);
    shop.copy_arrives(coupon, number);
    shop
}

#[test]
fn what_was_refused_redeemed_late_and_returned_stays_that() {
    let shop = arrived_late("AUTO_STAYS", "EV-STAYS-01");
    // Settling its number alone ends the watch too.
    let settled = shop.settle("EV-STAYS-01");
    assert_eq!(shop.effects("AUTO_STAYS"), [Used, Returned, Used, Returned], "{}", settled.json);
    let sent = shop.sandbox.requests().len();
    let told = shop.till.redeem(&use_request("AUTO_STAYS", "EV-STAYS-01"));
    assert_ended(&shop, &told, "EV-STAYS-01", "WXCOUPON_E_COUPON_STATE");
    assert_eq!(shop.sandbox.requests().len(), sent, "WeChat Pay would repeat its first success");
}

#[test]
fn what_was_refused_is_returned_after_a_day_too() {
    let shop = arrived_late("AUTO_NEXT_DAY", "EV-NEXTDAY1");
    let frozen = shop.edit("query", json!({ "coupon_state": "FROZEN" }), true);
    assert_eq!(shop.till.settle_all().status, 0);
    shop.a_day_passes();
    assert_eq!(shop.till.settle_all().status, 0);
    assert!(shop.sandbox.clear_fault(frozen));
    shop.a_day_passes();
    assert_eq!(shop.till.settle_all().status, 0);
    assert_eq!(shop.effects("AUTO_NEXT_DAY"), [Used, Returned, Used, Returned]);
    assert_eq!(shop.settle("EV-NEXTDAY1").class(), 5);
}

#[test]
fn only_a_redemption_can_be_called_off() {
    let shop = Shop::open();
    shop.sandbox.set_state("AUTO_KIND", CouponState::Confirming).unwrap();
    assert_eq!(shop.till.ask("confirm", &return_request("AUTO_KIND", "EV-KIND-001")).status, 0);
    assert_eq!(shop.till.redeem(&use_request("AUTO_KIND", "EV-KIND-002")).status, 0);
    let told = shop.void("EV-KIND-001");
    assert_eq!((told.name(), &told.json["field"]), ("WXCOUPON_E_REQUEST", &json!("/aim")), "{}", told.json);
    assert!(!shop.effects("AUTO_KIND").contains(&Returned));
}

#[test]
fn a_redeemed_coupon_that_is_deleted_later_was_not_returned() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_GONE", "EV-GONE-001");
    shop.sandbox.set_state("AUTO_GONE", CouponState::Deleted).unwrap();
    shop.refuse("use", 403, "NOT_ENOUGH", 272_756_769);
    assert_open(&shop, &shop.settle("EV-GONE-001"), "EV-GONE-001", "pending");
    assert_open(&shop, &shop.void("EV-GONE-001"), "EV-GONE-001", "voiding");
}

#[test]
fn a_list_that_is_not_whole_says_nothing() {
    let shop = Shop::open();
    let request = json!({
        "openid": OPENID, "product_coupon_id": PRODUCT, "stock_id": STOCK, "send_request_no": "EV-WHOLE-01",
    });
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("send"));
    shop.leave_in_doubt(|limit_ms| shop.till.ask("send", &with_limit(request.clone(), limit_ms)));
    assert!(shop.sandbox.clear_fault(lost));
    shop.refuse("send", 403, "NOT_ENOUGH", 0);
    for patch in [json!({ "user_coupon_list": [] }), json!({ "user_coupon_list": null })] {
        shop.copies_die();
        let cut = shop.edit("list", patch, true);
        assert_open(&shop, &shop.settle("EV-WHOLE-01"), "EV-WHOLE-01", "pending");
        assert!(shop.sandbox.clear_fault(cut));
    }
    shop.copies_die();
    assert_ended(&shop, &shop.settle("EV-WHOLE-01"), "EV-WHOLE-01", "WXCOUPON_OK");
}

/// A firewall lets questions through and no redemptions: every lost repeat would make the row young again.
#[test]
fn repeats_that_are_lost_do_not_keep_a_row_open_for_ever() {
    let shop = Shop::open();
    shop.lose_request("AUTO_WALL", "EV-WALL-001");
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("use"));
    shop.edit("query", json!({ "coupon_state": "FROZEN" }), true);
    let again = json!({ "out_request_no": "EV-WALL-001", "_options": { "timeout_ms": 1500 } });
    assert_open(&shop, &shop.till.settle(&again), "EV-WALL-001", "pending");
    shop.a_day_passes();
    assert_open(&shop, &shop.till.settle(&again), "EV-WALL-001", "unresolved");
    assert_eq!((shop.till.settle_all().status, shop.sandbox.fired(lost) > 0), (0, true));
}

#[test]
fn a_mistake_in_settling_says_that_there_is_doubt() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_WRONG", "EV-WRONG-01");
    for wrong in [
        json!({ "out_request_no": "EV-WRONG-01", "aim": "forget" }),
        json!({ "out_request_no": "EV-WRONG-01", "aim": "abandon" }),
        json!({ "out_request_no": "EV-WRONG-01", "colour": "red" }),
    ] {
        let told = shop.till.settle(&wrong);
        assert_eq!((told.name(), told.in_doubt), ("WXCOUPON_E_REQUEST", true), "{}", told.json);
    }
}
