//! Faults: inject, list, clear.

use serde_json::{Value, json};

use super::Answer;
use crate::control::Control;
use crate::faults::{Fault, FaultId};
use crate::text::Text;

pub(super) fn list(control: &Control) -> Answer {
    Answer::ok(control.api.faults.list())
}

/// The JSON form, or the one-line form as `{"spec": "…"}`.
pub(super) fn inject(control: &Control, body: &[u8]) -> Answer {
    let parsed = match serde_json::from_slice::<Value>(body) {
        Ok(value) => match value.get("spec").and_then(Value::as_str) {
            Some(spec) => Fault::from_spec(spec),
            None => Fault::from_json(&value),
        },
        Err(e) => return Answer::bad_request(e),
    };
    match parsed {
        Ok(fault) => Answer::ok(json!({ "id": control.inject(fault) })),
        Err(e) => Answer::bad_request(e),
    }
}

pub(super) fn clear(control: &Control) -> Answer {
    Answer::ok(json!({ "cleared": control.clear_faults(None) }))
}

pub(super) fn clear_one(control: &Control, id: &str) -> Answer {
    match id.parse().map(FaultId) {
        Ok(id) if control.clear_faults(Some(id)) > 0 => Answer::ok(json!({ "cleared": 1 })),
        _ => Answer::not_found(Text::new("no such fault", "没有这个故障")),
    }
}
