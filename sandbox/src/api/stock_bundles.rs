//! Operations on stock bundles.

use super::{Answer, Call, shapes};
use crate::refusal::Refusal;

pub(super) fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let order = call.order_of("create_stock_bundle", shapes::CREATE_STOCK_BUNDLE)?;
    call.check_period("/stock_bundle/progressive_bundle_usage_rule")?;
    Answer::told(&call.world.create_stock_bundle(&call.path_id("product_coupon_id")?, &order)?)
}

pub(super) fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let order = call.order_of("update_stock_bundle", shapes::UPDATE_STOCK)?;
    let (product, bundle) = call.bundle_in_path()?;
    Answer::told(&call.world.update_stock_bundle(&product, &bundle, &order)?)
}

pub(super) fn update_budget(call: &Call<'_>) -> Result<Answer, Refusal> {
    let order = call.order_of("update_stock_bundle_budget", shapes::UPDATE_BUDGET)?;
    let (product, bundle) = call.bundle_in_path()?;
    Answer::told(&call.world.update_stock_bundle_budget(&product, &bundle, &order)?)
}

impl Call<'_> {
    pub(super) fn bundle_in_path(&self) -> Result<(String, String), Refusal> {
        Ok((self.path_id("product_coupon_id")?, self.path_id("stock_bundle_id")?))
    }
}
