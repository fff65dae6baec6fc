//! What became of a request, in the journal; and where it cannot be written, the verdict that this leaves.

use super::doubt::capped_by_proof;
use super::numbered::{Trigger, is_short_lived};
use crate::api;
use crate::error::Error;
use crate::journal::{Claim, Row, State, Verdict};
use crate::net::in_flight;
use crate::report::Report;
use crate::status::{Class, Code};
use crate::system::wall_ms;
use std::sync::Arc;

/// A row that has heard answers for so long and found no evidence is nobody's work any more.
const UNRESOLVED_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

/// The verdict of a call that sent, or might have sent, the row's own bytes.
pub(super) fn record(claim: Claim, report: Report, trigger: Trigger) -> Report {
    let row = &claim.row;
    let is_undone = report.by_evidence;
    let state = match report.code.class() {
        // It was done before this call asked again, and what was done stays done, unless the coupon says otherwise.
        _ if row.state == State::Done && !is_short_lived(row) && !is_undone => State::Done,
        Class::Ok => State::Done,
        // A copy of a redemption could still arrive, and nobody would pay for it.
        Class::Refused if report.may_arrive_late && row.request.operation == api::USE.id => {
            State::RefusedWatched
        }
        Class::Refused => State::Refused,
        Class::InDoubt | Class::Bug => open_state(row, State::Pending, &report, trigger),
        Class::NotSent | Class::Busy | Class::Misuse | Class::Local => State::Closed,
    };
    let earlier_s = if claim.doubt { row.signed_s } else { 0 };
    let signed_s = match state {
        State::Pending | State::RefusedWatched | State::Unresolved => {
            // Where nobody can say when it was signed last, it was at the last moment.
            let latest_s = report.signed_s.or((earlier_s == 0).then(|| claim.until_s()));
            capped_by_proof(earlier_s, report.proven).max(latest_s.unwrap_or_default())
        }
        _ => 0,
    };
    let plain = verdict(row, state, signed_s, &report);
    let verdict = Verdict {
        sent: row.sent || report.signed_s.is_some() || in_flight::write_was_sent(),
        // "Later" is said of the line, and not of the request.
        verdict_s: plain.verdict_s.filter(|_| state != State::Closed),
        ..plain
    };
    match claim.finish(verdict) {
        Ok(()) => report,
        // A success, or doubt, is what the row on the disk says already, or will be found again.
        Err(error) if matches!(state, State::Done | State::Pending) && error.code == Code::Journal => {
            crate::log::error(format_args!("journal: {}", error.message));
            report
        }
        Err(error) => unrecorded(report, &error),
    }
}

/// The state of a row that is as open as before: after a day in which answers came and none was evidence it is not tried
/// again like the others. This is housekeeping, so this machine's clock may count it; a dead line ages nothing.
pub(super) fn open_state(row: &Row, state: State, report: &Report, trigger: Trigger) -> State {
    let doubted_ms = row.doubted_ms.unwrap_or(row.updated_ms);
    let is_old = wall_ms().saturating_sub(doubted_ms) >= UNRESOLVED_AFTER_MS;
    let may_end_so =
        matches!(state, State::Pending | State::Voiding | State::Watching | State::RefusedWatched);
    if trigger == Trigger::Settling && may_end_so && is_old && report.got_response {
        State::Unresolved
    } else {
        state
    }
}

/// The till must not act on a verdict that a crash would make the journal forget.
pub(super) fn unrecorded(report: Report, error: &Error) -> Report {
    Report {
        message: format!("{} ({}), but {}", report.code.name(), report.message, error.message),
        in_doubt: true,
        data: None,
        hint: None,
        cashier: None,
        code: Code::Unrecorded,
        ..report
    }
}

pub(super) fn verdict(row: &Row, state: State, signed_s: i64, report: &Report) -> Verdict {
    // A proven success keeps its own particulars when a repeat of it fails.
    let tells = state != State::Done || report.code == Code::Ok;
    Verdict {
        state,
        code: if tells { report.code.number() } else { row.code },
        cause: if tells { report.message.clone() } else { row.cause.clone() },
        attempts: report.attempts,
        sent: row.sent,
        signed_s,
        verdict_s: report.proven.map(|proof| proof.at_s).filter(|_| tells),
        answer: report.data.as_ref().map(|data| Arc::clone(data.get())),
        http_status: report.http_status.filter(|_| tells),
        request_id: report.request_id.clone().filter(|_| tells),
        host: report.host.clone().filter(|_| tells),
        course: report.course.clone(),
    }
}

/// Ends a claim with a report that is not of the row's own bytes.
pub(super) fn end(claim: Claim, state: State, signed_s: i64, report: Report) -> Report {
    let told = Report { data: None, code: Code::Ok, message: String::new(), ..report.clone() };
    let verdict = verdict(&claim.row, state, signed_s, &told);
    match claim.finish(verdict) {
        Ok(()) => report,
        Err(error) => unrecorded(report, &error),
    }
}
