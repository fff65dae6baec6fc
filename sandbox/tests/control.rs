//! The control interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use support::desk::Desk;
use support::{Call, offers, sandbox};
use wxcoupon_sandbox::{FaultId, Options, Sandbox};

#[test]
fn faults_come_and_go() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    let first =
        desk.ok("POST", "/faults", &json!({ "kind": "status", "status": 503, "on": "query", "times": 2 }));
    let second = desk.ok("POST", "/faults", &json!({ "spec": "rate_limited,on=use,retry_after=3" }));
    let query = desk.till.query_request("SBX_USED");
    assert_eq!(desk.till.send(&query).unwrap().status, 503);
    let list = desk.ok("GET", "/faults", &Value::Null);
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(
        (&list[0]["id"], &list[0]["fired"], &list[0]["spent"]),
        (&first["id"], &json!(1), &json!(false))
    );
    assert_eq!(list[0]["fault"]["status"], 503);
    assert_eq!(list[1]["fault"]["retry_after"], 3);
    let id = first["id"].as_u64().unwrap();
    assert_eq!(sandbox.fired(FaultId(id)), 1);
    desk.ok("DELETE", &format!("/faults/{id}"), &Value::Null);
    assert_eq!(desk.till.send(&query).unwrap().status, 200);
    desk.refused(404, "DELETE", &format!("/faults/{id}"), &Value::Null);
    assert_eq!(desk.till.send(&desk.till.use_request("SBX_USED", "NUMBER_1")).unwrap().status, 429);
    assert_eq!(desk.ok("DELETE", "/faults", &Value::Null)["cleared"], 1);
    assert_ne!(first["id"], second["id"]);
    for bad in [json!({ "kind": "no_such" }), json!({}), json!([]), json!({ "kind": "hang", "colour": 1 })] {
        desk.refused(400, "POST", "/faults", &bad);
    }
    assert!(sandbox.faults().is_empty());
}

#[test]
fn a_port_closed_from_here_opens_again() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    let id = desk.ok("POST", "/faults", &json!({ "kind": "refuse_connection", "host": 1 }))["id"].clone();
    assert!(desk.till.connect(&desk.till.urls[1]).is_err());
    desk.ok("DELETE", &format!("/faults/{id}"), &Value::Null);
    desk.till.connect(&desk.till.urls[1]).unwrap();
}

#[test]
fn ledger_log_and_counters_can_be_read() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    for n in 1..=3 {
        desk.till.ok(&desk.till.use_request(&format!("SBX_EFFECTIVE_{n}"), &format!("NUMBER_{n}")));
    }
    desk.till.ok(&desk.till.return_request("SBX_EFFECTIVE_1", "RETURN_1"));
    let ledger = desk.ok("GET", "/ledger", &Value::Null);
    assert_eq!(ledger.as_array().unwrap().len(), 4);
    let last = &ledger[3];
    assert_eq!(
        (&last["seq"], &last["operation"], &last["effect"]),
        (&json!(4), &json!("return"), &json!("returned"))
    );
    assert_eq!((&last["coupon_code"], &last["number"]), (&json!("SBX_EFFECTIVE_1"), &json!("RETURN_1")));
    assert_eq!(desk.ok("GET", "/ledger?after=3", &Value::Null), json!([last]));
    let log = desk.ok("GET", "/requests?after=2", &Value::Null);
    assert_eq!(log.as_array().unwrap().len(), 2);
    assert_eq!(
        (&log[0]["seq"], &log[0]["http_status"], &log[0]["took_effect"]),
        (&json!(3), &json!(200), &json!(true))
    );
    let answer: Value = serde_json::from_str(log[0]["response_body"].as_str().unwrap()).unwrap();
    assert_eq!((&answer["coupon_state"], &log[0]["response_cut"]), (&json!("USED"), &json!(false)));
    let headers = log[0]["response_headers"].as_array().unwrap();
    for name in ["Wechatpay-Signature", "Wechatpay-Serial", "Request-ID", "Date"] {
        assert!(headers.iter().any(|header| header[0] == name), "{name} in {headers:?}");
    }
    let stats = desk.ok("GET", "/stats", &Value::Null);
    assert_eq!((&stats["used"], &stats["returned"], &stats["requests"]), (&json!(3), &json!(1), &json!(4)));
    assert_eq!(stats["by_status"], json!({ "200": 4 }));
}

#[test]
fn of_a_long_answer_the_beginning_is_remembered() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    desk.ok("POST", "/faults", &json!({ "kind": "huge", "bytes": 300_000, "times": 1 }));
    let got = desk.till.send(&desk.till.query_request("SBX_USED")).unwrap();
    let entry = &sandbox.requests()[0];
    assert!(entry.response_cut && got.body.len() >= 300_000);
    assert_eq!(entry.response_body.len(), 64 * 1024);
    assert!(got.text().starts_with(&entry.response_body));
}

#[test]
fn coupons_can_be_looked_at_made_and_altered() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    assert_eq!(desk.ok("GET", "/coupons/SBX_PENDING", &Value::Null)["state"], "PENDING");
    desk.refused(404, "GET", "/coupons/NOT_THERE", &Value::Null);
    let stores = json!({ "scope": "SPECIFIC", "stores": ["500002"] });
    let made = desk.ok("POST", "/coupons", &json!({ "coupon_code": "MADE", "stores": stores }));
    assert_eq!((&made["state"], &made["stores"]), (&json!("EFFECTIVE"), &stores));
    desk.till.refused(&desk.till.use_request("MADE", "NUMBER_1"), 268_584_404);
    let altered = desk.ok("POST", "/coupons", &json!({ "coupon_code": "MADE", "state": "DELETED" }));
    assert_eq!((&altered["state"], &altered["stores"]), (&json!("DELETED"), &stores));
    desk.till.refused(&desk.till.use_request("MADE", "NUMBER_1"), 272_756_769);
    for bad in [
        json!({}),
        json!({ "coupon_code": "A", "state": "GONE" }),
        json!({ "coupon_code": "A", "colour": "red" }),
        json!({ "coupon_code": "A", "stock_id": "1" }),
        json!({ "coupon_code": "A", "valid_end_time": "soon" }),
    ] {
        desk.refused(400, "POST", "/coupons", &bad);
    }
    assert!(sandbox.coupon("A").is_none());
}

#[test]
fn the_clock_can_be_set_and_everything_reset() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    let query = desk.till.query_request("SBX_USED");
    desk.ok("POST", "/clock", &json!({ "offset_s": 1000 }));
    assert_eq!(desk.till.send(&query).unwrap().status, 401);
    desk.refused(400, "POST", "/clock", &json!({ "offset_s": "1000" }));
    desk.ok("POST", "/faults", &json!({ "kind": "hang" }));
    desk.ok("POST", "/reset", &Value::Null);
    assert_eq!(desk.till.send(&query).unwrap().status, 200);
    assert_eq!(sandbox.requests().len(), 1);
}

#[test]
fn shutdown_is_a_wish() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let (done, waiting) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            sandbox.wait_for_shutdown();
            done.send(()).unwrap();
        });
        assert!(waiting.recv_timeout(Duration::from_millis(100)).is_err());
        Desk::new(&sandbox).ok("POST", "/shutdown", &Value::Null);
        waiting.recv_timeout(Duration::from_secs(20)).unwrap();
    });
}

#[test]
fn browsers_and_strangers_are_turned_away() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    desk.refused(404, "GET", "/nowhere", &Value::Null);
    desk.refused(405, "PUT", "/faults", &json!({}));
    let call = Call::new("GET", "/stats").header("Origin", "http://evil.invalid");
    assert_eq!(desk.send(&call).status, 403);
}

#[test]
fn business_time_moves_apart_from_the_clock() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    desk.till.refused(&desk.till.use_request("SBX_PENDING", "NUMBER_1"), 272_755_715);
    let day = json!({ "world_offset_s": 86_400 + 60 });
    assert_eq!(desk.ok("POST", "/clock", &day), json!({ "offset_s": 0, "world_offset_s": 86_460 }));
    desk.till.ok(&desk.till.use_request("SBX_PENDING", "NUMBER_1"));
    let both = desk.ok("POST", "/clock", &json!({ "offset_s": 1000 }));
    assert_eq!(both, json!({ "offset_s": 1000, "world_offset_s": 86_460 }));
    assert_eq!(desk.till.send(&desk.till.query_request("SBX_USED")).unwrap().status, 401);
    desk.refused(400, "POST", "/clock", &json!({ "world_offset_s": "1" }));
    desk.refused(400, "POST", "/clock", &json!({}));
    desk.ok("POST", "/reset", &Value::Null);
    desk.till.refused(&desk.till.use_request("SBX_PENDING", "NUMBER_1"), 272_755_715);
}

#[test]
fn tokens_are_claimed_and_stocks_paused() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    let offer = offers::offer(&desk.till, "CREATE_1", "API_ASSIGN");
    let call = offer.pre_send("PRESEND_1").with("coupon_code", json!("Claimed_1"));
    let answer = desk.till.ok(&call);
    let claimed = desk.ok("POST", "/claims", &json!({ "token": answer["token"] }));
    assert_eq!(claimed, json!({ "coupon_codes": ["Claimed_1"] }));
    desk.refused(400, "POST", "/claims", &json!({ "token": answer["token"] }));
    desk.refused(400, "POST", "/claims", &json!({ "token": 5 }));
    let paused = desk.ok("POST", "/stocks", &json!({ "stock_id": offer.stock, "state": "PAUSED" }));
    assert_eq!(paused["state"], "PAUSED");
    desk.refused(404, "POST", "/stocks", &json!({ "stock_id": "9", "state": "PAUSED" }));
    desk.refused(400, "POST", "/stocks", &json!({ "stock_id": offer.stock, "state": "DEACTIVATED" }));
}
