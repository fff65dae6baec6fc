//! The answer of a call: the JSON in the result buffer.

use crate::course::Course;
use crate::error::Error;
use crate::json;
use crate::status::{Class, Code};
use crate::wire::verify::Proof;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The result of a call. Members may be added, but never removed or given another type.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says one thing of the call, and any may hold with any"
)]
#[derive(Debug, Clone)]
pub struct Report {
    /// The status that is also the call's return value.
    pub code: Code,
    /// The request may have taken effect without proof.
    pub in_doubt: bool,
    /// The operation's name, where there is one.
    pub operation: Option<&'static str>,
    /// The request's own number, if it has one.
    pub out_request_no: Option<String>,
    /// How many attempts to send the request were made.
    pub attempts: u32,
    /// The host that was asked last.
    pub host: Option<String>,
    /// Duration of the whole call in milliseconds.
    pub elapsed_ms: u64,
    /// HTTP status of the last answer.
    pub http_status: Option<u16>,
    /// `Request-ID` of the last answer; WeChat Pay's support asks for it.
    pub request_id: Option<String>,
    /// Why the last answer is not trusted.
    pub verification: Option<&'static str>,
    /// English, for the programmer. Empty on success.
    pub message: String,
    /// What to do, if the code's own hint is too general.
    pub hint: Option<Cow<'static, str>>,
    /// Chinese text for the till's screen, if the code's own is too general.
    pub cashier: Option<Cow<'static, str>>,
    /// JSON pointer of the rejected member.
    pub field: Option<String>,
    /// What WeChat Pay's error answer said.
    pub wechat: Option<WechatError>,
    /// The answer is the recorded one of an earlier call. Nothing was sent.
    pub recorded: bool,
    /// The operation whose answer settled the doubt, such as `query`.
    pub settled_by: Option<&'static str>,
    /// What was added to this machine's time, in seconds.
    pub clock_offset_s: i64,
    /// An attempt of this call may still take effect. Not part of the JSON.
    pub may_arrive_late: bool,
    /// The proven time of the last answer. Not part of the JSON.
    pub proven: Option<Proof>,
    /// Where a hub answers: when WeChat Pay signed what that rests on, in seconds since 1970. Not part of the JSON.
    pub proven_at_s: Option<i64>,
    /// The hub itself refused, and did not look at what an earlier request with this number has done. Not part of the JSON.
    pub refused_by_hub: bool,
    /// Time of the latest signature of this call that may still arrive, in seconds since 1970. Not part of the JSON.
    pub signed_s: Option<i64>,
    /// A lookup of the coupon must follow at once. Not part of the JSON.
    pub ask: Option<Ask>,
    /// The refusal comes from a lookup, and not from an answer to the request. Not part of the JSON.
    pub by_evidence: bool,
    /// What proves a success that does not name its own number: `query`, the coupon, or `answer`, the answer alone, because
    /// the coupon does not say.
    pub proof: Option<&'static str>,
    /// When a recorded answer was recorded.
    pub recorded_at: Option<String>,
    /// The coupon, if a lookup proved the success of an answer that does not show it. Not part of the JSON.
    pub looked_up: Option<JsonText>,
    /// Any response came, trusted or not. Not part of the JSON.
    pub got_response: bool,
    /// The result of each attempt. Not part of the JSON.
    pub course: Course,
    /// How long to wait before the same call, for class 6.
    pub retry_after_ms: Option<u64>,
    /// JSON pointers of members of the answer that could not be decrypted.
    pub undecrypted: Vec<String>,
    /// How the host must answer the notification.
    pub reply: Option<Reply>,
    /// WeChat Pay's answer, or that of a local function.
    pub data: Option<JsonText>,
}

/// [`Report::verification`] of a proven answer that is about something else.
pub const OTHER_REQUEST: &str = "other_request";

/// What a proven answer leaves open, so that a lookup of the coupon must follow at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// It is in the state that the request leads to, but names no number.
    Unnamed,
    /// It shows another number or state.
    Contradicts,
    /// It is a success at the time of the request, and names neither coupon nor number.
    NamesNothing,
    /// It is a refusal that does not say that the request had no effect.
    Refused,
}

/// WeChat Pay's error body.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WechatError {
    /// The error code, such as `NOT_ENOUGH`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Text for people, mostly Chinese. Never branch on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Details of any type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<serde_json::Value>,
    /// The decimal number at the end of `Request-ID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subcode: Option<u64>,
}

/// The whole HTTP answer to a notification. The host sends it as it is.
///
/// It does not tell the sender of an untrusted notification why it was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Headers besides those that every answer has.
    pub headers: BTreeMap<&'static str, &'static str>,
    /// The body; empty on success, as WeChat Pay wants it.
    pub body: &'static str,
}

impl Reply {
    /// Accepted. WeChat Pay does not send it again.
    pub fn accepted() -> Reply {
        Reply { status: 204, headers: BTreeMap::new(), body: "" }
    }

    /// Not verified. WeChat Pay sends it again with a right signature, if it is WeChat Pay's.
    pub fn untrusted() -> Reply {
        Reply::failed(401, r#"{"code":"FAIL","message":"signature not verified"}"#)
    }

    /// Longer than any notification.
    pub fn too_large() -> Reply {
        Reply::failed(413, r#"{"code":"FAIL","message":"too large"}"#)
    }

    /// A fault of the receiver. WeChat Pay sends it again later.
    pub fn fault() -> Reply {
        Reply::failed(500, r#"{"code":"FAIL","message":"not processed"}"#)
    }

    fn failed(status: u16, body: &'static str) -> Reply {
        Reply { status, headers: BTreeMap::from([("Content-Type", "application/json")]), body }
    }
}

/// A text that is known to be one JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonText(Arc<str>);

impl JsonText {
    /// A text that was parsed before.
    pub fn proven(text: &str) -> JsonText {
        JsonText(json::without_mark(text).into())
    }

    /// `None` if the text is not one JSON value.
    pub fn read(text: &Arc<str>) -> Option<JsonText> {
        let json = json::without_mark(text);
        serde_json::from_str::<IgnoredAny>(json).ok()?;
        // Hardly any answer begins with a byte order mark, so the text is usually shared.
        Some(JsonText(if json.len() == text.len() { Arc::clone(text) } else { json.into() }))
    }

    /// The text of a value.
    pub fn of(value: &impl Serialize) -> Option<JsonText> {
        serde_json::to_string(value).ok().map(|text| JsonText(text.into()))
    }

    /// The text.
    pub fn get(&self) -> &Arc<str> {
        &self.0
    }
}

/// Bytes for `,"data":`, the closing brace, and the NUL that the result buffer adds.
const ROOM_FOR_DATA: usize = 10;

/// Everything but the data, which is appended as it is.
#[derive(Serialize)]
struct Envelope<'a> {
    ok: bool,
    status: i32,
    name: &'static str,
    class: i32,
    in_doubt: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_request_no: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    elapsed_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification: Option<&'static str>,
    #[serde(skip_serializing_if = "is_default")]
    recorded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded_at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_by: Option<&'static str>,
    #[serde(skip_serializing_if = "is_default")]
    clock_offset_s: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cashier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wechat: Option<&'a WechatError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    undecrypted: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<&'a Reply>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Report {
    /// A report with this code and nothing else.
    pub fn new(code: Code) -> Report {
        Report {
            code,
            in_doubt: code.class() == Class::InDoubt,
            operation: None,
            out_request_no: None,
            attempts: 0,
            host: None,
            elapsed_ms: 0,
            http_status: None,
            request_id: None,
            verification: None,
            message: String::new(),
            hint: None,
            cashier: None,
            field: None,
            wechat: None,
            recorded: false,
            settled_by: None,
            clock_offset_s: 0,
            may_arrive_late: false,
            proven: None,
            proven_at_s: None,
            refused_by_hub: false,
            signed_s: None,
            ask: None,
            by_evidence: false,
            proof: None,
            recorded_at: None,
            looked_up: None,
            got_response: false,
            course: Course::default(),
            retry_after_ms: None,
            undecrypted: Vec::new(),
            reply: None,
            data: None,
        }
    }

    /// Success of a local function, with its answer.
    pub fn local(data: &impl Serialize) -> Report {
        match serde_json::to_string(data) {
            Ok(data) => Report { data: Some(JsonText(data.into())), ..Report::new(Code::Ok) },
            Err(error) => Error::new(Code::Internal, error.to_string()).into(),
        }
    }

    /// Whether the answer is proven, and about something else than the question. To ask again would hardly say anything else.
    pub fn contradicts(&self) -> bool {
        self.proven.is_some() && self.verification == Some(OTHER_REQUEST)
    }

    /// The JSON text.
    pub fn to_json(&self) -> String {
        let failed = self.code != Code::Ok;
        let said = |text| if failed { Some(text) } else { None };
        let envelope = Envelope {
            ok: !failed,
            status: self.code.number(),
            name: self.code.name(),
            class: self.code.number() / 1000,
            in_doubt: self.in_doubt,
            operation: self.operation,
            out_request_no: self.out_request_no.as_deref(),
            attempts: self.attempts,
            host: self.host.as_deref(),
            elapsed_ms: self.elapsed_ms,
            http_status: self.http_status,
            request_id: self.request_id.as_deref(),
            verification: self.verification,
            recorded: self.recorded,
            recorded_at: self.recorded_at.as_deref(),
            proof: self.proof,
            settled_by: self.settled_by,
            clock_offset_s: self.clock_offset_s,
            message: said(if self.message.is_empty() { self.code.text() } else { &self.message }),
            hint: said(self.hint.as_deref().unwrap_or_else(|| self.code.hint())),
            cashier: said(self.cashier.as_deref().unwrap_or_else(|| self.code.cashier())),
            field: self.field.as_deref(),
            wechat: self.wechat.as_ref(),
            retry_after_ms: self.retry_after_ms,
            undecrypted: &self.undecrypted,
            reply: self.reply.as_ref(),
        };
        let room = self.data.as_ref().map_or(0, |data| data.0.len() + ROOM_FOR_DATA);
        let mut json = json::text(&envelope, room);
        if let (Some(JsonText(data)), Some('}')) = (&self.data, json.pop()) {
            // Unchanged to the last digit, and without parsing it again.
            json.push_str(",\"data\":");
            json.push_str(data);
        }
        json.push('}');
        json
    }
}

impl From<Error> for Report {
    fn from(error: Error) -> Report {
        let Error { code, message, hint, cashier, field, no_room: _ } = error;
        Report { message, hint, cashier: cashier.map(Cow::Borrowed), field, ..Report::new(code) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_all_three_texts() {
        let report = Report::from(Error::at(Code::Request, "/stock_id", "is missing"));
        let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
        assert_eq!(json["ok"], false);
        assert_eq!(json["name"], "WXCOUPON_E_REQUEST");
        assert_eq!(json["class"], 1);
        assert_eq!(json["field"], "/stock_id");
        assert_eq!(json["message"], "is missing");
        assert!(json["hint"].is_string() && json["cashier"].is_string());
        assert!(json.get("data").is_none());
    }

    #[test]
    fn success_carries_data_exactly_as_it_came() {
        let data = JsonText::read(&"{\"n\": 1.10 }".into()).unwrap();
        let report = Report { data: Some(data), ..Report::new(Code::Ok) };
        assert!(report.to_json().ends_with("\"data\":{\"n\": 1.10 }}"));
        assert!(!report.to_json().contains("message"));
    }
}
