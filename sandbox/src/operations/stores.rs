//! Which stores may redeem coupons of a stock or of all stocks of a bundle. These operations have no
//! request number: done again, they change nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::form::{schema, shapes};
use super::stocks::check_not_rung;
use super::{Call, Execution, Success};
use crate::refusal::{Reason, Refusal};
use crate::state::catalogue::{Catalogue, set};
use crate::state::ledger::Effect;
use crate::sync::write;

/// Whose stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Stock,
    Bundle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Associate,
    Disassociate,
}

/// The four operations that associate and disassociate stores.
pub(super) fn change(call: &Call<'_>, owner: Owner, change: Change) -> Result<Success, Refusal> {
    let (product, owner_id) = match owner {
        Owner::Stock => call.stock_in_path()?,
        Owner::Bundle => call.bundle_in_path()?,
    };
    let brand_id = call.body_id("/brand_id")?;
    schema::check_members(call.body, "", shapes::STORES)?;
    let stores = call.body.get("store_list").and_then(Value::as_array).into_iter().flatten();
    let wanted: BTreeSet<&str> = stores.filter_map(|store| store.get("store_id")?.as_str()).collect();

    let mut catalogue = write(&call.state.catalogue);
    Catalogue::check_brand(&brand_id)?;
    let stocks = match owner {
        Owner::Stock => vec![catalogue.stock_of(&product, &owner_id)?],
        Owner::Bundle => catalogue.bundle_of(&product, &owner_id)?,
    };
    for index in &stocks {
        let stock = catalogue.stock(*index).ok_or(Reason::Internal)?;
        if owner == Owner::Stock {
            check_not_rung(stock)?;
        }
        if stock.store_scope() != "SPECIFIC" {
            let scope = stock.store_scope();
            let issue = (format!("store_scope is {scope}"), format!("store_scope 是 {scope}"));
            return Err(Refusal::because(Reason::NoStoreRule, issue));
        }
    }
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for store_id in &wanted {
        let known = stocks
            .iter()
            .all(|index| catalogue.stock(*index).is_some_and(|stock| stock.stores.contains(*store_id)));
        let issue = match (change, known) {
            (Change::Associate, _) if !Catalogue::has_store(store_id) => "门店ID非法或不属于当前品牌",
            (Change::Disassociate, false) => "门店未与批次关联",
            _ => {
                done.push(*store_id);
                continue;
            }
        };
        failed.push(json!({ "store_id": store_id, "code": "INVALID_REQUEST", "message": issue }));
    }
    if call.execution == Execution::Commit {
        let mut changed = false;
        for index in stocks {
            let Some(stock) = catalogue.stock_mut(index) else { continue };
            for store_id in &done {
                changed |= match change {
                    Change::Associate => stock.stores.insert((*store_id).to_owned()),
                    Change::Disassociate => stock.stores.remove(*store_id),
                };
            }
        }
        if changed {
            call.state.record_effect(&call.request_key(String::new()), &owner_id, Effect::Updated);
        }
    }
    let done: Vec<Value> = done.into_iter().map(|store_id| json!({ "store_id": store_id })).collect();
    Success::new(&json!({
        "total_count": wanted.len(),
        "success_store_list": done,
        "failed_store_list": failed,
    }))
}

/// `list_associated_stores`.
pub(super) fn list(call: &Call<'_>) -> Result<Success, Refusal> {
    let brand_id = call.query_id("brand_id")?;
    let (product, stock) = call.stock_in_path()?;
    let page = call.page()?;
    call.look_up(&brand_id, |catalogue, _| {
        let stock = catalogue.stock(catalogue.stock_of(&product, &stock)?).ok_or(Reason::Internal)?;
        let stores: Vec<_> = stock.stores.iter().map(|id| (id.clone(), json!({ "store_id": id }))).collect();
        let total_count = stores.len();
        let (stores, next) = page.cut(stores);
        let mut answer = json!({ "total_count": total_count, "store_list": stores });
        if let Some(next) = next {
            set(&mut answer, "next_page_token", json!(next));
        }
        Ok(answer)
    })
}
