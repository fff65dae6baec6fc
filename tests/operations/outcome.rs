//! Every row of "what came back" and the one status it means.

use serde_json::{Value, json};
use wxcoupon::api::error_code::BY_STATUS;
use wxcoupon::api::{Expected, by_id, subcode};
use wxcoupon::net::{TransportError, TransportErrorKind};
use wxcoupon::outcome::{Ask, AttemptOutcome, Body, Content, Event, Sent, content, judge, read};
use wxcoupon::status::{Class, Code};
use wxcoupon::wire::verify::{Proof, VerifyError};

const PROOF: Proof = Proof { at_s: 1_754_193_600, is_certain: true };

const VERIFY_ERRORS: fn() -> Vec<VerifyError> = || {
    vec![
        VerifyError::Unsigned,
        VerifyError::MissingHeader("Wechatpay-Serial"),
        VerifyError::Probe,
        VerifyError::MerchantSerial,
        VerifyError::UnknownSerial { serial: "X".into(), known: "Y".into() },
        VerifyError::Stale { seconds: 301 },
        VerifyError::Malformed("Wechatpay-Timestamp"),
        VerifyError::WrongSignature,
    ]
};

fn body(text: &str) -> Body {
    Body::of(&read(text, &[]))
}

fn error_body(code: &str) -> Body {
    body(&format!("{{\"code\":\"{code}\",\"message\":\"说明\"}}"))
}

fn sent(members: &serde_json::Map<String, Value>) -> Sent<'_> {
    Sent { members, request_no: None, within_s: PROOF.at_s..=PROOF.at_s + 60 }
}

struct Reply {
    status: u16,
    trust: Result<Proof, VerifyError>,
    body: Body,
    subcode: Option<u64>,
    retry_after_s: Option<u64>,
    content: Content,
}

fn reply(status: u16, trust: Result<Proof, VerifyError>, body: Body) -> Reply {
    Reply { status, trust, body, subcode: None, retry_after_s: None, content: Content::Fits }
}

fn judged(writes: bool, reply: Reply) -> AttemptOutcome {
    let Reply { status, trust, body, subcode, retry_after_s, content } = reply;
    judge(
        writes,
        &Event::Answered { status, trust, body, subcode, retry_after_s, content, error_codes: &BY_STATUS },
    )
}

/// (HTTP status, error code, status when signed): the documented rows of `use`, and spellings of other
/// product families.
const DOCUMENTED: &[(u16, &str, Code)] = &[
    (400, "PARAM_ERROR", Code::Refused),
    (400, "INVALID_REQUEST", Code::Refused),
    (401, "SIGN_ERROR", Code::SignRejected),
    (403, "NOT_ENOUGH", Code::CouponState),
    (403, "NO_AUTH", Code::NoPermission),
    (403, "SOMETHING_NEW", Code::Refused),
    (404, "NOT_FOUND", Code::NotFound),
    (404, "RESOURCE_NOT_EXISTS", Code::NotFound),
    (409, "ALREADY", Code::Refused),
    (429, "RATELIMIT_EXCEEDED", Code::RateLimited),
    (429, "FREQUENCY_LIMITED", Code::RateLimited),
];

#[test]
fn documented_errors_when_signed_and_when_unsigned_in_the_error_shape() {
    for (status, code, expected) in DOCUMENTED {
        for trust in [Ok(PROOF), Err(VerifyError::Unsigned)] {
            for writes in [true, false] {
                let verdict = judged(writes, reply(*status, trust.clone(), error_body(code)));
                assert_eq!(verdict.code, *expected, "{status} {code} {trust:?} writes={writes}");
            }
        }
    }
}

#[test]
fn a_4xx_whose_signature_is_there_and_wrong_proves_nothing() {
    for (status, code, _) in DOCUMENTED {
        for error in VERIFY_ERRORS().into_iter().filter(|error| *error != VerifyError::Unsigned) {
            let name = error.name();
            let verdict = judged(true, reply(*status, Err(error.clone()), error_body(code)));
            assert_eq!((verdict.code, verdict.verification), (Code::AnswerUntrusted, Some(name)));
            let verdict = judged(false, reply(*status, Err(error), error_body(code)));
            assert_eq!(verdict.code, Code::ReadFailed);
        }
    }
}

#[test]
fn a_page_of_a_portal_or_proxy_never_refuses() {
    for status in [302, 307, 400, 401, 403, 404, 407, 429, 451] {
        for body in [Body::Empty, body("<html>login</html>"), body("{\"error\":1}"), body("[]")] {
            let verdict = judged(true, reply(status, Err(VerifyError::Unsigned), body));
            assert_eq!(verdict.code, Code::AnswerUntrusted, "{status}");
            assert_eq!(verdict.verification, Some("unsigned"));
        }
    }
}

#[test]
fn every_known_subcode_with_every_status_it_may_travel_with() {
    for row in subcode::TABLE {
        for (status, code) in [(400, "INVALID_REQUEST"), (403, "NOT_ENOUGH"), (404, "NOT_FOUND"), (429, "X")]
        {
            let mut answer = reply(status, Ok(PROOF), error_body(code));
            answer.subcode = Some(row.number);
            let verdict = judged(true, answer);
            if status == 429 {
                assert_eq!(
                    verdict.code,
                    Code::RateLimited,
                    "too often is said before the business is looked at"
                );
                continue;
            }
            assert_eq!(verdict.code, row.code, "{}", row.number);
            assert_eq!(verdict.message, row.message);
            assert_eq!((verdict.hint, verdict.cashier), (Some(row.hint), Some(row.cashier)));
            assert_eq!(verdict.retry_after_ms.is_some(), row.code.class() == Class::Busy);
        }
        // A fault stays a fault, and a rejected signature a rejected signature.
        for (status, expected) in [(500, Code::Server), (401, Code::SignRejected)] {
            let mut answer = reply(status, Ok(PROOF), error_body("X"));
            answer.subcode = Some(row.number);
            assert_eq!(judged(true, answer).code, expected);
        }
    }
    let mut unknown = reply(403, Ok(PROOF), error_body("NOT_ENOUGH"));
    unknown.subcode = Some(999);
    assert_eq!(judged(true, unknown).code, Code::CouponState);
}

#[test]
fn a_signed_answer_of_another_kind_under_an_error_status_never_refuses() {
    for status in [400, 403, 404, 429] {
        for body in [Body::Empty, Body::Object, Body::Unreadable("x".into())] {
            assert_eq!(judged(true, reply(status, Ok(PROOF), body)).code, Code::AnswerUnreadable, "{status}");
        }
    }
}

#[test]
fn success_needs_proof() {
    let object = || body("{\"coupon_code\":\"C\"}");
    assert_eq!(judged(true, reply(200, Ok(PROOF), object())).code, Code::Ok);
    assert_eq!(judged(true, reply(204, Ok(PROOF), Body::Empty)).code, Code::Ok);
    assert_eq!(judged(true, reply(200, Ok(PROOF), Body::Empty)).code, Code::AnswerUnreadable);
    assert_eq!(judged(true, reply(200, Ok(PROOF), body("{\"cut"))).code, Code::AnswerUnreadable);
    for error in VERIFY_ERRORS() {
        let name = error.name();
        for status in [200, 202, 204] {
            let verdict = judged(true, reply(status, Err(error.clone()), object()));
            assert_eq!((verdict.code, verdict.verification), (Code::AnswerUntrusted, Some(name)));
        }
        assert_eq!(judged(false, reply(200, Err(error), object())).code, Code::ReadFailed);
    }
    let mut says_nothing = reply(204, Ok(PROOF), Body::Empty);
    says_nothing.content = Content::Elsewhere("does not say what it is about".into());
    assert_eq!(judged(true, says_nothing).code, Code::AnswerUnreadable);
    let mut other = reply(200, Ok(PROOF), object());
    other.content = Content::Elsewhere("about another coupon".into());
    let verdict = judged(true, other);
    assert_eq!((verdict.code, verdict.verification), (Code::AnswerUntrusted, Some("other_request")));
    assert_eq!(verdict.ask, None, "it is a lost answer, and repeated");
    for ask in [Ask::Unnamed, Ask::Contradicts] {
        let mut puzzling = reply(200, Ok(PROOF), object());
        puzzling.content = Content::Asks(ask, "says USED and names no number".into());
        let verdict = judged(true, puzzling);
        assert_eq!((verdict.code, verdict.ask), (Code::AnswerUntrusted, Some(ask)));
    }
}

#[test]
fn faults_and_oddities_are_doubt() {
    for status in [500, 501, 502, 503, 504, 408] {
        for trust in [Ok(PROOF), Err(VerifyError::Unsigned), Err(VerifyError::Probe)] {
            let verdict = judged(true, reply(status, trust.clone(), error_body("SYSTEM_ERROR")));
            assert_eq!(verdict.code, Code::Server, "{status} {trust:?}");
            let verdict = judged(false, reply(status, trust, error_body("SYSTEM_ERROR")));
            assert_eq!(verdict.code, Code::ReadFailed);
        }
    }
    for status in [100, 301, 302, 304, 600] {
        assert_eq!(judged(true, reply(status, Ok(PROOF), Body::Empty)).code, Code::AnswerUntrusted);
    }
}

#[test]
fn waiting_times() {
    let mut throttled = reply(429, Ok(PROOF), error_body("RATELIMIT_EXCEEDED"));
    assert_eq!(judged(true, reply(429, Ok(PROOF), error_body("X"))).retry_after_ms, Some(1000));
    throttled.retry_after_s = Some(7);
    assert_eq!(judged(true, throttled).retry_after_ms, Some(7000));
    let mut for_a_day = reply(429, Ok(PROOF), error_body("RATELIMIT_EXCEEDED"));
    for_a_day.retry_after_s = Some(24 * 60 * 60);
    assert_eq!(judged(true, for_a_day).retry_after_ms, Some(60 * 60 * 1000), "an hour at most");
    let mut maintenance = reply(503, Err(VerifyError::Unsigned), Body::Empty);
    maintenance.retry_after_s = Some(4);
    let verdict = judged(true, maintenance);
    assert_eq!((verdict.code, verdict.retry_after_ms), (Code::Server, Some(4000)));
    let mut locked = reply(403, Ok(PROOF), error_body("NOT_ENOUGH"));
    locked.subcode = Some(272_756_746);
    assert_eq!(judged(true, locked).retry_after_ms, Some(1500));
    assert_eq!(judged(true, reply(403, Ok(PROOF), error_body("NOT_ENOUGH"))).retry_after_ms, None);
}

#[test]
fn without_an_answer_the_side_of_sending_decides() {
    use TransportErrorKind::{Connect, Lost, NotHttp, Timeout, Tls, TooLarge};
    for (sent, kind, writing, reading) in [
        (false, Connect, Code::Connect, Code::Connect),
        (false, Lost, Code::Connect, Code::Connect),
        (false, Tls, Code::Tls, Code::Tls),
        (false, Timeout, Code::TimeoutUnsent, Code::TimeoutUnsent),
        (true, Timeout, Code::AnswerTimeout, Code::ReadFailed),
        (true, Connect, Code::ConnectionLost, Code::ReadFailed),
        (true, Lost, Code::ConnectionLost, Code::ReadFailed),
        (true, Tls, Code::ConnectionLost, Code::ReadFailed),
        (true, NotHttp, Code::AnswerUnreadable, Code::ReadFailed),
        (true, TooLarge, Code::AnswerUnreadable, Code::ReadFailed),
    ] {
        let failure = TransportError { sent, kind, detail: "cause".into() };
        assert_eq!(judge(true, &Event::NoAnswer(&failure)).code, writing, "{failure:?}");
        assert_eq!(judge(false, &Event::NoAnswer(&failure)).code, reading, "{failure:?}");
    }
}

#[test]
fn nothing_that_reads_is_ever_in_doubt_and_no_doubt_is_ever_unsent() {
    for status in (100..=600).step_by(1) {
        for trust in std::iter::once(Ok(PROOF)).chain(VERIFY_ERRORS().into_iter().map(Err)) {
            for body in [Body::Empty, Body::Object, error_body("X"), Body::Unreadable("x".into())] {
                let reading = judged(false, reply(status, trust.clone(), copy(&body)));
                assert_ne!(reading.code.class(), Class::InDoubt, "{status} {trust:?} {body:?}");
                let writing = judged(true, reply(status, trust.clone(), body));
                assert_ne!(writing.code.class(), Class::NotSent, "{status} {trust:?}");
                if writing.code == Code::Ok {
                    assert!((200..300).contains(&status) && trust.is_ok());
                }
            }
        }
    }
}

#[test]
fn an_error_keeps_its_particulars() {
    let detail = |text: &str| match body(text) {
        Body::Error(error) => error.detail,
        other => panic!("{other:?}"),
    };
    assert_eq!(detail(r#"{"code":"X","detail":{"field":"/a"}}"#), Some(json!({ "field": "/a" })));
    assert_eq!(detail(r#"{"code":"X","detail":null}"#), None);
    let fault = judged(true, reply(500, Ok(PROOF), error_body("SYSTEM_ERROR")));
    assert!(fault.message.contains("HTTP 500 SYSTEM_ERROR"), "{}", fault.message);
}

#[test]
fn a_success_must_repeat_what_was_asked() {
    let echoes = |always| Expected::Echoes { member: "stock_id", at: "/stock/id", always };
    let says = |proof: Expected, answer: &str| {
        let Value::Object(asked) = json!({ "stock_id": "S-1" }) else { panic!("an object") };
        let proofs = [proof];
        content(&proofs, &sent(&asked), &read(answer, &proofs))
    };
    assert_eq!(says(echoes(true), r#"{"stock":{"id":"S-1"}}"#), Content::Fits);
    assert_eq!(says(echoes(false), "{}"), Content::Fits);
    assert!(matches!(says(echoes(true), "{}"), Content::Elsewhere(_)));
    for always in [true, false] {
        let other = says(echoes(always), r#"{"stock":{"id":"S-2"}}"#);
        assert!(matches!(other, Content::Elsewhere(_)), "{other:?}");
    }
}

fn copy(body: &Body) -> Body {
    match body {
        Body::Empty => Body::Empty,
        Body::Object => Body::Object,
        Body::Error(error) => Body::Error(error.clone()),
        Body::Unreadable(why) => Body::Unreadable(why.clone()),
    }
}

#[test]
fn a_success_that_has_only_a_time_leads_to_a_question_if_it_is_of_the_request() {
    let operation = by_id("busifavor_use").unwrap();
    let says = |answer: Value| {
        let Value::Object(asked) = json!({ "stock_id": "S-1" }) else { panic!("an object") };
        content(operation.proofs, &sent(&asked), &read(&answer.to_string(), operation.proofs))
    };
    let at = |stock: &str, time: &str| says(json!({ "stock_id": stock, "wechatpay_use_time": time }));
    // From five minutes before the first signature until five minutes after now, with or without milliseconds.
    for time in [
        "2025-08-03T11:55:00+08:00",
        "2025-08-03T12:00:30.120+08:00",
        "2025-08-03T04:00:30Z",
        "2025-08-03T12:06:00+08:00",
    ] {
        assert!(matches!(at("S-1", time), Content::Asks(Ask::NamesNothing, _)), "{time}");
    }
    for time in ["2025-08-03T11:54:59+08:00", "2025-08-03T12:06:01+08:00"] {
        assert!(matches!(at("S-1", time), Content::Elsewhere(_)), "{time}");
    }
    assert!(matches!(at("S-2", "2025-08-03T12:00:30+08:00"), Content::Elsewhere(_)));
    // An official example of a sister operation is malformed.
    for time in ["2025-08-03T12:00:30.08:00", ""] {
        assert!(matches!(at("S-1", time), Content::Asks(Ask::Contradicts, _)), "{time}");
    }
    assert!(matches!(says(json!({ "stock_id": "S-1" })), Content::Asks(Ask::Contradicts, _)));
}

#[test]
fn error_codes_of_another_family_have_their_own_meaning() {
    let judged = |id: &str, status: u16, code: &str, trust: Result<Proof, VerifyError>| {
        let error_codes = by_id(id).unwrap().error_codes;
        judge(
            by_id(id).unwrap().writes(),
            &Event::Answered {
                status,
                trust,
                body: error_body(code),
                subcode: None,
                retry_after_s: None,
                content: Content::Fits,
                error_codes,
            },
        )
    };
    for (status, code, expected, ask) in [
        (400, "PARAM_ERROR", Code::Refused, None),
        (400, "INVALID_REQUEST", Code::Refused, None),
        (401, "SIGN_ERROR", Code::SignRejected, None),
        (400, "APPID_MCHID_NOT_MATCH", Code::Refused, None),
        (400, "MCH_NOT_EXISTS", Code::Refused, None),
        (403, "NOAUTH", Code::NoPermission, None),
        (403, "NO_AUTH", Code::NoPermission, None),
        (403, "RULELIMIT", Code::CouponState, None),
        (404, "RESOURCE_NOT_EXISTS", Code::NotFound, None),
        (404, "USER_NOT_EXISTS", Code::NotFound, None),
        (429, "FREQUENCY_LIMITED", Code::RateLimited, None),
        (429, "SOMETHING_NEW", Code::RateLimited, None),
        (400, "SYSTEM_ERROR", Code::Server, None),
        (500, "SYSTEM_ERROR", Code::Server, None),
        (400, "RESOURCE_ALREADY_EXISTS", Code::CouponState, Some(Ask::Refused)),
        (403, "SOMETHING_NEW", Code::Refused, Some(Ask::Refused)),
        (404, "SOMETHING_NEW", Code::NotFound, Some(Ask::Refused)),
    ] {
        for trust in [Ok(PROOF), Err(VerifyError::Unsigned)] {
            let verdict = judged("busifavor_use", status, code, trust);
            assert_eq!((verdict.code, verdict.ask), (expected, ask), "{status} {code}");
        }
        let read = judged("busifavor_query", status, code, Ok(PROOF)).code;
        assert_eq!(read, if expected == Code::Server { Code::ReadFailed } else { expected }, "{code}");
    }
    // A return that is refused with a new code is refused, as everywhere else.
    assert_eq!(judged("busifavor_return", 403, "SOMETHING_NEW", Ok(PROOF)).ask, None);
    // A product coupon's 4xx refuses, whatever its code.
    assert_eq!(judged("use", 400, "SYSTEM_ERROR", Ok(PROOF)).code, Code::Refused);
    let limit = judged("busifavor_use", 403, "RULELIMIT", Ok(PROOF));
    assert_eq!(limit.cashier, Some("不在优惠券有效期内"));
    assert!(judged("busifavor_use", 400, "RESOURCE_ALREADY_EXISTS", Ok(PROOF)).hint.is_some());
}
