//! Which stores may redeem coupons of a stock. These operations have no
//! request number: done again, they change nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::refusal::{Reason, Refusal};
use crate::sync::{read, write};
use crate::world::World;
use crate::world::catalogue::{Catalogue, set};
use crate::world::ledger::Effect;
use crate::world::list::Page;
use crate::world::requests::Once;
use crate::world::rules::Mark;

/// A change to the stores of a stock, or of all stocks of a bundle.
pub(crate) struct StoreOrder<'a> {
    pub(crate) operation: &'static str,
    pub(crate) brand_id: String,
    pub(crate) product_coupon_id: &'a str,
    pub(crate) of: Stores<'a>,
    pub(crate) associate: bool,
    pub(crate) store_ids: Vec<String>,
    pub(crate) mark: Mark,
}

/// Whose stores.
pub(crate) enum Stores<'a> {
    Stock(&'a str),
    Bundle(&'a str),
}

impl World {
    /// The four operations that associate and disassociate stores.
    pub(crate) fn change_stores(&self, order: &StoreOrder<'_>) -> Result<Value, Refusal> {
        let mut catalogue = write(&self.catalogue);
        Catalogue::check_brand(&order.brand_id)?;
        let (object, stocks) = match order.of {
            Stores::Stock(id) => (id, vec![catalogue.stock_of(order.product_coupon_id, id)?]),
            Stores::Bundle(id) => (id, catalogue.bundle_of(order.product_coupon_id, id)?),
        };
        for index in &stocks {
            let stock = catalogue.stock(*index).ok_or(Reason::Internal)?;
            if matches!(order.of, Stores::Stock(_)) {
                super::stocks::check_not_rung(stock)?;
            }
            if stock.store_scope() != "SPECIFIC" {
                let issue = format!("store_scope is {}", stock.store_scope());
                return Err(Refusal::because(Reason::NoStoreRule, issue));
            }
        }
        let wanted: BTreeSet<&str> = order.store_ids.iter().map(String::as_str).collect();
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for store_id in &wanted {
            let known = stocks
                .iter()
                .all(|index| catalogue.stock(*index).is_some_and(|stock| stock.stores.contains(*store_id)));
            let issue = match (order.associate, known) {
                (true, _) if !Catalogue::has_store(store_id) => "门店ID非法或不属于当前品牌",
                (false, false) => "门店未与批次关联",
                _ => {
                    done.push(*store_id);
                    continue;
                }
            };
            failed.push(json!({ "store_id": store_id, "code": "INVALID_REQUEST", "message": issue }));
        }
        if order.mark == Mark::Real {
            let mut changed = false;
            for index in stocks {
                let Some(stock) = catalogue.stock_mut(index) else { continue };
                for store_id in &done {
                    changed |= if order.associate {
                        stock.stores.insert((*store_id).to_owned())
                    } else {
                        stock.stores.remove(*store_id)
                    };
                }
            }
            if changed {
                let once =
                    Once { operation: order.operation, number: String::new(), digest: Default::default() };
                self.enter(&once, object, Effect::Updated);
            }
        }
        let done: Vec<Value> = done.into_iter().map(|store_id| json!({ "store_id": store_id })).collect();
        Ok(json!({
            "total_count": wanted.len(),
            "success_store_list": done,
            "failed_store_list": failed,
        }))
    }

    /// `list_associated_stores`.
    pub(crate) fn associated_stores(
        &self,
        brand_id: &str,
        product: &str,
        stock: &str,
        page: &Page,
        seal_token: impl Fn(&str) -> String,
    ) -> Result<Value, Refusal> {
        let catalogue = read(&self.catalogue);
        Catalogue::check_brand(brand_id)?;
        let stock = catalogue.stock(catalogue.stock_of(product, stock)?).ok_or(Reason::Internal)?;
        let stores: Vec<_> = stock.stores.iter().map(|id| (id.clone(), json!({ "store_id": id }))).collect();
        let total_count = stores.len();
        let (stores, next) = page.cut(stores);
        let mut answer = json!({ "total_count": total_count, "store_list": stores });
        if let Some(next) = next {
            set(&mut answer, "next_page_token", json!(seal_token(&next)));
        }
        Ok(answer)
    }
}
