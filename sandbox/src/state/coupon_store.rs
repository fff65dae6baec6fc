//! Where coupons live: many small locks instead of one.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};

use super::coupon::{Coupon, CouponState};
use crate::sync::lock;

const SHARDS: usize = 64;

/// Codes that start like this exist as soon as somebody names them.
pub(crate) const AUTO_PREFIX: &str = "AUTO_";

type Shard<V> = Mutex<HashMap<Arc<str>, V>>;

/// A hash map cut into independently locked pieces.
#[derive(Debug)]
struct Sharded<V> {
    hasher: RandomState,
    shards: Vec<Shard<V>>,
}

impl<V> Sharded<V> {
    fn new() -> Self {
        Self { hasher: RandomState::new(), shards: (0..SHARDS).map(|_| Shard::default()).collect() }
    }

    fn with<R>(&self, key: &str, work: impl FnOnce(&mut HashMap<Arc<str>, V>) -> R) -> Option<R> {
        let index = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        self.shards.get(index).map(|shard| work(&mut lock(shard)))
    }

    fn clear(&self) {
        for shard in &self.shards {
            *lock(shard) = HashMap::new();
        }
    }
}

/// All coupons by code.
#[derive(Debug)]
pub(crate) struct CouponStore(Sharded<Coupon>);

impl CouponStore {
    pub(crate) fn new() -> Self {
        Self(Sharded::new())
    }

    /// Makes sure that a coupon exists.
    pub(crate) fn ensure(&self, code: &str, make: impl FnOnce() -> Coupon) {
        self.0.with(code, |coupons| {
            if !coupons.contains_key(code) {
                coupons.insert(code.into(), make());
            }
        });
    }

    /// Works on one coupon while it is locked. `AUTO_` coupons spring into
    /// being here.
    pub(crate) fn with<R>(&self, code: &str, work: impl FnOnce(&Arc<str>, &mut Coupon) -> R) -> Option<R> {
        self.0
            .with(code, |coupons| {
                if let Some((key, _)) = coupons.get_key_value(code) {
                    let key = Arc::clone(key);
                    return coupons.get_mut(code).map(|coupon| work(&key, coupon));
                }
                if !code.starts_with(AUTO_PREFIX) {
                    return None;
                }
                let key: Arc<str> = code.into();
                let coupon = coupons.entry(Arc::clone(&key)).or_insert(Coupon {
                    stock: 0,
                    state: CouponState::Effective,
                    history: Vec::new(),
                    traits: None,
                });
                Some(work(&key, coupon))
            })
            .flatten()
    }

    pub(crate) fn get(&self, code: &str) -> Option<Coupon> {
        self.0.with(code, |coupons| coupons.get(code).cloned()).flatten()
    }

    /// Copies of the coupons that fulfil a condition, in no order.
    pub(crate) fn select(&self, wanted: impl Fn(&Coupon) -> bool) -> Vec<(Arc<str>, Coupon)> {
        let mut found = Vec::new();
        for shard in &self.0.shards {
            let coupons = lock(shard);
            let matching = coupons.iter().filter(|(_, coupon)| wanted(coupon));
            found.extend(matching.map(|(code, coupon)| (Arc::clone(code), coupon.clone())));
        }
        found
    }

    /// The codes behind this one, in no order.
    pub(crate) fn codes_after(&self, code: &str) -> Vec<Arc<str>> {
        let shards = self.0.shards.iter();
        shards
            .flat_map(|shard| lock(shard).keys().filter(|key| &***key > code).cloned().collect::<Vec<_>>())
            .collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    pub(crate) fn clear(&self) {
        self.0.clear();
    }
}

/// The request numbers that are bound to an effect.
#[derive(Debug)]
pub(crate) struct Numbers(Sharded<()>);

impl Numbers {
    pub(crate) fn new() -> Self {
        Self(Sharded::new())
    }

    pub(crate) fn all(&self) -> Vec<Arc<str>> {
        self.0.shards.iter().flat_map(|shard| lock(shard).keys().cloned().collect::<Vec<_>>()).collect()
    }

    /// Whether the number is bound already.
    pub(crate) fn is_taken(&self, number: &str) -> bool {
        self.0.with(number, |numbers| numbers.contains_key(number)).unwrap_or(false)
    }

    /// Binds a number; `false` when it was bound before.
    pub(crate) fn claim(&self, number: &Arc<str>) -> bool {
        self.0.with(number, |numbers| numbers.insert(Arc::clone(number), ()).is_none()).unwrap_or(false)
    }

    pub(crate) fn clear(&self) {
        self.0.clear();
    }
}
