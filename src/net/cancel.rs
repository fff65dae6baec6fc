//! Cancels a job, and says exactly whether a byte had left before.

use crate::system;
use serde::Serialize;
use std::sync::Arc;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Whether a job had sent anything when it was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Nothing had left, and nothing will.
    Unsent,
    /// Something had left.
    Sent,
}

/// How far a long job is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Rows that are done.
    pub done: u64,
    /// Bytes that were read, of all.
    pub read_bytes: u64,
    /// All bytes.
    pub total_bytes: u64,
}

/// Shared by a job and those who may cancel it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Option<Arc<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    sent: bool,
    cancelled: Option<Side>,
    progress: Option<Progress>,
}

impl Cancel {
    /// For calls that cannot be cancelled.
    pub const fn never() -> Cancel {
        Cancel(None)
    }

    /// For one job.
    pub fn new() -> Cancel {
        Cancel(Some(Arc::default()))
    }

    /// Whether the job can be cancelled.
    pub fn is_possible(&self) -> bool {
        self.0.is_some()
    }

    /// Cancels the job, and says whether it had sent anything. A second call gives the same answer.
    pub fn cancel(&self) -> Side {
        let Some(shared) = &self.0 else { return Side::Sent };
        let mut state = lock(shared);
        let side = if state.sent { Side::Sent } else { Side::Unsent };
        let side = *state.cancelled.get_or_insert(side);
        shared.changed.notify_all();
        side
    }

    /// Whether it was cancelled, before or after it sent something.
    pub fn cancelled(&self) -> Option<Side> {
        self.0.as_ref().and_then(|shared| lock(shared).cancelled)
    }

    /// Whether something has left.
    pub fn has_sent(&self) -> bool {
        self.0.as_ref().is_some_and(|shared| lock(shared).sent)
    }

    /// Tells those who wait for the job how far it is.
    pub fn tell(&self, progress: Progress) {
        if let Some(shared) = &self.0 {
            lock(shared).progress = Some(progress);
        }
    }

    /// How far the job is, if it tells.
    pub fn progress(&self) -> Option<Progress> {
        self.0.as_ref().and_then(|shared| lock(shared).progress)
    }

    /// Asks for permission to send. After a yes, the job counts as sent.
    pub fn may_send(&self) -> bool {
        let Some(shared) = &self.0 else { return true };
        let mut state = lock(shared);
        if state.cancelled.is_some() {
            return false;
        }
        state.sent = true;
        true
    }

    /// Waits. Returns false if the job is cancelled during the wait.
    pub fn pause(&self, time: Duration) -> bool {
        let Some(shared) = &self.0 else {
            system::sleep(time);
            return true;
        };
        let end = system::now() + time;
        let mut state = lock(shared);
        while state.cancelled.is_none() {
            let left = end.saturating_duration_since(system::now());
            if left.is_zero() {
                return true;
            }
            state = shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn the_side_is_decided_once() {
        let cancel = Cancel::new();
        assert_eq!(cancel.cancel(), Side::Unsent);
        assert!(!cancel.may_send(), "nothing leaves after that");
        assert_eq!(cancel.cancel(), Side::Unsent);

        let cancel = Cancel::new();
        assert!(cancel.may_send());
        assert_eq!(cancel.cancel(), Side::Sent);
        assert!(!cancel.may_send());
    }

    #[test]
    fn a_pause_ends_when_called_off() {
        let cancel = Cancel::new();
        let other = cancel.clone();
        let start = Instant::now();
        let waiting = std::thread::spawn(move || other.pause(Duration::from_secs(10)));
        std::thread::sleep(Duration::from_millis(50));
        cancel.cancel();
        assert!(!waiting.join().unwrap());
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}
