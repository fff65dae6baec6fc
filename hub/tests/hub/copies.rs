//! Copies of a till's requests, which somebody on the line can make: none of them is served, and no answer to one is taken for that
//! of the request.

use crate::chain::Chain;
use crate::library::{address, config};
use crate::line::{Line, Mode};
use crate::till::{Sent, Till, nonce, now_s, send, told};
use serde_json::{Value, json};
use std::fs;
use testkit::till::{Till as Library, query_request, use_request, with_limit};
use wxcoupon_sandbox::{Fault, FaultKind};

const TRUSTING: &str = "[policy]\nany_user = true\nany_coupon = true\nrate_per_s = 1000\n";

/// A till's request as it goes out, to be sent any time.
fn captured(till: &Till, operation: &str, body: &Value) -> (Sent, String) {
    let nonce = nonce();
    (till.signed("POST", &format!("/v1/{operation}"), &body.to_string(), now_s(), &nonce), nonce)
}

/// The hub begins anew, with another policy.
fn begin_anew(chain: &mut Chain, old: &str, new: &str) {
    let text = fs::read_to_string(chain.config_path()).unwrap();
    assert!(text.contains(old), "{text}");
    fs::write(chain.config_path(), text.replace(old, new)).unwrap();
    chain.restart();
}

#[test]
fn the_answer_to_a_copy_does_not_say_that_nothing_happened() {
    let chain = Chain::new("");
    let till = chain.till("S1");
    let (sent, nonce) = captured(&till, "use", &use_request("AUTO_COPY", "S1-COPY-1"));
    assert_eq!(told(&send(&till.at, &sent).unwrap()).status(), 0);
    let copy = send(&till.at, &sent).unwrap();
    assert!(copy.is_proven(&till.key, &nonce));
    let copy = told(&copy);
    assert_eq!((copy.hub(), &copy.json["in_doubt"]), ("nonce_reused", &json!(true)), "{}", copy.json);
    // Whatever else is wrong with it by now.
    let early = till.signed("POST", "/v1/use", "{}", now_s() + 4000, "early-nonce-0001");
    assert_eq!(told(&send(&till.at, &early).unwrap()).hub(), "wrong_time");
    assert_eq!(told(&send(&till.at, &early).unwrap()).hub(), "nonce_reused");
    assert_eq!(chain.effects("AUTO_COPY"), (1, 0));
}

#[test]
fn a_till_whose_request_came_twice_asks_once_more() {
    for journal in [false, true] {
        let chain = Chain::with(TRUSTING, &json!({}));
        let line = Line::to(address(&chain.at));
        let mut config = config(&chain.till("S1"), &[&line.address]);
        if journal {
            config["journal_path"] = json!(chain.file("till.journal"));
        }
        let till = Library::new(&config);
        line.set(Mode::Twice);
        let done = till.redeem(&use_request("AUTO_TWICE", "S1-TWICE-1"));
        assert_eq!((done.status, done.json["attempts"].as_i64()), (0, Some(2)), "{}", done.json);
        line.set(Mode::Twice);
        let mut back = query_request("AUTO_TWICE");
        back["out_request_no"] = json!("S1-TWICE-2");
        assert_eq!(till.give_back(&back).status, 0);
        assert_eq!(chain.effects("AUTO_TWICE"), (1, 1));
    }
}

#[test]
fn what_was_refused_is_not_served_to_a_copy_later() {
    let mut chain = Chain::new("[policy]\noperations = [\"query\"]\n");
    let till = chain.till("S1");
    let request = use_request("AUTO_LATER", "S1-LATER-1");
    let (sent, _) = captured(&till, "use", &request);
    assert_eq!(told(&send(&till.at, &sent).unwrap()).hub(), "not_allowed");
    begin_anew(&mut chain, "operations = [\"query\"]", "operations = [\"query\", \"use\"]");
    let till = Till { at: chain.at.clone(), ..till };
    let copy = told(&send(&till.at, &sent).unwrap());
    assert_eq!((copy.hub(), &copy.json["in_doubt"]), ("nonce_reused", &json!(true)), "{}", copy.json);
    assert_eq!(chain.effects("AUTO_LATER"), (0, 0));
    assert_eq!(till.ask("use", &request).status(), 0, "the till itself may");
}

/// WeChat Pay refuses it, so the same number may be sent again: by the till, and not by a copy.
#[test]
fn what_did_not_take_effect_is_not_sent_again_for_a_copy() {
    let mut chain = Chain::with(TRUSTING, &json!({ "attempt_timeout_ms": 400, "connect_timeout_ms": 400 }));
    let till = chain.till("S1");
    chain.sandbox.inject(FaultKind::RefuseConnection);
    let (sent, _) = captured(&till, "use", &with_limit(use_request("AUTO_AGAIN", "S1-AGAIN-1"), 1000));
    let unsent = told(&send(&till.at, &sent).unwrap());
    assert_eq!(unsent.status() / 1000, 3, "{}", unsent.json);
    chain.sandbox.clear_faults();
    chain.restart();
    let copy = told(&send(&chain.at, &sent).unwrap());
    assert_eq!(copy.hub(), "nonce_reused", "{}", copy.json);
    assert_eq!(chain.effects("AUTO_AGAIN"), (0, 0));
}

#[test]
fn what_was_called_off_before_it_came_is_not_served_when_it_comes() {
    let mut chain = Chain::new(TRUSTING);
    let till = chain.till("S1");
    let (sent, _) = captured(&till, "use", &use_request("AUTO_HELD", "S1-HELD-1"));
    let asked = till.ask("settle", &json!({ "out_request_no": "S1-HELD-1" }));
    assert_eq!((asked.name(), &asked.json["in_doubt"]), ("E_REQUEST", &json!(true)), "{}", asked.json);
    for _ in 0..2 {
        let off = till.ask("settle", &json!({ "out_request_no": "S1-HELD-1", "aim": "void" }));
        assert_eq!((off.status(), &off.json["data"]["state"]), (0, &json!("voided")), "{}", off.json);
    }
    let held = told(&send(&till.at, &sent).unwrap());
    assert_eq!(held.name(), "E_REQUEST_NO_REUSED", "{}", held.json);
    chain.restart();
    let till = Till { at: chain.at.clone(), ..till };
    let repeat = till.ask("use", &use_request("AUTO_HELD", "S1-HELD-1"));
    assert_eq!(repeat.name(), "E_REQUEST_NO_REUSED", "{}", repeat.json);
    assert_eq!(till.ask("settle", &json!({ "out_request_no": "S1-HELD-1" })).name(), "E_REQUEST_NO_REUSED");
    assert_eq!(chain.effects("AUTO_HELD"), (0, 0));
}

/// Policies and defaults change while a number is open.
#[test]
fn what_the_hub_fills_in_stays_that_of_the_first_request() {
    let policy = format!("{TRUSTING}store_id = \"10000001\"\n");
    let mut chain = Chain::with(&policy, &json!({ "attempt_timeout_ms": 400, "connect_timeout_ms": 400 }));
    let till = chain.till("S1");
    chain.sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    let mut request = use_request("AUTO_FILLED", "S1-FILLED-1");
    request.as_object_mut().unwrap().remove("use_time");
    let open = till.ask("use", &with_limit(request.clone(), 700));
    assert_eq!(open.status() / 1000, 4, "{}", open.json);
    begin_anew(&mut chain, "10000001", "10000002");
    chain.sandbox.clear_faults();
    let till = Till { at: chain.at.clone(), ..till };
    let mut done = till.ask("use", &request);
    if done.name() == "E_LOCKED" {
        std::thread::sleep(std::time::Duration::from_secs(2));
        done = till.ask("use", &request);
    }
    assert_eq!(done.status(), 0, "{}", done.json);
    // Another time of its own is that of the first, too.
    request["use_time"] = json!("2025-08-03T12:00:01+08:00");
    assert_eq!(till.ask("use", &request).status(), 0);
    assert_eq!(chain.effects("AUTO_FILLED"), (1, 0));
}

#[test]
fn what_was_done_is_not_refused_by_the_policy_of_today() {
    let mut chain = Chain::new("[policy]\noperations = [\"use\", \"settle\"]\n");
    let till = chain.till("S1");
    assert_eq!(till.ask("use", &use_request("AUTO_DONE", "S1-DONE-1")).status(), 0);
    begin_anew(&mut chain, "operations = [\"use\", \"settle\"]", "operations = [\"settle\"]");
    let own = Till { at: chain.at.clone(), ..till };
    let done = own.ask("use", &use_request("AUTO_DONE", "S1-DONE-1"));
    assert_eq!((done.status(), &done.json["recorded"]), (0, &json!(true)), "{}", done.json);
    // Only that.
    let other = own.ask("use", &use_request("AUTO_OTHER", "S1-DONE-1"));
    assert_eq!(other.name(), "E_REQUEST_NO_REUSED", "{}", other.json);
    assert_eq!(own.ask("use", &use_request("AUTO_OTHER", "S1-DONE-2")).hub(), "not_allowed");
    let library = Library::new(&config(&own, &[address(&chain.at)]));
    let done = library.redeem(&use_request("AUTO_DONE", "S1-DONE-1"));
    assert_eq!((done.status, &done.json["recorded"]), (0, &json!(true)), "{}", done.json);
}

with_postgres_too!(
    what_was_refused_is_not_served_to_a_copy_later,
    what_did_not_take_effect_is_not_sent_again_for_a_copy,
    what_was_called_off_before_it_came_is_not_served_when_it_comes,
    what_the_hub_fills_in_stays_that_of_the_first_request,
);
