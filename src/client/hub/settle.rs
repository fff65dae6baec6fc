//! What is open, and how it ends. The hub knows every number that has reached it. The till's own journal knows those that may not
//! have.

use super::super::doubt::capped_by_proof;
use super::super::numbered::Trigger;
use super::super::pending::{code_of, lists};
use super::super::record::{end, record};
use super::super::settle::{DAMAGED, still_open};
use super::super::settle_input::{Aim, SettleInput};
use super::super::void::voided;
use super::super::{Client, RUNNING_ELSEWHERE_MS};
use crate::api;
use crate::error::{Error, Result};
use crate::evidence;
use crate::journal::{Claim, Row, State};
use crate::json;
use crate::limits::LONGEST_CALL_MS;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::{JsonText, Report};
use crate::status::{Class, Code};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// After this many rows without an answer the hubs count as down.
const UNANSWERED_IN_A_ROW: u32 = 3;

impl Client {
    /// What is open at the hub and here. A till with a journal file knows its own numbers without the hub.
    pub(in super::super) fn pending_at_hub(&self, cancel: &Cancel) -> Report {
        let rows = match self.journal.unfinished() {
            Ok(rows) => rows,
            Err(error) => return error.into(),
        };
        let deadline = Deadline::after(self.config.limits.call);
        let asked = self.ask_hub("pending", Map::new(), false, &deadline, cancel);
        self.both(&rows, None, asked)
    }

    fn both(&self, rows: &[Row], settled: Option<usize>, asked: Report) -> Report {
        let own = lists(rows, settled);
        let hub = data_of(&asked);
        match (asked.code, hub) {
            (Code::Ok, Some(hub)) => {
                let data = JsonText::of(&united(own, hub));
                Report { data, ..asked }
            }
            // The file says it as well as it can, whatever the hub's reason is.
            _ if self.config.journal.place.is_some() => {
                let mut own = own;
                if let Some(own) = own.as_object_mut() {
                    own.insert("hub_answered".into(), false.into());
                }
                Report { elapsed_ms: asked.elapsed_ms, message: asked.message, ..Report::local(&own) }
            }
            _ => asked,
        }
    }

    /// Settles one number, or everything.
    pub(in super::super) fn settle_at_hub(&self, input: Option<&str>, cancel: &Cancel) -> Result<Report> {
        let SettleInput { request_no, aim, limit } = SettleInput::read(input)?;
        let Some(request_no) = request_no else {
            if aim != Aim::Complete {
                let message = "calling off and abandoning need out_request_no";
                return Err(Error::at(Code::Request, "/out_request_no", message));
            }
            return self.settle_everything_at_hub(limit, cancel);
        };
        let deadline = Deadline::after(limit.unwrap_or(self.config.limits.call));
        let report = if let Some(row) = self.journal.find(&request_no)? {
            self.settle_row_at_hub(&row, aim, &deadline, cancel)?
        } else {
            let asked = self.settle_there(&request_no, &aim, &deadline, cancel);
            // Without a hub nobody knows what an earlier program has sent under it.
            Report { in_doubt: asked.in_doubt || asked.proven.is_none(), ..asked }
        };
        Ok(Report { out_request_no: Some(request_no), elapsed_ms: deadline.elapsed_ms(), ..report })
    }

    /// Asks the hub to settle a number.
    fn settle_there(&self, request_no: &str, aim: &Aim, deadline: &Deadline, cancel: &Cancel) -> Report {
        let mut members = Map::new();
        members.insert("out_request_no".into(), request_no.into());
        let aim = match aim {
            Aim::Complete | Aim::Watch => "complete",
            Aim::Void => "void",
            Aim::Abandon(note) => {
                members.insert("note".into(), note.as_str().into());
                "abandon"
            }
        };
        members.insert("aim".into(), aim.into());
        self.ask_hub("settle", members, true, deadline, cancel)
    }

    fn settle_row_at_hub(&self, row: &Row, aim: Aim, deadline: &Deadline, cancel: &Cancel) -> Result<Report> {
        crate::log::set_trace(row.trace.as_deref());
        if let Some(known) = self.known_of(row, &aim)? {
            return Ok(known);
        }
        let Some(claim) = self.journal.claim(row, self.end_of(deadline))? else {
            return Ok(Report {
                message: "another call is working on this number".into(),
                in_doubt: row.state.is_in_doubt(),
                retry_after_ms: Some(RUNNING_ELSEWHERE_MS),
                ..Report::new(Code::Locked)
            });
        };
        // Another process may have finished it or called it off since it was read.
        if let Some(known) = self.known_of(&claim.row, &aim)? {
            return Ok(known);
        }
        Ok(match aim {
            Aim::Void => self.void_at_hub(claim, deadline, cancel),
            Aim::Abandon(note) => self.abandon_at_hub(claim, note, deadline, cancel),
            Aim::Complete | Aim::Watch if claim.row.state == State::Damaged => {
                // Its bytes may not be the recorded ones, so they are not sent. The hub knows its number.
                let asked = self.settle_there(&claim.row.request.request_no, &aim, deadline, cancel);
                if asked.code == Code::Ok && asked.proven.is_some() {
                    record(claim, asked, Trigger::Settling)
                } else {
                    stays_open(claim, State::Damaged, DAMAGED, asked)
                }
            }
            Aim::Complete | Aim::Watch => self.execute(claim, Trigger::Settling, deadline, cancel),
        })
    }

    /// What needs no hub, and what cannot be.
    fn known_of(&self, row: &Row, aim: &Aim) -> Result<Option<Report>> {
        let wrong = |why: &str| Err(Error::at(Code::Request, "/aim", why));
        match (aim, row.state) {
            (_, State::Abandoned) => wrong("the request with this number was abandoned"),
            (Aim::Complete | Aim::Watch, state) if row.called_off || state == State::Voided => {
                wrong("the request with this number was called off")
            }
            (Aim::Complete | Aim::Watch, state) if state.is_finished() => Ok(Some(self.recorded(row))),
            (Aim::Abandon(_), state) if state.is_finished() => {
                wrong("only what is in doubt or watched can be abandoned")
            }
            (Aim::Void, _) if !api::is_redemption(&row.request.operation) => {
                let operation = &row.request.operation;
                wrong(&format!("only a redemption can be called off, this is {operation}"))
            }
            (Aim::Void, State::Voided) => Ok(Some(voided(None))),
            _ => Ok(None),
        }
    }

    /// The hub calls it off, and watches for what may come late. What has never reached a hub is watched here until it cannot any
    /// more.
    fn void_at_hub(&self, mut claim: Claim, deadline: &Deadline, cancel: &Cancel) -> Report {
        // Without a file it is not known what an earlier program has sent under this number.
        let is_whole = self.config.journal.place.is_some();
        match claim.row.state {
            State::Closed | State::Refused if is_whole => return end(claim, State::Voided, 0, voided(None)),
            State::Voiding => {}
            _ => {
                // From now on it is never completed, even if this call fails.
                if let Err(error) = claim.begin_void() {
                    return error.into();
                }
            }
        }
        let asked = self.settle_there(&claim.row.request.request_no, &Aim::Void, deadline, cancel);
        let signed_s = capped_by_proof(claim.row.signed_s, asked.proven);
        let is_dead = asked.proven.is_some_and(|proof| evidence::copies_are_dead(signed_s, proof));
        match asked.code {
            Code::Ok => end(claim, State::Voided, 0, asked),
            // A hub has spoken of it before.
            _ if has_no_such_number(&asked)
                && (claim.row.answer.is_some() || claim.row.verdict_s.is_some()) =>
            {
                let why = "a hub had this number, and has it no more: it may have lost its store";
                still_open(claim, State::Voiding, why, None)
            }
            _ if has_no_such_number(&asked) && is_dead => end(claim, State::Voided, 0, voided(None)),
            _ if has_no_such_number(&asked) => {
                let why = "it has not reached the hub; what was sent could still arrive";
                still_open(claim, State::Voiding, why, None)
            }
            _ => stays_open(claim, State::Voiding, "the hub has not called it off", asked),
        }
    }

    /// A person's decision, which counts at the hub. A number that has not reached it is given up here alone.
    fn abandon_at_hub(&self, claim: Claim, note: String, deadline: &Deadline, cancel: &Cancel) -> Report {
        let request_no = claim.row.request.request_no.to_string();
        let asked = self.settle_there(&request_no, &Aim::Abandon(note.clone()), deadline, cancel);
        if asked.code != Code::Ok && !has_no_such_number(&asked) {
            let state = claim.row.state;
            // The row stays as it was; the answer is about the decision alone.
            let _ = stays_open(claim, state, "it was not abandoned", asked.clone());
            return Report { in_doubt: true, ..asked };
        }
        match claim.abandon(note) {
            Ok(()) => Report::local(&json!({ "state": "abandoned" })),
            Err(error) => error.into(),
        }
    }

    fn settle_everything_at_hub(&self, limit: Option<Duration>, cancel: &Cancel) -> Result<Report> {
        let whole = Deadline::after(limit.unwrap_or(Duration::from_millis(LONGEST_CALL_MS)));
        let step = || Deadline::after(self.config.limits.call.min(whole.left()));
        let (mut rows, mut unanswered) = (self.journal.unfinished()?, 0);
        let before = rows.iter().filter(|row| row.state.is_pending()).count();
        // Least recently tried first, so that rows without an answer do not block others.
        rows.sort_by_key(|row| (row.tried_ms, row.id));
        for row in &rows {
            if whole.is_over() || cancel.cancelled().is_some() || unanswered >= UNANSWERED_IN_A_ROW {
                break;
            }
            let aim = if row.called_off { Aim::Void } else { Aim::Complete };
            match self.settle_row_at_hub(row, aim, &step(), cancel) {
                Err(error) if error.code == Code::Journal => return Err(error),
                Ok(report) if report.proven.is_none() && !report.recorded && report.data.is_none() => {
                    unanswered += 1;
                }
                _ => unanswered = 0,
            }
        }
        crate::log::set_trace(None);
        let asked = self.ask_hub("settle", Map::new(), false, &step(), cancel);
        let left = self.journal.unfinished()?;
        let pending: Vec<&Row> = left.iter().filter(|row| row.state.is_pending()).collect();
        let worst = pending
            .iter()
            .map(|row| code_of(row))
            .max_by_key(|code| (code.class() == Class::Bug, code.number()));
        let report = match worst {
            Some(code) => Report {
                message: format!("{} requests are still pending", pending.len()),
                ..Report::new(code)
            },
            None => self.both(&left, Some(before.saturating_sub(pending.len())), asked),
        };
        Ok(Report { elapsed_ms: whole.elapsed_ms(), ..report })
    }
}

/// What the hub says of settling is no verdict about the request.
fn stays_open(claim: Claim, state: State, why: &str, asked: Report) -> Report {
    still_open(claim, state, why, Some(&Report { proven: None, proven_at_s: None, ..asked }))
}

/// The hub has proven that the number has never reached it.
fn has_no_such_number(asked: &Report) -> bool {
    let is_about_number = asked.field.as_deref() == Some("/out_request_no");
    asked.proven.is_some() && asked.code == Code::Request && is_about_number
}

fn data_of(report: &Report) -> Option<Map<String, Value>> {
    let data = report.data.as_ref()?;
    serde_json::from_str(data.get()).ok()
}

/// The hub's lists, and the numbers of this till that are not in them.
fn united(own: Value, mut hub: Map<String, Value>) -> Value {
    let own = json::into_object(own).unwrap_or_default();
    let number = |item: &Value| item.get("out_request_no").and_then(Value::as_str).map(str::to_owned);
    let known: Vec<String> = ["requests", "unresolved"]
        .into_iter()
        .filter_map(|list| hub.get(list)?.as_array())
        .flatten()
        .filter_map(number)
        .collect();
    let mut more = own.get("requests").and_then(Value::as_array).cloned().unwrap_or_default();
    more.retain(|item| number(item).is_none_or(|number| !known.contains(&number)));
    let mut add = |name: &str, count: usize| {
        let there = hub.get(name).and_then(Value::as_u64).unwrap_or_default();
        hub.insert(name.to_owned(), there.saturating_add(u64::try_from(count).unwrap_or(0)).into());
    };
    add("pending", more.len());
    if let Some(settled) = own.get("settled").and_then(Value::as_u64) {
        add("settled", usize::try_from(settled).unwrap_or(0));
    }
    if let Some(Value::Array(list)) = hub.get_mut("requests") {
        list.append(&mut more);
    }
    hub.insert("hub_answered".into(), true.into());
    Value::Object(hub)
}
