//! A write that has a request number, from the call to the verdict: recorded, looked up, sent, recorded again.

use super::doubt::{self, PriorAttempt};
use super::question::SuccessCheck;
use super::{Client, OutgoingRequest, RUNNING_ELSEWHERE_MS, record, settle};
use crate::api::{self, Operation, Prepared, Recovery};
use crate::error::Error;
use crate::evidence::{self, Evidence};
use crate::journal::{self, Begin, Claim, NewRow, Row, State};
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::{JsonText, Report};
use crate::status::{Class, Code};
use crate::system::{self, wall_ms};
use std::sync::Arc;

/// Older doubt is settled by a lookup. It is repeated only when no copy can arrive any more.
const OLD_DOUBT_MS: i64 = evidence::COPY_LIFETIME_S * 1000;

impl Client {
    pub(super) fn run_once(
        &self,
        id: &str,
        operation: Option<&'static Operation>,
        prepared: Prepared,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let request = OutgoingRequest::fresh(id, operation, &prepared);
        let Some(request_no) = request.request_no.filter(|_| request.writes).map(Arc::<str>::from) else {
            // A read, or a write that WeChat Pay could not recognise as a repeat. There is nothing to record.
            let report = self.send_with_retries(&request, PriorAttempt::default(), deadline, cancel);
            self.remember_answer(id, &prepared.members, &report);
            return report;
        };
        let recorded_request = journal::Request {
            operation: id.to_owned(),
            request_no: Arc::clone(&request_no),
            method: prepared.method,
            target: prepared.target,
            body: prepared.body,
        };
        let new = NewRow {
            request: Arc::new(recorded_request),
            members: prepared.members,
            filled_in: prepared.filled_in,
            trace: prepared.options.trace,
            ask_again: !self.config.journal.replays
                || operation.is_some_and(|operation| operation.short_lived),
        };
        let began = system::now();
        let found = self.recorded_first(new, deadline);
        self.stats.recorded(found.is_ok(), system::now().saturating_duration_since(began));
        let report = match found {
            Ok(Begin::Go(claim)) => self.execute(claim, Trigger::Call, deadline, cancel),
            Ok(Begin::Recorded(row)) => {
                let report = self.recorded(&row);
                self.remember_answer(id, &row.members, &report);
                report
            }
            Ok(Begin::Unsettled(row)) => settle::unsettled(&row),
            Ok(Begin::Running) => Report {
                message: "another call is working on this number".into(),
                in_doubt: true,
                retry_after_ms: Some(RUNNING_ELSEWHERE_MS),
                ..Report::new(Code::Locked)
            },
            Ok(Begin::Reused { why, in_doubt }) => {
                Report { message: why, in_doubt, ..Report::new(Code::RequestNoReused) }
            }
            Ok(Begin::Differs { why, row }) => Report { message: why, ..settle::unsettled(&row) },
            Err(error) => self.unwritten(&request_no, error),
        };
        Report { out_request_no: Some(request_no.to_string()), elapsed_ms: deadline.elapsed_ms(), ..report }
    }

    /// Records the request before it is sent. Where the disk is full, the directory gives way.
    fn recorded_first(&self, new: NewRow, deadline: &Deadline) -> Result<Begin<Claim>, Error> {
        let until_s = self.end_of(deadline);
        let Some(directory) = &self.directory else { return self.journal.begin(new, until_s) };
        match self.journal.begin(new.clone(), until_s) {
            Err(error) if error.no_room => {
                directory.give_way();
                self.journal.begin(new, until_s)
            }
            found => found,
        }
    }

    /// The latest time at which a call with this deadline may sign.
    pub(super) fn end_of(&self, deadline: &Deadline) -> i64 {
        let left = self.journal.lease().map_or(deadline.left(), |lease| lease.min(deadline.left()));
        let left = left.as_secs().saturating_add(1);
        self.clock.now_s().saturating_add(i64::try_from(left).unwrap_or(i64::MAX))
    }

    /// Sends the bytes of a claimed row until there is an answer, and records the result.
    pub(super) fn execute(
        &self,
        mut claim: Claim,
        trigger: Trigger,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        if claim.row.is_forgotten() {
            return self.recorded(&claim.row);
        }
        let row = &claim.row;
        let is_done = row.state == State::Done && !is_short_lived(row);
        let done_s = (is_done || row.answer.is_some()).then(|| done_s(row)).filter(|_| !is_short_lived(row));
        let was_judged = is_done || row.verdict_s.is_some();
        let is_old = row.doubted_ms.is_some_and(|since| wall_ms().saturating_sub(since) > OLD_DOUBT_MS);
        let prior = PriorAttempt {
            doubt: claim.doubt,
            signed_s: row.signed_s,
            was_judged,
            done_s,
            is_old,
            may_be_returned: claim.returns.any,
            sends_once: false,
        };
        let request = OutgoingRequest { claim: Some(&claim), ..OutgoingRequest::recorded(row) };
        let report = self.complete(&request, prior, trigger, deadline, cancel);
        let known = is_done.then(|| self.recorded(row));
        let by_evidence = report.by_evidence;
        if by_evidence
            && api::is_return(&claim.row.request.operation)
            && report.code.class() == Class::Refused
        {
            // A repeat would undo whatever redemption stands at that time.
            claim.row.note = Some(report.message.clone());
        }
        let told = self.remembers(&claim.row.request.operation).then(|| claim.row.clone());
        let report = record::record(claim, report, trigger);
        if let Some(row) = told {
            self.remember_answer(&row.request.operation, &row.members, &report);
        }
        match known {
            // There is no fresh answer. The recorded one is proven and still true.
            Some(known) if report.code != Code::Ok && !by_evidence => known,
            _ if report.code != Code::Ok => Report { data: None, ..report },
            _ => report,
        }
    }

    /// Sends the request, after a lookup where a plain repeat would not be safe: when no copy of an earlier call can arrive
    /// any more, before every repeat of a return, and for a redemption that may have been returned.
    fn complete(
        &self,
        request: &OutgoingRequest<'_>,
        prior: PriorAttempt,
        trigger: Trigger,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let may_be_dead = || {
            let now_s = self.clock.proven_s().unwrap_or_else(|| self.clock.now_s());
            now_s >= prior.signed_s.saturating_add(evidence::COPY_LIFETIME_S)
        };
        let Recovery::Query { query, shown_by } = request.recovery() else {
            return self.send_with_retries(request, prior, deadline, cancel);
        };
        let is_return = api::is_return(request.id);
        // Repeats whose answers are lost too would renew the doubt again and again.
        let waits = trigger == Trigger::Settling && prior.is_old;
        let asks_first = prior.doubt && (is_return || waits || prior.done_s.is_some() || may_be_dead());
        if !asks_first && !prior.may_be_returned {
            return self.send_with_retries(request, prior, deadline, cancel);
        }
        let lookup = self.look_up(request, query, shown_by, deadline, cancel);
        let is_dead = lookup.rules_out_effect(prior.signed_s);
        let (attempts, got_response) = (lookup.report.attempts, lookup.report.got_response);
        let report = match (lookup.check_success(prior.done_s), lookup.evidence.clone()) {
            (SuccessCheck::Stands, _) => lookup.done(),
            (SuccessCheck::Undone, _) => {
                lookup.refused(Code::CouponState, doubt::returned_since(request.id), prior.signed_s)
            }
            _ if prior.done_s.is_some() => {
                lookup.unsettled("WeChat Pay said success, and the coupon does not show it")
            }
            (_, Evidence::Other(other)) if is_dead => {
                let message = format!("another request has done it: number {other}");
                lookup.refused(Code::CouponState, message, prior.signed_s)
            }
            // It may have redeemed the coupon before the return. A repeat could redeem it once more.
            _ if prior.may_be_returned && is_dead => {
                let message =
                    "a return of the coupon began after this request, which does not stand".to_owned();
                lookup.refused(Code::CouponState, message, prior.signed_s)
            }
            _ if prior.may_be_returned => {
                lookup.unsettled("a return of the coupon began after this request, and may have undone it")
            }
            (_, Evidence::NotDone { state, .. }) if waits && !is_dead => {
                let why = format!("the coupon is {state}; what was sent could still arrive");
                Report { code: Code::ConnectionLost, ..lookup.unsettled(&why) }
            }
            _ if is_return => self.repeat_return(request, &lookup, prior, deadline, cancel),
            // It had no effect and can have none any more. So what is sent now is judged like a first call.
            _ => {
                let cleared = PriorAttempt { was_judged: true, ..PriorAttempt::default() };
                let prior = if is_dead { cleared } else { prior };
                self.send_with_retries(request, prior, deadline, cancel)
            }
        };
        let attempts = if report.attempts > 0 { report.attempts } else { attempts };
        let out_request_no = request.request_no.map(str::to_owned);
        let got_response = report.got_response || got_response;
        Report { attempts, got_response, out_request_no, elapsed_ms: deadline.elapsed_ms(), ..report }
    }

    /// The recorded result of a finished row, unless the journal knows that it was undone.
    pub(super) fn recorded(&self, row: &Row) -> Report {
        let known = recorded(row);
        if known.code != Code::Ok || !api::is_redemption(&row.request.operation) {
            return known;
        }
        let returns = match self.journal.returned_since(row) {
            Ok(returns) => returns,
            Err(error) => return error.into(),
        };
        match returns.iter().rev().find(|back| !shows_use(back, &row.request.request_no)) {
            None => known,
            Some(back) => Report {
                message: format!(
                    "{}, by return {}",
                    doubt::returned_since(&row.request.operation),
                    back.request.request_no
                ),
                recorded: true,
                data: None,
                out_request_no: known.out_request_no,
                ..Report::new(Code::CouponState)
            },
        }
    }

    /// The journal could not record the request, so nothing was sent. But the number may have been sent before, or the row
    /// may be on disk in spite of the error.
    pub(super) fn unwritten(&self, request_no: &str, error: Error) -> Report {
        match self.journal.find(request_no) {
            // The row that is found may be this call's own, and a power cut may still remove it.
            _ if error.code == Code::Unrecorded => error.into(),
            Ok(Some(row)) if row.state.is_in_doubt() => {
                let message = format!("nothing was sent now: {}", error.message);
                Report { message, ..settle::unsettled(&row) }
            }
            _ => error.into(),
        }
    }
}

/// WeChat Pay's time at which a row was proven to be done, in seconds since 1970.
pub(super) fn done_s(row: &Row) -> i64 {
    row.verdict_s.unwrap_or_else(|| row.updated_ms.div_euclid(1000))
}

/// What a request is executed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trigger {
    /// A call of the till that brings the request.
    Call,
    /// Settling of recorded requests.
    Settling,
}

/// Its answer is valid for a few minutes only.
pub(super) fn is_short_lived(row: &Row) -> bool {
    api::by_id(&row.request.operation).is_some_and(|operation| operation.short_lived)
}

/// Whether the answer of a return shows that the use with this number stands. A coupon with several uses may have had
/// another use returned.
fn shows_use(back: &Row, request_no: &str) -> bool {
    let shown = back.answer.as_ref().and_then(JsonText::read);
    let coupon = shown.and_then(|coupon| serde_json::from_str(coupon.get()).ok());
    let redemption = OutgoingRequest::recorded(back).redemption();
    coupon.is_some_and(|coupon| evidence::of_coupon(redemption, request_no, &coupon) == Evidence::Done)
}

/// The recorded result of a finished row, without any lookup.
fn recorded(row: &Row) -> Report {
    // A later version may have recorded a code that this one does not know. The state implies its class.
    let known = Code::from_number(row.code).filter(|code| *code != Code::Ok);
    let code = match row.state {
        State::Done => Code::Ok,
        State::Refused | State::RefusedWatched => known.unwrap_or(Code::Refused),
        State::Closed => known.unwrap_or(Code::Connect),
        _ => known.unwrap_or(Code::Internal),
    };
    let proof = record::recorded_proof(row);
    Report {
        recorded: true,
        recorded_at: Some(stamp(row.verdict_s.unwrap_or(row.updated_ms.div_euclid(1000)))),
        retry_after_ms: (code.class() == Class::Busy).then_some(RUNNING_ELSEWHERE_MS),
        out_request_no: Some(row.request.request_no.to_string()),
        message: if proof.is_some() { String::new() } else { row.cause.clone() },
        proof,
        http_status: row.http_status,
        request_id: row.request_id.clone(),
        host: row.host.clone(),
        data: row.answer.as_ref().filter(|_| code == Code::Ok).and_then(JsonText::read),
        ..Report::new(code)
    }
}

/// A time in WeChat Pay's format.
pub(super) fn stamp(unix_s: i64) -> String {
    time::OffsetDateTime::from_unix_timestamp(unix_s).map(api::use_time).unwrap_or_default()
}
