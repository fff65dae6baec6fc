//! Counts what a context does, since it was made.

pub mod prometheus;

use crate::status::Code;
use crate::system;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Upper bounds of the latency buckets, in milliseconds. Slower ones are only in the count.
pub const BUCKETS_MS: [u64; 11] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/// How long things took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// How many were as fast as the bound of that place or faster, and slower than the one before.
    pub buckets: [u64; BUCKETS_MS.len()],
    /// How many there were.
    pub count: u64,
    /// All of them together.
    pub sum: Duration,
}

impl Histogram {
    /// One more.
    pub fn add(&mut self, took: Duration) {
        let bucket = BUCKETS_MS.iter().position(|bound| took <= Duration::from_millis(*bound));
        if let Some(bucket) = bucket.and_then(|bucket| self.buckets.get_mut(bucket)) {
            *bucket += 1;
        }
        self.count += 1;
        self.sum += took;
    }

    /// Each bound with the number of those that were as fast or faster.
    pub fn cumulative(&self) -> impl Iterator<Item = (u64, u64)> {
        let mut sum = 0;
        BUCKETS_MS.iter().zip(self.buckets).map(move |(bound, count)| {
            sum += count;
            (*bound, sum)
        })
    }
}

/// The numbers at one time.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Calls by operation and class.
    pub calls: BTreeMap<(&'static str, i32), u64>,
    /// How long calls took, by operation.
    pub call_times: BTreeMap<&'static str, Histogram>,
    /// Attempts by host and status name.
    pub attempts: BTreeMap<(String, &'static str), u64>,
    /// How long attempts took, by host.
    pub attempt_times: BTreeMap<String, Histogram>,
    /// How long it took to record a request before it was sent.
    pub journal_times: Histogram,
    /// How often that failed.
    pub journal_failures: u64,
}

/// The counters of a context. A changed configuration keeps them.
#[derive(Debug)]
pub struct Stats {
    since: Instant,
    /// When counting began, in milliseconds since 1970.
    pub since_ms: i64,
    counts: Mutex<Counts>,
}

impl Default for Stats {
    fn default() -> Stats {
        Stats { since: system::now(), since_ms: system::wall_ms(), counts: Mutex::default() }
    }
}

impl Stats {
    /// A call ended.
    pub fn call(&self, operation: &'static str, code: Code, took: Duration) {
        let mut counts = self.lock();
        *counts.calls.entry((operation, code.number() / 1000)).or_default() += 1;
        counts.call_times.entry(operation).or_default().add(took);
    }

    /// One exchange with a host ended.
    pub fn attempt(&self, host: &str, code: Code, took: Duration) {
        let mut counts = self.lock();
        *counts.attempts.entry((host.to_owned(), code.name())).or_default() += 1;
        counts.attempt_times.entry(host.to_owned()).or_default().add(took);
    }

    /// A request was recorded, or could not be.
    pub fn recorded(&self, is_recorded: bool, took: Duration) {
        let mut counts = self.lock();
        if is_recorded {
            counts.journal_times.add(took);
        } else {
            counts.journal_failures += 1;
        }
    }

    /// The numbers now.
    pub fn counts(&self) -> Counts {
        self.lock().clone()
    }

    /// How long has been counted.
    pub fn age(&self) -> Duration {
        system::now().saturating_duration_since(self.since)
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket_and_what_is_slower_than_all_is_counted() {
        let mut histogram = Histogram::default();
        for ms in [0, 5, 6, 10_000, 10_001] {
            histogram.add(Duration::from_millis(ms));
        }
        let cumulative: Vec<(u64, u64)> = histogram.cumulative().collect();
        assert_eq!(
            (cumulative[0], cumulative[1], cumulative[9], cumulative[10]),
            ((5, 2), (10, 3), (5000, 3), (10_000, 4))
        );
        assert_eq!((histogram.count, histogram.sum), (5, Duration::from_millis(20_012)));
    }
}
