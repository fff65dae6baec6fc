//! Which rungs of each user bundle are used.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use crate::sync::lock;

/// Used rungs by user bundle id.
#[derive(Debug, Default)]
pub(crate) struct Bundles(Mutex<HashMap<String, BTreeSet<u32>>>);

impl Bundles {
    pub(crate) fn set(&self, bundle: &str, rung: u32, used: bool) {
        let mut bundles = lock(&self.0);
        let rungs = bundles.entry(bundle.to_owned()).or_default();
        if used {
            rungs.insert(rung);
        } else {
            rungs.remove(&rung);
        }
    }

    pub(crate) fn used_count(&self, bundle: &str) -> usize {
        lock(&self.0).get(bundle).map_or(0, BTreeSet::len)
    }

    /// Whether every earlier rung is used.
    pub(crate) fn is_next(&self, bundle: &str, rung: u32) -> bool {
        let bundles = lock(&self.0);
        (0..rung).all(|earlier| bundles.get(bundle).is_some_and(|used| used.contains(&earlier)))
    }

    /// Whether no later rung is used.
    pub(crate) fn is_last(&self, bundle: &str, rung: u32) -> bool {
        lock(&self.0).get(bundle).is_none_or(|used| used.range(rung.saturating_add(1)..).next().is_none())
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_go_up_and_come_down_in_order() {
        let bundles = Bundles::default();
        assert!(bundles.is_next("b", 0));
        assert!(!bundles.is_next("b", 1));
        bundles.set("b", 0, true);
        assert!(bundles.is_next("b", 1));
        bundles.set("b", 1, true);
        assert!(!bundles.is_last("b", 0));
        assert!(bundles.is_last("b", 1));
        bundles.set("b", 1, false);
        assert!(bundles.is_last("b", 0));
        assert_eq!(bundles.used_count("b"), 1);
    }
}
