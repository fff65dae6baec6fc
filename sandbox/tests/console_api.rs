//! What the console asks of the admin interface, asked without a browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Call, Got, Till, sandbox, until};
use wxcoupon_sandbox::{CouponState, Effect, Options, STORE_IDS, Sandbox};

fn ask(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Got {
    let mut call = Call::new(method, path).header("Authorization", "none");
    if !body.is_null() {
        call = call.json(body);
    }
    Till::new(sandbox).send_to(&sandbox.control_url(), &call).unwrap()
}

fn ok(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Value {
    let got = ask(sandbox, method, path, body);
    assert_eq!(got.status, 200, "{method} {path}: {}", got.text());
    got.json()
}

fn refused(sandbox: &Sandbox, path: &str, body: &Value) -> String {
    let got = ask(sandbox, "POST", path, body);
    assert_eq!(got.status, 400, "{path}: {}", got.text());
    got.json()["error"].as_str().unwrap().to_owned()
}

#[test]
fn the_page_and_its_files_are_served_under_a_policy() {
    let sandbox = sandbox();
    for (path, kind) in
        [("/", "text/html"), ("/console/app.js", "text/javascript"), ("/console/base.css", "text/css")]
    {
        let call = Call::new("GET", path).header("Authorization", "none").header("Accept", "text/html,*/*");
        let got = Till::new(&sandbox).send_to(&sandbox.control_url(), &call).unwrap();
        assert_eq!(got.status, 200, "{path}");
        assert!(got.header("content-type").unwrap().starts_with(kind), "{path}");
        assert!(got.header("content-security-policy").unwrap().starts_with("default-src 'self';"), "{path}");
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
    }
    for path in ["/console/nothing.js", "/console/..%2Fmod.rs", "/coupons/NOBODY/qr.svg"] {
        assert_eq!(ask(&sandbox, "GET", path, &Value::Null).status, 404, "{path}");
    }
    assert_eq!(sandbox.console_url(), format!("{}/", sandbox.control_url()));
}

#[test]
fn each_kind_of_coupon_is_made_with_all_that_stands_behind_it() {
    let sandbox = sandbox();
    let normal = json!({ "type": "NORMAL", "threshold": 5000, "discount_amount": 1000 });
    let made = ok(&sandbox, "POST", "/offers", &normal);
    assert_eq!((&made["name"], &made["state"]), (&json!("满50减10"), &json!("EFFECTIVE")));
    assert_eq!(made["coupon_code"].as_str().unwrap().len(), 20);
    let effects: Vec<Effect> = sandbox.ledger().iter().map(|entry| entry.effect).collect();
    assert_eq!(effects, [Effect::Created, Effect::Sent, Effect::Confirmed]);

    let discount = json!({ "type": "DISCOUNT", "percent_off": 15, "coupon_code": "MINE_1", "begins_in_days": 2,
        "valid_days": 3, "openid": "oAnother" });
    let made = ok(&sandbox, "POST", "/offers", &discount);
    assert_eq!(
        (&made["name"], &made["state"], &made["openid"]),
        (&json!("打8.5折"), &json!("PENDING"), &json!("oAnother"))
    );
    let days = (made["valid_end"].as_i64().unwrap() + 1 - made["valid_begin"].as_i64().unwrap()) / 86_400;
    assert_eq!(days, 3);

    let exchange = json!({ "type": "EXCHANGE", "threshold": 5000, "exchange_price": 990, "coupon_code": "MINE_2",
        "stores": { "scope": "SPECIFIC", "stores": [STORE_IDS[0]] },
        "hours": { "days": ["MONDAY"], "from_s": 0, "to_s": 3600 } });
    let made = ok(&sandbox, "POST", "/offers", &exchange);
    assert_eq!(made["worth"], json!({ "type": "EXCHANGE", "threshold": 5000, "exchange_price": 990 }));
    assert_eq!(made["stock_stores"], json!({ "scope": "SPECIFIC", "stores": [STORE_IDS[0]] }));
    assert_eq!(made["stock_hours"]["day_list"], json!(["MONDAY"]));
    // The rules of the stock hold at the till.
    let till = Till::new(&sandbox);
    let redemption = till
        .use_request("MINE_2", "NUMBER_1")
        .with("product_coupon_id", made["product_coupon_id"].clone())
        .with("stock_id", made["stock_id"].clone())
        .with("store_id", json!(STORE_IDS[1]));
    let sub_code = till.send(&redemption).unwrap().sub_code();
    assert!([268_584_404, 272_755_717].contains(&sub_code), "{sub_code}");

    for (bad, issue) in [
        (json!({ "type": "NORMAL", "percent_off": 10 }), "discount_amount"),
        (json!({ "type": "NORMAL", "discount_amount": 0 }), "discount_amount"),
        (json!({ "type": "FREE", "discount_amount": 1 }), "FREE"),
        (json!({ "type": "NORMAL", "discount_amount": 1, "valid_days": 366 }), "valid_days"),
        (json!({ "type": "NORMAL", "discount_amount": 1, "family": "busi" }), "family"),
        (json!({ "type": "NORMAL", "discount_amount": 1, "colour": "red" }), "colour"),
        (json!({ "type": "NORMAL", "discount_amount": 1, "coupon_code": "MINE_1" }), "272755200"),
        (
            json!({ "type": "NORMAL", "discount_amount": 1, "stores": { "scope": "SPECIFIC", "stores": ["9"] } }),
            "store 9",
        ),
    ] {
        let said = refused(&sandbox, "/offers", &bad);
        assert!(said.contains(issue), "{bad}: {said}");
    }
}

#[test]
fn the_older_family_has_cards_and_buttons_too() {
    let sandbox = sandbox();
    let cards = ok(&sandbox, "GET", "/console/coupons", &Value::Null);
    let cards = cards["coupons"].as_array().unwrap();
    let of = |code: &str| cards.iter().filter(|card| card["coupon_code"] == code).collect::<Vec<_>>();
    let [card] = of("SBF_SENDED_1")[..] else { panic!("{cards:?}") };
    assert_eq!((&card["family"], &card["state"]), (&json!("busifavor"), &json!("EFFECTIVE")));
    assert_eq!(card["worth"], json!({ "type": "NORMAL", "threshold": 5000, "discount_amount": 500 }));
    assert_eq!(of("SBF_TWICE").len(), 2, "the same code in two stocks");
    let stock = card["stock_id"].as_str().unwrap();
    let act = |code: &str, act: &str| {
        ask(&sandbox, "POST", &format!("/console/busifavor-coupons/{stock}/{code}/{act}"), &json!({}))
    };
    for (button, state) in [
        ("redeem_elsewhere", "USED"),
        ("return", "EFFECTIVE"),
        ("deactivate", "DEACTIVATED"),
        ("renew", "EFFECTIVE"),
        ("expire", "EXPIRED"),
        ("delete", "DELETED"),
    ] {
        let done = act("SBF_SENDED_1", button);
        assert_eq!((done.status, &done.json()["state"]), (200, &json!(state)), "{button}");
    }
    assert_eq!(act("SBF_SENDED_1", "redeem_elsewhere").status, 400, "the user has deleted it");
    assert_eq!(act("SBF_SENDED_2", "lock").status, 400);
    assert_eq!((act("NOBODY", "expire").status, act("SBF_SENDED_2", "fly").status), (404, 404));
    assert_eq!(ask(&sandbox, "GET", "/coupons/SBF_SENDED_1/qr.svg", &Value::Null).status, 200);
    let truth = ok(&sandbox, "GET", "/truth", &Value::Null);
    let lines = truth["lines"].as_array().unwrap();
    assert!(lines.len() == 3 && lines.iter().all(|line| line["verdict"] == "agrees"), "{truth:#}");
}

#[test]
fn buttons_keep_to_the_rules_of_the_api() {
    let sandbox = sandbox();
    let act =
        |code: &str, act: &str| ask(&sandbox, "POST", &format!("/console/coupons/{code}/{act}"), &json!({}));
    assert_eq!(act("SBX_EFFECTIVE_1", "redeem_elsewhere").status, 200);
    assert_eq!(sandbox.coupon("SBX_EFFECTIVE_1").unwrap().state, CouponState::Used);
    let again = act("SBX_EFFECTIVE_1", "redeem_elsewhere");
    assert_eq!((again.status, again.text().contains("272756745")), (400, true), "{}", again.text());
    assert_eq!(act("SBX_EFFECTIVE_1", "return").status, 200);
    assert_eq!(act("SBX_EFFECTIVE_1", "deactivate").status, 200);
    assert_eq!(sandbox.coupon("SBX_EFFECTIVE_1").unwrap().state, CouponState::Deactivated);
    assert_eq!(act("SBX_EFFECTIVE_1", "fly").status, 404);
    assert_eq!(act("NOBODY", "lock").status, 404);
    // A coupon for one store is redeemed there.
    assert_eq!(act("SBX_OTHER_STORE", "redeem_elsewhere").status, 200);
    // Whoever pressed the button knows that it was done.
    let truth = ok(&sandbox, "GET", "/truth", &Value::Null);
    let verdicts: Vec<&Value> =
        truth["lines"].as_array().unwrap().iter().map(|line| &line["verdict"]).collect();
    assert_eq!(verdicts, ["agrees"; 4]);
}

#[test]
fn payment_codes_change_every_minute_and_with_the_user() {
    let sandbox = sandbox();
    let code = |openid: &str| ok(&sandbox, "GET", &format!("/console/phone/{openid}"), &Value::Null);
    let (first, other) = (code("oA"), code("oB"));
    assert_eq!(first["code"].as_str().unwrap().len(), 18);
    assert_ne!(first["code"], other["code"]);
    assert!((1..=60).contains(&first["seconds_left"].as_i64().unwrap()));
    sandbox.set_clock_offset(60);
    assert_ne!(code("oA")["code"], first["code"]);
    let drawn = ask(&sandbox, "GET", "/console/phone/oA/code128.svg", &Value::Null);
    assert_eq!(drawn.header("content-type"), Some("image/svg+xml"));
}

#[test]
fn the_log_keeps_answers_and_explains_them() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    till.ok(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"));
    let entry = &sandbox.requests()[0];
    assert!(entry.response_body.contains("\"USED\"") && !entry.response_cut);
    assert!(entry.response_headers.iter().any(|(name, _)| name == "Wechatpay-Signature"));
    let look = |seq: u64| ok(&sandbox, "GET", &format!("/requests/{seq}"), &Value::Null);
    let seen = look(1);
    assert_eq!(seen["signature"]["lines"].as_array().unwrap().len(), 5);
    assert!(
        seen["signature"]["steps"].as_array().unwrap().iter().all(|step| step["passed"] == true),
        "{seen:#}"
    );
    assert_eq!((&seen["answer"]["fits"], &seen["answer"]["key"]), (&json!(true), &json!("certificate")));
    assert_eq!(seen["first"], Value::Null);

    // A fault that spoils the answer is seen in its three lines.
    sandbox.inject(wxcoupon_sandbox::FaultKind::WrongSignature);
    till.send(&till.query_request("SBX_USED")).unwrap();
    assert_eq!(look(2)["answer"]["fits"], json!(false));
    sandbox.clear_faults();
    sandbox.inject(wxcoupon_sandbox::FaultKind::UnknownSerial);
    till.send(&till.query_request("SBX_USED")).unwrap();
    assert_eq!((&look(3)["answer"]["fits"], &look(3)["answer"]["key"]), (&Value::Null, &json!("unknown")));
    sandbox.clear_faults();

    // A huge answer is kept in part.
    sandbox.inject(wxcoupon_sandbox::FaultKind::Huge { bytes: 1_000_000 });
    till.send(&till.query_request("SBX_USED")).unwrap();
    let huge = &sandbox.requests()[3];
    assert!(huge.response_cut && huge.response_body.len() == 64 * 1024);
    sandbox.clear_faults();
    assert_eq!(ask(&sandbox, "GET", "/requests/99", &Value::Null).status, 404);
}

#[test]
fn without_a_log_nothing_is_kept() {
    let sandbox = Sandbox::start(Options { log_capacity: 0, ..Options::default() }).unwrap();
    let till = Till::new(&sandbox);
    till.ok(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"));
    assert!(sandbox.requests().is_empty());
    assert_eq!(ok(&sandbox, "GET", "/console/about", &Value::Null)["log_is_on"], json!(false));
    assert_eq!(ask(&sandbox, "GET", "/requests/1", &Value::Null).status, 404);
}

#[test]
fn what_was_told_is_taken_in_and_bad_words_are_refused() {
    let sandbox = sandbox();
    let one = json!({ "number": "NUMBER_1", "told": "done", "time": "2025-08-03T12:00:00+08:00" });
    assert_eq!(ok(&sandbox, "POST", "/told", &one), json!({ "taken": 1 }));
    assert_eq!(
        ok(&sandbox, "POST", "/told", &json!([one, { "number": "NUMBER_2", "told": "undone" }])),
        json!({ "taken": 2 })
    );
    for bad in [
        json!({ "number": "X" }),
        json!({ "number": "", "told": "done" }),
        json!({ "number": "X", "told": "maybe" }),
        json!({ "number": "X", "told": "done", "source": "journal" }),
        json!({ "number": "X", "told": "done", "operation": "fly" }),
        json!({ "number": "X", "told": "done", "time": "noon" }),
        json!({ "number": "X", "told": "done", "message": "x".repeat(2000) }),
        // A list is taken as a whole or not at all.
        json!([{ "number": "X", "told": "done" }, { "number": "Y", "told": "done", "time": "noon" }]),
    ] {
        refused(&sandbox, "/told", &bad);
    }
    let truth = ok(&sandbox, "GET", "/truth", &Value::Null);
    assert_eq!(truth["journal"], json!({ "state": "none" }));
    assert_eq!(truth["lines"].as_array().unwrap().len(), 2);
    ok(&sandbox, "POST", "/reset", &json!({}));
    assert_eq!(ok(&sandbox, "GET", "/truth", &Value::Null)["lines"], json!([]));
}

#[test]
fn a_scenario_does_not_grow_old() {
    let sandbox = sandbox();
    ok(&sandbox, "POST", "/console/coupons/SBX_EFFECTIVE_1/expire", &json!({}));
    ok(&sandbox, "POST", "/coupons", &json!({ "coupon_code": "SBX_USED", "locked": true }));
    ok(
        &sandbox,
        "POST",
        "/offers",
        &json!({ "type": "NORMAL", "discount_amount": 100, "coupon_code": "MINE_1" }),
    );
    ok(&sandbox, "POST", "/console/coupons/MINE_1/redeem_elsewhere", &json!({}));
    let got = ask(&sandbox, "GET", "/scenario", &Value::Null);
    assert!(got.header("content-disposition").unwrap().contains("scenario.json"));
    let scenario = got.json();
    assert_eq!(scenario["coupons"].as_array().unwrap().len(), 3, "{scenario:#}");

    // A year later.
    let other = self::sandbox();
    other.set_business_offset(365 * 86_400);
    let mut later = scenario.clone();
    later["clock"]["world_offset_s"] = json!(365 * 86_400);
    let loaded = ok(&other, "POST", "/scenario", &later);
    assert_eq!(loaded, json!({ "coupons": 4, "faults": 0 }));
    assert_eq!(other.coupon("SBX_EFFECTIVE_1").unwrap().state, CouponState::Expired);
    assert_eq!(other.coupon("MINE_1").unwrap().state, CouponState::Used);
    assert!(other.coupon("SBX_USED").unwrap().locked);
    let till = Till::new(&other);
    till.refused(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"), 268_578_776);

    for (bad, issue) in [
        (json!({}), "wxcoupon_sandbox_scenario"),
        (json!({ "wxcoupon_sandbox_scenario": 2 }), "1 is known"),
        (json!({ "wxcoupon_sandbox_scenario": 1, "colour": 1 }), "colour"),
        (json!({ "wxcoupon_sandbox_scenario": 1, "faults": [{ "kind": "fly" }] }), "fly"),
        (
            json!({ "wxcoupon_sandbox_scenario": 1, "coupons": [{ "coupon_code": "X", "stock_id": "9" }] }),
            "stock_id",
        ),
    ] {
        let said = refused(&other, "/scenario", &bad);
        assert!(said.contains(issue), "{bad}: {said}");
    }
}

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

#[test]
fn only_its_own_page_may_steer_it() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let host = sandbox.control_url().trim_start_matches("http://").to_owned();
    let port = host.split_once(':').unwrap().1.to_owned();
    let status = |host: &str, origin: &str| {
        let call = Call::new("POST", "/faults")
            .header("Authorization", "none")
            .header("Host", host)
            .header("Origin", origin);
        till.send_to(&sandbox.control_url(), &call.json(&json!({ "kind": "delay", "ms": 1 }))).unwrap().status
    };
    assert_eq!(status(&host, &format!("http://{host}")), 200);
    assert_eq!(status(&format!("localhost:{port}"), &format!("http://localhost:{port}")), 200);
    for (host, origin) in [
        (host.clone(), "http://evil.invalid".to_owned()),
        (host.clone(), format!("http://127.0.0.1:{port}0")),
        (host.clone(), format!("https://{host}")),
        (host.clone(), "null".to_owned()),
        // A name that was pointed here.
        (format!("evil.invalid:{port}"), format!("http://evil.invalid:{port}")),
    ] {
        assert_eq!(status(&host, &origin), 403, "{host} {origin}");
    }
    until("nothing more", || sandbox.faults().len() == 2);
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

#[test]
fn a_journal_that_is_not_there_yet_is_no_failure() {
    let journal = std::env::temp_dir().join(format!("wxcoupon-no-journal-{}", std::process::id()));
    let options = Options { journal: Some(journal.clone()), ..Options::default() };
    let sandbox = Sandbox::start(options).unwrap();
    let said = || ok(&sandbox, "GET", "/truth", &Value::Null)["journal"]["state"].clone();
    assert_eq!(said(), "absent");
    std::fs::write(&journal, "something else").unwrap();
    assert_eq!(said(), "failed");
    std::fs::remove_file(&journal).unwrap();
}

#[test]
fn coupons_beyond_those_that_are_shown_are_counted_and_found() {
    let sandbox = sandbox();
    let get = |query: &str| ok(&sandbox, "GET", &format!("/console/coupons{query}"), &Value::Null);
    let before = get("")["matching"].as_u64().unwrap();
    for n in 0..600 {
        sandbox.put_coupon(&wxcoupon_sandbox::CouponSpec::new(format!("MANY_{n:03}"))).unwrap();
    }
    let all = get("");
    assert_eq!(all["matching"], before + 600);
    assert!(all["coupons"].as_array().unwrap().len() < 600);
    assert!(all["owners"].as_array().unwrap().contains(&json!(wxcoupon_sandbox::OPENID)));
    for n in [0, 599] {
        let found = get(&format!("?search=many_{n:03}"));
        assert_eq!((&found["matching"], found["coupons"].as_array().unwrap().len()), (&json!(1), 1));
    }
    assert_eq!(get("?search=MANY&state=EFFECTIVE")["matching"], 600);
    assert_eq!(get("?search=MANY&state=USED")["matching"], 0);
    assert_eq!(get("?search=MANY&openid=oNobody")["matching"], 0);
    assert_eq!(get("?search=SBF_SENDED_1")["coupons"][0]["family"], "busifavor");
    assert_eq!(ask(&sandbox, "GET", "/console/coupons?state=FLYING", &Value::Null).status, 400);
}
