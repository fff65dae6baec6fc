//! What a fault does, and where in the course of a request it does it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::crypto::cipher::EncryptionFault;
use crate::crypto::message_signature::SignatureFault;
use crate::http::response::{After, Response, Wire};
use crate::http::service::Reaction;
use crate::refusal::{Reason, Refusal};

/// Everything a fault can do; a kind sets the members it is about.
#[derive(Debug, Default)]
pub(crate) struct Effect {
    /// Acts on connections, before there is a request.
    pub(crate) connection: Option<ConnectionEffect>,
    /// Seconds by which the clock is off that judges the request's timestamp.
    pub(crate) check_shift: i64,
    /// Seconds by which `Date` is off.
    pub(crate) date_shift: i64,
    /// Seconds by which the signed timestamp is off.
    pub(crate) timestamp_shift: i64,
    /// How long the coupon is locked before the request takes effect.
    pub(crate) lock: Duration,
    /// What comes in place of the API's response.
    pub(crate) instead: Option<Instead>,
    /// How encrypted content is spoiled.
    pub(crate) encryption: Option<EncryptionFault>,
    /// How the body is changed before it is signed.
    pub(crate) edit: Option<Edit>,
    /// Nothing is signed.
    pub(crate) unsigned: bool,
    /// How the signature is spoiled.
    pub(crate) signature: Option<SignatureFault>,
    /// The operation whose latest response comes once more.
    pub(crate) replay: Option<String>,
    /// How long the response waits before it is sent.
    pub(crate) delay: Duration,
    /// How its bytes are sent.
    pub(crate) wire: Wire,
    /// What happens to the connection afterwards, if it is not the usual.
    pub(crate) after: Option<After>,
}

/// What happens to a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionEffect {
    /// The port is closed.
    Refuse,
    TlsAlert,
    Reset,
}

/// What comes in place of the API's response.
#[derive(Debug)]
pub(crate) enum Instead {
    Reset,
    Hang,
    /// A response of something between caller and API: never signed, no Request-ID.
    Intermediary(Response),
    /// A redirect of such a thing to the other host, with this status.
    Redirect(u16),
    /// A response of the API with this sub-code, signed like any other error.
    Api(Response, u32),
}

/// How a body is changed before it is signed.
#[derive(Debug)]
pub(crate) enum Edit {
    OtherObject,
    OtherNumber,
    /// As RFC 7396 has it.
    Merge(Value),
    /// Filled up to this size in bytes.
    Pad(usize),
    Empty,
    NotJson,
}

impl Instead {
    /// An error response of the API.
    pub(super) fn error(status: u16, body: &Value, sub_code: u32) -> Self {
        Self::Api(Response::new(status, "application/json", to_json(body)), sub_code)
    }

    /// `SYSTEM_ERROR` of the API, or a gateway's page.
    pub(super) fn server_error(status: u16, html: bool) -> Self {
        if html {
            return Self::Intermediary(page(status, "nginx"));
        }
        Self::error(status, &Refusal::from(Reason::Internal).body(), 0)
    }

    pub(super) fn refusal(status: u16, code: &str, sub_code: u32) -> Self {
        Self::error(status, &json!({ "code": code, "message": "沙箱按要求拒绝" }), sub_code)
    }

    pub(super) fn rate_limited(retry_after: Option<u32>) -> Self {
        let refusal = Refusal::from(Reason::RateLimited);
        let row = refusal.reason.row();
        let mut response = Response::new(row.status, "application/json", to_json(&refusal.body()));
        if let Some(seconds) = retry_after {
            response.header("Retry-After", seconds.to_string());
        }
        Self::Api(response, row.sub_code)
    }

    /// The login page of a Wi-Fi.
    pub(super) fn captive_portal(status: u16) -> Self {
        let mut response = page(status, "Welcome to Mall WiFi, please log in 请登录商场WiFi");
        match status {
            302 => response.header("Location", "http://wifi.invalid/login"),
            407 => response.header("Proxy-Authenticate", "Basic realm=\"mall\""),
            _ => {}
        }
        Self::Intermediary(response)
    }

    /// The response to send, or what else is done; `location` is the URL that redirects lead to. `Err`: a
    /// response of the API and its sub-code, still to be signed.
    pub(crate) fn reaction(self, location: &str, date: String) -> Result<Reaction, (Response, u32)> {
        let mut response = match self {
            Self::Reset => return Ok(Reaction::Reset),
            Self::Hang => return Ok(Reaction::Hang),
            Self::Api(response, sub_code) => return Err((response, sub_code)),
            Self::Intermediary(response) => response,
            Self::Redirect(status) => {
                let mut response = page(status, "moved");
                response.header("Location", location);
                response
            }
        };
        response.header("Date", date);
        Ok(Reaction::Respond { response, delay: Duration::ZERO })
    }
}

fn page(status: u16, text: &str) -> Response {
    let html = format!("<html><head><title>{status}</title></head><body><h1>{text}</h1></body></html>\r\n");
    Response::new(status, "text/html; charset=utf-8", html.into_bytes())
}

fn to_json(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

impl Edit {
    pub(crate) fn apply(&self, response: &mut Response) {
        match self {
            Self::OtherObject => edit(response, |answer| {
                replace(answer, &OBJECTS, "SBX_SOMEBODY_ELSES");
                for entity in listed(answer) {
                    replace(entity, &OBJECTS, "SBX_SOMEBODY_ELSES");
                }
            }),
            Self::OtherNumber => edit(response, |answer| {
                renumber(answer);
                listed(answer).for_each(renumber);
            }),
            Self::Merge(patch) => edit(response, |answer| merge(answer, patch)),
            Self::Pad(bytes) => edit(response, |entity| {
                let now = to_json(entity).len();
                if let Some(members) = entity.as_object_mut() {
                    // `,"padding":""` is 13 bytes.
                    let padding = "x".repeat(bytes.saturating_sub(now + 13));
                    members.insert("padding".to_owned(), Value::String(padding));
                }
            }),
            Self::Empty => response.body.clear(),
            Self::NotJson => response.body = b"<?xml version=\"1.0\"?><ok/>".to_vec(),
        }
    }
}

/// Members that say what an answer is about.
const OBJECTS: [&str; 6] =
    ["coupon_code", "user_coupon_bundle_id", "product_coupon_id", "stock_id", "stock_bundle_id", "task_id"];
/// Members that say under which number it came about.
const NUMBERS: [&str; 5] =
    ["use_request_no", "return_request_no", "send_request_no", "confirm_request_no", "deactivate_request_no"];
const LISTS: [&str; 4] = ["user_coupon_list", "user_product_coupon_list", "stock_list", "data"];

/// Puts another text in the place of these members.
fn replace(object: &mut Value, names: &[&str], text: &str) {
    for name in names {
        if let Some(member) = object.get_mut(*name) {
            *member = json!(text);
        }
    }
}

fn renumber(entity: &mut Value) {
    replace(entity, &NUMBERS, "SOMEBODY_ELSES_NUMBER");
    for detail in ["single_usage_detail", "progressive_bundle_usage_detail"] {
        if let Some(detail) = entity.get_mut(detail) {
            replace(detail, &NUMBERS, "SOMEBODY_ELSES_NUMBER");
        }
    }
}

/// What an answer that is a list contains.
fn listed(answer: &mut Value) -> impl Iterator<Item = &mut Value> {
    let members = answer.as_object_mut().into_iter().flatten();
    let lists = members.filter(|(name, _)| LISTS.contains(&name.as_str()));
    lists.filter_map(|(_, list)| list.as_array_mut()).flatten()
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(members) = target.as_object_mut() else { return };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

/// Edits a body that is a JSON object.
fn edit(response: &mut Response, change: impl FnOnce(&mut Value)) {
    if let Ok(mut body) = serde_json::from_slice(&response.body) {
        change(&mut body);
        response.body = to_json(&body);
    }
}
