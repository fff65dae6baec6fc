//! Scenarios: coupons, faults and clock in a file, for later and for CI.
//!
//! Times count from the moment of loading, so that a file does not grow old.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Console;
use super::offers::{self, Offer};
use crate::clock::{Clock, parse_rfc3339, rfc3339};
use crate::faults::Fault;
use crate::protocol::Api;
use crate::state::State;
use crate::state::catalogue::worth::Worth;
use crate::state::coupon::{CouponState, Hours, StoreScope};
use crate::state::view::{CouponSpec, CouponView};
use crate::text::Text;

/// What this version writes and reads.
const VERSION: u32 = 1;
/// Seeded coupons whose times differ by less are as they were: midnight may have passed since the start.
const SAME_TIME: i64 = 2 * 86_400;

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    #[serde(rename = "wxcoupon_sandbox_scenario")]
    version: u32,
    #[serde(default)]
    clock: Offsets,
    /// In the form of `POST /faults`.
    #[serde(default)]
    faults: Vec<Value>,
    /// In the form of `POST /offers`.
    #[serde(default)]
    offers: Vec<Offer>,
    #[serde(default)]
    coupons: Vec<Coupon>,
}

/// In the form of `POST /clock`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Offsets {
    #[serde(default)]
    offset_s: i64,
    #[serde(default)]
    world_offset_s: i64,
}

/// As `POST /coupons`, but for the times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the API calls it coupon_code")]
struct Coupon {
    coupon_code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    openid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stock_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worth: Option<Worth>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<CouponState>,
    /// Seconds from now; negative: it has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    begins_in_s: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends_in_s: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stores: Option<StoreScope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hours: Option<Hours>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    locked: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    use_request_no: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bundle_id: Option<String>,
}

impl Scenario {
    /// Reads a file.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Text> {
        // Some editors put a byte order mark in front.
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let scenario: Self = serde_json::from_slice(text)?;
        match scenario.version {
            VERSION => Ok(scenario),
            other => Err(Text::new(
                format!("wxcoupon_sandbox_scenario is {other}; {VERSION} is known"),
                format!("wxcoupon_sandbox_scenario 为 {other}，只支持 {VERSION}"),
            )),
        }
    }

    /// The faults, checked.
    pub(crate) fn faults(&self) -> Result<Vec<Fault>, Text> {
        self.faults.iter().map(|fault| Fault::from_json(fault).map_err(Text::from)).collect()
    }

    pub(crate) fn set_clock(&self, clock: &Clock) -> Result<(), Text> {
        Clock::check([self.clock.offset_s, self.clock.world_offset_s])?;
        clock.set_offset(self.clock.offset_s);
        clock.set_business_offset(self.clock.world_offset_s);
        Ok(())
    }

    /// Makes the coupons, by the clock as it is now; those that are there already are only altered.
    pub(crate) fn make_coupons(&self, api: &Api, console: &Console) -> Result<usize, Text> {
        for offer in &self.offers {
            let is_there =
                offer.coupon_code.as_ref().is_some_and(|code| api.state.coupons.get(code).is_some());
            if !is_there {
                offers::make(api, console, offer).map_err(|issue| issue.about("offers"))?;
            }
        }
        for spec in self.coupon_specs(api.state.clock.business_now()) {
            api.state.put_coupon(&spec)?;
        }
        Ok(self.offers.len() + self.coupons.len())
    }

    /// The coupons, with their times.
    pub(crate) fn coupon_specs(&self, now: i64) -> Vec<CouponSpec> {
        self.coupons.iter().map(|coupon| coupon.spec(now)).collect()
    }

    /// The sandbox as it is: what differs from the start.
    pub(crate) fn of(api: &Api, console: &Console) -> Self {
        let clock = &api.state.clock;
        let now = clock.business_now();
        let offers = console.offers();
        let fresh = State::new();
        fresh.clock.set_business_offset(clock.offset().saturating_add(clock.business_offset()));
        let mut codes: Vec<String> = api
            .state
            .coupons
            .select(|coupon| coupon.traits.is_some())
            .into_iter()
            .map(|(code, _)| code.to_string())
            .collect();
        codes.sort();
        let coupons = codes.iter().filter_map(|code| {
            let view = api.state.view(code)?;
            if offers.iter().any(|offer| offer.coupon_code.as_ref() == Some(code)) {
                return is_altered(&view).then(|| Coupon { stock_id: None, ..Coupon::of(view, now) });
            }
            if is_made_for_worth(&api.state, &view.stock_id) {
                return Some(Coupon { stock_id: None, worth: view.worth, ..Coupon::of(view, now) });
            }
            // Coupons of stocks that the API was used for cannot be made again from here.
            fresh_stock(&fresh, &view.stock_id)?;
            let is_seed = fresh.view(code).is_some_and(|seed| is_same(&seed, &view));
            (!is_seed).then(|| Coupon::of(view, now))
        });
        Self {
            version: VERSION,
            clock: Offsets { offset_s: clock.offset(), world_offset_s: clock.business_offset() },
            faults: api.faults.list().into_iter().filter(|view| !view.spent).map(|view| view.fault).collect(),
            coupons: coupons.collect(),
            offers,
        }
    }
}

fn is_made_for_worth(state: &State, stock_id: &str) -> bool {
    let catalogue = crate::sync::read(&state.catalogue);
    let stock = catalogue.find_stock(stock_id).and_then(|index| catalogue.stock(index));
    stock.is_some_and(|stock| catalogue.is_made_for_worth(stock))
}

fn fresh_stock(fresh: &State, stock_id: &str) -> Option<u16> {
    crate::sync::read(&fresh.catalogue).find_stock(stock_id)
}

/// Whether a coupon of the short form has been changed since.
fn is_altered(view: &CouponView) -> bool {
    let is_usable = matches!(view.state, CouponState::Effective | CouponState::Pending);
    !is_usable || view.locked || view.stores != StoreScope::None || view.hours != Hours::Always
}

fn is_same(seed: &CouponView, view: &CouponView) -> bool {
    let near = |one: &str, other: &str| match (parse_rfc3339(one), parse_rfc3339(other)) {
        (Some(one), Some(other)) => (one - other).abs() <= SAME_TIME,
        _ => false,
    };
    near(&seed.valid_begin_time, &view.valid_begin_time)
        && near(&seed.valid_end_time, &view.valid_end_time)
        && (seed.state, seed.locked, &seed.stores, &seed.hours, &seed.openid, &seed.stock_id)
            == (view.state, view.locked, &view.stores, &view.hours, &view.openid, &view.stock_id)
}

impl Coupon {
    fn of(view: CouponView, now: i64) -> Self {
        let from_now = |time: &str| parse_rfc3339(time).map(|time| time - now);
        // Time makes these two; a file that says EFFECTIVE says both.
        let state = match view.state {
            CouponState::Pending | CouponState::Expired => CouponState::Effective,
            state => state,
        };
        Self {
            begins_in_s: from_now(&view.valid_begin_time),
            ends_in_s: from_now(&view.valid_end_time),
            use_request_no: view.use_request_no.filter(|_| state == CouponState::Used),
            coupon_code: view.coupon_code,
            openid: view.openid,
            stock_id: Some(view.stock_id),
            worth: None,
            state: Some(state),
            stores: Some(view.stores),
            hours: Some(view.hours),
            locked: Some(view.locked),
            bundle_id: None,
        }
    }

    fn spec(&self, now: i64) -> CouponSpec {
        let from_now = |seconds: Option<i64>| seconds.map(|seconds| rfc3339(now.saturating_add(seconds)));
        CouponSpec {
            coupon_code: self.coupon_code.clone(),
            openid: self.openid.clone(),
            stock_id: self.stock_id.clone(),
            worth: self.worth,
            state: self.state,
            valid_begin_time: from_now(self.begins_in_s),
            valid_end_time: from_now(self.ends_in_s),
            stores: self.stores.clone(),
            hours: self.hours.clone(),
            locked: self.locked,
            use_request_no: self.use_request_no.clone(),
            bundle_id: self.bundle_id.clone(),
        }
    }
}
