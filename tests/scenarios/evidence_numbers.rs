//! A number in doubt that comes again in another way, and a journal that cannot be written: whatever is told, it is not
//! told that nothing happened.

use crate::evidence_shop::{Shop, assert_ended, assert_open};
use crate::till::{Answer, query_request, use_request};
use serde_json::json;
use std::time::Duration;
use wxcoupon_sandbox::Effect::Used;
use wxcoupon_sandbox::{Fault, FaultKind};

const REUSED: &str = "WXCOUPON_E_REQUEST_NO_REUSED";

#[test]
fn other_members_of_a_request_in_doubt_are_named() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_MEMBER", "EV-MEMBER-1");
    let sent = shop.sandbox.requests().len();
    let mut other = use_request("AUTO_MEMBER", "EV-MEMBER-1");
    other["use_time"] = json!("2025-08-03T12:00:01+08:00");
    other["store_id"] = json!("500001");
    let told = shop.till.redeem(&other);
    assert_open(&shop, &told, "EV-MEMBER-1", "pending");
    let message = told.json["message"].as_str().unwrap();
    assert!(message.contains("use_time") && message.contains("store_id"), "{message}");
    assert!(!message.contains("openid"), "only what differs: {message}");
    assert_eq!(shop.sandbox.requests().len(), sent);
}

#[test]
fn another_coupon_or_operation_under_a_number_in_doubt_is_told_what_the_number_stands_for() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_STANDS", "EV-STANDS-2");
    let sent = shop.sandbox.requests().len();
    let mut back = query_request("AUTO_STANDS");
    back["out_request_no"] = json!("EV-STANDS-2");
    for told in [shop.till.redeem(&use_request("AUTO_ELSE", "EV-STANDS-2")), shop.till.give_back(&back)] {
        assert_eq!((told.name(), told.in_doubt), (REUSED, false), "{}", told.json);
        assert!(told.json["message"].as_str().unwrap().contains("AUTO_STANDS"), "{}", told.json);
    }
    assert_eq!(shop.sandbox.requests().len(), sent);
    assert_eq!(shop.listed("EV-STANDS-2").as_deref(), Some("pending"));
}

#[test]
fn mistakes_and_busy_numbers_keep_their_class_and_say_that_there_is_doubt() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_KEEPS", "EV-KEEPS-01");
    let mut wrong = use_request("AUTO_KEEPS", "EV-KEEPS-01");
    wrong.as_object_mut().unwrap().remove("openid");
    let told = shop.till.redeem(&wrong);
    assert_eq!((told.name(), told.in_doubt), ("WXCOUPON_E_REQUEST", true), "{}", told.json);
    wrong["out_request_no"] = json!("EV-KEEPS-02");
    assert!(!shop.till.redeem(&wrong).in_doubt, "of this number nothing was ever sent");

    let slow = shop.sandbox.inject(Fault::new(FaultKind::Delay { ms: 4000 }).on("use"));
    let job = shop.till.start("use", &use_request("AUTO_KEEPS", "EV-KEEPS-01")).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let running = job.wait(0);
    assert_eq!((running.name(), running.in_doubt), ("WXCOUPON_E_RUNNING", true), "{}", running.json);
    let busy = [
        shop.till.redeem(&use_request("AUTO_KEEPS", "EV-KEEPS-01")),
        shop.settle("EV-KEEPS-01"),
        shop.void("EV-KEEPS-01"),
    ];
    for told in busy {
        assert_eq!((told.name(), told.in_doubt), ("WXCOUPON_E_LOCKED", true), "{}", told.json);
    }
    assert_eq!(job.wait(20_000).status, 0);
    assert!(shop.sandbox.clear_fault(slow));
    assert_eq!(shop.effects("AUTO_KEEPS"), [Used]);
}

/// As a disk does that is full: reading goes on, and no change is kept.
fn full(shop: &Shop, change: &str) {
    let file = rusqlite::Connection::open(shop.file()).unwrap();
    let sql =
        format!("CREATE TRIGGER full BEFORE {change} BEGIN SELECT RAISE(ABORT, 'the disk is full'); END");
    file.execute_batch(&sql).unwrap();
}

fn room_again(shop: &Shop) {
    let file = rusqlite::Connection::open(shop.file()).unwrap();
    for trigger in ["full", "lost", "lost_too", "lost_again"] {
        file.execute_batch(&format!("DROP TRIGGER IF EXISTS {trigger}")).unwrap();
    }
}

#[test]
fn a_number_in_doubt_stays_in_doubt_when_the_disk_is_full() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_FULL", "EV-FULL-001");
    let sent = shop.sandbox.requests().len();
    full(&shop, "UPDATE ON requests");
    let told = shop.till.redeem(&use_request("AUTO_FULL", "EV-FULL-001"));
    assert_open(&shop, &told, "EV-FULL-001", "pending");
    let message = told.json["message"].as_str().unwrap();
    assert!(message.contains("nothing was sent now") && message.contains("full"), "{message}");
    assert_eq!(shop.sandbox.requests().len(), sent);
    room_again(&shop);

    full(&shop, "INSERT ON requests");
    let told = shop.till.redeem(&use_request("AUTO_FULLER", "EV-FULL-002"));
    assert_eq!((told.name(), told.in_doubt), ("WXCOUPON_E_JOURNAL", false), "a new number: {}", told.json);
    assert_eq!(shop.sandbox.requests().len(), sent);
    room_again(&shop);
    assert_eq!(shop.till.settle_all().status, 0);
    assert_eq!(shop.effects("AUTO_FULL"), [Used]);
}

/// A commit that fails after it began, so that nobody can say what is kept: `SQLite` checks deferred keys only then.
fn commits_fail(shop: &Shop, trigger: &str, change: &str) {
    let file = rusqlite::Connection::open(shop.file()).unwrap();
    let sql = format!(
        "CREATE TABLE IF NOT EXISTS parents (id INTEGER PRIMARY KEY); \
         CREATE TABLE IF NOT EXISTS children (id INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED); \
         CREATE TRIGGER {trigger} AFTER {change} BEGIN INSERT INTO children VALUES (7); END"
    );
    file.execute_batch(&sql).unwrap();
}

#[track_caller]
fn assert_nothing_sent(shop: &Shop, told: &Answer, name: &str, in_doubt: bool) {
    assert_eq!((told.name(), told.in_doubt), (name, in_doubt), "{}", told.json);
    assert!(shop.sandbox.requests().is_empty());
}

#[test]
fn a_commit_whose_outcome_is_not_known_is_told_as_not_done_only_when_a_later_write_shows_it() {
    let shop = Shop::open();
    let request = use_request("AUTO_COMMIT", "EV-COMMIT-1");
    commits_fail(&shop, "lost", "INSERT ON requests");
    assert_nothing_sent(&shop, &shop.till.redeem(&request), "WXCOUPON_E_JOURNAL", false);

    // Nor can anything else be written in its place.
    commits_fail(&shop, "lost_too", "UPDATE ON facts");
    commits_fail(&shop, "lost_again", "INSERT ON facts");
    let told = shop.till.redeem(&request);
    assert_nothing_sent(&shop, &told, "WXCOUPON_E_UNRECORDED", true);
    assert_eq!(told.class(), 4);

    // The disk is well again, and shows that there is no such row.
    room_again(&shop);
    let settled = shop.settle("EV-COMMIT-1");
    assert_nothing_sent(&shop, &settled, "WXCOUPON_E_REQUEST", false);
    assert_ended(&shop, &shop.till.redeem(&request), "EV-COMMIT-1", "WXCOUPON_OK");
    assert_eq!(shop.effects("AUTO_COMMIT"), [Used]);
}

/// A till acts on "refused"; a crash would make the journal forget it.
#[test]
fn a_refusal_that_cannot_be_written_is_not_told_and_a_success_is() {
    let shop = Shop::open();
    full(&shop, "UPDATE ON requests WHEN NEW.state IN (1, 2)");
    let told = shop.till.redeem(&use_request("SBX_USED", "EV-UNREC-01"));
    assert_open(&shop, &told, "EV-UNREC-01", "pending");
    assert_eq!(told.name(), "WXCOUPON_E_UNRECORDED");
    let told = shop.till.redeem(&use_request("AUTO_UNREC", "EV-UNREC-02"));
    assert_eq!((told.status, told.in_doubt), (0, false), "{}", told.json);
    room_again(&shop);
    assert_eq!(shop.listed("EV-UNREC-02").as_deref(), Some("pending"), "it is found again");
    assert_eq!(shop.till.settle_all().status, 0);
    for (number, name) in [("EV-UNREC-01", "WXCOUPON_E_COUPON_STATE"), ("EV-UNREC-02", "WXCOUPON_OK")] {
        assert_eq!(shop.settle(number).name(), name);
    }
    assert_eq!(shop.effects("AUTO_UNREC"), [Used]);
}
