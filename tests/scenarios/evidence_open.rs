//! What no answer ends: unresolved after a day, asked once a day, and abandoned by a person. It blocks nobody.

use crate::evidence_shop::{Shop, assert_ended, assert_open, assert_voided};
use crate::till::{use_request, with_limit};
use serde_json::{Value, json};
use std::time::Duration;
use wxcoupon_sandbox::Effect::{Returned, Used};
use wxcoupon_sandbox::{Fault, FaultKind};

/// A redemption that took effect, and for a day nobody said so.
fn unresolved(coupon: &str, number: &str) -> Shop {
    let shop = Shop::open();
    shop.lose_answer(coupon, number);
    shop.a_day_passes();
    let faults = ["use", "query"].map(|on| shop.refuse_unsigned(on, 403, "NO_AUTH", 0));
    assert_open(&shop, &shop.settle(number), number, "unresolved");
    assert!(faults.into_iter().all(|fault| shop.sandbox.clear_fault(fault)));
    shop
}

#[test]
fn a_day_of_answers_without_evidence_leaves_a_row_unresolved_and_in_nobodys_way() {
    let shop = unresolved("AUTO_UNRES", "EV-UNRES-01");
    let pending = shop.till.pending();
    assert_eq!(
        (&pending["pending"], &pending["watching"], &pending["requests"]),
        (&json!(0), &json!(0), &json!([]))
    );
    let listed = &pending["unresolved"][0];
    assert_eq!((&listed["out_request_no"], &listed["operation"]), (&json!("EV-UNRES-01"), &json!("use")));
    assert!(listed["cause"].as_str().unwrap().contains("NO_AUTH"), "{listed}");
    let ids: Vec<&str> = listed["request_ids"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(
        !ids.is_empty() && ids.iter().all(|id| id.ends_with("-0")),
        "for whoever asks WeChat Pay: {listed}"
    );

    let (sent, uses) = (shop.sandbox.requests().len(), shop.requests("use"));
    assert_eq!(shop.till.settle_all().status, 0);
    // The number answers class 4, whoever asks, and its own bytes are never sent again.
    for told in [shop.till.redeem(&use_request("AUTO_UNRES", "EV-UNRES-01")), shop.settle("EV-UNRES-01")] {
        assert_open(&shop, &told, "EV-UNRES-01", "unresolved");
    }
    assert_eq!(shop.sandbox.requests().len(), sent, "asked within a day before");
    // The wish to call it off is written down, and what is found is returned, at the latest on the next day.
    let told = shop.void("EV-UNRES-01");
    assert!(matches!(told.class(), 0 | 4), "{}", told.json);
    assert_eq!(shop.requests("use"), uses);
    shop.a_day_passes();
    assert_eq!((shop.till.settle_all().status, shop.listed("EV-UNRES-01")), (0, None));
    assert_eq!(shop.effects("AUTO_UNRES"), [Used, Returned]);
}

#[test]
fn an_unresolved_row_is_asked_about_once_a_day_and_what_is_found_is_told() {
    let shop = unresolved("AUTO_DAILY", "EV-DAILY-01");
    shop.a_day_passes();
    let silent = shop.refuse_unsigned("query", 404, "NOT_FOUND", 0);
    let (uses, queries) = (shop.requests("use"), shop.requests("query"));
    for _ in 0..3 {
        assert_open(&shop, &shop.settle("EV-DAILY-01"), "EV-DAILY-01", "unresolved");
        assert_eq!(shop.till.settle_all().status, 0);
    }
    assert_eq!((shop.requests("use"), shop.requests("query")), (uses, queries + 1));
    assert!(shop.sandbox.clear_fault(silent));
    shop.a_day_passes();
    assert_eq!(shop.till.settle_all().status, 0);
    assert_ended(&shop, &shop.settle("EV-DAILY-01"), "EV-DAILY-01", "WXCOUPON_OK");
    assert_eq!((shop.requests("use"), shop.effects("AUTO_DAILY")), (uses, vec![Used]));
}

#[test]
fn an_unresolved_row_that_did_not_happen_is_refused_when_that_is_found() {
    let shop = Shop::open();
    shop.lose_request("AUTO_NEVER", "EV-NEVER-01");
    shop.a_day_passes();
    let faults = ["use", "query"].map(|on| shop.refuse_unsigned(on, 403, "NO_AUTH", 0));
    assert_open(&shop, &shop.settle("EV-NEVER-01"), "EV-NEVER-01", "unresolved");
    assert!(faults.into_iter().all(|fault| shop.sandbox.clear_fault(fault)));
    shop.a_day_passes();
    let uses = shop.requests("use");
    assert_eq!(shop.settle("EV-NEVER-01").class(), 5);
    assert_eq!((shop.listed("EV-NEVER-01"), shop.requests("use")), (None, uses));
}

#[test]
fn a_dead_line_ages_nothing_and_the_first_answer_is_judged_first() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_DEAD", "EV-DEAD-001");
    shop.a_day_passes();
    let dead = shop.sandbox.inject(FaultKind::RefuseConnection);
    for _ in 0..2 {
        assert_open(&shop, &shop.settle("EV-DEAD-001"), "EV-DEAD-001", "pending");
        assert_eq!(shop.till.settle_all().class(), 4);
    }
    assert!(shop.sandbox.clear_fault(dead));
    assert_ended(&shop, &shop.settle("EV-DEAD-001"), "EV-DEAD-001", "WXCOUPON_OK");
}

/// A till's own repeat hears refusals too: it is settling that gives up.
#[test]
fn a_tills_repeat_gives_nothing_up_and_a_younger_row_is_not_unresolved() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_YOUNG", "EV-YOUNG-01");
    shop.copies_die();
    for on in ["use", "query"] {
        shop.refuse_unsigned(on, 403, "NO_AUTH", 0);
    }
    assert_open(&shop, &shop.settle("EV-YOUNG-01"), "EV-YOUNG-01", "pending");
    shop.a_day_passes();
    let told = shop.till.redeem(&use_request("AUTO_YOUNG", "EV-YOUNG-01"));
    assert_open(&shop, &told, "EV-YOUNG-01", "pending");
}

#[test]
fn a_person_may_abandon_what_is_open() {
    let another = "WXCOUPON_E_REQUEST_NO_REUSED";
    let pending = Shop::open();
    pending.lose_answer("AUTO_GIVEN", "EV-GIVEN-01");

    let voiding = Shop::open();
    voiding.lose_answer("AUTO_GIVEN", "EV-GIVEN-01");
    voiding.refuse_unsigned("query", 404, "NOT_FOUND", 0);
    assert_open(&voiding, &voiding.void("EV-GIVEN-01"), "EV-GIVEN-01", "voiding");

    let watching = Shop::open();
    watching.lose_request("AUTO_GIVEN", "EV-GIVEN-01");
    assert_voided(&watching, &watching.void("EV-GIVEN-01"), "EV-GIVEN-01", "watching");

    let refused = Shop::open();
    refused.lose_request("AUTO_GIVEN", "EV-GIVEN-01");
    assert_eq!(refused.stranger().redeem(&use_request("AUTO_GIVEN", "EV-GIVEN-02")).status, 0);
    assert_eq!(refused.till.redeem(&use_request("AUTO_GIVEN", "EV-GIVEN-01")).class(), 5);

    let damaged = Shop::open();
    damaged.lose_answer("AUTO_GIVEN", "EV-GIVEN-01");
    damage(&damaged);

    for (shop, state) in [
        (pending, "pending"),
        (voiding, "voiding"),
        (watching, "watching"),
        (refused, "watching"),
        (unresolved("AUTO_GIVEN", "EV-GIVEN-01"), "unresolved"),
        (damaged, "damaged"),
    ] {
        assert_eq!(shop.listed("EV-GIVEN-01").as_deref(), Some(state));
        shop.sandbox.clear_faults();
        let (sent, effects) = (shop.sandbox.requests().len(), shop.effects("AUTO_GIVEN"));
        let told = shop.abandon("EV-GIVEN-01");
        assert_eq!(
            (told.status, &told.json["data"]["state"]),
            (0, &json!("abandoned")),
            "{state}: {}",
            told.json
        );
        assert_eq!(shop.row("EV-GIVEN-01").note.as_deref(), Some("Li: nobody asks"));
        assert_eq!((shop.listed("EV-GIVEN-01"), shop.till.settle_all().status), (None, 0));
        for till in [&shop.till, &shop.reopened(&json!({}))] {
            let again = till.redeem(&use_request("AUTO_GIVEN", "EV-GIVEN-01"));
            assert_eq!((again.name(), again.in_doubt), (another, false), "{state}: {}", again.json);
            for aim in ["complete", "void", "abandon"] {
                let mut wanted = json!({ "out_request_no": "EV-GIVEN-01", "aim": aim });
                if aim == "abandon" {
                    wanted["note"] = json!("again");
                }
                let settled = till.settle(&wanted);
                assert_eq!(
                    (settled.class(), &settled.json["field"]),
                    (1, &json!("/aim")),
                    "{state}: {}",
                    settled.json
                );
            }
        }
        assert_eq!((shop.sandbox.requests().len(), shop.effects("AUTO_GIVEN")), (sent, effects), "{state}");
    }
}

/// Something else writes into the file.
fn damage(shop: &Shop) {
    let file = rusqlite::Connection::open(shop.file()).unwrap();
    assert_eq!(file.execute("UPDATE requests SET cause = 'forged'", []).unwrap(), 1);
}

#[test]
fn of_a_damaged_row_only_what_the_coupon_shows_is_believed() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_FORGED", "EV-FORGED-1");
    damage(&shop);
    let (uses, told) = (shop.requests("use"), shop.till.redeem(&use_request("AUTO_FORGED", "EV-FORGED-1")));
    assert_open(&shop, &told, "EV-FORGED-1", "damaged");
    let silent = shop.refuse_unsigned("query", 404, "NOT_FOUND", 0);
    assert_open(&shop, &shop.settle("EV-FORGED-1"), "EV-FORGED-1", "damaged");
    assert!(shop.sandbox.clear_fault(silent));
    assert_ended(&shop, &shop.settle("EV-FORGED-1"), "EV-FORGED-1", "WXCOUPON_OK");
    assert_eq!(shop.requests("use"), uses, "its bytes may be forged too");

    // Called off: what the coupon shows under this number is returned.
    let shop = Shop::open();
    shop.lose_answer("AUTO_FORGED", "EV-FORGED-3");
    damage(&shop);
    assert_voided(&shop, &shop.void("EV-FORGED-3"), "EV-FORGED-3", "voided");
    assert_eq!(shop.effects("AUTO_FORGED"), [Used, Returned]);

    // The coupon does not show it: nobody knows what was sent.
    let shop = Shop::open();
    shop.lose_request("AUTO_FORGED", "EV-FORGED-2");
    damage(&shop);
    assert_open(&shop, &shop.settle("EV-FORGED-2"), "EV-FORGED-2", "damaged");
    assert_eq!(shop.till.settle_all().class(), 4);
}

#[test]
fn a_damaged_row_that_was_called_off_is_neither_completed_nor_undone_by_itself() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_FORGED", "EV-FORGED-4")).status, 0);
    let silent = shop.refuse_unsigned("query", 404, "NOT_FOUND", 0);
    assert_open(&shop, &shop.void("EV-FORGED-4"), "EV-FORGED-4", "voiding");
    assert!(shop.sandbox.clear_fault(silent));
    damage(&shop);
    assert_eq!(shop.till.settle_all().class(), 4);
    assert_open(&shop, &shop.settle("EV-FORGED-4"), "EV-FORGED-4", "damaged");
    assert_eq!(shop.effects("AUTO_FORGED"), [Used]);
    assert_voided(&shop, &shop.void("EV-FORGED-4"), "EV-FORGED-4", "voided");
    assert_eq!(shop.effects("AUTO_FORGED"), [Used, Returned]);
}

#[test]
fn what_is_finished_or_in_work_cannot_be_abandoned_and_nothing_without_a_note() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_DONE", "EV-DONE-001")).status, 0);
    assert_eq!(shop.till.redeem(&use_request("SBX_USED", "EV-DONE-002")).class(), 5);
    let down = shop.sandbox.inject(FaultKind::RefuseConnection);
    assert_eq!(shop.till.redeem(&use_request("AUTO_CLOSED", "EV-DONE-003")).class(), 3);
    assert!(shop.sandbox.clear_fault(down));
    for number in ["EV-DONE-001", "EV-DONE-002", "EV-DONE-003"] {
        let told = shop.abandon(number);
        assert_eq!(
            (told.name(), &told.json["field"]),
            ("WXCOUPON_E_REQUEST", &json!("/aim")),
            "{}",
            told.json
        );
    }
    assert_voided(&shop, &shop.void("EV-DONE-001"), "EV-DONE-001", "voided");
    assert_eq!((shop.abandon("EV-DONE-001").class(), shop.effects("AUTO_DONE")), (1, vec![Used, Returned]));

    shop.lose_answer("AUTO_NOTE", "EV-NOTE-001");
    for note in [Value::Null, json!("  "), json!("\u{200B}\u{3000}"), json!("x".repeat(501)), json!(7)] {
        let told =
            shop.till.settle(&json!({ "out_request_no": "EV-NOTE-001", "aim": "abandon", "note": note }));
        assert_eq!(
            (told.name(), &told.json["field"]),
            ("WXCOUPON_E_REQUEST", &json!("/note")),
            "{}",
            told.json
        );
    }
    let everything = shop.till.settle(&json!({ "aim": "abandon", "note": "all of them" }));
    assert_eq!(everything.json["field"], "/out_request_no", "{}", everything.json);
    assert_eq!(shop.listed("EV-NOTE-001").as_deref(), Some("pending"));

    shop.sandbox.inject(Fault::new(FaultKind::Hang).on("use"));
    let till = shop.till.twin();
    std::thread::scope(|scope| {
        let call =
            scope.spawn(move || till.redeem(&with_limit(use_request("AUTO_BUSY", "EV-BUSY-001"), 2500)));
        std::thread::sleep(Duration::from_millis(500));
        let told = shop.abandon("EV-BUSY-001");
        assert_eq!((told.name(), told.in_doubt), ("WXCOUPON_E_LOCKED", true), "{}", told.json);
        assert_eq!(call.join().unwrap().class(), 4);
    });
}
