//! Settles requests in doubt: repeats them until answered, voids them, or records that a person gave them up.

use super::doubt::{PriorAttempt, returned_since};
use super::numbered::{Trigger, is_short_lived};
use super::pending::{code_of, lists};
use super::question::Lookup;
use super::record::{open_state, unrecorded, verdict};
use super::settle_input::{Aim, SettleInput};
use super::{Client, OutgoingRequest, no_such_request_no};
use crate::api::{self, Recovery};
use crate::error::{Error, Result};
use crate::evidence::Evidence;
use crate::journal::{Claim, Row, State};
use crate::limits::LONGEST_CALL_MS;
use crate::log;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::Report;
use crate::status::{Class, Code};
use crate::system::wall_ms;
use serde_json::json;
use std::time::Duration;

/// After this many rows without an answer, a check follows whether the line is down.
const UNANSWERED_IN_A_ROW: u32 = 3;
/// An unresolved row is looked up once in this time.
const ASKED_EVERY_MS: i64 = 24 * 60 * 60 * 1000;

impl Client {
    /// Lists everything that is not finished, without any lookup. A till asks its hub.
    pub fn pending(&self) -> Report {
        self.observed("pending", || {
            if self.is_till() {
                return self.pending_at_hub(&Cancel::never());
            }
            self.journal.unfinished().map_or_else(Report::from, |rows| Report::local(&lists(&rows, None)))
        })
    }

    /// Settles one number, or everything.
    pub fn settle(&self, input: Option<&str>, cancel: &Cancel) -> Report {
        self.settle_of(input, &|_| true, cancel)
    }

    /// The same where "everything" means the rows of one of several callers.
    pub fn settle_of(&self, input: Option<&str>, is_own: &dyn Fn(&Row) -> bool, cancel: &Cancel) -> Report {
        self.observed("settle", || {
            let settled = if self.is_till() {
                self.settle_at_hub(input, cancel)
            } else {
                self.try_settle(input, is_own, cancel)
            };
            settled.unwrap_or_else(|error| {
                // The input is wrong, but the number may have been sent before.
                let in_doubt = input.is_some_and(|input| self.is_in_doubt(None, input));
                Report { in_doubt, ..error.into() }
            })
        })
    }

    fn try_settle(
        &self,
        input: Option<&str>,
        is_own: &dyn Fn(&Row) -> bool,
        cancel: &Cancel,
    ) -> Result<Report> {
        let input = SettleInput::read(input)?;
        let Some(request_no) = input.request_no else {
            if input.aim != Aim::Complete {
                let message = "calling off and abandoning need out_request_no";
                return Err(Error::at(Code::Request, "/out_request_no", message));
            }
            return self.settle_everything(input.limit, is_own, cancel);
        };
        let deadline = Deadline::after(input.limit.unwrap_or(self.config.limits.call));
        let Some(row) = self.journal.find(&request_no)? else { return Err(no_such_request_no(&request_no)) };
        let report = self.settle_row(&row, input.aim, &deadline, cancel)?;
        Ok(Report { out_request_no: Some(request_no), elapsed_ms: deadline.elapsed_ms(), ..report })
    }

    fn settle_row(&self, row: &Row, aim: Aim, deadline: &Deadline, cancel: &Cancel) -> Result<Report> {
        log::set_trace(row.trace.as_deref());
        let wrong = |why: &str| Err(Error::at(Code::Request, "/aim", why));
        match (&aim, row.state) {
            (_, State::Abandoned) => return wrong("the request with this number was abandoned"),
            (Aim::Complete, _)
                if row.called_off
                    && !matches!(row.state, State::Unresolved | State::Damaged | State::Refused) =>
            {
                return wrong("the request with this number was called off");
            }
            (Aim::Abandon(_), State::Done | State::Refused | State::Closed | State::Voided) => {
                return wrong("only what is in doubt or watched can be abandoned");
            }
            (Aim::Void, _) if !api::is_redemption(&row.request.operation) => {
                return wrong(&format!(
                    "only a redemption can be called off, this is {}",
                    row.request.operation
                ));
            }
            (Aim::Complete, State::Done) if row.is_forgotten() => return Ok(self.recorded(row)),
            (Aim::Void, State::Done) if row.is_forgotten() => {
                return wrong(
                    "the user of this redemption was forgotten, so it cannot be asked about: return it with wxcoupon_return, \
                     which names the openid",
                );
            }
            (Aim::Complete, State::Unresolved) if !is_due(row) => return Ok(unsettled(row)),
            (Aim::Void, State::Unresolved) if row.called_off && !is_due(row) => return Ok(unsettled(row)),
            _ => {}
        }
        let Some(claim) = self.journal.claim(row, self.end_of(deadline))? else {
            return Ok(Report {
                message: "another call is working on this number".into(),
                in_doubt: row.state.is_in_doubt(),
                retry_after_ms: Some(super::RUNNING_ELSEWHERE_MS),
                ..Report::new(Code::Locked)
            });
        };
        Ok(match (aim, claim.row.state) {
            // The row has changed since it was read.
            (_, State::Abandoned) => return wrong("the request with this number was abandoned"),
            (Aim::Abandon(note), _) => abandon(claim, note),
            (aim, State::Damaged) => self.ask_about_damaged(claim, &aim, deadline, cancel),
            (Aim::Complete, State::Pending) => self.execute(claim, Trigger::Settling, deadline, cancel),
            (Aim::Complete, State::Done) if is_short_lived(&claim.row) || claim.returns.are_damaged => {
                self.execute(claim, Trigger::Settling, deadline, cancel)
            }
            (Aim::Complete, State::Unresolved) if claim.row.called_off => self.void(claim, deadline, cancel),
            (Aim::Complete, State::RefusedWatched) => self.watch_refused(claim, deadline, cancel),
            (Aim::Complete, State::Unresolved) if was_refused(&claim.row) => {
                self.watch_refused(claim, deadline, cancel)
            }
            (Aim::Complete, State::Unresolved) => self.ask_about_unresolved(claim, deadline, cancel),
            (Aim::Complete, State::Watching | State::Voiding | State::Voided) => {
                return wrong("the request with this number was called off");
            }
            (Aim::Void, _) => self.void(claim, deadline, cancel),
            (Aim::Watch, State::RefusedWatched) => self.watch(claim, deadline, cancel),
            (Aim::Complete | Aim::Watch, _) => self.recorded(&claim.row),
        })
    }

    /// Watches a refused request. If a late copy took effect and was returned, the till still gets the refusal.
    fn watch_refused(&self, claim: Claim, deadline: &Deadline, cancel: &Cancel) -> Report {
        let refused = self.recorded(&claim.row);
        let report = self.watch(claim, deadline, cancel);
        if report.code == Code::Ok { refused } else { report }
    }

    /// Looks up a row that is not sent again.
    pub(super) fn look_up_row(&self, row: &Row, deadline: &Deadline, cancel: &Cancel) -> Option<Lookup> {
        let request = OutgoingRequest::recorded(row);
        let Recovery::Query { query, shown_by } = request.recovery() else { return None };
        Some(self.look_up(&request, query, shown_by, deadline, cancel))
    }

    /// Looks up an unresolved row. Its bytes are never sent again, but evidence ends it.
    fn ask_about_unresolved(&self, claim: Claim, deadline: &Deadline, cancel: &Cancel) -> Report {
        let Some(lookup) = self.look_up_row(&claim.row, deadline, cancel) else {
            return still_open(claim, State::Unresolved, "there is nothing to ask; abandon it", None);
        };
        let signed_s = claim.row.signed_s;
        let report = match lookup.evidence.clone() {
            Evidence::Done => lookup.done(),
            Evidence::Undone => {
                let message = returned_since(&claim.row.request.operation);
                lookup.refused(Code::CouponState, message, signed_s)
            }
            Evidence::Other(_) | Evidence::NotDone { .. } | Evidence::Absent
                if lookup.rules_out_effect(signed_s) =>
            {
                let message =
                    "the request with this number has not taken effect, and nothing of it can arrive".into();
                lookup.refused(Code::Refused, message, signed_s)
            }
            _ => {
                return still_open(claim, State::Unresolved, "the coupon does not say", Some(&lookup.report));
            }
        };
        super::record::record(claim, report, Trigger::Settling)
    }

    /// Looks up a damaged row. Only what the coupon shows under this number is believed.
    fn ask_about_damaged(&self, mut claim: Claim, aim: &Aim, deadline: &Deadline, cancel: &Cancel) -> Report {
        let lookup = self.look_up_row(&claim.row, deadline, cancel);
        // From now on the row says that its bytes may not be the recorded ones.
        claim.row.note = Some(DAMAGED.into());
        match lookup {
            Some(lookup) if lookup.evidence == Evidence::Done && *aim == Aim::Void => {
                self.return_damaged(claim, lookup, deadline, cancel)
            }
            // Completing it would keep a sale that was called off. Undoing it would rely on a flag that may be damaged.
            Some(lookup) if lookup.evidence == Evidence::Done && claim.row.called_off => {
                let message = "it is redeemed, and was called off: call it off anew".to_owned();
                still_open(claim, State::Damaged, DAMAGED, Some(&Report { message, ..lookup.done() }))
            }
            Some(lookup) if lookup.evidence == Evidence::Done => {
                super::record::record(claim, lookup.done(), Trigger::Settling)
            }
            Some(lookup) if lookup.evidence == Evidence::Undone => {
                let message = returned_since(&claim.row.request.operation);
                let report = lookup.refused(Code::CouponState, message, 0);
                super::record::record(claim, report, Trigger::Settling)
            }
            lookup => {
                let report = lookup.as_ref().map(|lookup| &lookup.report);
                still_open(claim, State::Damaged, DAMAGED, report)
            }
        }
    }

    fn settle_everything(
        &self,
        limit: Option<Duration>,
        is_own: &dyn Fn(&Row) -> bool,
        cancel: &Cancel,
    ) -> Result<Report> {
        let whole = Deadline::after(limit.unwrap_or(Duration::from_millis(LONGEST_CALL_MS)));
        let (mut unanswered, mut rows) = (0, self.unfinished_of(is_own)?);
        let before = rows.iter().filter(|row| row.state.is_pending()).count();
        // Least recently tried first, so that rows without an answer do not block others.
        rows.sort_by_key(|row| (row.tried_ms, row.id));
        for row in rows.iter().filter(|row| !is_old_and_quiet(row)) {
            if whole.is_over() || cancel.cancelled().is_some() {
                break;
            }
            if unanswered >= UNANSWERED_IN_A_ROW {
                if !self.line_is_up(&whole, cancel) {
                    break;
                }
                unanswered = 0;
            }
            let aim = match row.state {
                State::Voiding | State::Watching => Aim::Void,
                State::RefusedWatched => Aim::Watch,
                _ => Aim::Complete,
            };
            let deadline = Deadline::after(self.config.limits.call.min(whole.left()));
            let report = match self.settle_row(row, aim, &deadline, cancel) {
                Err(error) if error.code == Code::Journal => return Err(error),
                // Another process has finished it or called it off.
                Err(_) => continue,
                Ok(report) => report,
            };
            match report.code.class() {
                Class::InDoubt | Class::NotSent | Class::Local if !report.got_response => unanswered += 1,
                Class::InDoubt | Class::NotSent | Class::Local | Class::Ok | Class::Refused => unanswered = 0,
                // Another call is working on it, or WeChat Pay is throttling.
                Class::Busy | Class::Misuse | Class::Bug => {}
            }
        }
        log::set_trace(None);
        let left = self.unfinished_of(is_own)?;
        let pending: Vec<&Row> = left.iter().filter(|row| row.state.is_pending()).collect();
        let worst = pending
            .iter()
            .map(|row| code_of(row))
            .max_by_key(|code| (code.class() == Class::Bug, code.number()));
        let settled = before.saturating_sub(pending.len());
        let report = Report::local(&lists(&left, Some(settled)));
        Ok(match worst {
            None => Report { elapsed_ms: whole.elapsed_ms(), ..report },
            Some(code) => Report {
                message: format!("{} requests are still pending", pending.len()),
                elapsed_ms: whole.elapsed_ms(),
                ..Report::new(code)
            },
        })
    }

    /// Whether anything answers at all.
    fn line_is_up(&self, whole: &Deadline, cancel: &Cancel) -> bool {
        let deadline = Deadline::after(self.config.limits.attempt.min(whole.left()));
        let asked = self.noop_request(|request| {
            self.send_with_retries(request, PriorAttempt::default(), &deadline, cancel)
        });
        asked.is_ok_and(|asked| asked.got_response)
    }
}

pub(super) const DAMAGED: &str = "the row with this number was changed by something else than this library";

/// Whether a day has passed since the last lookup.
fn is_due(row: &Row) -> bool {
    let since = wall_ms().saturating_sub(row.tried_ms);
    // A time in the future means that the clock was or is wrong.
    !(0..ASKED_EVERY_MS).contains(&since)
}

/// Whether it has been open for a day and was looked up within the last day.
fn is_old_and_quiet(row: &Row) -> bool {
    let since_signature_ms = wall_ms().saturating_sub(row.signed_s.saturating_mul(1000));
    match row.state {
        State::Unresolved => !is_due(row),
        State::RefusedWatched => since_signature_ms >= ASKED_EVERY_MS && !is_due(row),
        _ => false,
    }
}

/// Whether the till was told that it was refused. Then an effect is undone.
fn was_refused(row: &Row) -> bool {
    Code::from_number(row.code).is_some_and(|code| code.class() == Class::Refused)
}

fn abandon(claim: Claim, note: String) -> Report {
    let request_no = claim.row.request.request_no.to_string();
    match claim.abandon(note) {
        Ok(()) => {
            log::warn(format_args!("number {request_no} was abandoned"));
            Report::local(&json!({ "state": "abandoned" }))
        }
        Err(error) => error.into(),
    }
}

/// The report for a row that is neither sent nor undone now.
pub(super) fn unsettled(row: &Row) -> Report {
    let message = match row.state {
        State::Damaged => DAMAGED.to_owned(),
        State::Unresolved => format!("no answer says what became of this request: {}", row.cause),
        _ => "the request with this number may have taken effect: settle it".to_owned(),
    };
    Report { message, request_id: row.request_id.clone(), ..Report::new(code_of(row)) }
}

/// Ends a claim without new evidence.
pub(super) fn still_open(claim: Claim, state: State, why: &str, asked: Option<&Report>) -> Report {
    let got_response = asked.is_some_and(|asked| asked.got_response);
    let report = Report {
        message: match asked {
            Some(asked) if !asked.message.is_empty() => format!("{why}: {}", asked.message),
            _ => why.to_owned(),
        },
        got_response,
        course: asked.map(|asked| asked.course.clone()).unwrap_or_default(),
        proven: asked.and_then(|asked| asked.proven),
        ..Report::new(code_of(&claim.row))
    };
    let state = match state {
        State::Damaged => State::Damaged,
        state => open_state(&claim.row, state, &report, Trigger::Settling),
    };
    let signed_s = super::doubt::capped_by_proof(claim.row.signed_s, report.proven);
    let verdict = verdict(&claim.row, state, signed_s, &report);
    match claim.finish(verdict) {
        Ok(()) => report,
        Err(error) => unrecorded(report, &error),
    }
}
