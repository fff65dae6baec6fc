//! The headers and the body of one attempt.

use super::super::{Client, OutgoingRequest};
use crate::error::{Error, Result};
use crate::json;
use crate::log;
use crate::status::Code;
use crate::wire::hub::{Asked, Key};
use crate::wire::sign::nonce;
use serde_json::json;
use std::time::Duration;

/// One attempt as it goes out, and what proves its answer.
pub(in super::super) struct Signed {
    pub nonce: String,
    pub key: Key,
    pub body: Vec<u8>,
    headers: [(&'static str, String); 5],
}

impl Signed {
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let own = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        own.chain([("Accept", "application/json"), ("Content-Type", "application/json")])
    }
}

impl Client {
    /// Signs a request for the hub. `limit`: of this attempt.
    pub(in super::super) fn sign_for_hub(
        &self,
        request: &OutgoingRequest<'_>,
        now_s: i64,
        limit: Duration,
    ) -> Result<Signed> {
        let till = self.till.as_ref().zip(self.till_key());
        let (till, key) = till.ok_or_else(|| Error::new(Code::Key, "this till has no key yet"))?;
        let body = with_options(request, limit);
        let (nonce, time, generation) = (nonce()?, now_s.to_string(), key.generation);
        let asked = Asked {
            target: request.target,
            till: &till.id,
            generation,
            time: &time,
            nonce: &nonce,
            body: &body,
        };
        let mac = key.key.mac(&asked.text());
        let headers = [
            ("wxcoupon-till", till.id.clone()),
            ("wxcoupon-key", generation.to_string()),
            ("wxcoupon-time", time),
            ("wxcoupon-nonce", nonce.clone()),
            ("wxcoupon-mac", mac),
        ];
        Ok(Signed { nonce, key: key.key, body, headers })
    }
}

/// The recorded bytes, and how long the hub may take: it is to answer before the till gives the attempt up.
fn with_options(request: &OutgoingRequest<'_>, limit: Duration) -> Vec<u8> {
    let recorded = request.body.unwrap_or_default();
    let Some(open) = recorded.strip_suffix(b"}") else { return recorded.to_vec() };
    if request.id == "request" || request.members.contains_key("_options") {
        return recorded.to_vec();
    }
    let limit_ms = u64::try_from(limit.mul_f64(0.8).as_millis()).unwrap_or(u64::MAX).max(1);
    let mut options = json!({ "timeout_ms": limit_ms });
    if let (Some(trace), Some(options)) = (log::trace(), options.as_object_mut()) {
        options.insert("trace".into(), trace.into());
    }
    let comma: &[u8] = if open == b"{" { b"" } else { b"," };
    [open, comma, b"\"_options\":", json::text(&options, 0).as_bytes(), b"}"].concat()
}
