//! How fast requests may leave: one pace a `mchid` in this process, whatever the number of contexts.
//!
//! WeChat Pay counts 500 requests a second over everything a service provider does, and tills have no
//! common brain. Each process spaces its requests evenly. When WeChat Pay says "too often", the pace falls to
//! what was answered lately if it was far too high, else by a small part; it grows slowly after that, and
//! faster once it has been quiet, so that many processes find their shares without synchronised bursts.

use super::cancel::Cancel;
use super::deadline::Deadline;
use crate::system;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Refusals within this time are one event: WeChat Pay counts in seconds.
const ONE_EVENT: Duration = Duration::from_secs(1);
/// What an event leaves of the pace when it is about right.
const AFTER_EVENT: f64 = 0.98;
/// When less than this part of the pace was answered lately, it is far too high, and falls to what was.
const FAR_TOO_HIGH: f64 = 0.5;
/// A process that sends at less than this part of its pace is not why there was too much.
const IN_USE: f64 = 0.1;
/// By which part the pace grows in a second: soon after an event, and once it has been quiet.
const GROWTH: f64 = 0.004;
const QUIET: Duration = Duration::from_secs(10);
const GROWTH_WHEN_QUIET: f64 = 0.1;
/// However crowded it is, a till that serves a customer now and then is not held up for long.
const SLOWEST: f64 = 2.0;
/// "Lately" is a second, counted in parts.
const PARTS: usize = 10;
const PART: Duration = Duration::from_millis(100);

/// The pace of one service provider or brand.
#[derive(Debug)]
pub struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    /// What each living configuration allows.
    limits: Vec<f64>,
    /// The smallest of them.
    fastest: f64,
    rate: f64,
    next: Instant,
    slowed_at: Option<Instant>,
    recovered_at: Instant,
    /// Requests that took their turn.
    sent: Lately,
    /// Answers that were not "too often".
    answered: Lately,
}

/// How many there were in the last second.
#[derive(Debug)]
struct Lately {
    counts: [u32; PARTS],
    part: usize,
    since: Instant,
}

impl Lately {
    fn new(now: Instant) -> Lately {
        Lately { counts: [0; PARTS], part: 0, since: now }
    }

    fn turn(&mut self, now: Instant) {
        let mut turns = 0;
        while now.saturating_duration_since(self.since) >= PART && turns <= PARTS {
            self.since += PART;
            self.part = (self.part + 1) % PARTS;
            turns += 1;
            if let Some(count) = self.counts.get_mut(self.part) {
                *count = 0;
            }
        }
        if turns > PARTS {
            self.since = now;
        }
    }

    fn count(&mut self, now: Instant) {
        self.turn(now);
        if let Some(count) = self.counts.get_mut(self.part) {
            *count = count.saturating_add(1);
        }
    }

    /// Of the present part and the one before it: a tenth of a second or a little more.
    fn just_now(&mut self, now: Instant) -> f64 {
        self.turn(now);
        let count = |part: usize| self.counts.get(part % PARTS).copied().unwrap_or_default();
        f64::from(count(self.part) + count(self.part + PARTS - 1))
    }

    fn sum(&mut self, now: Instant) -> f64 {
        self.turn(now);
        f64::from(self.counts.iter().sum::<u32>())
    }
}

/// One configuration's part in a pace: as long as it lives, its limit holds for all who share the pace.
#[derive(Debug)]
pub struct Share {
    pace: Arc<Pace>,
    limit: f64,
}

impl Deref for Share {
    type Target = Pace;

    fn deref(&self) -> &Pace {
        &self.pace
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut state = self.pace.lock();
        let mine = state.limits.iter().position(|limit| limit.total_cmp(&self.limit).is_eq());
        if let Some(mine) = mine {
            state.limits.swap_remove(mine);
        }
        state.apply_limits();
    }
}

/// The pace that all contexts of this identity share. The smallest rate that is configured now holds.
pub fn shared(identity: &str, max_rate_per_s: u64) -> Share {
    static ALL: Mutex<Vec<(String, Weak<Pace>)>> = Mutex::new(Vec::new());
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|(_, pace)| pace.strong_count() > 0);
    let known = all.iter().find(|(known, _)| known == identity).and_then(|(_, pace)| pace.upgrade());
    let pace = known.unwrap_or_else(|| {
        let pace = Arc::new(Pace::new(max_rate_per_s));
        all.push((identity.to_owned(), Arc::downgrade(&pace)));
        pace
    });
    let limit = rate(max_rate_per_s);
    let mut state = pace.lock();
    state.limits.push(limit);
    state.apply_limits();
    drop(state);
    Share { pace, limit }
}

#[allow(clippy::cast_precision_loss, reason = "the configuration bounds the rate at 100,000")]
fn rate(max_rate_per_s: u64) -> f64 {
    max_rate_per_s.max(1) as f64
}

impl Pace {
    fn new(max_rate_per_s: u64) -> Pace {
        let now = system::now();
        let fastest = rate(max_rate_per_s);
        Pace(Mutex::new(State {
            limits: Vec::new(),
            fastest,
            rate: fastest,
            next: now,
            slowed_at: None,
            recovered_at: now,
            sent: Lately::new(now),
            answered: Lately::new(now),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for this request's turn, first come first served, without holding a lock. Answers how long it
    /// would have been when the turn comes after the deadline (no turn is taken then) or the call is called
    /// off while it waits (its turn passes unused).
    pub fn wait(&self, deadline: &Deadline, cancel: &Cancel) -> Result<(), Duration> {
        let turn = {
            let now = system::now();
            let mut state = self.lock();
            state.recover(now);
            let turn = state.next.max(now);
            let wait = turn - now;
            if wait > deadline.left() {
                return Err(wait);
            }
            state.next = turn + Duration::from_secs_f64(1.0 / state.rate);
            state.sent.count(now);
            turn
        };
        let wait = turn.saturating_duration_since(system::now());
        if !wait.is_zero() && !cancel.pause(wait) {
            return Err(wait);
        }
        Ok(())
    }

    /// WeChat Pay answered, whatever it said but "too often".
    pub fn answered(&self) {
        self.lock().answered.count(system::now());
    }

    /// WeChat Pay said "too often".
    pub fn slow_down(&self) {
        let now = system::now();
        let mut state = self.lock();
        if state.slowed_at.is_some_and(|at| now - at < ONE_EVENT) {
            return;
        }
        state.recover(now);
        if state.sent.just_now(now) < state.rate * PART.as_secs_f64() * IN_USE {
            return;
        }
        let lately = state.answered.sum(now);
        let lower = if lately < state.rate * FAR_TOO_HIGH { lately } else { state.rate * AFTER_EVENT };
        state.rate = lower.max(SLOWEST.min(state.fastest));
        state.slowed_at = Some(now);
    }
}

impl State {
    fn apply_limits(&mut self) {
        let Some(fastest) = self.limits.iter().copied().min_by(f64::total_cmp) else { return };
        let unhindered = self.rate >= self.fastest;
        self.rate = if unhindered { fastest } else { self.rate.min(fastest) };
        self.fastest = fastest;
    }

    fn recover(&mut self, now: Instant) {
        let passed = (now - self.recovered_at).as_secs_f64();
        self.recovered_at = now;
        let Some(slowed) = self.slowed_at else { return };
        let growth = if now - slowed > QUIET { GROWTH_WHEN_QUIET } else { GROWTH };
        self.rate *= 1.0 + growth * passed;
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
    fn it_falls_once_an_event_to_what_was_answered_lately_and_recovers() {
        let pace = Pace::new(100);
        let serve = |pace: &Pace, count: u32| {
            for _ in 0..count {
                pace.lock().sent.count(Instant::now());
                pace.answered();
            }
        };
        serve(&pace, 60);
        for _ in 0..50 {
            pace.slow_down();
        }
        assert!((pace.lock().rate - 98.0).abs() < 0.5, "fifty refusals at once are one event");
        let pace = Pace::new(100);
        serve(&pace, 20);
        pace.slow_down();
        assert!((pace.lock().rate - 20.0).abs() < 0.5, "far too high: down to what was answered");
        let mut state = pace.lock();
        state.slowed_at = Instant::now().checked_sub(Duration::from_secs(60));
        state.recovered_at = Instant::now().checked_sub(Duration::from_secs(50)).unwrap();
        state.recover(Instant::now());
        assert!((state.rate - 100.0).abs() < 0.5);
        assert!(state.slowed_at.is_none());
    }

    #[test]
    fn a_till_that_hardly_sends_is_not_slowed_for_others() {
        let pace = Pace::new(500);
        for _ in 0..3 {
            pace.lock().sent.count(Instant::now());
        }
        pace.slow_down();
        assert!((pace.lock().rate - 500.0).abs() < 0.1);
    }

    #[test]
    fn lately_is_the_last_second() {
        let start = Instant::now();
        let mut lately = Lately::new(start);
        lately.count(start);
        lately.count(start + Duration::from_millis(450));
        assert!((lately.sum(start + Duration::from_millis(900)) - 2.0).abs() < 0.1);
        assert!((lately.sum(start + Duration::from_millis(1250)) - 1.0).abs() < 0.1);
        assert!(lately.sum(start + Duration::from_secs(60)) < 0.1);
    }

    #[test]
    fn contexts_of_one_mchid_share_a_pace_and_the_smallest_limit_holds() {
        let (first, second) = (shared("1900000001", 500), shared("1900000001", 50));
        assert!(Arc::ptr_eq(&first.pace, &second.pace));
        assert!((first.lock().fastest - 50.0).abs() < 0.1);
        assert!(!Arc::ptr_eq(&first.pace, &shared("1900000002", 500).pace));
        drop(second);
        assert!((first.lock().fastest - 500.0).abs() < 0.1, "a limit goes with its configuration");
        assert!((first.lock().rate - 500.0).abs() < 0.1);
    }
}
