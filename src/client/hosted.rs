//! What a program needs that calls for many tills: the rows of one of them, and questions that send nothing.

use super::Client;
use super::pending::lists;
use super::settle::still_open;
use crate::api;
use crate::error::Result;
use crate::evidence::Evidence;
use crate::journal::{Row, State};
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::Report;
use crate::status::Code;
use std::time::Duration;

impl Client {
    /// How long a call may take that says nothing itself.
    pub fn call_limit(&self) -> Duration {
        self.config.limits.call
    }

    /// What the journal has under a number.
    pub fn row(&self, request_no: &str) -> Result<Option<Row>> {
        self.journal.find(request_no)
    }

    /// Everything that is not finished, oldest first.
    pub fn unfinished(&self) -> Result<Vec<Row>> {
        self.journal.unfinished()
    }

    pub(super) fn unfinished_of(&self, is_own: &dyn Fn(&Row) -> bool) -> Result<Vec<Row>> {
        let mut rows = self.journal.unfinished()?;
        rows.retain(is_own);
        Ok(rows)
    }

    /// Whether a call works on the row now.
    pub fn is_worked_on(&self, row: &Row) -> bool {
        self.journal.is_worked_on(row)
    }

    /// As [`Client::pending`], of one of several callers.
    pub fn pending_of(&self, is_own: &dyn Fn(&Row) -> bool) -> Report {
        self.observed("pending", || {
            self.unfinished_of(is_own).map_or_else(Report::from, |rows| Report::local(&lists(&rows, None)))
        })
    }

    /// Whether a redemption is proven, and no return of it is known.
    pub fn stands(&self, row: &Row) -> bool {
        let is_redemption = api::is_redemption(&row.request.operation);
        is_redemption && row.state == State::Done && self.recorded(row).code == Code::Ok
    }

    /// Asks what became of a request, and sends nothing of it. What is proven is recorded: that it took effect, or that its
    /// effect was undone. Anything else leaves the request open, because its caller may still want it.
    pub fn ask_about(&self, request_no: &str, cancel: &Cancel) -> Report {
        self.observed("settle", || {
            let deadline = Deadline::after(self.config.limits.call);
            let report = self.try_ask(request_no, &deadline, cancel).unwrap_or_else(Report::from);
            let out_request_no = Some(request_no.to_owned());
            Report { out_request_no, elapsed_ms: deadline.elapsed_ms(), ..report }
        })
    }

    fn try_ask(&self, request_no: &str, deadline: &Deadline, cancel: &Cancel) -> Result<Report> {
        let Some(row) = self.journal.find(request_no)? else {
            return Err(super::no_such_request_no(request_no));
        };
        let locked = Report {
            message: "another call is working on this number".into(),
            in_doubt: row.state.is_in_doubt(),
            ..Report::new(Code::Locked)
        };
        if row.state != State::Pending {
            return Ok(locked);
        }
        let Some(claim) = self.journal.claim(&row, self.end_of(deadline))? else { return Ok(locked) };
        if claim.row.state != State::Pending {
            return Ok(locked);
        }
        let Some(lookup) = self.look_up_row(&claim.row, deadline, cancel) else {
            return Ok(still_open(claim, State::Pending, "there is nothing to ask", None));
        };
        let report = match &lookup.evidence {
            Evidence::Done => lookup.done(),
            Evidence::Undone => {
                let message = super::doubt::returned_since(&claim.row.request.operation);
                lookup.refused(Code::CouponState, message, claim.row.signed_s)
            }
            _ => {
                let why = "asked, and not found; nothing was sent";
                return Ok(still_open(claim, State::Pending, why, Some(&lookup.report)));
            }
        };
        Ok(super::record::record(claim, report, super::numbered::Trigger::Settling))
    }
}
