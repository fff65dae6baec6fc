//! Operations on product coupons.

use super::{Answer, Call, shapes};
use crate::refusal::Refusal;

pub(super) fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let order = call.order_of("create_product_coupon", shapes::CREATE_PRODUCT_COUPON)?;
    call.check_period("/stock/single_usage_rule")?;
    call.check_period("/stock_bundle/progressive_bundle_usage_rule")?;
    Answer::told(&call.world.create_product_coupon(&order)?)
}

pub(super) fn get(call: &Call<'_>) -> Result<Answer, Refusal> {
    let (brand_id, id) = (call.query_id("brand_id")?, call.path_id("product_coupon_id")?);
    Answer::read(&call.world.product_coupon(&brand_id, &id)?)
}

pub(super) fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let order = call.order_of("update_product_coupon", shapes::UPDATE_PRODUCT_COUPON)?;
    Answer::told(&call.world.update_product_coupon(&call.path_id("product_coupon_id")?, &order)?)
}

pub(super) fn deactivate(call: &Call<'_>) -> Result<Answer, Refusal> {
    let order = call.order_of("deactivate_product_coupon", shapes::DEACTIVATE)?;
    Answer::told(&call.world.deactivate_product_coupon(&call.path_id("product_coupon_id")?, &order)?)
}
