//! Live events of the console, read without a browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Till, sandbox};
use wxcoupon_sandbox::Sandbox;

#[test]
fn live_events_come_and_end_with_the_sandbox() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let address = sandbox.control_url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(format!("GET /events HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).unwrap();
    let mut seen = String::new();
    let mut wait_for = |text: &str| {
        let mut chunk = [0; 8192];
        while !seen.contains(text) {
            let read = stream.read(&mut chunk).unwrap();
            assert!(read > 0, "the stream ended before {text}: {seen}");
            seen.push_str(&String::from_utf8_lossy(&chunk[..read]));
        }
    };
    wait_for("event: state");
    till.ok(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"));
    wait_for("\"number\":\"NUMBER_1\"");
    wait_for("\"used\":1");
    sandbox.inject(wxcoupon_sandbox::FaultKind::Hang);
    wait_for("\"kind\":\"hang\"");
    sandbox.reset();
    wait_for("event: cleared");
    drop(sandbox);
    let mut rest = Vec::new();
    // Ended or cut off: not held open.
    let _ = stream.read_to_end(&mut rest);
}

/// What comes first on a fresh stream of events, up to this text.
fn events(sandbox: &Sandbox, text: &str) -> String {
    let address = sandbox.control_url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(format!("GET /events HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).unwrap();
    let mut seen = String::new();
    let mut chunk = [0; 8192];
    while !seen.contains(text) {
        let read = stream.read(&mut chunk).unwrap();
        assert!(read > 0, "the stream ended before {text}: {seen}");
        seen.push_str(&String::from_utf8_lossy(&chunk[..read]));
    }
    seen
}

#[test]
fn each_run_has_a_name_and_says_how_often_its_log_was_emptied() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    till.ok(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"));
    let said = |sandbox: &Sandbox| {
        let seen = events(sandbox, "now_ms");
        let state = seen.split("event: state").nth(1).unwrap();
        let state = state.split("data: ").nth(1).unwrap().lines().next().unwrap();
        let state: Value = serde_json::from_str(state).unwrap();
        (state["run"].as_str().unwrap().to_owned(), state["log"].clone())
    };
    let seen = events(&sandbox, "event: requests");
    assert!(seen.find("event: state") < seen.find("event: requests"), "whose requests they are: {seen}");
    let (run, log) = said(&sandbox);
    assert_eq!((said(&sandbox).0, log), (run.clone(), json!(0)));
    sandbox.reset();
    assert_eq!(said(&sandbox), (run.clone(), json!(1)));
    assert_ne!(said(&self::sandbox()).0, run);
}
