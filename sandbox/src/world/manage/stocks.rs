//! Stocks: making, reading, changing and ending them, their budget and their codes.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::product_coupons::{check_alive, given};
use super::{Achieved, Order, Told, state_forbids, terms};
use crate::refusal::{Reason, Refusal};
use crate::sync::{read, write};
use crate::world::World;
use crate::world::catalogue::period::Period;
use crate::world::catalogue::stock::{CodeMode, Codes, Sent, Stock};
use crate::world::catalogue::{BRAND_ID, Catalogue, Mode, set};
use crate::world::ledger::Effect;
use crate::world::list::Page;

/// Members that stock and stock bundle share, as they come.
const MEMBERS: [&str; 7] = [
    "remark",
    "coupon_code_mode",
    "stock_send_rule",
    "usage_rule_display_info",
    "coupon_display_info",
    "notify_config",
    "store_scope",
];
/// Those of them that can be changed later.
pub(super) const CHANGEABLE: [&str; 5] =
    ["remark", "usage_rule_display_info", "coupon_display_info", "notify_config", "store_scope"];

impl World {
    /// `create_stock`.
    pub(crate) fn create_stock(&self, product: &str, order: &Order<'_>) -> Result<Told, Refusal> {
        self.carry_out(order, Effect::Created, |catalogue, now| {
            let index = catalogue.find_product(product)?;
            let product = catalogue.product(index).ok_or(Reason::Internal)?;
            check_alive(product)?;
            let stock = order.body.get("stock").ok_or(Reason::Internal)?;
            if product.is_bundle() {
                let issue = "PROGRESSIVE_BUNDLE product coupons have stock bundles";
                return Err(Refusal::because(Reason::BadCombination, issue));
            }
            terms::check_single(product, stock)?;
            add(catalogue, index, stock, now)
        })
    }

    /// `get_stock`.
    pub(crate) fn stock(&self, brand_id: &str, product: &str, stock: &str) -> Result<Value, Refusal> {
        let catalogue = read(&self.catalogue);
        Catalogue::check_brand(brand_id)?;
        let stock = catalogue.stock(catalogue.stock_of(product, stock)?).ok_or(Reason::Internal)?;
        Ok(stock.shown(self.clock.business_now()).into_owned())
    }

    /// `list_stocks`, oldest first.
    pub(crate) fn stocks(
        &self,
        brand_id: &str,
        product: &str,
        state: Option<&str>,
        stock_bundle_id: Option<&str>,
        page: &Page,
        seal_token: impl Fn(&str) -> String,
    ) -> Result<Value, Refusal> {
        let catalogue = read(&self.catalogue);
        Catalogue::check_brand(brand_id)?;
        let product = catalogue.find_product(product)?;
        let now = self.clock.business_now();
        let wanted = |stock: &Stock| {
            stock.product == product
                && state.is_none_or(|state| stock.state_at(now) == state)
                && stock_bundle_id.is_none_or(|id| stock.stock_bundle_id.as_deref() == Some(id))
        };
        let found: Vec<_> =
            catalogue.stocks_where(wanted).into_iter().map(|index| (format!("{index:05}"), index)).collect();
        let total_count = found.len();
        let (stocks, next) = page.cut(found);
        let stocks: Vec<Value> = stocks
            .into_iter()
            .filter_map(|index| Some(catalogue.stock(index)?.shown(now).into_owned()))
            .collect();
        let mut answer = json!({ "total_count": total_count, "stock_list": stocks });
        if let Some(next) = next {
            set(&mut answer, "next_page_token", json!(seal_token(&next)));
        }
        Ok(answer)
    }

    /// `update_stock`.
    pub(crate) fn update_stock(
        &self,
        product: &str,
        stock: &str,
        order: &Order<'_>,
    ) -> Result<Told, Refusal> {
        self.change_stock(product, stock, order, Effect::Updated, |stock, now| {
            check_not_rung(stock)?;
            check_open(stock, now)?;
            change(stock, order.body);
            Ok(())
        })
    }

    /// `deactivate_stock`.
    pub(crate) fn deactivate_stock(
        &self,
        product: &str,
        stock: &str,
        order: &Order<'_>,
    ) -> Result<Told, Refusal> {
        self.change_stock(product, stock, order, Effect::Deactivated, |stock, now| {
            check_open(stock, now)?;
            stock.deactivate(&order.once.number, order.text("deactivate_reason"), now);
            Ok(())
        })
    }

    /// `update_stock_budget`.
    pub(crate) fn update_stock_budget(
        &self,
        product: &str,
        stock: &str,
        order: &Order<'_>,
    ) -> Result<Told, Refusal> {
        self.change_stock(product, stock, order, Effect::Updated, |stock, now| {
            check_not_rung(stock)?;
            check_open(stock, now)?;
            check_budget(stock, order.body)?;
            set_budget(stock, order.body, now);
            Ok(())
        })
    }

    /// `upload_coupon_codes`.
    pub(crate) fn upload_coupon_codes(
        &self,
        product: &str,
        stock: &str,
        order: &Order<'_>,
    ) -> Result<Told, Refusal> {
        self.carry_out(order, Effect::Updated, |catalogue, now| {
            let index = catalogue.stock_of(product, stock)?;
            let stock = catalogue.stock_mut(index).ok_or(Reason::Internal)?;
            check_open(stock, now)?;
            if stock.code_mode != CodeMode::Upload {
                let issue = "coupon_code_mode is not UPLOAD";
                return Err(Refusal::because(Reason::BadCombination, issue));
            }
            let codes = order.body.get("code_list").and_then(Value::as_array);
            let codes: Vec<&str> = codes.into_iter().flatten().filter_map(Value::as_str).collect();
            let mut seen = BTreeSet::new();
            let (mut fresh, mut known, mut failed) = (Vec::new(), Vec::new(), Vec::new());
            let mut twice = BTreeSet::new();
            for code in codes {
                if !seen.insert(code) {
                    twice.insert(code);
                } else if self.coupons.get(code).is_some() {
                    failed.push(json!({
                        "coupon_code": code,
                        "code": "INVALID_REQUEST",
                        "message": "券Code已被其他批次使用",
                    }));
                } else if stock.codes.add(code) {
                    fresh.push(code);
                } else {
                    known.push(code);
                }
            }
            stock.refresh(now);
            let answer = json!({
                "total_count": seen.len(),
                "success_code_list": fresh,
                "failed_code_list": failed,
                "already_exist_code_list": known,
                "duplicate_code_list": twice,
            });
            Ok(Achieved { object: stock.stock_id.clone(), answer })
        })
    }

    fn change_stock(
        &self,
        product: &str,
        stock: &str,
        order: &Order<'_>,
        effect: Effect,
        change: impl FnOnce(&mut Stock, i64) -> Result<(), Refusal>,
    ) -> Result<Told, Refusal> {
        self.carry_out(order, effect, |catalogue, now| {
            let index = catalogue.stock_of(product, stock)?;
            let stock = catalogue.stock_mut(index).ok_or(Reason::Internal)?;
            change(stock, now)?;
            Ok(Achieved { object: stock.stock_id.clone(), answer: stock.shown(now).into_owned() })
        })
    }

    /// For people at the control port: AUDITING, SENDING, PAUSED or STOPPED.
    pub(crate) fn set_stock_state(&self, stock_id: &str, state: &str) -> Option<Value> {
        let mut catalogue = write(&self.catalogue);
        let index = catalogue.find_stock(stock_id)?;
        let stock = catalogue.stock_mut(index)?;
        set(&mut stock.details, "state", json!(state));
        self.touch();
        Some(stock.shown(self.clock.business_now()).into_owned())
    }
}

/// Makes a stock of single coupons.
pub(super) fn add(
    catalogue: &mut Catalogue,
    product: u16,
    body: &Value,
    now: i64,
) -> Result<Achieved, Refusal> {
    let rule = body.get("single_usage_rule").cloned().ok_or(Reason::Internal)?;
    let index = build(catalogue, product, body, ("single_usage_rule", rule), (Mode::Single, None), now)?;
    let stock = catalogue.stock(index).ok_or(Reason::Internal)?;
    Ok(Achieved { object: stock.stock_id.clone(), answer: stock.details.clone() })
}

/// Makes a stock out of a checked body.
pub(super) fn build(
    catalogue: &mut Catalogue,
    product: u16,
    body: &Value,
    (rule_name, rule): (&str, Value),
    (mode, stock_bundle_id): (Mode, Option<String>),
    now: i64,
) -> Result<u16, Refusal> {
    let part = |name: &str| body.get(name).cloned().unwrap_or_default();
    let period = rule.get("coupon_available_period").and_then(Period::read).ok_or(Reason::Internal)?;
    let code_mode = serde_json::from_value(part("coupon_code_mode")).map_err(|_| Reason::Internal)?;
    let send_rule = serde_json::from_value(part("stock_send_rule")).map_err(|_| Reason::Internal)?;
    let product_coupon_id = catalogue
        .product(product)
        .map(|product| product.product_coupon_id.clone())
        .ok_or(Reason::Internal)?;
    let mut details = Map::new();
    for name in MEMBERS {
        if let Some(member) = given(body, name) {
            details.insert(name.to_owned(), member.clone());
        }
    }
    details.insert(rule_name.to_owned(), rule);
    let added = catalogue.add_stock(product, |stock_id| {
        details.insert("product_coupon_id".to_owned(), json!(product_coupon_id));
        details.insert("stock_id".to_owned(), json!(stock_id));
        details.insert("state".to_owned(), json!("SENDING"));
        details.insert("brand_id".to_owned(), json!(BRAND_ID));
        if let (Some(id), Mode::Bundle { rung, .. }) = (&stock_bundle_id, mode) {
            let place = json!({ "stock_bundle_id": id, "stock_bundle_index": rung });
            details.insert("stock_bundle_info".to_owned(), place);
        }
        let mut stock = Stock {
            product,
            product_coupon_id,
            stock_id,
            mode,
            stock_bundle_id,
            period,
            code_mode,
            rule: send_rule,
            sent: Sent::default(),
            codes: Codes::default(),
            stores: BTreeSet::new(),
            details: Value::Object(details),
        };
        stock.refresh(now);
        stock
    });
    added.ok_or_else(|| Reason::Internal.into())
}

/// Puts the members of an update in the place of the old ones.
pub(super) fn change(stock: &mut Stock, body: &Value) {
    for name in CHANGEABLE {
        if let Some(member) = given(body, name) {
            set(&mut stock.details, name, member.clone());
        }
    }
}

/// Only stocks in SENDING or PAUSED can be changed or ended.
pub(super) fn check_open(stock: &Stock, now: i64) -> Result<(), Refusal> {
    match stock.state_at(now) {
        "SENDING" | "PAUSED" => Ok(()),
        state => Err(state_forbids("stock", state)),
    }
}

/// A rung is changed together with its bundle.
pub(super) fn check_not_rung(stock: &Stock) -> Result<(), Refusal> {
    match stock.stock_bundle_id {
        None => Ok(()),
        Some(_) => {
            Err(Refusal::because(Reason::BadCombination, "stock belongs to a stock bundle; change that"))
        }
    }
}

const TOTAL: &str = "MAX_COUNT";

/// The caller must know the present budget, and the new one must cover what is sent.
pub(super) fn check_budget(stock: &Stock, body: &Value) -> Result<(), Refusal> {
    let combination = |issue: &str| Err(Refusal::because(Reason::BadCombination, issue));
    let number = |name: &str| given(body, name).and_then(Value::as_u64);
    if body.get("update_mode").and_then(Value::as_str) == Some(TOTAL) {
        return match (number("current_max_count"), number("target_max_count")) {
            (Some(current), Some(_)) if current != stock.rule.max_count => {
                combination("current_max_count is not the present max_count")
            }
            (Some(_), Some(target)) if target < stock.sent.total => {
                combination("target_max_count is less than what has been sent")
            }
            (Some(_), Some(_)) => Ok(()),
            _ => combination("MAX_COUNT needs current_max_count and target_max_count"),
        };
    }
    match (number("current_max_count_per_day"), number("target_max_count_per_day")) {
        (current, Some(_)) if current != stock.rule.max_count_per_day => {
            combination("current_max_count_per_day is not the present max_count_per_day")
        }
        (_, Some(_)) => Ok(()),
        _ => combination("MAX_COUNT_PER_DAY needs target_max_count_per_day"),
    }
}

pub(super) fn set_budget(stock: &mut Stock, body: &Value, now: i64) {
    let number = |name: &str| given(body, name).and_then(Value::as_u64);
    if body.get("update_mode").and_then(Value::as_str) == Some(TOTAL) {
        stock.rule.max_count = number("target_max_count").unwrap_or(stock.rule.max_count);
    } else {
        stock.rule.max_count_per_day = number("target_max_count_per_day");
    }
    stock.refresh(now);
}
