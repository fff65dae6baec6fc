//! What support asks a shop to run, and warming up.

use crate::till::{Answer, Till, config_with, query_request, use_request};
use serde_json::{Value, json};
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox, TlsKind};

fn sandbox() -> Sandbox {
    Sandbox::start(Options { extra: vec![TlsKind::WrongCa], ..Options::default() }).unwrap()
}

fn line<'a>(answer: &'a Answer, name: &str) -> &'a Value {
    let lines = answer.json["data"]["lines"].as_array().unwrap();
    lines
        .iter()
        .find(|line| line["name"] == name)
        .unwrap_or_else(|| panic!("no line {name}: {}", answer.json))
}

fn with_journal(sandbox: &Sandbox, folder: &tempfile::TempDir, changes: &Value) -> Value {
    let mut config = config_with(sandbox, changes);
    config["journal_path"] = json!(folder.path().join("till.db"));
    config
}

#[test]
fn all_is_well_and_every_line_says_what_was_found() {
    let (sandbox, folder) = (sandbox(), tempfile::tempdir().unwrap());
    let certificate = sandbox.dir().join("merchant_cert.pem");
    let config = with_journal(&sandbox, &folder, &json!({ "merchant_certificate_path": certificate }));
    let till = Till::new(&config);
    let checked = till.check_with(&json!({ "online": true }));
    assert_eq!((checked.status, &checked.json["data"]["all_ok"]), (0, &json!(true)), "{}", checked.json);
    for name in [
        "mode",
        "mchid",
        "merchant_serial_no",
        "merchant_certificate",
        "apiv3_key",
        "verifies_with",
        "journal",
        "pending",
    ] {
        assert!(!line(&checked, name)["found"].as_str().unwrap().is_empty(), "{name}");
    }
    assert!(line(&checked, "merchant_certificate")["found"].as_str().unwrap().contains("belongs"));
    for url in sandbox.urls() {
        let host = url.strip_prefix("https://").unwrap().to_owned();
        for kind in ["dns", "tls", "echo"] {
            assert_eq!(line(&checked, &format!("{kind} {host}"))["ok"], true, "{kind}");
        }
    }
    let echoes = sandbox.requests().iter().filter(|request| request.target == "/v3/security/echo").count();
    assert_eq!(echoes, 2);
    assert!(till.check().json["data"]["lines"].as_array().unwrap().len() < 10, "no network unless asked");
    // Two echoes, and what the brand has authorised.
    assert_eq!(sandbox.requests().len(), 3);
}

#[test]
fn each_trouble_has_its_line_and_its_advice() {
    let (sandbox, folder) = (sandbox(), tempfile::tempdir().unwrap());
    let nowhere = "https://no-such-host.invalid";
    let untrusted = sandbox.listener_url(TlsKind::WrongCa).unwrap();
    let well = &sandbox.urls()[0];
    let config = with_journal(
        &sandbox,
        &folder,
        &json!({ "base_urls": [nowhere, untrusted, well], "timeout_ms": 8000 }),
    );
    let till = Till::new(&config);
    sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("use"));
    let mut request = use_request("SBX_EFFECTIVE_1", "CHECK-0001");
    request["_options"] = json!({ "timeout_ms": 3000 });
    assert_eq!(till.redeem(&request).class(), 4);
    sandbox.inject(Fault::new(FaultKind::WrongSignature).on("echo"));
    let checked = till.check_with(&json!({ "online": true }));
    assert_eq!((checked.status, &checked.json["data"]["all_ok"]), (0, &json!(false)), "{}", checked.json);
    let host = |url: &str| url.strip_prefix("https://").unwrap().to_owned();
    for name in [
        "pending".to_owned(),
        format!("dns {}", host(nowhere)),
        format!("tls {}", host(&untrusted)),
        format!("echo {}", host(well)),
    ] {
        let line = line(&checked, &name);
        assert_eq!(line["ok"], false, "{line}");
        assert!(line["advice"].as_str().unwrap().ends_with('.'), "{line}");
    }
    assert_eq!(line(&checked, &format!("tls {}", host(well)))["ok"], true);
}

#[test]
fn a_certificate_that_is_not_the_keys_own_is_refused_when_the_context_is_made() {
    let sandbox = sandbox();
    let platform = sandbox.dir().join("platform_cert.pem");
    let refused = Till::try_new(&config_with(&sandbox, &json!({ "merchant_certificate_path": platform })))
        .err()
        .unwrap();
    assert_eq!((refused.name(), &refused.json["field"]), ("WXCOUPON_E_KEY", &json!("/merchant_serial_no")));
}

#[test]
fn a_warm_line_needs_no_handshake() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox.config());
    let warmed = till.warm();
    assert_eq!((warmed.status, &warmed.json["data"]["connected"]), (0, &json!(true)), "{}", warmed.json);
    let before = sandbox.stats().connections;
    assert_eq!(till.query(&query_request("SBX_USED")).status, 0);
    assert_eq!(sandbox.stats().connections, before);
    assert!(sandbox.ledger().is_empty());
}

#[test]
fn warming_up_finds_a_wrong_serial_number_before_the_first_customer() {
    let sandbox = sandbox();
    let till = Till::new(&config_with(
        &sandbox,
        &json!({ "merchant_serial_no": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1" }),
    ));
    assert_eq!(till.warm().name(), "WXCOUPON_E_SIGN_REJECTED");
    sandbox.inject(Fault::new(FaultKind::RefuseConnection));
    let till = Till::new(&config_with(&sandbox, &json!({ "timeout_ms": 1000 })));
    assert_eq!(till.warm().class(), 3);
}
