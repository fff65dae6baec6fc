//! `echo`: signatures, encrypted fields and notifications at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::receiver::Receiver;
use support::secrets::{decrypt, encrypt};
use support::{Call, Till, sandbox};
use wxcoupon_sandbox::{DeliveryState, Fault, FaultKind};

fn echo(body: &Value) -> Call {
    Call::new("POST", "/v3/security/echo").json(body)
}

#[test]
fn a_message_comes_back() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    assert_eq!(till.ok(&echo(&json!({ "echo_message": "你好" }))), json!({ "echo_message": "你好" }));
    till.refused(&echo(&json!({})), 268_578_101);
    till.refused(&echo(&json!({ "echo_message": 1 })), 268_578_101);
    till.refused(&echo(&json!({ "echo_message": "" })), 268_435_463);
    till.refused(&echo(&json!({ "echo_message": "x".repeat(4097) })), 268_435_462);
    let fault = sandbox.inject(Fault::new(FaultKind::Status { status: 503, html: true }).on("echo").times(1));
    assert_eq!(till.send(&echo(&json!({ "echo_message": "x" }))).unwrap().status, 503);
    assert_eq!(sandbox.fired(fault), 1);
    assert!(sandbox.requests().iter().all(|request| request.operation == "echo" && !request.took_effect));
}

#[test]
fn an_encrypted_field_is_decrypted_and_encrypted_for_the_merchant() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let call = |key: &str, header: &str| {
        let sealed = encrypt(till.public_key(key), "秘密");
        echo(&json!({ "echo_message": "x", "encrypted_echo_message": sealed }))
            .header("Wechatpay-Serial", header)
    };
    for key in [&till.public_key_id, &till.platform_serial] {
        let answer = till.ok(&call(key, key));
        assert_eq!(decrypt(&till.key, answer["encrypted_echo_message"].as_str().unwrap()), "秘密");
    }
    // A header that is missing, names nobody, or names the other key.
    for header in ["", "PUB_KEY_ID_1", &till.platform_serial] {
        let got = till.refused(&call(&till.public_key_id, header), 268_435_461);
        assert_eq!(got.status, 400);
    }
    let clear = echo(&json!({ "echo_message": "x", "encrypted_echo_message": "clear" }));
    till.refused(&clear.header("Wechatpay-Serial", &till.public_key_id), 268_435_461);
    sandbox.set_public_key_only(true);
    till.refused(&call(&till.platform_serial, &till.platform_serial), 268_435_461);
}

#[test]
fn a_notification_is_sent_if_asked_for() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let receiver = Receiver::answering(&[204]);
    till.ok(&echo(&json!({ "echo_message": "hello", "notify_url": receiver.url })));
    let letter = receiver.next();
    letter.verify(&till).unwrap();
    assert_eq!(letter.resource(&till).unwrap(), json!({ "echo_message": "hello" }));
    assert_eq!(letter.json()["event_type"], "SECURITY.ECHO");
    till.refused(&echo(&json!({ "echo_message": "x", "notify_url": "nowhere" })), 268_435_461);

    // Nobody beyond this machine is ever called.
    till.ok(&echo(&json!({ "echo_message": "x", "notify_url": "https://www.example.com/notify" })));
    assert_eq!(sandbox.notifications()[1].state, DeliveryState::NotSent);
    assert!(sandbox.notifications()[1].attempts.is_empty());
    receiver.nothing();
}
