//! How fast requests may leave: one pace a `mchid` in this process, whatever the number of contexts.
//!
//! WeChat Pay counts 500 requests a second over everything a service provider does, and tills have no
//! common brain. Each process spaces its requests evenly; when WeChat Pay says "too often" the pace falls
//! by a part, and recovers slowly at first and then faster, so that many processes find their shares
//! without synchronised bursts.

use super::cancel::Cancel;
use super::deadline::Deadline;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// What a refusal for frequency leaves of the pace, when it comes alone and when they come in a row.
const AFTER_ONE: f64 = 0.9;
const AFTER_SEVERAL: f64 = 0.7;
/// Refusals within this time are one event: they were all sent at the same pace.
const ONE_EVENT: Duration = Duration::from_millis(100);
const IN_A_ROW: Duration = Duration::from_millis(500);
/// How the pace recovers, in requests a second a second; faster once it has been quiet for a while.
const RECOVERY: f64 = 0.4;
const QUIET: Duration = Duration::from_secs(10);
const RECOVERY_WHEN_QUIET: f64 = 0.1;
const SLOWEST: f64 = 1.0;

/// The pace of one `mchid`.
#[derive(Debug)]
pub struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    fastest: f64,
    rate: f64,
    next: Instant,
    slowed_at: Option<Instant>,
    recovered_at: Instant,
}

/// The pace that all contexts of this `mchid` share. The smallest configured rate holds.
pub fn shared(mchid: &str, max_rate_per_s: u64) -> Arc<Pace> {
    static ALL: Mutex<Vec<(String, Weak<Pace>)>> = Mutex::new(Vec::new());
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|(_, pace)| pace.strong_count() > 0);
    let known = all.iter().find(|(known, _)| known == mchid).and_then(|(_, pace)| pace.upgrade());
    let pace = known.unwrap_or_else(|| {
        let pace = Arc::new(Pace::new(max_rate_per_s));
        all.push((mchid.to_owned(), Arc::downgrade(&pace)));
        pace
    });
    pace.limit(max_rate_per_s);
    pace
}

#[allow(clippy::cast_precision_loss, reason = "the configuration bounds the rate at 100,000")]
fn rate(max_rate_per_s: u64) -> f64 {
    max_rate_per_s.max(1) as f64
}

impl Pace {
    fn new(max_rate_per_s: u64) -> Pace {
        let now = Instant::now();
        let fastest = rate(max_rate_per_s);
        Pace(Mutex::new(State { fastest, rate: fastest, next: now, slowed_at: None, recovered_at: now }))
    }

    fn limit(&self, max_rate_per_s: u64) {
        let mut state = self.lock();
        state.fastest = state.fastest.min(rate(max_rate_per_s));
        state.rate = state.rate.min(state.fastest);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for this request's turn, first come first served, without holding a lock. Answers how long it
    /// would have been when the turn comes after the deadline (no turn is taken then) or the call is called
    /// off while it waits (its turn passes unused).
    pub fn wait(&self, deadline: &Deadline, cancel: &Cancel) -> Result<(), Duration> {
        let turn = {
            let now = Instant::now();
            let mut state = self.lock();
            state.recover(now);
            let turn = state.next.max(now);
            let wait = turn - now;
            if wait > deadline.left() {
                return Err(wait);
            }
            state.next = turn + Duration::from_secs_f64(1.0 / state.rate);
            turn
        };
        let wait = turn.saturating_duration_since(Instant::now());
        if !wait.is_zero() && !cancel.pause(wait) {
            return Err(wait);
        }
        Ok(())
    }

    /// WeChat Pay said "too often".
    pub fn slow_down(&self) {
        let now = Instant::now();
        let mut state = self.lock();
        state.recover(now);
        let since = state.slowed_at.map(|at| now - at);
        if since.is_some_and(|since| since < ONE_EVENT) {
            return;
        }
        let left = if since.is_some_and(|since| since < IN_A_ROW) { AFTER_SEVERAL } else { AFTER_ONE };
        state.rate = (state.rate * left).max(SLOWEST.min(state.fastest));
        state.slowed_at = Some(now);
    }
}

impl State {
    fn recover(&mut self, now: Instant) {
        let passed = (now - self.recovered_at).as_secs_f64();
        self.recovered_at = now;
        let Some(slowed) = self.slowed_at else { return };
        let quiet = now - slowed > QUIET;
        self.rate += passed * if quiet { RECOVERY_WHEN_QUIET * self.rate } else { RECOVERY };
        if self.rate >= self.fastest {
            self.rate = self.fastest;
            self.slowed_at = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline() -> Deadline {
        Deadline::after(Duration::from_secs(5))
    }

    #[test]
    fn requests_are_spaced_and_the_first_goes_at_once() {
        let (pace, start) = (Pace::new(100), Instant::now());
        for _ in 0..21 {
            pace.wait(&deadline(), &Cancel::never()).unwrap();
        }
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(195) && took < Duration::from_millis(600), "{took:?}");
    }

    #[test]
    fn a_turn_after_the_deadline_is_not_taken() {
        let pace = Pace::new(1);
        pace.wait(&deadline(), &Cancel::never()).unwrap();
        let short = Deadline::after(Duration::from_millis(50));
        let wait = pace.wait(&short, &Cancel::never()).unwrap_err();
        assert!(wait > Duration::from_millis(500));
        assert!(pace.lock().next < Instant::now() + Duration::from_millis(1100), "no turn was used up");
    }

    #[test]
    fn it_falls_once_an_event_and_recovers() {
        let pace = Pace::new(100);
        for _ in 0..50 {
            pace.slow_down();
        }
        assert!((pace.lock().rate - 90.0).abs() < 0.5, "fifty refusals at once are one event");
        let mut state = pace.lock();
        state.slowed_at = Instant::now().checked_sub(Duration::from_secs(20));
        state.recovered_at = Instant::now().checked_sub(Duration::from_secs(2)).unwrap();
        state.recover(Instant::now());
        assert!((state.rate - 100.0).abs() < 0.5);
        assert!(state.slowed_at.is_none());
    }

    #[test]
    fn contexts_of_one_mchid_share_a_pace_and_the_smallest_limit_holds() {
        let (first, second) = (shared("1900000001", 500), shared("1900000001", 50));
        assert!(Arc::ptr_eq(&first, &second));
        assert!((first.lock().fastest - 50.0).abs() < 0.1);
        assert!(!Arc::ptr_eq(&first, &shared("1900000002", 500)));
    }
}
