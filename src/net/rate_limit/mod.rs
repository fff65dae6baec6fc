//! The client-side rate limit: one limiter per `mchid` in this process, shared by all contexts.
//!
//! WeChat Pay allows 500 requests a second for everything that a service provider does, and tills cannot coordinate. So each
//! process spaces its requests evenly, and slows down when WeChat Pay answers "too often". Then many processes find their
//! shares without synchronised bursts. [`RateController`] decides. This module shares it, tells it the time and waits.

mod controller;
#[cfg(test)]
mod shares;
#[cfg(test)]
mod virtual_time;
mod window;

use super::cancel::Cancel;
use super::deadline::Deadline;
use crate::system;
use controller::RateController;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// The rate limiter of one service provider or brand.
#[derive(Debug)]
pub struct RateLimiter(Mutex<RateController>);

/// One configuration's share in a limiter. While it lives, its configured maximum holds for all who share the limiter.
#[derive(Debug)]
pub struct Share {
    limiter: Arc<RateLimiter>,
    limit: f64,
}

impl Deref for Share {
    type Target = RateLimiter;

    fn deref(&self) -> &RateLimiter {
        &self.limiter
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.limiter.lock().remove_limit(self.limit);
    }
}

/// The limiter that all contexts of this identity share. The smallest configured maximum holds.
pub fn shared(identity: &str, max_rate_per_s: u64) -> Share {
    static ALL: Mutex<Vec<(String, Weak<RateLimiter>)>> = Mutex::new(Vec::new());
    let limit = rate(max_rate_per_s);
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|(_, limiter)| limiter.strong_count() > 0);
    let known = all.iter().find(|(known, _)| known == identity).and_then(|(_, limiter)| limiter.upgrade());
    let limiter = known.unwrap_or_else(|| {
        let limiter = Arc::new(RateLimiter(Mutex::new(RateController::new(limit, system::now()))));
        all.push((identity.to_owned(), Arc::downgrade(&limiter)));
        limiter
    });
    limiter.lock().add_limit(limit);
    Share { limiter, limit }
}

/// A limiter that is not shared.
pub fn alone(max_rate_per_s: u64) -> Share {
    let limit = rate(max_rate_per_s);
    let limiter = Arc::new(RateLimiter(Mutex::new(RateController::new(limit, system::now()))));
    limiter.lock().add_limit(limit);
    Share { limiter, limit }
}

#[allow(clippy::cast_precision_loss, reason = "the configuration bounds the rate at 100,000")]
fn rate(max_rate_per_s: u64) -> f64 {
    max_rate_per_s.max(1) as f64
}

impl RateLimiter {
    fn lock(&self) -> MutexGuard<'_, RateController> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for this request's turn, first come first served, without holding a lock. The error is the length of the wait.
    /// It is returned if the turn would come after the deadline (then no turn is taken), or if the call is cancelled during
    /// the wait (then its turn is lost).
    pub fn wait(&self, deadline: &Deadline, cancel: &Cancel) -> Result<(), Duration> {
        let now = system::now();
        let turn = self.lock().reserve(now, deadline.left())?;
        let wait = turn.saturating_duration_since(now);
        if !wait.is_zero() && !cancel.pause(wait) {
            return Err(wait);
        }
        Ok(())
    }

    /// WeChat Pay gave any other answer than "too often".
    pub fn answered(&self) {
        self.lock().answered(system::now());
    }

    /// WeChat Pay said "too often".
    pub fn slow_down(&self) {
        self.lock().throttled(system::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn it_waits_for_the_turn_and_takes_none_after_the_deadline() {
        let share = shared("1900000003", 20);
        let (start, deadline) = (Instant::now(), Deadline::after(Duration::from_secs(60)));
        for _ in 0..3 {
            share.wait(&deadline, &Cancel::never()).unwrap();
        }
        assert!(start.elapsed() >= Duration::from_millis(100), "the third goes after two times 50 ms");
        let over = Deadline::after(Duration::ZERO);
        assert!(share.wait(&over, &Cancel::never()).is_err());
    }

    #[test]
    fn a_call_that_is_called_off_does_not_wait() {
        let share = shared("1900000004", 1);
        let deadline = Deadline::after(Duration::from_secs(600));
        share.wait(&deadline, &Cancel::never()).unwrap();
        let cancel = Cancel::new();
        cancel.cancel();
        assert!(share.wait(&deadline, &cancel).is_err());
    }

    #[test]
    fn contexts_of_one_mchid_share_a_pace_and_the_smallest_limit_holds() {
        let (first, second) = (shared("1900000001", 500), shared("1900000001", 50));
        assert!(Arc::ptr_eq(&first.limiter, &second.limiter));
        assert!((first.lock().ceiling() - 50.0).abs() < 0.1);
        assert!(!Arc::ptr_eq(&first.limiter, &shared("1900000002", 500).limiter));
        drop(second);
        assert!((first.lock().ceiling() - 500.0).abs() < 0.1, "a limit goes with its configuration");
        assert!((first.lock().rate() - 500.0).abs() < 0.1);
    }
}
