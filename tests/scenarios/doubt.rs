//! What may have happened becomes known, and nothing happens twice.

use crate::till::{Till, config_with, query_request, sandbox, shop, until_asked, use_request, with_limit};
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use wxcoupon_sandbox::{Effect, Fault, FaultKind, Sandbox};

fn used(sandbox: &Sandbox, coupon: &str) -> usize {
    sandbox
        .ledger()
        .iter()
        .filter(|entry| entry.coupon_code == coupon && entry.effect == Effect::Used)
        .count()
}

fn quick(request: Value) -> Value {
    with_limit(request, 700)
}

fn journalled(sandbox: &Sandbox, folder: &TempDir) -> Value {
    config_with(
        sandbox,
        &json!({ "journal_path": folder.path().join("till.journal"), "attempt_timeout_ms": 400, "connect_timeout_ms": 400 }),
    )
}

#[test]
fn a_lost_answer_is_repeated_with_the_same_bytes_and_a_fresh_signature() {
    let (sandbox, till) = shop();
    sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("use").times(1));
    let answer = till.redeem(&use_request("AUTO_LOST", "TILL-LOST-1"));
    assert_eq!((answer.status, answer.json["attempts"].as_u64()), (0, Some(2)), "{}", answer.json);
    let sent = sandbox.requests();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].body, sent[1].body);
    assert_ne!(sent[0].headers, sent[1].headers, "time, nonce and signature are fresh");
    assert_eq!(used(&sandbox, "AUTO_LOST"), 1);
}

#[test]
fn doubt_that_outlives_the_deadline_is_pending_until_it_is_settled() {
    let (sandbox, till) = shop();
    let fault = sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    let answer = till.redeem(&quick(use_request("AUTO_DOUBT", "TILL-DOUBT-1")));
    assert_eq!(answer.name(), "WXCOUPON_E_ANSWER_TIMEOUT", "{}", answer.json);
    let pending = till.pending();
    assert_eq!((pending["pending"].as_u64(), pending["watching"].as_u64()), (Some(1), Some(0)));
    assert_eq!(pending["requests"][0]["out_request_no"], "TILL-DOUBT-1");
    assert_eq!(pending["requests"][0]["name"], "WXCOUPON_E_ANSWER_TIMEOUT");

    sandbox.clear_fault(fault);
    assert_eq!(till.settle_all().status, 0);
    assert_eq!(till.pending()["pending"], 0);
    assert_eq!(used(&sandbox, "AUTO_DOUBT"), 1);
    let recorded = till.settle(&json!({ "out_request_no": "TILL-DOUBT-1" }));
    assert_eq!((recorded.status, recorded.json["recorded"].as_bool()), (0, Some(true)));
    assert_eq!(recorded.json["data"]["coupon_state"], "USED");
}

#[test]
fn a_recorded_success_is_answered_without_the_network() {
    let (sandbox, till) = shop();
    let first = till.redeem(&use_request("AUTO_ONCE", "TILL-ONCE-1"));
    sandbox.inject(FaultKind::RefuseConnection);
    let mut other_order = json!({});
    for (name, value) in use_request("AUTO_ONCE", "TILL-ONCE-1").as_object().unwrap().iter().rev() {
        other_order[name] = value.clone();
    }
    let again = till.redeem(&other_order);
    assert_eq!((again.status, &again.json["data"]), (0, &first.json["data"]), "{}", again.json);
    assert_eq!(again.json["recorded"], true);

    sandbox.clear_faults();
    let asks = Till::new(&config_with(&sandbox, &json!({ "journal_replays": false })));
    for _ in 0..2 {
        let answer = asks.redeem(&use_request("AUTO_ONCE", "TILL-ONCE-1"));
        assert_eq!((answer.status, answer.json.get("recorded")), (0, None));
    }
    assert_eq!(used(&sandbox, "AUTO_ONCE"), 1);
}

#[test]
fn a_repeat_without_use_time_is_the_same_request() {
    let (sandbox, till) = shop();
    let mut request = use_request("AUTO_TIME", "TILL-TIME-1");
    request.as_object_mut().unwrap().remove("use_time");
    let fault = sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    assert_eq!(till.redeem(&quick(request.clone())).class(), 4);
    sandbox.clear_fault(fault);
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(till.redeem(&request).status, 0, "the first call's time is sent again");
    assert_eq!(used(&sandbox, "AUTO_TIME"), 1);
    let bodies: std::collections::HashSet<String> =
        sandbox.requests().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies.len(), 1);
}

#[test]
fn a_number_that_was_never_sent_may_be_used_for_something_else() {
    let (sandbox, till) = shop();
    let fault = sandbox.inject(FaultKind::RefuseConnection);
    assert_eq!(till.redeem(&quick(use_request("AUTO_A", "TILL-FREE-1"))).class(), 3);
    assert_eq!(till.pending()["pending"], 0);
    assert_eq!(
        till.settle(&json!({ "out_request_no": "TILL-FREE-1" })).class(),
        3,
        "settling never sends it"
    );
    sandbox.clear_fault(fault);
    assert_eq!(till.settle_all().status, 0);
    assert!(sandbox.requests().is_empty());
    assert_eq!(till.redeem(&use_request("AUTO_B", "TILL-FREE-1")).status, 0);
}

#[test]
fn a_refusal_after_doubt_is_decided_by_the_coupon() {
    let (sandbox, till) = shop();
    // The first attempt takes effect and its answer is lost; then the service claims the coupon is used.
    sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("use").times(1));
    sandbox.put_coupon(&wxcoupon_sandbox::CouponSpec::new("AUTO_CLAIM")).unwrap();
    let first = till.redeem(&use_request("AUTO_CLAIM", "TILL-CLAIM-1"));
    assert_eq!(first.status, 0, "{}", first.json);

    // Doubt about a number of ours, while another till has the coupon.
    sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("use").times(1));
    let (other, slow) = (Till::new(&sandbox.config()), Till::new(&sandbox.config()));
    assert_eq!(other.redeem(&use_request("AUTO_OTHERS", "TILL-THEIRS")).status, 0);
    let refused = slow.redeem(&use_request("AUTO_OTHERS", "TILL-OURS-1"));
    assert_eq!(refused.name(), "WXCOUPON_E_COUPON_STATE", "{}", refused.json);
    assert_eq!(used(&sandbox, "AUTO_OTHERS"), 1);
}

#[test]
fn calling_off_returns_what_was_redeemed() {
    let (sandbox, till) = shop();
    let fault = sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    assert_eq!(till.redeem(&quick(use_request("AUTO_VOID", "TILL-VOID-1"))).class(), 4);
    sandbox.clear_fault(fault);
    let voided = till.settle(&json!({ "out_request_no": "TILL-VOID-1", "aim": "void" }));
    assert_eq!(
        (voided.status, voided.json["data"]["state"].as_str()),
        (0, Some("voided")),
        "{}",
        voided.json
    );
    let ledger = sandbox.ledger();
    let effects: Vec<Effect> = ledger.iter().map(|entry| entry.effect).collect();
    assert_eq!(effects, [Effect::Used, Effect::Returned]);
    assert_eq!(till.query(&query_request("AUTO_VOID")).json["data"]["coupon_state"], "EFFECTIVE");
    let again = till.settle(&json!({ "out_request_no": "TILL-VOID-1", "aim": "void" }));
    assert_eq!((again.status, sandbox.ledger().len()), (0, 2), "once is enough");
    assert_eq!(till.redeem(&use_request("AUTO_VOID", "TILL-VOID-1")).name(), "WXCOUPON_E_REQUEST_NO_REUSED");
}

#[test]
fn calling_off_what_did_not_arrive_watches_for_a_delayed_copy() {
    let (sandbox, till) = shop();
    let fault = sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("use"));
    assert_eq!(till.redeem(&quick(use_request("AUTO_WATCH", "TILL-WATCH-1"))).class(), 4);
    sandbox.clear_fault(fault);
    let watching = till.settle(&json!({ "out_request_no": "TILL-WATCH-1", "aim": "void" }));
    assert_eq!(
        (watching.status, watching.json["data"]["state"].as_str()),
        (0, Some("watching")),
        "{}",
        watching.json
    );
    assert_eq!(till.pending()["watching"], 1);

    // A copy of the request arrives after all.
    let copy = Till::new(&sandbox.config());
    assert_eq!(copy.redeem(&use_request("AUTO_WATCH", "TILL-WATCH-1")).status, 0);
    assert_eq!(till.settle_all().status, 0);
    assert_eq!(till.pending()["watching"], 0);
    let effects: Vec<Effect> = sandbox.ledger().iter().map(|entry| entry.effect).collect();
    assert_eq!(effects, [Effect::Used, Effect::Returned]);
}

#[test]
fn a_new_context_finds_what_the_last_one_left() {
    let (sandbox, folder) = (sandbox(), TempDir::new().unwrap());
    let fault = sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    let config = journalled(&sandbox, &folder);
    {
        let till = Till::new(&config);
        assert_eq!(till.redeem(&quick(use_request("AUTO_LEFT", "TILL-LEFT-1"))).class(), 4);
    }
    sandbox.clear_fault(fault);
    let till = Till::new(&config);
    assert_eq!(till.pending()["pending"], 1);
    assert_eq!(till.settle_all().status, 0);
    assert_eq!((till.pending()["pending"].as_u64(), used(&sandbox, "AUTO_LEFT")), (Some(0), 1));
}

#[test]
fn two_contexts_on_one_file_never_work_on_one_number_at_once() {
    let (sandbox, folder) = (sandbox(), TempDir::new().unwrap());
    let config = config_with(&sandbox, &json!({ "journal_path": folder.path().join("till.journal") }));
    let (first, second) = (Till::new(&config), Till::new(&config));
    sandbox.inject(Fault::new(FaultKind::Delay { ms: 3000 }).on("use").times(1));
    let running = std::thread::spawn(move || first.redeem(&use_request("AUTO_TWO", "TILL-TWO-01")).status);
    until_asked(&sandbox, 1);
    for busy in [
        second.redeem(&use_request("AUTO_TWO", "TILL-TWO-01")),
        second.settle(&json!({ "out_request_no": "TILL-TWO-01" })),
    ] {
        assert_eq!(busy.name(), "WXCOUPON_E_LOCKED", "{}", busy.json);
        assert!(busy.json["retry_after_ms"].is_u64());
    }
    assert_eq!(running.join().unwrap(), 0);
    assert_eq!(sandbox.requests().len(), 1);
    assert_eq!(second.redeem(&use_request("AUTO_TWO", "TILL-TWO-01")).status, 0);
    assert_eq!(sandbox.requests().len(), 1, "the other context's success is on record");
}

#[test]
fn a_journal_that_cannot_be_used_stops_everything_and_stays_as_it_is() {
    let (sandbox, folder) = (sandbox(), TempDir::new().unwrap());
    let path = folder.path().join("till.journal");
    let config = config_with(&sandbox, &json!({ "journal_path": path }));
    let refused = |what: &str| {
        let before = std::fs::read(&path).unwrap();
        let answer = Till::try_new(&config).err().unwrap_or_else(|| panic!("{what}: accepted"));
        assert_eq!(answer.name(), "WXCOUPON_E_JOURNAL", "{what}: {}", answer.json);
        assert_eq!(std::fs::read(&path).unwrap(), before, "{what}: changed");
    };
    std::fs::write(&path, b"not a database at all, only some text that is long enough to be looked at")
        .unwrap();
    refused("text");

    std::fs::remove_file(&path).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (a)").unwrap();
    refused("another program's database");

    std::fs::remove_file(&path).unwrap();
    drop(Till::new(&config));
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    refused("a newer version");

    for bad in ["/no/such/folder/till.journal", "/dev/null/x", folder.path().to_str().unwrap()] {
        let config = config_with(&sandbox, &json!({ "journal_path": bad }));
        assert_eq!(Till::try_new(&config).err().unwrap().name(), "WXCOUPON_E_JOURNAL", "{bad}");
    }
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_and_holds_no_key() {
    use std::os::unix::fs::PermissionsExt;
    let (sandbox, folder) = (sandbox(), TempDir::new().unwrap());
    let config = journalled(&sandbox, &folder);
    let till = Till::new(&config);
    assert_eq!(till.redeem(&use_request("AUTO_MODE", "TILL-MODE-1")).status, 0);
    let key = std::fs::read_to_string(config["private_key_path"].as_str().unwrap()).unwrap();
    let line = key.lines().nth(3).unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{entry:?}");
        let content = std::fs::read(entry.path()).unwrap();
        for secret in [line, config["apiv3_key"].as_str().unwrap()] {
            assert!(!content.windows(secret.len()).any(|window| window == secret.as_bytes()), "{entry:?}");
        }
    }
}

#[test]
fn settling_says_what_it_does_not_know_or_allow() {
    let (_sandbox, till) = shop();
    for (request, name, field) in [
        (json!({ "out_request_no": "NOBODYS" }), "WXCOUPON_E_REQUEST", Some("/out_request_no")),
        (json!({ "out_request_no": "NOBODYS", "aim": "forget" }), "WXCOUPON_E_REQUEST", Some("/aim")),
        (json!({ "aim": "void" }), "WXCOUPON_E_REQUEST", Some("/out_request_no")),
        (json!({ "number": "X" }), "WXCOUPON_E_REQUEST", Some("/number")),
        (json!([]), "WXCOUPON_E_JSON", None),
    ] {
        let answer = till.settle(&request);
        assert_eq!((answer.name(), answer.json["field"].as_str()), (name, field), "{request}");
    }
    assert_eq!(till.settle(&json!({})).status, 0, "nothing is pending");
}

#[test]
fn a_return_is_told_by_its_own_number_when_its_answer_is_lost() {
    let (sandbox, till) = shop();
    assert_eq!(till.redeem(&use_request("AUTO_RETURN", "TILL-USE-001")).status, 0);
    sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("return").times(1));
    let mut request = query_request("AUTO_RETURN");
    request["out_request_no"] = json!("TILL-RET-001");
    let answer = till.give_back(&request);
    assert_eq!((answer.status, answer.json["attempts"].as_u64()), (0, Some(2)), "{}", answer.json);
    assert_eq!(sandbox.ledger().len(), 2);
}

#[test]
fn calling_off_is_remembered_until_it_is_done() {
    let (sandbox, till) = shop();
    let hang = sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    assert_eq!(till.redeem(&quick(use_request("AUTO_WISH", "TILL-WISH-1"))).class(), 4);
    sandbox.clear_fault(hang);
    // The line is down while the sale is called off.
    let down = sandbox.inject(FaultKind::RefuseConnection);
    let failed = till.settle(&quick(json!({ "out_request_no": "TILL-WISH-1", "aim": "void" })));
    assert_eq!(failed.class(), 4, "{}", failed.json);
    let pending = till.pending();
    assert_eq!(
        (pending["pending"].as_u64(), pending["requests"][0]["state"].as_str()),
        (Some(1), Some("voiding"))
    );
    let complete = till.settle(&json!({ "out_request_no": "TILL-WISH-1" }));
    assert_eq!((complete.name(), complete.json["field"].as_str()), ("WXCOUPON_E_REQUEST", Some("/aim")));
    sandbox.clear_fault(down);
    assert_eq!(till.settle_all().status, 0);
    assert_eq!(till.pending()["pending"], 0);
    let effects: Vec<Effect> = sandbox.ledger().iter().map(|entry| entry.effect).collect();
    assert_eq!(effects, [Effect::Used, Effect::Returned], "undone, not completed");
}

#[test]
fn a_success_that_is_asked_again_in_vain_stays_a_success() {
    let sandbox = sandbox();
    let till = Till::new(&config_with(&sandbox, &json!({ "journal_replays": false })));
    assert_eq!(till.redeem(&use_request("AUTO_FIRM", "TILL-FIRM-1")).status, 0);
    sandbox.inject(Fault::new(FaultKind::Status { status: 500, html: false }).on("use"));
    let again = till.redeem(&quick(use_request("AUTO_FIRM", "TILL-FIRM-1")));
    assert_eq!((again.status, again.json["recorded"].as_bool()), (0, Some(true)), "{}", again.json);
    assert_eq!(again.json["http_status"], 200);
}
