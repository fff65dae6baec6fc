//! Answers that name neither coupon nor number, and refusals that do not say that nothing happened. A question about the
//! coupon follows, and the verdict rests on that.

use super::doubt::{Case, returned_since, says_it_exists};
use super::question::Lookup;
use super::{Client, OutgoingRequest};
use crate::api::{Operation, Recovery, ShownBy, Trace};
use crate::evidence::Evidence;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::{JsonText, Report};
use crate::status::Code;
use std::time::Duration;

/// How often a coupon is asked about that does not show yet what an answer has just said. WeChat Pay may read a moment behind
/// its writes.
const QUESTIONS: usize = 3;
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(200);

impl Client {
    /// A proven success at the time of the request leads to the coupon. If the coupon cannot be asked about, the answer is
    /// believed, unless it names another owner or stock than is known. But a state that contradicts it is not ignored.
    pub(super) fn settle_unnamed_success(
        &self,
        case: &Case<'_>,
        success: Report,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let in_doubt = |why: &str| {
            let message = format!("{}; asking: {why}", success.message);
            // The answer is kept in the row, because it tells whose coupon it is.
            Report { message, ..success.clone() }
        };
        let Recovery::Query { query, shown_by: ShownBy::Coupon(trace) } = case.request.recovery() else {
            return in_doubt("nothing to ask");
        };
        let answer = success.data.as_ref().map(|data| &**data.get());
        let request = OutgoingRequest { answer, ..*case.request };
        let lookup = self.look_up_until_shown(&request, query, trace, deadline, cancel);
        let done = Report {
            code: Code::Ok,
            in_doubt: false,
            verification: None,
            message: String::new(),
            ..success.clone()
        };
        let by_question = || Report {
            proof: Some("query"),
            proven: lookup.proof.or(success.proven),
            looked_up: lookup.coupon().and_then(|coupon| JsonText::of(&coupon)),
            ..done.clone()
        };
        // A coupon whose stock the request need not name is the only one with its code.
        let is_of_another = || {
            lookup.report.contradicts() && !request.members.contains_key("stock_id")
                || self.names_another_owner(&request)
        };
        let by_answer = |why: &str| {
            if is_of_another() {
                in_doubt(&format!("the answer may be about another coupon: {why}"))
            } else if case.is_old_success(&success) {
                // It repeats the first answer to this number, and the effect may have been undone since.
                in_doubt(why)
            } else {
                Report { proof: Some("answer"), ..done.clone() }
            }
        };
        match &lookup.evidence {
            Evidence::Done => by_question(),
            Evidence::Unnamed(_) if !trace.must_name => by_question(),
            Evidence::Unnamed(_) => by_answer("the coupon names no number"),
            Evidence::Undone => {
                // The answer is kept in the row: while a copy may arrive, the coupon is asked about with its owner.
                let told =
                    lookup.refused(Code::CouponState, returned_since(case.request.id), case.latest_s());
                Report { data: success.data.clone(), ..told }
            }
            Evidence::Other(other) => in_doubt(&format!("the coupon shows number {other}")),
            _ if lookup.report.code == Code::Ok => in_doubt("the coupon does not show this number"),
            _ => by_answer(&lookup.report.message),
        }
    }

    fn look_up_until_shown(
        &self,
        request: &OutgoingRequest<'_>,
        query: &'static Operation,
        trace: &'static Trace,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Lookup {
        let ask = || self.look_up(request, query, ShownBy::Coupon(trace), deadline, cancel);
        let mut lookup = ask();
        for _ in 1..QUESTIONS {
            let may_lag = matches!(lookup.evidence, Evidence::NotDone { .. });
            if !may_lag || deadline.left() <= BETWEEN_QUESTIONS || !cancel.pause(BETWEEN_QUESTIONS) {
                break;
            }
            lookup = ask();
        }
        lookup
    }

    /// A refusal of the only attempt that does not say that it had no effect. The coupon is asked about before the till is told.
    pub(super) fn settle_unclear_refusal(
        &self,
        case: &Case<'_>,
        refusal: Report,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let in_doubt = |why: &str| {
            let message = format!(
                "{}; that does not say whether this very request has taken effect. Asking: {why}",
                refusal.message
            );
            let code = Code::AnswerUnreadable;
            Report { code, in_doubt: true, message, hint: None, cashier: None, ..refusal.clone() }
        };
        let Recovery::Query { query, shown_by } = case.request.recovery() else {
            return in_doubt("nothing to ask");
        };
        let says_it_exists = says_it_exists(&refusal);
        let lookup = match shown_by {
            ShownBy::Coupon(trace) if says_it_exists => {
                self.look_up_until_shown(case.request, query, trace, deadline, cancel)
            }
            _ => self.look_up(case.request, query, shown_by, deadline, cancel),
        };
        let signed_s = case.latest_s();
        let may_arrive_late = !lookup.copies_are_dead(signed_s);
        match &lookup.evidence {
            Evidence::Done => lookup.done(),
            Evidence::Undone => lookup.refused(Code::CouponState, returned_since(case.request.id), signed_s),
            // A line may have sent the bytes twice: then it is this very request that has redeemed the coupon.
            Evidence::NotDone { is_final: false, .. } if says_it_exists => {
                in_doubt("the coupon does not show any redemption")
            }
            // As after doubt: reported at once, and watched.
            Evidence::Other(_) => Report { may_arrive_late, ..refusal },
            _ if lookup.rules_out_effect(signed_s) => refusal,
            _ if lookup.report.code == Code::Ok => in_doubt("the coupon does not say"),
            _ => in_doubt(&lookup.report.message),
        }
    }
}
