//! The business rules of what is done to one user coupon.

use std::sync::Arc;

use super::World;
use super::catalogue::stock::Stock;
use super::catalogue::{Catalogue, Mode};
use super::coupon::{Coupon, CouponState, Digest, Event, StoreScope, What};
use super::entity::Snapshot;
use super::ledger::{Effect, Record};
use super::requests::{ReturnRequest, Target, UseRequest};
use crate::refusal::{Reason, Refusal};
use crate::sync::read;

const DAY: i64 = 86_400;

/// Whether an operation leaves traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It really happens.
    Real,
    /// Only the answer is made, as if it had happened.
    Pretend,
}

/// A successful operation.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) snapshot: Snapshot,
    /// The request only repeated an earlier one.
    pub(crate) duplicate: bool,
}

/// What a new event needs.
pub(super) struct Change<'a> {
    pub(super) operation: &'static str,
    pub(super) number: &'a str,
    pub(super) digest: Digest,
    pub(super) what: What,
    pub(super) state: CouponState,
}

/// A coupon under its lock, with its stock.
pub(super) struct Held<'a> {
    pub(super) code: &'a Arc<str>,
    pub(super) stock: &'a Stock,
    pub(super) coupon: &'a mut Coupon,
}

impl World {
    /// `query`: how the coupon stands.
    pub(crate) fn query(&self, target: &Target) -> Result<Done, Refusal> {
        self.on_coupon(target, |held| {
            Ok(Done { snapshot: self.snapshot(&held, held.coupon.history.len()), duplicate: false })
        })
    }

    /// `use`: redeems the coupon.
    pub(crate) fn redeem(&self, request: &UseRequest, mark: Mark) -> Result<Done, Refusal> {
        self.on_coupon(&request.target, |held| {
            if let Some(done) = self.repeat(&held, &request.number, &request.digest, Effect::Used)? {
                return Ok(done);
            }
            self.check_usable(&held, request.store_id.as_deref())?;
            let change = Change {
                operation: "use",
                number: &request.number,
                digest: request.digest,
                what: What::Used {
                    use_time: request.use_time.as_str().into(),
                    order: request.order.as_str().into(),
                },
                state: CouponState::Used,
            };
            self.apply(held, change, mark)
        })
    }

    /// `return`: takes the redemption back.
    pub(crate) fn give_back(&self, request: &ReturnRequest, mark: Mark) -> Result<Done, Refusal> {
        self.on_coupon(&request.target, |held| {
            if let Some(done) = self.repeat(&held, &request.number, &request.digest, Effect::Returned)? {
                return Ok(done);
            }
            self.check_unlocked(&held)?;
            match held.coupon.state_at(self.clock.business_now()) {
                CouponState::Used => {}
                state => return Err(forbidden(state)),
            }
            if rung(held.stock, held.coupon).is_some_and(|(bundle, rung)| !self.bundles.is_last(bundle, rung))
            {
                return Err(Refusal::because(
                    Reason::StateForbids,
                    "only the most recently used coupon of a bundle can be returned",
                ));
            }
            let change = Change {
                operation: "return",
                number: &request.number,
                digest: request.digest,
                what: What::Returned,
                state: CouponState::Effective,
            };
            self.apply(held, change, mark)
        })
    }

    /// Finds the coupon and checks that the request is about it.
    pub(super) fn on_coupon<R>(
        &self,
        target: &Target,
        work: impl FnOnce(Held<'_>) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let catalogue = read(&self.catalogue);
        let index = catalogue.check(&target.ids)?;
        let stock = catalogue.stock(index).ok_or(Reason::Internal)?;
        self.coupons
            .with(&target.coupon_code, |code, coupon| {
                if !coupon.is_of(&target.openid) {
                    return Err(Reason::WrongOpenid.into());
                }
                if coupon.stock != index {
                    return Err(Refusal::because(Reason::CouponAbsent, "coupon is of another stock"));
                }
                work(Held { code, stock, coupon })
            })
            .unwrap_or_else(|| Err(Reason::CouponAbsent.into()))
    }

    /// Answers a repetition of an earlier request; refuses a number that
    /// came with other data, for another coupon or for another operation.
    pub(super) fn repeat(
        &self,
        held: &Held<'_>,
        number: &str,
        digest: &Digest,
        effect: Effect,
    ) -> Result<Option<Done>, Refusal> {
        let Some((index, event)) = held.coupon.event(number) else {
            return if self.numbers.is_taken(number) {
                Err(Refusal::because(Reason::NumberReused, "number was used for another object"))
            } else {
                Ok(None)
            };
        };
        if event.effect() != effect || event.digest != *digest {
            return Err(Reason::NumberReused.into());
        }
        Ok(Some(Done { snapshot: self.snapshot(held, index + 1), duplicate: true }))
    }

    pub(super) fn check_unlocked(&self, held: &Held<'_>) -> Result<(), Refusal> {
        let locked = held.coupon.traits.as_ref().is_some_and(|traits| traits.locked);
        if locked || self.is_busy(held.code) { Err(Reason::Locked.into()) } else { Ok(()) }
    }

    /// Whether the coupon can be redeemed here and now.
    fn check_usable(&self, held: &Held<'_>, store_id: Option<&str>) -> Result<(), Refusal> {
        self.check_unlocked(held)?;
        let now = self.clock.business_now();
        match held.coupon.state_at(now) {
            CouponState::Effective => {}
            CouponState::Used => return Err(Reason::UsedByAnother.into()),
            CouponState::Pending => return Err(Reason::OutsideValidity.into()),
            state => return Err(forbidden(state)),
        }
        let Some(traits) = &held.coupon.traits else {
            return Ok(());
        };
        if !traits.hours.allow(now) || !held.stock.period.is_open(now) {
            return Err(Reason::OutsideHours.into());
        }
        check_store(held.stock, &traits.stores, store_id)?;
        let Some((bundle, rung)) = rung(held.stock, held.coupon) else {
            return Ok(());
        };
        if !self.bundles.is_next(bundle, rung) {
            return Err(Refusal::because(
                Reason::StateForbids,
                "earlier coupons of the bundle must be used first",
            ));
        }
        let Mode::Bundle { interval_days, .. } = held.stock.mode else {
            return Ok(());
        };
        match self.bundles.previous_use(bundle, rung) {
            Some(at) if now < at.saturating_add(interval_days * DAY) => Err(Refusal::because(
                Reason::StateForbids,
                "interval_days have not passed since the last use",
            )),
            _ => Ok(()),
        }
    }

    /// Records the event, or only shows what it would lead to.
    pub(super) fn apply(&self, held: Held<'_>, change: Change<'_>, mark: Mark) -> Result<Done, Refusal> {
        let event = Event {
            number: change.number.into(),
            digest: change.digest,
            at_ms: self.clock.business_now_ms(),
            what: change.what,
        };
        let Held { code, stock, coupon } = held;
        let mut pretended;
        let coupon = match mark {
            Mark::Real => {
                if !self.numbers.claim(&event.number) {
                    return Err(Refusal::because(Reason::NumberReused, "number was used for another object"));
                }
                self.record(coupon, code, stock, &event, change.operation);
                coupon
            }
            Mark::Pretend => {
                pretended = coupon.clone();
                &mut pretended
            }
        };
        coupon.state = change.state;
        coupon.history.push(event);
        let events = coupon.history.len();
        Ok(Done { snapshot: self.snapshot(&Held { code, stock, coupon }, events), duplicate: false })
    }

    /// Writes an event into the books that lie outside the coupon.
    pub(super) fn record(
        &self,
        coupon: &Coupon,
        code: &Arc<str>,
        stock: &Stock,
        event: &Event,
        operation: &'static str,
    ) {
        if let Some((bundle, rung)) = rung(stock, coupon) {
            match event.what {
                What::Used { .. } => {
                    self.bundles.set(bundle, rung, Some(event.at_ms.div_euclid(1000)));
                }
                What::Returned => self.bundles.set(bundle, rung, None),
                What::Confirmed | What::Deactivated { .. } => {}
            }
        }
        self.ledger.add(Record {
            at_ms: event.at_ms,
            operation,
            coupon_code: Arc::clone(code),
            number: Arc::clone(&event.number),
            effect: event.effect(),
        });
        self.touch();
    }

    /// The coupon as it stood after its first `events` events.
    fn snapshot(&self, held: &Held<'_>, events: usize) -> Snapshot {
        self.snapshot_of(held.coupon, held.code, held.stock, events)
    }

    pub(super) fn snapshot_of(&self, coupon: &Coupon, code: &str, stock: &Stock, events: usize) -> Snapshot {
        let window = (stock.period.begin, stock.period.end);
        let mut snapshot = Snapshot::new(coupon, code, events, window, self.clock.business_now());
        if let Some((bundle, _)) = rung(stock, coupon) {
            snapshot.bundle = Some((bundle.to_owned(), self.bundles.used_count(bundle)));
        }
        snapshot
    }
}

/// The bundle and position of a rung.
pub(super) fn rung<'a>(stock: &Stock, coupon: &'a Coupon) -> Option<(&'a str, u32)> {
    let Mode::Bundle { rung, .. } = stock.mode else {
        return None;
    };
    Some((coupon.traits.as_ref()?.bundle.as_deref()?, rung))
}

/// Why nothing can be done in a state.
pub(super) fn forbidden(state: CouponState) -> Refusal {
    match state {
        CouponState::Expired => Reason::Expired.into(),
        CouponState::Deleted => Reason::Deleted.into(),
        state => Refusal::because(Reason::StateForbids, format!("coupon_state is {state}")),
    }
}

fn check_store(stock: &Stock, scope: &StoreScope, store_id: Option<&str>) -> Result<(), Refusal> {
    let allowed = match scope {
        StoreScope::None => true,
        StoreScope::All => store_id.is_some_and(Catalogue::has_store),
        StoreScope::Specific { stores } => {
            store_id.is_some_and(|id| stores.iter().any(|allowed| allowed == id))
        }
    };
    if allowed && stock.allows_store(store_id) {
        return Ok(());
    }
    let issue = if store_id.is_some() {
        "store_id is not one of the coupon's stores"
    } else {
        "this coupon needs a store_id"
    };
    Err(Refusal::because(Reason::StoreNotAllowed, issue))
}
