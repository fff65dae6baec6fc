//! One user coupon: `use`, `query`, `return`, `confirm`, `deactivate`.

use super::coupon_change::{Change, CouponAnswer, LockedCoupon, forbidden};
use super::{Call, Success};
use crate::refusal::{Reason, Refusal};
use crate::state::catalogue::stock::Stock;
use crate::state::catalogue::{Catalogue, UsageMode};
use crate::state::coupon::{CouponState, StoreScope, What};
use crate::state::ledger::Effect;
use crate::state::used_rungs::rung;

const DAY: i64 = 86_400;

/// Longest `deactivate_reason`.
pub(super) const REASON: usize = 150;

/// `query`: the coupon as it stands.
pub(super) fn query(call: &Call<'_>) -> Result<Success, Refusal> {
    call.on_coupon(&call.target_in_query()?, |locked| {
        let events = locked.coupon.history.len();
        Ok(CouponAnswer { snapshot: locked.snapshot(call.state, events), duplicate: false })
    })
}

/// `use`: redeems the coupon.
pub(super) fn redeem(call: &Call<'_>) -> Result<Success, Refusal> {
    let target = call.target_in_body()?;
    let number = call.request_number()?;
    let use_time = call.time("/use_time")?;
    let order = call.order()?;
    let store_id = call.store_id()?;
    call.on_coupon(&target, |locked| {
        call.repeat_or(locked, &number, Effect::Used, |locked| {
            check_usable(call, locked, store_id.as_deref())?;
            let what = What::Used { use_time: use_time.into(), order: order.into() };
            Ok(Change { what, state: CouponState::Used })
        })
    })
}

/// `return`: takes the redemption back.
pub(super) fn give_back(call: &Call<'_>) -> Result<Success, Refusal> {
    let target = call.target_in_body()?;
    let number = call.request_number()?;
    call.on_coupon(&target, |locked| {
        call.repeat_or(locked, &number, Effect::Returned, |locked| {
            call.check_unlocked(locked)?;
            match locked.coupon.state_at(call.state.clock.business_now()) {
                CouponState::Used => {}
                state => return Err(forbidden(state)),
            }
            let rung = rung(locked.stock, locked.coupon);
            if rung.is_some_and(|(bundle, rung)| !call.state.used_rungs.is_last(bundle, rung)) {
                return Err(Refusal::because(
                    Reason::StateForbids,
                    (
                        "only the most recently used coupon of a bundle can be returned",
                        "券包只能退回最近核销的一张",
                    ),
                ));
            }
            Ok(Change { what: What::Returned, state: CouponState::Effective })
        })
    })
}

/// `confirm`: the coupon becomes usable, now or when its validity begins.
pub(super) fn confirm(call: &Call<'_>) -> Result<Success, Refusal> {
    let target = call.target_in_body()?;
    let number = call.request_number()?;
    call.on_coupon(&target, |locked| {
        call.repeat_or(locked, &number, Effect::Confirmed, |locked| {
            call.check_unlocked(locked)?;
            let now = call.state.clock.business_now();
            let state = locked.coupon.state_at(now);
            if state != CouponState::Confirming {
                return Err(forbidden(state));
            }
            // Validity counts from the receipt, so a late confirmation may find nothing left of it.
            if locked.coupon.traits.as_ref().is_some_and(|traits| now > traits.valid_end) {
                return Err(Reason::Expired.into());
            }
            Ok(Change { what: What::Confirmed, state: CouponState::Effective })
        })
    })
}

/// `deactivate`: the coupon becomes invalid.
pub(super) fn deactivate(call: &Call<'_>) -> Result<Success, Refusal> {
    let target = call.target_in_body()?;
    let number = call.request_number()?;
    let reason = call.body_text("/deactivate_reason", REASON)?;
    call.on_coupon(&target, |locked| {
        call.repeat_or(locked, &number, Effect::Deactivated, |locked| {
            call.check_unlocked(locked)?;
            let state = locked.coupon.state_at(call.state.clock.business_now());
            if !can_be_deactivated(state) {
                return Err(forbidden(state));
            }
            let what = What::Deactivated { reason: reason.into() };
            Ok(Change { what, state: CouponState::Deactivated })
        })
    })
}

/// From which states is not documented; what is used or gone stays as it is.
pub(super) fn can_be_deactivated(state: CouponState) -> bool {
    matches!(state, CouponState::Confirming | CouponState::Pending | CouponState::Effective)
}

/// Whether the coupon can be redeemed here and now.
fn check_usable(call: &Call<'_>, locked: &LockedCoupon<'_>, store_id: Option<&str>) -> Result<(), Refusal> {
    call.check_unlocked(locked)?;
    let now = call.state.clock.business_now();
    match locked.coupon.state_at(now) {
        CouponState::Effective => {}
        CouponState::Used => return Err(Reason::UsedByAnother.into()),
        CouponState::Pending => return Err(Reason::OutsideValidity.into()),
        state => return Err(forbidden(state)),
    }
    let Some(traits) = &locked.coupon.traits else {
        return Ok(());
    };
    if !traits.hours.allow(now) || !locked.stock.period.is_open(now) {
        return Err(Reason::OutsideHours.into());
    }
    check_store(locked.stock, &traits.stores, store_id)?;
    let Some((bundle, rung)) = rung(locked.stock, locked.coupon) else {
        return Ok(());
    };
    if !call.state.used_rungs.is_next(bundle, rung) {
        return Err(Refusal::because(
            Reason::StateForbids,
            ("earlier coupons of the bundle must be used first", "须先核销券包里前面的券"),
        ));
    }
    let UsageMode::Bundle { interval_days, .. } = locked.stock.mode else {
        return Ok(());
    };
    match call.state.used_rungs.previous_use(bundle, rung) {
        Some(at) if now < at.saturating_add(interval_days * DAY) => Err(Refusal::because(
            Reason::StateForbids,
            ("interval_days have not passed since the last use", "距上次核销未满 interval_days"),
        )),
        _ => Ok(()),
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
        ("store_id is not one of the coupon's stores", "store_id 不在该券的可用门店内")
    } else {
        ("this coupon needs a store_id", "该券须传 store_id")
    };
    Err(Refusal::because(Reason::StoreNotAllowed, issue))
}
