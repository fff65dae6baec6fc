//! What a call answers: the JSON that stands in the result buffer.

use crate::course::Course;
use crate::error::Error;
use crate::json;
use crate::status::{Class, Code};
use crate::wire::verify::Proof;
use serde::Serialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything a call has to say. Members may be added, never removed or given another type.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says one thing of the call, and any may hold with any"
)]
#[derive(Debug, Clone)]
pub struct Report {
    /// The status that is also the call's return value.
    pub code: Code,
    /// What was asked may have happened.
    pub in_doubt: bool,
    /// The operation's name, where there is one.
    pub operation: Option<&'static str>,
    /// The request's own number, where it has one.
    pub out_request_no: Option<String>,
    /// How often the request was sent, or tried to be sent.
    pub attempts: u32,
    /// The host that was asked last.
    pub host: Option<String>,
    /// Duration of the whole call in milliseconds.
    pub elapsed_ms: u64,
    /// HTTP status of the last answer.
    pub http_status: Option<u16>,
    /// `Request-ID` of the last answer; WeChat Pay's support asks for it.
    pub request_id: Option<String>,
    /// Why the last answer's signature proves nothing.
    pub verification: Option<&'static str>,
    /// English, for the programmer. Empty on success.
    pub message: String,
    /// What to do, where the code's own hint is too general.
    pub hint: Option<Cow<'static, str>>,
    /// Chinese text for the till's screen, where the code's own is too general.
    pub cashier: Option<&'static str>,
    /// JSON pointer of the rejected member.
    pub field: Option<String>,
    /// What WeChat Pay's error answer said.
    pub wechat: Option<WechatError>,
    /// The answer is the recorded one of an earlier call; nothing was sent.
    pub recorded: bool,
    /// The answer is that of a question asked to settle doubt: `query`.
    pub settled_by: Option<&'static str>,
    /// What was added to this machine's time, in seconds.
    pub clock_offset_s: i64,
    /// An attempt of this call may still take effect. Not part of the JSON.
    pub may_arrive_late: bool,
    /// When the last answer was given, where its signature proves it. Not part of the JSON.
    pub proven: Option<Proof>,
    /// Time of the latest signature of this call that may still arrive, in seconds since 1970. Not part of the JSON.
    pub signed_s: Option<i64>,
    /// The coupon is to be asked about at once. Not part of the JSON.
    pub ask: Option<Ask>,
    /// The refusal is what the coupon shows, and no answer to the request. Not part of the JSON.
    pub by_evidence: bool,
    /// Success rests on an answer that names nothing, and not on what the coupon shows: "answer".
    pub proof: Option<&'static str>,
    /// When a recorded answer was recorded.
    pub recorded_at: Option<String>,
    /// WeChat Pay answered something, whatever it was worth. Not part of the JSON.
    pub got_response: bool,
    /// What each attempt met. Not part of the JSON.
    pub course: Course,
    /// How long to wait before the same call, for class 6.
    pub retry_after_ms: Option<u64>,
    /// JSON pointers of members of the answer that should be decrypted and could not be.
    pub undecrypted: Vec<String>,
    /// How the host answers the notification that it asked about.
    pub reply: Option<Reply>,
    /// WeChat Pay's answer, or the library's own for local functions.
    pub data: Option<JsonText>,
}

/// Why the coupon is asked about at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// It is in the state that the request leads to, and names nobody.
    Unnamed,
    /// It shows another number or state.
    Contradicts,
}

/// The error body of WeChat Pay, as far as it had one.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct WechatError {
    /// The error code, such as `NOT_ENOUGH`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Text for people, mostly Chinese. Never branch on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whatever WeChat Pay adds: an object, a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<serde_json::Value>,
    /// The decimal number at the end of `Request-ID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subcode: Option<u64>,
}

/// What WeChat Pay is to be answered to a notification, whole: the host sends it as it is.
///
/// Whoever sent an untrusted notification learns nothing of the reason.
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
    /// Taken: it is not sent again.
    pub fn accepted() -> Reply {
        Reply { status: 204, headers: BTreeMap::new(), body: "" }
    }

    /// Not proven to be WeChat Pay's; what is theirs is sent again, signed rightly.
    pub fn untrusted() -> Reply {
        Reply::failed(401, r#"{"code":"FAIL","message":"signature not verified"}"#)
    }

    /// Longer than any notification.
    pub fn too_large() -> Reply {
        Reply::failed(413, r#"{"code":"FAIL","message":"too large"}"#)
    }

    /// The receiver's own fault; it is sent again, perhaps to a receiver that was mended.
    pub fn fault() -> Reply {
        Reply::failed(500, r#"{"code":"FAIL","message":"not processed"}"#)
    }

    fn failed(status: u16, body: &'static str) -> Reply {
        Reply { status, headers: BTreeMap::from([("Content-Type", "application/json")]), body }
    }
}

/// The text of one JSON value, known to be that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonText(Arc<str>);

impl JsonText {
    /// A text that was read already.
    pub fn proven(text: &str) -> JsonText {
        JsonText(json::without_mark(text).into())
    }

    /// Nothing where the text is not one JSON value.
    pub fn read(text: &Arc<str>) -> Option<JsonText> {
        let json = json::without_mark(text);
        serde_json::from_str::<IgnoredAny>(json).ok()?;
        // Hardly any answer begins with a mark: the text is shared.
        Some(JsonText(if json.len() == text.len() { Arc::clone(text) } else { json.into() }))
    }

    /// The text.
    pub fn get(&self) -> &Arc<str> {
        &self.0
    }
}

/// `,"data":`, the closing brace, and the NUL that the result buffer adds.
const ROOM_FOR_DATA: usize = 10;

/// All of an answer but its data, which is put in as it stands.
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
    /// A report of this code that says nothing more yet.
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
            signed_s: None,
            ask: None,
            by_evidence: false,
            proof: None,
            recorded_at: None,
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
            cashier: said(self.cashier.unwrap_or_else(|| self.code.cashier())),
            field: self.field.as_deref(),
            wechat: self.wechat.as_ref(),
            retry_after_ms: self.retry_after_ms,
            undecrypted: &self.undecrypted,
            reply: self.reply.as_ref(),
        };
        let room = self.data.as_ref().map_or(0, |data| data.0.len() + ROOM_FOR_DATA);
        let mut json = json::text(&envelope, room);
        if let (Some(JsonText(data)), Some('}')) = (&self.data, json.pop()) {
            // As it came, to the last digit, and without being read once more.
            json.push_str(",\"data\":");
            json.push_str(data);
        }
        json.push('}');
        json
    }
}

impl From<Error> for Report {
    fn from(error: Error) -> Report {
        let Error { code, message, hint, cashier, field } = error;
        Report { message, hint, cashier, field, ..Report::new(code) }
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
