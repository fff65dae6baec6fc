//! Operations on the stores of stocks and stock bundles.

use serde_json::Value;

use super::list_coupons::seal_token;
use super::{Answer, Call, schema, shapes};
use crate::refusal::Refusal;
use crate::world::manage::stores::{StoreOrder, Stores};

pub(super) fn associate(call: &Call<'_>) -> Result<Answer, Refusal> {
    let (product, stock) = call.stock_in_path()?;
    change(call, "associate_stores", &product, Stores::Stock(&stock), true)
}

pub(super) fn disassociate(call: &Call<'_>) -> Result<Answer, Refusal> {
    let (product, stock) = call.stock_in_path()?;
    change(call, "disassociate_stores", &product, Stores::Stock(&stock), false)
}

pub(super) fn bundle_associate(call: &Call<'_>) -> Result<Answer, Refusal> {
    let (product, bundle) = call.bundle_in_path()?;
    change(call, "bundle_associate_stores", &product, Stores::Bundle(&bundle), true)
}

pub(super) fn bundle_disassociate(call: &Call<'_>) -> Result<Answer, Refusal> {
    let (product, bundle) = call.bundle_in_path()?;
    change(call, "bundle_disassociate_stores", &product, Stores::Bundle(&bundle), false)
}

pub(super) fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let brand_id = call.query_id("brand_id")?;
    let (product, stock) = call.stock_in_path()?;
    Answer::read(&call.world.associated_stores(&brand_id, &product, &stock, &call.page()?, seal_token)?)
}

fn change(
    call: &Call<'_>,
    operation: &'static str,
    product_coupon_id: &str,
    of: Stores<'_>,
    associate: bool,
) -> Result<Answer, Refusal> {
    let brand_id = call.body_id("/brand_id")?;
    schema::check_members(call.body, "", shapes::STORES)?;
    let stores = call.body.get("store_list").and_then(Value::as_array).into_iter().flatten();
    let store_ids = stores.filter_map(|store| Some(store.get("store_id")?.as_str()?.to_owned())).collect();
    let mark = call.mark;
    let order = StoreOrder { operation, brand_id, product_coupon_id, of, associate, store_ids, mark };
    Answer::read(&call.world.change_stores(&order)?)
}
