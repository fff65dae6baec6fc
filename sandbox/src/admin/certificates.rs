//! Platform certificates and the migration to the public key, from outside.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::Answer;
use super::console_files::Served;
use super::routes::Shared;
use crate::control::Control;
use crate::crypto::signing_keys::SignWith;
use crate::text::Text;

/// What is to change.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    rotate: bool,
    retire: Option<String>,
    public_key_only: Option<bool>,
    sign_with: Option<String>,
}

pub(super) fn list(control: &Control) -> Answer {
    control
        .api
        .signing_keys
        .views()
        .map_or_else(|e| Answer::error(StatusCode::INTERNAL_SERVER_ERROR, e), Answer::ok)
}

/// The authority that signed the hosts' certificates.
pub(super) async fn authority(State(control): Shared) -> Result<Served, Answer> {
    let pem = control.api.keys.0.tls_authority.cert.to_pem();
    let pem = pem.map_err(|e| Answer::error(StatusCode::INTERNAL_SERVER_ERROR, e))?;
    Ok(Served::saved("application/x-pem-file", pem, "ca.pem"))
}

pub(super) fn change(control: &Control, body: &[u8]) -> Answer {
    let wanted: Change = match serde_json::from_slice(body) {
        Ok(wanted) => wanted,
        Err(e) => return Answer::bad_request(e),
    };
    match apply(control, &wanted) {
        Ok(serial) => Answer::ok(json!({ "serial_no": serial })),
        Err(issue) => Answer::bad_request(issue),
    }
}

fn apply(control: &Control, wanted: &Change) -> Result<Option<String>, Text> {
    let signing = &control.api.signing_keys;
    let policy = wanted.sign_with.as_deref().map(str::parse::<SignWith>).transpose();
    let policy = policy.map_err(|issue| {
        let chinese = "sign_with 只能是 auto、public-key、certificate、mixed 或 mixed:百分比";
        Text::new(format!("sign_with {issue}"), chinese)
    })?;
    if let Some(serial) = &wanted.retire {
        signing.retire(serial)?;
    }
    if let Some(policy) = policy {
        signing.set_policy(policy);
    }
    if let Some(only) = wanted.public_key_only {
        signing.set_public_key_only(only);
    }
    let now = control.api.state.clock.now();
    wanted.rotate.then(|| signing.rotate(now).map_err(Text::from)).transpose()
}
