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
        FaultKind::Refusal { status, code, sub_code } => {
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
        FaultKind::WrongCoupon => edit(reply, |entity| {
            if let Some(code) = entity.get_mut("coupon_code") {
                *code = json!("SBX_SOMEBODY_ELSES");
            }
        }),
        FaultKind::WrongNumber => edit(reply, |entity| {
            for detail in ["single_usage_detail", "progressive_bundle_usage_detail"] {
                for number in ["use_request_no", "return_request_no"] {
                    if let Some(slot) = entity.get_mut(detail).and_then(|detail| detail.get_mut(number)) {
                        *slot = json!("SOMEBODY_ELSES_NUMBER");
                    }
                }
            }
        }),
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
