//! Returns in doubt, which undo whatever stands when they are repeated, and redemptions that they may have undone.

use crate::evidence_later::{assert_returned_since, return_request, returned_by};
use crate::evidence_shop::{Shop, assert_ended, assert_open};
use crate::till::{use_request, with_limit};
use rusqlite::Connection;
use serde_json::{Value, json};
use wxcoupon_sandbox::Effect::{Returned, Used};
use wxcoupon_sandbox::{Fault, FaultKind};

/// A return that reached nobody yet, and nobody knows.
pub fn lose_return(shop: &Shop, request: &Value) {
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("return"));
    shop.leave_in_doubt(|limit_ms| shop.till.give_back(&with_limit(request.clone(), limit_ms)));
    assert!(shop.sandbox.clear_fault(lost));
}

fn of_use(mut request: Value, index: u32) -> Value {
    request["sequential_coupon_index"] = json!(index);
    request
}

/// The coupon shows these uses, all of them redeemed.
fn shows_uses(shop: &Shop, numbers: &[&str]) -> wxcoupon_sandbox::FaultId {
    let item = |number: &&str| json!({ "use_request_no": number, "detail_state": "USED" });
    let items: Vec<Value> = numbers.iter().map(item).collect();
    let detail = json!({ "used_count": items.len(), "detail_item_list": items });
    let patch = json!({ "coupon_state": "EFFECTIVE", "single_usage_detail": null, "sequential_usage_detail": detail });
    shop.edit("query", patch, true)
}

#[test]
fn a_return_in_doubt_does_not_undo_a_later_use_of_a_sequential_coupon() {
    let shop = Shop::open();
    lose_return(&shop, &of_use(return_request("AUTO_USES", "EV-USES-R01"), 1));
    assert_eq!(shop.till.redeem(&of_use(use_request("AUTO_USES", "EV-USES-001"), 1)).status, 0);
    shop.copies_die();
    let sent = shop.requests("return");
    // Another use of the same coupon, and nobody knows which it is.
    let unknown = shows_uses(&shop, &["EV-THEIRS-1"]);
    assert_open(&shop, &shop.settle("EV-USES-R01"), "EV-USES-R01", "pending");
    assert!(shop.sandbox.clear_fault(unknown));
    shows_uses(&shop, &["EV-THEIRS-1", "EV-USES-001"]);
    assert_ended(&shop, &shop.settle("EV-USES-R01"), "EV-USES-R01", "WXCOUPON_E_COUPON_STATE");
    assert_eq!((shop.requests("return"), shop.effects("AUTO_USES")), (sent, vec![Used]));
}

#[test]
fn a_return_in_doubt_is_repeated_where_its_own_use_still_stands() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&of_use(use_request("AUTO_OWN", "EV-OWN-0001"), 1)).status, 0);
    lose_return(&shop, &of_use(return_request("AUTO_OWN", "EV-OWN-R001"), 1));
    shop.copies_die();
    let shown = shows_uses(&shop, &["EV-THEIRS-1", "EV-OWN-0001"]);
    assert_ended(&shop, &shop.settle("EV-OWN-R001"), "EV-OWN-R001", "WXCOUPON_OK");
    assert!(shop.sandbox.clear_fault(shown));
    assert_eq!(shop.effects("AUTO_OWN"), [Used, Returned]);
}

#[test]
fn a_return_in_doubt_is_not_repeated_while_nobody_knows_what_it_would_undo() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_BARE", "EV-BARE-001")).status, 0);
    lose_return(&shop, &return_request("AUTO_BARE", "EV-BARE-R01"));
    shop.copies_die();
    let sent = shop.requests("return");
    let nameless = shop.edit("query", json!({ "single_usage_detail": null }), true);
    assert_open(&shop, &shop.settle("EV-BARE-R01"), "EV-BARE-R01", "pending");
    assert!(shop.sandbox.clear_fault(nameless));
    let silent = shop.refuse_unsigned("query", 404, "NOT_FOUND", 0);
    assert_open(&shop, &shop.settle("EV-BARE-R01"), "EV-BARE-R01", "pending");
    assert!(shop.sandbox.clear_fault(silent));
    assert_eq!(shop.requests("return"), sent);
    assert_ended(&shop, &shop.settle("EV-BARE-R01"), "EV-BARE-R01", "WXCOUPON_OK");
    assert_eq!(shop.effects("AUTO_BARE"), [Used, Returned]);
}

#[test]
fn a_return_in_doubt_waits_for_a_later_redemption_that_may_still_arrive() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_WAITS", "EV-WAITS-01")).status, 0);
    lose_return(&shop, &return_request("AUTO_WAITS", "EV-WAITS-R1"));
    shop.copies_die();
    returned_by(&shop.stranger(), "AUTO_WAITS", "EV-OFFICE-1");
    // Its own redemption is gone, and the next one is on its way.
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("use"));
    let next = use_request("AUTO_WAITS", "EV-WAITS-02");
    shop.leave_in_doubt(|limit_ms| shop.till.redeem(&with_limit(next.clone(), limit_ms)));
    assert!(shop.sandbox.clear_fault(lost));
    let sent = shop.requests("return");
    assert_open(&shop, &shop.settle("EV-WAITS-R1"), "EV-WAITS-R1", "pending");
    shop.copy_arrives("AUTO_WAITS", "EV-WAITS-02");
    assert_ended(&shop, &shop.settle("EV-WAITS-R1"), "EV-WAITS-R1", "WXCOUPON_E_COUPON_STATE");
    assert_eq!(shop.requests("return"), sent);
    assert_eq!(shop.till.redeem(&next).status, 0);
    assert_eq!(shop.effects("AUTO_WAITS"), [Used, Returned, Used]);
}

#[test]
fn a_success_whose_verdict_was_lost_stays_open_while_a_return_may_have_undone_it() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_LOST", "EV-LOST-001")).status, 0);
    shop.loses_verdict("EV-LOST-001");
    lose_return(&shop, &return_request("AUTO_LOST", "EV-LOST-R01"));
    shop.copies_die();
    let told = shop.settle("EV-LOST-001");
    assert_eq!((told.status, shop.listed("EV-LOST-001").as_deref()), (0, Some("pending")), "{}", told.json);
    assert_ended(&shop, &shop.settle("EV-LOST-R01"), "EV-LOST-R01", "WXCOUPON_OK");
    for _ in 0..2 {
        assert_returned_since(&shop.till.redeem(&use_request("AUTO_LOST", "EV-LOST-001")));
    }
    assert_eq!((shop.listed("EV-LOST-001"), shop.effects("AUTO_LOST")), (None, vec![Used, Returned]));
}

#[test]
fn a_redemption_whose_return_is_known_to_have_failed_ends() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_KEPT", "EV-KEPT-001")).status, 0);
    shop.loses_verdict("EV-KEPT-001");
    lose_return(&shop, &return_request("AUTO_KEPT", "EV-KEPT-R01"));
    shop.copies_die();
    assert_eq!(shop.settle("EV-KEPT-001").status, 0);
    let refused = shop.refuse("return", 403, "NOT_ENOUGH", 0);
    let told = shop.settle("EV-KEPT-R01");
    assert_eq!(told.class(), 5, "{}", told.json);
    assert!(shop.sandbox.clear_fault(refused));
    assert_ended(&shop, &shop.settle("EV-KEPT-001"), "EV-KEPT-001", "WXCOUPON_OK");
    let again = shop.till.redeem(&use_request("AUTO_KEPT", "EV-KEPT-001"));
    assert_eq!((again.status, &again.json["recorded"]), (0, &json!(true)), "{}", again.json);
}

/// The power is cut before the verdict is on the disk, and the till has returned the coupon since.
#[test]
fn a_redemption_that_was_returned_before_its_verdict_was_kept_is_never_sent_again() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_CUT", "EV-CUT-0001")).status, 0);
    shop.loses_verdict("EV-CUT-0001");
    returned_by(&shop.till, "AUTO_CUT", "EV-CUT-R001");
    let sent = shop.requests("use");
    shop.edit("query", json!({ "single_usage_detail": null }), true);
    assert_ended(&shop, &shop.settle("EV-CUT-0001"), "EV-CUT-0001", "WXCOUPON_E_COUPON_STATE");
    assert_eq!((shop.requests("use"), shop.effects("AUTO_CUT")), (sent, vec![Used, Returned]));
}

#[test]
fn where_the_row_of_a_return_was_changed_the_coupon_is_asked() {
    let shop = Shop::open();
    let request = use_request("AUTO_FLIPPED", "EV-FLIP-001");
    assert_eq!(shop.till.redeem(&request).status, 0);
    returned_by(&shop.till, "AUTO_FLIPPED", "EV-FLIP-R01");
    let changed = Connection::open(shop.file()).unwrap();
    changed.execute("UPDATE requests SET cause = 'x' WHERE number = 'EV-FLIP-R01'", []).unwrap();
    drop(changed);
    let (asked, sent) = (shop.requests("query"), shop.requests("use"));
    assert_returned_since(&shop.till.redeem(&request));
    assert_eq!((shop.requests("query"), shop.requests("use")), (asked + 1, sent));
    assert_returned_since(&shop.settle("EV-FLIP-001"));
}

/// A copy of the return that calls a sale off arrives when another number has redeemed the coupon.
#[test]
fn a_late_copy_of_a_voids_return_that_undid_another_redemption_is_loud() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_COPY", "EV-COPY-001")).status, 0);
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("return"));
    let off = json!({ "out_request_no": "EV-COPY-001", "aim": "void" });
    shop.leave_in_doubt(|limit_ms| shop.till.settle(&with_limit(off.clone(), limit_ms)));
    assert!(shop.sandbox.clear_fault(lost));
    let pending = shop.till.pending();
    let mut rows = pending["requests"].as_array().unwrap().iter();
    let back = rows.find(|row| row["operation"] == "return").unwrap()["out_request_no"].as_str().unwrap();
    let office = shop.stranger();
    returned_by(&office, "AUTO_COPY", "EV-OFFICE-1");
    assert_eq!(office.redeem(&use_request("AUTO_COPY", "EV-THEIRS-1")).status, 0);
    returned_by(&office, "AUTO_COPY", back);
    shop.copies_die();
    let told = shop.void("EV-COPY-001");
    assert_open(&shop, &told, "EV-COPY-001", "voiding");
    assert!(told.json["message"].as_str().unwrap().contains("EV-THEIRS-1"), "{}", told.json);
}
