//! One user coupon: its state and its history.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::Weekday;

use super::ledger::Effect;
use super::request_number::Digest;
use crate::clock::china_week_time;

/// State of a user coupon, as WeChat Pay prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CouponState {
    /// Sent, but the brand has not confirmed yet.
    Confirming,
    /// Confirmed, but not valid yet.
    Pending,
    /// Usable, as far as the state goes.
    Effective,
    /// Redeemed.
    Used,
    /// Past its validity.
    Expired,
    /// Deleted by the user.
    Deleted,
    /// Made invalid by the brand.
    Deactivated,
}

impl fmt::Display for CouponState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Confirming => "CONFIRMING",
            Self::Pending => "PENDING",
            Self::Effective => "EFFECTIVE",
            Self::Used => "USED",
            Self::Expired => "EXPIRED",
            Self::Deleted => "DELETED",
            Self::Deactivated => "DEACTIVATED",
        })
    }
}

/// Which stores may redeem a coupon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StoreScope {
    /// No restriction; `store_id` is not looked at.
    None,
    /// Any store of the brand, and `store_id` must name one.
    All,
    /// Only the stores listed.
    Specific {
        /// The allowed `store_id`s.
        stores: Vec<String>,
    },
}

/// When, within its validity, a coupon may be redeemed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Hours {
    /// At any time.
    Always,
    /// Not now, whenever now is.
    Never,
    /// On some days of the week, between two seconds of the day (China time).
    Weekly {
        /// `MONDAY` … `SUNDAY`.
        days: Vec<Day>,
        /// First second of the day, from 0.
        from_s: u32,
        /// Last second of the day, up to 86399.
        to_s: u32,
    },
}

impl Hours {
    pub(crate) fn allow(&self, now: i64) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Weekly { days, from_s, to_s } => {
                let (day, second) = china_week_time(now);
                days.contains(&day.into()) && (*from_s..=*to_s).contains(&second)
            }
        }
    }
}

/// Day of the week, as WeChat Pay prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl From<Weekday> for Day {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

/// Something that was done to a coupon under a request number.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) number: Arc<str>,
    pub(crate) digest: Digest,
    pub(crate) at_ms: i64,
    pub(crate) what: What,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum What {
    Confirmed,
    /// Redeemed, with the caller's `use_time` and order (JSON text).
    Used {
        use_time: Box<str>,
        order: Box<str>,
    },
    Returned,
    Deactivated {
        reason: Box<str>,
    },
}

impl Event {
    pub(crate) fn effect(&self) -> Effect {
        match self.what {
            What::Used { .. } => Effect::Used,
            What::Returned => Effect::Returned,
            What::Confirmed => Effect::Confirmed,
            What::Deactivated { .. } => Effect::Deactivated,
        }
    }
}

/// How a coupon came to its user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Issue {
    pub(crate) send_request_no: String,
    /// `API` or `RECEIVE_COMPONENT`.
    pub(crate) send_channel: String,
    pub(crate) received: i64,
    pub(crate) attach: Option<String>,
    pub(crate) coupon_tag_info: Option<Value>,
}

/// What a coupon has beyond the default; `AUTO_` coupons have none of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Traits {
    /// The owner; `None` = whoever asks.
    pub(crate) openid: Option<String>,
    pub(crate) valid_begin: i64,
    pub(crate) valid_end: i64,
    pub(crate) stores: StoreScope,
    pub(crate) hours: Hours,
    /// The user's bundle this coupon is a rung of.
    pub(crate) bundle: Option<String>,
    /// Answers "another redemption is in progress" until told otherwise.
    pub(crate) locked: bool,
    /// `None` for coupons that were not issued over the API.
    pub(crate) issue: Option<Issue>,
}

/// A user coupon. Kept small: load tests make millions of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Coupon {
    /// Index into the catalogue.
    pub(crate) stock: u16,
    /// As set or left by the last event; time is not taken into account.
    pub(crate) state: CouponState,
    pub(crate) history: Vec<Event>,
    pub(crate) traits: Option<Box<Traits>>,
}

impl Coupon {
    /// The state at a moment: time moves PENDING on and ends EFFECTIVE.
    pub(crate) fn state_at(&self, now: i64) -> CouponState {
        let Some(traits) = &self.traits else {
            return self.state;
        };
        match self.state {
            CouponState::Pending | CouponState::Effective if now > traits.valid_end => CouponState::Expired,
            CouponState::Pending | CouponState::Effective if now < traits.valid_begin => CouponState::Pending,
            CouponState::Pending => CouponState::Effective,
            other => other,
        }
    }

    /// The state after the first `events` events of a longer history.
    pub(crate) fn state_after(&self, events: usize) -> CouponState {
        let Some(event) = self.history.get(events.wrapping_sub(1)) else {
            return CouponState::Confirming;
        };
        match event.what {
            What::Used { .. } => CouponState::Used,
            What::Deactivated { .. } => CouponState::Deactivated,
            What::Confirmed | What::Returned => {
                let (state, traits) = (CouponState::Effective, self.traits.clone());
                let usable = Self { stock: self.stock, state, history: Vec::new(), traits };
                usable.state_at(event.at_ms.div_euclid(1000))
            }
        }
    }

    /// Whether it belongs to this user; one without an owner belongs to whoever asks.
    pub(crate) fn is_of(&self, openid: &str) -> bool {
        let owner = self.traits.as_ref().and_then(|traits| traits.openid.as_deref());
        owner.is_none_or(|owner| owner == openid)
    }

    /// The event that bears a number.
    pub(crate) fn event(&self, number: &str) -> Option<(usize, &Event)> {
        self.history.iter().enumerate().find(|(_, event)| &*event.number == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coupon(state: CouponState) -> Coupon {
        Coupon {
            stock: 0,
            state,
            history: Vec::new(),
            traits: Some(Box::new(Traits {
                openid: None,
                valid_begin: 100,
                valid_end: 200,
                stores: StoreScope::None,
                hours: Hours::Always,
                bundle: None,
                locked: false,
                issue: None,
            })),
        }
    }

    #[test]
    fn time_moves_the_state() {
        let pending = coupon(CouponState::Pending);
        assert_eq!(pending.state_at(99), CouponState::Pending);
        assert_eq!(pending.state_at(100), CouponState::Effective);
        assert_eq!(pending.state_at(200), CouponState::Effective);
        assert_eq!(pending.state_at(201), CouponState::Expired);
        assert_eq!(coupon(CouponState::Effective).state_at(99), CouponState::Pending);
        for fixed in [CouponState::Confirming, CouponState::Used, CouponState::Deleted] {
            assert_eq!(coupon(fixed).state_at(500), fixed);
        }
    }

    #[test]
    fn weekly_hours_are_china_time() {
        // 2025-08-03 is a Sunday; 12:00 in China.
        let noon = 1_754_193_600;
        let hours = |days, from_s, to_s| Hours::Weekly { days, from_s, to_s };
        assert!(hours(vec![Day::Sunday], 43_200, 43_200).allow(noon));
        assert!(!hours(vec![Day::Sunday], 43_201, 86_399).allow(noon));
        assert!(!hours(vec![Day::Monday], 0, 86_399).allow(noon));
        assert!(!Hours::Never.allow(noon));
    }
}
