//! What happens to a coupon later: copies that come late, returns that others made, and what a till is told then.

use crate::evidence_shop::{Shop, assert_ended, assert_open, assert_voided};
use crate::till::{Answer, Till, query_request, use_request, with_limit};
use serde_json::{Value, json};
use std::time::Duration;
use wxcoupon_sandbox::Effect::{Returned, Used};
use wxcoupon_sandbox::{Fault, FaultKind};

pub fn return_request(coupon: &str, number: &str) -> Value {
    let mut request = query_request(coupon);
    request["out_request_no"] = json!(number);
    request
}

#[track_caller]
pub fn returned_by(till: &Till, coupon: &str, number: &str) {
    let answer = till.give_back(&return_request(coupon, number));
    assert_eq!(answer.status, 0, "{}", answer.json);
}

#[track_caller]
pub fn assert_returned_since(answer: &Answer) {
    assert_eq!((answer.name(), answer.in_doubt), ("WXCOUPON_E_COUPON_STATE", false), "{}", answer.json);
    let message = answer.json["message"].as_str().unwrap();
    assert!(message.contains("redeemed by this number and returned since"), "{message}");
    assert!(answer.json.get("data").is_none(), "an answer that no longer holds is not shown");
}

/// Ours is on its way, another till redeems, and ours is refused: told at once, and watched.
pub fn refused_and_watched(shop: &Shop, coupon: &str, number: &str) -> Answer {
    shop.lose_request(coupon, number);
    let theirs = shop.stranger().redeem(&use_request(coupon, "EV-THEIRS-1"));
    assert_eq!(theirs.status, 0, "{}", theirs.json);
    let told = shop.till.redeem(&use_request(coupon, number));
    assert_eq!((told.name(), told.in_doubt), ("WXCOUPON_E_COUPON_STATE", false), "{}", told.json);
    assert_eq!(shop.listed(number).as_deref(), Some("watching"));
    let pending = shop.till.pending();
    assert_eq!((&pending["pending"], &pending["watching"]), (&json!(0), &json!(1)));
    told
}

#[test]
fn a_late_copy_of_what_was_refused_is_returned() {
    let shop = Shop::open();
    refused_and_watched(&shop, "AUTO_LATE", "EV-LATE-001");
    assert_eq!(shop.till.settle_all().status, 0, "it counts as nobody's doubt");
    assert_eq!(shop.listed("EV-LATE-001").as_deref(), Some("watching"));
    returned_by(&shop.stranger(), "AUTO_LATE", "EV-THEIRS-2");
    shop.copy_arrives("AUTO_LATE", "EV-LATE-001");
    assert_eq!(shop.till.settle_all().status, 0);
    assert_eq!(shop.effects("AUTO_LATE"), [Used, Returned, Used, Returned]);
    // What the till was told stays what it was told.
    let told = shop.settle("EV-LATE-001");
    assert_ended(&shop, &told, "EV-LATE-001", "WXCOUPON_E_COUPON_STATE");
    assert_returned_since(&told);
}

#[test]
fn the_watch_ends_when_no_copy_can_arrive_and_leaves_the_others_redemption_alone() {
    let shop = Shop::open();
    refused_and_watched(&shop, "AUTO_WATCHED", "EV-WATCHED1");
    shop.copies_die();
    let unsigned = shop.refuse_unsigned("query", 404, "NOT_FOUND", 0);
    assert_eq!(shop.till.settle_all().status, 0);
    assert_eq!(shop.listed("EV-WATCHED1").as_deref(), Some("watching"), "no evidence ends it");
    assert!(shop.sandbox.clear_fault(unsigned));
    assert_eq!(shop.till.settle_all().status, 0);
    assert_eq!((shop.listed("EV-WATCHED1"), shop.effects("AUTO_WATCHED")), (None, vec![Used]));
    let asked = shop.requests("query");
    assert_eq!((shop.till.settle_all().status, shop.requests("query")), (0, asked));
}

#[test]
fn a_tills_own_repeat_ends_the_watch_and_is_never_returned() {
    let shop = Shop::open();
    refused_and_watched(&shop, "AUTO_REPEAT", "EV-REPEAT-1");
    returned_by(&shop.stranger(), "AUTO_REPEAT", "EV-THEIRS-2");
    assert_eq!(shop.till.redeem(&use_request("AUTO_REPEAT", "EV-REPEAT-1")).status, 0);
    assert_eq!((shop.till.settle_all().status, shop.listed("EV-REPEAT-1")), (0, None));
    shop.copy_arrives("AUTO_REPEAT", "EV-REPEAT-1");
    assert_eq!(shop.till.settle_all().status, 0);
    assert_eq!(shop.effects("AUTO_REPEAT"), [Used, Returned, Used]);
}

#[test]
fn a_repeat_without_an_answer_is_pending_and_a_new_refusal_starts_the_watch_anew() {
    let shop = Shop::open();
    refused_and_watched(&shop, "AUTO_ANEW", "EV-ANEW-002");
    shop.last_signed(200);
    let first = shop.row("EV-ANEW-002").signed_s;
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("use"));
    let request = use_request("AUTO_ANEW", "EV-ANEW-002");
    let unsure = shop.leave_in_doubt(|limit_ms| shop.till.redeem(&with_limit(request.clone(), limit_ms)));
    assert_open(&shop, &unsure, "EV-ANEW-002", "pending");
    assert!(shop.sandbox.clear_fault(lost));
    let refused = shop.till.redeem(&use_request("AUTO_ANEW", "EV-ANEW-002"));
    assert_eq!(refused.class(), 5, "{}", refused.json);
    assert_eq!(shop.listed("EV-ANEW-002").as_deref(), Some("watching"));
    assert!(shop.row("EV-ANEW-002").signed_s >= first + 200);
}

#[test]
fn calling_off_what_was_refused_watches_for_its_copies() {
    let shop = Shop::open();
    refused_and_watched(&shop, "AUTO_CALLED", "EV-CALLED-1");
    assert_voided(&shop, &shop.void("EV-CALLED-1"), "EV-CALLED-1", "watching");
    returned_by(&shop.stranger(), "AUTO_CALLED", "EV-THEIRS-2");
    shop.copy_arrives("AUTO_CALLED", "EV-CALLED-1");
    assert_eq!((shop.till.settle_all().status, shop.listed("EV-CALLED-1")), (0, None));
    assert_eq!(shop.effects("AUTO_CALLED"), [Used, Returned, Used, Returned]);
}

#[test]
fn a_redemption_that_this_journal_knows_to_be_returned_is_told_as_that() {
    let shop = Shop::open();
    let request = use_request("AUTO_BACK", "EV-BACK-001");
    assert_eq!(shop.till.redeem(&request).status, 0);
    returned_by(&shop.till, "AUTO_BACK", "EV-BACK-R01");
    let sent = shop.sandbox.requests().len();
    for _ in 0..2 {
        assert_returned_since(&shop.till.redeem(&request));
        assert_returned_since(&shop.settle("EV-BACK-001"));
    }
    assert_eq!(shop.sandbox.requests().len(), sent);
    // The next redemption is one of its own, and the old return does not speak of it.
    assert_eq!(shop.till.redeem(&use_request("AUTO_BACK", "EV-BACK-002")).status, 0);
    let again = shop.till.redeem(&use_request("AUTO_BACK", "EV-BACK-002"));
    assert_eq!((again.status, &again.json["recorded"]), (0, &json!(true)), "{}", again.json);
}

#[test]
fn a_recorded_success_says_from_when_it_is() {
    let shop = Shop::open();
    let request = use_request("AUTO_STAMP", "EV-STAMP-01");
    let first = shop.till.redeem(&request);
    assert_eq!((first.status, first.json.get("recorded_at")), (0, None));
    let again = shop.till.redeem(&request);
    let at = again.json["recorded_at"].as_str().unwrap();
    let at = time::OffsetDateTime::parse(at, &time::format_description::well_known::Rfc3339).unwrap();
    assert_eq!((again.status, &again.json["recorded"]), (0, &json!(true)));
    assert!((time::OffsetDateTime::now_utc() - at).abs() < time::Duration::minutes(2), "{at}");
}

#[test]
fn without_replays_the_coupon_is_asked_before_an_old_success_is_told() {
    let shop = Shop::with(&json!({ "journal_replays": false }));
    let request = use_request("AUTO_ASKED", "EV-ASKED-01");
    assert_eq!(shop.till.redeem(&request).status, 0);
    let (before, again) = (shop.requests("query"), shop.till.redeem(&request));
    assert_eq!((again.status, again.json.get("recorded")), (0, None), "{}", again.json);
    assert_eq!(shop.requests("query"), before + 1);

    // Head office returns it. Where the question has no answer, what is recorded is told as that.
    returned_by(&shop.stranger(), "AUTO_ASKED", "EV-OFFICE-1");
    let silent = shop.refuse_unsigned("query", 404, "NOT_FOUND", 0);
    let told = shop.till.redeem(&request);
    assert_eq!((told.status, &told.json["recorded"]), (0, &json!(true)), "{}", told.json);
    assert!(shop.sandbox.clear_fault(silent));
    // Once it has been seen, it stays known, although the repeat goes on being answered with the first success.
    for _ in 0..3 {
        assert_returned_since(&shop.till.redeem(&request));
    }
    assert_eq!(shop.effects("AUTO_ASKED"), [Used, Returned]);
}

#[test]
fn a_success_that_answers_an_old_attempt_is_asked_about() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_OFFICE", "EV-OFFICE-2");
    returned_by(&shop.stranger(), "AUTO_OFFICE", "EV-OFFICE-3");
    shop.copies_die();
    let silent = shop.refuse_unsigned("query", 404, "NOT_FOUND", 0);
    let unsure = shop.settle("EV-OFFICE-2");
    assert_open(&shop, &unsure, "EV-OFFICE-2", "pending");
    assert_eq!(
        shop.sandbox.requests().iter().rfind(|sent| sent.operation == "use").unwrap().http_status,
        Some(200)
    );
    assert!(shop.sandbox.clear_fault(silent));
    assert_returned_since(&shop.settle("EV-OFFICE-2"));
    assert_eq!(shop.listed("EV-OFFICE-2"), None);
    for _ in 0..2 {
        assert_returned_since(&shop.till.redeem(&use_request("AUTO_OFFICE", "EV-OFFICE-2")));
    }
    assert_eq!(shop.effects("AUTO_OFFICE"), [Used, Returned]);
}

/// What was put off was never accepted: its repeat is as good as a first call, and costs no question.
#[test]
fn a_success_after_waiting_is_told_without_a_question() {
    let shop = Shop::open();
    let request = use_request("AUTO_WAITED", "EV-WAITED-1");
    let fault = shop.sandbox.inject(Fault::new(FaultKind::RateLimited { retry_after: Some(30) }).on("use"));
    let put_off = shop.till.redeem(&request);
    assert_eq!((put_off.class(), put_off.in_doubt), (6, false), "{}", put_off.json);
    assert!(shop.sandbox.clear_fault(fault));
    assert_eq!(shop.till.redeem(&request).status, 0);
    assert_eq!((shop.requests("query"), shop.effects("AUTO_WAITED")), (0, vec![Used]));
}

/// A service that answers the repeat with the coupon as it stands by now, while a copy may still be on its way.
#[test]
fn what_was_redeemed_and_returned_is_told_at_once_and_watched_while_copies_live() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_STANDS", "EV-STANDS-1");
    returned_by(&shop.stranger(), "AUTO_STANDS", "EV-OFFICE-4");
    shop.sandbox
        .inject(Fault::new(FaultKind::Edited { patch: json!({ "coupon_state": "EFFECTIVE" }) }).on("use"));
    assert_returned_since(&shop.settle("EV-STANDS-1"));
    assert_eq!(shop.listed("EV-STANDS-1").as_deref(), Some("watching"));
    assert_eq!(shop.till.settle_all().status, 0);
    assert_eq!(shop.listed("EV-STANDS-1").as_deref(), Some("watching"));
    shop.copies_die();
    assert_eq!((shop.till.settle_all().status, shop.listed("EV-STANDS-1")), (0, None));
    assert_returned_since(&shop.till.redeem(&use_request("AUTO_STANDS", "EV-STANDS-1")));
    assert_eq!(shop.effects("AUTO_STANDS"), [Used, Returned]);
}

/// The answer of a return is lost; the coupon is redeemed and returned once more by others.
fn lose_return(shop: &Shop, kind: FaultKind) {
    assert_eq!(shop.till.redeem(&use_request("AUTO_TWICE", "EV-TWICE-01")).status, 0);
    let lost = shop.sandbox.inject(Fault::new(kind).on("return"));
    let request = return_request("AUTO_TWICE", "EV-TWICE-R1");
    let unsure = shop.leave_in_doubt(|limit_ms| shop.till.give_back(&with_limit(request.clone(), limit_ms)));
    assert_open(shop, &unsure, "EV-TWICE-R1", "pending");
    assert!(shop.sandbox.clear_fault(lost));
    let office = shop.stranger();
    if shop.effects("AUTO_TWICE").contains(&Returned) {
        assert_eq!(office.redeem(&use_request("AUTO_TWICE", "EV-TWICE-02")).status, 0);
    }
    returned_by(&office, "AUTO_TWICE", "EV-TWICE-R2");
}

#[test]
fn a_return_that_others_have_overtaken_ends_with_the_truth() {
    let shop = Shop::open();
    lose_return(&shop, FaultKind::ProcessThenReset);
    shop.copies_die();
    let told = shop.settle("EV-TWICE-R1");
    assert_ended(&shop, &told, "EV-TWICE-R1", "WXCOUPON_OK");
    assert_eq!(shop.effects("AUTO_TWICE"), [Used, Returned, Used, Returned]);

    // It never took effect: the other return was the one.
    let shop = Shop::open();
    lose_return(&shop, FaultKind::ResetAfterRead);
    shop.copies_die();
    let told = shop.settle("EV-TWICE-R1");
    assert_ended(&shop, &told, "EV-TWICE-R1", "WXCOUPON_E_COUPON_STATE");
    assert_eq!(shop.effects("AUTO_TWICE"), [Used, Returned]);
}

#[test]
fn a_return_that_nobody_answers_for_is_unresolved_in_the_end() {
    let shop = Shop::open();
    lose_return(&shop, FaultKind::ProcessThenReset);
    shop.a_day_passes();
    shop.refuse_unsigned("return", 403, "NOT_ENOUGH", 0);
    shop.refuse_unsigned("query", 404, "NOT_FOUND", 0);
    let told = shop.settle("EV-TWICE-R1");
    assert_open(&shop, &told, "EV-TWICE-R1", "unresolved");
}

/// The one race that is not solved: between the question of a void and its return another number redeems the coupon.
#[test]
fn a_return_that_undid_somebody_elses_redemption_is_loud() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_RACE", "EV-RACE-001")).status, 0);
    shop.sandbox.inject(Fault::new(FaultKind::Delay { ms: 4000 }).on("query").times(1));
    let (till, office) = (shop.till.twin(), shop.stranger());
    std::thread::scope(|scope| {
        let off =
            json!({ "out_request_no": "EV-RACE-001", "aim": "void", "_options": { "timeout_ms": 20_000 } });
        let void = scope.spawn(move || till.settle(&off));
        while shop.requests("query") == 0 {
            std::thread::sleep(Duration::from_millis(10));
        }
        returned_by(&office, "AUTO_RACE", "EV-OFFICE-5");
        assert_eq!(office.redeem(&use_request("AUTO_RACE", "EV-RACE-002")).status, 0);
        let told = void.join().unwrap();
        assert_open(&shop, &told, "EV-RACE-001", "voiding");
        assert!(told.json["message"].as_str().unwrap().contains("EV-RACE-002"), "{}", told.json);
    });
    assert_eq!(shop.effects("AUTO_RACE"), [Used, Returned, Used, Returned], "theirs was undone");
    let cause = shop.till.pending()["requests"][0]["cause"].as_str().unwrap().to_owned();
    assert!(cause.contains("EV-RACE-002"), "{cause}");
}
