//! Coupons as the console shows them.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::busifavor;
use crate::clock::parse_rfc3339;
use crate::protocol::Api;
use crate::state::catalogue::Catalogue;
use crate::state::coupon::CouponState;
use crate::state::view::CouponView;
use crate::sync::read;

/// Coupons of a family shown at once; the latest that came to their users go first.
const MOST: usize = 500;

/// One coupon. A further family of coupons has its own name in `family`, and its own words on the page.
#[derive(Debug, Serialize)]
pub(crate) struct Card {
    family: &'static str,
    #[serde(flatten)]
    view: CouponView,
    name: String,
    /// `type`, `threshold` and what is taken off, in fen or percent.
    worth: Value,
    /// Seconds since 1970.
    valid_begin: i64,
    /// Seconds since 1970.
    valid_end: i64,
    /// What the stock allows: `NONE`, `ALL` or `SPECIFIC`, and its stores.
    stock_stores: Value,
    /// `weekly_available_period` of the stock.
    stock_hours: Value,
    /// When it was received, in seconds since 1970; 0 for those that the sandbox began with.
    received: i64,
}

/// One coupon.
pub(crate) fn card(api: &Api, code: &str) -> Option<Card> {
    let view = api.state.view(code)?;
    let received = received(api, code);
    Some(dress(&read(&api.state.catalogue), view, received))
}

/// Which coupons are looked for; what is empty does not matter.
#[derive(Debug)]
pub(crate) struct Wanted {
    openid: String,
    state: String,
    /// In small letters.
    search: String,
}

impl Wanted {
    pub(crate) fn new(openid: &str, state: &str, search: &str) -> Self {
        Self { openid: openid.to_owned(), state: state.to_owned(), search: search.to_lowercase() }
    }

    /// A coupon without an owner is everybody's.
    fn fits(&self, openid: &str, state: CouponState, texts: [&str; 3]) -> bool {
        (self.openid.is_empty() || openid.is_empty() || self.openid == openid)
            && (self.state.is_empty() || json!(state) == self.state.as_str())
            && (self.search.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&self.search)))
    }
}

/// What the page shows of the coupons that are looked for.
#[derive(Debug, Serialize)]
pub(crate) struct Picked {
    /// Those of load tests are not among them.
    coupons: Vec<Value>,
    /// How many there are, shown or not.
    matching: usize,
    /// Of all coupons.
    owners: BTreeSet<String>,
}

/// The coupons that are looked for: product coupons, then those of the older family.
pub(crate) fn picked(api: &Api, wanted: &Wanted) -> Picked {
    let (cards, older) = (all(api), busifavor::all(api));
    let openids = cards
        .iter()
        .filter_map(|card| card.view.openid.as_ref())
        .chain(older.iter().map(|card| &card.openid));
    let owners = openids.filter(|openid| !openid.is_empty()).cloned().collect();
    let cards = cards.iter().filter(|Card { view, name, .. }| {
        wanted.fits(
            view.openid.as_deref().unwrap_or_default(),
            view.state,
            [&view.coupon_code, name, &view.stock_id],
        )
    });
    let older = older.iter().filter(|card| {
        let texts = [card.coupon_code.as_str(), card.name.as_str().unwrap_or_default(), &card.stock_id];
        wanted.fits(&card.openid, card.state, texts)
    });
    let matching = cards.clone().count() + older.clone().count();
    let coupons = cards.take(MOST).map(serde_json::to_value);
    let coupons = coupons.chain(older.take(MOST).map(serde_json::to_value)).filter_map(Result::ok).collect();
    Picked { coupons, matching, owners }
}

/// All coupons that have anything of their own; those of load tests have not.
fn all(api: &Api) -> Vec<Card> {
    let mut found: Vec<(i64, String)> = api
        .state
        .coupons
        .select(|coupon| coupon.traits.is_some())
        .into_iter()
        .map(|(code, coupon)| {
            let issue = coupon.traits.and_then(|traits| traits.issue);
            (issue.map_or(0, |issue| issue.received), code.to_string())
        })
        .collect();
    found.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| natural(&one.1).cmp(&natural(&other.1))));
    let views: Vec<_> =
        found.into_iter().filter_map(|(received, code)| Some((received, api.state.view(&code)?))).collect();
    let catalogue = read(&api.state.catalogue);
    views.into_iter().map(|(received, view)| dress(&catalogue, view, received)).collect()
}

/// `X_10` after `X_9`.
fn natural(code: &str) -> (String, usize, String) {
    let start = code.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let digits = code.get(start.len()..).unwrap_or_default();
    (start.to_owned(), digits.len(), digits.to_owned())
}

fn received(api: &Api, code: &str) -> i64 {
    let issue = api.state.coupons.get(code).and_then(|coupon| coupon.traits?.issue);
    issue.map_or(0, |issue| issue.received)
}

fn dress(catalogue: &Catalogue, view: CouponView, received: i64) -> Card {
    let stock = catalogue.find_stock(&view.stock_id).and_then(|index| catalogue.stock(index));
    let product = stock.and_then(|stock| catalogue.product(stock.product));
    let none = Value::Null;
    let product_details = product.map_or(&none, |product| &product.details);
    let stock_details = stock.map_or(&none, |stock| &stock.details);
    let rule = ["single_usage_rule", "progressive_bundle_usage_rule"]
        .iter()
        .find_map(|name| stock_details.get(*name))
        .unwrap_or(&none);
    let places = [product_details.get("single_usage_info"), Some(rule)];
    let terms = places.into_iter().flatten().find_map(|place| {
        let names = ["normal_coupon", "discount_coupon", "exchange_coupon"];
        names.iter().find_map(|name| place.get(*name)).cloned()
    });
    let mut worth = terms.unwrap_or_else(|| json!({}));
    if let Some(members) = worth.as_object_mut() {
        members.insert("type".to_owned(), product_details.get("type").cloned().unwrap_or_default());
    }
    let name = product_details.pointer("/display_info/name").and_then(Value::as_str).unwrap_or_default();
    let hours = rule.pointer("/coupon_available_period/weekly_available_period").cloned();
    Card {
        family: "product_coupon",
        name: name.to_owned(),
        worth,
        valid_begin: parse_rfc3339(&view.valid_begin_time).unwrap_or(0),
        valid_end: parse_rfc3339(&view.valid_end_time).unwrap_or(0),
        stock_stores: json!({
            "scope": stock_details.get("store_scope"),
            "stores": stock.map(|stock| &stock.stores),
        }),
        stock_hours: hours.unwrap_or_default(),
        received,
        view,
    }
}
