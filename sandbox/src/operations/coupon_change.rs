//! What all operations on one user coupon share: finding it, repeated requests, recording the change.

use std::sync::Arc;

use super::{Call, Execution, Success};
use crate::operation::Operation;
use crate::refusal::{Reason, Refusal};
use crate::state::State;
use crate::state::catalogue::stock::Stock;
use crate::state::coupon::{Coupon, CouponState, Event, What};
use crate::state::coupon_json::Snapshot;
use crate::state::ledger::{Effect, Record};
use crate::state::used_rungs::rung;
use crate::sync::read;

pub(super) use crate::state::catalogue::Ids;

/// Who and what a request is about.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) openid: String,
    pub(super) coupon_code: String,
    pub(super) ids: Ids,
}

/// A coupon to answer with.
#[derive(Debug)]
pub(super) struct CouponAnswer {
    pub(super) snapshot: Snapshot,
    /// The request only repeated an earlier one.
    pub(super) duplicate: bool,
}

/// What is to become of a coupon.
pub(super) struct Change {
    pub(super) what: What,
    pub(super) state: CouponState,
}

/// A coupon under its lock, with its stock.
pub(super) struct LockedCoupon<'a> {
    pub(super) code: &'a Arc<str>,
    pub(super) stock: &'a Stock,
    pub(super) coupon: &'a mut Coupon,
}

impl LockedCoupon<'_> {
    /// The coupon as it stood after its first `events` events.
    pub(super) fn snapshot(&self, state: &State, events: usize) -> Snapshot {
        state.snapshot(self.coupon, self.code, self.stock, events)
    }
}

impl Call<'_> {
    /// Finds the coupon, checks that the request is about it, and answers with what `work` makes of it.
    pub(super) fn on_coupon(
        &self,
        target: &Target,
        work: impl FnOnce(LockedCoupon<'_>) -> Result<CouponAnswer, Refusal>,
    ) -> Result<Success, Refusal> {
        let catalogue = read(&self.state.catalogue);
        let index = catalogue.check(&target.ids)?;
        let stock = catalogue.stock(index).ok_or(Reason::Internal)?;
        let worked = self.state.coupons.with(&target.coupon_code, |code, coupon| {
            if !coupon.is_of(&target.openid) {
                return Err(Reason::WrongOpenid.into());
            }
            if coupon.stock != index {
                return Err(Refusal::because(
                    Reason::CouponAbsent,
                    ("coupon is of another stock", "券属于另一批次"),
                ));
            }
            work(LockedCoupon { code, stock, coupon })
        });
        let answer = worked.unwrap_or_else(|| Err(Reason::CouponAbsent.into()))?;
        let body = answer.snapshot.to_json(&catalogue).ok_or(Reason::Internal)?;
        Ok(Success::text(body, answer.duplicate))
    }

    /// Answers a repetition of an earlier request; refuses a number that came with other data, for another coupon
    /// or for another operation; else makes the change that `decide` allows.
    pub(super) fn repeat_or(
        &self,
        locked: LockedCoupon<'_>,
        number: &str,
        effect: Effect,
        decide: impl FnOnce(&LockedCoupon<'_>) -> Result<Change, Refusal>,
    ) -> Result<CouponAnswer, Refusal> {
        let digest = self.digest();
        if let Some((index, event)) = locked.coupon.event(number) {
            if event.effect() != effect || event.digest != digest {
                return Err(Reason::NumberReused.into());
            }
            return Ok(CouponAnswer { snapshot: locked.snapshot(self.state, index + 1), duplicate: true });
        }
        if self.state.numbers.is_taken(number) {
            return Err(used_elsewhere());
        }
        let Change { what, state } = decide(&locked)?;
        let at_ms = self.state.clock.business_now_ms();
        let event = Event { number: number.into(), digest, at_ms, what };
        self.apply(locked, event, state)
    }

    pub(super) fn check_unlocked(&self, locked: &LockedCoupon<'_>) -> Result<(), Refusal> {
        let is_locked = locked.coupon.traits.as_ref().is_some_and(|traits| traits.locked);
        if is_locked || self.state.is_busy(locked.code) { Err(Reason::Locked.into()) } else { Ok(()) }
    }

    /// Records the event, or only shows what it would lead to.
    fn apply(
        &self,
        locked: LockedCoupon<'_>,
        event: Event,
        state: CouponState,
    ) -> Result<CouponAnswer, Refusal> {
        let LockedCoupon { code, stock, coupon } = locked;
        let mut draft;
        let coupon = match self.execution {
            Execution::Commit => {
                if !self.state.numbers.claim(&event.number) {
                    return Err(used_elsewhere());
                }
                record(self.state, coupon, code, stock, &event, self.route.operation);
                coupon
            }
            Execution::DryRun => {
                draft = coupon.clone();
                &mut draft
            }
        };
        coupon.state = state;
        coupon.history.push(event);
        let events = coupon.history.len();
        let snapshot = self.state.snapshot(coupon, code, stock, events);
        Ok(CouponAnswer { snapshot, duplicate: false })
    }
}

/// Writes an event into the ledger and what else lies outside the coupon.
pub(super) fn record(
    state: &State,
    coupon: &Coupon,
    code: &Arc<str>,
    stock: &Stock,
    event: &Event,
    operation: Operation,
) {
    if let Some((bundle, rung)) = rung(stock, coupon) {
        match event.what {
            What::Used { .. } => {
                state.used_rungs.set(bundle, rung, Some(event.at_ms.div_euclid(1000)));
            }
            What::Returned => state.used_rungs.set(bundle, rung, None),
            What::Confirmed | What::Deactivated { .. } => {}
        }
    }
    state.ledger.add(Record {
        at_ms: event.at_ms,
        operation,
        coupon_code: Arc::clone(code),
        number: Arc::clone(&event.number),
        effect: event.effect(),
    });
    state.touch();
}

fn used_elsewhere() -> Refusal {
    Refusal::because(Reason::NumberReused, ("number was used for another object", "单号已用于另一对象"))
}

/// Why nothing can be done in a state.
pub(super) fn forbidden(state: CouponState) -> Refusal {
    match state {
        CouponState::Expired => Reason::Expired.into(),
        CouponState::Deleted => Reason::Deleted.into(),
        state => Refusal::because(
            Reason::StateForbids,
            (format!("coupon_state is {state}"), format!("coupon_state 是 {state}")),
        ),
    }
}
