//! The library as a till of the hub: the same functions as without one, over lines that lose and change answers.

use crate::chain::{Chain, until};
use crate::line::{Line, Mode};
use crate::till::{At, Till as Own, hex};
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;
use testkit::till::{Till, query_request, use_request, with_limit};
use wxcoupon_sandbox::{Fault, FaultKind};

/// So that a test need not scan what it asks about.
const TRUSTING: &str = "[policy]\nany_user = true\nany_coupon = true\nrate_per_s = 1000\n";

pub fn address(at: &At) -> &str {
    match at {
        At::Plain(address) | At::Tls(address, _) => address,
    }
}

pub fn config(till: &Own, hubs: &[&str]) -> Value {
    let urls: Vec<String> = hubs.iter().map(|hub| format!("http://{hub}")).collect();
    json!({
        "mode": "till", "hub_urls": urls, "till_id": till.name,
        "till_key": format!("{}:{}", till.generation, hex(&till.key)),
    })
}

fn with(mut config: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

/// A chain, a till of it and the line between them.
fn shop() -> (Chain, Line, Value) {
    let chain = Chain::with(TRUSTING, &json!({ "attempt_timeout_ms": 400, "connect_timeout_ms": 400 }));
    let line = Line::to(address(&chain.at));
    let config = config(&chain.till("S1"), &[&line.address]);
    (chain, line, config)
}

#[test]
fn a_till_redeems_asks_repeats_and_returns_as_without_a_hub() {
    let (chain, _line, config) = shop();
    let till = Till::new(&config);
    let done = till.redeem(&use_request("AUTO_TILL", "S1-000001"));
    assert_eq!(done.status, 0, "{}", done.json);
    assert_eq!(done.json["data"]["coupon_state"], "USED", "{}", done.json);
    assert_eq!(done.json["out_request_no"], "S1-000001");
    assert_eq!(done.json["attempts"], 1);
    assert_eq!(done.json["operation"], "use");
    let again = till.redeem(&use_request("AUTO_TILL", "S1-000001"));
    assert_eq!((again.status, again.json["recorded"].as_bool()), (0, Some(true)), "{}", again.json);
    assert_eq!(chain.effects("AUTO_TILL"), (1, 0));
    let found = till.query(&query_request("AUTO_TILL"));
    assert_eq!(found.json["data"]["coupon_state"], "USED", "{}", found.json);
    let other = till.redeem(&use_request("AUTO_TILL", "S1-000002"));
    assert_eq!((other.class(), other.in_doubt), (5, false), "{}", other.json);
    assert!(!other.json["cashier"].as_str().unwrap().is_empty());
    let mut back = query_request("AUTO_TILL");
    back["out_request_no"] = json!("S1-000003");
    assert_eq!(till.give_back(&back).status, 0);
    assert_eq!(chain.effects("AUTO_TILL"), (1, 1));
    assert_eq!(till.pending()["pending"], 0);
    let settled = till.settle_all();
    assert_eq!((settled.status, settled.json["data"]["pending"].as_i64()), (0, Some(0)), "{}", settled.json);
}

#[test]
fn a_lost_answer_is_asked_for_again_under_the_same_number() {
    for journal in [false, true] {
        let (chain, line, config) = shop();
        let file = chain.file("till.journal");
        let till = Till::new(&if journal { with(config, &json!({ "journal_path": file })) } else { config });
        line.set(Mode::Lose(2));
        let done = till.redeem(&use_request("AUTO_LOST", "S1-LOST-1"));
        assert_eq!((done.status, done.json["attempts"].as_i64()), (0, Some(3)), "{}", done.json);
        assert_eq!(line.count("/v1/use"), 3);
        assert_eq!(chain.effects("AUTO_LOST"), (1, 0));
        // The proof is WeChat Pay's, and the till's journal has its time.
        let recorded = till.redeem(&use_request("AUTO_LOST", "S1-LOST-1"));
        assert_eq!(recorded.json["recorded"], true, "{}", recorded.json);
        assert_eq!(line.count("/v1/use"), 3, "the till knows it");
        assert_eq!(done.json["recorded_at"], recorded.json["recorded_at"]);
    }
}

#[test]
fn what_has_no_answer_is_in_doubt_until_it_is_settled() {
    let (chain, line, config) = shop();
    let file = chain.file("till.journal");
    let config = with(config, &json!({ "journal_path": file }));
    let till = Till::new(&config);
    line.set(Mode::Lose(100));
    let open = till.redeem(&with_limit(use_request("AUTO_OPEN", "S1-OPEN-1"), 600));
    assert_eq!((open.class(), open.in_doubt), (4, true), "{}", open.json);
    let pending = till.pending();
    assert_eq!((&pending["pending"], &pending["hub_answered"]), (&json!(1), &json!(false)), "{pending}");
    drop(till);
    // The till's machine was off. The journal file knows what it has to ask.
    let till = Till::new(&config);
    assert_eq!(
        till.settle(&json!({ "out_request_no": "S1-OPEN-1", "_options": { "timeout_ms": 300 } })).class(),
        4
    );
    line.set(Mode::Through);
    let settled = till.settle(&json!({ "out_request_no": "S1-OPEN-1" }));
    assert_eq!(
        (settled.status, &settled.json["data"]["coupon_state"]),
        (0, &json!("USED")),
        "{}",
        settled.json
    );
    assert_eq!(till.pending()["pending"], 0);
    assert_eq!(chain.effects("AUTO_OPEN"), (1, 0));
}

#[test]
fn without_a_journal_file_the_hub_remembers() {
    let (chain, line, config) = shop();
    chain.sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    let till = Till::new(&config);
    let open = till.redeem(&with_limit(use_request("AUTO_HUB", "S1-HUB-1"), 600));
    assert_eq!((open.class(), open.in_doubt), (4, true), "{}", open.json);
    drop(till);
    let till = Till::new(&config);
    let pending = till.pending();
    assert_eq!(pending["requests"][0]["out_request_no"], "S1-HUB-1", "{pending}");
    chain.sandbox.clear_faults();
    until("everything is settled", || till.settle_all().status == 0);
    let known = till.redeem(&use_request("AUTO_HUB", "S1-HUB-1"));
    assert_eq!(known.status, 0, "{}", known.json);
    assert_eq!(chain.effects("AUTO_HUB"), (1, 0));
    // Without hub and file nobody knows.
    line.lead_to("127.0.0.1:1");
    let till = Till::new(&with(config, &json!({ "timeout_ms": 500 })));
    let unknown = till.settle_all();
    assert!(unknown.status != 0 && unknown.class() == 3, "{}", unknown.json);
}

#[test]
fn a_sale_that_was_called_off_is_undone_by_the_hub_and_what_never_arrived_never_takes_effect() {
    let (chain, line, config) = shop();
    let again = config.clone();
    let till = Till::new(&with(config, &json!({ "journal_path": chain.file("till.journal") })));
    line.set(Mode::Lose(100));
    assert_eq!(till.redeem(&with_limit(use_request("AUTO_OFF", "S1-OFF-1"), 400)).class(), 4);
    line.set(Mode::Through);
    let off = till.settle(&json!({ "out_request_no": "S1-OFF-1", "aim": "void" }));
    assert_eq!(off.status, 0, "{}", off.json);
    assert_eq!(chain.effects("AUTO_OFF"), (1, 1));
    // This one is swallowed before it reaches the hub.
    line.lead_to("127.0.0.1:1");
    assert_eq!(till.redeem(&with_limit(use_request("AUTO_NEVER", "S1-NEVER-1"), 400)).class(), 4);
    line.lead_to(address(&chain.at));
    // The hub takes no copy any more, whenever it may come.
    let off = till.settle(&json!({ "out_request_no": "S1-NEVER-1", "aim": "void" }));
    assert_eq!((off.status, &off.json["data"]["state"]), (0, &json!("voided")), "{}", off.json);
    let late = Till::new(&again).redeem(&use_request("AUTO_NEVER", "S1-NEVER-1"));
    assert_eq!(late.name(), "WXCOUPON_E_REQUEST_NO_REUSED", "{}", late.json);
    let repeat = till.redeem(&use_request("AUTO_NEVER", "S1-NEVER-1"));
    assert_eq!(repeat.name(), "WXCOUPON_E_REQUEST_NO_REUSED", "{}", repeat.json);
    assert_eq!(chain.effects("AUTO_NEVER"), (0, 0));
}

#[test]
fn only_the_hub_s_own_proof_of_this_answer_counts() {
    let (chain, line, config) = shop();
    let till = Till::new(&config);
    for (mode, verification) in
        [(Mode::Forge, "wrong_signature"), (Mode::Strip, "unsigned"), (Mode::Replay, "wrong_signature")]
    {
        let number = format!("S1-{mode:?}-1");
        line.set(mode);
        if mode == Mode::Replay {
            till.query(&query_request("AUTO_REPLAY"));
        }
        let forged = till.redeem(&with_limit(use_request(&format!("AUTO_{mode:?}"), &number), 1500));
        assert_eq!((forged.class(), forged.in_doubt), (4, true), "{mode:?}: {}", forged.json);
        assert_eq!(forged.json["verification"], verification, "{}", forged.json);
        let asked = till.query(&with_limit(query_request("AUTO_FORGE"), 1500));
        assert_eq!((asked.class(), asked.in_doubt), (3, false), "{}", asked.json);
        line.set(Mode::Through);
        assert_eq!(till.settle(&json!({ "out_request_no": number })).status, 0);
        assert_eq!(chain.effects(&format!("AUTO_{mode:?}")), (1, 0));
    }
}

#[test]
fn a_hub_that_is_killed_in_mid_call_and_comes_back_is_asked_again() {
    let (mut chain, line, config) = shop();
    let fault = chain.sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    let calling = thread::spawn(move || {
        let till = Till::new(&config);
        till.redeem(&with_limit(use_request("AUTO_KILL", "S1-KILL-1"), 20_000)).json
    });
    until("the redemption reaches WeChat Pay", || chain.effects("AUTO_KILL") == (1, 0));
    chain.kill();
    chain.sandbox.clear_fault(fault);
    thread::sleep(Duration::from_millis(300));
    chain.start();
    line.lead_to(address(&chain.at));
    let told = calling.join().unwrap();
    assert_eq!(told["status"], 0, "{told}");
    assert_eq!(chain.effects("AUTO_KILL"), (1, 0));
}

#[test]
fn the_other_hub_is_asked_where_one_is_down_and_nothing_is_in_doubt_for_it() {
    let (chain, line, config) = shop();
    let config =
        with(config, &json!({ "hub_urls": ["http://127.0.0.1:1", format!("http://{}", line.address)] }));
    let till = Till::new(&config);
    let done = till.redeem(&use_request("AUTO_TWO", "S1-TWO-1"));
    assert_eq!((done.status, done.json["host"].as_str()), (0, Some(line.address.as_str())), "{}", done.json);
    let next = till.redeem(&use_request("AUTO_TWO_B", "S1-TWO-2"));
    assert_eq!((next.status, next.json["attempts"].as_i64()), (0, Some(1)), "the dead one is remembered");
    let down = Till::new(&with(config, &json!({ "hub_urls": ["http://127.0.0.1:1"], "timeout_ms": 800 })));
    let refused = down.redeem(&use_request("AUTO_DOWN", "S1-DOWN-1"));
    assert_eq!((refused.class(), refused.in_doubt), (3, false), "{}", refused.json);
    assert_eq!(chain.effects("AUTO_DOWN"), (0, 0));
}

#[test]
fn a_refusal_after_a_lost_answer_does_not_end_doubt_while_the_lost_one_could_arrive() {
    let (chain, line, config) = shop();
    let till = Till::new(&config);
    // It is swallowed, so the hub never sees it. Then the hub refuses.
    line.lead_to("127.0.0.1:1");
    assert_eq!(till.redeem(&with_limit(use_request("SBX_EXPIRED", "S1-LATE-1"), 400)).class(), 4);
    line.lead_to(address(&chain.at));
    let open = till.redeem(&use_request("SBX_EXPIRED", "S1-LATE-1"));
    assert_eq!((open.class(), open.in_doubt), (4, true), "{}", open.json);
    // What the hub has heard of and refused at once is refused.
    let refused = till.redeem(&use_request("SBX_EXPIRED", "S1-LATE-2"));
    assert_eq!((refused.class(), refused.in_doubt), (5, false), "{}", refused.json);
}

#[test]
fn without_a_file_the_next_program_s_refusal_says_nothing_of_what_the_last_one_has_sent() {
    for journal in [false, true] {
        let (chain, line, config) = shop();
        let file = chain.file("till.journal");
        let config = if journal { with(config, &json!({ "journal_path": file })) } else { config };
        line.set(Mode::Hold);
        let till = Till::new(&config);
        assert_eq!(till.redeem(&with_limit(use_request("AUTO_LATE", "S1-FORGOT-1"), 400)).class(), 4);
        drop(till);
        // The hub is reached another way, and WeChat Pay refuses. What was sent before has not come yet.
        let till =
            Till::new(&with(config, &json!({ "hub_urls": [format!("http://{}", address(&chain.at))] })));
        let fault = chain.sandbox.inject(Fault::new(FaultKind::RateLimited { retry_after: None }).on("use"));
        let told = till.redeem(&with_limit(use_request("AUTO_LATE", "S1-FORGOT-1"), 800));
        assert_eq!((told.status == 0, told.in_doubt), (false, journal), "{}", told.json);
        chain.sandbox.clear_fault(fault);
        line.set(Mode::Through);
        until("it comes after all", || chain.effects("AUTO_LATE") == (1, 0));
        let off = till.settle(&json!({ "out_request_no": "S1-FORGOT-1", "aim": "void" }));
        assert_eq!(off.status, 0, "{}", off.json);
        assert_eq!(chain.effects("AUTO_LATE"), (1, 1), "called off, it is not redeemed");
    }
}

#[test]
fn what_a_hub_does_not_serve_is_named() {
    let (_chain, line, config) = shop();
    let till = Till::new(&config);
    let opened = till.open_notification(&json!({}), b"{}");
    assert_eq!(opened.name(), "WXCOUPON_E_NOTIFICATION_UNTRUSTED", "{}", opened.json);
    assert!(opened.json["message"].as_str().unwrap().contains("the hub's /notify"), "{}", opened.json);
    assert_eq!(opened.json["reply"]["status"], 500);
    for (name, request) in
        [("upload_image", json!({ "file": "/a.png" })), ("import_coupons", json!({ "file": "/a.csv" }))]
    {
        let refused = till.ask(name, &request);
        assert_eq!(refused.name(), "WXCOUPON_E_OPERATION", "{}", refused.json);
        assert!(refused.json["message"].as_str().unwrap().contains(name), "{}", refused.json);
    }
    assert_eq!(line.asked.lock().unwrap().len(), 0, "nobody was asked");
    let refused = till.request("GET", "/v3/certificates", None);
    assert_eq!(refused.name(), "WXCOUPON_E_NO_PERMISSION", "{}", refused.json);
    assert!(refused.json["message"].as_str().unwrap().contains("not_allowed"), "{}", refused.json);
    let encrypted = json!({ "out_request_no": "S1-000009", "_options": { "encrypt": ["/name"] } });
    assert_eq!(till.ask("use", &encrypted).json["field"], "/_options/encrypt");
}

#[test]
fn a_user_is_forgotten_here_and_there() {
    let policy = TRUSTING.to_owned() + "operations = [\"use\", \"forget_user\", \"pending\"]\n";
    let chain = Chain::new(&policy);
    let own = chain.till("S1");
    let config =
        with(config(&own, &[address(&chain.at)]), &json!({ "journal_path": chain.file("till.journal") }));
    let till = Till::new(&config);
    assert_eq!(till.redeem(&use_request("AUTO_FORGET", "S1-FORGET")).status, 0);
    let told = till.ask("forget_user", &json!({ "openid": testkit::till::OPENID }));
    assert_eq!(told.status, 0, "{}", told.json);
    assert_eq!(
        (&told.json["data"]["till"]["requests"], &told.json["data"]["hub"]["requests"]),
        (&json!(1), &json!(1))
    );
    drop(till);
    let bytes = std::fs::read(chain.file("till.journal")).unwrap();
    let openid = testkit::till::OPENID.as_bytes();
    assert!(!bytes.windows(openid.len()).any(|window| window == openid), "the openid is in the file");
}

#[test]
fn a_job_goes_to_the_hub_too() {
    let (chain, _line, config) = shop();
    let till = Till::new(&config);
    let job = till.start("use", &use_request("AUTO_JOB", "S1-JOB-1")).unwrap();
    let mut told = job.wait(0);
    until("the job ends", || {
        told = job.wait(100);
        told.json["name"] != "WXCOUPON_E_RUNNING" && told.json.get("elapsed_ms").is_some()
    });
    assert_eq!(told.status, 0, "{}", told.json);
    assert_eq!(chain.effects("AUTO_JOB"), (1, 0));
}
