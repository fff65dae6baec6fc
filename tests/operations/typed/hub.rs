//! A till and what hubs may answer, byte by byte: the hub is played here, with the till's key.

use super::shop::{config as merchant, made};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wxcoupon::api::USE;
use wxcoupon::client::Client;
use wxcoupon::config::Config;
use wxcoupon::hex::lower;
use wxcoupon::journal::Journal;
use wxcoupon::net::cancel::Cancel;
use wxcoupon::net::clock::Clock;
use wxcoupon::net::{
    HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind, in_flight, rate_limit,
};
use wxcoupon::status::Code;
use wxcoupon::wire::hub::{Asked, Headers, TillKey};

fn key_text() -> String {
    format!("3:{}", lower(&[7; 32]))
}

fn digest(body: &[u8]) -> String {
    lower(ring::digest::digest(&ring::digest::SHA256, body).as_ref())
}

/// What hubs answer, one after the other; the last goes on.
type Plan = Vec<(u16, Value)>;

/// Hubs whose clock is off.
#[derive(Debug)]
struct Hubs {
    ahead_s: Arc<AtomicI64>,
    plan: Arc<Mutex<Plan>>,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Transport for Hubs {
    fn exchange(&self, request: &HttpRequest<'_>) -> Result<HttpResponse, TransportError> {
        if self.plan.lock().unwrap()[0] == NOT_REACHED {
            let detail = "refused".to_owned();
            return Err(TransportError { sent: false, kind: TransportErrorKind::Connect, detail });
        }
        assert!(in_flight::mark_sent());
        let header = |name: &str| request.headers.iter().find(|(known, _)| *known == name).unwrap().1;
        let body = request.body.unwrap_or_default();
        let key = TillKey::read(&key_text()).unwrap().key;
        assert_eq!((header("wxcoupon-till"), header("wxcoupon-key")), ("S1", "3"));
        let (time, nonce) = (header("wxcoupon-time"), header("wxcoupon-nonce"));
        let asked = Asked { target: request.target, till: "S1", generation: 3, time, nonce, body };
        assert_eq!(header("wxcoupon-mac"), key.mac(&asked.text()));
        self.asked
            .lock()
            .unwrap()
            .push((request.origin.to_owned(), String::from_utf8(body.to_vec()).unwrap()));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let now = i64::try_from(now).unwrap() + self.ahead_s.load(Ordering::Relaxed);
        let off = time.parse::<i64>().unwrap() - now;
        let (status, answer) = if off.abs() > 300 {
            (
                401,
                json!({ "status": Code::Clock.number(), "hub": "wrong_time", "message": format!("off by {off}") }),
            )
        } else {
            let mut plan = self.plan.lock().unwrap();
            if plan.len() > 1 { plan.remove(0) } else { plan[0].clone() }
        };
        if status == 0 {
            let detail = "cut".to_owned();
            return Err(TransportError { sent: true, kind: TransportErrorKind::Lost, detail });
        }
        let body = answer.to_string().into_bytes();
        let text =
            format!("wxcoupon-hub answer 1\n{nonce}\n{status}\n{now}\n1767225601\n{}\n", digest(&body));
        let hub = Headers {
            time: Some(now.to_string()),
            proven_at: Some("1767225601".into()),
            mac: Some(key.mac(&text)),
        };
        Ok(HttpResponse { status, hub, body, ..HttpResponse::default() })
    }
}

struct Till {
    client: Client,
    ahead_s: Arc<AtomicI64>,
    plan: Arc<Mutex<Plan>>,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

fn till(ahead_s: i64, plan: Plan) -> Till {
    till_with(&json!({}), ahead_s, plan)
}

fn till_with(more: &Value, ahead_s: i64, plan: Plan) -> Till {
    let mut config = json!({
        "mode": "till", "till_id": "S1", "till_key": key_text(), "timeout_ms": 1500,
        "hub_urls": ["https://one", "https://two"], "defaults": { "brand_id": "120001" },
    });
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    let config = Config::from_json(&config.to_string()).unwrap();
    let asked: Arc<Mutex<Vec<_>>> = Arc::default();
    let (ahead_s, plan) = (Arc::new(AtomicI64::new(ahead_s)), Arc::new(Mutex::new(plan)));
    let hubs =
        Box::new(Hubs { ahead_s: Arc::clone(&ahead_s), plan: Arc::clone(&plan), asked: Arc::clone(&asked) });
    let journal = Arc::new(Journal::open(None, "till S1", Duration::from_secs(60)).unwrap());
    let client = Client::from_parts(config, hubs, journal, Clock::default(), rate_limit::alone(100_000));
    Till { client, ahead_s, plan, asked }
}

impl Till {
    fn redeem(&self) -> Value {
        let request = json!({ "openid": "o1", "coupon_code": "C1", "out_request_no": "S1-000001" });
        let report = self.client.call(&USE, &request.to_string(), &Cancel::never());
        serde_json::from_str(&report.to_json()).unwrap()
    }

    /// Hubs answer this from now on.
    fn plan(&self, plan: Plan) {
        *self.plan.lock().unwrap() = plan;
    }

    fn settle(&self, number: &str, aim: &str) -> Value {
        let input = json!({ "out_request_no": number, "aim": aim }).to_string();
        serde_json::from_str(&self.client.settle(Some(&input), &Cancel::never()).to_json()).unwrap()
    }

    fn origins(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(origin, _)| origin.replace("https://", "")).collect()
    }
}

fn ok() -> (u16, Value) {
    (200, json!({ "status": 0, "data": { "coupon_state": "USED" }, "http_status": 200, "request_id": "R1" }))
}

const LOST: (u16, Value) = (0, Value::Null);
/// Nothing listens there.
const NOT_REACHED: (u16, Value) = (1, Value::Null);

/// The hub's policy is against it.
fn not_allowed(in_doubt: bool) -> (u16, Value) {
    (403, json!({ "status": Code::NoPermission.number(), "hub": "not_allowed", "in_doubt": in_doubt }))
}

#[test]
fn a_till_whose_clock_is_wrong_takes_the_hub_s_and_signs_anew() {
    for ahead_s in [7200, -7200] {
        let till = till(ahead_s, vec![ok()]);
        let done = till.redeem();
        assert_eq!((&done["status"], &done["attempts"]), (&json!(0), &json!(2)), "{done}");
        let offset = done["clock_offset_s"].as_i64().unwrap();
        assert!((offset - ahead_s).abs() <= 2, "{offset}");
        assert!(!till.client.has_pending());
    }
}

#[test]
fn what_goes_out_names_the_time_that_the_hub_has_and_is_the_till_s_text_otherwise() {
    let till = till(0, vec![ok()]);
    till.redeem();
    let asked = till.asked.lock().unwrap()[0].1.clone();
    let expected = r#"{"openid":"o1","coupon_code":"C1","out_request_no":"S1-000001","use_time":""#;
    assert!(asked.starts_with(expected), "{asked}");
    assert!(asked.contains(r#","brand_id":"120001","_options":{"timeout_ms":"#), "{asked}");
    let left: Value = serde_json::from_str(&asked).unwrap();
    // It is to answer before the till gives up.
    assert!((1000..=1200).contains(&left["_options"]["timeout_ms"].as_i64().unwrap()), "{asked}");
}

#[test]
fn a_lost_answer_is_asked_for_at_the_other_hub_and_its_answer_is_handed_on() {
    let till = till(0, vec![LOST, ok()]);
    let done = till.redeem();
    assert_eq!((&done["status"], &done["attempts"], &done["host"]), (&json!(0), &json!(2), &json!("two")));
    assert_eq!((&done["request_id"], &done["http_status"]), (&json!("R1"), &json!(200)));
    assert_eq!(till.origins(), ["one", "two"]);
    // WeChat Pay's time, and not the hub's, is what the till's journal has.
    assert_eq!(till.redeem()["recorded_at"], "2026-01-01T08:00:01+08:00");
    assert_eq!(till.origins().len(), 2, "the till knows it");
}

#[test]
fn a_hub_that_cannot_write_is_left_for_the_other_one() {
    let store = json!({ "status": Code::Journal.number(), "hub": "store", "message": "the disk is full" });
    let store = (503, store);
    let till = till(0, vec![store, ok()]);
    let done = till.redeem();
    assert_eq!(
        (&done["status"], till.origins()),
        (&json!(0), vec!["one".to_owned(), "two".to_owned()]),
        "{done}"
    );
}

#[test]
fn only_what_the_hub_knows_of_ends_doubt() {
    let refused = || (200, json!({ "status": 5001, "in_doubt": false }));
    // The lost one may still reach a hub.
    let open = till(0, vec![LOST, refused()]).redeem();
    assert_eq!((&open["class"], &open["in_doubt"]), (&json!(4), &json!(true)), "{open}");
    // A hub that was in doubt itself, and is not any more.
    let doubt = (200, json!({ "status": 4001, "in_doubt": true }));
    let ended = till(0, vec![doubt, refused()]).redeem();
    assert_eq!((&ended["class"], &ended["in_doubt"]), (&json!(5), &json!(false)), "{ended}");
    // Whatever the number stands for there, it is not this request.
    let other = Code::RequestNoReused.number();
    let told = till(0, vec![LOST, (200, json!({ "status": other, "in_doubt": false }))]).redeem();
    assert_eq!(told["name"], "WXCOUPON_E_REQUEST_NO_REUSED", "{told}");
}

#[test]
fn what_a_hub_is_working_on_stays_open_here() {
    let locked = Code::Locked.number();
    let busy = (200, json!({ "status": locked, "in_doubt": true, "retry_after_ms": 400 }));
    let till = till(0, vec![busy]);
    let told = till.redeem();
    assert_eq!((&told["class"], &told["in_doubt"]), (&json!(6), &json!(true)), "{told}");
    assert!(till.client.has_pending(), "its row is open");
}

#[test]
fn what_a_hub_was_working_on_is_not_unsent_because_no_hub_answers_any_more() {
    let busy = json!({ "status": Code::Locked.number(), "in_doubt": true, "retry_after_ms": 1 });
    let till = till(0, vec![(200, busy), NOT_REACHED]);
    let told = till.redeem();
    assert_eq!((&told["in_doubt"], &told["class"]), (&json!(true), &json!(6)), "{told}");
    assert!(till.client.has_pending(), "its row is open");
    assert_eq!(till.settle("S1-000001", "complete")["in_doubt"], true);
}

#[test]
fn a_refusal_of_the_hub_s_own_says_nothing_of_what_came_before() {
    let refused = || vec![(200, json!({ "status": Code::Refused.number() }))];
    for (then, class) in [(refused(), 5), (vec![not_allowed(false)], 4), (vec![not_allowed(true)], 4)] {
        let till = till(0, vec![LOST]);
        assert_eq!(till.redeem()["class"], 4);
        // Nothing of it can arrive any more.
        till.ahead_s.store(1000, Ordering::Relaxed);
        till.plan(then);
        let told = till.redeem();
        assert_eq!((&told["class"], &told["in_doubt"]), (&json!(class), &json!(class == 4)), "{told}");
        assert_eq!(till.client.has_pending(), class == 4);
    }
    // A till that has forgotten it hears it from the hub, and keeps it open.
    let till = till(0, vec![not_allowed(true)]);
    let told = till.redeem();
    assert_eq!((&told["class"], &told["in_doubt"]), (&json!(4), &json!(true)), "{told}");
    assert!(told["message"].as_str().unwrap().contains("not_allowed"), "{told}");
    assert!(till.client.has_pending(), "{told}");
}

#[test]
fn what_was_done_stays_done_whatever_the_hub_refuses_now() {
    let reused = (200, json!({ "status": Code::RequestNoReused.number() }));
    for refusal in [not_allowed(false), reused] {
        let till = till_with(&json!({ "journal_replays": false }), 0, vec![ok()]);
        assert_eq!(till.redeem()["status"], 0);
        till.plan(vec![refusal.clone()]);
        let told = till.redeem();
        assert_eq!((&told["status"], &told["recorded"]), (&json!(0), &json!(true)), "{told}");
        assert_eq!(till.origins().len(), 2, "it was asked again");
    }
    let till = till_with(&json!({ "journal_replays": false }), 0, vec![ok()]);
    till.redeem();
    till.plan(vec![(200, json!({ "status": Code::CouponState.number(), "settled_by": "query" }))]);
    assert_eq!(till.redeem()["name"], "WXCOUPON_E_COUPON_STATE", "the hub has looked");
}

#[test]
fn a_number_that_only_hubs_know_is_in_doubt_while_none_of_them_answers() {
    for none in [NOT_REACHED, LOST] {
        let told = till(0, vec![none]).settle("S1-000009", "complete");
        assert!(told["status"] != 0 && told["in_doubt"] == true, "{told}");
    }
}

#[test]
fn a_sale_is_called_off_for_good_once_no_hub_can_get_it_any_more() {
    let unknown = || vec![(200, json!({ "status": Code::Request.number(), "field": "/out_request_no" }))];
    let till = till(0, vec![LOST]);
    till.redeem();
    till.plan(unknown());
    let told = till.settle("S1-000001", "void");
    assert_eq!((&told["class"], &told["in_doubt"]), (&json!(4), &json!(true)), "{told}");
    assert_eq!(till.settle("S1-000001", "complete")["field"], "/aim", "it was called off");
    // A hub that is not asked whether it knows the number proves nothing about it.
    till.ahead_s.store(1000, Ordering::Relaxed);
    till.plan(vec![not_allowed(false)]);
    assert_eq!(till.settle("S1-000001", "void")["in_doubt"], true);
    till.plan(unknown());
    let told = till.settle("S1-000001", "void");
    assert_eq!((&told["status"], &told["data"]["state"]), (&json!(0), &json!("voided")), "{told}");
}

#[test]
fn a_hub_that_has_forgotten_what_it_knew_ends_nothing() {
    let till = till(0, vec![(200, json!({ "status": Code::Server.number(), "in_doubt": true }))]);
    assert_eq!(till.redeem()["class"], 4);
    till.plan(vec![(200, json!({ "status": Code::Request.number(), "field": "/out_request_no" }))]);
    till.ahead_s.store(1000, Ordering::Relaxed);
    for _ in 0..2 {
        let told = till.settle("S1-000001", "void");
        assert_eq!((&told["class"], &told["in_doubt"]), (&json!(4), &json!(true)), "{told}");
        assert!(told["message"].as_str().unwrap().contains("may have lost its store"), "{told}");
    }
}

#[test]
fn a_status_that_this_version_does_not_know_counts_by_its_class() {
    for (status, name) in [(5999, "WXCOUPON_E_REFUSED"), (1999, "WXCOUPON_E_REQUEST")] {
        assert_eq!(till(0, vec![(200, json!({ "status": status }))]).redeem()["name"], name);
    }
    for odd in [json!({ "status": 77_000 }), json!({}), json!([])] {
        let told = till(0, vec![(200, odd)]).redeem();
        assert_eq!(
            (&told["name"], &told["in_doubt"]),
            (&json!("WXCOUPON_E_ANSWER_UNREADABLE"), &json!(true))
        );
    }
}

fn right() -> Value {
    json!({ "mode": "till", "till_id": "S1", "till_key": key_text(), "hub_urls": ["https://hub", "http://127.0.0.1:8080"] })
}

fn assert_refused(changes: &Value, field: &str, says: &str) {
    let mut config = right();
    for (name, value) in changes.as_object().unwrap() {
        config[name] = value.clone();
    }
    let answer = made(&config);
    assert_eq!((&answer["field"], &answer["class"]), (&json!(field), &json!(2)), "{answer}");
    assert!(answer["message"].as_str().unwrap().contains(says), "{answer}");
    assert!(!answer.to_string().contains(&lower(&[7; 32])), "{answer}");
}

#[test]
fn a_till_needs_its_name_its_key_and_its_hubs() {
    let answer = made(&right());
    assert_eq!((&answer["ok"], &answer["data"]["till_id"]), (&json!(true), &json!("S1")), "{answer}");
    assert_eq!(answer["data"]["hosts"], json!(["hub", "127.0.0.1:8080"]));
    assert!(answer["data"].get("merchant_serial_no").is_none());
    for (changes, field, says) in [
        (json!({ "till_id": null }), "/till_id", "missing"),
        (json!({ "till_id": "a b" }), "/till_id", "1 to 40"),
        (json!({ "hub_urls": null }), "/hub_urls", "missing"),
        (json!({ "hub_urls": [] }), "/hub_urls", "empty"),
        (json!({ "hub_urls": ["ftp://hub"] }), "/hub_urls/0", "https:// or http://"),
        (json!({ "till_key": null }), "/till_key_path", "missing"),
        (json!({ "till_key": lower(&[7; 32]) }), "/till_key", "a colon"),
        (json!({ "till_key_path": "till.key" }), "/till_key", "not both"),
        (json!({ "till_code": "01Z0-Z234-5678-9ABC-DEFG" }), "/till_code", "no use"),
        (
            json!({ "till_key": null, "till_code": "01Z0-Z234-5678-9ABC-DEFG" }),
            "/till_key_path",
            "keeps the key",
        ),
        (
            json!({ "till_key": null, "till_key_path": "/none/till.key", "till_code": "01Z0" }),
            "/till_code",
            "20 digits",
        ),
        (json!({ "till_key": null, "till_key_path": "/none/till.key" }), "/till_key_path", "cannot read"),
        (json!({ "proxy": "http://127.0.0.1:3128" }), "/proxy", "without TLS"),
    ] {
        assert_refused(&changes, field, says);
    }
}

#[test]
fn a_till_has_no_key_of_the_merchant_s_and_a_merchant_none_of_a_till() {
    for name in [
        "mchid",
        "brand_id",
        "merchant_serial_no",
        "private_key_path",
        "private_key_pem",
        "merchant_certificate_path",
        "wechatpay_public_key_id",
        "wechatpay_public_key_path",
        "platform_certificates",
        "apiv3_key",
        "apiv2_key",
        "base_urls",
        "directory",
    ] {
        assert_refused(&json!({ name: "1" }), &format!("/{name}"), "belongs to the hub");
    }
    for name in ["hub_urls", "till_id", "till_key", "till_key_path", "till_code"] {
        let mut config = merchant();
        config[name] = json!("1");
        let answer = made(&config);
        assert_eq!(answer["field"], format!("/{name}"), "{answer}");
        assert!(answer["message"].as_str().unwrap().contains("tills of a hub"), "{answer}");
    }
}
