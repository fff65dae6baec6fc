//! Product coupons.

use serde_json::{Map, Value, json};

use super::{Achieved, Order, Told, state_forbids, stock_bundles, stocks, terms};
use crate::refusal::{Reason, Refusal};
use crate::sync::read;
use crate::world::World;
use crate::world::catalogue::stock::deactivate;
use crate::world::catalogue::{BRAND_ID, Catalogue, Product, set};
use crate::world::ledger::Effect;

const MEMBERS: [&str; 7] = [
    "scope",
    "type",
    "usage_mode",
    "single_usage_info",
    "progressive_bundle_usage_info",
    "display_info",
    "out_product_no",
];

impl World {
    /// `create_product_coupon`, with its first stock or stock bundle.
    pub(crate) fn create_product_coupon(&self, order: &Order<'_>) -> Result<Told, Refusal> {
        self.carry_out(order, Effect::Created, |catalogue, now| {
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
                    let issue = "usage_mode SINGLE goes with stock, PROGRESSIVE_BUNDLE with stock_bundle";
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
    pub(crate) fn product_coupon(&self, brand_id: &str, id: &str) -> Result<Value, Refusal> {
        let catalogue = read(&self.catalogue);
        Catalogue::check_brand(brand_id)?;
        let product = catalogue.product(catalogue.find_product(id)?).ok_or(Reason::Internal)?;
        Ok(product.details.clone())
    }

    /// `update_product_coupon`: another look.
    pub(crate) fn update_product_coupon(&self, id: &str, order: &Order<'_>) -> Result<Told, Refusal> {
        self.change_product(id, order, Effect::Updated, |details, _| {
            let mut changed = details.clone();
            set(&mut changed, "display_info", order.body.get("display_info").cloned().unwrap_or_default());
            terms::check_product(&changed)?;
            *details = changed;
            Ok(())
        })
    }

    /// `deactivate_product_coupon`: nothing more is sent of it.
    pub(crate) fn deactivate_product_coupon(&self, id: &str, order: &Order<'_>) -> Result<Told, Refusal> {
        self.change_product(id, order, Effect::Deactivated, |details, now| {
            deactivate(details, &order.once.number, order.text("deactivate_reason"), now);
            Ok(())
        })
    }

    fn change_product(
        &self,
        id: &str,
        order: &Order<'_>,
        effect: Effect,
        change: impl FnOnce(&mut Value, i64) -> Result<(), Refusal>,
    ) -> Result<Told, Refusal> {
        self.carry_out(order, effect, |catalogue, now| {
            let index = catalogue.find_product(id)?;
            let product = catalogue.product_mut(index).ok_or(Reason::Internal)?;
            check_alive(product)?;
            change(&mut product.details, now)?;
            Ok(Achieved { object: id.to_owned(), answer: product.details.clone() })
        })
    }
}

/// Nothing more is done to a deactivated product coupon.
pub(super) fn check_alive(product: &Product) -> Result<(), Refusal> {
    match product.text("state") {
        "DEACTIVATED" => Err(state_forbids("product coupon", "DEACTIVATED")),
        _ => Ok(()),
    }
}

/// A member that is there and not null.
pub(super) fn given<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}
