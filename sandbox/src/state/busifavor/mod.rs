//! 商家券: coupons of the older family, by stock and code, because merchants may give the same code in two stocks.

pub(crate) mod entity;
pub(crate) mod view;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::coupon::{Event, What};
use super::coupon_store::AUTO_PREFIX;
use super::ledger::Effect;
use crate::identities::{BUSIFAVOR_STOCK_IDS, OPENID};
use crate::sync::lock;

const DAY: i64 = 86_400;

/// State of a 商家券, as WeChat Pay prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BusifavorState {
    /// Received by the user: usable, as far as the state goes.
    Sended,
    /// Redeemed.
    Used,
    /// Past its validity.
    Expired,
    /// Deleted by the user.
    Deleted,
    /// Made invalid by the merchant.
    Deactivated,
}

impl fmt::Display for BusifavorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sended => "SENDED",
            Self::Used => "USED",
            Self::Expired => "EXPIRED",
            Self::Deleted => "DELETED",
            Self::Deactivated => "DEACTIVATED",
        })
    }
}

/// Where the codes of a stock come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeMode {
    /// Made by WeChat Pay, unique over all stocks.
    Wechatpay,
    /// Given by the merchant when it sends.
    MerchantApi,
    /// Uploaded by the merchant.
    MerchantUpload,
}

/// The code mode of one of the sandbox's stocks.
pub(crate) fn code_mode(stock_id: &str) -> Option<CodeMode> {
    let modes = [CodeMode::Wechatpay, CodeMode::MerchantApi, CodeMode::MerchantUpload];
    BUSIFAVOR_STOCK_IDS.into_iter().zip(modes).find(|(id, _)| *id == stock_id).map(|(_, mode)| mode)
}

/// One coupon.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Coupon {
    pub(crate) openid: String,
    /// As set or left by the last event; time is not taken into account.
    pub(crate) state: BusifavorState,
    pub(crate) received: i64,
    /// First and last second of its validity.
    pub(crate) begin: i64,
    pub(crate) end: i64,
    pub(crate) history: Vec<Event>,
}

impl Coupon {
    /// A coupon of the seeded user that was received yesterday.
    pub(crate) fn new(now: i64) -> Self {
        Self {
            openid: OPENID.to_owned(),
            state: BusifavorState::Sended,
            received: now - DAY,
            begin: now - DAY,
            end: now + 90 * DAY,
            history: Vec::new(),
        }
    }

    /// The state at a moment: time ends what was not used.
    pub(crate) fn state_at(&self, now: i64) -> BusifavorState {
        match self.state {
            BusifavorState::Sended if now > self.end => BusifavorState::Expired,
            state => state,
        }
    }

    /// The event that bears a number.
    pub(crate) fn event(&self, number: &str) -> Option<&Event> {
        self.history.iter().find(|event| &*event.number == number)
    }

    /// The latest event of a kind.
    pub(crate) fn latest(&self, effect: Effect) -> Option<&Event> {
        self.history.iter().rev().find(|event| event.effect() == effect)
    }

    /// Makes a change.
    pub(crate) fn apply(&mut self, event: Event) {
        self.state = match event.what {
            What::Used { .. } => BusifavorState::Used,
            What::Deactivated { .. } => BusifavorState::Deactivated,
            What::Returned | What::Confirmed => BusifavorState::Sended,
        };
        self.history.push(event);
    }
}

/// Stock and code.
pub(crate) type Key = (String, String);

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Coupons(Mutex<BTreeMap<Key, Coupon>>);

impl Coupons {
    /// Works on the coupon with that code. Without a stock, only codes that WeChat Pay has made are looked at. Codes that
    /// begin with `AUTO_` spring into being here.
    pub(crate) fn with<R>(
        &self,
        stock_id: Option<&str>,
        code: &str,
        now: i64,
        work: impl FnOnce(&Key, &mut Coupon) -> R,
    ) -> Option<R> {
        let [made_by_wechatpay, ..] = BUSIFAVOR_STOCK_IDS;
        let key = (stock_id.unwrap_or(made_by_wechatpay).to_owned(), code.to_owned());
        let mut coupons = lock(&self.0);
        if code.starts_with(AUTO_PREFIX) && code_mode(&key.0).is_some() {
            coupons.entry(key.clone()).or_insert_with(|| Coupon::new(now));
        }
        coupons.get_mut(&key).map(|coupon| work(&key, coupon))
    }

    /// Makes a coupon, or gives the one that is there; says whether it is new.
    pub(crate) fn ensure<R>(&self, key: Key, now: i64, work: impl FnOnce(&mut Coupon, bool) -> R) -> R {
        let mut coupons = lock(&self.0);
        let is_new = !coupons.contains_key(&key);
        work(coupons.entry(key).or_insert_with(|| Coupon::new(now)), is_new)
    }

    /// Copies of the coupons that fulfil a condition, by stock and code.
    pub(crate) fn select(&self, wanted: impl Fn(&Key, &Coupon) -> bool) -> Vec<(Key, Coupon)> {
        let coupons = lock(&self.0);
        let found = coupons.iter().filter(|(key, coupon)| wanted(key, coupon));
        found.map(|(key, coupon)| (key.clone(), coupon.clone())).collect()
    }

    pub(crate) fn count(&self) -> usize {
        lock(&self.0).len()
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    pub(crate) fn restore(&self, coupons: Vec<(Key, Coupon)>) {
        *lock(&self.0) = coupons.into_iter().collect();
    }
}
