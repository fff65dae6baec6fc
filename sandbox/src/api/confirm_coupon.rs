//! `confirm`, `deactivate` and `bundle_deactivate`.

use super::{Answer, Call};
use crate::refusal::Refusal;
use crate::world::requests::{BundleDeactivateRequest, ConfirmRequest, DeactivateRequest};

/// Longest `deactivate_reason`.
const REASON: usize = 150;

pub(super) fn confirm(call: &Call<'_>) -> Result<Answer, Refusal> {
    let request = ConfirmRequest {
        target: call.target_in_body()?,
        number: call.request_number()?,
        digest: call.digest(),
    };
    call.answer(&call.world.confirm(&request, call.mark)?)
}

pub(super) fn deactivate(call: &Call<'_>) -> Result<Answer, Refusal> {
    let request = DeactivateRequest {
        target: call.target_in_body()?,
        number: call.request_number()?,
        reason: call.body_text("/deactivate_reason", REASON)?,
        digest: call.digest(),
    };
    call.answer(&call.world.deactivate(&request, call.mark)?)
}

pub(super) fn bundle_deactivate(call: &Call<'_>) -> Result<Answer, Refusal> {
    let request = BundleDeactivateRequest {
        openid: call.openid()?,
        user_coupon_bundle_id: call.path_id("user_coupon_bundle_id")?,
        product_coupon_id: call.body_id("/product_coupon_id")?,
        stock_bundle_id: call.body_id("/stock_bundle_id")?,
        appid: call.body_id("/appid")?,
        brand_id: call.body_id("/brand_id")?,
        reason: call.body_text("/deactivate_reason", REASON)?,
        once: call.once("bundle_deactivate", call.request_number()?),
    };
    let (body, duplicate) = call.world.deactivate_bundle(&request, call.mark)?;
    Ok(Answer { status: 200, body, duplicate })
}
