//! A return in doubt. WeChat Pay's `return` names no redemption, so a repeat undoes whichever stands by then: it goes out
//! only where the coupon shows that this is the one that it is for, or that nothing is left to undo.

use super::doubt::PriorAttempt;
use super::question::Looked;
use super::{Client, OutgoingRequest, void};
use crate::api;
use crate::error::Result;
use crate::evidence::{Standing, standing};
use crate::journal::Row;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::Report;
use crate::status::Code;

/// What a repeat would undo.
enum Undoes {
    /// The redemption that it is for, or nothing.
    Right,
    /// Another redemption.
    Another,
    /// It cannot be told now.
    Unsaid(&'static str),
}

impl Client {
    /// Ends a return that the coupon does not show, or repeats it once: what it would undo then is asked about anew.
    pub(super) fn repeat_return(
        &self,
        request: &OutgoingRequest<'_>,
        looked: &Looked,
        prior: PriorAttempt,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let undoes = match request.claim.map(|claim| self.what_is_undone(&claim.row, looked)) {
            None => Undoes::Right,
            Some(Ok(undoes)) => undoes,
            Some(Err(error)) => return Report { in_doubt: true, ..looked.unsettled(&error.message) },
        };
        let is_dead = looked.copies_are_dead(prior.signed_s);
        match undoes {
            Undoes::Another if is_dead => {
                let message =
                    "the redemption that was to be returned is gone, and the coupon is redeemed anew";
                looked.refused(Code::CouponState, message.to_owned(), prior.signed_s)
            }
            Undoes::Another => {
                looked.unsettled("the coupon is redeemed anew, and what was sent could still arrive")
            }
            Undoes::Unsaid(why) => looked.unsettled(why),
            Undoes::Right => {
                let cleared = PriorAttempt { was_judged: true, ..PriorAttempt::default() };
                let prior = if looked.counts(prior.signed_s) { cleared } else { prior };
                self.send_with_retries(request, PriorAttempt { sends_once: true, ..prior }, deadline, cancel)
            }
        }
    }

    fn what_is_undone(&self, back: &Row, looked: &Looked) -> Result<Undoes> {
        let Some(coupon) = looked.coupon() else {
            return Ok(Undoes::Unsaid("asking about the coupon failed"));
        };
        let numbers = match standing(&coupon) {
            Standing::By(numbers) => numbers,
            Standing::Unsaid => {
                return Ok(Undoes::Unsaid("the coupon does not say whose redemption a return would undo"));
            }
        };
        if numbers.is_empty() {
            let may_come = self.may_be_redeemed_anew(back, looked)?;
            let why = "the coupon is not redeemed, and a later redemption of it could still arrive";
            return Ok(if may_come { Undoes::Unsaid(why) } else { Undoes::Right });
        }
        if void::is_own_return(&back.request.number) {
            let is_ours = numbers.iter().any(|number| *void::return_number(number) == *back.request.number);
            return Ok(if is_ours { Undoes::Right } else { Undoes::Another });
        }
        let mut is_ours = false;
        for number in &numbers {
            // With a raw request it may have been redeemed, too.
            let Some(row) = self.journal.find(number)? else { continue };
            if row.is_later_than(back) {
                return Ok(Undoes::Another);
            }
            is_ours = true;
        }
        Ok(if is_ours {
            Undoes::Right
        } else if self.journal.knows_what_is_returned(back)? {
            // The redemption that this journal knows is not there any more.
            Undoes::Another
        } else if looked.is_sequential() {
            Undoes::Unsaid("the coupon does not say which of its uses a return would undo")
        } else {
            // The redemption may have been made elsewhere.
            Undoes::Right
        })
    }

    /// Whether a later redemption of the coupon is in doubt, and may arrive after the answer was given.
    fn may_be_redeemed_anew(&self, back: &Row, looked: &Looked) -> Result<bool> {
        let mut open = self.journal.unfinished()?.into_iter();
        Ok(open.any(|row| {
            is_redemption(&row, back) && row.is_later_than(back) && !looked.copies_are_dead(row.signed_s)
        }))
    }
}

/// Whether a row is a redemption of what that return gives back.
fn is_redemption(row: &Row, back: &Row) -> bool {
    row.request.operation == api::USE.id && row.coupon == back.coupon
}
