//! Platform certificates: handing out, rotation, migration to the public key.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use openssl::x509::X509;
use serde_json::{Value, json};
use support::secrets::open;
use support::{Call, Got, Till, sandbox};
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox, SignWith};

fn list() -> Call {
    Call::new("GET", "/v3/certificates")
}

/// The certificates of a list, by serial number; `None` where one cannot be
/// decrypted.
fn certificates(till: &Till, answer: &Value) -> Vec<(String, Option<X509>)> {
    let opened = answer["data"].as_array().unwrap().iter().map(|item| {
        let resource = &item["encrypt_certificate"];
        assert_eq!(resource["associated_data"], "certificate");
        let certificate = open(resource, &till.symmetric).map(|pem| X509::from_pem(&pem).unwrap());
        (item["serial_no"].as_str().unwrap().to_owned(), certificate)
    });
    opened.collect()
}

fn signer(till: &Till, call: &Call) -> String {
    till.verify(&till.send(call).unwrap()).unwrap()
}

fn not_found(till: &Till) -> Got {
    let got = till.send(&list()).unwrap();
    assert_eq!((got.status, got.code().as_str()), (404, "RESOURCE_NOT_EXISTS"));
    got
}

#[test]
fn the_list_opens_with_the_apiv3_key_and_verifies_itself() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let got = till.send(&list()).unwrap();
    assert_eq!(got.status, 200, "{}", got.text());
    assert_eq!(till.verify(&got).unwrap(), till.platform_serial);
    let opened = certificates(&till, &got.json());
    let [(serial, Some(certificate))] = opened.as_slice() else { panic!("one certificate") };
    assert_eq!(*serial, till.platform_serial);
    let inside = certificate.serial_number().to_bn().unwrap().to_hex_str().unwrap().to_string();
    assert_eq!(*serial, inside);
    let item = &got.json()["data"][0];
    let year = |name: &str| item[name].as_str().unwrap()[..4].parse::<i32>().unwrap();
    assert!((4..=5).contains(&(year("expire_time") - year("effective_time"))), "five years");
    assert!(item["effective_time"].as_str().unwrap().ends_with("+08:00"));

    for target in ["/v3/certificates?algorithm_type=RSA", "/v3/certificates?algorithm_type=ALL"] {
        till.ok(&Call::new("GET", target));
    }
    till.refused(&Call::new("GET", "/v3/certificates?algorithm_type=SM2"), 268_435_461);
}

#[test]
fn a_new_certificate_signs_while_both_are_listed() {
    let sandbox = sandbox();
    let mut till = Till::new(&sandbox);
    let old = till.platform_serial.clone();
    let new = sandbox.rotate_certificate().unwrap();
    let listed = till.send(&list()).unwrap();
    assert!(till.verify(&listed).unwrap_err().contains(&new), "the new one is not known yet");
    let opened = certificates(&till, &listed.json());
    assert_eq!(opened.iter().map(|(serial, _)| serial).collect::<Vec<_>>(), [&old, &new]);
    for (serial, certificate) in &opened {
        till.learn(serial, certificate.as_ref().unwrap());
    }
    assert_eq!(till.verify(&listed).unwrap(), new);
    let query = till.query_request("SBX_USED");
    assert_eq!(signer(&till, &query), new);
    assert_eq!(signer(&till, &query.header("Wechatpay-Serial", &till.public_key_id)), till.public_key_id);

    sandbox.retire_certificate(&old).unwrap();
    assert_eq!(certificates(&till, &till.ok(&list())).len(), 1);
    assert!(sandbox.retire_certificate(&new).is_err(), "the last one");
    assert!(sandbox.retire_certificate(&old).is_err(), "not listed any more");
    sandbox.reset();
    assert_eq!(signer(&till, &list()), old);
}

#[test]
fn a_merchant_with_the_public_key_only_has_no_certificates() {
    let options = Options { public_key_only: true, sign_with: SignWith::Certificate, ..Options::default() };
    let sandbox = Sandbox::start(options).unwrap();
    let till = Till::new(&sandbox);
    assert_eq!(till.verify(&not_found(&till)).unwrap(), till.public_key_id);
    let asked = till.query_request("SBX_USED").header("Wechatpay-Serial", &till.platform_serial);
    assert_eq!(signer(&till, &asked), till.public_key_id);
    sandbox.set_public_key_only(false);
    assert_eq!(signer(&till, &list()), till.platform_serial);
}

#[test]
fn a_share_is_signed_by_the_certificate_whatever_was_asked() {
    let mixed = SignWith::Mixed { certificate_percent: 25 };
    let sandbox = Sandbox::start(Options { sign_with: mixed, ..Options::default() }).unwrap();
    let till = Till::new(&sandbox);
    let mut line = till.connect(&till.urls[0]).unwrap();
    let mut by_certificate = |serial: &str| {
        let call = till.query_request("SBX_USED").header("Wechatpay-Serial", serial);
        let mut signers = (0..20).map(|_| till.verify(&line.exchange(&till, &call).unwrap()).unwrap());
        signers.by_ref().filter(|signer| *signer == till.platform_serial).count()
    };
    assert_eq!(by_certificate(&till.public_key_id), 5);
    assert_eq!(by_certificate(&till.platform_serial), 5);
    sandbox.set_sign_with(SignWith::PublicKey);
    assert_eq!(by_certificate(&till.platform_serial), 0);
}

#[test]
fn certificates_can_be_withheld_and_spoiled() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    for (kind, signed) in [
        (FaultKind::WrongApiv3Key, true),
        (FaultKind::DamagedCiphertext, true),
        (FaultKind::TamperedBody, false),
        (FaultKind::Unsigned, false),
    ] {
        let opens = kind == FaultKind::Unsigned;
        let fault = sandbox.inject(Fault::new(kind.clone()).on("certificates").times(1));
        let got = till.send(&list()).unwrap();
        assert_eq!(got.status, 200);
        assert_eq!(till.verify(&got).is_ok(), signed, "{kind:?}");
        if kind != FaultKind::TamperedBody {
            assert_eq!(certificates(&till, &got.json())[0].1.is_some(), opens, "{kind:?}");
        }
        assert_eq!(sandbox.fired(fault), 1);
    }
    // Where nothing is encrypted, there is nothing to spoil.
    sandbox.inject(Fault::new(FaultKind::WrongApiv3Key).on("query"));
    till.ok(&till.query_request("SBX_USED"));
    assert!(sandbox.requests().iter().all(|request| !request.took_effect));
}

#[test]
fn the_control_port_does_all_this() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let desk = |method: &str, body: &Value| {
        let mut call = Call::new(method, "/certificates").header("Authorization", "none");
        if !body.is_null() {
            call = call.json(body);
        }
        let got = till.send_to(&sandbox.control_url(), &call).unwrap();
        (got.status, got.json())
    };
    let (_, answer) = desk("POST", &json!({ "rotate": true }));
    let new = answer["serial_no"].clone();
    let (_, listed) = desk("GET", &Value::Null);
    assert_eq!((&listed[0]["signs"], &listed[1]["signs"]), (&json!(false), &json!(true)));
    assert_eq!(listed[1]["serial_no"], new);
    assert!(X509::from_pem(listed[1]["pem"].as_str().unwrap().as_bytes()).is_ok());
    assert_eq!(desk("POST", &json!({ "retire": new })).0, 200);
    assert_eq!(signer(&till, &list()), till.platform_serial);
    assert_eq!(desk("POST", &json!({ "sign_with": "public-key" })).0, 200);
    assert_eq!(signer(&till, &list()), till.public_key_id);
    assert_eq!(desk("POST", &json!({ "public_key_only": true })).0, 200);
    not_found(&till);
    for bad in [json!({ "retire": "x" }), json!({ "sign_with": "mixed:x" }), json!({ "colour": 1 })] {
        let (status, answer) = desk("POST", &bad);
        assert_eq!(status, 400, "{answer}");
        assert!(answer["error"].is_string());
    }
}
