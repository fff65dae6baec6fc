//! Platform certificates and the migration to the public key, from outside.

use serde::Deserialize;
use serde_json::json;

use super::Answer;
use crate::engine::Engine;
use crate::options::SignWith;

/// What is to change.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    rotate: bool,
    retire: Option<String>,
    public_key_only: Option<bool>,
    sign_with: Option<String>,
}

pub(super) fn list(engine: &Engine) -> Answer {
    engine.signing.views().map_or_else(|e| Answer::error(500, e.to_string()), Answer::ok)
}

pub(super) fn change(engine: &Engine, body: &[u8]) -> Answer {
    let wish: Wish = match serde_json::from_slice(body) {
        Ok(wish) => wish,
        Err(e) => return Answer::error(400, e.to_string()),
    };
    match apply(engine, &wish) {
        Ok(serial) => Answer::ok(json!({ "serial_no": serial })),
        Err(issue) => Answer::error(400, issue),
    }
}

fn apply(engine: &Engine, wish: &Wish) -> Result<Option<String>, String> {
    let signing = &engine.signing;
    let policy = wish.sign_with.as_deref().map(str::parse::<SignWith>).transpose();
    let policy = policy.map_err(|issue| format!("sign_with {issue}"))?;
    if let Some(serial) = &wish.retire {
        signing.retire(serial).map_err(|e| e.to_string())?;
    }
    if let Some(policy) = policy {
        signing.set_policy(policy);
    }
    if let Some(only) = wish.public_key_only {
        signing.set_public_key_only(only);
    }
    let now = engine.world.clock.now();
    wish.rotate.then(|| signing.rotate(now).map_err(|e| e.to_string())).transpose()
}
