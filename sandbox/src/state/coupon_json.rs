//! The user-coupon object that operations answer with.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::State;
use super::catalogue::stock::Stock;
use super::catalogue::{Catalogue, UsageMode, set};
use super::coupon::{Coupon, CouponState, Day, Hours, Issue, StoreScope, Traits, What};
use super::used_rungs::rung;
use crate::clock::{china_week_time, rfc3339};
use crate::identities::BRAND_ID;

/// Seconds in a day.
const DAY: i64 = 86_400;

/// A coupon at a moment, copied out of its lock.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) coupon_code: String,
    pub(crate) state: CouponState,
    bundle: Option<(String, usize)>,
    stock: u16,
    valid_begin: i64,
    valid_end: i64,
    traits: Option<Box<Traits>>,
    usage: Usage,
    /// Number and time.
    confirmed: Option<(String, String)>,
    /// Number, time and reason.
    deactivated: Option<(String, String, String)>,
    now: i64,
}

/// The latest redemption, and its return if that came after.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usage {
    pub(crate) use_request_no: Option<String>,
    pub(crate) use_time: Option<String>,
    pub(crate) order: Option<String>,
    pub(crate) return_request_no: Option<String>,
    pub(crate) return_time: Option<String>,
}

impl Usage {
    /// What a coupon's first `events` events lead to.
    pub(crate) fn after(coupon: &Coupon, events: usize) -> Self {
        let mut usage = Self::default();
        for event in coupon.history.iter().take(events) {
            match &event.what {
                What::Used { use_time, order } => {
                    usage = Self {
                        use_request_no: Some(event.number.to_string()),
                        use_time: Some(use_time.to_string()),
                        order: Some(order.to_string()),
                        ..Self::default()
                    };
                }
                What::Returned => {
                    usage.return_request_no = Some(event.number.to_string());
                    usage.return_time = Some(rfc3339(event.at_ms.div_euclid(1000)));
                }
                What::Confirmed | What::Deactivated { .. } => {}
            }
        }
        usage
    }

    fn to_json(&self) -> Value {
        let mut detail = Map::new();
        let texts = [
            ("use_request_no", &self.use_request_no),
            ("use_time", &self.use_time),
            ("return_request_no", &self.return_request_no),
            ("return_time", &self.return_time),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                detail.insert(name.to_owned(), Value::String(text.clone()));
            }
        }
        let order = self.order.as_deref().and_then(|text| serde_json::from_str(text).ok());
        if let Some(Value::Object(order)) = order {
            detail.extend(order);
        }
        Value::Object(detail)
    }
}

/// The answer's members in the documented order.
#[derive(Debug, Serialize)]
pub(crate) struct Entity<'a> {
    coupon_code: &'a str,
    coupon_state: CouponState,
    valid_begin_time: String,
    valid_end_time: String,
    receive_time: String,
    send_request_no: String,
    send_channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_request_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deactivate_request_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deactivate_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deactivate_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    single_usage_detail: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    progressive_bundle_usage_detail: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_product_coupon_bundle_info: Option<Value>,
    product_coupon: &'a Value,
    stock: Cow<'a, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attach: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coupon_tag_info: Option<&'a Value>,
    brand_id: &'static str,
}

impl State {
    /// The coupon as it stood after its first `events` events.
    pub(crate) fn snapshot(&self, coupon: &Coupon, code: &str, stock: &Stock, events: usize) -> Snapshot {
        let window = (stock.period.begin, stock.period.end);
        let mut snapshot = Snapshot::new(coupon, code, events, window, self.clock.business_now());
        if let Some((bundle, _)) = rung(stock, coupon) {
            snapshot.bundle = Some((bundle.to_owned(), self.used_rungs.used_count(bundle)));
        }
        snapshot
    }
}

impl Snapshot {
    /// The coupon as it stood after its first `events` events; the window is
    /// that of coupons without a validity of their own.
    fn new(coupon: &Coupon, code: &str, events: usize, window: (i64, i64), now: i64) -> Self {
        // Where a later event has changed the state since, the state of then.
        let state =
            if events < coupon.history.len() { coupon.state_after(events) } else { coupon.state_at(now) };
        let (mut confirmed, mut deactivated) = (None, None);
        for event in coupon.history.iter().take(events) {
            let at = || (event.number.to_string(), rfc3339(event.at_ms.div_euclid(1000)));
            match &event.what {
                What::Confirmed => confirmed = Some(at()),
                What::Deactivated { reason } => {
                    let (number, time) = at();
                    deactivated = Some((number, time, reason.to_string()));
                }
                What::Used { .. } | What::Returned => {}
            }
        }
        let (valid_begin, valid_end) =
            coupon.traits.as_ref().map_or(window, |traits| (traits.valid_begin, traits.valid_end));
        Self {
            coupon_code: code.to_owned(),
            state,
            bundle: None,
            stock: coupon.stock,
            valid_begin,
            valid_end,
            traits: coupon.traits.clone(),
            usage: Usage::after(coupon, events),
            confirmed,
            deactivated,
            now,
        }
    }

    /// The JSON text; `None` only if the stock has gone.
    pub(crate) fn to_json(&self, catalogue: &Catalogue) -> Option<Vec<u8>> {
        serde_json::to_vec(&self.entity(catalogue)?).ok()
    }

    /// The coupon as answers show it; `None` only if the stock has gone.
    pub(crate) fn entity<'a>(&'a self, catalogue: &'a Catalogue) -> Option<Entity<'a>> {
        let stock = catalogue.stock(self.stock)?;
        let issue = self.traits.as_ref().and_then(|traits| traits.issue.as_ref());
        let code = &self.coupon_code;
        let received = issue.map_or(self.valid_begin.min(self.now), |issue| issue.received);
        // Coupons that nobody sent over the API have a made-up past.
        let was_confirmed = issue.is_none() && self.state != CouponState::Confirming;
        let was_deactivated = issue.is_none() && self.state == CouponState::Deactivated;
        let confirmed = self
            .confirmed
            .clone()
            .or_else(|| was_confirmed.then(|| (format!("MCHCONFIRM_{code}"), rfc3339(received + 5))));
        let deactivated = self.deactivated.clone().or_else(|| {
            let number = format!("MCHDEACTIVATE_{code}");
            was_deactivated.then(|| (number, rfc3339(received + 3600), "商品已下架".to_owned()))
        });
        let (confirm_request_no, confirm_time) = confirmed.unzip();
        let (deactivate_request_no, deactivate_time, deactivate_reason) = deactivated
            .map_or((None, None, None), |(number, time, reason)| (Some(number), Some(time), Some(reason)));
        let detail = self.usage.use_request_no.is_some().then(|| self.usage.to_json());
        let (single, bundle) = match stock.mode {
            UsageMode::Single => (detail, None),
            UsageMode::Bundle { .. } => (None, detail),
        };
        Some(Entity {
            coupon_code: code,
            coupon_state: self.state,
            valid_begin_time: rfc3339(self.valid_begin),
            valid_end_time: rfc3339(self.valid_end),
            receive_time: rfc3339(received),
            send_request_no: issue
                .map_or_else(|| format!("MCHSEND_{code}"), |issue| issue.send_request_no.clone()),
            send_channel: issue.map_or("API", |issue| &issue.send_channel),
            confirm_request_no,
            confirm_time,
            deactivate_request_no,
            deactivate_time,
            deactivate_reason,
            single_usage_detail: single,
            progressive_bundle_usage_detail: bundle,
            user_product_coupon_bundle_info: self.bundle_info(stock),
            product_coupon: &catalogue.product(stock.product)?.details,
            stock: self.stock_json(stock),
            attach: issue.map_or(Some("沙箱附加信息"), |issue| issue.attach.as_deref()),
            coupon_tag_info: issue.and_then(|issue| issue.coupon_tag_info.as_ref()),
            brand_id: BRAND_ID,
        })
    }

    /// When it came to the user, as far as the API was used for it.
    pub(crate) fn issue(&self) -> Option<&Issue> {
        self.traits.as_ref()?.issue.as_ref()
    }

    fn bundle_info(&self, stock: &Stock) -> Option<Value> {
        let UsageMode::Bundle { rung, total, .. } = stock.mode else {
            return None;
        };
        let (id, used) = self.bundle.as_ref()?;
        Some(json!({
            "user_coupon_bundle_id": id,
            "user_coupon_bundle_index": rung,
            "total_count": total,
            "used_count": used,
        }))
    }

    /// The stock, with this coupon's own store scope and hours if it has any.
    fn stock_json<'a>(&self, stock: &'a Stock) -> Cow<'a, Value> {
        let Some(traits) = self.traits.as_ref() else {
            return stock.shown(self.now);
        };
        if traits.stores == StoreScope::None && traits.hours == Hours::Always {
            return stock.shown(self.now);
        }
        let mut value = stock.shown(self.now).into_owned();
        let scope = match traits.stores {
            StoreScope::None => "NONE",
            StoreScope::All => "ALL",
            StoreScope::Specific { .. } => "SPECIFIC",
        };
        if traits.stores != StoreScope::None {
            set(&mut value, "store_scope", json!(scope));
        }
        let rule = match stock.mode {
            UsageMode::Single => "single_usage_rule",
            UsageMode::Bundle { .. } => "progressive_bundle_usage_rule",
        };
        let period = value
            .get_mut(rule)
            .and_then(|rule| rule.get_mut("coupon_available_period"))
            .and_then(Value::as_object_mut);
        if let (Some(period), Some(week)) = (period, self.week(&traits.hours)) {
            period.insert("weekly_available_period".to_owned(), week);
        }
        Cow::Owned(value)
    }

    fn week(&self, hours: &Hours) -> Option<Value> {
        match hours {
            Hours::Always => None,
            // Any day that is not today.
            Hours::Never => {
                let day = Day::from(china_week_time(self.now + 3 * DAY).0);
                Some(json!({ "day_list": [day] }))
            }
            Hours::Weekly { days, from_s, to_s } => Some(json!({
                "day_list": days,
                "day_period_list": [{ "begin_time": from_s, "end_time": to_s }],
            })),
        }
    }
}
