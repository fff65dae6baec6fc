//! What each fault does to an answer.

use std::time::Duration;

use serde_json::{Value, json};

use super::FaultKind;
use crate::http::reply::{After, Reply, Wire};
use crate::refusal::{Reason, Refusal};
use crate::seal::Flaw;

/// An answer the API itself would not give.
#[derive(Debug)]
pub(crate) enum Instead {
    /// From something between caller and API: never signed, no Request-ID.
    Foreign(Reply),
    /// From the API: signed like any other error.
    Api(Reply, u32),
}

/// The answer that takes the place of the API's, if the fault has one.
/// `other_host` is the base URL to redirect to.
pub(crate) fn instead(kind: &FaultKind, target: &str, other_host: &str) -> Option<Instead> {
    match kind {
        FaultKind::Status { status, html: false } => {
            let refusal = Refusal::from(Reason::Internal);
            let reply = Reply::new(*status, "application/json", to_json(&refusal.body()));
            Some(Instead::Api(reply, 0))
        }
        FaultKind::Refusal { status, code, sub_code }
        | FaultKind::UnsignedRefusal { status, code, sub_code } => {
            let body = json!({ "code": code, "message": "沙箱按要求拒绝" });
            Some(Instead::Api(Reply::new(*status, "application/json", to_json(&body)), *sub_code))
        }
        FaultKind::Status { status, html: true } => Some(Instead::Foreign(page(*status, "nginx"))),
        FaultKind::RateLimited { retry_after } => {
            let refusal = Refusal::from(Reason::RateLimited);
            let row = refusal.reason.row();
            let mut reply = Reply::new(row.status, "application/json", to_json(&refusal.body()));
            if let Some(seconds) = retry_after {
                reply.header("Retry-After", seconds.to_string());
            }
            Some(Instead::Api(reply, row.sub_code))
        }
        FaultKind::CaptivePortal { status } => {
            let mut reply = page(*status, "Welcome to Mall WiFi, please log in 请登录商场WiFi");
            match status {
                302 => reply.header("Location", "http://wifi.invalid/login"),
                407 => reply.header("Proxy-Authenticate", "Basic realm=\"mall\""),
                _ => {}
            }
            Some(Instead::Foreign(reply))
        }
        FaultKind::Redirect { status } => {
            let mut reply = page(*status, "moved");
            reply.header("Location", format!("{other_host}{target}"));
            Some(Instead::Foreign(reply))
        }
        _ => None,
    }
}

fn page(status: u16, text: &str) -> Reply {
    let html = format!("<html><head><title>{status}</title></head><body><h1>{text}</h1></body></html>\r\n");
    Reply::new(status, "text/html; charset=utf-8", html.into_bytes())
}

fn to_json(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// Changes the body before it is signed.
pub(crate) fn before_signing(kind: &FaultKind, reply: &mut Reply) {
    match kind {
        FaultKind::WrongCoupon => edit(reply, |answer| {
            spoil(answer, &OBJECTS, "SBX_SOMEBODY_ELSES");
            for entity in listed(answer) {
                spoil(entity, &OBJECTS, "SBX_SOMEBODY_ELSES");
            }
        }),
        FaultKind::WrongNumber => edit(reply, |answer| {
            renumber(answer);
            listed(answer).for_each(renumber);
        }),
        FaultKind::Edited { patch } => edit(reply, |answer| merge(answer, patch)),
        FaultKind::Huge { bytes } => {
            let target = *bytes;
            edit(reply, |entity| {
                let now = to_json(entity).len();
                if let Some(members) = entity.as_object_mut() {
                    // `,"padding":""` is 13 bytes.
                    let padding = "x".repeat(target.saturating_sub(now + 13));
                    members.insert("padding".to_owned(), Value::String(padding));
                }
            });
        }
        FaultKind::EmptyBody => reply.body.clear(),
        FaultKind::NotJson => reply.body = b"<?xml version=\"1.0\"?><ok/>".to_vec(),
        _ => {}
    }
}

/// Members that say what an answer is about.
const OBJECTS: [&str; 6] =
    ["coupon_code", "user_coupon_bundle_id", "product_coupon_id", "stock_id", "stock_bundle_id", "task_id"];
/// Members that say under which number it came about.
const NUMBERS: [&str; 5] =
    ["use_request_no", "return_request_no", "send_request_no", "confirm_request_no", "deactivate_request_no"];

/// Puts another text in the place of these members.
fn spoil(object: &mut Value, names: &[&str], text: &str) {
    for name in names {
        if let Some(member) = object.get_mut(*name) {
            *member = json!(text);
        }
    }
}

fn renumber(entity: &mut Value) {
    spoil(entity, &NUMBERS, "SOMEBODY_ELSES_NUMBER");
    for detail in ["single_usage_detail", "progressive_bundle_usage_detail"] {
        if let Some(detail) = entity.get_mut(detail) {
            spoil(detail, &NUMBERS, "SOMEBODY_ELSES_NUMBER");
        }
    }
}

/// What an answer that is a list contains.
fn listed(answer: &mut Value) -> impl Iterator<Item = &mut Value> {
    let members = answer.as_object_mut().into_iter().flatten();
    let lists = members.filter(|(name, _)| LISTS.contains(&name.as_str()));
    lists.filter_map(|(_, list)| list.as_array_mut()).flatten()
}

const LISTS: [&str; 3] = ["user_coupon_list", "user_product_coupon_list", "stock_list"];

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
fn edit(reply: &mut Reply, change: impl FnOnce(&mut Value)) {
    if let Ok(mut body) = serde_json::from_slice(&reply.body) {
        change(&mut body);
        reply.body = to_json(&body);
    }
}

/// How the signature is spoiled.
pub(crate) fn flaw(kind: &FaultKind) -> Option<Flaw> {
    match kind {
        FaultKind::WrongSignature => Some(Flaw::WrongSignature),
        FaultKind::Signtest => Some(Flaw::Probe),
        FaultKind::UnknownSerial => Some(Flaw::UnknownSerial),
        FaultKind::MerchantSerial => Some(Flaw::MerchantSerial),
        FaultKind::TamperedBody => Some(Flaw::TamperedBody),
        _ => None,
    }
}

/// How far off time is: for the request's check, for `Date`, for the stamp.
pub(crate) fn time_shifts(kind: &FaultKind) -> (i64, i64, i64) {
    match kind {
        FaultKind::Stale { seconds } => (0, 0, *seconds),
        FaultKind::WrongDate { seconds } => (0, *seconds, 0),
        FaultKind::DateOffset { seconds } => (0, *seconds, *seconds),
        FaultKind::Clock { seconds } => (*seconds, *seconds, *seconds),
        _ => (0, 0, 0),
    }
}

/// Sets how the answer goes over the wire; says how long it waits before.
pub(crate) fn on_the_wire(kind: &FaultKind, reply: &mut Reply) -> Duration {
    match kind {
        FaultKind::SlowDrip { ms } => reply.wire = Wire::Drip(Duration::from_millis(*ms)),
        FaultKind::CutBody => reply.wire = Wire::CutBody,
        FaultKind::HeaderWithoutEnd => reply.wire = Wire::HeadWithoutEnd,
        FaultKind::Chunked => reply.wire = Wire::Chunked,
        FaultKind::Gzip => reply.wire = Wire::Gzip,
        FaultKind::CloseAfter => reply.after = After::CloseSilently,
        FaultKind::Delay { ms } => return Duration::from_millis(*ms),
        _ => {}
    }
    Duration::ZERO
}
