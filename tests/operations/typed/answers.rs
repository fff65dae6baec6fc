//! Answers as WeChat Pay, and what stands before it, may give them: played by a transport that signs like WeChat Pay.

use super::shop::{KEY_ID, PLATFORM_SERIAL, SERIAL, path, text, with};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use wxcoupon::client::Client;
use wxcoupon::config::Config;
use wxcoupon::journal::Journal;
use wxcoupon::net::cancel::Cancel;
use wxcoupon::net::clock::Clock;
use wxcoupon::net::{HttpRequest, HttpResponse, Transport, TransportError, rate_limit};
use wxcoupon::wire::cipher;
use wxcoupon::wire::keys::PrivateKey;
use wxcoupon::wire::verify::{SignatureHeaders, message};

/// Answers everything with the same body, signed under that serial number.
#[derive(Debug)]
struct Scripted {
    key: PrivateKey,
    serial: String,
    body: Vec<u8>,
}

impl Transport for Scripted {
    fn exchange(&self, _: &HttpRequest<'_>) -> Result<HttpResponse, TransportError> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let (timestamp, nonce) = (now.to_string(), "nonce".to_owned());
        let signature = self.key.signer().sign(&message(&timestamp, &nonce, &self.body)).unwrap();
        Ok(HttpResponse {
            status: 200,
            signature: SignatureHeaders {
                timestamp: Some(timestamp),
                nonce: Some(nonce),
                signature: Some(BASE64.encode(signature)),
                serial: Some(self.serial.clone()),
            },
            body: self.body.clone(),
            ..HttpResponse::default()
        })
    }
}

fn client(config: &Value, serial: &str, body: &[u8]) -> Client {
    let config = Config::from_json(&config.to_string()).unwrap();
    let key = PrivateKey::read(text("wechatpay.pem").as_bytes(), None).unwrap();
    let transport = Box::new(Scripted { key, serial: serial.into(), body: body.into() });
    let journal = Arc::new(Journal::open(None, "1900000001", Duration::from_secs(60)).unwrap());
    Client::from_parts(config, transport, journal, Clock::default(), rate_limit::shared("typed", 100_000))
}

fn asked(config: &Value, serial: &str, body: &[u8], options: &Value) -> Value {
    let request = json!({ "_options": options }).to_string();
    let report = client(config, serial, body).request("GET", "/v3/x", Some(&request), &Cancel::never());
    serde_json::from_str(&report.to_json()).unwrap()
}

#[test]
fn a_byte_order_mark_before_an_answer_is_skipped() {
    let report = client(&with(&json!({})), KEY_ID, "\u{FEFF}{\"a\": 1.10}".as_bytes());
    let report = report.request("GET", "/v3/x", None, &Cancel::never());
    assert!(report.to_json().ends_with(",\"data\":{\"a\": 1.10}}"), "{}", report.to_json());
}

/// Official SDKs compare serial numbers as numbers, on both sides.
#[test]
fn a_serial_number_proves_an_answer_however_it_is_written() {
    let config = with(&json!({
        "platform_certificates": [path("platform.pem")], "wechatpay_public_key_id": null,
        "wechatpay_public_key_path": null,
    }));
    let without_zero = PLATFORM_SERIAL.trim_start_matches('0');
    for serial in
        [PLATFORM_SERIAL, without_zero, &format!("00{PLATFORM_SERIAL}"), &without_zero.to_lowercase()]
    {
        let answer = asked(&config, serial, b"{}", &json!({}));
        assert_eq!(answer["ok"], true, "{serial}: {answer}");
    }
    for serial in [SERIAL, "0", &PLATFORM_SERIAL.replace("57", "58")] {
        let limited = asked(&config, serial, b"{}", &json!({ "timeout_ms": 200 }));
        assert_eq!(limited["class"], 3, "{serial}: {limited}");
    }
    // An id is a text: another case is another key.
    let config = with(&json!({ "wechatpay_public_key_id": "PUB_KEY_ID_00aB" }));
    assert_eq!(asked(&config, "PUB_KEY_ID_00aB", b"{}", &json!({}))["ok"], true);
    for id in ["PUB_KEY_ID_00ab", "PUB_KEY_ID_aB"] {
        let answer = asked(&config, id, b"{}", &json!({ "timeout_ms": 200 }));
        assert_eq!(answer["verification"], "unknown_serial", "{id}: {answer}");
    }
}

#[test]
fn decryption_leaves_nothing_sealed_without_naming_it() {
    let merchant = PrivateKey::read(text("merchant.pem").as_bytes(), None).unwrap();
    let sealed = cipher::encrypt(merchant.public(), "张三").unwrap();
    let body = json!({
        "name": sealed, "list": [{ "name": sealed }, { "name": sealed }], "map": { "a": sealed },
        "nothing": null, "empty": [], "number": 1,
    })
    .to_string()
    .replace(":1}", ":1E2}");
    for (pointer, is_left) in [
        ("/name", false),
        ("/list/*/name", false),
        ("/list/1/name", false),
        ("/map/a", false),
        // Nothing is there.
        ("/absent", false),
        ("/absent/*/name", false),
        ("/list/2/name", false),
        ("/nothing/name", false),
        ("/empty/*/name", false),
        ("/empty/name", false),
        // Something is there, and stays as it came.
        ("/list/name", true),
        ("/map/*", true),
        ("/name/inner", true),
        ("/list", true),
        ("/list/*/name/inner", true),
        ("/number", true),
    ] {
        let answer = asked(&with(&json!({})), KEY_ID, body.as_bytes(), &json!({ "decrypt": [pointer] }));
        assert_eq!(answer["ok"], true, "{answer}");
        let undecrypted = answer.get("undecrypted").cloned().unwrap_or(json!([]));
        assert_eq!(undecrypted, if is_left { json!([pointer]) } else { json!([]) }, "{pointer}: {answer}");
    }
    let report = client(&with(&json!({})), KEY_ID, body.as_bytes());
    let request = json!({ "_options": { "decrypt": ["/list/*/name"] } }).to_string();
    let report = report.request("GET", "/v3/x", Some(&request), &Cancel::never()).to_json();
    assert!(
        report.ends_with("\"number\":1E2}}") && report.contains("[{\"name\":\"张三\"},{\"name\":\"张三\"}]"),
        "{report}"
    );
}
