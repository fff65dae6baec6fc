//! Doubt outlives the hub's process, and ends without the till where it can.

use crate::chain::{Chain, until};
use crate::till::{Till, nonce, now_s, send};
use serde_json::json;
use std::thread;
use std::time::Duration;
use testkit::till::{use_request, with_limit};
use wxcoupon_sandbox::{Fault, FaultKind};

/// Short attempts, so that an attempt without an answer ends soon.
fn quick(more: &str) -> Chain {
    Chain::with(more, &json!({ "attempt_timeout_ms": 400, "connect_timeout_ms": 400 }))
}

/// The till's word about every number is over.
fn age(chain: &Chain) {
    chain.change_store("UPDATE {hub}.numbers SET until_ms = 0");
}

fn sent(chain: &Chain, operation: &str) -> usize {
    chain.sandbox.requests().iter().filter(|request| request.operation == operation).count()
}

#[test]
fn a_hub_that_is_killed_in_the_middle_of_a_redemption_ends_its_doubt_after_the_restart() {
    let mut chain = quick("");
    let till = chain.till("S1");
    let fault = chain.sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    let caller = till.clone();
    let calling = thread::spawn(move || {
        let body = use_request("AUTO_KILL", "S1-KILL-1").to_string();
        send(&caller.at, &caller.signed("POST", "/v1/use", &body, now_s(), &nonce())).is_err()
    });
    until("the redemption reaches WeChat Pay", || chain.effects("AUTO_KILL") == (1, 0));
    chain.kill();
    assert!(calling.join().unwrap(), "nobody told the till anything");
    chain.sandbox.clear_fault(fault);
    chain.start();
    let till = Till { at: chain.at.clone(), ..till };
    // While the till's word holds, the hub finds out by itself.
    until("the doubt ends", || till.pending()["pending"] == 0);
    until("the till is told", || !till.events(0)["events"].as_array().unwrap().is_empty());
    let events = till.events(0);
    let event = &events["events"][0];
    assert_eq!(
        (event["event"].as_str(), event["out_request_no"].as_str()),
        (Some("settled"), Some("S1-KILL-1"))
    );
    assert_eq!((event["body"]["state"].as_str(), event["body"]["status"].as_i64()), (Some("done"), Some(0)));
    assert_eq!(till.events(events["next"].as_i64().unwrap())["events"], json!([]));
    let again = till.ask("use", &use_request("AUTO_KILL", "S1-KILL-1"));
    assert_eq!((again.status(), again.json["recorded"].as_bool()), (0, Some(true)), "{}", again.json);
    assert_eq!(chain.effects("AUTO_KILL"), (1, 0));
}

#[test]
fn without_the_till_s_word_the_hub_asks_and_sends_nothing() {
    let mut chain = quick("");
    let till = chain.till("S1");
    // One was redeemed and one was not; both answers are lost.
    chain.sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    let told = till.ask("use", &with_limit(use_request("AUTO_FOUND", "S1-FOUND"), 700));
    assert_eq!(told.status() / 1000, 4, "{}", told.json);
    chain.sandbox.clear_faults();
    chain.sandbox.inject(Fault::new(FaultKind::Hang).on("use"));
    let told = till.ask("use", &with_limit(use_request("AUTO_LOST", "S1-LOST"), 700));
    assert_eq!(told.status() / 1000, 4, "{}", told.json);
    chain.kill();
    age(&chain);
    chain.sandbox.clear_faults();
    let before = sent(&chain, "use");
    chain.start();
    let till = Till { at: chain.at.clone(), ..till };
    until("what was redeemed is found", || till.pending()["pending"] == 1);
    until("the till is told", || till.events(0)["events"][0]["out_request_no"] == "S1-FOUND");
    let asked = sent(&chain, "query");
    until("the other one is asked about again and again", || sent(&chain, "query") > asked + 1);
    assert_eq!(till.pending()["requests"][0]["out_request_no"], "S1-LOST");
    assert_eq!(sent(&chain, "use"), before, "nothing was sent without the till");
    assert_eq!((chain.effects("AUTO_FOUND"), chain.effects("AUTO_LOST")), ((1, 0), (0, 0)));
    // The till comes back, and its word is enough, but for a moment in which the hub is asking.
    until("the till redeems it", || {
        let told = till.ask("use", &use_request("AUTO_LOST", "S1-LOST"));
        assert!(told.status() == 0 || told.name() == "E_LOCKED", "{}", told.json);
        told.status() == 0
    });
    assert_eq!(chain.effects("AUTO_LOST"), (1, 0));
    assert_eq!(till.pending()["pending"], 0);
}

#[test]
fn orphans_are_called_off_where_the_configuration_says_so() {
    let mut chain = quick("orphans = \"void\"");
    let till = chain.till("S1");
    chain.sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    let told = till.ask("use", &with_limit(use_request("AUTO_VOID", "S1-VOID"), 700));
    assert_eq!(told.status() / 1000, 4, "{}", told.json);
    chain.kill();
    age(&chain);
    chain.sandbox.clear_faults();
    chain.start();
    let till = Till { at: chain.at.clone(), ..till };
    until("it is called off", || chain.effects("AUTO_VOID") == (1, 1));
    until("the till is told", || !till.events(0)["events"].as_array().unwrap().is_empty());
    assert_eq!(till.events(0)["events"][0]["body"]["state"], "voided");
    let told = till.ask("use", &use_request("AUTO_VOID", "S1-VOID"));
    assert_eq!(told.name(), "E_REQUEST_NO_REUSED", "{}", told.json);
    assert_eq!(chain.effects("AUTO_VOID"), (1, 1));
}

#[test]
fn a_stop_cuts_no_call() {
    let mut chain = Chain::new("");
    let till = chain.till("S1");
    chain.sandbox.inject(Fault::new(FaultKind::Delay { ms: 1500 }).on("use"));
    let caller = till.clone();
    let calling = thread::spawn(move || caller.ask("use", &use_request("AUTO_STOP", "S1-STOP-1")));
    until("the redemption reaches WeChat Pay", || chain.effects("AUTO_STOP") == (1, 0));
    chain.signal("-TERM");
    thread::sleep(Duration::from_millis(200));
    let refused = send(&till.at, &till.signed("POST", "/v1/pending", "", now_s(), &nonce()));
    assert!(refused.is_err(), "nobody else is let in: {refused:?}");
    let told = calling.join().unwrap();
    assert_eq!((told.http, told.status()), (200, 0), "{}", told.json);
    chain.stop();
    until("it is logged", || chain.log().contains("\"event\":\"stopped\""));
}

with_postgres_too!(
    a_hub_that_is_killed_in_the_middle_of_a_redemption_ends_its_doubt_after_the_restart,
    without_the_till_s_word_the_hub_asks_and_sends_nothing,
    orphans_are_called_off_where_the_configuration_says_so,
    a_stop_cuts_no_call,
);
