//! Answers that are wrong in one way each: the class must be right, within the deadline, and what the till
//! is told must never contradict the ledger.

use crate::till::{Answer, Till, config_with, query_request, sandbox, use_request};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::time::{Duration, Instant};
use wxcoupon_sandbox::{Fault, FaultKind, Sandbox, TlsKind};

const LIMITS: fn() -> Value =
    || json!({ "timeout_ms": 2500, "connect_timeout_ms": 700, "attempt_timeout_ms": 1000 });

/// A till that knows one host only, so that the fault cannot be dodged.
fn one_host(sandbox: &Sandbox, url: &str) -> Till {
    let mut changes = LIMITS();
    changes["base_urls"] = json!([url]);
    Till::new(&config_with(sandbox, &changes))
}

fn within_deadline(call: impl FnOnce() -> Answer) -> Answer {
    let start = Instant::now();
    let answer = call();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?} {}", start.elapsed(), answer.json);
    answer
}

/// (fault, status of a redemption, name of the distrust)
fn answers() -> Vec<(FaultKind, &'static str, Option<&'static str>)> {
    use FaultKind as F;
    let untrusted = "WXCOUPON_E_ANSWER_UNTRUSTED";
    let unreadable = "WXCOUPON_E_ANSWER_UNREADABLE";
    let lost = "WXCOUPON_E_CONNECTION_LOST";
    vec![
        (F::Huge { bytes: 5 * 1024 * 1024 }, unreadable, None),
        (F::Redirect { status: 302 }, untrusted, Some("unsigned")),
        (F::Redirect { status: 307 }, untrusted, Some("unsigned")),
        (F::Chunked, "WXCOUPON_OK", None),
        (F::CloseAfter, "WXCOUPON_OK", None),
        (F::Gzip, untrusted, Some("wrong_signature")),
        (F::CutBody, lost, None),
        (F::HeaderWithoutEnd, lost, None),
        (F::EmptyBody, unreadable, None),
        (F::NotJson, unreadable, None),
        (F::Unsigned, untrusted, Some("unsigned")),
        (F::WrongSignature, untrusted, Some("wrong_signature")),
        (F::TamperedBody, untrusted, Some("wrong_signature")),
        (F::Signtest, untrusted, Some("signtest_probe")),
        (F::Stale { seconds: -301 }, untrusted, Some("stale")),
        (F::Stale { seconds: 400 }, untrusted, Some("stale")),
        (F::UnknownSerial, untrusted, Some("unknown_serial")),
        (F::MerchantSerial, untrusted, Some("merchant_serial")),
        (F::WrongCoupon, untrusted, Some("other_request")),
        // The coupon itself is asked, and says whose it is.
        (F::WrongNumber, "WXCOUPON_OK", None),
        (F::CaptivePortal { status: 200 }, untrusted, Some("unsigned")),
        (F::CaptivePortal { status: 302 }, untrusted, Some("unsigned")),
        (F::CaptivePortal { status: 403 }, untrusted, Some("unsigned")),
        (F::CaptivePortal { status: 407 }, untrusted, Some("unsigned")),
        (F::Status { status: 500, html: false }, "WXCOUPON_E_SERVER", None),
        (F::Status { status: 502, html: true }, "WXCOUPON_E_SERVER", None),
        (F::Status { status: 503, html: true }, "WXCOUPON_E_SERVER", None),
        (F::ResetAfterRead, lost, None),
        (F::ProcessThenReset, lost, None),
        (F::Hang, "WXCOUPON_E_ANSWER_TIMEOUT", None),
        (F::ProcessThenHang, "WXCOUPON_E_ANSWER_TIMEOUT", None),
        (F::SlowDrip { ms: 20 }, "WXCOUPON_E_ANSWER_TIMEOUT", None),
        (F::RateLimited { retry_after: None }, "WXCOUPON_E_RATE_LIMITED", None),
        (F::RateLimited { retry_after: Some(2) }, "WXCOUPON_E_RATE_LIMITED", None),
        (F::ResetBeforeRead, "WXCOUPON_E_CONNECT", None),
        (F::RefuseConnection, "WXCOUPON_E_CONNECT", None),
        (F::TlsAlert, "WXCOUPON_E_TLS", None),
    ]
}

/// Every fault in a shop of its own, all at once: most of the time is waiting.
fn with_each(check: impl Fn(usize, FaultKind, &'static str, Option<&'static str>) + Sync) {
    let answers = answers();
    std::thread::scope(|scope| {
        for (index, (fault, name, verification)) in answers.into_iter().enumerate() {
            let check = &check;
            scope.spawn(move || check(index, fault, name, verification));
        }
    });
}

#[test]
fn each_wrong_answer_to_a_redemption_has_its_status() {
    with_each(|index, fault, name, verification| {
        let sandbox = sandbox();
        let till = one_host(&sandbox, &sandbox.urls()[0]);
        let coupon = format!("AUTO_HOSTILE_{index}");
        let everywhere = Fault::new(fault.clone()).host(0);
        sandbox.inject(if fault == FaultKind::WrongNumber { everywhere.on("use") } else { everywhere });
        let answer = within_deadline(|| till.redeem(&use_request(&coupon, &format!("TILL-H-{index:04}"))));
        // The last attempt may be cut short by the end of the call; then that is what is told.
        let cut_short = matches!(answer.name(), "WXCOUPON_E_ANSWER_TIMEOUT" | "WXCOUPON_E_TIMEOUT_UNSENT");
        if !cut_short {
            assert_eq!(answer.name(), name, "{fault:?}: {}", answer.json);
            assert_eq!(answer.json["verification"].as_str(), verification, "{fault:?}: {}", answer.json);
        }
        let redeemed = sandbox.ledger().iter().any(|entry| entry.coupon_code == coupon);
        match answer.class() {
            0 => assert!(redeemed, "{fault:?}: success told that did not happen"),
            3 | 5 | 6 => assert!(!redeemed, "{fault:?}: refusal told for a coupon that is redeemed"),
            class => assert_eq!(class, 4, "{fault:?}"),
        }
    });
}

#[test]
fn a_question_is_never_in_doubt() {
    with_each(|_, fault, name, _| {
        let sandbox = sandbox();
        let till = one_host(&sandbox, &sandbox.urls()[0]);
        let everywhere = Fault::new(fault.clone()).host(0);
        sandbox.inject(if fault == FaultKind::WrongNumber { everywhere.on("use") } else { everywhere });
        let answer = within_deadline(|| till.query(&query_request("SBX_EFFECTIVE_1")));
        let expected = match name {
            // A question has no number that could be another's.
            _ if fault == FaultKind::WrongNumber => "WXCOUPON_OK",
            "WXCOUPON_OK" | "WXCOUPON_E_RATE_LIMITED" | "WXCOUPON_E_CONNECT" | "WXCOUPON_E_TLS" => name,
            _ => "WXCOUPON_E_READ_FAILED",
        };
        // On a slow machine an attempt may come to the end of its time before the fault is seen.
        let late = ["WXCOUPON_E_READ_FAILED", "WXCOUPON_E_TIMEOUT_UNSENT", "WXCOUPON_E_CONNECT"];
        let cut_short = late.contains(&answer.name())
            && answer.json["elapsed_ms"].as_u64() >= LIMITS()["connect_timeout_ms"].as_u64();
        if !cut_short {
            assert_eq!(answer.name(), expected, "{fault:?}: {}", answer.json);
        }
        assert!(!answer.in_doubt);
    });
}

#[test]
fn tls_that_does_not_prove_the_host_is_never_spoken_to() {
    let sandbox = sandbox();
    for kind in [TlsKind::WrongCa, TlsKind::WrongName, TlsKind::Expired, TlsKind::PlainHttp] {
        let url = sandbox.listener_url(kind).unwrap().replace("http://", "https://");
        let till = one_host(&sandbox, &url);
        let answer = within_deadline(|| till.redeem(&use_request("AUTO_TLS", "TILL-TLS-1")));
        assert_eq!(answer.name(), "WXCOUPON_E_TLS", "{kind:?}: {}", answer.json);
    }
    assert!(sandbox.requests().is_empty(), "a request left before TLS proved the host");
}

#[test]
fn a_clock_too_wrong_for_tls_is_told_with_both_times() {
    let sandbox = sandbox();
    for (kind, bound) in
        [(TlsKind::LongExpired, "valid until 201"), (TlsKind::NotYetValid, "valid only from 203")]
    {
        let till = one_host(&sandbox, &sandbox.listener_url(kind).unwrap());
        let answer = within_deadline(|| till.redeem(&use_request("AUTO_YEARS", "TILL-YEARS-1")));
        assert_eq!((answer.name(), answer.class()), ("WXCOUPON_E_CLOCK", 2), "{}", answer.json);
        let message = answer.json["message"].as_str().unwrap();
        assert!(message.contains("this machine says it is 20") && message.contains(bound), "{message}");
        assert_eq!(till.pending()["pending"], 0);
    }
}

#[test]
fn without_the_sandboxs_authority_it_is_a_stranger() {
    let sandbox = sandbox();
    let mut config = config_with(&sandbox, &LIMITS());
    config.as_object_mut().unwrap().remove("ca_path");
    let answer = within_deadline(|| Till::new(&config).redeem(&use_request("AUTO_CA", "TILL-CA-01")));
    assert_eq!(answer.name(), "WXCOUPON_E_TLS", "{}", answer.json);
}

#[test]
fn a_host_that_accepts_and_says_nothing_is_not_sent_to() {
    let sandbox = sandbox();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let till = one_host(&sandbox, &format!("https://{}", silent.local_addr().unwrap()));
    let answer = within_deadline(|| till.redeem(&use_request("AUTO_SILENT", "TILL-S-01")));
    assert_eq!(answer.class(), 3, "{}", answer.json);
}

#[test]
fn a_name_that_does_not_exist_is_no_connection() {
    let sandbox = sandbox();
    let till = one_host(&sandbox, "https://no-such-host.invalid");
    let answer = within_deadline(|| till.redeem(&use_request("AUTO_DNS", "TILL-D-01")));
    assert!(["WXCOUPON_E_CONNECT", "WXCOUPON_E_TIMEOUT_UNSENT"].contains(&answer.name()), "{}", answer.json);
}

#[test]
fn a_proxy_that_answers_407_to_connect_means_nothing_was_sent() {
    use std::io::{Read, Write};
    let sandbox = sandbox();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut changes = LIMITS();
    changes["proxy"] = json!(format!("http://{}", proxy.local_addr().unwrap()));
    std::thread::spawn(move || {
        for connection in proxy.incoming().take(4) {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 4096]);
            let _ = connection
                .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let till = Till::new(&config_with(&sandbox, &changes));
    let answer = within_deadline(|| till.redeem(&use_request("AUTO_PROXY", "TILL-P-01")));
    assert_eq!(answer.name(), "WXCOUPON_E_CONNECT", "{}", answer.json);
    assert!(sandbox.requests().is_empty());
}

#[test]
fn the_callers_own_limit_is_kept() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox.config());
    sandbox.inject(FaultKind::Hang);
    let mut request = use_request("AUTO_LIMIT", "TILL-L-01");
    request["_options"] = json!({ "timeout_ms": 800 });
    let start = Instant::now();
    assert_eq!(till.redeem(&request).name(), "WXCOUPON_E_ANSWER_TIMEOUT");
    assert!(start.elapsed() < Duration::from_secs(4), "an attempt may last five: {:?}", start.elapsed());
}
