//! A logged request looked at closely: why 401, and the command that sends it again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use openssl::base64::encode_block;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer};
use serde_json::{Value, json};
use support::{Call, Got, Till, sandbox};
use wxcoupon_sandbox::Sandbox;

fn ask(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Got {
    let mut call = Call::new(method, path).header("Authorization", "none");
    if !body.is_null() {
        call = call.json(body);
    }
    Till::new(sandbox).send_to(&sandbox.control_url(), &call).unwrap()
}

fn ok(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Value {
    let got = ask(sandbox, method, path, body);
    assert_eq!(got.status, 200, "{method} {path}: {}", got.text());
    got.json()
}

#[test]
fn mistakes_of_signing_are_named() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let right = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1");
    let spaced = String::from_utf8(right.body.clone()).unwrap().replace(':', ": ");
    let query = till.query_request("SBX_USED");
    let path = query.target.split('?').next().unwrap().to_owned();
    let foreign = Till::brand(&sandbox);
    let brands = till
        .authorization(&right)
        .replace(&signature(&till.authorization(&right)), &signature(&foreign.authorization(&right)));
    let told = [
        (right.clone().signed(b""), "empty_body"),
        (right.clone().signed(spaced.as_bytes()), "other_text"),
        (right.clone().header("Authorization", &brands), "key_of_other_mode"),
        (right.clone().body(b"{\"a\":\"\xb3\xac\"}".to_vec()).signed(b"x"), "body_not_utf8"),
        (right.clone().at(support::unix() - 400), "timestamp"),
        (
            query
                .clone()
                .header("Authorization", &till.authorization(&Call { target: path, ..query.clone() })),
            "path_only",
        ),
        (query.clone().header("Authorization", "WECHATPAY2-SHA256-RSA2048 mchid=1"), "no_quotes"),
        (query.clone().header("Authorization", "WECHATPAY2-SHA256-RSA2048 colour=\"1\""), "scheme"),
    ];
    for (nth, (call, cause)) in told.iter().enumerate() {
        assert_eq!(till.send(call).unwrap().status, 401, "{cause}");
        let seen = ok(&sandbox, "GET", &format!("/requests/{}", nth + 1), &Value::Null);
        assert_eq!(seen["signature"]["cause"], *cause, "{seen:#}");
    }
}

/// Why the latest request was refused.
fn cause(sandbox: &Sandbox) -> Value {
    let seq = sandbox.requests().last().unwrap().seq;
    ok(sandbox, "GET", &format!("/requests/{seq}"), &Value::Null)["signature"].clone()
}

#[test]
fn what_is_inside_a_signature_of_the_right_key_is_told() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let right = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1").at(support::unix());
    let rsa = till.key.rsa().unwrap();
    let padded = |inside: &[u8], padding: Padding| {
        let mut signature = vec![0; 256];
        let length = rsa.private_encrypt(inside, &mut signature, padding).unwrap();
        signature[..length].to_vec()
    };
    let signed = |digest: MessageDigest, pss: bool| {
        let mut signer = Signer::new(digest, &till.key).unwrap();
        if pss {
            signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
            if digest != MessageDigest::sha256() {
                signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).unwrap();
            }
        }
        signer.sign_oneshot_to_vec(b"five lines").unwrap()
    };
    let mut reversed = signed(MessageDigest::sha256(), false);
    reversed.reverse();
    let bare = openssl::sha::sha256(b"five lines");
    let digits = bare.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    for (bytes, expected, found) in [
        (signed(MessageDigest::sha224(), false), "other_hash", "SHA-224"),
        (signed(MessageDigest::sha384(), false), "other_hash", "SHA-384"),
        (signed(MessageDigest::sha512(), false), "other_hash", "SHA-512"),
        (signed(MessageDigest::sha256(), true), "pss", "PSS, SHA-256"),
        (signed(MessageDigest::sha1(), true), "pss", "PSS, SHA-1"),
        (padded(&bare, Padding::PKCS1), "no_digest_info", digits.as_str()),
        (reversed, "reversed", "SHA-256"),
    ] {
        let authorization = till.authorization(&right);
        let other = authorization.replace(&signature(&authorization), &encode_block(&bytes));
        assert_eq!(till.send(&right.clone().header("Authorization", &other)).unwrap().status, 401);
        let told = cause(&sandbox);
        assert_eq!(told["cause"], expected, "{found}: {told:#}");
        let step = |name: &str| {
            told["steps"].as_array().unwrap().iter().find(|step| step["name"] == name).unwrap().clone()
        };
        assert_eq!(step("key")["passed"], true, "it is the right key: {told:#}");
        assert!(step("text")["found"].as_str().unwrap().contains(found), "{told:#}");
    }
}

#[test]
fn members_written_otherwise_are_told_apart_from_others() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let right = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1");
    let authorization = till.authorization(&right);
    let member = |name: &str| {
        let rest = authorization.split(&format!("{name}=\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let (serial, timestamp) = (member("serial_no"), member("timestamp"));
    let number = BigNum::from_hex_str(&serial).unwrap();
    let pairs: Vec<&str> = (0..serial.len() / 2).map(|nth| &serial[2 * nth..2 * nth + 2]).collect();
    let with = |name: &str, from: &str, to: &str| {
        authorization.replace(&format!("{name}=\"{from}\""), &format!("{name}=\"{to}\""))
    };
    let brand = Till::brand(&sandbox).authorization(&right);
    let brand = brand.split("serial_no=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let serials = [
        (serial.to_lowercase(), "serial_form"),
        (pairs.join(":"), "serial_form"),
        (format!("0x{serial}"), "serial_form"),
        (format!("00{serial}"), "serial_form"),
        (number.to_dec_str().unwrap().to_string(), "serial_form"),
        (String::new(), "serial_missing"),
        (till.platform_serial.clone(), "serial"),
        (till.public_key_id.clone(), "serial"),
        (brand, "serial_of_other_mode"),
        ("1234ABCD".to_owned(), "serial_unknown"),
    ];
    let times = [
        (format!("{timestamp}.5"), "timestamp_no_number"),
        (format!(" {timestamp}"), "timestamp_no_number"),
        ("2026-12-02T10:00:00+08:00".to_owned(), "timestamp_no_number"),
        (format!("{timestamp}000"), "timestamp_milliseconds"),
        ("1000000000".to_owned(), "timestamp"),
    ];
    let serials = serials.into_iter().map(|(to, cause)| (with("serial_no", &serial, &to), cause));
    let times = times.into_iter().map(|(to, cause)| (with("timestamp", &timestamp, &to), cause));
    let headers = [
        (authorization.replace("\",", "\"; "), "semicolons"),
        (authorization.replace('"', ""), "no_quotes"),
        (authorization.replace("WECHATPAY2-SHA256-RSA2048", "Bearer"), "other_scheme"),
        (authorization.replace("WECHATPAY2", "WECHATPAY-BRAND"), "scheme_of_other_mode"),
    ];
    for (header, expected) in serials.chain(times).chain(headers) {
        assert_eq!(till.send(&right.clone().header("Authorization", &header)).unwrap().status, 401);
        assert_eq!(cause(&sandbox)["cause"], expected, "{header}");
    }
}

#[test]
fn hash_and_length_are_those_of_the_bytes_that_were_sent() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let gbk = b"{\"a\":\"\xb3\xac\"}".to_vec();
    let call = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1").at(support::unix()).body(gbk.clone());
    assert_eq!(till.send(&call.clone().signed(b"{}")).unwrap().status, 401);
    let told = cause(&sandbox);
    let lines: Vec<&str> =
        told["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let mut message = lines[..4].join("\n").into_bytes();
    message.push(b'\n');
    message.extend([&gbk[..], b"\n"].concat());
    let digits = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    assert_eq!(told["sha256"], digits(&openssl::sha::sha256(&message)));
    assert_eq!((&told["bytes"], &told["cause"]), (&json!(message.len()), &json!("body_not_utf8")));

    // Compressed on the way: no GBK.
    let gzip = call.clone().body(b"\x1f\x8b\x08\x00\xff".to_vec()).header("Content-Encoding", "gzip");
    till.send(&gzip.signed(b"{}")).unwrap();
    assert_eq!(cause(&sandbox)["cause"], "body_compressed");
    // Two mistakes.
    let query = till.query_request("SBX_USED");
    let path = query.target.split('?').next().unwrap().to_owned();
    let both = Call { target: path, method: "POST".to_owned(), ..query.clone() };
    till.send(&query.header("Authorization", &till.authorization(&both))).unwrap();
    let told = cause(&sandbox);
    assert_eq!((&told["cause"], &told["also"]), (&json!("other_method"), &json!("path_only")));
    // Version 2 has its sign in the body: nothing is said of a header.
    till.send(&Call::new("POST", "/tools/authcodetoopenid").body(b"<xml></xml>".to_vec())).unwrap();
    assert_eq!(cause(&sandbox), Value::Null);
}

fn signature(authorization: &str) -> String {
    authorization.split("signature=\"").nth(1).unwrap().trim_end_matches('"').to_owned()
}

/// The command for the latest request, and what a shell makes of it with `printf` in the place of `curl`.
#[cfg(unix)]
fn copied(sandbox: &Sandbox) -> Result<Vec<String>, String> {
    let seq = sandbox.requests().last().unwrap().seq;
    let got = ask(sandbox, "GET", &format!("/requests/{seq}/curl"), &Value::Null);
    if got.status != 200 {
        return Err(got.json()["error"].as_str().unwrap().to_owned());
    }
    let script = format!("curl() {{ printf '%s\\0' \"$@\"; }}\n{}", got.text());
    let ran = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(ran.status.success(), "{script}");
    Ok(String::from_utf8(ran.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect())
}

#[cfg(unix)]
#[test]
fn a_copied_command_reads_no_file_and_changes_nothing() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let odd = Call::new("POST", "/v3/{a,b}/[1-3]?x=$HOME").body(b"@/etc/passwd".to_vec());
    till.send(&odd.header("X-Empty", " ")).unwrap();
    let words = copied(&sandbox).unwrap();
    let behind = |flag: &str| words.iter().position(|word| word == flag).and_then(|at| words.get(at + 1));
    assert!(words.iter().any(|word| word == "-g"), "{words:?}");
    assert_eq!(behind("--data-raw").map(String::as_str), Some("@/etc/passwd"));
    assert!(!words.iter().any(|word| word == "--data-binary" || word == "--data" || word == "-d"));
    assert!(words.last().unwrap().ends_with("/v3/{a,b}/[1-3]?x=$HOME"), "{words:?}");
    assert!(words.iter().any(|word| word == "X-Empty;"), "{words:?}");
    assert!(words.iter().any(|word| word.starts_with("Authorization: WECHATPAY2-")));

    // What is no text cannot be written in a command.
    till.send(&Call::new("POST", "/v3/x").body(b"{\"a\":\"\xb3\xac\"}".to_vec())).unwrap();
    assert!(copied(&sandbox).unwrap_err().contains("UTF-8"));

    // Version 2 has no such header.
    till.send(&Call::new("POST", "/tools/authcodetoopenid").body(b"<xml></xml>".to_vec())).unwrap();
    let words = copied(&sandbox).unwrap();
    assert!(!words.iter().any(|word| word.starts_with("Authorization")), "{words:?}");
    assert!(words.iter().any(|word| word == "<xml></xml>"));
}
