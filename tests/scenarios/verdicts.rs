//! What a technician reads: the true reason, and what to do about it.

use crate::till::{Answer, Till, config_with, query_request, sandbox, use_request, with_limit};
use serde_json::{Value, json};
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox, SignWith};

fn only_apiv3(sandbox: &Sandbox) -> Value {
    let mut config = sandbox.config();
    for name in ["wechatpay_public_key_id", "wechatpay_public_key_path", "platform_certificates"] {
        config.as_object_mut().unwrap().remove(name);
    }
    config
}

fn hint(told: &Answer) -> &str {
    told.json["hint"].as_str().unwrap()
}

/// WeChat Pay answers the download with whatever its gateway has for merchants that have no certificates.
#[test]
fn every_refusal_of_the_download_leads_to_the_public_key() {
    for (status, code, name) in [
        (400, "PARAM_ERROR", "WXCOUPON_E_CONFIG"),
        (403, "NO_AUTH", "WXCOUPON_E_CONFIG"),
        (404, "RESOURCE_NOT_EXISTS", "WXCOUPON_E_CONFIG"),
        (500, "SYSTEM_ERROR", "WXCOUPON_E_CONNECT"),
    ] {
        let sandbox = sandbox();
        let kind = match status {
            500 => FaultKind::Status { status, html: false },
            _ => FaultKind::Refusal { status, code: code.into(), sub_code: 0 },
        };
        sandbox.inject(Fault::new(kind).on("certificates"));
        let till = Till::new(&only_apiv3(&sandbox));
        let told = till.redeem(&with_limit(use_request("AUTO_ADVICE", "ADVICE-0001"), 1500));
        assert_eq!(told.name(), name, "{}", told.json);
        for words in ["wechatpay_public_key_id", "wechatpay_public_key_path"] {
            assert!(hint(&told).contains(words), "{status}: {}", told.json);
        }
        assert_eq!((sandbox.ledger().len(), &told.json["http_status"]), (0, &json!(status)), "{}", told.json);
    }
}

/// The download's own answer says with which key WeChat Pay signs.
#[test]
fn the_id_of_a_public_key_is_named_at_the_first_call() {
    let sandbox = Sandbox::start(Options { sign_with: SignWith::PublicKey, ..Options::default() }).unwrap();
    let id = sandbox.config()["wechatpay_public_key_id"].as_str().unwrap().to_owned();
    let till = Till::new(&only_apiv3(&sandbox));
    let told = till.redeem(&with_limit(use_request("AUTO_NAMED", "NAMED-0001"), 2000));
    assert_eq!(told.class(), 3, "{}", told.json);
    assert!(hint(&told).contains(&id) && hint(&told).contains("wechatpay_public_key_path"), "{}", told.json);
    assert!(sandbox.ledger().is_empty(), "found before anything was sent");
}

#[test]
fn an_answer_of_an_unknown_key_says_which_and_is_not_asked_for_five_times() {
    let sandbox = Sandbox::start(Options { sign_with: SignWith::PublicKey, ..Options::default() }).unwrap();
    let id = sandbox.config()["wechatpay_public_key_id"].as_str().unwrap().to_owned();
    let other = if id.ends_with('9') { 8 } else { 9 };
    let mistyped = format!("{}{other}", &id[..id.len() - 1]);
    let till = Till::new(&config_with(
        &sandbox,
        &json!({ "wechatpay_public_key_id": mistyped, "platform_certificates": [] }),
    ));
    let told = till.redeem(&use_request("AUTO_UNKNOWN", "UNKNOWN-0001"));
    assert_eq!(
        (told.class(), told.json["verification"].as_str()),
        (4, Some("unknown_serial")),
        "{}",
        told.json
    );
    assert!(hint(&told).contains(&id), "{}", told.json);
    assert!(told.json["attempts"].as_u64().unwrap() <= 2, "{}", told.json);
    let told = till.query(&query_request("AUTO_UNKNOWN"));
    assert!(hint(&told).contains(&id) && told.json["attempts"].as_u64().unwrap() <= 2, "{}", told.json);
}

#[test]
fn a_compressed_answer_is_called_that() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox.config());
    sandbox.inject(Fault::new(FaultKind::Gzip).on("use"));
    let told = till.redeem(&with_limit(use_request("AUTO_GZIP", "GZIP-0001"), 1500));
    assert_eq!(told.class(), 4, "{}", told.json);
    let message = told.json["message"].as_str().unwrap();
    assert!(message.contains("Content-Encoding \"gzip\""), "{message}");
}

/// What support asks for is what the latest attempt met, whatever the number's doubt comes from.
#[test]
fn a_repeat_in_vain_says_whom_it_met() {
    let sandbox = sandbox();
    let till = Till::new(&config_with(&sandbox, &json!({ "attempt_timeout_ms": 700 })));
    let request = with_limit(use_request("AUTO_VAIN", "VAIN-0001"), 1000);
    let lost = sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    assert_eq!(till.redeem(&request).class(), 4);
    sandbox.clear_fault(lost);

    let throttled = sandbox.inject(Fault::new(FaultKind::RateLimited { retry_after: Some(30) }).on("use"));
    let told = till.redeem(&request);
    assert_eq!((told.class(), told.json["http_status"].as_u64()), (4, Some(429)), "{}", told.json);
    assert!(told.json["host"].is_string() && told.json["request_id"].is_string(), "{}", told.json);
    assert_eq!(told.json["retry_after_ms"], 30_000, "{}", told.json);
    assert!(told.json["message"].as_str().unwrap().contains("WXCOUPON_E_RATE_LIMITED"), "{}", told.json);
    sandbox.clear_fault(throttled);

    sandbox.inject(FaultKind::RefuseConnection);
    let told = till.redeem(&request);
    assert_eq!(told.class(), 4, "{}", told.json);
    assert!(told.json["host"].is_string(), "{}", told.json);
    let message = told.json["message"].as_str().unwrap();
    assert!(message.contains("WXCOUPON_E_CONNECT at 127.0.0.1"), "{message}");
}
