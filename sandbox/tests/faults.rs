//! Every fault does what its description says, no more and no less.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use serde_json::json;
use support::{Got, Till, sandbox, unix};
use wxcoupon_sandbox::{CouponState, Fault, FaultKind, Sandbox};

const CODE: &str = "SBX_EFFECTIVE_1";

/// A sandbox, a till, and what became of one `use` under a fault.
struct Played {
    sandbox: Sandbox,
    till: Till,
    result: std::io::Result<Got>,
}

fn play(fault: impl Into<Fault>) -> Played {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let fault = fault.into();
    let processes = fault.to_json()["processed"].as_bool().unwrap();
    let name = fault.to_json()["kind"].clone();
    let id = sandbox.inject(fault.times(1));
    let result = till.send(&till.use_request(CODE, "NUMBER_1"));

    assert_eq!(sandbox.fired(id), 1, "{name} acts once");
    assert_eq!(sandbox.ledger().len(), usize::from(processes), "{name}: effect");
    let state = if processes { CouponState::Used } else { CouponState::Effective };
    assert_eq!(sandbox.coupon(CODE).unwrap().state, state, "{name}: state");
    let log = sandbox.requests();
    let entry = log.last().unwrap();
    assert_eq!(entry.fault.as_deref(), name.as_str());
    assert_eq!(entry.took_effect, processes, "{name}: log");

    // Whatever happened, the same request again comes to a good end, once.
    let again = till.ok(&till.use_request(CODE, "NUMBER_1"));
    assert_eq!(again["single_usage_detail"]["use_request_no"], "NUMBER_1");
    assert_eq!(sandbox.requests().last().unwrap().duplicate, processes, "{name}: duplicate");
    assert_eq!(sandbox.ledger().len(), 1);
    Played { sandbox, till, result }
}

impl Played {
    fn got(&self) -> &Got {
        self.result.as_ref().unwrap()
    }

    /// The answer is the right one, and rightly signed.
    fn right(&self) -> &Got {
        let got = self.got();
        assert_eq!(got.status, 200, "{}", got.text());
        self.till.verify(got).unwrap();
        assert_eq!(got.json()["coupon_state"], "USED");
        assert_eq!(got.json()["coupon_code"], CODE);
        got
    }

    /// The answer is the right one, but cannot be believed, for this reason.
    fn disbelieved(&self, reason: &str) {
        let got = self.got();
        assert_eq!(got.status, 200, "{}", got.text());
        assert_eq!(got.json()["coupon_state"], "USED");
        let error = self.till.verify(got).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }

    fn broken(&self, kind: ErrorKind) {
        match &self.result {
            Err(e) => assert_eq!(e.kind(), kind, "{e}"),
            Ok(got) => panic!("got {} {}", got.status, got.text()),
        }
    }
}

/// With and without processing.
fn both(kind: &FaultKind) -> [Played; 2] {
    [true, false].map(|processed| play(Fault::new(kind.clone()).processed(processed)))
}

#[test]
fn resets() {
    play(FaultKind::ResetAfterRead).broken(ErrorKind::ConnectionReset);
    play(FaultKind::ProcessThenReset).broken(ErrorKind::ConnectionReset);
}

#[test]
fn slow_drip() {
    for played in both(&FaultKind::SlowDrip { ms: 0 }) {
        played.right();
    }
    let start = Instant::now();
    play(FaultKind::SlowDrip { ms: 1 }).right();
    assert!(start.elapsed() > Duration::from_secs(2), "some 4,000 bytes");
}

#[test]
fn broken_off_answers() {
    for kind in [FaultKind::CutBody, FaultKind::HeaderWithoutEnd] {
        for played in both(&kind) {
            played.broken(ErrorKind::UnexpectedEof);
        }
    }
}

#[test]
fn error_statuses() {
    for status in [500, 502, 503] {
        for played in both(&FaultKind::Status { status, html: false }) {
            let got = played.got();
            assert_eq!((got.status, got.code().as_str()), (status, "SYSTEM_ERROR"));
            played.till.verify(got).unwrap();
        }
        for played in both(&FaultKind::Status { status, html: true }) {
            let got = played.got();
            assert_eq!(got.status, status);
            assert!(got.text().starts_with("<html>"));
            assert!(got.header("wechatpay-signature").is_none() && got.header("request-id").is_none());
        }
    }
    let default = play(FaultKind::Status { status: 500, html: false });
    assert_eq!(default.got().status, 500);
}

#[test]
fn rate_limited() {
    for retry_after in [None, Some(7)] {
        let played = play(FaultKind::RateLimited { retry_after });
        let got = played.got();
        assert_eq!((got.status, got.code().as_str()), (429, "RATELIMIT_EXCEEDED"));
        assert_eq!(got.sub_code(), 270_924_289);
        assert_eq!(got.header("retry-after"), retry_after.map(|_| "7"));
        played.till.verify(got).unwrap();
    }
}

#[test]
fn spoiled_signatures() {
    for (kind, reason) in [
        (FaultKind::Unsigned, "is missing"),
        (FaultKind::WrongSignature, "wrong signature"),
        (FaultKind::Signtest, "wrong signature"),
        (FaultKind::UnknownSerial, "unknown serial"),
        (FaultKind::MerchantSerial, "unknown serial"),
        (FaultKind::TamperedBody, "wrong signature"),
        (FaultKind::Stale { seconds: -600 }, "signed 60"),
        (FaultKind::Stale { seconds: 600 }, "signed -"),
    ] {
        for played in both(&kind) {
            played.disbelieved(reason);
            let merchant_serial = played.sandbox.keys().merchant_serial_no();
            let is_merchants = played.got().header("wechatpay-serial") == Some(merchant_serial);
            assert_eq!(is_merchants, kind == FaultKind::MerchantSerial);
            let signature = played.got().header("wechatpay-signature").unwrap_or_default();
            let is_probe = signature.starts_with("WECHATPAY/SIGNTEST/");
            assert_eq!(is_probe, kind == FaultKind::Signtest);
        }
    }
}

#[test]
fn unknown_serials_look_like_the_real_kind() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    sandbox.inject(FaultKind::UnknownSerial);
    let serial = |wanted: &str| {
        let got = till.send(&till.query_request("SBX_USED").header("Wechatpay-Serial", wanted)).unwrap();
        got.header("wechatpay-serial").unwrap().to_owned()
    };
    assert_eq!(serial("").len(), 40);
    let public = serial(&till.public_key_id);
    assert!(public.starts_with("PUB_KEY_ID_") && public.len() == till.public_key_id.len());
}

fn date(got: &Got) -> &str {
    got.header("date").unwrap()
}

#[test]
fn wrong_clocks() {
    let stale = play(FaultKind::Stale { seconds: -86_400 });
    let right = play(FaultKind::CloseAfter);
    assert_eq!(date(stale.got())[..16], date(right.got())[..16], "`stale` leaves Date alone");

    let day_off = 86_400;
    let played = play(FaultKind::DateOffset { seconds: day_off });
    played.disbelieved("signed -86");
    assert_ne!(date(played.got())[..16], date(right.got())[..16]);

    // The whole clock is off: an honest request looks old.
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    sandbox.inject(FaultKind::Clock { seconds: day_off });
    let got = till.send(&till.use_request(CODE, "NUMBER_1")).unwrap();
    assert_eq!((got.status, got.code().as_str()), (401, "SIGN_ERROR"));
    assert_ne!(date(&got)[..16], date(right.got())[..16]);
    assert!(sandbox.ledger().is_empty());
    let got = till.send(&till.use_request(CODE, "NUMBER_1").at(unix() + day_off)).unwrap();
    assert_eq!(got.status, 200);
    assert_eq!(sandbox.ledger().len(), 1);
    // By a little only, it passes.
    sandbox.clear_faults();
    sandbox.inject(FaultKind::Clock { seconds: 100 });
    till.ok(&till.use_request("SBX_EFFECTIVE_2", "NUMBER_2"));
}

#[test]
fn captive_portal() {
    for status in [200, 302, 403, 407] {
        let played = play(FaultKind::CaptivePortal { status });
        let got = played.got();
        assert_eq!(got.status, status);
        assert!(got.text().contains("WiFi") && got.header("content-type").unwrap().starts_with("text/html"));
        assert!(played.till.verify(got).is_err());
        assert_eq!(got.header("location").is_some(), status == 302);
        assert_eq!(got.header("proxy-authenticate").is_some(), status == 407);
    }
}

#[test]
fn redirect() {
    for status in [302, 307] {
        let played = play(FaultKind::Redirect { status });
        let got = played.got();
        assert_eq!(got.status, status);
        let target = played.till.use_request(CODE, "NUMBER_1").target;
        assert_eq!(got.header("location"), Some(format!("{}{target}", played.till.urls[1]).as_str()));
        assert!(played.till.verify(got).is_err());
    }
}

#[test]
fn answers_about_something_else() {
    for played in both(&FaultKind::WrongCoupon) {
        let got = played.got();
        played.till.verify(got).unwrap();
        assert_eq!((got.status, &got.json()["coupon_code"]), (200, &json!("SBX_SOMEBODY_ELSES")));
    }
    for played in both(&FaultKind::WrongNumber) {
        let got = played.got();
        played.till.verify(got).unwrap();
        assert_eq!(got.json()["coupon_code"], CODE);
        assert_eq!(got.json()["single_usage_detail"]["use_request_no"], "SOMEBODY_ELSES_NUMBER");
    }
}

#[test]
fn answers_with_other_members() {
    let patch = json!({ "coupon_state": "FROZEN", "single_usage_detail": null, "extra": { "a": 1 } });
    for played in both(&FaultKind::Edited { patch }) {
        let got = played.got();
        played.till.verify(got).unwrap();
        let said = got.json();
        assert_eq!((&said["coupon_state"], &said["extra"]["a"]), (&json!("FROZEN"), &json!(1)));
        assert!(said.get("single_usage_detail").is_none());
        assert_eq!(said["coupon_code"], CODE);
    }
}

#[test]
fn an_answer_of_another_time_or_question() {
    let offset_s = 40 * 3600;
    for played in both(&FaultKind::WrongDate { seconds: offset_s }) {
        let got = played.right();
        let signed: u64 = got.header("wechatpay-timestamp").unwrap().parse().unwrap();
        assert!(signed.abs_diff(u64::try_from(unix()).unwrap()) < 60);
        assert!(
            !date(got).starts_with(&date(&played.till.send(&played.till.query_request(CODE)).unwrap())[..16])
        );
    }

    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let asked = till.send(&till.query_request(CODE)).unwrap();
    sandbox.inject(FaultKind::Replay { of: "query".into() });
    let got = till.send(&till.use_request(CODE, "NUMBER_1")).unwrap();
    till.verify(&got).unwrap();
    assert_eq!((&got.body, got.header("request-id")), (&asked.body, asked.header("request-id")));
    assert!(sandbox.ledger().is_empty());
    // Of another coupon nothing is known yet.
    let got = till.send(&till.query_request("SBX_EFFECTIVE_2")).unwrap();
    assert_eq!(got.json()["coupon_code"], "SBX_EFFECTIVE_2");
}

#[test]
fn odd_bodies() {
    for played in both(&FaultKind::Huge { bytes: 1_000_000 }) {
        assert_eq!(played.right().body.len(), 1_000_000);
    }
    for played in both(&FaultKind::Chunked) {
        let got = played.right();
        assert_eq!(got.header("transfer-encoding"), Some("chunked"));
        assert!(got.header("content-length").is_none());
    }
    for played in both(&FaultKind::Gzip) {
        let got = played.got();
        assert_eq!(got.header("content-encoding"), Some("gzip"));
        assert!(played.till.verify(got).is_err(), "the signature is over the plain body");
        let mut plain = Vec::new();
        GzDecoder::new(&got.body[..]).read_to_end(&mut plain).unwrap();
        let plain = Got { status: got.status, headers: got.headers.clone(), body: plain };
        played.till.verify(&plain).unwrap();
        assert_eq!(plain.json()["coupon_state"], "USED");
    }
    for played in both(&FaultKind::EmptyBody) {
        assert_eq!((played.got().status, played.got().body.len()), (200, 0));
        played.till.verify(played.got()).unwrap();
    }
    for played in both(&FaultKind::NotJson) {
        assert!(serde_json::from_slice::<serde_json::Value>(&played.got().body).is_err());
        played.till.verify(played.got()).unwrap();
    }
}

#[test]
fn a_made_up_answer_to_a_bad_request_is_still_a_refusal() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    sandbox.inject(Fault::new(FaultKind::WrongCoupon).processed(false));
    till.refused(&till.use_request("SBX_EXPIRED", "NUMBER_1"), 268_578_776);
    let mut unsigned = till.use_request(CODE, "NUMBER_1");
    unsigned = unsigned.header("Authorization", "none");
    assert_eq!(till.send(&unsigned).unwrap().status, 401);
}

#[test]
fn processing_never_happens_for_a_wrong_signature() {
    for kind in [FaultKind::ProcessThenReset, FaultKind::Status { status: 500, html: true }] {
        let sandbox = sandbox();
        let till = Till::new(&sandbox);
        sandbox.inject(Fault::new(kind).processed(true));
        let _ = till.send(&till.use_request(CODE, "NUMBER_1").header("Authorization", "none"));
        assert_eq!(sandbox.requests().len(), 1);
        assert!(sandbox.ledger().is_empty());
    }
}

#[test]
fn return_under_a_fault() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    till.ok(&till.use_request(CODE, "NUMBER_1"));
    sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("return").times(1));
    till.ok(&till.query_request(CODE));
    assert!(till.send(&till.return_request(CODE, "RETURN_1")).is_err());
    assert_eq!(sandbox.coupon(CODE).unwrap().state, CouponState::Effective);
    till.ok(&till.return_request(CODE, "RETURN_1"));
    assert_eq!(sandbox.ledger().len(), 2);
}

#[test]
fn any_refusal_can_be_asked_for() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    sandbox.inject(Fault::from_spec("refusal,status=404,code=NOT_FOUND,sub_code=268578608,times=1").unwrap());
    let got = till.refused(&till.use_request("SBX_EFFECTIVE_1", "REFUSED_1"), 268_578_608);
    assert_eq!((got.status, &got.json()["code"]), (404, &json!("NOT_FOUND")));
    assert!(sandbox.ledger().is_empty());
    assert!(Fault::from_spec("refusal,status=500").is_err());
    sandbox.inject(Fault::from_spec("unsigned_refusal,status=403,code=NO_AUTH,times=1").unwrap());
    let got = till.send(&till.use_request("SBX_EFFECTIVE_1", "REFUSED_1")).unwrap();
    assert_eq!((got.status, got.code().as_str()), (403, "NO_AUTH"));
    assert!(got.header("request-id").unwrap().ends_with("-0"));
    assert!(till.verify(&got).is_err());
}
