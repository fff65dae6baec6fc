//! Calling a redemption off, in every state that its row can have.

use crate::evidence_later::returned_by;
use crate::evidence_shop::{Shop, assert_open, assert_voided, now_s};
use crate::till::{use_request, with_limit};
use serde_json::json;
use wxcoupon::journal::Row;
use wxcoupon_sandbox::Effect::{Returned, Used};
use wxcoupon_sandbox::{Fault, FaultKind};

#[test]
fn what_is_called_off_stays_called_off_without_a_question() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_OFF", "EV-OFF-0001")).status, 0);
    assert_eq!(shop.till.redeem(&use_request("SBX_USED", "EV-OFF-0002")).class(), 5);
    let down = shop.sandbox.inject(FaultKind::RefuseConnection);
    assert_eq!(shop.till.redeem(&with_limit(use_request("AUTO_SHUT", "EV-OFF-0003"), 1500)).class(), 3);
    assert!(shop.sandbox.clear_fault(down));
    let told = shop.void("EV-OFF-0001");
    assert_voided(&shop, &told, "EV-OFF-0001", "voided");
    assert_eq!(told.json["out_request_no"], "EV-OFF-0001");
    let sent = shop.sandbox.requests().len();
    for number in ["EV-OFF-0001", "EV-OFF-0002", "EV-OFF-0003"] {
        assert_voided(&shop, &shop.void(number), number, "voided");
    }
    assert_eq!((shop.sandbox.requests().len(), shop.effects("AUTO_OFF")), (sent, vec![Used, Returned]));
}

#[test]
fn how_long_calling_off_took_is_told() {
    let shop = Shop::open();
    shop.lose_request("AUTO_SLOW", "EV-SLOW-001");
    shop.copies_die();
    shop.sandbox.inject(Fault::new(FaultKind::Delay { ms: 60 }).on("query"));
    let told = shop.void("EV-SLOW-001");
    assert_voided(&shop, &told, "EV-SLOW-001", "voided");
    assert!(told.json["elapsed_ms"].as_u64().unwrap() >= 60, "{}", told.json);
}

#[test]
fn a_watch_that_hears_nothing_stays_a_watch_and_is_written_down() {
    let shop = Shop::open();
    shop.lose_request("AUTO_WATCH", "EV-WATCH-01");
    assert_voided(&shop, &shop.void("EV-WATCH-01"), "EV-WATCH-01", "watching");
    let steps = shop.row("EV-WATCH-01").course.attempts().len();
    shop.refuse_unsigned("query", 404, "NOT_FOUND", 0);
    assert_ne!(shop.void("EV-WATCH-01").status, 0);
    assert_eq!(shop.listed("EV-WATCH-01").as_deref(), Some("watching"));
    assert!(shop.row("EV-WATCH-01").course.attempts().len() > steps);
}

#[test]
fn what_nobody_answered_for_a_day_is_called_off_for_good_and_asked_about_once_a_day() {
    let shop = Shop::with(&json!({ "timeout_ms": 1500 }));
    shop.lose_answer("AUTO_DAYOFF", "EV-DAYOFF-1");
    shop.a_day_passes();
    let faults = ["use", "query"].map(|on| shop.refuse_unsigned(on, 403, "NO_AUTH", 0));
    assert_open(&shop, &shop.settle("EV-DAYOFF-1"), "EV-DAYOFF-1", "unresolved");
    assert!(!shop.row("EV-DAYOFF-1").called_off);
    assert_open(&shop, &shop.void("EV-DAYOFF-1"), "EV-DAYOFF-1", "unresolved");
    assert!(shop.row("EV-DAYOFF-1").called_off, "the wish is on the disk although nobody answered");
    assert!(faults.into_iter().all(|fault| shop.sandbox.clear_fault(fault)));

    let asked = shop.requests("query");
    assert_open(&shop, &shop.void("EV-DAYOFF-1"), "EV-DAYOFF-1", "unresolved");
    assert_eq!(shop.requests("query"), asked, "asked within the day");
    shop.a_day_passes();
    let dead = shop.sandbox.inject(FaultKind::RefuseConnection);
    assert_open(&shop, &shop.void("EV-DAYOFF-1"), "EV-DAYOFF-1", "unresolved");
    assert!(shop.sandbox.clear_fault(dead));
    shop.a_day_passes();
    assert_voided(&shop, &shop.void("EV-DAYOFF-1"), "EV-DAYOFF-1", "voided");
    assert_eq!(shop.effects("AUTO_DAYOFF"), [Used, Returned]);
}

#[test]
fn a_return_that_is_lost_for_a_day_leaves_the_void_unresolved() {
    let shop = Shop::with(&json!({ "timeout_ms": 1500 }));
    shop.lose_answer("AUTO_RETLOST", "EV-RETLOST1");
    shop.a_day_passes();
    shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("return"));
    assert_open(&shop, &shop.void("EV-RETLOST1"), "EV-RETLOST1", "unresolved");
}

#[test]
fn what_reached_nobody_is_called_off_at_once_when_no_copy_can_arrive() {
    let shop = Shop::open();
    shop.lose_request("AUTO_NOCOPY", "EV-NOCOPY-1");
    shop.copies_die();
    assert_voided(&shop, &shop.void("EV-NOCOPY-1"), "EV-NOCOPY-1", "voided");
    assert_eq!(shop.effects("AUTO_NOCOPY"), []);
}

/// Somebody else returned it and redeemed the coupon anew.
#[test]
fn what_was_proven_and_is_gone_is_over_when_the_answer_is_younger_than_any_copy() {
    for (proven_ago, state) in [(10, "watching"), (400, "voided")] {
        let shop = Shop::open();
        assert_eq!(shop.till.redeem(&use_request("AUTO_GONE", "EV-GONE-001")).status, 0);
        let stranger = shop.stranger();
        returned_by(&stranger, "AUTO_GONE", "EV-GONE-R01");
        assert_eq!(stranger.redeem(&use_request("AUTO_GONE", "EV-THEIRS-1")).status, 0);
        let proven_s = Some(now_s() - proven_ago);
        shop.rewrite("EV-GONE-001", |row| Row { verdict_s: proven_s, ..row });
        assert_voided(&shop, &shop.void("EV-GONE-001"), "EV-GONE-001", state);
        assert_eq!(shop.effects("AUTO_GONE"), [Used, Returned, Used]);
    }
}

/// Its copies may still redeem the coupon that somebody else returned.
#[test]
fn what_somebody_else_returned_is_watched_while_a_copy_may_arrive() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_ELSE", "EV-ELSE-001");
    returned_by(&shop.stranger(), "AUTO_ELSE", "EV-ELSE-R01");
    assert_voided(&shop, &shop.void("EV-ELSE-001"), "EV-ELSE-001", "watching");
    shop.copies_die();
    assert_voided(&shop, &shop.void("EV-ELSE-001"), "EV-ELSE-001", "voided");
}
