//! Stocks: making, reading, changing and ending them, their budget and their codes.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::form::{schema, shapes};
use super::management::{Achieved, Order, check_alive, given, state_forbids};
use super::stock_budget::{check_budget, set_budget};
use super::{Call, Success, terms};
use crate::identities::BRAND_ID;
use crate::refusal::{Reason, Refusal};
use crate::state::State;
use crate::state::catalogue::period::Period;
use crate::state::catalogue::stock::{CodeMode, Codes, Sent, Stock};
use crate::state::catalogue::{Catalogue, UsageMode, set};
use crate::state::ledger::Effect;
use crate::sync::write;

const STATES: [&str; 5] = ["AUDITING", "SENDING", "PAUSED", "STOPPED", "DEACTIVATED"];

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
const CHANGEABLE: [&str; 5] =
    ["remark", "usage_rule_display_info", "coupon_display_info", "notify_config", "store_scope"];

/// `create_stock`.
pub(super) fn create(call: &Call<'_>) -> Result<Success, Refusal> {
    let order = call.order_of(shapes::CREATE_STOCK)?;
    call.check_period("/stock/single_usage_rule")?;
    let product_id = call.path_id("product_coupon_id")?;
    call.execute_once(&order, Effect::Created, |catalogue, now| {
        let index = catalogue.find_product(&product_id)?;
        let product = catalogue.product(index).ok_or(Reason::Internal)?;
        check_alive(product)?;
        let stock = order.body.get("stock").ok_or(Reason::Internal)?;
        if product.is_bundle() {
            let issue = (
                "PROGRESSIVE_BUNDLE product coupons have stock bundles",
                "PROGRESSIVE_BUNDLE 类商品券应添加批次组",
            );
            return Err(Refusal::because(Reason::BadCombination, issue));
        }
        terms::check_single(product, stock)?;
        add(catalogue, index, stock, now)
    })
}

/// `get_stock`.
pub(super) fn get(call: &Call<'_>) -> Result<Success, Refusal> {
    let brand_id = call.query_id("brand_id")?;
    let (product, stock) = call.stock_in_path()?;
    call.look_up(&brand_id, |catalogue, now| {
        let stock = catalogue.stock(catalogue.stock_of(&product, &stock)?).ok_or(Reason::Internal)?;
        Ok(stock.shown(now).into_owned())
    })
}

/// `list_stocks`, oldest first.
pub(super) fn list(call: &Call<'_>) -> Result<Success, Refusal> {
    let brand_id = call.query_id("brand_id")?;
    let state = call.optional_query("state", 40)?;
    if state.as_deref().is_some_and(|state| !STATES.contains(&state)) {
        return Err(call.bad_query("state", Reason::BadValue, ("is no stock state", "不是批次状态")));
    }
    let bundle = call.optional_query("stock_bundle_id", 40)?;
    let product_id = call.path_id("product_coupon_id")?;
    let page = call.page()?;
    call.look_up(&brand_id, |catalogue, now| {
        let product = catalogue.find_product(&product_id)?;
        let wanted = |stock: &Stock| {
            stock.product == product
                && state.as_deref().is_none_or(|state| stock.state_at(now) == state)
                && bundle.as_deref().is_none_or(|id| stock.stock_bundle_id.as_deref() == Some(id))
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
            set(&mut answer, "next_page_token", json!(next));
        }
        Ok(answer)
    })
}

/// `update_stock`.
pub(super) fn update(call: &Call<'_>) -> Result<Success, Refusal> {
    change_stock(call, shapes::UPDATE_STOCK, Effect::Updated, |stock, order, now| {
        check_not_rung(stock)?;
        check_open(stock, now)?;
        change(stock, order.body);
        Ok(())
    })
}

/// `deactivate_stock`.
pub(super) fn deactivate(call: &Call<'_>) -> Result<Success, Refusal> {
    change_stock(call, shapes::DEACTIVATE, Effect::Deactivated, |stock, order, now| {
        check_open(stock, now)?;
        stock.deactivate(&order.key.number, order.text("deactivate_reason"), now);
        Ok(())
    })
}

/// `update_stock_budget`.
pub(super) fn update_budget(call: &Call<'_>) -> Result<Success, Refusal> {
    change_stock(call, shapes::UPDATE_BUDGET, Effect::Updated, |stock, order, now| {
        check_not_rung(stock)?;
        check_open(stock, now)?;
        check_budget(stock, order.body)?;
        set_budget(stock, order.body, now);
        Ok(())
    })
}

/// `upload_coupon_codes`.
pub(super) fn upload_codes(call: &Call<'_>) -> Result<Success, Refusal> {
    let order = call.order_of(shapes::UPLOAD_CODES)?;
    let (product, stock) = call.stock_in_path()?;
    call.execute_once(&order, Effect::Updated, |catalogue, now| {
        let index = catalogue.stock_of(&product, &stock)?;
        let stock = catalogue.stock_mut(index).ok_or(Reason::Internal)?;
        check_open(stock, now)?;
        if stock.code_mode != CodeMode::Upload {
            let issue = ("coupon_code_mode is not UPLOAD", "coupon_code_mode 不是 UPLOAD");
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
            } else if call.state.coupons.get(code).is_some() {
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
    call: &Call<'_>,
    members: &[schema::Member],
    effect: Effect,
    change: impl FnOnce(&mut Stock, &Order<'_>, i64) -> Result<(), Refusal>,
) -> Result<Success, Refusal> {
    let order = call.order_of(members)?;
    let (product, stock) = call.stock_in_path()?;
    call.execute_once(&order, effect, |catalogue, now| {
        let index = catalogue.stock_of(&product, &stock)?;
        let stock = catalogue.stock_mut(index).ok_or(Reason::Internal)?;
        change(stock, &order, now)?;
        Ok(Achieved { object: stock.stock_id.clone(), answer: stock.shown(now).into_owned() })
    })
}

impl Call<'_> {
    pub(super) fn stock_in_path(&self) -> Result<(String, String), Refusal> {
        Ok((self.path_id("product_coupon_id")?, self.path_id("stock_id")?))
    }
}

/// For people at the admin interface: AUDITING, SENDING, PAUSED or STOPPED; `None` when there is no such stock.
pub(crate) fn set_state(state: &State, stock_id: &str, stock_state: &str) -> Option<Value> {
    let mut catalogue = write(&state.catalogue);
    let index = catalogue.find_stock(stock_id)?;
    let stock = catalogue.stock_mut(index)?;
    set(&mut stock.details, "state", json!(stock_state));
    state.touch();
    Some(stock.shown(state.clock.business_now()).into_owned())
}

/// Makes a stock of single coupons.
pub(super) fn add(
    catalogue: &mut Catalogue,
    product: u16,
    body: &Value,
    now: i64,
) -> Result<Achieved, Refusal> {
    let rule = body.get("single_usage_rule").cloned().ok_or(Reason::Internal)?;
    let index = build(catalogue, product, body, ("single_usage_rule", rule), (UsageMode::Single, None), now)?;
    let stock = catalogue.stock(index).ok_or(Reason::Internal)?;
    Ok(Achieved { object: stock.stock_id.clone(), answer: stock.details.clone() })
}

/// Makes a stock out of a checked body.
pub(super) fn build(
    catalogue: &mut Catalogue,
    product: u16,
    body: &Value,
    (rule_name, rule): (&str, Value),
    (mode, stock_bundle_id): (UsageMode, Option<String>),
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
        if let (Some(id), UsageMode::Bundle { rung, .. }) = (&stock_bundle_id, mode) {
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
        state => Err(state_forbids(("stock", "批次"), state)),
    }
}

/// A rung is changed together with its bundle.
pub(super) fn check_not_rung(stock: &Stock) -> Result<(), Refusal> {
    match stock.stock_bundle_id {
        None => Ok(()),
        Some(_) => Err(Refusal::because(
            Reason::BadCombination,
            ("stock belongs to a stock bundle; change that", "批次属于批次组，请修改批次组"),
        )),
    }
}
