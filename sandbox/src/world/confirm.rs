//! `confirm`, `deactivate` and `bundle_deactivate`: the brand's word on coupons handed out.

use std::sync::Arc;

use super::World;
use super::catalogue::Outcome;
use super::coupon::{Coupon, CouponState, Event, What};
use super::ledger::Effect;
use super::requests::{BundleDeactivateRequest, ConfirmRequest, DeactivateRequest};
use super::rules::{Change, Done, Mark, forbidden};
use crate::refusal::{Reason, Refusal};
use crate::sync::write;

impl World {
    /// `confirm`: the coupon becomes usable, now or when its validity begins.
    pub(crate) fn confirm(&self, request: &ConfirmRequest, mark: Mark) -> Result<Done, Refusal> {
        self.on_coupon(&request.target, |held| {
            if let Some(done) = self.repeat(&held, &request.number, &request.digest, Effect::Confirmed)? {
                return Ok(done);
            }
            self.check_unlocked(&held)?;
            let now = self.clock.business_now();
            let state = held.coupon.state_at(now);
            if state != CouponState::Confirming {
                return Err(forbidden(state));
            }
            // Validity counts from the receipt, so a late confirmation may find nothing left of it.
            if held.coupon.traits.as_ref().is_some_and(|traits| now > traits.valid_end) {
                return Err(Reason::Expired.into());
            }
            let change = Change {
                operation: "confirm",
                number: &request.number,
                digest: request.digest,
                what: What::Confirmed,
                state: CouponState::Effective,
            };
            self.apply(held, change, mark)
        })
    }

    /// `deactivate`: the coupon becomes invalid.
    pub(crate) fn deactivate(&self, request: &DeactivateRequest, mark: Mark) -> Result<Done, Refusal> {
        self.on_coupon(&request.target, |held| {
            if let Some(done) = self.repeat(&held, &request.number, &request.digest, Effect::Deactivated)? {
                return Ok(done);
            }
            self.check_unlocked(&held)?;
            let state = held.coupon.state_at(self.clock.business_now());
            if !can_be_deactivated(state) {
                return Err(forbidden(state));
            }
            let change = Change {
                operation: "deactivate",
                number: &request.number,
                digest: request.digest,
                what: What::Deactivated { reason: request.reason.as_str().into() },
                state: CouponState::Deactivated,
            };
            self.apply(held, change, mark)
        })
    }

    /// `bundle_deactivate`: every rung that is still of use becomes invalid.
    /// Answers the whole bundle.
    pub(crate) fn deactivate_bundle(
        &self,
        request: &BundleDeactivateRequest,
        mark: Mark,
    ) -> Result<(Vec<u8>, bool), Refusal> {
        let mut catalogue = write(&self.catalogue);
        super::catalogue::Catalogue::check_app(&request.brand_id, &request.appid)?;
        let stocks = catalogue.bundle_of(&request.product_coupon_id, &request.stock_bundle_id)?;
        let id = Some(request.user_coupon_bundle_id.as_str());
        let mut rungs = self.coupons.select(|coupon| {
            let bundle = coupon.traits.as_ref().and_then(|traits| traits.bundle.as_deref());
            bundle == id && stocks.contains(&coupon.stock)
        });
        if rungs.is_empty() {
            return Err(Refusal::because(Reason::CouponAbsent, "no such user_coupon_bundle_id"));
        }
        if !rungs.iter().all(|(_, coupon)| coupon.is_of(&request.openid)) {
            return Err(Reason::WrongOpenid.into());
        }
        rungs.sort_by_key(|(_, coupon)| coupon.stock);
        if self.receipt(&catalogue, &request.once)?.is_some() {
            let body = self.bundle_answer(&catalogue, id, &rungs, &request.once.number);
            return Ok((body?, true));
        }
        let event = Event {
            number: request.once.number.as_str().into(),
            digest: request.once.digest,
            at_ms: self.clock.business_now_ms(),
            what: What::Deactivated { reason: request.reason.as_str().into() },
        };
        let now = self.clock.business_now();
        let changed: Vec<Arc<str>> = rungs
            .iter_mut()
            .filter(|(_, coupon)| can_be_deactivated(coupon.state_at(now)))
            .map(|(code, coupon)| {
                apply(coupon, &event);
                Arc::clone(code)
            })
            .collect();
        if changed.is_empty() {
            let issue = "no coupon of the bundle is in a state that allows it";
            return Err(Refusal::because(Reason::StateForbids, issue));
        }
        if mark == Mark::Real {
            for code in &changed {
                self.coupons.with(code, |code, coupon| {
                    if let Some(stock) = catalogue.stock(coupon.stock) {
                        self.record(coupon, code, stock, &event, request.once.operation);
                    }
                    apply(coupon, &event);
                });
            }
            let codes = changed.iter().map(ToString::to_string).collect();
            let outcome = Outcome::Coupons { codes, bundle: id.map(str::to_owned) };
            self.keep_receipt(&mut catalogue, &request.once, outcome);
        }
        Ok((self.bundle_answer(&catalogue, id, &rungs, &request.once.number)?, false))
    }
}

fn apply(coupon: &mut Coupon, event: &Event) {
    coupon.state = CouponState::Deactivated;
    coupon.history.push(event.clone());
}

/// From which states is not documented; what is used or gone stays as it is.
fn can_be_deactivated(state: CouponState) -> bool {
    matches!(state, CouponState::Confirming | CouponState::Pending | CouponState::Effective)
}
