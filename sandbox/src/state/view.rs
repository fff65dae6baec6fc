//! Looking at coupons, and making or changing them, from outside the API.

use serde::{Deserialize, Serialize};

use super::State;
use super::catalogue::Catalogue;
use super::catalogue::worth::Worth;
use super::coupon::{Coupon, CouponState, Event, Hours, StoreScope, Traits, What};
use super::coupon_json::Usage;
use super::ledger::Effect;
use super::used_rungs::rung;
use crate::clock::{parse_rfc3339, rfc3339};
use crate::error::{Error, Result};
use crate::identities::{BUNDLE_ID, OPENID, STOCK_ID};
use crate::sync::{read, write};
use crate::text::Text;

/// A coupon as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CouponView {
    /// The code.
    pub coupon_code: String,
    /// The owner; `None` = whoever asks.
    pub openid: Option<String>,
    /// The product coupon.
    pub product_coupon_id: String,
    /// The stock.
    pub stock_id: String,
    /// Type and value.
    pub worth: Option<Worth>,
    /// The state now.
    pub state: CouponState,
    /// RFC 3339.
    pub valid_begin_time: String,
    /// RFC 3339.
    pub valid_end_time: String,
    /// Which stores may redeem it.
    pub stores: StoreScope,
    /// When it may be redeemed.
    pub hours: Hours,
    /// Answers "another redemption is in progress".
    pub locked: bool,
    /// Number of the latest redemption.
    pub use_request_no: Option<String>,
    /// `use_time` of the latest redemption.
    pub use_time: Option<String>,
    /// Number of the return, if that came after the latest redemption.
    pub return_request_no: Option<String>,
    /// Time of that return.
    pub return_time: Option<String>,
    /// Redemptions in its history.
    pub times_used: usize,
    /// Returns in its history.
    pub times_returned: usize,
}

/// A coupon to make or to alter. Members left out keep their value on an
/// existing coupon; on a new one they are: the seeded openid and stock,
/// EFFECTIVE, valid now, no store or hour rule, not locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CouponSpec {
    /// The code, at most 40 characters.
    pub coupon_code: String,
    /// The owner.
    #[serde(default)]
    pub openid: Option<String>,
    /// One of the sandbox's stocks.
    #[serde(default)]
    pub stock_id: Option<String>,
    /// Type and value, in place of `stock_id`: its product coupon and stock are made as needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worth: Option<Worth>,
    /// The state; time still moves PENDING and EFFECTIVE on.
    #[serde(default)]
    pub state: Option<CouponState>,
    /// RFC 3339.
    #[serde(default)]
    pub valid_begin_time: Option<String>,
    /// RFC 3339.
    #[serde(default)]
    pub valid_end_time: Option<String>,
    /// Which stores may redeem it.
    #[serde(default)]
    pub stores: Option<StoreScope>,
    /// When it may be redeemed.
    #[serde(default)]
    pub hours: Option<Hours>,
    /// Whether it answers "another redemption is in progress".
    #[serde(default)]
    pub locked: Option<bool>,
    /// With state USED: the number it was redeemed under, before anyone
    /// looked (not in the ledger).
    #[serde(default)]
    pub use_request_no: Option<String>,
    /// The user's bundle, for stocks that are rungs of one.
    #[serde(default)]
    pub bundle_id: Option<String>,
}

impl CouponSpec {
    /// A coupon with everything at its default.
    #[must_use]
    pub fn new(coupon_code: impl Into<String>) -> Self {
        Self {
            coupon_code: coupon_code.into(),
            openid: None,
            stock_id: None,
            worth: None,
            state: None,
            valid_begin_time: None,
            valid_end_time: None,
            stores: None,
            hours: None,
            locked: None,
            use_request_no: None,
            bundle_id: None,
        }
    }

    /// What one says after the other.
    pub(crate) fn overlaid(self, later: Self) -> Self {
        let names_stock = later.stock_id.is_some() || later.worth.is_some();
        let (stock_id, worth) = if names_stock { (None, None) } else { (self.stock_id, self.worth) };
        Self {
            coupon_code: self.coupon_code,
            openid: later.openid.or(self.openid),
            stock_id: later.stock_id.or(stock_id),
            worth: later.worth.or(worth),
            state: later.state.or(self.state),
            valid_begin_time: later.valid_begin_time.or(self.valid_begin_time),
            valid_end_time: later.valid_end_time.or(self.valid_end_time),
            stores: later.stores.or(self.stores),
            hours: later.hours.or(self.hours),
            locked: later.locked.or(self.locked),
            use_request_no: later.use_request_no.or(self.use_request_no),
            bundle_id: later.bundle_id.or(self.bundle_id),
        }
    }

    /// Sets the state.
    #[must_use]
    pub fn state(mut self, state: CouponState) -> Self {
        self.state = Some(state);
        self
    }

    /// Sets the store rule.
    #[must_use]
    pub fn stores(mut self, stores: StoreScope) -> Self {
        self.stores = Some(stores);
        self
    }

    /// Sets the hours.
    #[must_use]
    pub fn hours(mut self, hours: Hours) -> Self {
        self.hours = Some(hours);
        self
    }

    /// Sets the validity (two RFC 3339 times).
    #[must_use]
    pub fn valid(mut self, begin: impl Into<String>, end: impl Into<String>) -> Self {
        self.valid_begin_time = Some(begin.into());
        self.valid_end_time = Some(end.into());
        self
    }

    /// Sets the lock.
    #[must_use]
    pub fn locked(mut self, locked: bool) -> Self {
        self.locked = Some(locked);
        self
    }
}

impl State {
    /// How a coupon stands; `None` when there is none.
    pub(crate) fn view(&self, code: &str) -> Option<CouponView> {
        let catalogue = read(&self.catalogue);
        let coupon = self.coupons.get(code)?;
        let stock = catalogue.stock(coupon.stock)?;
        let usage = Usage::after(&coupon, coupon.history.len());
        let count = |effect: Effect| coupon.history.iter().filter(|e| e.effect() == effect).count();
        let state = coupon.state_at(self.clock.business_now());
        let (times_used, times_returned) = (count(Effect::Used), count(Effect::Returned));
        let traits = coupon.traits.map_or_else(|| plain_traits(&catalogue), |traits| *traits);
        Some(CouponView {
            coupon_code: code.to_owned(),
            openid: traits.openid,
            product_coupon_id: stock.product_coupon_id.clone(),
            stock_id: stock.stock_id.clone(),
            worth: catalogue.worth(stock),
            state,
            valid_begin_time: rfc3339(traits.valid_begin),
            valid_end_time: rfc3339(traits.valid_end),
            stores: traits.stores,
            hours: traits.hours,
            locked: traits.locked,
            use_request_no: usage.use_request_no,
            use_time: usage.use_time,
            return_request_no: usage.return_request_no,
            return_time: usage.return_time,
            times_used,
            times_returned,
        })
    }

    /// The coupons that somebody has made or touched and that come after a code, by code.
    pub(crate) fn views_after(&self, code: &str) -> impl Iterator<Item = CouponView> + use<'_> {
        let mut codes = self.coupons.codes_after(code);
        codes.sort_unstable();
        codes.into_iter().filter_map(|code| self.view(&code))
    }

    /// Makes or alters a coupon.
    pub(crate) fn put_coupon(&self, spec: &CouponSpec) -> Result<CouponView> {
        let code = spec.coupon_code.as_str();
        let wrong = |english: &str, chinese: &str| Error::Coupon(Text::new(english, chinese).about(code));
        if code.is_empty() || code.chars().count() > 40 {
            return Err(Error::Coupon(Text::new(
                "coupon_code must have 1 to 40 characters",
                "coupon_code 必须有 1 到 40 个字符",
            )));
        }
        check_code(code).map_err(|issue| Error::Coupon(issue.said_of("coupon_code")))?;
        let time = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => parse_rfc3339(text)
                .map(Some)
                .ok_or_else(|| wrong("not an RFC 3339 time", "时间不符合 RFC 3339 格式")),
        };
        let (begin, end) = (time(&spec.valid_begin_time)?, time(&spec.valid_end_time)?);
        if let Some(worth) = &spec.worth {
            worth.check().map_err(|issue| Error::Coupon(issue.about(code)))?;
        }
        let own_stock = |worth| write(&self.catalogue).stock_worth(worth, self.clock.business_now());
        let stock = match (&spec.stock_id, &spec.worth) {
            (None, None) => None,
            (Some(id), None) => Some(
                read(&self.catalogue)
                    .find_stock(id)
                    .ok_or_else(|| wrong("no such stock_id", "没有这个 stock_id"))?,
            ),
            (None, Some(worth)) => {
                Some(own_stock(worth).ok_or_else(|| wrong("no more stocks", "批次数已达上限"))?)
            }
            (Some(_), Some(_)) => {
                return Err(wrong("give stock_id or worth, not both", "stock_id 和 worth 只能填一个"));
            }
        };
        let catalogue = read(&self.catalogue);

        self.coupons.ensure(code, || Coupon {
            stock: catalogue.find_stock(STOCK_ID).unwrap_or(0),
            state: CouponState::Effective,
            history: Vec::new(),
            traits: Some(Box::new(Traits { openid: Some(OPENID.to_owned()), ..plain_traits(&catalogue) })),
        });
        self.coupons.with(code, |_, coupon| {
            let mut traits = coupon.traits.take().map_or_else(|| plain_traits(&catalogue), |traits| *traits);
            traits.openid = spec.openid.clone().or(traits.openid);
            traits.valid_begin = begin.unwrap_or(traits.valid_begin);
            traits.valid_end = end.unwrap_or(traits.valid_end);
            traits.stores = spec.stores.clone().unwrap_or(traits.stores);
            traits.hours = spec.hours.clone().unwrap_or(traits.hours);
            traits.locked = spec.locked.unwrap_or(traits.locked);
            traits.bundle = spec.bundle_id.clone().or(traits.bundle);
            coupon.traits = Some(Box::new(traits));
            coupon.stock = stock.unwrap_or(coupon.stock);
            coupon.state = spec.state.unwrap_or(coupon.state);
            if let Some(number) = &spec.use_request_no
                && coupon.event(number).is_none()
            {
                coupon.history.push(self.past_use(number));
            }
            if let Some((bundle, rung)) = catalogue.stock(coupon.stock).and_then(|stock| rung(stock, coupon))
            {
                let used = coupon.state == CouponState::Used;
                self.used_rungs.set(bundle, rung, used.then(|| self.clock.business_now()));
            }
        });
        self.touch();
        drop(catalogue);
        self.view(code).ok_or_else(|| wrong("was not kept", "没有保存下来"))
    }

    /// A redemption of long ago.
    pub(crate) fn past_use(&self, number: &str) -> Event {
        let number = number.into();
        self.numbers.claim(&number);
        let at = self.clock.business_now() - 5 * 86_400;
        Event {
            number,
            digest: [0; 16],
            at_ms: at * 1000,
            what: What::Used {
                use_time: rfc3339(at).into(),
                order: r#"{"associated_order_info":{"transaction_id":"4200000000000000000000000001"}}"#
                    .into(),
            },
        }
    }
}

/// A code that no address can name is no use: browsers take `.` and `..` out of paths.
pub(crate) fn check_code(code: &str) -> Result<(), Text> {
    if code.chars().any(char::is_control) {
        return Err(Text::new("must not have control characters", "不能含控制字符"));
    }
    if matches!(code, "." | "..") {
        return Err(Text::new("must not be . or ..", "不能是 . 或 .."));
    }
    Ok(())
}

/// What a coupon without traits of its own behaves like.
fn plain_traits(catalogue: &Catalogue) -> Traits {
    Traits {
        openid: None,
        valid_begin: catalogue.valid_begin,
        valid_end: catalogue.valid_end,
        stores: StoreScope::None,
        hours: Hours::Always,
        bundle: Some(BUNDLE_ID.to_owned()),
        locked: false,
        issue: None,
    }
}
