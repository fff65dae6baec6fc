//! Counters.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::sync::lock;

/// What the sandbox has seen so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Connections accepted by the hosts.
    pub connections: u64,
    /// Connections open now, those of the admin interface included.
    pub open_connections: u64,
    /// TLS handshakes that failed.
    pub failed_handshakes: u64,
    /// Requests read.
    pub requests: u64,
    /// Answers by HTTP status.
    pub by_status: BTreeMap<u16, u64>,
    /// How often a fault acted.
    pub faults_fired: u64,
    /// Redemptions in the ledger.
    pub used: u64,
    /// Returns in the ledger.
    pub returned: u64,
    /// Coupons issued, in the ledger.
    pub sent: u64,
    /// Coupons that exist.
    pub coupons: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) connections: AtomicU64,
    pub(crate) failed_handshakes: AtomicU64,
    pub(crate) requests: AtomicU64,
    by_status: Mutex<BTreeMap<u16, u64>>,
}

impl Counters {
    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn status(&self, status: u16) {
        *lock(&self.by_status).entry(status).or_default() += 1;
    }

    /// The counters as far as they are kept here.
    pub(crate) fn stats(&self) -> Stats {
        Stats {
            connections: self.connections.load(Ordering::Relaxed),
            failed_handshakes: self.failed_handshakes.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            by_status: lock(&self.by_status).clone(),
            ..Stats::default()
        }
    }

    pub(crate) fn clear(&self) {
        for counter in [&self.connections, &self.failed_handshakes, &self.requests] {
            counter.store(0, Ordering::Relaxed);
        }
        lock(&self.by_status).clear();
    }
}
