//! The coupons every sandbox starts with.

use serde::Serialize;

use super::State;
use super::coupon::{CouponState, Hours, StoreScope};
use super::view::CouponSpec;
use crate::clock::rfc3339;
use crate::identities::{BUNDLE_ID, BUNDLE_STOCK_IDS, OTHER_TILL_NUMBER, PAGES_OPENID, STOCK_ID};

const DAY: i64 = 86_400;

/// One seeded coupon, for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SeededCoupon {
    /// The code.
    pub coupon_code: String,
    /// Its stock.
    pub stock_id: &'static str,
    /// What it is there for.
    pub note: &'static str,
}

struct Seed {
    code: String,
    stock_id: &'static str,
    note: &'static str,
    spec: CouponSpec,
}

fn seed(code: &str, note: &'static str, change: impl FnOnce(&mut CouponSpec)) -> Seed {
    let mut spec = CouponSpec::new(code);
    change(&mut spec);
    Seed { code: code.to_owned(), stock_id: STOCK_ID, note, spec }
}

fn seeds(now: i64) -> Vec<Seed> {
    let mut seeds: Vec<Seed> =
        (1..=9).map(|n| seed(&format!("SBX_EFFECTIVE_{n}"), "can be redeemed", |_| ())).collect();
    let state = |code, note, state| seed(code, note, |spec| spec.state = Some(state));
    seeds.extend([
        state("SBX_CONFIRMING", "sent but not confirmed: 268578367", CouponState::Confirming),
        seed("SBX_PENDING", "valid from tomorrow: 272755715", |spec| {
            spec.state = Some(CouponState::Pending);
            spec.valid_begin_time = Some(rfc3339(now + DAY));
            spec.valid_end_time = Some(rfc3339(now + 30 * DAY));
        }),
        seed("SBX_USED", "redeemed 5 days ago under OTHERTILL0001: 272756745", |spec| {
            spec.state = Some(CouponState::Used);
            spec.use_request_no = Some(OTHER_TILL_NUMBER.to_owned());
        }),
        seed("SBX_EXPIRED", "expired yesterday: 268578776", |spec| {
            spec.valid_begin_time = Some(rfc3339(now - 31 * DAY));
            spec.valid_end_time = Some(rfc3339(now - DAY));
        }),
        state("SBX_DELETED", "deleted by the user: 272756769", CouponState::Deleted),
        state("SBX_DEACTIVATED", "made invalid by the brand: 268578367", CouponState::Deactivated),
        seed("SBX_OUT_OF_HOURS", "not usable at this hour: 272755717", |spec| {
            spec.hours = Some(Hours::Never);
        }),
        seed("SBX_OTHER_STORE", "only store_id 500001: else 268584404", |spec| {
            spec.stores = Some(StoreScope::Specific { stores: vec!["500001".to_owned()] });
        }),
        seed("SBX_LOCKED", "another redemption in progress: 272756746", |spec| {
            spec.locked = Some(true);
        }),
    ]);
    seeds.extend((1..=25).map(|n| {
        seed(&format!("SBX_PAGE_{n:02}"), "of another user, for lists of several pages", |spec| {
            spec.openid = Some(PAGES_OPENID.to_owned());
        })
    }));
    seeds.extend(BUNDLE_STOCK_IDS.into_iter().zip(1..).map(|(stock_id, rung)| {
        let mut seed = seed(&format!("SBX_BUNDLE_{rung}"), "rung of a bundle, to be used in order", |spec| {
            spec.stock_id = Some(stock_id.to_owned());
            spec.bundle_id = Some(BUNDLE_ID.to_owned());
        });
        seed.stock_id = stock_id;
        seed
    }));
    seeds
}

/// Puts the seeded coupons into a state.
pub(crate) fn plant(state: &State) {
    for seed in seeds(state.clock.business_now()) {
        // The seeds are constants that the tests below check.
        let _ = state.put_coupon(&seed.spec);
    }
    state.plant_busifavor();
}

/// The list for `sandbox.json`.
pub(crate) fn list() -> Vec<SeededCoupon> {
    seeds(0)
        .into_iter()
        .map(|seed| SeededCoupon { coupon_code: seed.code, stock_id: seed.stock_id, note: seed.note })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_is_planted() {
        let state = State::new();
        for seed in list() {
            let view = state.view(&seed.coupon_code);
            assert!(view.is_some_and(|view| view.stock_id == seed.stock_id), "{}", seed.coupon_code);
        }
        let state = |code| state.view(code).map(|view| view.state);
        assert_eq!(state("SBX_PENDING"), Some(CouponState::Pending));
        assert_eq!(state("SBX_EXPIRED"), Some(CouponState::Expired));
        assert_eq!(state("SBX_BUNDLE_2"), Some(CouponState::Effective));
    }
}
