//! What ends doubt is evidence: a proven answer that speaks of this very coupon, from a time at which no copy of the
//! request can arrive any more.

use crate::evidence_shop::{ANOTHERS, NO_SUCH_COUPON, Shop, assert_ended, assert_open, assert_voided, now_s};
use crate::till::{config_with, use_request};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use wxcoupon_sandbox::{CouponState, Effect, Fault, FaultId, FaultKind};

/// A question is answered with 404 in every way that does not mean this coupon.
fn not_found_in_vain(shop: &Shop) -> Vec<(&'static str, FaultId)> {
    vec![
        ("unsigned", shop.refuse_unsigned("query", 404, "NOT_FOUND", NO_SUCH_COUPON)),
        ("another brand's", shop.refuse("query", 404, "NOT_FOUND", ANOTHERS)),
        ("without a reason", shop.refuse("query", 404, "NOT_FOUND", 0)),
    ]
}

#[test]
fn a_proven_redemption_is_not_called_off_by_what_says_that_it_does_not_exist() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_PROVEN", "EV-PROVEN-1")).status, 0);
    let mut faults = not_found_in_vain(&shop);
    // It existed: that it is absent now is a contradiction, however well it is signed.
    faults.push(("absent", shop.refuse("query", 404, "NOT_FOUND", NO_SUCH_COUPON)));
    for (what, fault) in faults {
        let told = shop.void("EV-PROVEN-1");
        assert_eq!(shop.sandbox.requests().last().unwrap().http_status, Some(404), "{what}");
        assert_open(&shop, &told, "EV-PROVEN-1", "voiding");
        assert_eq!(shop.effects("AUTO_PROVEN"), [Effect::Used], "{what}");
        assert!(shop.sandbox.clear_fault(fault));
    }
    assert_eq!(shop.till.settle_all().status, 0);
    assert_eq!(shop.effects("AUTO_PROVEN"), [Effect::Used, Effect::Returned]);
}

#[test]
fn a_pending_redemption_that_is_called_off_stays_open_until_there_is_evidence() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_OFF", "EV-OFF-0001");
    for (_, fault) in not_found_in_vain(&shop) {
        assert_open(&shop, &shop.void("EV-OFF-0001"), "EV-OFF-0001", "voiding");
        assert!(shop.sandbox.clear_fault(fault));
    }
    shop.copies_die();
    for (_, fault) in not_found_in_vain(&shop) {
        assert_open(&shop, &shop.void("EV-OFF-0001"), "EV-OFF-0001", "voiding");
        assert!(shop.sandbox.clear_fault(fault));
    }
    let voided = shop.void("EV-OFF-0001");
    assert_voided(&shop, &voided, "EV-OFF-0001", "voided");
    assert_eq!(shop.effects("AUTO_OFF"), [Effect::Used, Effect::Returned]);
}

#[test]
fn what_is_called_off_and_never_found_out_becomes_unresolved_and_is_returned_when_it_is_found() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_OPEN", "EV-OPEN-001");
    let fault = shop.refuse("query", 404, "NOT_FOUND", ANOTHERS);
    assert_open(&shop, &shop.void("EV-OPEN-001"), "EV-OPEN-001", "voiding");
    shop.a_day_passes();
    assert_eq!(shop.till.settle_all().status, 0, "it holds up nobody");
    assert_eq!(shop.listed("EV-OPEN-001").as_deref(), Some("unresolved"));
    assert!(shop.sandbox.clear_fault(fault));
    shop.a_day_passes();
    assert_eq!(shop.till.settle_all().status, 0);
    assert_eq!(shop.listed("EV-OPEN-001"), None);
    assert_eq!(shop.effects("AUTO_OPEN"), [Effect::Used, Effect::Returned]);
}

#[test]
fn unsigned_refusals_of_a_repeat_and_of_its_question_refuse_nothing() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_UNSIGNED", "EV-UNSIGN-1");
    shop.copies_die();
    for (status, code) in [(403, "NO_AUTH"), (403, "NOT_ENOUGH"), (404, "NOT_FOUND")] {
        let faults = ["use", "query"].map(|on| shop.refuse_unsigned(on, status, code, NO_SUCH_COUPON));
        assert_open(&shop, &shop.settle("EV-UNSIGN-1"), "EV-UNSIGN-1", "pending");
        let again = shop.till.redeem(&use_request("AUTO_UNSIGNED", "EV-UNSIGN-1"));
        assert_open(&shop, &again, "EV-UNSIGN-1", "pending");
        assert!(faults.into_iter().all(|fault| shop.sandbox.clear_fault(fault)));
        shop.copies_die();
    }
    // A signed refusal of the repeat is not the question's answer.
    let faults =
        [shop.refuse("use", 403, "NOT_ENOUGH", 0), shop.refuse_unsigned("query", 404, "NOT_FOUND", 0)];
    assert_open(&shop, &shop.settle("EV-UNSIGN-1"), "EV-UNSIGN-1", "pending");
    assert!(faults.into_iter().all(|fault| shop.sandbox.clear_fault(fault)));
    assert_ended(&shop, &shop.settle("EV-UNSIGN-1"), "EV-UNSIGN-1", "WXCOUPON_OK");
    assert_eq!(shop.effects("AUTO_UNSIGNED"), [Effect::Used]);
}

/// A call whose every attempt has an answer ends with that answer, signed or not.
#[test]
fn an_unsigned_refusal_ends_a_call_that_leaves_no_doubt() {
    let shop = Shop::open();
    shop.refuse_unsigned("use", 403, "NOT_ENOUGH", 0);
    let told = shop.till.redeem(&use_request("AUTO_PLAIN", "EV-PLAIN-01"));
    assert_ended(&shop, &told, "EV-PLAIN-01", "WXCOUPON_E_COUPON_STATE");
}

#[test]
fn a_redeemed_coupon_that_names_nobody_or_an_unknown_state_is_no_evidence() {
    for (index, patch) in [
        json!({ "single_usage_detail": null }),
        json!({ "single_usage_detail": null, "usage_mode": "OF_THE_FUTURE", "future_usage_detail": {} }),
        json!({ "coupon_state": "FROZEN" }),
    ]
    .into_iter()
    .enumerate()
    {
        let shop = Shop::open();
        shop.lose_answer("AUTO_NOBODY", "EV-NOBODY-1");
        shop.copies_die();
        let asked = shop.edit("query", patch, true);
        let refused = shop.refuse("use", 403, "NOT_ENOUGH", 0);
        assert_open(&shop, &shop.settle("EV-NOBODY-1"), "EV-NOBODY-1", "pending");
        if index == 0 {
            assert_open(&shop, &shop.void("EV-NOBODY-1"), "EV-NOBODY-1", "voiding");
            assert_eq!(shop.effects("AUTO_NOBODY"), [Effect::Used]);
        }
        assert!(shop.sandbox.clear_fault(asked) && shop.sandbox.clear_fault(refused));
        assert_eq!(shop.till.settle_all().status, 0);
        let all = if index == 0 { vec![Effect::Used, Effect::Returned] } else { vec![Effect::Used] };
        assert_eq!(shop.effects("AUTO_NOBODY"), all);
    }
}

#[test]
fn a_coupon_that_is_over_for_good_ends_doubt_at_once() {
    for (state, ends) in [
        (CouponState::Expired, true),
        (CouponState::Deleted, true),
        (CouponState::Deactivated, false),
        (CouponState::Effective, false),
    ] {
        let shop = Shop::open();
        shop.lose_request("AUTO_OVER", "EV-OVER-001");
        shop.sandbox.set_state("AUTO_OVER", state).unwrap();
        shop.refuse("use", 403, "NOT_ENOUGH", 0);
        let told = shop.settle("EV-OVER-001");
        if ends {
            assert_ended(&shop, &told, "EV-OVER-001", "WXCOUPON_E_COUPON_STATE");
        } else {
            assert_open(&shop, &told, "EV-OVER-001", "pending");
            shop.copies_die();
            assert_ended(&shop, &shop.settle("EV-OVER-001"), "EV-OVER-001", "WXCOUPON_E_COUPON_STATE");
        }
    }
}

/// Six minutes, by the time of WeChat Pay's answer: five for the signature, one for the clocks.
#[test]
fn what_is_not_shown_counts_once_no_copy_can_arrive() {
    let shop = Shop::open();
    shop.lose_request("AUTO_SIX", "EV-SIX-0001");
    shop.refuse("use", 403, "NOT_ENOUGH", 0);
    for seconds_ago in [0, 301, 340] {
        shop.last_signed(seconds_ago);
        assert_open(&shop, &shop.settle("EV-SIX-0001"), "EV-SIX-0001", "pending");
    }
    // Before that, it is asked about only when a repeat was refused; from then on, before anything is repeated.
    shop.last_signed(361);
    let before = (shop.requests("use"), shop.requests("query"));
    shop.sandbox.clear_faults();
    assert_ended(&shop, &shop.settle("EV-SIX-0001"), "EV-SIX-0001", "WXCOUPON_OK");
    // And after: the answer to a number that was sent before may be an old one.
    assert_eq!((shop.requests("use"), shop.requests("query")), (before.0 + 1, before.1 + 2));
    let requests = shop.sandbox.requests();
    let last: Vec<&str> = requests.iter().rev().take(3).map(|request| &*request.operation).collect();
    assert_eq!(last, ["query", "use", "query"], "latest first");
    assert_eq!(shop.effects("AUTO_SIX"), [Effect::Used]);
}

/// Every question and every repeat before the copies were dead left the wait as it was; the repeat after it is a new
/// first call's, and its loss begins a new wait.
#[test]
fn the_repeat_after_doubt_is_over_is_judged_like_a_first_call() {
    let shop = Shop::open();
    shop.lose_request("AUTO_ANEW", "EV-ANEW-001");
    shop.copies_die();
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("use"));
    let again =
        shop.till.settle(&json!({ "out_request_no": "EV-ANEW-001", "_options": { "timeout_ms": 2000 } }));
    assert_open(&shop, &again, "EV-ANEW-001", "pending");
    assert!(shop.row("EV-ANEW-001").signed_s >= now_s() - 60);
    assert!(shop.sandbox.clear_fault(lost));
    assert_ended(&shop, &shop.settle("EV-ANEW-001"), "EV-ANEW-001", "WXCOUPON_OK");
    assert_eq!(shop.effects("AUTO_ANEW"), [Effect::Used]);
}

/// Should the process die, its last signature may be as late as the end of its call.
#[test]
fn a_row_in_work_may_be_signed_until_its_call_ends_and_the_verdict_says_when_it_was() {
    let shop = Shop::open();
    shop.sandbox.inject(Fault::new(FaultKind::Hang).on("use"));
    let mut request = use_request("AUTO_WORK", "EV-WORK-001");
    request["_options"] = json!({ "timeout_ms": 4000 });
    let till = shop.till.twin();
    let (before, start) = (now_s(), Instant::now());
    std::thread::scope(|scope| {
        let call = scope.spawn(move || till.redeem(&request).class());
        let until = Instant::now() + Duration::from_secs(3);
        while shop.requests("use") == 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        let row = shop.row("EV-WORK-001");
        assert!(row.lease.owner.is_some() && row.sent, "it is in work");
        assert!((before + 4..=now_s() + 6).contains(&row.signed_s), "{} {before}", row.signed_s);
        assert_eq!(call.join().unwrap(), 4);
    });
    let row = shop.row("EV-WORK-001");
    let last = now_s() - before;
    assert!(row.lease.owner.is_none() && row.signed_s >= before, "{} {before}", row.signed_s);
    assert!(row.signed_s <= before + last && start.elapsed() >= Duration::from_secs(3));
}

/// A clock that was hours ahead when it signed: nobody accepts that copy later than what was sent just now.
#[test]
fn a_signature_from_a_time_to_come_keeps_nothing_open_until_then() {
    let shop = Shop::open();
    shop.lose_request("AUTO_AHEAD", "EV-AHEAD-01");
    shop.last_signed(-8 * 3600);
    shop.refuse("use", 403, "NOT_ENOUGH", 0);
    assert_open(&shop, &shop.settle("EV-AHEAD-01"), "EV-AHEAD-01", "pending");
    let signed_s = shop.row("EV-AHEAD-01").signed_s;
    // The answer that bounds it may itself be as old as the window allows.
    assert!((now_s() - 60..=now_s() + 301).contains(&signed_s), "{}", signed_s - now_s());
    shop.copies_die();
    assert_ended(&shop, &shop.settle("EV-AHEAD-01"), "EV-AHEAD-01", "WXCOUPON_E_COUPON_STATE");
}

#[test]
fn absence_is_what_names_this_coupon_once_no_copy_can_arrive() {
    let shop = Shop::open();
    shop.lose_request("AUTO_ABSENT", "EV-ABSENT-1");
    // Whatever the repeat is told: the question decides.
    let refusal = shop.refuse("use", 404, "NOT_FOUND", NO_SUCH_COUPON);
    let young = shop.refuse("query", 404, "NOT_FOUND", NO_SUCH_COUPON);
    assert_open(&shop, &shop.settle("EV-ABSENT-1"), "EV-ABSENT-1", "pending");
    assert!(shop.sandbox.clear_fault(young));
    shop.copies_die();
    for (_, fault) in not_found_in_vain(&shop) {
        assert_open(&shop, &shop.settle("EV-ABSENT-1"), "EV-ABSENT-1", "pending");
        assert!(shop.sandbox.clear_fault(fault));
    }
    shop.refuse("query", 404, "NOT_FOUND", NO_SUCH_COUPON);
    assert_ended(&shop, &shop.settle("EV-ABSENT-1"), "EV-ABSENT-1", "WXCOUPON_E_NOT_FOUND");
    assert!(shop.sandbox.clear_fault(refusal));
}

/// What the configuration would fill in by now may name something else.
#[test]
fn the_question_has_exactly_the_members_of_the_row() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_MEMBERS", "EV-MEMBERS");
    shop.copies_die();
    let mut other = config_with(&shop.sandbox, &json!({ "journal_path": shop.file() }));
    other["defaults"] = json!({ "appid": "wx0000000000000000", "brand_id": "120345" });
    assert_eq!(shop.till.update(&other).status, 0);
    assert_ended(&shop, &shop.settle("EV-MEMBERS"), "EV-MEMBERS", "WXCOUPON_OK");
    let requests = shop.sandbox.requests();
    let asked = requests.iter().rev().find(|request| request.operation == "query").unwrap();
    let defaults: Value = shop.sandbox.config()["defaults"].clone();
    for name in ["appid", "brand_id"] {
        let member = format!("{name}={}", defaults[name].as_str().unwrap());
        assert!(asked.target.contains(&member), "{}", asked.target);
    }
}
