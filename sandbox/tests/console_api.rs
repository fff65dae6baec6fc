//! What the console asks of the admin interface, asked without a browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::admin::{ask, ok, refused};
use support::{Call, Till, sandbox, until};
use wxcoupon_sandbox::{CouponState, Options, Sandbox};

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
