//! Turns an answer, or the lack of one, into one status. It is a pure function of [`Event`].
//!
//! The rules, and the reasons for them:
//!
//! - A 2xx counts if its signature is verified and it is about this very request: it shows the request's number, or the
//!   state that the request leads to. Anything less is neither success nor failure, because the request may have taken
//!   effect without a proof. If it is about this very coupon but shows neither, a lookup follows at once.
//! - A 4xx refuses if it is signed and has WeChat Pay's error shape. The signature does not cover the HTTP status, so a
//!   signed success with another status must not refuse. Which errors WeChat Pay signs is not documented, except that a
//!   rejected signature is answered unsigned. So an unsigned 4xx refuses, too, if its body has WeChat Pay's error shape:
//!   TLS has verified who sent it. The page of a captive portal or proxy does not have this shape, so it cannot turn a
//!   redemption into a refusal. A 4xx with a wrong signature proves nothing.
//! - A 5xx is a fault of WeChat Pay and says nothing about the effect, signed or not. The same holds for 408.
//! - A 3xx is never followed, because this API does not redirect.
//! - A read is never in doubt. In its place the status says "ask again".

mod content;

use crate::api::Expected;
use crate::api::error_code::{ErrorCode, ErrorCodes};
use crate::api::subcode::{self, Subcode};
use crate::json;
use crate::net::{TransportError, TransportErrorKind};
pub use crate::report::Ask;
use crate::report::{OTHER_REQUEST, WechatError};
use crate::status::{Class, Code};
use crate::wire::verify::{Proof, VerifyError};
pub use content::{Content, Sent, content};
use serde_json::{Map, Value};

/// How long to wait after a throttled call if WeChat Pay names no time. Its manual says one second.
const THROTTLED_MS: u64 = 1000;
/// How long to wait for another redemption of the same coupon. The manual says one to two seconds.
const LOCKED_MS: u64 = 1500;

/// How an attempt ended.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "one value a call, never stored")]
pub enum Event<'a> {
    /// There is no whole answer.
    NoAnswer(&'a TransportError),
    /// There is one.
    Answered {
        /// HTTP status.
        status: u16,
        /// The result of verifying the signature.
        trust: Result<Proof, VerifyError>,
        /// The body.
        body: Body,
        /// Sub-code at the end of `Request-ID`.
        subcode: Option<u64>,
        /// `Retry-After` in seconds.
        retry_after_s: Option<u64>,
        /// What a successful answer says about the request.
        content: Content,
        /// What the error codes of the operation mean.
        error_codes: &'static ErrorCodes,
    },
}

/// What judging needs to know about the body of an answer.
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
    /// Advice that fits better than the code's own.
    pub hint: Option<&'static str>,
    /// A text for the till that fits better than the code's own.
    pub cashier: Option<&'static str>,
    /// Short name of the reason why the answer is not trusted.
    pub verification: Option<&'static str>,
    /// How long to wait, for class 6.
    pub retry_after_ms: Option<u64>,
    /// A lookup of the coupon must follow at once, for this reason.
    pub ask: Option<Ask>,
}

/// The members of an answer that judging needs. `Ok(None)`: it is empty. `Err`: why it cannot be read.
pub type Said = Result<Option<Map<String, Value>>, String>;

/// Reads the members of an answer that say whether it is an error and what it is about.
pub fn read(body: &str, expected: &[Expected]) -> Said {
    if body.is_empty() {
        return Ok(None);
    }
    let mut wanted = vec!["/code", "/message", "/detail"];
    wanted.extend(expected.iter().flat_map(Expected::pointers));
    json::read_parts(body, &wanted).map(Some).map_err(|error| {
        if error.is_data() {
            "the body is not a JSON object".into()
        } else {
            format!("the body is not JSON: {error}")
        }
    })
}

impl Body {
    /// The kind of a body, from its members.
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
        Event::Answered { status, trust, body, subcode, retry_after_s, content, error_codes } => {
            let refusal = || refusal(*status, trust, body, *subcode, *retry_after_s, error_codes);
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
        // Waiting does no harm, whatever sent the 429.
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
        verification: Some(OTHER_REQUEST),
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
        // The generic rules call 204 ("done") and 202 ("accepted") a success of the request.
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
    error_codes: &ErrorCodes,
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
    let mut outcome = match (error_codes.find(error_code), subcode.and_then(subcode::find)) {
        // WeChat Pay checks signature and rate before the request itself.
        _ if matches!(status, 401 | 429) => by_status(status, error_code),
        (Some(known), _) if known.code.class() == Class::InDoubt => return server_fault(status, body),
        (Some(known), _) => by_error_code(status, known),
        (None, Some(row)) => AttemptOutcome::known(row),
        (None, None) => AttemptOutcome {
            ask: (!error_codes.unknown_ends).then_some(Ask::Refused),
            ..by_status(status, error_code)
        },
    };
    outcome.retry_after_ms = match outcome.code {
        Code::RateLimited => Some(retry_after_s.map_or(THROTTLED_MS, wait_ms)),
        Code::Locked => Some(retry_after_s.map_or(LOCKED_MS, wait_ms)),
        _ => None,
    };
    outcome
}

/// A header cannot ask for more than an hour.
fn wait_ms(seconds: u64) -> u64 {
    seconds.min(60 * 60) * 1000
}

fn by_error_code(status: u16, known: &ErrorCode) -> AttemptOutcome {
    let message = || format!("HTTP {status} {}", known.name);
    AttemptOutcome {
        hint: known.texts.as_ref().map(|texts| texts.hint),
        cashier: known.texts.as_ref().map(|texts| texts.cashier),
        ask: (!known.ends).then_some(Ask::Refused),
        ..AttemptOutcome::new(
            known.code,
            known.texts.as_ref().map_or_else(message, |texts| texts.message.to_owned()),
        )
    }
}

/// Other product families have other error codes for the same things. So an unambiguous HTTP status comes first.
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
