//! Stock bundles: stocks that are handed out, and changed, together.

use serde_json::{Value, json};

use super::product_coupons::check_alive;
use super::stocks::{build, change, check_budget, check_open, set_budget};
use super::{Achieved, Order, Told, terms};
use crate::refusal::{Reason, Refusal};
use crate::world::World;
use crate::world::catalogue::stock::Stock;
use crate::world::catalogue::{Catalogue, Mode};
use crate::world::ledger::Effect;

const RULE: &str = "progressive_bundle_usage_rule";

impl World {
    /// `create_stock_bundle`.
    pub(crate) fn create_stock_bundle(&self, product: &str, order: &Order<'_>) -> Result<Told, Refusal> {
        self.carry_out(order, Effect::Created, |catalogue, now| {
            let index = catalogue.find_product(product)?;
            let product = catalogue.product(index).ok_or(Reason::Internal)?;
            check_alive(product)?;
            if !product.is_bundle() {
                let issue = "only PROGRESSIVE_BUNDLE product coupons have stock bundles";
                return Err(Refusal::because(Reason::BadCombination, issue));
            }
            let body = order.body.get("stock_bundle").ok_or(Reason::Internal)?;
            terms::check_bundle(product, body)?;
            add(catalogue, index, body, now)
        })
    }

    /// `update_stock_bundle`.
    pub(crate) fn update_stock_bundle(
        &self,
        product: &str,
        bundle: &str,
        order: &Order<'_>,
    ) -> Result<Told, Refusal> {
        self.change_bundle(product, bundle, order, |_| Ok(()), |stock, _| change(stock, order.body))
    }

    /// `update_stock_bundle_budget`.
    pub(crate) fn update_stock_bundle_budget(
        &self,
        product: &str,
        bundle: &str,
        order: &Order<'_>,
    ) -> Result<Told, Refusal> {
        let check = |stock: &Stock| check_budget(stock, order.body);
        self.change_bundle(product, bundle, order, check, |stock, now| set_budget(stock, order.body, now))
    }

    fn change_bundle(
        &self,
        product: &str,
        bundle: &str,
        order: &Order<'_>,
        check: impl Fn(&Stock) -> Result<(), Refusal>,
        change: impl Fn(&mut Stock, i64),
    ) -> Result<Told, Refusal> {
        self.carry_out(order, Effect::Updated, |catalogue, now| {
            let stocks = catalogue.bundle_of(product, bundle)?;
            for index in &stocks {
                let stock = catalogue.stock(*index).ok_or(Reason::Internal)?;
                check_open(stock, now)?;
                check(stock)?;
            }
            for index in &stocks {
                if let Some(stock) = catalogue.stock_mut(*index) {
                    change(stock, now);
                }
            }
            Ok(achieved(catalogue, bundle, &stocks, now))
        })
    }
}

/// Makes one stock per use.
pub(super) fn add(
    catalogue: &mut Catalogue,
    product: u16,
    body: &Value,
    now: i64,
) -> Result<Achieved, Refusal> {
    let rule = body.get(RULE).ok_or(Reason::Internal)?;
    let (total, interval_days) = catalogue.product(product).ok_or(Reason::Internal)?.bundle_terms();
    let bundle = catalogue.next_stock_bundle_id();
    let mut stocks = Vec::new();
    for rung in 0..total {
        let mode = Mode::Bundle { rung, total, interval_days };
        let place = (mode, Some(bundle.clone()));
        stocks.push(build(catalogue, product, body, (RULE, rule_of(rule, rung)), place, now)?);
    }
    Ok(achieved(catalogue, &bundle, &stocks, now))
}

/// The rule of one rung: each `…_coupon_list` becomes its entry.
fn rule_of(rule: &Value, rung: u32) -> Value {
    let members = rule.as_object().into_iter().flatten();
    let members = members.filter_map(|(name, member)| match name.strip_suffix("_coupon_list") {
        Some(kind) => {
            let terms = member.get(usize::try_from(rung).ok()?)?;
            Some((format!("{kind}_coupon"), terms.clone()))
        }
        None => Some((name.clone(), member.clone())),
    });
    Value::Object(members.collect())
}

fn achieved(catalogue: &Catalogue, bundle: &str, stocks: &[u16], now: i64) -> Achieved {
    let stocks: Vec<Value> =
        stocks.iter().filter_map(|index| Some(catalogue.stock(*index)?.shown(now).into_owned())).collect();
    Achieved { object: bundle.to_owned(), answer: json!({ "stock_bundle_id": bundle, "stock_list": stocks }) }
}
