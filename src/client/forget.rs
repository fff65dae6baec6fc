//! Forgetting a user: what the directory and finished rows of the journal hold of an openid.

use super::Client;
use super::pending::state_name;
use crate::api;
use crate::error::{Error, Result};
use crate::journal::StillHeld;
use crate::json::{self, At};
use crate::net::cancel::Cancel;
use crate::redact::mask;
use crate::report::Report;
use crate::status::Code;
use serde::Serialize;
use serde_json::{Value, json};

/// Longest openid.
const LONGEST: usize = 128;

#[derive(Serialize)]
struct Open<'a> {
    out_request_no: &'a str,
    operation: &'a str,
    state: &'static str,
    reason: &'static str,
}

impl Client {
    /// Removes an openid from the directory and from finished rows, and lists the rows that still need it.
    pub(super) fn forget_user(&self, input: &str, cancel: &Cancel) -> Report {
        openid(input).and_then(|openid| self.try_to_forget(&openid, cancel)).unwrap_or_else(Report::from)
    }

    fn try_to_forget(&self, openid: &str, cancel: &Cancel) -> Result<Report> {
        // First what is fed by calls, so that a repeat of this call has less to do.
        let coupons = self.directory.as_deref().map(|directory| directory.forget_user(openid)).transpose()?;
        let forgotten = self.journal.forget_user(openid, || cancel.cancelled().is_none())?;
        crate::log::info(format_args!(
            "user {} is forgotten: {} coupons, {} requests, {} still open",
            mask(openid),
            coupons.unwrap_or_default(),
            forgotten.rows,
            forgotten.held.len()
        ));
        if forgotten.is_partial {
            let message = format!(
                "it was cancelled after {} requests had lost the openid: forget the user again",
                forgotten.rows
            );
            return Ok(Report { message, ..Report::new(Code::CancelledUnsent) });
        }
        let open: Vec<Open<'_>> = forgotten.held.iter().map(open).collect();
        Ok(Report::local(&json!({ "coupons": coupons, "requests": forgotten.rows, "open": open })))
    }
}

fn open(StillHeld { row, why }: &StillHeld) -> Open<'_> {
    Open {
        out_request_no: &row.request.request_no,
        operation: &row.request.operation,
        state: state_name(row.state),
        reason: why,
    }
}

fn openid(input: &str) -> Result<String> {
    let mut members = json::parse_object(input)?;
    api::take_options(&mut members)?;
    let wrong = |why: String| Error::at(Code::Request, "/openid", why);
    let openid = match members.shift_remove("openid") {
        Some(Value::String(openid)) if !openid.is_empty() => openid,
        None | Some(Value::Null) => return Err(wrong("openid is missing".into())),
        Some(_) => return Err(wrong("openid must be a text that is not empty".into())),
    };
    api::check_name(&openid, "openid", &At::Member(&At::Root, "openid"))?;
    if openid.chars().count() > LONGEST {
        return Err(wrong(format!("openid has more than {LONGEST} characters")));
    }
    match members.keys().next() {
        None => Ok(openid),
        Some(unknown) => {
            Err(json::unknown_member(Code::Request, "", unknown, "is not known; known are: openid, _options"))
        }
    }
}
