//! Which rungs of each user bundle are used, and since when.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use super::catalogue::UsageMode;
use super::catalogue::stock::Stock;
use super::coupon::Coupon;
use crate::sync::lock;

/// Time of use by rung.
type Rungs = BTreeMap<u32, i64>;

/// Used rungs by user bundle id.
#[derive(Debug, Default)]
pub(crate) struct UsedRungs(Mutex<HashMap<String, Rungs>>);

impl UsedRungs {
    /// Marks a rung as used at a time, or as not used.
    pub(crate) fn set(&self, bundle: &str, rung: u32, used_at: Option<i64>) {
        let mut bundles = lock(&self.0);
        let rungs = bundles.entry(bundle.to_owned()).or_default();
        match used_at {
            Some(at) => drop(rungs.insert(rung, at)),
            None => drop(rungs.remove(&rung)),
        }
    }

    pub(crate) fn used_count(&self, bundle: &str) -> usize {
        lock(&self.0).get(bundle).map_or(0, BTreeMap::len)
    }

    /// Whether every earlier rung is used.
    pub(crate) fn is_next(&self, bundle: &str, rung: u32) -> bool {
        let bundles = lock(&self.0);
        (0..rung).all(|earlier| bundles.get(bundle).is_some_and(|used| used.contains_key(&earlier)))
    }

    /// Whether no later rung is used.
    pub(crate) fn is_last(&self, bundle: &str, rung: u32) -> bool {
        lock(&self.0).get(bundle).is_none_or(|used| used.range(rung.saturating_add(1)..).next().is_none())
    }

    /// When the rung before was used.
    pub(crate) fn previous_use(&self, bundle: &str, rung: u32) -> Option<i64> {
        lock(&self.0).get(bundle)?.get(&rung.checked_sub(1)?).copied()
    }

    pub(crate) fn all(&self) -> HashMap<String, Rungs> {
        lock(&self.0).clone()
    }

    pub(crate) fn restore(&self, bundles: HashMap<String, Rungs>) {
        *lock(&self.0) = bundles;
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }
}

/// The user's bundle and the position in it of a coupon that is a rung.
pub(crate) fn rung<'a>(stock: &Stock, coupon: &'a Coupon) -> Option<(&'a str, u32)> {
    let UsageMode::Bundle { rung, .. } = stock.mode else {
        return None;
    };
    Some((coupon.traits.as_ref()?.bundle.as_deref()?, rung))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_go_up_and_come_down_in_order() {
        let bundles = UsedRungs::default();
        assert!(bundles.is_next("b", 0));
        assert!(!bundles.is_next("b", 1));
        bundles.set("b", 0, Some(70));
        assert!(bundles.is_next("b", 1));
        assert_eq!(bundles.previous_use("b", 1), Some(70));
        bundles.set("b", 1, Some(80));
        assert!(!bundles.is_last("b", 0));
        assert!(bundles.is_last("b", 1));
        bundles.set("b", 1, None);
        assert!(bundles.is_last("b", 0));
        assert_eq!(bundles.used_count("b"), 1);
        assert_eq!(bundles.previous_use("b", 0), None);
    }
}
