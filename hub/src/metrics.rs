//! What the hub counts by itself, beside the library's counters.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wxcoupon::stats::Histogram;
use wxcoupon::system::wall_ms;

/// Minutes of the chart.
pub const MINUTES: usize = 120;

/// One minute of redemptions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Minute {
    /// Minutes since 1970.
    pub at: i64,
    pub redeemed: u32,
    pub refused: u32,
    pub in_doubt: u32,
}

/// Counters.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, u16, &'static str), u64>>,
    times: Mutex<BTreeMap<&'static str, Histogram>>,
    minutes: Mutex<VecDeque<Minute>>,
    pub connections: AtomicUsize,
    pub running: AtomicUsize,
    /// Requests of tills since the portion was renewed.
    pub asked: AtomicU64,
    pub notifications: Mutex<BTreeMap<&'static str, u64>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Metrics {
    /// A request was answered.
    pub fn answered(&self, call: &'static str, http: u16, refusal: &'static str, took: Duration) {
        *lock(&self.requests).entry((call, http, refusal)).or_default() += 1;
        lock(&self.times).entry(call).or_default().add(took);
    }

    /// A redemption ended in this class of statuses.
    pub fn redeemed(&self, class: i32) {
        let at = wall_ms().div_euclid(60_000);
        let mut minutes = lock(&self.minutes);
        if minutes.back().is_none_or(|last| last.at < at) {
            minutes.push_back(Minute { at, ..Minute::default() });
        }
        while minutes.len() > MINUTES {
            minutes.pop_front();
        }
        let Some(minute) = minutes.back_mut() else { return };
        match class {
            0 => minute.redeemed += 1,
            4 => minute.in_doubt += 1,
            5 => minute.refused += 1,
            _ => {}
        }
    }

    /// The last minutes in which something happened.
    pub fn minutes(&self) -> Vec<Minute> {
        lock(&self.minutes).iter().copied().collect()
    }

    /// Requests by call, HTTP status and refusal.
    pub fn requests(&self) -> BTreeMap<(&'static str, u16, &'static str), u64> {
        lock(&self.requests).clone()
    }

    /// How long they took.
    pub fn times(&self) -> BTreeMap<&'static str, Histogram> {
        lock(&self.times).clone()
    }

    /// One notification more.
    pub fn notified(&self, result: &'static str) {
        *lock(&self.notifications).entry(result).or_default() += 1;
    }
}

/// Counts while it lives.
#[derive(Debug)]
pub struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    pub fn one(counter: &'a AtomicUsize) -> Counted<'a> {
        counter.fetch_add(1, Ordering::Relaxed);
        Counted(counter)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
