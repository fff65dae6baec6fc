//! Which requests are accepted, and how answers are signed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::json;
use support::{Call, Got, Till, sandbox, unix};
use wxcoupon_sandbox::{Options, Sandbox, SignWith};

/// Sends a request whose signature is to be refused.
fn sign_error(till: &Till, call: &Call) -> Got {
    let got = till.send(call).unwrap();
    assert_eq!((got.status, got.code().as_str()), (401, "SIGN_ERROR"), "{}", got.text());
    assert!(got.header("wechatpay-signature").is_none(), "a 401 is not signed");
    assert!(got.header("request-id").is_some());
    got
}

#[test]
fn a_right_request_gets_a_right_answer() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let got = till.send(&till.query_request("SBX_EFFECTIVE_1")).unwrap();
    assert_eq!(got.status, 200, "{}", got.text());
    assert_eq!(till.verify(&got).unwrap(), till.platform_serial);
    assert_eq!(got.sub_code(), 0);
    assert_eq!(got.header("keep-alive"), Some("timeout=8"));
    assert!(got.header("date").unwrap().ends_with(" GMT"));
    assert!(sandbox.requests()[0].signature_ok);
}

#[test]
fn the_second_host_knows_the_same_coupons() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    till.ok(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"));
    let got = till.send_to(&till.urls[1], &till.query_request("SBX_EFFECTIVE_1")).unwrap();
    assert_eq!(got.json()["coupon_state"], "USED");
    assert_eq!(sandbox.requests().iter().map(|r| r.host).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn serial_chooses_the_key() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let ask = |till: &Till, serial: &str| {
        let call = till.query_request("SBX_USED").header("Wechatpay-Serial", serial);
        till.verify(&till.send(&call).unwrap()).unwrap()
    };
    assert_eq!(ask(&till, &till.public_key_id), till.public_key_id);
    assert_eq!(ask(&till, &till.platform_serial), till.platform_serial);
    assert_eq!(ask(&till, "PUB_KEY_ID_1"), till.platform_serial);

    for (policy, public_key) in [(SignWith::PublicKey, true), (SignWith::Certificate, false)] {
        let sandbox = Sandbox::start(Options { sign_with: policy, ..Options::default() }).unwrap();
        let till = Till::new(&sandbox);
        let expected = if public_key { &till.public_key_id } else { &till.platform_serial };
        assert_eq!(ask(&till, &till.public_key_id), *expected);
        assert_eq!(ask(&till, ""), *expected);
    }
}

#[test]
fn business_errors_are_signed_unless_told_otherwise() {
    let signed = sandbox();
    let till = Till::new(&signed);
    till.refused(&till.use_request("SBX_EXPIRED", "NUMBER_1"), 268_578_776);

    let unsigned = Sandbox::start(Options { unsigned_errors: true, ..Options::default() }).unwrap();
    let till = Till::new(&unsigned);
    let got = till.send(&till.use_request("SBX_EXPIRED", "NUMBER_1")).unwrap();
    assert_eq!(got.status, 403);
    assert!(till.verify(&got).is_err());
    till.ok(&till.query_request("SBX_EXPIRED"));
}

#[test]
fn every_wrong_signature_is_refused() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let call = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1");
    let right = till.authorization(&call);
    let field_of = |call: &Call| sign_error(&till, call).json()["detail"]["field"].clone();
    let with = |authorization: &str| call.clone().header("Authorization", authorization);

    // Something that was signed changes afterwards.
    let mut other_body = with(&right);
    other_body.body.extend_from_slice(b" ");
    assert_eq!(field_of(&other_body), "signature");
    let mut other_target = with(&right);
    other_target.target.push_str("?a=1");
    assert_eq!(field_of(&other_target), "signature");
    let mut other_method = with(&right);
    other_method.method = "PUT".into();
    assert_eq!(field_of(&other_method), "signature");
    let (other_nonce, other_time) = (right.replace("593BEC0C", "693BEC0C"), unix() - 7);
    assert_eq!(field_of(&with(&other_nonce)), "signature");
    let timestamp = right.split("timestamp=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(field_of(&with(&right.replace(timestamp, &other_time.to_string()))), "signature");

    // The header itself is wrong.
    let mut wrong = Vec::new();
    for (from, to, field) in [
        ("SHA256-RSA2048", "SM2-WITH-SM3", "Authorization"),
        ("1900000001", "1900000002", "mchid"),
        ("serial_no=\"", "serial_no=\"0", "serial_no"),
        ("nonce_str=\"593BEC0C930BF1AFEB40B4A08C8FB242\"", "nonce_str=\"\"", "nonce_str"),
        ("signature=\"", "signature=\"A", "signature"),
        ("timestamp=\"", "timestamp=\"x", "timestamp"),
    ] {
        wrong.push((right.replace(from, to), field));
    }
    wrong.push((right.replace(&right[right.len() - 3..], "\""), "signature"));
    wrong.push((right.split(",signature").next().unwrap().to_owned(), "signature"));
    wrong.push(("Basic abc".into(), "Authorization"));
    for (authorization, field) in wrong {
        assert_eq!(field_of(&with(&authorization)), field, "{authorization}");
    }
    let missing = with(" ");
    assert_eq!(field_of(&missing), "Authorization");

    assert!(sandbox.ledger().is_empty());
    assert!(sandbox.requests().iter().all(|request| !request.signature_ok));
    let refusal = sign_error(&till, &other_body);
    assert_eq!(refusal.json()["detail"]["sign_information"]["method"], "POST");
    assert!(!refusal.text().contains("PRIVATE"));
}

#[test]
fn members_may_come_in_any_order() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let call = till.query_request("SBX_USED");
    let authorization = till.authorization(&call);
    let (scheme, members) = authorization.split_once(' ').unwrap();
    let mut members: Vec<&str> = members.split(',').collect();
    members.reverse();
    till.ok(&call.header("Authorization", &format!("{scheme} {}", members.join(","))));
}

#[test]
fn the_clock_may_be_off_by_five_minutes() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let call = till.query_request("SBX_USED");
    for off in [-290, 290] {
        till.ok(&call.clone().at(unix() + off));
    }
    for off in [-310, 310] {
        let got = sign_error(&till, &call.clone().at(unix() + off));
        assert_eq!(got.json()["detail"]["field"], "timestamp");
    }
    // Milliseconds are a well-known mistake.
    sign_error(&till, &call.clone().at(unix() * 1000));

    sandbox.set_clock_offset(-3600);
    let got = sign_error(&till, &call);
    let date = got.header("date").unwrap().to_owned();
    sandbox.set_clock_offset(0);
    assert_ne!(till.send(&call).unwrap().header("date").unwrap(), date);
    sandbox.set_clock_offset(-3600);
    let got = till.send(&call.at(unix() - 3600)).unwrap();
    assert_eq!(got.status, 200);
    let stamp: i64 = got.header("wechatpay-timestamp").unwrap().parse().unwrap();
    assert!((unix() - 3600 - stamp).abs() < 5);
}

#[test]
fn headers_are_required() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let call = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1");
    for (header, value) in [
        ("Accept", ""),
        ("Accept", "text/html"),
        ("User-Agent", ""),
        ("Content-Type", ""),
        ("Content-Type", "text/plain"),
        ("Content-Type", "application/json; charset=gbk"),
    ] {
        let got = till.refused(&call.clone().header(header, value), 268_578_101);
        assert_eq!((got.status, got.code().as_str()), (400, "INVALID_REQUEST"));
        assert_eq!(got.json()["detail"]["field"], header);
    }
    assert!(sandbox.ledger().is_empty());
    let call = call.header("Accept", "*/*").header("Content-Type", "application/json; charset=utf-8");
    till.ok(&call);
    till.ok(&till.query_request("SBX_USED").header("Content-Type", ""));
}

#[test]
fn unknown_paths_are_not_found_and_signed() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    for (method, path) in [("GET", "/v3/nothing"), ("GET", "/"), ("POST", "/v3/certificates")] {
        let got = till.send(&Call::new(method, path).json(&json!({}))).unwrap();
        assert_eq!((got.status, got.code().as_str()), (404, "NOT_FOUND"));
        till.verify(&got).unwrap();
    }
    let query = till.query_request("SBX_USED").target;
    let got = till.send(&Call::new("DELETE", &query).json(&json!({}))).unwrap();
    assert_eq!(got.status, 404);
    assert!(sandbox.requests().iter().all(|request| request.operation == "unknown"));
}

#[test]
fn garbage_is_answered_and_the_connection_closed() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    for garbage in [
        "hello\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        let mut line = till.connect(&till.urls[0]).unwrap();
        line.write(garbage.as_bytes()).unwrap();
        let got = line.read_answer().unwrap();
        assert_eq!((got.status, got.header("connection")), (400, Some("close")), "{garbage}");
        assert!(line.read_answer().is_err());
    }
}
