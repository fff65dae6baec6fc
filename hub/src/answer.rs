//! What the hub answers: the envelope of the C functions, with an HTTP status around it.

use std::borrow::Cow;
use wxcoupon::report::Report;
use wxcoupon::status::Code;

/// Why the hub itself refused. Its name stands in the envelope as `hub`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    NoSuchPath,
    MissingHeader,
    TooLarge,
    UnknownTill,
    UnknownKey,
    WrongMac,
    Revoked,
    WrongTime,
    NonceReused,
    WrongCode,
    RateLimited,
    Busy,
    NotServed,
    NotAllowed,
    NotOwn,
    Store,
}

impl Refusal {
    /// For programs.
    pub fn name(self) -> &'static str {
        match self {
            Refusal::NoSuchPath => "no_such_path",
            Refusal::MissingHeader => "missing_header",
            Refusal::TooLarge => "too_large",
            Refusal::UnknownTill => "unknown_till",
            Refusal::UnknownKey => "unknown_key",
            Refusal::WrongMac => "wrong_mac",
            Refusal::Revoked => "revoked",
            Refusal::WrongTime => "wrong_time",
            Refusal::NonceReused => "nonce_reused",
            Refusal::WrongCode => "wrong_code",
            Refusal::RateLimited => "rate_limited",
            Refusal::Busy => "busy",
            Refusal::NotServed => "not_served",
            Refusal::NotAllowed => "not_allowed",
            Refusal::NotOwn => "not_own",
            Refusal::Store => "store",
        }
    }

    fn http(self) -> u16 {
        match self {
            Refusal::MissingHeader => 400,
            Refusal::UnknownTill
            | Refusal::UnknownKey
            | Refusal::WrongMac
            | Refusal::Revoked
            | Refusal::WrongTime
            | Refusal::NonceReused
            | Refusal::WrongCode => 401,
            Refusal::NotAllowed | Refusal::NotOwn => 403,
            Refusal::NoSuchPath | Refusal::NotServed => 404,
            Refusal::TooLarge => 413,
            Refusal::RateLimited => 429,
            Refusal::Busy | Refusal::Store => 503,
        }
    }

    /// The library's status that says the same to a till.
    fn code(self) -> Code {
        match self {
            Refusal::MissingHeader
            | Refusal::UnknownTill
            | Refusal::UnknownKey
            | Refusal::WrongMac
            | Refusal::Revoked
            | Refusal::NonceReused
            | Refusal::WrongCode => Code::Key,
            Refusal::WrongTime => Code::Clock,
            Refusal::TooLarge => Code::Json,
            Refusal::NotAllowed | Refusal::NotOwn => Code::NoPermission,
            Refusal::NoSuchPath | Refusal::NotServed => Code::Operation,
            Refusal::RateLimited | Refusal::Busy => Code::RateLimited,
            Refusal::Store => Code::Journal,
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Refusal::NoSuchPath => "See docs/hub-protocol.md for the paths.",
            Refusal::MissingHeader => "Send the five headers of docs/hub-protocol.md, each once.",
            Refusal::TooLarge => "A request has at most 64 KiB.",
            Refusal::UnknownTill => "Add it at the hub: wxcoupon-hub till add NAME.",
            Refusal::UnknownKey => "Trade a new code for a key: wxcoupon-hub till rotate NAME.",
            Refusal::WrongMac => "Compare the key, and what is authenticated, with docs/hub-protocol.md.",
            Refusal::Revoked => {
                "This till was revoked at the hub; till add lets it come back with a new key."
            }
            Refusal::WrongTime => "Take the time of the answer's wxcoupon-time, once its MAC was proven.",
            Refusal::NonceReused => "Every request has a nonce of its own, a repeat too.",
            Refusal::WrongCode => "Make a new code at the hub; one is good for 15 minutes and one till.",
            Refusal::RateLimited | Refusal::Busy => {
                "Wait retry_after_ms, then the same call again with the same number."
            }
            Refusal::NotServed => "A hub serves no operation that names a local file.",
            Refusal::NotAllowed => "The hub's policy for this till does not allow it.",
            Refusal::NotOwn => "Scan the customer's code first; return only what this till has redeemed.",
            Refusal::Store => "Look at the hub's disk and at its log.",
        }
    }

    fn cashier(self) -> &'static str {
        match self {
            Refusal::RateLimited | Refusal::Busy => "系统繁忙,请稍后重试",
            Refusal::NotAllowed => "本收银机无此权限,请联系店长",
            Refusal::NotOwn => "本收银机不可办理此券,请重新扫码",
            Refusal::WrongTime => "本机时间不正确,请校准时间",
            Refusal::Store => "门店服务异常,请联系技术支持",
            _ => "收银机未获授权,请联系技术支持",
        }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub http: u16,
    pub report: Report,
    pub refusal: Option<Refusal>,
}

impl Answer {
    /// What the library says. It was asked, so HTTP is content.
    pub fn told(report: Report) -> Answer {
        Answer { http: 200, report, refusal: None }
    }

    /// The hub does not do it, and nothing was sent.
    pub fn refused(refusal: Refusal, message: impl Into<String>) -> Answer {
        let wait = matches!(refusal, Refusal::RateLimited | Refusal::Busy).then_some(500);
        let report = Report {
            message: message.into(),
            hint: Some(Cow::Borrowed(refusal.hint())),
            cashier: Some(Cow::Borrowed(refusal.cashier())),
            retry_after_ms: wait,
            ..Report::new(refusal.code())
        };
        Answer { http: refusal.http(), report, refusal: Some(refusal) }
    }

    /// The store failed.
    pub fn store(failed: &crate::store::Failed) -> Answer {
        Answer::refused(Refusal::Store, failed.to_string())
    }

    /// A copy of a write that came before, and may have been served.
    pub fn copy() -> Answer {
        let answer = Answer::refused(Refusal::NonceReused, crate::door::CAME_BEFORE);
        Answer { report: Report { in_doubt: true, ..answer.report }, ..answer }
    }

    /// The store does not know what became of the claim of a number. Nothing was sent, and the number is not free.
    pub fn unrecorded(failed: &crate::store::Failed) -> Answer {
        let refusal = Refusal::Store;
        let report = Report {
            message: failed.to_string(),
            hint: Some(Cow::Borrowed("The same call again with the same number, or settle.")),
            ..Report::new(Code::Unrecorded)
        };
        Answer { http: refusal.http(), report, refusal: Some(refusal) }
    }

    /// The envelope.
    pub fn body(&self) -> String {
        let mut body = self.report.to_json();
        if let Some(refusal) = self.refusal {
            // An object always ends so.
            body.pop();
            body.push_str(",\"hub\":\"");
            body.push_str(refusal.name());
            body.push_str("\"}");
        }
        body
    }
}

impl From<crate::store::Failed> for Answer {
    fn from(failed: crate::store::Failed) -> Answer {
        Answer::store(&failed)
    }
}
