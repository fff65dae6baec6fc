//! The business rules of `use`, `query` and `return`.

use std::sync::Arc;

use super::World;
use super::bundles::Bundles;
use super::catalogue::{Catalogue, Mode};
use super::coupon::{Coupon, CouponState, Digest, Event, StoreScope, What};
use super::entity::Snapshot;
use super::ledger::Effect;
use super::requests::{ReturnRequest, Target, UseRequest};
use crate::refusal::{Reason, Refusal};

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
struct Change<'a> {
    number: &'a str,
    digest: Digest,
    what: What,
    effect: Effect,
    state: CouponState,
}

impl World {
    /// `query`: how the coupon stands.
    pub(crate) fn query(&self, target: &Target) -> Result<Done, Refusal> {
        self.on_coupon(target, |_, coupon| {
            Ok(Done { snapshot: self.snapshot(coupon, target, coupon.history.len()), duplicate: false })
        })
    }

    /// `use`: redeems the coupon.
    pub(crate) fn redeem(&self, request: &UseRequest, mark: Mark) -> Result<Done, Refusal> {
        let target = &request.target;
        self.on_coupon(target, |code, coupon| {
            if let Some(done) = self.repeat(coupon, target, &request.number, &request.digest, Effect::Used)? {
                return Ok(done);
            }
            self.check_usable(code, coupon, request.store_id.as_deref())?;
            let change = Change {
                number: &request.number,
                digest: request.digest,
                what: What::Used {
                    use_time: request.use_time.as_str().into(),
                    order: request.order.as_str().into(),
                },
                effect: Effect::Used,
                state: CouponState::Used,
            };
            self.apply(code, coupon, target, change, mark)
        })
    }

    /// `return`: takes the redemption back.
    pub(crate) fn give_back(&self, request: &ReturnRequest, mark: Mark) -> Result<Done, Refusal> {
        let target = &request.target;
        self.on_coupon(target, |code, coupon| {
            if let Some(done) =
                self.repeat(coupon, target, &request.number, &request.digest, Effect::Returned)?
            {
                return Ok(done);
            }
            if self.is_locked(code, coupon) {
                return Err(Reason::Locked.into());
            }
            match coupon.state_at(self.clock.now()) {
                CouponState::Used => {}
                CouponState::Expired => return Err(Reason::Expired.into()),
                CouponState::Deleted => return Err(Reason::Deleted.into()),
                state => {
                    return Err(Refusal::because(Reason::StateForbids, format!("coupon_state is {state}")));
                }
            }
            if self.rung(coupon).is_some_and(|(bundle, rung)| !self.bundles.is_last(bundle, rung)) {
                return Err(Refusal::because(
                    Reason::StateForbids,
                    "only the most recently used coupon of a bundle can be returned",
                ));
            }
            let change = Change {
                number: &request.number,
                digest: request.digest,
                what: What::Returned,
                effect: Effect::Returned,
                state: CouponState::Effective,
            };
            self.apply(code, coupon, target, change, mark)
        })
    }

    /// Finds the coupon and checks that the request is about it.
    fn on_coupon<R>(
        &self,
        target: &Target,
        work: impl FnOnce(&Arc<str>, &mut Coupon) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let stock = self.catalogue.check(&target.ids)?;
        self.coupons
            .with(&target.coupon_code, |code, coupon| {
                let owner = coupon.traits.as_ref().and_then(|traits| traits.openid.as_deref());
                if owner.is_some_and(|owner| owner != target.openid) {
                    return Err(Reason::WrongOpenid.into());
                }
                if coupon.stock != stock {
                    return Err(Refusal::because(Reason::CouponAbsent, "coupon is of another stock"));
                }
                work(code, coupon)
            })
            .unwrap_or_else(|| Err(Reason::CouponAbsent.into()))
    }

    /// Answers a repetition of an earlier request; refuses a number that
    /// came with other data, for another coupon or for another operation.
    fn repeat(
        &self,
        coupon: &Coupon,
        target: &Target,
        number: &str,
        digest: &Digest,
        effect: Effect,
    ) -> Result<Option<Done>, Refusal> {
        let Some((index, event)) = coupon.event(number) else {
            return if self.numbers.is_taken(number) {
                Err(Refusal::because(Reason::NumberReused, "number was used for another coupon"))
            } else {
                Ok(None)
            };
        };
        if event.effect() != effect || event.digest != *digest {
            return Err(Reason::NumberReused.into());
        }
        Ok(Some(Done { snapshot: self.snapshot(coupon, target, index + 1), duplicate: true }))
    }

    fn is_locked(&self, code: &str, coupon: &Coupon) -> bool {
        coupon.traits.as_ref().is_some_and(|traits| traits.locked) || self.is_busy(code)
    }

    /// Whether the coupon can be redeemed here and now.
    fn check_usable(&self, code: &str, coupon: &Coupon, store_id: Option<&str>) -> Result<(), Refusal> {
        if self.is_locked(code, coupon) {
            return Err(Reason::Locked.into());
        }
        let now = self.clock.now();
        match coupon.state_at(now) {
            CouponState::Effective => {}
            CouponState::Used => return Err(Reason::UsedByAnother.into()),
            CouponState::Pending => return Err(Reason::OutsideValidity.into()),
            CouponState::Expired => return Err(Reason::Expired.into()),
            CouponState::Deleted => return Err(Reason::Deleted.into()),
            state @ (CouponState::Confirming | CouponState::Deactivated) => {
                return Err(Refusal::because(Reason::StateForbids, format!("coupon_state is {state}")));
            }
        }
        let Some(traits) = &coupon.traits else {
            return Ok(());
        };
        if !traits.hours.allow(now) {
            return Err(Reason::OutsideHours.into());
        }
        check_store(&traits.stores, store_id)?;
        match self.rung(coupon) {
            Some((bundle, rung)) if !self.bundles.is_next(bundle, rung) => Err(Refusal::because(
                Reason::StateForbids,
                "earlier coupons of the bundle must be used first",
            )),
            _ => Ok(()),
        }
    }

    /// Records the event, or only shows what it would lead to.
    fn apply(
        &self,
        code: &Arc<str>,
        coupon: &mut Coupon,
        target: &Target,
        change: Change<'_>,
        mark: Mark,
    ) -> Result<Done, Refusal> {
        let event = Event {
            number: change.number.into(),
            digest: change.digest,
            at_ms: self.clock.now_ms(),
            what: change.what,
        };
        let mut pretended;
        let coupon = match mark {
            Mark::Real => {
                if !self.numbers.claim(&event.number) {
                    return Err(Refusal::because(Reason::NumberReused, "number was used for another coupon"));
                }
                if let Some((bundle, rung)) = self.rung(coupon) {
                    self.bundles.set(bundle, rung, change.effect == Effect::Used);
                }
                self.ledger.add(event.at_ms, code, &event.number, change.effect);
                coupon
            }
            Mark::Pretend => {
                pretended = coupon.clone();
                &mut pretended
            }
        };
        coupon.state = change.state;
        coupon.history.push(event);
        Ok(Done { snapshot: self.snapshot(coupon, target, coupon.history.len()), duplicate: false })
    }

    /// The bundle and position of a rung.
    pub(super) fn rung<'a>(&self, coupon: &'a Coupon) -> Option<(&'a str, u32)> {
        let Mode::Bundle { rung, .. } = self.catalogue.stock(coupon.stock)?.mode else {
            return None;
        };
        Some((coupon.traits.as_ref()?.bundle.as_deref()?, rung))
    }

    /// The coupon as it stood after its first `events` events.
    fn snapshot(&self, coupon: &Coupon, target: &Target, events: usize) -> Snapshot {
        let mut snapshot =
            Snapshot::new(coupon, &target.coupon_code, events, &self.catalogue, self.clock.now());
        if let Some((bundle, _)) = self.rung(coupon) {
            snapshot.bundle = Some((bundle.to_owned(), self.bundles.used_count(bundle)));
        }
        snapshot
    }

    pub(super) fn bind_number(&self, number: &Arc<str>) {
        self.numbers.claim(number);
    }

    pub(super) fn bundles(&self) -> &Bundles {
        &self.bundles
    }
}

fn check_store(scope: &StoreScope, store_id: Option<&str>) -> Result<(), Refusal> {
    let allowed = match scope {
        StoreScope::None => true,
        StoreScope::All => store_id.is_some_and(Catalogue::has_store),
        StoreScope::Specific { stores } => {
            store_id.is_some_and(|id| stores.iter().any(|allowed| allowed == id))
        }
    };
    if allowed {
        return Ok(());
    }
    let issue = if store_id.is_some() {
        "store_id is not one of the coupon's stores"
    } else {
        "this coupon needs a store_id"
    };
    Err(Refusal::because(Reason::StoreNotAllowed, issue))
}
