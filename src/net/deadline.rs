//! The end of a call.

use crate::system;
use std::time::{Duration, Instant};

/// The time at which every part of a call must have ended.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    start: Instant,
    limit: Duration,
}

impl Deadline {
    /// A deadline this long from now.
    pub fn after(limit: Duration) -> Deadline {
        Deadline { start: system::now(), limit }
    }

    /// What is left.
    pub fn left(&self) -> Duration {
        self.limit.saturating_sub(system::now().saturating_duration_since(self.start))
    }

    /// Whether nothing is left.
    pub fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// How long the call has been running, in milliseconds.
    pub fn elapsed_ms(&self) -> u64 {
        u64::try_from(system::now().saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX)
    }
}
