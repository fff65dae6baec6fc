//! Counts events of the last second: a sliding window in ten buckets.

use std::time::{Duration, Instant};

const BUCKETS: usize = 10;
/// The length of a bucket.
pub const BUCKET: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub struct SlidingWindow {
    counts: [u32; BUCKETS],
    bucket: usize,
    since: Instant,
}

impl SlidingWindow {
    pub fn new(now: Instant) -> SlidingWindow {
        SlidingWindow { counts: [0; BUCKETS], bucket: 0, since: now }
    }

    fn advance(&mut self, now: Instant) {
        let mut steps = 0;
        while now.saturating_duration_since(self.since) >= BUCKET && steps <= BUCKETS {
            self.since += BUCKET;
            self.bucket = (self.bucket + 1) % BUCKETS;
            steps += 1;
            if let Some(count) = self.counts.get_mut(self.bucket) {
                *count = 0;
            }
        }
        if steps > BUCKETS {
            self.since = now;
        }
    }

    pub fn record(&mut self, now: Instant) {
        self.advance(now);
        if let Some(count) = self.counts.get_mut(self.bucket) {
            *count = count.saturating_add(1);
        }
    }

    /// The count of the current bucket and the one before it, which is a tenth of a second or a little more.
    pub fn just_now(&mut self, now: Instant) -> f64 {
        self.advance(now);
        let count = |bucket: usize| self.counts.get(bucket % BUCKETS).copied().unwrap_or_default();
        f64::from(count(self.bucket) + count(self.bucket + BUCKETS - 1))
    }

    pub fn sum(&mut self, now: Instant) -> f64 {
        self.advance(now);
        f64::from(self.counts.iter().sum::<u32>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_last_second() {
        let start = Instant::now();
        let mut window = SlidingWindow::new(start);
        window.record(start);
        window.record(start + Duration::from_millis(450));
        assert!((window.sum(start + Duration::from_millis(900)) - 2.0).abs() < 0.1);
        assert!((window.sum(start + Duration::from_millis(1250)) - 1.0).abs() < 0.1);
        assert!(window.sum(start + Duration::from_secs(60)) < 0.1);
    }
}
