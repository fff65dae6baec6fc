//! Settling everything: which rows are tried, when it stops, and what it tells.

use crate::evidence_later::refused_and_watched;
use crate::evidence_shop::Shop;
use rusqlite::Connection;
use serde_json::json;
use wxcoupon_sandbox::{Fault, FaultKind};

/// A shop whose calls end soon, with so many redemptions in doubt that reached nobody.
fn with_lost(count: usize) -> (Shop, Vec<String>) {
    let shop = Shop::with(&json!({ "timeout_ms": 1500 }));
    let numbers: Vec<String> = (0..count).map(|index| format!("EV-ALL-{index:04}")).collect();
    for number in &numbers {
        shop.lose_request(&format!("AUTO_{number}"), number);
    }
    (shop, numbers)
}

#[test]
fn on_a_dead_line_three_rows_are_tried_and_no_more() {
    let (shop, numbers) = with_lost(5);
    let tried = || numbers.iter().map(|number| shop.row(number).tried_ms).collect::<Vec<_>>();
    let before = tried();
    shop.sandbox.inject(FaultKind::RefuseConnection);
    let told = shop.till.settle_all();
    assert_eq!((told.class(), told.in_doubt), (4, true), "{}", told.json);
    let after = tried();
    assert_eq!(before.iter().zip(&after).filter(|(before, after)| before != after).count(), 3, "{after:?}");
}

#[test]
fn while_there_are_answers_all_rows_are_tried_and_nothing_else_is_asked() {
    let (shop, _) = with_lost(4);
    for on in ["use", "query"] {
        shop.refuse_unsigned(on, 403, "NO_AUTH", 0);
    }
    let told = shop.till.settle_all();
    assert_eq!(told.json["message"], "4 requests are still pending", "{}", told.json);
    let others = shop.sandbox.requests();
    let others = others.iter().filter(|request| !matches!(request.operation.as_str(), "use" | "query"));
    assert_eq!(others.count(), 0);
}

#[test]
fn how_many_were_settled_and_how_long_it_took_is_told() {
    let (shop, _) = with_lost(1);
    let silent = shop.sandbox.inject(Fault::new(FaultKind::Hang).on("use"));
    let left = shop.till.settle_all();
    assert_eq!(left.json["message"], "1 requests are still pending", "{}", left.json);
    assert!(left.json["elapsed_ms"].as_u64().unwrap() >= 1000, "{}", left.json);
    assert!(shop.sandbox.clear_fault(silent));
    shop.sandbox.inject(Fault::new(FaultKind::Delay { ms: 60 }).on("use"));
    let settled = shop.till.settle_all();
    assert_eq!((settled.status, &settled.json["data"]["settled"]), (0, &json!(1)), "{}", settled.json);
    assert!(settled.json["elapsed_ms"].as_u64().unwrap() >= 60, "{}", settled.json);
}

#[test]
fn a_journal_that_cannot_be_written_is_told_as_that() {
    let (shop, _) = with_lost(1);
    let other = Connection::open(shop.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let told = shop.till.settle_all();
    assert_eq!(told.name(), "WXCOUPON_E_JOURNAL", "{}", told.json);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(shop.till.settle_all().status, 0);
}

#[test]
fn what_was_refused_is_watched_once_a_day_after_the_first_and_not_for_ever() {
    let shop = Shop::with(&json!({ "timeout_ms": 1500 }));
    refused_and_watched(&shop, "AUTO_DAYS", "EV-DAYS-001");
    shop.a_day_passes();
    let dead = shop.sandbox.inject(FaultKind::RefuseConnection);
    assert_eq!(shop.till.settle_all().status, 0, "it counts as nobody's doubt");
    assert!(shop.sandbox.clear_fault(dead));
    assert_eq!(shop.listed("EV-DAYS-001").as_deref(), Some("watching"), "nobody has answered");
    let asked = shop.requests("query");
    assert_eq!((shop.till.settle_all().status, shop.requests("query")), (0, asked), "tried within the day");

    shop.a_day_passes();
    shop.refuse_unsigned("query", 403, "NO_AUTH", 0);
    let steps = shop.row("EV-DAYS-001").course.attempts().len();
    assert_eq!(shop.till.settle_all().status, 0);
    assert_eq!(shop.listed("EV-DAYS-001").as_deref(), Some("unresolved"));
    assert!(shop.row("EV-DAYS-001").course.attempts().len() > steps, "each question is written down");
}
