//! Sensitive members of other interfaces: encrypted on the way out, decrypted on the way back.

use crate::till::{Till, config_with};
use serde_json::{Value, json};
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox, SignWith};

const ECHO: &str = "/v3/security/echo";

fn sandbox(sign_with: SignWith) -> Sandbox {
    Sandbox::start(Options { sign_with, ..Options::default() }).unwrap()
}

fn echo(secret: &str) -> Value {
    json!({
        "echo_message": "hello", "encrypted_echo_message": secret,
        "_options": { "encrypt": ["/encrypted_echo_message"], "decrypt": ["/encrypted_echo_message"] },
    })
}

/// WeChat Pay's stand-in decrypts what we encrypt, and encrypts it again for the merchant.
#[test]
fn a_secret_goes_there_and_back_under_the_public_key_and_under_certificates() {
    let secret = "张三 13800000000";
    let with_key = sandbox(SignWith::Auto);
    let with_certificate = sandbox(SignWith::Certificate);
    let mut only_certificate = with_certificate.config();
    for name in ["wechatpay_public_key_id", "wechatpay_public_key_path"] {
        only_certificate.as_object_mut().unwrap().remove(name);
    }
    for (sandbox, config) in [(&with_key, with_key.config()), (&with_certificate, only_certificate)] {
        let till = Till::new(&config);
        let echoed = till.request("POST", ECHO, Some(&echo(secret)));
        assert_eq!(echoed.status, 0, "{}", echoed.json);
        assert_eq!(echoed.json["data"]["encrypted_echo_message"], secret);
        assert!(echoed.json.get("undecrypted").is_none());
        let sent = sandbox.requests().into_iter().find(|request| request.target == ECHO).unwrap();
        assert!(!sent.body.contains("13800000000") && !sent.body.contains("_options"), "{}", sent.body);
    }
}

#[test]
fn what_cannot_be_encrypted_is_told_and_what_cannot_be_decrypted_is_named() {
    let sandbox = sandbox(SignWith::Auto);
    let till = Till::new(&sandbox.config());
    for (encrypt, body, field) in [
        (json!(["/no_such_member"]), json!({"echo_message": "x"}), "/no_such_member"),
        (json!(["/echo_message"]), json!({"echo_message": 1}), "/echo_message"),
        (json!(["/echo_message"]), json!({"echo_message": "券".repeat(72)}), "/echo_message"),
        (json!("/echo_message"), json!({"echo_message": "x"}), "/_options/encrypt"),
        (json!(["echo_message"]), json!({"echo_message": "x"}), "/_options/encrypt"),
        (json!(["/-----BEGIN PRIVATE KEY-----"]), json!({"echo_message": "x"}), "/_options/encrypt"),
        (json!(["/MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAo"]), json!({}), "/_options/encrypt"),
    ] {
        let mut body = body;
        body["_options"] = json!({ "encrypt": encrypt });
        let refused = till.request("POST", ECHO, Some(&body));
        assert_eq!(
            (refused.name(), &refused.json["field"]),
            ("WXCOUPON_E_REQUEST", &json!(field)),
            "{}",
            refused.json
        );
        assert!(!refused.json.to_string().contains("BEGIN") && !refused.json.to_string().contains("MII"));
    }
    assert!(sandbox.requests().is_empty());
    let body =
        json!({"echo_message": "plain", "_options": { "decrypt": ["/echo_message", "/absent/*/member"] }});
    let echoed = till.request("POST", ECHO, Some(&body));
    assert_eq!(
        (echoed.status, &echoed.json["undecrypted"]),
        (0, &json!(["/echo_message"])),
        "{}",
        echoed.json
    );
    assert_eq!(echoed.json["data"]["echo_message"], "plain");
}

/// Every encryption gives another text; the number must know its request again all the same, and the journal
/// must not know the secret.
#[test]
fn a_repeat_with_a_secret_is_the_same_request() {
    let sandbox = sandbox(SignWith::Auto);
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("till.db");
    let till = Till::new(&config_with(&sandbox, &json!({ "journal_path": journal })));
    let mut request = echo("secret-of-the-user");
    request["out_request_no"] = json!("SECRET-0001");
    request["_options"]["timeout_ms"] = json!(1200);
    let fault = sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("echo"));
    let lost = till.request("POST", ECHO, Some(&request));
    assert_eq!((lost.class(), &lost.json["out_request_no"]), (4, &json!("SECRET-0001")), "{}", lost.json);
    assert!(sandbox.clear_fault(fault));
    let repeated = till.request("POST", ECHO, Some(&request));
    assert_eq!(
        (repeated.status, repeated.json["data"]["encrypted_echo_message"].as_str()),
        (0, Some("secret-of-the-user")),
        "{}",
        repeated.json
    );
    let recorded = till.request("POST", ECHO, Some(&request));
    assert_eq!((recorded.status, &recorded.json["recorded"]), (0, &json!(true)));
    assert_eq!(recorded.json["data"]["encrypted_echo_message"], "secret-of-the-user");
    let bodies: std::collections::BTreeSet<String> =
        sandbox.requests().into_iter().filter(|sent| sent.target == ECHO).map(|sent| sent.body).collect();
    assert_eq!(bodies.len(), 1, "the recorded bytes are repeated");
    let mut other = request.clone();
    other["encrypted_echo_message"] = json!("another");
    assert_eq!(till.request("POST", ECHO, Some(&other)).name(), "WXCOUPON_E_REQUEST_NO_REUSED");
    drop(till);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let content = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!content.windows(18).any(|bytes| bytes == b"secret-of-the-user"));
    }
}

/// The recorded bytes need no key: a repeat works after a restart without a way to fetch keys, and as long as the request is
/// open after the merchant's key has changed too, though its digests cannot be made again.
#[test]
fn a_request_in_doubt_is_known_again_without_keys_and_with_new_ones() {
    let sandbox = sandbox(SignWith::Certificate);
    let folder = tempfile::tempdir().unwrap();
    let mut config = config_with(&sandbox, &json!({ "journal_path": folder.path().join("till.db") }));
    for name in ["wechatpay_public_key_id", "wechatpay_public_key_path"] {
        config.as_object_mut().unwrap().remove(name);
    }
    let mut request = echo("secret-of-the-user");
    request["out_request_no"] = json!("SECRET-0002");
    request["_options"]["timeout_ms"] = json!(1200);
    let lost = sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("echo"));
    let till = Till::new(&config);
    assert_eq!(till.request("POST", ECHO, Some(&request)).class(), 4);
    drop(till);
    std::fs::remove_file(folder.path().join("till.db.1900000001.certificates")).unwrap();

    // Started again, and the line is down: what is in doubt stays in doubt.
    let down = sandbox.inject(Fault::new(FaultKind::RefuseConnection));
    let till = Till::new(&config);
    let unsure = till.request("POST", ECHO, Some(&request));
    assert_eq!((unsure.class(), unsure.in_doubt), (4, true), "{}", unsure.json);
    assert!(sandbox.clear_fault(down) && sandbox.clear_fault(lost));

    // The sandbox knows one merchant key; signing with another is refused, but the number is not "reused".
    let other = openssl_key(&folder);
    let mut rotated = config.clone();
    rotated["private_key_path"] = json!(other);
    assert_eq!(till.update(&rotated).status, 0);
    assert_eq!(till.request("POST", ECHO, Some(&request)).class(), 4);
    assert_eq!(till.update(&config).status, 0);
    let done = till.request("POST", ECHO, Some(&request));
    assert_eq!(
        (done.status, done.json["data"]["encrypted_echo_message"].as_str()),
        (0, Some("secret-of-the-user")),
        "{}",
        done.json
    );
    // What is finished is told apart only by who can tell.
    assert_eq!(till.request("POST", ECHO, Some(&request)).json["recorded"], true);
    assert_eq!(till.update(&rotated).status, 0);
    assert_eq!(till.request("POST", ECHO, Some(&request)).name(), "WXCOUPON_E_REQUEST_NO_REUSED");
}

/// Who has the journal cannot find out a telephone number by trying all of them: the same one gives another digest in another
/// row, and there is a key in each.
#[test]
fn digests_say_nothing_to_who_has_the_journal_alone() {
    let sandbox = sandbox(SignWith::Auto);
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("till.db");
    let till = Till::new(&config_with(&sandbox, &json!({ "journal_path": journal })));
    for number in ["DIGEST-0001", "DIGEST-0002"] {
        let mut request = echo("13800000000");
        request["out_request_no"] = json!(number);
        assert_eq!(till.request("POST", ECHO, Some(&request)).status, 0);
    }
    drop(till);
    let db = rusqlite::Connection::open(&journal).unwrap();
    let mut select = db.prepare("SELECT members FROM requests").unwrap();
    let rows = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let rows: Vec<Value> = rows.map(|row| serde_json::from_str(&row.unwrap()).unwrap()).collect();
    let digests: std::collections::BTreeSet<&str> =
        rows.iter().map(|row| row["encrypted_echo_message"].as_str().unwrap()).collect();
    assert_eq!(digests.len(), 2);
    for row in &rows {
        let salt = row["_options"]["salt"].as_str().unwrap();
        // As 0.1.0 made them, with nothing but what stands in the row.
        let mut digest = [0; 32];
        ring::pbkdf2::derive(
            ring::pbkdf2::PBKDF2_HMAC_SHA256,
            std::num::NonZeroU32::new(50_000).unwrap(),
            salt.as_bytes(),
            b"13800000000",
            &mut digest,
        );
        let hex = digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}"));
        assert!(!digests.contains(&*hex));
        assert!(row["_options"]["keyed_by"].is_string());
    }
}

fn openssl_key(folder: &tempfile::TempDir) -> std::path::PathBuf {
    let path = folder.path().join("other.pem");
    let made = std::process::Command::new("openssl")
        .args(["genpkey", "-algorithm", "RSA", "-quiet", "-out"])
        .arg(&path)
        .status();
    assert!(made.unwrap().success());
    path
}
