//! `bundle_deactivate`: every rung of a user's bundle that is still of use becomes invalid.

use std::sync::Arc;

use super::coupon_change::record;
use super::coupons::{REASON, can_be_deactivated};
use super::sending::bundle_answer;
use super::{Call, Execution, Success};
use crate::refusal::{Reason, Refusal};
use crate::state::catalogue::Catalogue;
use crate::state::coupon::{Coupon, CouponState, Event, What};
use crate::state::request_number::Outcome;
use crate::sync::write;

/// Answers the whole bundle.
pub(super) fn deactivate(call: &Call<'_>) -> Result<Success, Refusal> {
    let state = call.state;
    let openid = call.openid()?;
    let bundle_id = call.path_id("user_coupon_bundle_id")?;
    let product_coupon_id = call.body_id("/product_coupon_id")?;
    let stock_bundle_id = call.body_id("/stock_bundle_id")?;
    let appid = call.body_id("/appid")?;
    let brand_id = call.body_id("/brand_id")?;
    let reason = call.body_text("/deactivate_reason", REASON)?;
    let key = call.request_key(call.request_number()?);

    let mut catalogue = write(&state.catalogue);
    Catalogue::check_app(&brand_id, &appid)?;
    let stocks = catalogue.bundle_of(&product_coupon_id, &stock_bundle_id)?;
    let id = Some(bundle_id.as_str());
    let mut rungs = state.coupons.select(|coupon| {
        let bundle = coupon.traits.as_ref().and_then(|traits| traits.bundle.as_deref());
        bundle == id && stocks.contains(&coupon.stock)
    });
    if rungs.is_empty() {
        return Err(Refusal::because(
            Reason::CouponAbsent,
            ("no such user_coupon_bundle_id", "没有这个 user_coupon_bundle_id"),
        ));
    }
    if !rungs.iter().all(|(_, coupon)| coupon.is_of(&openid)) {
        return Err(Reason::WrongOpenid.into());
    }
    rungs.sort_by_key(|(_, coupon)| coupon.stock);
    if state.earlier_outcome(&catalogue, &key)?.is_some() {
        return Ok(Success::text(bundle_answer(state, &catalogue, id, &rungs, &key.number)?, true));
    }
    let event = Event {
        number: key.number.as_str().into(),
        digest: key.digest,
        at_ms: state.clock.business_now_ms(),
        what: What::Deactivated { reason: reason.into() },
    };
    let now = state.clock.business_now();
    let changed: Vec<Arc<str>> = rungs
        .iter_mut()
        .filter(|(_, coupon)| can_be_deactivated(coupon.state_at(now)))
        .map(|(code, coupon)| {
            apply(coupon, &event);
            Arc::clone(code)
        })
        .collect();
    if changed.is_empty() {
        let issue = ("no coupon of the bundle is in a state that allows it", "券包里没有可执行此操作的券");
        return Err(Refusal::because(Reason::StateForbids, issue));
    }
    if call.execution == Execution::Commit {
        for code in &changed {
            state.coupons.with(code, |code, coupon| {
                if let Some(stock) = catalogue.stock(coupon.stock) {
                    record(state, coupon, code, stock, &event, key.operation);
                }
                apply(coupon, &event);
            });
        }
        let codes = changed.iter().map(ToString::to_string).collect();
        let outcome = Outcome::Coupons { codes, bundle: id.map(str::to_owned) };
        state.bind_number(&mut catalogue, &key, outcome);
    }
    Ok(Success::text(bundle_answer(state, &catalogue, id, &rungs, &key.number)?, false))
}

fn apply(coupon: &mut Coupon, event: &Event) {
    coupon.state = CouponState::Deactivated;
    coupon.history.push(event.clone());
}
