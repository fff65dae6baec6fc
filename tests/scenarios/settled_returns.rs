//! Returns in doubt: what a repeat would undo decides whether it is sent.

use crate::evidence_later::{return_request, returned_by};
use crate::evidence_returns::lose_return;
use crate::evidence_shop::{Shop, assert_ended, assert_open};
use crate::till::{use_request, with_limit};
use wxcoupon_sandbox::Effect::{Returned, Used};
use wxcoupon_sandbox::{Fault, FaultKind};

#[test]
fn a_return_waits_while_a_copy_of_it_may_undo_the_redemption_after_it() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_ANEW", "EV-ANEW-001")).status, 0);
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("return"));
    shop.leave_in_doubt(|limit_ms| {
        shop.till.give_back(&with_limit(return_request("AUTO_ANEW", "EV-ANEW-R01"), limit_ms))
    });
    assert!(shop.sandbox.clear_fault(lost));
    assert_eq!(shop.till.redeem(&use_request("AUTO_ANEW", "EV-ANEW-002")).status, 0);
    // Settling asks first where a return is in doubt.
    let returns = shop.requests("return");
    let told = shop.settle("EV-ANEW-R01");
    assert_open(&shop, &told, "EV-ANEW-R01", "pending");
    let message = told.json["message"].as_str().unwrap();
    assert_eq!(message, "the coupon is redeemed anew, and what was sent could still arrive");
    shop.copies_die();
    assert_ended(&shop, &shop.settle("EV-ANEW-R01"), "EV-ANEW-R01", "WXCOUPON_E_COUPON_STATE");
    assert_eq!((shop.requests("return"), shop.effects("AUTO_ANEW")), (returns, vec![Used, Returned, Used]));
}

#[test]
fn a_return_does_not_wait_for_another_coupons_redemption() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_ALONE", "EV-ALONE-01")).status, 0);
    lose_return(&shop, &return_request("AUTO_ALONE", "EV-ALONE-R1"));
    shop.copies_die();
    shop.lose_request("AUTO_OTHER", "EV-OTHER-01");
    returned_by(&shop.stranger(), "AUTO_ALONE", "EV-ALONE-R2");
    let returns = shop.requests("return");
    let told = shop.settle("EV-ALONE-R1");
    assert_eq!((told.class(), shop.listed("EV-ALONE-R1")), (5, None), "{}", told.json);
    assert_eq!(shop.requests("return"), returns + 1);
}

#[test]
fn the_return_of_a_void_is_repeated_while_its_redemption_stands() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_VOID", "EV-VOID-001")).status, 0);
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("return"));
    let void = serde_json::json!({ "out_request_no": "EV-VOID-001", "aim": "void" });
    shop.leave_in_doubt(|limit_ms| shop.till.settle(&with_limit(void.clone(), limit_ms)));
    assert!(shop.sandbox.clear_fault(lost));
    let pending = shop.till.pending();
    let rows = pending["requests"].as_array().unwrap();
    let back = rows.iter().find(|row| row["operation"] == "return").unwrap();
    let number = back["out_request_no"].as_str().unwrap().to_owned();
    assert!(number.starts_with('V') && number.len() == 39, "{number}");
    assert_ended(&shop, &shop.settle(&number), &number, "WXCOUPON_OK");
    assert_eq!((shop.till.settle_all().status, shop.listed("EV-VOID-001")), (0, None));
    assert_eq!(shop.effects("AUTO_VOID"), [Used, Returned]);
}
