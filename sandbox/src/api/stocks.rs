//! Operations on stocks and their codes.

use super::list_coupons::seal_token;
use super::{Answer, Call, shapes};
use crate::refusal::{Reason, Refusal};

const STATES: [&str; 5] = ["AUDITING", "SENDING", "PAUSED", "STOPPED", "DEACTIVATED"];

pub(super) fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let order = call.order_of("create_stock", shapes::CREATE_STOCK)?;
    call.check_period("/stock/single_usage_rule")?;
    Answer::told(&call.world.create_stock(&call.path_id("product_coupon_id")?, &order)?)
}

pub(super) fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let brand_id = call.query_id("brand_id")?;
    let state = call.optional_query("state", 40)?;
    if state.as_deref().is_some_and(|state| !STATES.contains(&state)) {
        return Err(call.bad_query("state", Reason::BadValue, "is no stock state"));
    }
    let bundle = call.optional_query("stock_bundle_id", 40)?;
    let product = call.path_id("product_coupon_id")?;
    let page = call.page()?;
    Answer::read(&call.world.stocks(
        &brand_id,
        &product,
        state.as_deref(),
        bundle.as_deref(),
        &page,
        seal_token,
    )?)
}

pub(super) fn get(call: &Call<'_>) -> Result<Answer, Refusal> {
    let brand_id = call.query_id("brand_id")?;
    let (product, stock) = call.stock_in_path()?;
    Answer::read(&call.world.stock(&brand_id, &product, &stock)?)
}

pub(super) fn update(call: &Call<'_>) -> Result<Answer, Refusal> {
    let order = call.order_of("update_stock", shapes::UPDATE_STOCK)?;
    let (product, stock) = call.stock_in_path()?;
    Answer::told(&call.world.update_stock(&product, &stock, &order)?)
}

pub(super) fn deactivate(call: &Call<'_>) -> Result<Answer, Refusal> {
    let order = call.order_of("deactivate_stock", shapes::DEACTIVATE)?;
    let (product, stock) = call.stock_in_path()?;
    Answer::told(&call.world.deactivate_stock(&product, &stock, &order)?)
}

pub(super) fn update_budget(call: &Call<'_>) -> Result<Answer, Refusal> {
    let order = call.order_of("update_stock_budget", shapes::UPDATE_BUDGET)?;
    let (product, stock) = call.stock_in_path()?;
    Answer::told(&call.world.update_stock_budget(&product, &stock, &order)?)
}

pub(super) fn upload_codes(call: &Call<'_>) -> Result<Answer, Refusal> {
    let order = call.order_of("upload_coupon_codes", shapes::UPLOAD_CODES)?;
    let (product, stock) = call.stock_in_path()?;
    Answer::told(&call.world.upload_coupon_codes(&product, &stock, &order)?)
}

impl Call<'_> {
    pub(super) fn stock_in_path(&self) -> Result<(String, String), Refusal> {
        Ok((self.path_id("product_coupon_id")?, self.path_id("stock_id")?))
    }
}
