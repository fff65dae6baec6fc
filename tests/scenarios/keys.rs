//! Keys that change: platform certificates that are downloaded, the move to the public key, the merchant's own
//! rotation.

use crate::till::{Till, config_with, query_request, use_request};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox, SignWith};

fn sandbox(sign_with: SignWith) -> Sandbox {
    Sandbox::start(Options { sign_with, ..Options::default() }).unwrap()
}

/// A configuration that knows the APIv3 key and nothing else to prove answers with.
fn only_apiv3(sandbox: &Sandbox, changes: &Value) -> Value {
    let mut config = config_with(sandbox, changes);
    for name in ["wechatpay_public_key_id", "wechatpay_public_key_path"] {
        config.as_object_mut().unwrap().remove(name);
    }
    config
}

fn downloads(sandbox: &Sandbox) -> usize {
    sandbox.requests().iter().filter(|request| request.target == "/v3/certificates").count()
}

#[test]
fn the_apiv3_key_alone_is_enough() {
    let sandbox = sandbox(SignWith::Certificate);
    let till = Till::new(&only_apiv3(&sandbox, &json!({})));
    assert_eq!(downloads(&sandbox), 0, "a context is made without the network");
    let used = till.redeem(&use_request("SBX_EFFECTIVE_1", "KEYS-0001"));
    assert_eq!((used.status, &used.json["attempts"]), (0, &json!(1)), "{}", used.json);
    assert_eq!(till.query(&query_request("SBX_EFFECTIVE_1")).status, 0);
    assert_eq!(downloads(&sandbox), 1);
    assert_eq!(sandbox.requests()[0].target, "/v3/certificates", "before anything that could stay unproven");
}

#[test]
fn an_unknown_serial_is_downloaded_once_for_everybody() {
    let sandbox = sandbox(SignWith::Certificate);
    let till = Till::new(&only_apiv3(&sandbox, &json!({})));
    assert_eq!(till.query(&query_request("SBX_USED")).status, 0);
    // A minute has to pass between two downloads: a second context stands in for the time.
    let fresh = Till::new(&config_with(&sandbox, &json!({})));
    sandbox.rotate_certificate().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let fresh = &fresh;
            scope.spawn(move || {
                let clone = fresh.twin();
                let used = clone
                    .redeem(&use_request(&format!("AUTO_ROTATED_{thread}"), &format!("ROTATED-{thread}")));
                assert_eq!(used.status, 0, "{}", used.json);
            });
        }
    });
    assert_eq!(downloads(&sandbox), 2, "one of each context");
}

#[test]
fn certificates_are_asked_for_at_most_once_a_minute() {
    let sandbox = sandbox(SignWith::Certificate);
    let till = Till::new(&only_apiv3(&sandbox, &json!({})));
    assert_eq!(till.query(&query_request("SBX_USED")).status, 0);
    sandbox.inject(Fault::new(FaultKind::UnknownSerial).on("use"));
    let mut request = use_request("SBX_EFFECTIVE_1", "KEYS-0002");
    request["_options"] = json!({ "timeout_ms": 1500 });
    let used = till.redeem(&request);
    assert_eq!(
        (used.name(), used.json["verification"].as_str()),
        ("WXCOUPON_E_ANSWER_UNTRUSTED", Some("unknown_serial"))
    );
    assert_eq!(downloads(&sandbox), 1);
    sandbox.clear_faults();
    assert_eq!(till.settle_all().status, 0);
}

#[test]
fn a_line_that_was_down_holds_nobody_up_once_it_is_back() {
    let sandbox = sandbox(SignWith::Certificate);
    let down = sandbox.inject(Fault::new(FaultKind::RefuseConnection));
    let till = Till::new(&only_apiv3(&sandbox, &json!({})));
    let unsent = till.redeem(&use_request("SBX_EFFECTIVE_1", "KEYS-0006"));
    assert_eq!((unsent.class(), unsent.in_doubt), (3, false), "{}", unsent.json);
    assert!(sandbox.clear_fault(down));
    assert_eq!(till.redeem(&use_request("SBX_EFFECTIVE_1", "KEYS-0006")).status, 0);
}

/// A key that the shop takes out of its configuration proves nothing any more.
#[test]
fn an_update_takes_over_what_was_downloaded_and_nothing_else() {
    let sandbox = sandbox(SignWith::PublicKey);
    let till = Till::new(&sandbox.config());
    assert_eq!(till.query(&query_request("SBX_USED")).status, 0);
    assert_eq!(till.update(&only_apiv3(&sandbox, &json!({}))).status, 0);
    let request = json!({ "_options": { "timeout_ms": 3000 } });
    let mut question = query_request("SBX_USED");
    question["_options"] = request["_options"].clone();
    let unproven = till.query(&question);
    assert_eq!(
        (unproven.class(), unproven.json["verification"].as_str()),
        (3, Some("unknown_serial")),
        "{}",
        unproven.json
    );
}

#[test]
fn what_was_downloaded_is_kept_beside_the_journal() {
    let sandbox = sandbox(SignWith::Certificate);
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("till.db");
    let config = only_apiv3(&sandbox, &json!({ "journal_path": journal }));
    let first = Till::new(&config);
    assert_eq!(first.query(&query_request("SBX_USED")).status, 0);
    drop(first);
    let kept = folder.path().join("till.db.1900000001.certificates");
    let content = std::fs::read_to_string(&kept).unwrap();
    assert!(!content.contains("BEGIN CERTIFICATE"), "as it came: sealed");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let second = Till::new(&config);
    assert_eq!(second.query(&query_request("SBX_USED")).status, 0);
    assert_eq!(downloads(&sandbox), 1);
    drop(second);

    // Damaged, or sealed under another key: not used, and written anew.
    std::fs::write(&kept, content.replace("\"nonce\":\"", "\"nonce\":\"x")).unwrap();
    let third = Till::new(&config);
    assert_eq!(third.query(&query_request("SBX_USED")).status, 0);
    assert_eq!(downloads(&sandbox), 2);
    assert!(std::fs::read_to_string(&kept).unwrap().contains("ciphertext"));
}

#[test]
fn a_wrong_apiv3_key_is_told_before_anything_is_sent() {
    let sandbox = sandbox(SignWith::Certificate);
    let till = Till::new(&only_apiv3(&sandbox, &json!({ "apiv3_key": "another-key-of-exactly-32-bytes!" })));
    let start = Instant::now();
    let used = till.redeem(&use_request("SBX_EFFECTIVE_1", "KEYS-0003"));
    assert_eq!(used.name(), "WXCOUPON_E_KEY", "{}", used.json);
    assert!(used.json["message"].as_str().unwrap().contains("apiv3_key does not open"), "{}", used.json);
    assert!(start.elapsed() < Duration::from_secs(3));
    assert_eq!((sandbox.ledger().len(), downloads(&sandbox)), (0, 1));
    assert_eq!(till.pending()["pending"], 0, "nothing was sent, so nothing is in doubt");
}

#[test]
fn a_merchant_with_the_public_key_only_is_told_to_configure_it() {
    let sandbox = Sandbox::start(Options { public_key_only: true, ..Options::default() }).unwrap();
    let till = Till::new(&only_apiv3(&sandbox, &json!({})));
    let used = till.redeem(&use_request("SBX_EFFECTIVE_1", "KEYS-0004"));
    assert_eq!(used.name(), "WXCOUPON_E_CONFIG", "{}", used.json);
    assert!(used.json["hint"].as_str().unwrap().contains("wechatpay_public_key_id"), "{}", used.json);
    assert!(sandbox.ledger().is_empty());
    // With the key in the configuration the same context goes on.
    assert_eq!(till.update(&sandbox.config()).status, 0);
    assert_eq!(till.redeem(&use_request("SBX_EFFECTIVE_1", "KEYS-0004")).status, 0);
}

#[test]
fn downloads_that_fail_leave_nothing_in_doubt() {
    for kind in [
        FaultKind::Unsigned,
        FaultKind::WrongSignature,
        FaultKind::Status { status: 500, html: false },
        FaultKind::NotJson,
        FaultKind::Hang,
    ] {
        let sandbox = sandbox(SignWith::Certificate);
        sandbox.inject(Fault::new(kind.clone()).on("certificates"));
        let till =
            Till::new(&only_apiv3(&sandbox, &json!({ "timeout_ms": 1500, "attempt_timeout_ms": 500 })));
        let used = till.redeem(&use_request("SBX_EFFECTIVE_1", "KEYS-0005"));
        assert!(matches!(used.class(), 2 | 3), "{kind:?}: {}", used.json);
        assert_eq!(till.pending()["pending"], 0);
        assert!(sandbox.ledger().is_empty(), "{kind:?}");
    }
}

/// During the move WeChat Pay signs with either, whatever the request asked for.
#[test]
fn the_move_to_the_public_key_needs_no_restart() {
    let sandbox = sandbox(SignWith::Certificate);
    let till = Till::new(&only_apiv3(&sandbox, &json!({})));
    assert_eq!(till.redeem(&use_request("AUTO_MOVE_0", "MOVE-00000")).status, 0);
    // The shop puts the public key into its configuration before the move begins.
    assert_eq!(till.update(&sandbox.config()).status, 0);
    sandbox.set_sign_with(SignWith::Mixed { certificate_percent: 50 });
    for count in 1..40 {
        let used = till.redeem(&use_request(&format!("AUTO_MOVE_{count}"), &format!("MOVE-{count:05}")));
        assert_eq!((used.status, &used.json["attempts"]), (0, &json!(1)), "{}", used.json);
    }
    sandbox.set_public_key_only(true);
    assert_eq!(till.redeem(&use_request("AUTO_MOVE_41", "MOVE-00041")).status, 0);
    assert_eq!(downloads(&sandbox), 1, "what was downloaded is taken over by the new configuration");
}

/// 50 calls on the way while the context gets another key: each is signed by the one or the other, and none
/// fails.
#[test]
fn a_new_merchant_key_loses_no_call_in_flight() {
    let sandbox = sandbox(SignWith::Auto);
    let till = Till::new(&sandbox.config());
    sandbox.inject(Fault::new(FaultKind::Delay { ms: 100 }).on("use"));
    let pem = std::fs::read_to_string(sandbox.config()["private_key_path"].as_str().unwrap()).unwrap();
    let mut by_text = sandbox.config();
    by_text.as_object_mut().unwrap().remove("private_key_path");
    by_text["private_key_pem"] = json!(pem);
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..50)
            .map(|count| {
                let till = till.twin();
                scope.spawn(move || {
                    till.redeem(&use_request(&format!("AUTO_RENEW_{count}"), &format!("RENEW-{count:05}")))
                        .status
                })
            })
            .collect();
        for count in 0..10 {
            let config = if count % 2 == 0 { &by_text } else { &sandbox.config() };
            assert_eq!(till.update(config).status, 0);
            std::thread::sleep(Duration::from_millis(20));
        }
        for call in calls {
            assert_eq!(call.join().unwrap(), 0);
        }
    });
    assert_eq!(sandbox.ledger().len(), 50);
}

/// What WeChat Pay says to the download is what the till hears, at once, and not that it waits for itself.
#[test]
fn a_refused_download_is_told_as_it_is() {
    for (status, code, name, class) in [
        (429, "RATELIMIT_EXCEEDED", "WXCOUPON_E_RATE_LIMITED", 6),
        (403, "NO_AUTH", "WXCOUPON_E_CONFIG", 2),
        (401, "SIGN_ERROR", "WXCOUPON_E_SIGN_REJECTED", 5),
    ] {
        let sandbox = sandbox(SignWith::Certificate);
        let refusal = FaultKind::Refusal { status, code: code.into(), sub_code: 0 };
        let fault = sandbox.inject(Fault::new(refusal).on("certificates"));
        let till = Till::new(&only_apiv3(&sandbox, &json!({})));
        let mut request = use_request("SBX_EFFECTIVE_1", "KEYS-0007");
        request["_options"] = json!({ "timeout_ms": 900 });
        let told = till.redeem(&request);
        assert_eq!((told.name(), told.class()), (name, class), "{}", told.json);
        assert_eq!(downloads(&sandbox), 1);
        assert_eq!(till.pending()["pending"], 0);
        assert!(sandbox.clear_fault(fault));
        // Not for a minute: there is nothing a till could do without keys.
        std::thread::sleep(Duration::from_millis(5_100));
        assert_eq!(till.redeem(&request).status, 0);
    }
}
