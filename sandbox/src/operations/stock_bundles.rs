//! Stock bundles: stocks that are issued, and changed, together.

use serde_json::{Value, json};

use super::form::{schema, shapes};
use super::management::{Achieved, check_alive};
use super::stock_budget::{check_budget, set_budget};
use super::stocks::{build, change, check_open};
use super::{Call, Success, terms};
use crate::refusal::{Reason, Refusal};
use crate::state::catalogue::stock::Stock;
use crate::state::catalogue::{Catalogue, UsageMode};
use crate::state::ledger::Effect;

const RULE: &str = "progressive_bundle_usage_rule";

/// `create_stock_bundle`.
pub(super) fn create(call: &Call<'_>) -> Result<Success, Refusal> {
    let order = call.order_of(shapes::CREATE_STOCK_BUNDLE)?;
    call.check_period("/stock_bundle/progressive_bundle_usage_rule")?;
    let product_id = call.path_id("product_coupon_id")?;
    call.execute_once(&order, Effect::Created, |catalogue, now| {
        let index = catalogue.find_product(&product_id)?;
        let product = catalogue.product(index).ok_or(Reason::Internal)?;
        check_alive(product)?;
        if !product.is_bundle() {
            let issue = (
                "only PROGRESSIVE_BUNDLE product coupons have stock bundles",
                "只有 PROGRESSIVE_BUNDLE 类商品券有批次组",
            );
            return Err(Refusal::because(Reason::BadCombination, issue));
        }
        let body = order.body.get("stock_bundle").ok_or(Reason::Internal)?;
        terms::check_bundle(product, body)?;
        add(catalogue, index, body, now)
    })
}

/// `update_stock_bundle`.
pub(super) fn update(call: &Call<'_>) -> Result<Success, Refusal> {
    change_bundle(call, shapes::UPDATE_STOCK, |_| Ok(()), |stock, _| change(stock, call.body))
}

/// `update_stock_bundle_budget`.
pub(super) fn update_budget(call: &Call<'_>) -> Result<Success, Refusal> {
    let check = |stock: &Stock| check_budget(stock, call.body);
    change_bundle(call, shapes::UPDATE_BUDGET, check, |stock, now| set_budget(stock, call.body, now))
}

fn change_bundle(
    call: &Call<'_>,
    members: &[schema::Member],
    check: impl Fn(&Stock) -> Result<(), Refusal>,
    change: impl Fn(&mut Stock, i64),
) -> Result<Success, Refusal> {
    let order = call.order_of(members)?;
    let (product, bundle) = call.bundle_in_path()?;
    call.execute_once(&order, Effect::Updated, |catalogue, now| {
        let stocks = catalogue.bundle_of(&product, &bundle)?;
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
        Ok(achieved(catalogue, &bundle, &stocks, now))
    })
}

impl Call<'_> {
    pub(super) fn bundle_in_path(&self) -> Result<(String, String), Refusal> {
        Ok((self.path_id("product_coupon_id")?, self.path_id("stock_bundle_id")?))
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
        let mode = UsageMode::Bundle { rung, total, interval_days };
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
