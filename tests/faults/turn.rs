//! Who may run beside whom: the tests of one part with each other, and with no other part's.

use std::sync::{Condvar, Mutex, PoisonError};

/// A part of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Many threads.
    #[cfg(target_os = "linux")]
    Load,
    /// Every fault with every call.
    Matrix,
    /// Random days.
    Model,
}

/// The part whose tests run, and how many do.
static RUNNING: Mutex<Option<(Part, usize)>> = Mutex::new(None);
static ENDED: Condvar = Condvar::new();

/// A test's turn. It ends with this value.
pub struct Turn(());

/// Waits until no other part's test runs.
pub fn turn(part: Part) -> Turn {
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let others = |running: &mut Option<(Part, usize)>| running.is_some_and(|(other, _)| other != part);
    let mut running = ENDED.wait_while(running, others).unwrap_or_else(PoisonError::into_inner);
    let beside = running.map_or(0, |(_, tests)| tests);
    *running = Some((part, beside + 1));
    Turn(())
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        *running = running.and_then(|(part, tests)| (tests > 1).then(|| (part, tests - 1)));
        ENDED.notify_all();
    }
}
