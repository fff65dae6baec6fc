//! What happened to an attempt without an answer. The coupon, or the list of the user's coupons, may show it.
//!
//! This module decides when to ask, and [`evidence`] what an answer is worth. Nothing else ends doubt.

use super::question::SuccessCheck;
use super::{Client, OutgoingRequest};
use crate::api::{self, Recovery, ShownBy};
use crate::evidence::{self, Evidence};
use crate::net::cancel::Cancel;
use crate::net::clock::FAR_AHEAD_S;
use crate::net::deadline::Deadline;
use crate::outcome::Ask;
use crate::report::Report;
use crate::status::Code;
use crate::wire::verify::{Proof, WINDOW_S};

/// What an earlier call left behind.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PriorAttempt {
    /// It may have sent the request, and no answer ended it.
    pub doubt: bool,
    /// Time of the latest signature that may still arrive, in seconds since 1970. 0: none can.
    pub signed_s: i64,
    /// A proven answer about it came before.
    pub was_judged: bool,
    /// When a proven answer said that it was done, in seconds since 1970.
    pub done_s: Option<i64>,
    /// The doubt is older than the lifetime of the copies that it began with.
    pub is_old: bool,
    /// A return of the coupon that began after it may have undone it.
    pub may_be_returned: bool,
    /// It is sent at most once, because a repeat could undo something else.
    pub sends_once: bool,
}

/// The time of a signature, corrected by a later proven answer. A time far ahead of that answer was not the real time of
/// sending. The answer itself may be as old as the window allows.
pub(super) fn capped_by_proof(signed_s: i64, proof: Option<Proof>) -> i64 {
    let Some(proof) = proof.filter(|proof| proof.is_certain) else { return signed_s };
    let latest_now_s = proof.at_s.saturating_add(WINDOW_S);
    if signed_s > latest_now_s.saturating_add(FAR_AHEAD_S) { latest_now_s } else { signed_s }
}

pub(super) fn returned_since(operation: &str) -> String {
    if api::is_redemption(operation) {
        "the coupon was redeemed by this number and returned since".into()
    } else {
        "the request with this number took effect and was undone since".into()
    }
}

/// One refused or unclear attempt, and what else is known about its request.
pub(super) struct Case<'a> {
    pub request: &'a OutgoingRequest<'a>,
    pub prior: PriorAttempt,
    /// Time of the latest signature of this call that may still arrive. 0: none can.
    pub signed_s: i64,
    /// How often this call sent it.
    pub attempts_in_doubt: u32,
}

impl Case<'_> {
    /// Time of the latest signature of all calls.
    pub fn latest_s(&self) -> i64 {
        if self.prior.doubt { self.signed_s.max(self.prior.signed_s) } else { self.signed_s }
    }

    /// Whether a success may be an old answer to a request that was undone since.
    pub fn is_old_success(&self, success: &Report) -> bool {
        let Recovery::Query { shown_by: ShownBy::Coupon(trace), .. } = self.request.recovery() else {
            return false;
        };
        let signed_s = self.prior.signed_s;
        // If its age is not certain, it may be old. A later signature does not make an earlier one younger.
        let may_be_old = success.proven.is_none_or(|proof| {
            self.prior.is_old || !proof.is_certain || evidence::copies_are_dead(signed_s, proof)
        });
        !trace.stays_done && (self.prior.was_judged || self.prior.doubt && may_be_old)
    }

    fn other(&self, other: &str) -> String {
        format!("another request has done it before: {} {other}", self.request.id)
    }
}

impl Client {
    /// A refused repeat does not say what happened to the first attempt. The coupon does.
    pub(super) fn settle_refusal(
        &self,
        case: &Case<'_>,
        refusal: Report,
        doubt: Report,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let signed_s = case.latest_s();
        // The proven time limits when the latest copy can have been sent.
        let mut proven = refusal.proven;
        match case.request.recovery() {
            Recovery::Query { query, shown_by } => {
                let lookup = self.look_up(case.request, query, shown_by, deadline, cancel);
                proven = lookup.proof.or(proven);
                let must_name = matches!(shown_by, ShownBy::Coupon(trace) if trace.must_name);
                let late = !lookup.copies_are_dead(signed_s);
                match &lookup.evidence {
                    Evidence::Done => return lookup.done(),
                    Evidence::Undone => {
                        return lookup.refused(Code::CouponState, returned_since(case.request.id), signed_s);
                    }
                    // Reported at once, because the customer is waiting. The row stays watched.
                    Evidence::Other(_) => return Report { may_arrive_late: late, ..refusal },
                    // If the first attempt had taken effect, its repeat would have had the same answer.
                    Evidence::Unnamed(_) if !must_name && !late && is_answer_for_good(&refusal, signed_s) => {
                        return refusal;
                    }
                    _ if lookup.rules_out_effect(signed_s) => return refusal,
                    _ => {}
                }
                if lookup.report.code != Code::Ok {
                    let said = refusal.code.name();
                    let message = format!(
                        "{}; then {said}: asking was no use: {}",
                        doubt.message, lookup.report.message
                    );
                    return Report { message, proven, ..doubt };
                }
            }
            // Had the first attempt taken effect, its repeat would have had the same answer.
            Recovery::Repeat if is_answer_for_good(&refusal, signed_s) => return refusal,
            _ => {}
        }
        // The attempt in doubt may still be on its way, or WeChat Pay may be working on it.
        let message = format!("{}; a repeat was refused now ({})", doubt.message, refusal.message);
        Report { message, proven, ..doubt }
    }

    /// A proven success does not show this request. So the coupon is asked about in the same call.
    pub(super) fn settle_unclear_success(
        &self,
        case: &Case<'_>,
        unclear: Report,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        if unclear.ask == Some(Ask::NamesNothing) {
            return self.settle_unnamed_success(case, unclear, deadline, cancel);
        }
        let in_doubt = |why: &str| {
            let message = format!("{}; asking: {why}", unclear.message);
            Report { message, data: None, ..unclear.clone() }
        };
        let Recovery::Query { query, shown_by } = case.request.recovery() else {
            return in_doubt("nothing to ask");
        };
        let lookup = self.look_up(case.request, query, shown_by, deadline, cancel);
        let must_name = matches!(shown_by, ShownBy::Coupon(trace) if trace.must_name);
        let every_attempt_is_answered = !case.prior.doubt && case.attempts_in_doubt <= 1;
        match &lookup.evidence {
            Evidence::Done => lookup.done(),
            Evidence::Undone => {
                lookup.refused(Code::CouponState, returned_since(case.request.id), case.latest_s())
            }
            // The coupon has left its old state, and WeChat Pay said success.
            Evidence::Unnamed(_) if !must_name => lookup.done(),
            Evidence::Unnamed(_) if unclear.ask == Some(Ask::Unnamed) && every_attempt_is_answered => {
                Report {
                    code: Code::Ok,
                    in_doubt: false,
                    verification: None,
                    proof: Some("answer"),
                    ..unclear
                }
            }
            Evidence::Other(other) => {
                let message = case.other(other);
                lookup.refused(Code::CouponState, message, case.latest_s())
            }
            Evidence::NotDone { state, .. } if lookup.rules_out_effect(0) && ends(case.request.id, state) => {
                let message = format!("the coupon is {state}");
                lookup.refused(Code::CouponState, message, case.latest_s())
            }
            _ if lookup.report.code == Code::Ok => in_doubt("the coupon does not show this number"),
            _ => in_doubt(&lookup.report.message),
        }
    }

    /// This number had an answer before. Only the coupon says whether a success still stands. A refusal does not disprove
    /// an effect that was proven before.
    pub(super) fn settle_old_answer(
        &self,
        case: &Case<'_>,
        last: Report,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let Recovery::Query { query, shown_by } = case.request.recovery() else { return last };
        let lookup = self.look_up(case.request, query, shown_by, deadline, cancel);
        match lookup.check_success(case.prior.done_s) {
            SuccessCheck::Stands if last.code == Code::Ok => last,
            SuccessCheck::Stands => lookup.done(),
            SuccessCheck::Undone => lookup.refused(Code::CouponState, returned_since(case.request.id), 0),
            // The answer is kept in the row. From now on only the coupon decides.
            SuccessCheck::Unknown if last.code == Code::Ok => {
                let why = match lookup.report.code {
                    Code::Ok => "when the coupon was like this is not certain",
                    _ => &lookup.report.message,
                };
                let message = format!("the answer may be an old one; asking: {why}");
                Report { code: Code::AnswerUntrusted, in_doubt: true, message, ..last }
            }
            SuccessCheck::Unknown => last,
        }
    }
}

/// States that show that an operation had no effect although WeChat Pay said success.
fn ends(operation: &str, state: &str) -> bool {
    match operation {
        "confirm" => matches!(state, "EXPIRED" | "DELETED" | "DEACTIVATED"),
        _ => matches!(state, "EXPIRED" | "DELETED"),
    }
}

/// A proven refusal of a repeat, given after the time at which the last copy could arrive.
fn is_answer_for_good(refusal: &Report, signed_s: i64) -> bool {
    is_about_the_request(refusal.code)
        && !says_it_exists(refusal)
        && refusal.proven.is_some_and(|proof| evidence::copies_are_dead(signed_s, proof))
}

/// A refusal because of permissions or the signature says nothing about an earlier request.
fn is_about_the_request(refusal: Code) -> bool {
    !matches!(refusal, Code::NoPermission | Code::SignRejected)
}

/// "It exists already" may speak of the first attempt's own effect. Families of WeChat Pay differ in what they call it.
pub(super) fn says_it_exists(refusal: &Report) -> bool {
    let code = refusal.wechat.as_ref().and_then(|error| error.code.as_deref()).unwrap_or_default();
    code.contains("ALREADY_EXIST")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_certain_answer_corrects_the_time_of_a_signature_that_lies_far_ahead_of_it() {
        let proof = |is_certain| Some(Proof { at_s: 1_000_000, is_certain });
        let latest_now_s = 1_000_000 + WINDOW_S;
        let furthest_s = latest_now_s + FAR_AHEAD_S;
        assert_eq!(capped_by_proof(furthest_s + 1, proof(true)), latest_now_s);
        assert_eq!(capped_by_proof(furthest_s, proof(true)), furthest_s);
        assert_eq!(capped_by_proof(999_000, proof(true)), 999_000);
        assert_eq!(capped_by_proof(furthest_s + 1, proof(false)), furthest_s + 1);
        assert_eq!(capped_by_proof(furthest_s + 1, None), furthest_s + 1);
    }

    #[test]
    fn what_is_refused_for_want_of_rights_says_nothing_of_the_request() {
        assert!(!is_about_the_request(Code::NoPermission) && !is_about_the_request(Code::SignRejected));
        assert!(is_about_the_request(Code::CouponState) && is_about_the_request(Code::NotFound));
    }
}
