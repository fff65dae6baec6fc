//! The injected faults, and which of them acts.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use serde::Serialize;
use serde_json::Value;

use super::{Fault, FaultId, FaultKind};
use crate::operation::VERSION_2;
use crate::sync::lock;

/// An injected fault and what it has done.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FaultView {
    /// Its id.
    pub id: FaultId,
    /// The fault, in the form the admin interface takes.
    pub fault: Value,
    /// How often it acted.
    pub fired: u64,
    /// It has acted as often as it should.
    pub spent: bool,
}

#[derive(Debug)]
struct Active {
    id: FaultId,
    fault: Fault,
    /// Requests spared so far.
    skipped: u64,
    fired: u64,
    random: u64,
}

impl Active {
    fn is_spent(&self) -> bool {
        self.fault.times.is_some_and(|times| self.fired >= times)
    }

    /// Whether it acts on a request it applies to; counts.
    fn acts(&mut self) -> bool {
        if self.is_spent() {
            return false;
        }
        if self.skipped < self.fault.skip {
            self.skipped += 1;
            return false;
        }
        if self.fault.percent < 100 && next_random(&mut self.random) % 100 >= u64::from(self.fault.percent) {
            return false;
        }
        self.fired += 1;
        true
    }
}

/// `SplitMix64`.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// All injected faults, oldest first.
#[derive(Debug, Default)]
pub(crate) struct FaultRegistry {
    faults: Mutex<Vec<Active>>,
    /// Lets the usual case, no fault at all, pass without the lock.
    count: AtomicUsize,
    last_id: AtomicU64,
    /// Faults that acted and were cleared since.
    fired_before: AtomicU64,
}

impl FaultRegistry {
    pub(crate) fn add(&self, fault: Fault) -> FaultId {
        let id = FaultId(self.last_id.fetch_add(1, Ordering::Relaxed) + 1);
        let mut faults = lock(&self.faults);
        faults.push(Active {
            id,
            skipped: 0,
            // Closing the port is what it does, once.
            fired: u64::from(fault.kind == FaultKind::RefuseConnection),
            random: fault.seed,
            fault,
        });
        self.count.store(faults.len(), Ordering::Release);
        id
    }

    /// The fault for a new connection, if any.
    pub(crate) fn for_connection(&self, host: usize) -> Option<Fault> {
        self.pick(|fault| {
            fault.kind.is_connection_level()
                && fault.kind != FaultKind::RefuseConnection
                && fault.host.is_none_or(|wanted| wanted == host)
        })
    }

    /// The fault for a request, if any.
    pub(crate) fn for_request(&self, host: usize, operation: &str, coupon_code: &str) -> Option<Fault> {
        self.pick(|fault| {
            !fault.kind.is_connection_level()
                && fault.host.is_none_or(|wanted| wanted == host)
                && fault.operation.as_deref().is_none_or(|wanted| wanted == operation)
                && (operation != VERSION_2 || fault.kind.acts_on_version_2())
                && fault.coupon_prefix.as_deref().is_none_or(|prefix| coupon_code.starts_with(prefix))
        })
    }

    fn pick(&self, applies: impl Fn(&Fault) -> bool) -> Option<Fault> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        lock(&self.faults)
            .iter_mut()
            .find_map(|active| (applies(&active.fault) && active.acts()).then(|| active.fault.clone()))
    }

    /// Whether a host's port is to be closed.
    pub(crate) fn refuses(&self, host: usize) -> bool {
        lock(&self.faults).iter().any(|active| {
            active.fault.kind == FaultKind::RefuseConnection
                && active.fault.host.is_none_or(|wanted| wanted == host)
        })
    }

    /// How often a fault acted; 0 once it is cleared.
    pub(crate) fn fired(&self, id: FaultId) -> u64 {
        lock(&self.faults).iter().find(|active| active.id == id).map_or(0, |active| active.fired)
    }

    /// How often any fault acted, cleared ones included.
    pub(crate) fn total_fired(&self) -> u64 {
        let now: u64 = lock(&self.faults).iter().map(|active| active.fired).sum();
        now + self.fired_before.load(Ordering::Relaxed)
    }

    pub(crate) fn list(&self) -> Vec<FaultView> {
        lock(&self.faults)
            .iter()
            .map(|active| FaultView {
                id: active.id,
                fault: active.fault.to_json(),
                fired: active.fired,
                spent: active.is_spent(),
            })
            .collect()
    }

    /// Clears faults; says how many.
    pub(crate) fn clear(&self, id: Option<FaultId>) -> usize {
        let mut faults = lock(&self.faults);
        let before = faults.len();
        faults.retain(|active| {
            let stays = id.is_some_and(|id| id != active.id);
            if !stays {
                self.fired_before.fetch_add(active.fired, Ordering::Relaxed);
            }
            stays
        });
        self.count.store(faults.len(), Ordering::Release);
        before - faults.len()
    }

    pub(crate) fn forget_counts(&self) {
        self.fired_before.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(registry: &FaultRegistry, tries: usize, host: usize, operation: &str, code: &str) -> usize {
        (0..tries).filter(|_| registry.for_request(host, operation, code).is_some()).count()
    }

    #[test]
    fn skips_then_acts_then_is_spent() {
        let faults = FaultRegistry::default();
        let id = faults.add(Fault::new(FaultKind::Hang).skip(2).times(3));
        let acted: Vec<bool> = (0..7).map(|_| faults.for_request(0, "use", "").is_some()).collect();
        assert_eq!(acted, [false, false, true, true, true, false, false]);
        assert_eq!(faults.fired(id), 3);
        assert!(faults.list().iter().all(|view| view.spent));
    }

    #[test]
    fn selects_by_operation_host_and_code() {
        let faults = FaultRegistry::default();
        faults.add(Fault::new(FaultKind::Hang).on("use").host(1).coupon("A_"));
        assert_eq!(count(&faults, 1, 1, "use", "A_1"), 1);
        assert_eq!(count(&faults, 1, 0, "use", "A_1"), 0);
        assert_eq!(count(&faults, 1, 1, "query", "A_1"), 0);
        assert_eq!(count(&faults, 1, 1, "use", "B_1"), 0);
    }

    #[test]
    fn chance_is_about_right_and_repeatable() {
        let draw = || {
            let faults = FaultRegistry::default();
            faults.add(Fault::new(FaultKind::Hang).percent(20, 7));
            count(&faults, 1000, 0, "use", "")
        };
        let acted = draw();
        assert!((150..250).contains(&acted), "{acted}");
        assert_eq!(acted, draw());
    }

    #[test]
    fn the_earliest_fault_acts_and_clearing_takes_it_away() {
        let faults = FaultRegistry::default();
        let first = faults.add(Fault::new(FaultKind::Hang));
        faults.add(Fault::new(FaultKind::CutBody));
        let kind = |faults: &FaultRegistry| faults.for_request(0, "use", "").map(|fault| fault.kind);
        assert_eq!(kind(&faults), Some(FaultKind::Hang));
        assert_eq!(faults.clear(Some(first)), 1);
        assert_eq!(kind(&faults), Some(FaultKind::CutBody));
        assert_eq!(faults.clear(None), 1);
        assert_eq!(kind(&faults), None);
        assert_eq!(faults.total_fired(), 2);
    }
}
