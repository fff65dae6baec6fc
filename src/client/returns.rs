//! Returns in doubt. WeChat Pay's `return` names no redemption, so a repeat undoes whatever redemption stands at that
//! time. It is sent only if the coupon shows the intended redemption, or none.

use super::doubt::PriorAttempt;
use super::question::Lookup;
use super::{Client, OutgoingRequest, void};
use crate::api;
use crate::error::Result;
use crate::evidence::{StandingRedemptions, standing};
use crate::journal::Row;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::Report;
use crate::status::Code;

/// What a repeat would undo.
enum ReturnEffect {
    /// The redemption that it is for, or nothing.
    Intended,
    /// Another redemption.
    Another,
    /// It cannot be told now.
    Unknown(&'static str),
}

impl Client {
    /// Ends a return that the coupon does not show, or repeats it once. After that a new lookup is needed.
    pub(super) fn repeat_return(
        &self,
        request: &OutgoingRequest<'_>,
        lookup: &Lookup,
        prior: PriorAttempt,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let undoes = match request.claim.map(|claim| self.effect_of_return(&claim.row, lookup)) {
            None => ReturnEffect::Intended,
            Some(Ok(undoes)) => undoes,
            Some(Err(error)) => return Report { in_doubt: true, ..lookup.unsettled(&error.message) },
        };
        let is_dead = lookup.copies_are_dead(prior.signed_s);
        match undoes {
            ReturnEffect::Another if is_dead => {
                let message =
                    "the redemption that was to be returned is gone, and the coupon is redeemed anew";
                lookup.refused(Code::CouponState, message.to_owned(), prior.signed_s)
            }
            ReturnEffect::Another => {
                lookup.unsettled("the coupon is redeemed anew, and what was sent could still arrive")
            }
            ReturnEffect::Unknown(why) => lookup.unsettled(why),
            ReturnEffect::Intended => {
                let cleared = PriorAttempt { was_judged: true, ..PriorAttempt::default() };
                let prior = if lookup.rules_out_effect(prior.signed_s) { cleared } else { prior };
                self.send_with_retries(request, PriorAttempt { sends_once: true, ..prior }, deadline, cancel)
            }
        }
    }

    fn effect_of_return(&self, back: &Row, lookup: &Lookup) -> Result<ReturnEffect> {
        let Some(coupon) = lookup.coupon() else {
            return Ok(ReturnEffect::Unknown("asking about the coupon failed"));
        };
        let redemption = OutgoingRequest::recorded(back).redemption();
        let numbers = match standing(redemption, &coupon) {
            StandingRedemptions::Numbers(numbers) => numbers,
            StandingRedemptions::Unknown => {
                return Ok(ReturnEffect::Unknown(
                    "the coupon does not say whose redemption a return would undo",
                ));
            }
        };
        if numbers.is_empty() {
            let may_come = self.may_be_redeemed_anew(back, lookup)?;
            let why = "the coupon is not redeemed, and a later redemption of it could still arrive";
            return Ok(if may_come { ReturnEffect::Unknown(why) } else { ReturnEffect::Intended });
        }
        if void::is_own_return(&back.request.request_no) {
            let is_ours = numbers
                .iter()
                .any(|request_no| *void::return_request_no(request_no) == *back.request.request_no);
            return Ok(if is_ours { ReturnEffect::Intended } else { ReturnEffect::Another });
        }
        let mut is_ours = false;
        for request_no in &numbers {
            // A raw request may have redeemed it, too.
            let Some(row) = self.journal.find(request_no)? else { continue };
            if row.is_later_than(back) {
                return Ok(ReturnEffect::Another);
            }
            is_ours = true;
        }
        Ok(if is_ours {
            ReturnEffect::Intended
        } else if self.journal.knows_returned_redemption(back)? {
            // The redemption that this journal knows does not stand any more.
            ReturnEffect::Another
        } else if lookup.is_sequential() {
            ReturnEffect::Unknown("the coupon does not say which of its uses a return would undo")
        } else {
            // Another machine may have made the redemption.
            ReturnEffect::Intended
        })
    }

    /// Whether a later redemption of the coupon is in doubt, and may arrive after the answer was given.
    fn may_be_redeemed_anew(&self, back: &Row, lookup: &Lookup) -> Result<bool> {
        let mut open = self.journal.unfinished()?.into_iter();
        Ok(open.any(|row| {
            is_redemption(&row, back) && row.is_later_than(back) && !lookup.copies_are_dead(row.signed_s)
        }))
    }
}

/// Whether a row redeems the coupon that `back` returns.
fn is_redemption(row: &Row, back: &Row) -> bool {
    api::is_redemption(&row.request.operation) && row.may_share_coupon(back)
}
