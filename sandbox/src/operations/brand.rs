//! What a brand has authorised, and its stores.

use serde_json::{Value, json};

use super::{Call, Success};
use crate::clock::rfc3339;
use crate::refusal::{Reason, Refusal};
use crate::state::brand::Store;
use crate::state::catalogue::Catalogue;

/// As the page of the list has them.
const DEFAULT_LIMIT: usize = 20;
const LARGEST_LIMIT: usize = 200;
const ID: usize = 32;

/// `product_authorities`. What is answered for a brand that has authorised nothing is not documented: here an empty list.
pub(super) fn authorities(call: &Call<'_>) -> Result<Success, Refusal> {
    let brand_id = call.param("brand_id");
    let products = call.state.brand.authorities(brand_id);
    Success::new(&json!({
        "brand_id": brand_id,
        "authorization_type": "AUTHORIZATION_TYPE_PARTLY",
        "authorization_product": products,
        "update_time": rfc3339(call.state.clock.business_now()),
    }))
}

/// `list_brand_stores`: counted in offsets.
pub(super) fn stores(call: &Call<'_>) -> Result<Success, Refusal> {
    let brand_id = call.query_id("brand_id")?;
    Catalogue::check_brand(&brand_id)?;
    let number = |name: &str, otherwise: usize, smallest: usize, largest: usize| {
        let Some(text) = call.optional_query(name, 10)? else { return Ok(otherwise) };
        let value = text.parse().ok().filter(|value| (smallest..=largest).contains(value));
        value.ok_or_else(|| call.bad_query(name, Reason::OutOfRange, ("is out of range", "超出范围")))
    };
    let offset = number("offset", 0, 0, usize::MAX)?;
    let limit = number("limit", DEFAULT_LIMIT, 1, LARGEST_LIMIT)?;
    let state = call.optional_query("store_state", ID)?;
    let mut found = call.state.brand.stores();
    found.retain(|store| state.as_ref().is_none_or(|state| *state == store.store_state));
    let page: Vec<Value> =
        found.iter().skip(offset).take(limit).map(|store| view(&brand_id, store)).collect();
    Success::new(&json!({
        "brand_id": brand_id, "offset": offset, "limit": limit, "total_count": found.len(), "data": page,
    }))
}

/// `get_brand_store`
pub(super) fn store(call: &Call<'_>) -> Result<Success, Refusal> {
    let brand_id = call.query_id("brand_id")?;
    Catalogue::check_brand(&brand_id)?;
    let wanted = call.param("store_id");
    let found = call.state.brand.stores().into_iter().find(|store| store.store_id == wanted);
    let store =
        found.ok_or_else(|| Refusal::because(Reason::ObjectAbsent, ("no such store", "没有这个门店")))?;
    Success::new(&view(&brand_id, &store))
}

fn view(brand_id: &str, store: &Store) -> Value {
    let name = format!("门店{}", store.store_id);
    let basics = match &store.store_reference_id {
        Some(reference) => json!({ "branch_name": name, "store_reference_id": reference }),
        None => json!({ "branch_name": name }),
    };
    json!({
        "brand_id": brand_id, "store_id": store.store_id, "store_state": store.store_state,
        "audit_state": "SUCCESS", "store_basics": basics,
        "store_address": { "address_code": "440305", "address_detail": "深南大道 10000 号" },
    })
}
