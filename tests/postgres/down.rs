//! The database is down, or does not answer: nothing is sent unrecorded, and nothing is told that is not known.

use crate::relay::{Commit, Relay};
use crate::server::Server;
use crate::till::{asked, config, shows_password, till, used, wechat};
use serde_json::json;
use std::time::{Duration, Instant};
use testkit::till::{Till, until_asked, use_request};
use wxcoupon_sandbox::{Fault, FaultKind};

#[test]
fn nothing_is_sent_while_the_database_is_down_and_it_recovers_by_itself() {
    let (sandbox, mut server) = (wechat(), Server::start());
    let till = till(&sandbox, &server);
    assert_eq!(till.redeem(&use_request("AUTO_BEFORE", "SALE-0001")).status, 0);
    server.stop();
    let began = Instant::now();
    for at in 0..5 {
        let told = till.redeem(&use_request("AUTO_DOWN", &format!("DOWN-000{at}")));
        assert_eq!((told.class(), told.in_doubt), (2, false), "{}", told.json);
        assert!(!shows_password(&told), "{}", told.json);
    }
    // A number that was sent before may be in doubt, as far as can be known now.
    assert_ne!(till.redeem(&use_request("AUTO_BEFORE", "SALE-0001")).status, 0);
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "a refused connection is no wait: {:?}",
        began.elapsed()
    );
    assert_eq!(asked(&sandbox), 1);
    server.begin();
    std::thread::sleep(Duration::from_millis(600));
    let told = till.redeem(&use_request("AUTO_DOWN", "DOWN-0000"));
    assert_eq!(told.status, 0, "{}", told.json);
    assert_eq!(server.journal("SELECT count(*) FROM wxcoupon.requests"), "2");
    // Now its kept connections are broken, and it does not notice before it uses them.
    server.kill();
    server.begin();
    assert_eq!(till.redeem(&use_request("AUTO_AFTER", "SALE-0002")).status, 0);
    // The last success was not flushed, and may be lost in such an end. The row was.
    assert_eq!(server.journal("SELECT count(*) FROM wxcoupon.requests"), "3");
    crate::till::end_leases(&server);
    assert_eq!(till.settle_all().status, 0);
    for coupon in ["AUTO_BEFORE", "AUTO_DOWN", "AUTO_AFTER"] {
        assert_eq!(used(&sandbox, coupon), 1);
    }
}

#[test]
fn a_verdict_that_finds_no_database_is_found_again_by_settling() {
    let (sandbox, mut server) = (wechat(), Server::start());
    let till = till(&sandbox, &server);
    let fault = sandbox.inject(Fault::new(FaultKind::SlowProcessing { ms: 800 }).on("use"));
    let told = std::thread::scope(|scope| {
        let twin = till.twin();
        let call = scope.spawn(move || twin.redeem(&use_request("AUTO_SUCCESS", "SALE-0001")));
        until_asked(&sandbox, 1);
        server.stop();
        call.join().unwrap()
    });
    assert_eq!(told.status, 0, "a success is told whatever can be written: {}", told.json);
    sandbox.clear_fault(fault);
    server.begin();
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(till.pending()["requests"][0]["out_request_no"], "SALE-0001");
    crate::till::end_leases(&server);
    assert_eq!(till.settle_all().status, 0);
    assert_eq!((till.pending()["pending"].as_u64(), used(&sandbox, "AUTO_SUCCESS")), (Some(0), 1));

    sandbox.inject(Fault::new(FaultKind::SlowProcessing { ms: 800 }).on("use").times(1));
    let told = std::thread::scope(|scope| {
        let twin = till.twin();
        let before = sandbox.stats().requests;
        let call = scope.spawn(move || twin.redeem(&use_request("AUTO_SUCCESS", "SALE-0002")));
        until_asked(&sandbox, before + 1);
        server.stop();
        call.join().unwrap()
    });
    assert_eq!(told.name(), "WXCOUPON_E_UNRECORDED", "the till must not act on it: {}", told.json);
}

#[test]
fn a_lost_answer_to_the_first_commit_is_known_or_unrecorded() {
    let (sandbox, server) = (wechat(), Server::start());
    let relay = Relay::to(server.port);
    let till = Till::new(&config(&sandbox, &server.url_at(relay.port)));

    // The line is back at once: the row that was committed is found, and taken away.
    relay.next(&[Commit::Answerless]);
    let told = till.redeem(&use_request("AUTO_LOST", "SALE-0001"));
    relay.until_lost(1);
    assert_eq!((told.class(), told.in_doubt), (2, false), "{}", told.json);
    assert_eq!(server.journal("SELECT count(*) FROM wxcoupon.requests"), "0");
    assert_eq!(till.redeem(&use_request("AUTO_LOST", "SALE-0001")).status, 0);

    // Both answers are lost: whether the row is there is not known.
    relay.next(&[Commit::Answerless, Commit::Answerless]);
    let told = till.redeem(&use_request("AUTO_TWICE", "SALE-0002"));
    relay.until_lost(3);
    assert_eq!((told.name(), told.in_doubt), ("WXCOUPON_E_UNRECORDED", true), "{}", told.json);
    assert_eq!(asked(&sandbox), 1, "nothing was sent");

    // And the line stays down.
    let told = std::thread::scope(|scope| {
        let twin = till.twin();
        relay.next(&[Commit::Answerless]);
        let call = scope.spawn(move || twin.redeem(&use_request("AUTO_STAYS", "SALE-0003")));
        relay.until_lost(4);
        relay.set_down(true);
        call.join().unwrap()
    });
    relay.set_down(false);
    let is_there = server.journal("SELECT count(*) FROM wxcoupon.requests WHERE number = 'SALE-0003'");
    if told.class() == 2 {
        assert_eq!(is_there, "0", "{}", told.json);
    } else {
        assert_eq!((told.name(), &*is_there), ("WXCOUPON_E_UNRECORDED", "1"), "{}", told.json);
    }
    assert_eq!(asked(&sandbox), 1, "nothing was sent");
    std::thread::sleep(Duration::from_millis(600));
    crate::till::end_leases(&server);
    assert_eq!(till.settle_all().status, 0);
    for coupon in ["AUTO_LOST", "AUTO_TWICE", "AUTO_STAYS"] {
        let rows =
            server.journal(&format!("SELECT count(*) FROM wxcoupon.requests WHERE coupon LIKE '%{coupon}%'"));
        assert_eq!(used(&sandbox, coupon).to_string(), rows, "what the journal has is settled: {coupon}");
    }
}

#[test]
fn a_lost_answer_to_the_verdicts_commit_is_settled() {
    let (sandbox, server) = (wechat(), Server::start());
    let relay = Relay::to(server.port);
    let till = Till::new(&config(&sandbox, &server.url_at(relay.port)));
    // Proves the time, and so writes it down.
    assert_eq!(till.redeem(&use_request("AUTO_FIRST", "SALE-0000")).status, 0);
    relay.next(&[Commit::Passes, Commit::Answerless]);
    let told = till.redeem(&use_request("AUTO_VERDICT", "SALE-0001"));
    assert_eq!((told.name(), told.in_doubt), ("WXCOUPON_E_UNRECORDED", true), "{}", told.json);
    let settled = till.settle(&json!({ "out_request_no": "SALE-0001" }));
    assert_eq!(settled.status, 0, "{}", settled.json);
    assert_eq!((asked(&sandbox), used(&sandbox, "AUTO_VERDICT")), (2, 1));
}

#[test]
fn a_commit_that_is_still_on_its_way_is_not_taken_for_none() {
    let (sandbox, server) = (wechat(), Server::start());
    let relay = Relay::to(server.port);
    let till = Till::new(&config(&sandbox, &server.url_at(relay.port)));
    relay.next(&[Commit::Late]);
    let told = till.redeem(&use_request("AUTO_LATE", "SALE-0001"));
    relay.release();
    assert_eq!(asked(&sandbox), 0, "nothing was sent");
    std::thread::sleep(Duration::from_millis(500));
    let is_there = server.journal("SELECT count(*) FROM wxcoupon.requests");
    match told.class() {
        2 => assert_eq!(is_there, "0", "{}", told.json),
        4 => assert_eq!(told.name(), "WXCOUPON_E_UNRECORDED"),
        _ => panic!("{}", told.json),
    }
    assert_eq!(
        server
            .ask("postgres", "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"),
        "0"
    );
}
