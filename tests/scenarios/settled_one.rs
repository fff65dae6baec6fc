//! Settling one number: what is asked, what is sent, and what is told beside the class.

use crate::evidence_later::{assert_returned_since, refused_and_watched, return_request, returned_by};
use crate::evidence_shop::{Shop, assert_ended, assert_open};
use crate::till::{Answer, OPENID, PRODUCT, STOCK, until_asked, use_request, with_limit};
use serde_json::{Value, json};
use wxcoupon::journal::{Row, State};
use wxcoupon_sandbox::Effect::{Returned, Used};
use wxcoupon_sandbox::{Fault, FaultKind};

/// A row that nobody answered for a day.
fn unresolved(shop: &Shop, number: &str) {
    shop.a_day_passes();
    let faults = ["use", "query"].map(|on| shop.refuse_unsigned(on, 403, "NO_AUTH", 0));
    assert_open(shop, &shop.settle(number), number, "unresolved");
    assert!(faults.into_iter().all(|fault| shop.sandbox.clear_fault(fault)));
}

/// Something else writes into this row.
fn damage(shop: &Shop, number: &str) {
    let file = rusqlite::Connection::open(shop.file()).unwrap();
    let forged = file.execute("UPDATE requests SET cause = 'forged' WHERE number = ?1", [number]);
    assert_eq!(forged.unwrap(), 1);
}

fn message(answer: &Answer) -> &str {
    answer.json["message"].as_str().unwrap()
}

#[test]
fn what_settled_it_and_how_long_it_took_is_told() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_WHO", "EV-WHO-0001");
    shop.copies_die();
    shop.sandbox.inject(Fault::new(FaultKind::Delay { ms: 60 }).on("query"));
    let told = shop.settle("EV-WHO-0001");
    assert_ended(&shop, &told, "EV-WHO-0001", "WXCOUPON_OK");
    assert_eq!(
        [&told.json["operation"], &told.json["settled_by"], &told.json["out_request_no"]],
        ["settle", "query", "EV-WHO-0001"].map(|text| json!(text)).each_ref()
    );
    assert!(told.json["elapsed_ms"].as_u64().unwrap() >= 60, "{}", told.json);
}

#[test]
fn fresh_doubt_is_repeated_without_a_question() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_FRESH", "EV-FRESH-01");
    assert_ended(&shop, &shop.settle("EV-FRESH-01"), "EV-FRESH-01", "WXCOUPON_OK");
    assert_eq!(shop.requests("query"), 0);
}

#[test]
fn what_another_number_has_done_is_refused_without_sending_it_again() {
    let shop = Shop::open();
    shop.lose_request("AUTO_TAKEN", "EV-TAKEN-01");
    assert_eq!(shop.stranger().redeem(&use_request("AUTO_TAKEN", "EV-THEIRS-1")).status, 0);
    shop.copies_die();
    let uses = shop.requests("use");
    let told = shop.settle("EV-TAKEN-01");
    assert_ended(&shop, &told, "EV-TAKEN-01", "WXCOUPON_E_COUPON_STATE");
    assert_eq!(message(&told), "another request has done it: number EV-THEIRS-1");
    assert_eq!(
        (&told.json["settled_by"], &told.json["attempts"], &told.json["http_status"]),
        (&json!("query"), &json!(1), &json!(200)),
        "{}",
        told.json
    );
    assert!(told.json["host"].is_string() && told.json["request_id"].is_string(), "{}", told.json);
    assert_eq!(shop.requests("use"), uses);
    assert!(shop.row("EV-TAKEN-01").verdict_s.is_some(), "when it was proven is known");
}

#[test]
fn old_doubt_waits_for_its_copies_and_a_till_that_repeats_does_not() {
    let shop = Shop::open();
    shop.lose_request("AUTO_WAITS", "EV-WAITS-01");
    shop.doubt_is_old();
    let uses = shop.requests("use");
    let told = shop.settle("EV-WAITS-01");
    assert_open(&shop, &told, "EV-WAITS-01", "pending");
    assert_eq!(told.name(), "WXCOUPON_E_CONNECTION_LOST", "{}", told.json);
    assert_eq!(message(&told), "the coupon is EFFECTIVE; what was sent could still arrive");
    assert_eq!(shop.requests("use"), uses);
    let asked = shop.requests("query");
    assert_eq!(shop.till.redeem(&use_request("AUTO_WAITS", "EV-WAITS-01")).status, 0);
    // Its success may be the answer to the first attempt, as old as the doubt.
    assert_eq!((shop.requests("use"), shop.requests("query")), (uses + 1, asked + 1));
}

#[test]
fn a_return_that_began_since_keeps_a_redemption_from_being_sent_again() {
    let shop = Shop::open();
    shop.lose_request("AUTO_BETWEEN", "EV-BETWEEN1");
    assert_eq!(shop.stranger().redeem(&use_request("AUTO_BETWEEN", "EV-THEIRS-1")).status, 0);
    returned_by(&shop.till, "AUTO_BETWEEN", "EV-BETWEEN-R");
    let told = shop.settle("EV-BETWEEN1");
    assert_open(&shop, &told, "EV-BETWEEN1", "pending");
    assert!(message(&told).starts_with("a return of the coupon began after this request"), "{}", told.json);
    assert_eq!(shop.effects("AUTO_BETWEEN"), [Used, Returned]);
}

#[test]
fn what_was_returned_is_not_sent_again() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_BACK", "EV-BACK-001");
    returned_by(&shop.stranger(), "AUTO_BACK", "EV-BACK-R01");
    shop.copies_die();
    let uses = shop.requests("use");
    assert_returned_since(&shop.settle("EV-BACK-001"));
    assert_eq!(shop.requests("use"), uses);
}

/// The coupon shows another number. Whether that is news depends on when the success was proven.
#[test]
fn a_success_that_the_coupon_does_not_show_is_undone_only_when_the_answer_is_younger_than_any_copy() {
    for (proven_ago, undone) in [(10, false), (400, true)] {
        let shop = Shop::open();
        assert_eq!(shop.till.redeem(&use_request("AUTO_NEWS", "EV-NEWS-001")).status, 0);
        let stranger = shop.stranger();
        returned_by(&stranger, "AUTO_NEWS", "EV-NEWS-R01");
        assert_eq!(stranger.redeem(&use_request("AUTO_NEWS", "EV-THEIRS-1")).status, 0);
        shop.doubts_success("EV-NEWS-001", proven_ago);
        let (uses, steps) = (shop.requests("use"), shop.row("EV-NEWS-001").course.attempts().len());
        let told = shop.settle("EV-NEWS-001");
        if undone {
            assert_returned_since(&told);
        } else {
            assert_open(&shop, &told, "EV-NEWS-001", "pending");
            assert_eq!(message(&told), "WeChat Pay said success, and the coupon does not show it");
        }
        assert_eq!(shop.requests("use"), uses);
        if !undone {
            assert!(shop.row("EV-NEWS-001").course.attempts().len() > steps, "the question is written down");
        }
    }
}

#[test]
fn what_nobody_answered_for_a_day_is_refused_when_it_was_returned() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_DAYBACK", "EV-DAYBACK1");
    unresolved(&shop, "EV-DAYBACK1");
    returned_by(&shop.stranger(), "AUTO_DAYBACK", "EV-DAYBACK-R");
    shop.a_day_passes();
    let told = shop.settle("EV-DAYBACK1");
    assert_returned_since(&told);
    assert_ended(&shop, &told, "EV-DAYBACK1", "WXCOUPON_E_COUPON_STATE");
}

#[test]
fn what_nobody_answered_for_a_day_stays_open_while_a_copy_may_arrive() {
    let shop = Shop::open();
    shop.lose_request("AUTO_DAYCOPY", "EV-DAYCOPY1");
    unresolved(&shop, "EV-DAYCOPY1");
    shop.a_day_passes();
    shop.last_signed(10);
    assert_open(&shop, &shop.settle("EV-DAYCOPY1"), "EV-DAYCOPY1", "unresolved");
}

#[test]
fn a_damaged_row_whose_redemption_was_returned_is_refused() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_DAMBACK", "EV-DAMBACK1");
    returned_by(&shop.stranger(), "AUTO_DAMBACK", "EV-DAMBACK-R");
    damage(&shop, "EV-DAMBACK1");
    let told = shop.settle("EV-DAMBACK1");
    assert_returned_since(&told);
    assert_ended(&shop, &told, "EV-DAMBACK1", "WXCOUPON_E_COUPON_STATE");
}

#[test]
fn a_damaged_return_makes_the_redemption_before_it_a_question() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_DAMRET", "EV-DAMRET-1")).status, 0);
    returned_by(&shop.till, "AUTO_DAMRET", "EV-DAMRET-R");
    damage(&shop, "EV-DAMRET-R");
    let asked = shop.requests("query");
    assert_returned_since(&shop.settle("EV-DAMRET-1"));
    assert_eq!(shop.requests("query"), asked + 1);
}

#[test]
fn what_is_valid_for_minutes_is_sent_again() {
    let shop = Shop::open();
    let request = json!({ "openid": OPENID, "product_coupon_id": PRODUCT, "stock_id": STOCK, "send_request_no": "EV-PRE-0001" });
    assert_eq!(shop.till.ask("pre_send", &request).status, 0);
    let told = shop.settle("EV-PRE-0001");
    assert_eq!((told.status, told.json.get("recorded")), (0, None), "{}", told.json);
    assert_eq!(shop.requests("pre_send"), 2);
}

#[test]
fn why_a_row_is_open_is_told() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_WHY", "EV-WHY-0001");
    unresolved(&shop, "EV-WHY-0001");
    shop.rewrite("EV-WHY-0001", |row| Row { request_id: Some("FOR-SUPPORT-0".into()), ..row });
    let told = shop.till.redeem(&use_request("AUTO_WHY", "EV-WHY-0001"));
    assert!(message(&told).starts_with("no answer says what became of this request: "), "{}", told.json);
    assert_eq!(told.json["request_id"], "FOR-SUPPORT-0", "{}", told.json);

    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_WHY", "EV-WHY-0002")).status, 0);
    let silent = shop.refuse_unsigned("query", 404, "NOT_FOUND", 0);
    assert_open(
        &shop,
        &shop.till.settle(&json!({ "out_request_no": "EV-WHY-0002", "aim": "void" })),
        "EV-WHY-0002",
        "voiding",
    );
    assert!(shop.sandbox.clear_fault(silent));
    damage(&shop, "EV-WHY-0002");
    let changed = "the row with this number was changed by something else than this library";
    let both = format!("{changed}: it is redeemed, and was called off: call it off anew");
    assert_eq!(message(&shop.settle("EV-WHY-0002")), both);
    shop.lose_answer("AUTO_WHY_3", "EV-WHY-0003");
    damage(&shop, "EV-WHY-0003");
    assert_eq!(message(&shop.till.redeem(&use_request("AUTO_WHY_3", "EV-WHY-0003"))), changed);
}

#[test]
fn a_number_that_another_call_works_on_says_so() {
    let shop = Shop::open();
    shop.sandbox.inject(Fault::new(FaultKind::Hang).on("use"));
    let till = shop.till.twin();
    std::thread::scope(|scope| {
        let call =
            scope.spawn(move || till.redeem(&with_limit(use_request("AUTO_WORK", "EV-WORK-001"), 4000)));
        until_asked(&shop.sandbox, 1);
        for told in [shop.settle("EV-WORK-001"), shop.till.redeem(&use_request("AUTO_WORK", "EV-WORK-001"))] {
            assert_eq!((told.name(), told.in_doubt), ("WXCOUPON_E_LOCKED", true), "{}", told.json);
            assert_eq!(message(&told), "another call is working on this number");
        }
        assert_eq!(call.join().unwrap().class(), 4);
    });
}

#[test]
fn a_number_that_was_called_off_is_refused_and_still_in_doubt() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_FIRST", "EV-TWICE-01");
    shop.refuse_unsigned("query", 404, "NOT_FOUND", 0);
    let void = json!({ "out_request_no": "EV-TWICE-01", "aim": "void" });
    assert_open(&shop, &shop.till.settle(&void), "EV-TWICE-01", "voiding");
    let told = shop.till.redeem(&use_request("AUTO_FIRST", "EV-TWICE-01"));
    assert_eq!((told.name(), told.in_doubt), ("WXCOUPON_E_REQUEST_NO_REUSED", true), "{}", told.json);
    assert_eq!(told.json["out_request_no"], "EV-TWICE-01");
}

#[test]
fn a_recorded_answer_names_its_request_and_a_recorded_pause_its_length() {
    let shop = Shop::with(&json!({ "timeout_ms": 1500 }));
    let first = shop.till.redeem(&use_request("AUTO_NAMED", "EV-NAMED-01"));
    let again = shop.till.redeem(&use_request("AUTO_NAMED", "EV-NAMED-01"));
    assert_eq!((again.status, &again.json["recorded"]), (0, &json!(true)), "{}", again.json);
    assert_eq!((&again.json["host"], again.json["host"].is_string()), (&first.json["host"], true));
    assert_eq!(
        (&again.json["request_id"], again.json["request_id"].is_string()),
        (&first.json["request_id"], true)
    );

    shop.sandbox.inject(Fault::new(FaultKind::RateLimited { retry_after: None }).on("use"));
    assert_eq!(shop.till.redeem(&use_request("AUTO_NAMED_2", "EV-NAMED-02")).class(), 6);
    let told = shop.settle("EV-NAMED-02");
    assert_eq!((told.class(), told.json["retry_after_ms"].is_u64()), (6, true), "{}", told.json);
}

#[test]
fn a_status_of_a_later_version_keeps_its_class() {
    for (state, name) in [(State::Refused, "WXCOUPON_E_REFUSED"), (State::Closed, "WXCOUPON_E_CONNECT")] {
        let shop = Shop::open();
        assert_eq!(shop.till.redeem(&use_request("SBX_USED", "EV-LATER-01")).class(), 5);
        shop.rewrite("EV-LATER-01", |row| Row { state, code: 5998, ..row });
        let told = shop.settle("EV-LATER-01");
        assert_eq!((told.name(), &told.json["recorded"]), (name, &json!(true)), "{}", told.json);
    }
}

#[test]
fn a_watched_refusal_is_told_as_it_was() {
    let shop = Shop::open();
    let first = refused_and_watched(&shop, "AUTO_SAME", "EV-SAME-001");
    let steps = shop.row("EV-SAME-001").course.attempts().len();
    let told = shop.settle("EV-SAME-001");
    assert_eq!((told.name(), &told.json["recorded"]), (first.name(), &json!(true)), "{}", told.json);
    assert_eq!((message(&told), message(&told).is_empty()), (message(&first), false));
    let row = shop.row("EV-SAME-001");
    assert!(row.course.attempts().len() > steps && row.verdict_s.is_some());
}

#[test]
fn a_list_ends_where_it_says_so_and_a_list_without_end_is_given_up() {
    let send = |number: &str| json!({ "openid": OPENID, "product_coupon_id": PRODUCT, "stock_id": STOCK, "send_request_no": number });
    let lose = |shop: &Shop, number: &str| {
        let fault = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("send"));
        shop.leave_in_doubt(|limit_ms| shop.till.ask("send", &with_limit(send(number), limit_ms)));
        assert!(shop.sandbox.clear_fault(fault));
        shop.copies_die();
    };
    let shop = Shop::open();
    lose(&shop, "EV-LIST-0001");
    let empty =
        shop.edit("list", json!({ "next_page_token": "", "user_coupon_list": [], "total_count": 0 }), true);
    let sends = shop.requests("send");
    shop.refuse("send", 403, "NOT_ENOUGH", 0);
    let lists = shop.requests("list");
    assert_ne!(shop.settle("EV-LIST-0001").status, 0);
    assert!(shop.requests("list") - lists <= 2, "an empty token is none");
    assert!(shop.requests("send") > sends);
    assert!(shop.sandbox.clear_fault(empty));

    let shop = Shop::open();
    lose(&shop, "EV-LIST-0002");
    shop.refuse("send", 403, "NOT_ENOUGH", 0);
    shop.edit("list", json!({ "next_page_token": "003030", "user_coupon_list": [], "total_count": 9 }), true);
    let told: Value = shop.settle("EV-LIST-0002").json;
    assert_eq!(told["class"], 4, "{told}");
    assert!(told["message"].as_str().unwrap().contains("among the first 2000 of the list"), "{told}");
}

#[test]
fn a_return_in_doubt_that_the_coupon_does_not_need_is_sent_once() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_ONCE", "EV-ONCE-001")).status, 0);
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("return"));
    shop.leave_in_doubt(|limit_ms| {
        shop.till.give_back(&with_limit(return_request("AUTO_ONCE", "EV-ONCE-R01"), limit_ms))
    });
    shop.copies_die();
    let returns = shop.requests("return");
    assert_open(&shop, &shop.settle("EV-ONCE-R01"), "EV-ONCE-R01", "pending");
    assert_eq!(shop.requests("return"), returns + 1, "a second one could undo something else");
    assert!(shop.sandbox.clear_fault(lost));
}

#[test]
fn after_a_question_the_attempts_of_the_repeat_are_told() {
    let shop = Shop::open();
    shop.lose_request("AUTO_TRIES", "EV-TRIES-01");
    shop.copies_die();
    shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("use").times(1));
    let told = shop.settle("EV-TRIES-01");
    assert_eq!((told.status, &told.json["attempts"]), (0, &json!(2)), "{}", told.json);
}

#[test]
fn a_taken_coupon_is_asked_for_by_its_number_while_a_copy_may_arrive() {
    let shop = Shop::open();
    shop.lose_request("AUTO_TAKEN2", "EV-TAKEN-02");
    assert_eq!(shop.stranger().redeem(&use_request("AUTO_TAKEN2", "EV-THEIRS-2")).status, 0);
    shop.doubt_is_old();
    let uses = shop.requests("use");
    let told = shop.settle("EV-TAKEN-02");
    assert_eq!((told.name(), told.in_doubt), ("WXCOUPON_E_COUPON_STATE", false), "{}", told.json);
    assert_eq!((shop.listed("EV-TAKEN-02").as_deref(), shop.requests("use")), (Some("watching"), uses + 1));
}

#[test]
fn what_is_recorded_of_a_redemption_that_was_returned_is_told_as_recorded() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_RECBACK", "EV-RECBACK1")).status, 0);
    returned_by(&shop.till, "AUTO_RECBACK", "EV-RECBACK-R");
    let told = shop.till.redeem(&use_request("AUTO_RECBACK", "EV-RECBACK1"));
    assert_returned_since(&told);
    assert_eq!((&told.json["recorded"], &told.json["out_request_no"]), (&json!(true), &json!("EV-RECBACK1")));
}

/// A number without a question: the refusal that speaks of permissions says nothing of the first attempt.
#[test]
fn a_refusal_for_want_of_permission_ends_no_doubt() {
    let shop = Shop::open();
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("unknown"));
    let body = |limit_ms| with_limit(json!({ "out_request_no": "EV-RAW-0001" }), limit_ms);
    shop.leave_in_doubt(|limit_ms| shop.till.request("POST", "/v3/anything", Some(&body(limit_ms))));
    assert!(shop.sandbox.clear_fault(lost));
    shop.copies_die();
    let permission = shop.refuse("unknown", 403, "NO_AUTH", 0);
    assert_open(&shop, &shop.settle("EV-RAW-0001"), "EV-RAW-0001", "pending");
    assert!(shop.sandbox.clear_fault(permission));
    shop.copies_die();
    shop.refuse("unknown", 400, "PARAM_ERROR", 0);
    assert_eq!(shop.settle("EV-RAW-0001").class(), 5);
}
