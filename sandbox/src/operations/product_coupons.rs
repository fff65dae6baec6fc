//! Product coupons.

use serde_json::{Map, Value, json};

use super::form::{schema, shapes};
use super::management::{Achieved, check_alive, given};
use super::{Call, Success, stock_bundles, stocks, terms};
use crate::identities::BRAND_ID;
use crate::refusal::{Reason, Refusal};
use crate::state::catalogue::stock::deactivate as mark_deactivated;
use crate::state::catalogue::{Product, set};
use crate::state::ledger::Effect;

const MEMBERS: [&str; 7] = [
    "scope",
    "type",
    "usage_mode",
    "single_usage_info",
    "progressive_bundle_usage_info",
    "display_info",
    "out_product_no",
];

/// `create_product_coupon`, with its first stock or stock bundle.
pub(super) fn create(call: &Call<'_>) -> Result<Success, Refusal> {
    let order = call.order_of(shapes::CREATE_PRODUCT_COUPON)?;
    call.check_period("/stock/single_usage_rule")?;
    call.check_period("/stock_bundle/progressive_bundle_usage_rule")?;
    call.execute_once(&order, Effect::Created, |catalogue, now| {
        let mut details: Map<String, Value> = MEMBERS
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), given(order.body, name)?.clone())))
            .collect();
        details.insert("state".to_owned(), json!("EFFECTIVE"));
        details.insert("brand_id".to_owned(), json!(BRAND_ID));
        let details = Value::Object(details);
        terms::check_product(&details)?;
        let (stock, bundle) = (given(order.body, "stock"), given(order.body, "stock_bundle"));
        // The terms are checked against the product before it exists.
        let product = Product { product_coupon_id: String::new(), details };
        let first = match (stock, bundle) {
            (Some(stock), None) if !product.is_bundle() => {
                terms::check_single(&product, stock)?;
                stock
            }
            (None, Some(bundle)) if product.is_bundle() => {
                terms::check_bundle(&product, bundle)?;
                bundle
            }
            _ => {
                let issue = (
                    "usage_mode SINGLE goes with stock, PROGRESSIVE_BUNDLE with stock_bundle",
                    "usage_mode 为 SINGLE 时填 stock，为 PROGRESSIVE_BUNDLE 时填 stock_bundle",
                );
                return Err(Refusal::because(Reason::BadCombination, issue));
            }
        };
        let is_bundle = product.is_bundle();
        let index = catalogue.add_product(product.details).ok_or(Reason::Internal)?;
        let (name, made) = if is_bundle {
            ("stock_bundle", stock_bundles::add(catalogue, index, first, now)?.answer)
        } else {
            ("stock", stocks::add(catalogue, index, first, now)?.answer)
        };
        let product = catalogue.product(index).ok_or(Reason::Internal)?;
        let mut answer = product.details.clone();
        set(&mut answer, name, made);
        Ok(Achieved { object: product.product_coupon_id.clone(), answer })
    })
}

/// `get_product_coupon`.
pub(super) fn get(call: &Call<'_>) -> Result<Success, Refusal> {
    let (brand_id, id) = (call.query_id("brand_id")?, call.path_id("product_coupon_id")?);
    call.look_up(&brand_id, |catalogue, _| {
        let product = catalogue.product(catalogue.find_product(&id)?).ok_or(Reason::Internal)?;
        Ok(product.details.clone())
    })
}

/// `update_product_coupon`: another look.
pub(super) fn update(call: &Call<'_>) -> Result<Success, Refusal> {
    change(call, shapes::UPDATE_PRODUCT_COUPON, Effect::Updated, |details, _, _| {
        let mut changed = details.clone();
        set(&mut changed, "display_info", call.body.get("display_info").cloned().unwrap_or_default());
        terms::check_product(&changed)?;
        *details = changed;
        Ok(())
    })
}

/// `deactivate_product_coupon`: nothing more is sent of it.
pub(super) fn deactivate(call: &Call<'_>) -> Result<Success, Refusal> {
    change(call, shapes::DEACTIVATE, Effect::Deactivated, |details, (number, reason), now| {
        mark_deactivated(details, number, reason, now);
        Ok(())
    })
}

/// `change` gets the object, request number and `deactivate_reason`, and the time.
fn change(
    call: &Call<'_>,
    members: &[schema::Member],
    effect: Effect,
    change: impl FnOnce(&mut Value, (&str, &str), i64) -> Result<(), Refusal>,
) -> Result<Success, Refusal> {
    let order = call.order_of(members)?;
    let id = call.path_id("product_coupon_id")?;
    call.execute_once(&order, effect, |catalogue, now| {
        let index = catalogue.find_product(&id)?;
        let product = catalogue.product_mut(index).ok_or(Reason::Internal)?;
        check_alive(product)?;
        change(&mut product.details, (&order.key.number, order.text("deactivate_reason")), now)?;
        Ok(Achieved { object: id, answer: product.details.clone() })
    })
}
