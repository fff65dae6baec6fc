//! Whether the terms of a stock fit its product coupon.

use serde_json::Value;

use crate::refusal::{Reason, Refusal};
use crate::state::catalogue::Product;
use crate::text::Text;

/// The member a `type` of product coupon keeps its terms in.
fn member(kind: &str) -> &'static str {
    match kind {
        "NORMAL" => "normal_coupon",
        "DISCOUNT" => "discount_coupon",
        _ => "exchange_coupon",
    }
}

fn combination(issue: impl Into<Text>) -> Refusal {
    Refusal::because(Reason::BadCombination, issue)
}

/// Terms of the whole shop stand in the product coupon, terms of one product in its stocks.
pub(super) fn check_product(details: &Value) -> Result<(), Refusal> {
    let text = |name: &str| details.get(name).and_then(Value::as_str).unwrap_or_default();
    let (scope, kind) = (text("scope"), text("type"));
    if kind == "EXCHANGE" && scope != "SINGLE" {
        return Err(combination((
            "type EXCHANGE is only for scope SINGLE",
            "type EXCHANGE 只用于 scope SINGLE",
        )));
    }
    let display = details.get("display_info");
    if scope == "SINGLE" {
        for name in ["original_price", "combo_package_list"] {
            if display.and_then(|display| display.get(name)).is_none_or(Value::is_null) {
                let field = format!("/display_info/{name}");
                let issue = ("is required with scope SINGLE", "scope SINGLE 时必填");
                return Err(Refusal::about(Reason::BadStructure, &field, &Value::Null, issue, "body"));
            }
        }
    }
    let is_bundle = text("usage_mode") == "PROGRESSIVE_BUNDLE";
    let given = |name: &str| details.get(name).filter(|value| !value.is_null());
    let (single, bundle) = (given("single_usage_info"), given("progressive_bundle_usage_info"));
    match (is_bundle, scope == "SINGLE") {
        (true, _) if bundle.is_none() => Err(combination((
            "usage_mode PROGRESSIVE_BUNDLE needs progressive_bundle_usage_info",
            "usage_mode PROGRESSIVE_BUNDLE 须填 progressive_bundle_usage_info",
        ))),
        (true, _) if single.is_some() => Err(combination((
            "single_usage_info is for usage_mode SINGLE",
            "single_usage_info 用于 usage_mode SINGLE",
        ))),
        (false, _) if bundle.is_some() => Err(combination((
            "progressive_bundle_usage_info is for usage_mode PROGRESSIVE_BUNDLE",
            "progressive_bundle_usage_info 用于 usage_mode PROGRESSIVE_BUNDLE",
        ))),
        (false, false) => check_only(single, member(kind), "single_usage_info"),
        (false, true) if single.is_some() => Err(combination((
            "with scope SINGLE the terms stand in stock.single_usage_rule",
            "scope SINGLE 的优惠规则写在 stock.single_usage_rule",
        ))),
        _ => Ok(()),
    }
}

/// The rule of a stock of single coupons.
pub(super) fn check_single(product: &Product, stock: &Value) -> Result<(), Refusal> {
    let rule = stock.get("single_usage_rule").filter(|rule| !rule.is_null());
    if rule.is_none() {
        return Err(combination((
            "usage_mode SINGLE needs single_usage_rule",
            "usage_mode SINGLE 须填 single_usage_rule",
        )));
    }
    if product.text("scope") == "SINGLE" {
        return check_only(rule, member(product.text("type")), "single_usage_rule");
    }
    let own = TERMS.iter().find(|name| rule.is_some_and(|rule| rule.get(**name).is_some()));
    own.map_or(Ok(()), |name| {
        Err(combination((format!("{name} is only for scope SINGLE"), format!("{name} 只用于 scope SINGLE"))))
    })
}

/// The rule of a stock bundle: a list of as many terms as there are uses, none worse than before.
pub(super) fn check_bundle(product: &Product, stock_bundle: &Value) -> Result<(), Refusal> {
    let Some(rule) = stock_bundle.get("progressive_bundle_usage_rule").filter(|rule| !rule.is_null()) else {
        return Err(combination((
            "usage_mode PROGRESSIVE_BUNDLE needs progressive_bundle_usage_rule",
            "usage_mode PROGRESSIVE_BUNDLE 须填 progressive_bundle_usage_rule",
        )));
    };
    let kind = product.text("type");
    let wanted = format!("{}_list", member(kind));
    for name in TERMS {
        let list = format!("{name}_list");
        if list != wanted && rule.get(&list).is_some() {
            return Err(combination((
                format!("{list} does not go with type {kind}"),
                format!("{list} 不能与 type {kind} 同用"),
            )));
        }
    }
    let terms = rule.get(&wanted).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let (count, _) = product.bundle_terms();
    if u32::try_from(terms.len()) != Ok(count) {
        return Err(combination((
            format!("{wanted} must have {count} entries"),
            format!("{wanted} 应有 {count} 项"),
        )));
    }
    let worth = |terms: &Value| {
        let number = |name: &str| terms.get(name).and_then(Value::as_i64).unwrap_or(0);
        match kind {
            "NORMAL" => number("discount_amount"),
            "DISCOUNT" => number("percent_off"),
            _ => -number("exchange_price"),
        }
    };
    if terms.iter().map(worth).is_sorted() { Ok(()) } else { Err(Reason::RungsGetWorse.into()) }
}

const TERMS: [&str; 3] = ["normal_coupon", "discount_coupon", "exchange_coupon"];

/// Exactly one kind of terms, the wanted one.
fn check_only(rule: Option<&Value>, wanted: &str, place: &str) -> Result<(), Refusal> {
    let given = |name: &str| rule.and_then(|rule| rule.get(name)).is_some_and(|terms| !terms.is_null());
    if !given(wanted) {
        return Err(combination((format!("{place} needs {wanted}"), format!("{place} 须填 {wanted}"))));
    }
    match TERMS.iter().find(|name| **name != wanted && given(name)) {
        Some(other) => Err(combination((
            format!("{other} does not go with {wanted} in {place}"),
            format!("{place} 里 {other} 不能与 {wanted} 同用"),
        ))),
        None => Ok(()),
    }
}
