//! Small helpers around locks, stopping and counting threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

/// Locks; a panic in another thread does not make the data unreadable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for reading, like [`lock`].
pub(crate) fn read<T>(shared: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    shared.read().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for writing, like [`lock`].
pub(crate) fn write<T>(shared: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    shared.write().unwrap_or_else(PoisonError::into_inner)
}

/// A flag that is raised once and that threads can sleep on.
#[derive(Debug, Default)]
pub(crate) struct Flag {
    raised: AtomicBool,
    /// Guards nothing but the moment between looking and sleeping.
    moment: Mutex<()>,
    changed: Condvar,
}

impl Flag {
    pub(crate) fn raise(&self) {
        let _moment = lock(&self.moment);
        self.raised.store(true, Ordering::SeqCst);
        self.changed.notify_all();
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    /// Blocks until the flag is raised.
    pub(crate) fn wait(&self) {
        let moment = lock(&self.moment);
        let _moment =
            self.changed.wait_while(moment, |()| !self.is_raised()).unwrap_or_else(PoisonError::into_inner);
    }

    /// Sleeps for `time` or until the flag is raised; says whether it is.
    pub(crate) fn sleep(&self, time: Duration) -> bool {
        if !time.is_zero() {
            let moment = lock(&self.moment);
            let _moment = self
                .changed
                .wait_timeout_while(moment, time, |()| !self.is_raised())
                .unwrap_or_else(PoisonError::into_inner);
        }
        self.is_raised()
    }
}

/// Counts running threads so that stopping can wait for them.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    count: Mutex<usize>,
    fell: Condvar,
}

impl Gauge {
    pub(crate) fn enter(&self) {
        *lock(&self.count) += 1;
    }

    pub(crate) fn leave(&self) {
        let mut count = lock(&self.count);
        *count = count.saturating_sub(1);
        self.fell.notify_all();
    }

    pub(crate) fn count(&self) -> usize {
        *lock(&self.count)
    }

    /// Waits until nothing is counted, at most `limit`.
    pub(crate) fn wait_for_zero(&self, limit: Duration) {
        let until = Instant::now() + limit;
        let mut count = lock(&self.count);
        while *count > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let (next, _) = self.fell.wait_timeout(count, left).unwrap_or_else(PoisonError::into_inner);
            count = next;
        }
    }
}

/// What running threads watch, and how many of them serve connections.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    /// Raised when the sandbox stops.
    pub(crate) stop: Flag,
    /// Open connections.
    pub(crate) connections: Gauge,
}
