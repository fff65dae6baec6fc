//! `list`: the coupons of a user, page by page.

use serde::Serialize;

use super::{Call, Success};
use crate::refusal::{Reason, Refusal};
use crate::state::catalogue::Catalogue;
use crate::state::coupon::{Coupon, CouponState};
use crate::state::coupon_json::{Entity, Snapshot};
use crate::sync::read;

#[derive(Serialize)]
struct Envelope<'a> {
    total_count: usize,
    user_coupon_list: Vec<Entity<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// Oldest first; `AUTO_` coupons belong to nobody and are not in it.
pub(super) fn list(call: &Call<'_>) -> Result<Success, Refusal> {
    let coupon_state: Option<CouponState> = match call.optional_query("coupon_state", 40)? {
        None => None,
        Some(text) => Some(serde_json::from_value(serde_json::Value::from(text.as_str())).map_err(|_| {
            call.bad_query(
                "coupon_state",
                Reason::BadValue,
                ("is no coupon_state", "不是 coupon_state 的取值"),
            )
        })?),
    };
    let openid = call.openid()?;
    let appid = call.query_id("appid")?;
    let brand_id = call.query_id("brand_id")?;
    let product_coupon_id = call.optional_query("product_coupon_id", 40)?;
    let stock_id = call.optional_query("stock_id", 40)?;
    let bundle_id = call.optional_query("user_coupon_bundle_id", 40)?;
    let page = call.page()?;

    let catalogue = read(&call.state.catalogue);
    Catalogue::check_app(&brand_id, &appid)?;
    let product = product_coupon_id.as_deref().map(|id| catalogue.find_product(id)).transpose()?;
    let stock = match (&stock_id, &product_coupon_id) {
        (None, _) => None,
        (Some(stock), Some(product)) => Some(catalogue.stock_of(product, stock)?),
        (Some(stock), None) => Some(catalogue.find_stock(stock).ok_or_else(|| {
            Refusal::because(Reason::ObjectAbsent, ("no such stock_id", "没有这个 stock_id"))
        })?),
    };
    if !openid.starts_with('o') {
        return Err(Refusal::because(Reason::WrongOpenid, ("an openid starts with o", "openid 以 o 开头")));
    }
    let now = call.state.clock.business_now();
    let wanted = |coupon: &Coupon| {
        let traits = coupon.traits.as_ref();
        let of_bundle = traits.and_then(|traits| traits.bundle.as_deref());
        let its_stock = catalogue.stock(coupon.stock);
        traits.and_then(|traits| traits.openid.as_deref()) == Some(&openid)
            && stock.is_none_or(|stock| coupon.stock == stock)
            && product.is_none_or(|product| its_stock.is_some_and(|stock| stock.product == product))
            && coupon_state.is_none_or(|state| coupon.state_at(now) == state)
            && bundle_id.as_deref().is_none_or(|id| {
                of_bundle == Some(id) && its_stock.is_some_and(|stock| stock.stock_bundle_id.is_some())
            })
    };
    let mut found: Vec<(String, Snapshot)> = call
        .state
        .coupons
        .select(wanted)
        .into_iter()
        .filter_map(|(code, coupon)| {
            let events = coupon.history.len();
            let snapshot = call.state.snapshot(&coupon, &code, catalogue.stock(coupon.stock)?, events);
            let received = snapshot.issue().map_or(0, |issue| issue.received);
            Some((format!("{received:012}/{code}"), snapshot))
        })
        .collect();
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let total_count = found.len();
    let (found, next_page_token) = page.cut(found);
    let user_coupon_list = found.iter().filter_map(|snapshot| snapshot.entity(&catalogue)).collect();
    let envelope = Envelope { total_count, user_coupon_list, next_page_token };
    Ok(Success::text(serde_json::to_vec(&envelope).map_err(|_| Reason::Internal)?, false))
}
