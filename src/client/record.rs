//! Records the result of a request in the journal, and says what to report if that fails.

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

/// After this long with answers but without evidence, a row becomes unresolved.
const UNRESOLVED_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

/// In the row of a success whose answer does not show this number: what does.
const PROVEN_BY: &str = "proof: ";

/// What the recorded success of a row rests on.
pub(super) fn recorded_proof(row: &Row) -> Option<&'static str> {
    let proof = row.cause.strip_prefix(PROVEN_BY).filter(|_| row.state == State::Done)?;
    ["query", "answer"].into_iter().find(|known| *known == proof)
}

/// Records the result of a call that sent, or may have sent, the row's own bytes.
pub(super) fn record(claim: Claim, report: Report, trigger: Trigger) -> Report {
    let row = &claim.row;
    let is_undone = report.by_evidence;
    let state = match report.code.class() {
        // It was done before this call, and stays done unless the coupon says otherwise.
        _ if row.state == State::Done && !is_short_lived(row) && !is_undone => State::Done,
        Class::Ok => State::Done,
        // A hub that does not do it now, or refuses to, may have done it before.
        _ if report.in_doubt => open_state(row, State::Pending, &report, trigger),
        // A copy of the redemption could still arrive, and no sale would belong to it.
        Class::Refused if report.may_arrive_late && api::is_redemption(&row.request.operation) => {
            State::RefusedWatched
        }
        Class::Refused => State::Refused,
        Class::InDoubt | Class::Bug => open_state(row, State::Pending, &report, trigger),
        Class::NotSent | Class::Busy | Class::Misuse | Class::Local => State::Closed,
    };
    let earlier_s = if claim.doubt { row.signed_s } else { 0 };
    let signed_s = match state {
        State::Pending | State::RefusedWatched | State::Unresolved => {
            // If the time of the last signature is not known, the latest possible time counts.
            let latest_s = report.signed_s.or((earlier_s == 0).then(|| claim.until_s()));
            capped_by_proof(earlier_s, report.proven).max(latest_s.unwrap_or_default())
        }
        _ => 0,
    };
    let plain = verdict(row, state, signed_s, &report);
    let verdict = Verdict {
        sent: row.sent || report.signed_s.is_some() || in_flight::write_was_sent(),
        // A closed row has no verdict about the request itself.
        verdict_s: plain.verdict_s.filter(|_| state != State::Closed),
        ..plain
    };
    match claim.finish(verdict) {
        Ok(()) => report,
        // The row on disk is still pending. Settling finds a success again.
        Err(error) if matches!(state, State::Done | State::Pending) && error.code == Code::Journal => {
            crate::log::error(format_args!("journal: {}", error.message));
            report
        }
        Err(error) => unrecorded(report, &error),
    }
}

/// The state of a row that is still open. After a day of answers without evidence it becomes unresolved. This is
/// housekeeping, so this machine's clock is good enough. A line that is down does not count.
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

/// The till must not act on a result that the journal would lose in a crash.
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
    // A proven success keeps its details when a repeat of it fails.
    let tells = state != State::Done || report.code == Code::Ok;
    Verdict {
        state,
        code: if tells { report.code.number() } else { row.code },
        cause: match report.proof.filter(|_| tells && report.code == Code::Ok) {
            Some(proof) => format!("{PROVEN_BY}{proof}"),
            None if tells => report.message.clone(),
            None => row.cause.clone(),
        },
        attempts: report.attempts,
        sent: row.sent,
        signed_s,
        verdict_s: report.proven_at_s.or(report.proven.map(|proof| proof.at_s)).filter(|_| tells),
        answer: report.data.as_ref().map(|data| Arc::clone(data.get())),
        http_status: report.http_status.filter(|_| tells),
        request_id: report.request_id.clone().filter(|_| tells),
        host: report.host.clone().filter(|_| tells),
        course: report.course.clone(),
    }
}

/// Ends a claim with a report that is not about the row's own bytes.
pub(super) fn end(claim: Claim, state: State, signed_s: i64, report: Report) -> Report {
    let told = Report { data: None, code: Code::Ok, message: String::new(), ..report.clone() };
    let verdict = verdict(&claim.row, state, signed_s, &told);
    match claim.finish(verdict) {
        Ok(()) => report,
        Err(error) => unrecorded(report, &error),
    }
}
