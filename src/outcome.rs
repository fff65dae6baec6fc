//! An answer, or none, becomes one status. A pure function: everything that decides is in [`Event`].
//!
//! The lines that are drawn here, and why:
//!
//! - A 2xx counts when its signature proves it and it speaks of the very request: it shows the number, or the state that
//!   the request leads to. Nothing less is success, and nothing less is failure either: the effect may be there and only
//!   the proof missing. One that is about this very coupon and shows neither is a reason to ask at once.
//! - A 4xx refuses when it is signed and has WeChat Pay's error shape: the signature does not cover the HTTP
//!   status, so a signed success under another status must not refuse. Which errors WeChat Pay signs is not
//!   documented, except that a rejected signature is answered unsigned. So an unsigned 4xx refuses too when
//!   its body has WeChat Pay's own error shape: TLS has proven who sent it. A portal's or proxy's page has not that shape and
//!   cannot turn a redemption into a refusal. A 4xx whose signature is there and wrong proves nothing.
//! - A 5xx is WeChat Pay's fault and says nothing about the effect, signed or not. Its 408 likewise.
//! - 3xx are never followed: nothing on this API redirects.
//! - A question that changes nothing is never in doubt: what would be doubt is "ask again".

use crate::api::subcode::{self, Subcode};
use crate::api::{Expected, Trace};
use crate::evidence::{self, Evidence};
use crate::json;
use crate::net::{TransportError, TransportErrorKind};
pub use crate::report::Ask;
use crate::report::WechatError;
use crate::status::{Class, Code};
use crate::wire::verify::{Proof, VerifyError};
use serde_json::{Map, Value};

/// How long to wait after a throttled call when WeChat Pay names no time; its manual says one second.
const THROTTLED_MS: u64 = 1000;
/// How long to wait for another redemption of the same coupon; the manual says one to two seconds.
const LOCKED_MS: u64 = 1500;

/// What an attempt ended with.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "one value a call, never stored")]
pub enum Event<'a> {
    /// There is no whole answer.
    NoAnswer(&'a TransportError),
    /// There is one.
    Answered {
        /// HTTP status.
        status: u16,
        /// What the signature proves.
        trust: Result<Proof, VerifyError>,
        /// The body.
        body: Body,
        /// Sub-code at the end of `Request-ID`.
        subcode: Option<u64>,
        /// `Retry-After` in seconds.
        retry_after_s: Option<u64>,
        /// What a successful answer says of the request.
        content: Content,
    },
}

/// What a successful answer says of the request that it answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Content {
    /// It shows that the request took effect.
    #[default]
    Fits,
    /// It is about something else, or says nothing of it.
    Elsewhere(String),
    /// It is about this very coupon, and does not show the request.
    Asks(Ask, String),
}

/// The body of an answer, as far as judging needs it.
#[derive(Debug, Default)]
pub enum Body {
    /// No byte.
    #[default]
    Empty,
    /// A JSON object that is not an error.
    Object,
    /// WeChat Pay's error shape: an object with a text `code`.
    Error(WechatError),
    /// Anything else, with the reason.
    Unreadable(String),
}

/// What an attempt means.
#[derive(Debug, PartialEq, Eq)]
pub struct AttemptOutcome {
    /// The status.
    pub code: Code,
    /// English; empty where the code's own sentence says it all.
    pub message: String,
    /// Better advice than the code's own.
    pub hint: Option<&'static str>,
    /// Better text for the till than the code's own.
    pub cashier: Option<&'static str>,
    /// Short name of the reason for distrust.
    pub verification: Option<&'static str>,
    /// How long to wait, for class 6.
    pub retry_after_ms: Option<u64>,
    /// The coupon is to be asked about before anything else is done.
    pub ask: Option<Ask>,
}

/// What an answer says of the members that judging needs, nothing where it is empty, or why it cannot be read.
pub type Said = Result<Option<Map<String, Value>>, String>;

/// Reads an answer, once: whether it is an error, and what it is about.
pub fn read(body: &str, expected: &[Expected]) -> Said {
    if body.is_empty() {
        return Ok(None);
    }
    let mut wanted = vec!["code", "message", "detail"];
    wanted.extend(expected.iter().flat_map(Expected::members));
    json::read_members(body, &wanted).map(Some).map_err(|error| {
        if error.is_data() {
            "the body is not a JSON object".into()
        } else {
            format!("the body is not JSON: {error}")
        }
    })
}

impl Body {
    /// What a body is, by what was read of it.
    pub fn of(said: &Said) -> Body {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match said {
            Ok(None) => Body::Empty,
            Err(why) => Body::Unreadable(why.clone()),
            Ok(Some(said)) => match said.get("code").and_then(text) {
                None => Body::Object,
                code => Body::Error(WechatError {
                    code,
                    message: said.get("message").and_then(text),
                    detail: said.get("detail").filter(|detail| !detail.is_null()).cloned(),
                    subcode: None,
                }),
            },
        }
    }
}

impl AttemptOutcome {
    fn new(code: Code, message: impl Into<String>) -> AttemptOutcome {
        let message = message.into();
        AttemptOutcome {
            code,
            message,
            hint: None,
            cashier: None,
            verification: None,
            retry_after_ms: None,
            ask: None,
        }
    }

    fn known(row: &Subcode) -> AttemptOutcome {
        AttemptOutcome {
            hint: Some(row.hint),
            cashier: Some(row.cashier),
            ..AttemptOutcome::new(row.code, row.message)
        }
    }

    fn untrusted(error: &VerifyError) -> AttemptOutcome {
        AttemptOutcome {
            verification: Some(error.name()),
            ..AttemptOutcome::new(Code::AnswerUntrusted, error.to_string())
        }
    }
}

/// Judges one attempt of a request that writes, or of one that only reads.
pub fn judge(writes: bool, event: &Event<'_>) -> AttemptOutcome {
    let mut outcome = match event {
        Event::NoAnswer(error) => no_answer(error),
        Event::Answered { status, trust, body, subcode, retry_after_s, content } => {
            let refusal = || refusal(*status, trust, body, *subcode, *retry_after_s);
            match status {
                200..=299 => success(*status, trust, body, content),
                408 => {
                    AttemptOutcome::new(Code::Server, "HTTP 408: WeChat Pay gave up waiting for the request")
                }
                400..=499 => refusal(),
                500..=599 => AttemptOutcome {
                    retry_after_ms: retry_after_s.map(wait_ms),
                    ..server_fault(*status, body)
                },
                _ => AttemptOutcome {
                    verification: trust.as_ref().err().map(VerifyError::name),
                    ..AttemptOutcome::new(
                        Code::AnswerUntrusted,
                        format!("HTTP {status}: WeChat Pay does not redirect; something in between answered"),
                    )
                },
            }
        }
    };
    if let Event::Answered { status: 429, retry_after_s, .. } = event {
        // Whoever said "too often", and however: waiting does no harm.
        outcome.retry_after_ms = outcome.retry_after_ms.or(retry_after_s.map(wait_ms));
    }
    if !writes && outcome.code.class() == Class::InDoubt {
        outcome.code = Code::ReadFailed;
    }
    outcome
}

fn no_answer(error: &TransportError) -> AttemptOutcome {
    let code = match (error.sent, error.kind) {
        (false, TransportErrorKind::Tls) => Code::Tls,
        (false, TransportErrorKind::Clock) => Code::Clock,
        (false, TransportErrorKind::Timeout) => Code::TimeoutUnsent,
        (false, _) => Code::Connect,
        (true, TransportErrorKind::Timeout) => Code::AnswerTimeout,
        (true, TransportErrorKind::NotHttp | TransportErrorKind::TooLarge) => Code::AnswerUnreadable,
        (true, _) => Code::ConnectionLost,
    };
    let side = if error.sent { "after the request was sent" } else { "before anything was sent" };
    AttemptOutcome::new(code, format!("{side}: {}", error.detail))
}

fn success(
    status: u16,
    trust: &Result<Proof, VerifyError>,
    body: &Body,
    content: &Content,
) -> AttemptOutcome {
    if let Err(error) = trust {
        return AttemptOutcome::untrusted(error);
    }
    let other = |why: &str, ask| AttemptOutcome {
        verification: Some("other_request"),
        ask,
        ..AttemptOutcome::new(Code::AnswerUntrusted, why)
    };
    match (body, content) {
        (Body::Object | Body::Error(_), Content::Elsewhere(why)) => other(why, None),
        (Body::Object | Body::Error(_), Content::Asks(ask, why)) => other(why, Some(*ask)),
        (Body::Unreadable(why), _) => AttemptOutcome::new(Code::AnswerUnreadable, why.clone()),
        (Body::Empty, content) if status != 204 || *content != Content::Fits => {
            AttemptOutcome::new(Code::AnswerUnreadable, format!("HTTP {status} without a body"))
        }
        // 204 says "done"; 202 says "accepted": the generic rules call both success of the request.
        _ => AttemptOutcome::new(Code::Ok, ""),
    }
}

fn server_fault(status: u16, body: &Body) -> AttemptOutcome {
    let said = match body {
        Body::Error(error) => format!(" {}", error.code.as_deref().unwrap_or_default()),
        _ => String::new(),
    };
    AttemptOutcome::new(Code::Server, format!("HTTP {status}{said}: a fault on WeChat Pay's side"))
}

fn refusal(
    status: u16,
    trust: &Result<Proof, VerifyError>,
    body: &Body,
    subcode: Option<u64>,
    retry_after_s: Option<u64>,
) -> AttemptOutcome {
    match (trust, body) {
        (Ok(_) | Err(VerifyError::Unsigned), Body::Error(_)) => {}
        (Err(error), _) => return AttemptOutcome::untrusted(error),
        (Ok(_), _) => {
            return AttemptOutcome::new(
                Code::AnswerUnreadable,
                format!("HTTP {status} with a signed body that is not an error"),
            );
        }
    }
    let error_code = match body {
        Body::Error(error) => error.code.as_deref().unwrap_or_default(),
        _ => "",
    };
    let mut outcome = match subcode.and_then(subcode::find) {
        // "Signature" and "too often" are said before the business is looked at.
        _ if matches!(status, 401 | 429) => by_status(status, error_code),
        Some(row) => AttemptOutcome::known(row),
        None => by_status(status, error_code),
    };
    outcome.retry_after_ms = match outcome.code {
        Code::RateLimited => Some(retry_after_s.map_or(THROTTLED_MS, wait_ms)),
        Code::Locked => Some(retry_after_s.map_or(LOCKED_MS, wait_ms)),
        _ => None,
    };
    outcome
}

/// Nobody waits longer than an hour because a header says so.
fn wait_ms(seconds: u64) -> u64 {
    seconds.min(60 * 60) * 1000
}

/// Other product families spell the same things differently, so the HTTP status comes first where it is
/// unambiguous.
fn by_status(status: u16, error_code: &str) -> AttemptOutcome {
    let code = match (status, error_code) {
        (401, _) | (_, "SIGN_ERROR") => Code::SignRejected,
        (429, _) => Code::RateLimited,
        (_, "NO_AUTH") => Code::NoPermission,
        (_, "NOT_ENOUGH") => Code::CouponState,
        (404, _) | (_, "NOT_FOUND" | "RESOURCE_NOT_EXISTS") => Code::NotFound,
        _ => Code::Refused,
    };
    AttemptOutcome::new(
        code,
        if error_code.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status} {error_code}") },
    )
}

/// What a successful answer says of the request with these members and this number.
pub fn content(
    proofs: &[Expected],
    asked: &Map<String, Value>,
    request_no: Option<&str>,
    said: &Said,
) -> Content {
    if proofs.is_empty() {
        return Content::Fits;
    }
    let Ok(Some(answer)) = said else {
        return Content::Elsewhere("the signed answer does not say what it is about".into());
    };
    let found = proofs.iter().map(|proof| match proof {
        Expected::Echoes { member, at, always } => {
            let Some(expected) = asked.get(*member) else { return Content::Fits };
            match json::find(answer, at) {
                Some(found) if found == expected => Content::Fits,
                Some(_) => {
                    Content::Elsewhere(format!("the signed answer's {at} is not this request's {member}"))
                }
                None if *always => Content::Elsewhere(format!("the signed answer has no {at}")),
                None => Content::Fits,
            }
        }
        Expected::SaysSomething { at } => {
            let said = at.iter().any(|at| json::find(answer, at).is_some_and(Value::is_string));
            if said {
                Content::Fits
            } else {
                Content::Elsewhere(format!("the signed answer has none of {}", at.join(", ")))
            }
        }
        Expected::Shows(trace) => shown(trace, request_no.unwrap_or_default(), answer),
    });
    found.into_iter().find(|content| *content != Content::Fits).unwrap_or_default()
}

fn shown(trace: &Trace, request_no: &str, coupon: &Map<String, Value>) -> Content {
    let asks = |why: String| Content::Asks(Ask::Contradicts, why);
    match evidence::of_coupon(trace, request_no, coupon) {
        Evidence::Done => Content::Fits,
        Evidence::Unnamed(state) => {
            Content::Asks(Ask::Unnamed, format!("the signed answer says {state} and names no number"))
        }
        Evidence::Other(other) => {
            asks(format!("the signed answer shows number {other:?}, not this request's"))
        }
        Evidence::NotDone(state) => {
            asks(format!("the signed answer says {state} and does not show this number"))
        }
        Evidence::Undone => asks("the signed answer shows this number, and that it was undone".into()),
        Evidence::Absent | Evidence::Nothing => asks("the signed answer shows no state that is known".into()),
    }
}
