//! Handles are keys into a table and never addresses, so looking up any value is safe.
//!
//! A key has, from the low bit: always 1 (so it is never an aligned address) · 3 bits of kind · slot · generation · on 64-bit
//! systems a constant top byte. The top byte makes even the first key longer than 32 bits. So a binding that truncates
//! pointers fails at its first call. A freed slot waits in a queue of at least [`RESTING`] slots before it is used again, so
//! a stale key stays recognisable for a long time, also on 32-bit systems.

use once_cell::sync::Lazy;
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Length of the queue of freed slots before the oldest is used again.
const RESTING: usize = 64;
const KIND_SHIFT: u32 = 1;
const SLOT_SHIFT: u32 = 4;

#[cfg(target_pointer_width = "64")]
const SLOT_BITS: u32 = 20;
#[cfg(target_pointer_width = "64")]
const GENERATION_BITS: u32 = 32;
#[cfg(target_pointer_width = "64")]
const TAG: usize = 0x57 << 56;

#[cfg(not(target_pointer_width = "64"))]
const SLOT_BITS: u32 = 14;
#[cfg(not(target_pointer_width = "64"))]
const GENERATION_BITS: u32 = 14;
#[cfg(not(target_pointer_width = "64"))]
const TAG: usize = 0;

const SLOT_MASK: usize = (1 << SLOT_BITS) - 1;
const GENERATION_MASK: usize = (1 << GENERATION_BITS) - 1;
const GENERATION_SHIFT: u32 = SLOT_SHIFT + SLOT_BITS;

/// What a key is for. Every kind has its own number, so a key of one kind is never valid for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `wxcoupon_buf`
    Buf = 1,
    /// `wxcoupon_ctx`
    Ctx = 2,
    /// `wxcoupon_job`
    Job = 3,
}

struct Slot<T> {
    generation: usize,
    value: Option<Arc<T>>,
}

struct Table<T> {
    slots: Vec<Slot<T>>,
    resting: VecDeque<usize>,
    live: u32,
}

/// The live handles of one kind.
pub struct Registry<T> {
    kind: Kind,
    table: Lazy<RwLock<Table<T>>>,
}

impl<T> Registry<T> {
    /// An empty registry.
    pub const fn new(kind: Kind) -> Registry<T> {
        Registry {
            kind,
            table: Lazy::new(|| RwLock::new(Table { slots: Vec::new(), resting: VecDeque::new(), live: 0 })),
        }
    }

    /// Stores the value and returns its key. `None`: too many handles are alive.
    pub fn insert(&self, value: T) -> Option<usize> {
        let mut table = self.write();
        let fresh = table.slots.len();
        let slot = if table.resting.len() >= RESTING || fresh > SLOT_MASK {
            table.resting.pop_front()?
        } else {
            table.slots.push(Slot { generation: 1, value: None });
            fresh
        };
        let entry = table.slots.get_mut(slot)?;
        entry.value = Some(Arc::new(value));
        let key = TAG
            | (entry.generation << GENERATION_SHIFT)
            | (slot << SLOT_SHIFT)
            | ((self.kind as usize) << KIND_SHIFT)
            | 1;
        table.live += 1;
        Some(key)
    }

    /// The value of a key, if the key is alive. The returned value stays valid after its removal.
    pub fn get(&self, key: usize) -> Option<Arc<T>> {
        let (slot, generation) = self.split(key)?;
        let table = self.read();
        let entry = table.slots.get(slot).filter(|entry| entry.generation == generation)?;
        entry.value.clone()
    }

    /// Replaces the value of a living key. Users of the old value keep it. False: the key is dead.
    pub fn replace(&self, key: usize, value: T) -> bool {
        let Some((slot, generation)) = self.split(key) else { return false };
        let mut table = self.write();
        let entry = table.slots.get_mut(slot).filter(|entry| entry.generation == generation);
        match entry {
            Some(entry) if entry.value.is_some() => {
                entry.value = Some(Arc::new(value));
                true
            }
            _ => false,
        }
    }

    /// Ends a key and returns its value. `None`: it is not a living key.
    pub fn remove(&self, key: usize) -> Option<Arc<T>> {
        let (slot, generation) = self.split(key)?;
        let mut table = self.write();
        let entry = table.slots.get_mut(slot).filter(|entry| entry.generation == generation)?;
        let value = entry.value.take()?;
        entry.generation = (entry.generation + 1) & GENERATION_MASK;
        table.resting.push_back(slot);
        table.live -= 1;
        Some(value)
    }

    /// How many keys are alive.
    pub fn live(&self) -> u32 {
        self.read().live
    }

    /// Locks the table until the result is dropped.
    #[cfg_attr(windows, allow(dead_code, reason = "nothing is forked there"))]
    pub fn hold(&self) -> Held<'_, T> {
        Held(self.write())
    }

    fn split(&self, key: usize) -> Option<(usize, usize)> {
        let slot = (key >> SLOT_SHIFT) & SLOT_MASK;
        let generation = (key >> GENERATION_SHIFT) & GENERATION_MASK;
        let whole = TAG
            | (generation << GENERATION_SHIFT)
            | (slot << SLOT_SHIFT)
            | ((self.kind as usize) << KIND_SHIFT)
            | 1;
        (whole == key).then_some((slot, generation))
    }

    fn read(&self) -> RwLockReadGuard<'_, Table<T>> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table<T>> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A locked registry.
pub struct Held<'a, T>(RwLockWriteGuard<'a, Table<T>>);

impl<T> Held<'_, T> {
    /// Ends all keys without dropping their values, because those belong to the parent process.
    #[cfg_attr(windows, allow(dead_code, reason = "nothing is forked there"))]
    pub fn abandon(mut self) {
        for slot in &mut self.0.slots {
            if let Some(value) = slot.value.take() {
                std::mem::forget(value);
                slot.generation = (slot.generation + 1) & GENERATION_MASK;
            }
        }
        self.0.live = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lives_once() {
        let registry = Registry::new(Kind::Buf);
        let key = registry.insert("value").unwrap();
        assert_eq!(registry.get(key).as_deref(), Some(&"value"));
        assert!(registry.remove(key).is_some());
        assert!(registry.get(key).is_none() && registry.remove(key).is_none());
        assert_eq!(registry.live(), 0);
    }

    #[test]
    fn a_replaced_value_lives_on_where_it_is_held() {
        let registry = Registry::new(Kind::Ctx);
        let key = registry.insert(1).unwrap();
        let held = registry.get(key).unwrap();
        assert!(registry.replace(key, 2));
        assert_eq!((*held, registry.get(key).as_deref()), (1, Some(&2)));
        registry.remove(key);
        assert!(!registry.replace(key, 3));
        assert!(registry.get(key).is_none());
    }

    #[test]
    fn kinds_never_share_a_key() {
        let (bufs, ctxs) = (Registry::new(Kind::Buf), Registry::new(Kind::Ctx));
        let (buf, ctx) = (bufs.insert(()).unwrap(), ctxs.insert(()).unwrap());
        assert_ne!(buf, ctx);
        assert!(bufs.get(ctx).is_none() && ctxs.get(buf).is_none());
    }

    #[test]
    fn near_misses_and_other_words_are_not_keys() {
        let registry = Registry::new(Kind::Ctx);
        let key = registry.insert(()).unwrap();
        for bit in 0..usize::BITS {
            assert!(registry.get(key ^ (1 << bit)).is_none(), "bit {bit}");
        }
        let address = std::ptr::from_ref(&registry) as usize;
        for word in [0, 1, 2, usize::MAX, address, key & 0xFFFF_FFFF] {
            assert!(word == key || registry.get(word).is_none());
        }
    }

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn the_first_key_does_not_fit_in_32_bits() {
        assert!(Registry::new(Kind::Buf).insert(()).unwrap() > u32::MAX as usize);
    }

    #[test]
    fn a_stale_key_stays_stale_through_a_hundred_thousand_others() {
        let registry = Registry::new(Kind::Buf);
        let stale = registry.insert(0).unwrap();
        registry.remove(stale);
        for round in 0..100_000 {
            let key = registry.insert(round).unwrap();
            assert!(registry.get(stale).is_none(), "round {round}");
            registry.remove(key);
        }
    }

    #[test]
    fn what_is_abandoned_is_not_dropped_and_its_keys_are_dead() {
        let registry = Registry::new(Kind::Ctx);
        let value = Arc::new(());
        let key = registry.insert(Arc::clone(&value)).unwrap();
        registry.hold().abandon();
        assert!(registry.get(key).is_none() && registry.remove(key).is_none());
        assert_eq!((registry.live(), Arc::strong_count(&value)), (0, 2));
        assert_ne!(registry.insert(value).unwrap(), key);
    }

    #[test]
    fn a_held_value_outlives_its_key() {
        let registry = Registry::new(Kind::Ctx);
        let key = registry.insert(String::from("running")).unwrap();
        let held = registry.get(key).unwrap();
        registry.remove(key);
        assert_eq!(*held, "running");
    }
}
