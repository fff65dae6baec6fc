//! `list`: the coupons of a user.

use serde::Serialize;

use super::World;
use super::catalogue::Catalogue;
use super::coupon::{Coupon, CouponState};
use super::entity::{Entity, Snapshot};
use crate::refusal::{Reason, Refusal};
use crate::sync::read;

/// Input of `list`.
#[derive(Debug, Clone)]
pub(crate) struct ListRequest {
    pub(crate) openid: String,
    pub(crate) appid: String,
    pub(crate) brand_id: String,
    pub(crate) product_coupon_id: Option<String>,
    pub(crate) stock_id: Option<String>,
    pub(crate) coupon_state: Option<CouponState>,
    pub(crate) user_coupon_bundle_id: Option<String>,
    pub(crate) page: Page,
}

/// Which part of a list.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) size: usize,
    /// Key of the last entry of the page before.
    pub(crate) after: Option<String>,
}

impl Page {
    /// Cuts the page out of a sorted list; the key of its last entry, if more follow.
    pub(crate) fn cut<T>(&self, entries: Vec<(String, T)>) -> (Vec<T>, Option<String>) {
        let after = self.after.as_deref();
        let mut rest: Vec<_> =
            entries.into_iter().filter(|(key, _)| after.is_none_or(|after| key.as_str() > after)).collect();
        let more = rest.len() > self.size;
        rest.truncate(self.size);
        let next = rest.last().filter(|_| more).map(|(key, _)| key.clone());
        (rest.into_iter().map(|(_, entry)| entry).collect(), next)
    }
}

#[derive(Serialize)]
struct ListEnvelope<'a> {
    total_count: usize,
    user_coupon_list: Vec<Entity<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

impl World {
    /// `list`, oldest first; `AUTO_` coupons belong to nobody and are not in it.
    pub(crate) fn list(
        &self,
        request: &ListRequest,
        seal_token: impl Fn(&str) -> String,
    ) -> Result<Vec<u8>, Refusal> {
        let catalogue = read(&self.catalogue);
        Catalogue::check_app(&request.brand_id, &request.appid)?;
        let product =
            request.product_coupon_id.as_deref().map(|id| catalogue.find_product(id)).transpose()?;
        let stock = match (&request.stock_id, &request.product_coupon_id) {
            (None, _) => None,
            (Some(stock), Some(product)) => Some(catalogue.stock_of(product, stock)?),
            (Some(stock), None) => Some(
                catalogue
                    .find_stock(stock)
                    .ok_or_else(|| Refusal::because(Reason::ObjectAbsent, "no such stock_id"))?,
            ),
        };
        if !request.openid.starts_with('o') {
            return Err(Refusal::because(Reason::WrongOpenid, "an openid starts with o"));
        }
        let now = self.clock.business_now();
        let bundle = request.user_coupon_bundle_id.as_deref();
        let wanted = |coupon: &Coupon| {
            let traits = coupon.traits.as_ref();
            let of_bundle = traits.and_then(|traits| traits.bundle.as_deref());
            let its_stock = catalogue.stock(coupon.stock);
            traits.and_then(|traits| traits.openid.as_deref()) == Some(&request.openid)
                && stock.is_none_or(|stock| coupon.stock == stock)
                && product.is_none_or(|product| its_stock.is_some_and(|stock| stock.product == product))
                && request.coupon_state.is_none_or(|state| coupon.state_at(now) == state)
                && bundle.is_none_or(|id| {
                    of_bundle == Some(id) && its_stock.is_some_and(|stock| stock.stock_bundle_id.is_some())
                })
        };
        let mut found: Vec<(String, Snapshot)> = self
            .coupons
            .select(wanted)
            .into_iter()
            .filter_map(|(code, coupon)| {
                let events = coupon.history.len();
                let snapshot = self.snapshot_of(&coupon, &code, catalogue.stock(coupon.stock)?, events);
                let received = snapshot.issue().map_or(0, |issue| issue.received);
                Some((format!("{received:012}/{code}"), snapshot))
            })
            .collect();
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        let total_count = found.len();
        let (page, next) = request.page.cut(found);
        let envelope = ListEnvelope {
            total_count,
            user_coupon_list: page.iter().filter_map(|snapshot| snapshot.entity(&catalogue)).collect(),
            next_page_token: next.as_deref().map(seal_token),
        };
        serde_json::to_vec(&envelope).map_err(|_| Reason::Internal.into())
    }
}
