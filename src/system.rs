//! Time, sleep and random numbers of the operating system, behind one seam.
//!
//! All decisions of this library depend on received bytes, on time and on the journal. A simulation runs years of them in
//! minutes: it installs a [`System`] of its own before anything else runs. A shipped library never does that and uses the
//! machine's. Other modules must not call the standard library's functions for this (`clippy.toml`).

use once_cell::sync::OnceCell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;

/// A source of time and random numbers.
pub trait System: Send + Sync {
    /// Monotonic time, for limits and pauses.
    fn now(&self) -> Instant;

    /// This machine's date and time. It may be wrong, and it may jump.
    fn wall_clock(&self) -> SystemTime;

    /// Lets this thread wait.
    fn sleep(&self, time: Duration);

    /// Fills the bytes with random numbers; false where there are none.
    fn random(&self, bytes: &mut [u8]) -> bool;
}

static INSTALLED: OnceCell<&'static dyn System> = OnceCell::new();

/// Installs another system in place of the machine's, for the whole process and permanently. False: there is one already.
pub fn install(system: &'static dyn System) -> bool {
    INSTALLED.set(system).is_ok()
}

/// [`System::now`].
#[allow(clippy::disallowed_methods, reason = "the seam")]
pub fn now() -> Instant {
    INSTALLED.get().map_or_else(Instant::now, |system| system.now())
}

/// [`System::wall_clock`].
#[allow(clippy::disallowed_methods, reason = "the seam")]
pub fn wall_clock() -> SystemTime {
    INSTALLED.get().map_or_else(SystemTime::now, |system| system.wall_clock())
}

/// The same as a date.
pub fn wall_date() -> OffsetDateTime {
    wall_clock().into()
}

/// The same in milliseconds since 1970.
pub fn wall_ms() -> i64 {
    let since = wall_clock().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// [`System::sleep`].
#[allow(clippy::disallowed_methods, reason = "the seam")]
pub fn sleep(time: Duration) {
    match INSTALLED.get() {
        None => std::thread::sleep(time),
        Some(system) => system.sleep(time),
    }
}

/// [`System::random`].
#[must_use]
pub fn random(bytes: &mut [u8]) -> bool {
    match INSTALLED.get() {
        None => crate::crypto::provider().secure_random.fill(bytes).is_ok(),
        Some(system) => system.random(bytes),
    }
}
