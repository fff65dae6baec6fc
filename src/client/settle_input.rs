//! The input of settling.

use crate::api;
use crate::error::{Error, Result};
use crate::json::{self, At};
use crate::status::Code;
use serde_json::Value;
use std::time::Duration;

/// Longest note of an abandoned row, in characters.
const LONGEST_NOTE: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Aim {
    Complete,
    Void,
    /// Record a person's decision to give the request up.
    Abandon(String),
    /// Only watch a refused request that may still take effect.
    Watch,
}

pub(super) struct SettleInput {
    pub request_no: Option<String>,
    pub aim: Aim,
    pub limit: Option<Duration>,
}

impl SettleInput {
    pub fn read(input: Option<&str>) -> Result<SettleInput> {
        let mut members = input.map(json::parse_object).transpose()?.unwrap_or_default();
        let limit = api::take_options(&mut members)?.timeout;
        let mut text = |name: &str| match members.shift_remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => {
                Err(Error::at(Code::Request, json::pointer("", name), format!("{name} must be a text")))
            }
        };
        let request_no = text("out_request_no")?;
        if let Some(request_no) = &request_no {
            api::check_name(request_no, "out_request_no", &At::Member(&At::Root, "out_request_no"))?;
        }
        let aim = match text("aim")?.as_deref() {
            None | Some("complete") => Aim::Complete,
            Some("void") => Aim::Void,
            Some("abandon") => Aim::Abandon(note(text("note")?)?),
            Some(_) => return Err(Error::at(Code::Request, "/aim", "aim must be complete, void or abandon")),
        };
        match members.keys().next() {
            None => Ok(SettleInput { request_no, aim, limit }),
            Some(unknown) => {
                let known = "is not known; known are: out_request_no, aim, note, _options";
                Err(json::unknown_member(Code::Request, "", unknown, known))
            }
        }
    }
}

fn note(note: Option<String>) -> Result<String> {
    let says_something = |note: &str| note.chars().any(crate::name::is_visible);
    let note = note.filter(|note| says_something(note) && note.chars().count() <= LONGEST_NOTE);
    note.ok_or_else(|| {
        let message =
            format!("abandoning needs a note of 1 to {LONGEST_NOTE} characters: who decided it, and why");
        Error::at(Code::Request, "/note", message)
    })
}
