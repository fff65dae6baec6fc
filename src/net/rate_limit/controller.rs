//! The decisions of the rate limit, as a function of the time that it is told. It reads no clock and never waits.
//!
//! Each refusal lowers the rate by about one request a second. So all processes together give up about the excess, whatever
//! their number. The rate grows faster the longer nothing was refused: a process that sends less is refused less often and
//! catches up. If the rate is known to be far too low, it doubles each second (slow start). The constants are those that
//! did best in the virtual time of `shares.rs`.

use super::window::{BUCKET, SlidingWindow};
use std::time::{Duration, Instant};

/// Refusals within this time are one event: WeChat Pay counts in seconds.
const ONE_EVENT: Duration = Duration::from_secs(1);
/// The first refusal of an event lowers a rate that is about right to this part. Each further refusal takes one request a
/// second.
const AFTER_FIRST: f64 = 0.98;
/// An event never lowers the rate below this part, because the callers of a process are refused in a bunch.
const AFTER_EVENT: f64 = 0.9;
/// If less than this part of the rate was answered recently, the rate is far too high and falls to what was answered.
const FAR_TOO_HIGH: f64 = 0.5;
/// A process that sends at less than this part of its rate did not cause the excess.
const IN_USE: f64 = 0.1;
/// By which part the rate grows in a second: at first, in addition per squared second without a refusal, and at most.
const GROWTH: f64 = 0.003;
const GROWTH_WHEN_QUIET: f64 = 0.0003;
const FASTEST_GROWTH: f64 = 0.05;
/// Slow start ends at this part of the rate that was about right.
const SLOW_START: f64 = 0.8;
/// As long as no such rate is known, slow start ends at this part of the ceiling.
const SLOW_START_UNTRIED: f64 = 0.16;
/// No slow start as long as something was refused within this time.
const SETTLED: Duration = Duration::from_secs(1);
/// The rate never falls below this. So a till with few customers is never held up for long.
const SLOWEST: f64 = 2.0;

/// The state of a rate limit.
#[derive(Debug)]
pub struct RateController {
    /// What each living configuration allows.
    limits: Vec<f64>,
    /// The smallest of them.
    ceiling: f64,
    /// Requests a second.
    rate: f64,
    /// When the next request may leave.
    next: Instant,
    /// The last refusals, until the rate is at the ceiling again.
    event: Option<Event>,
    /// The rate at which slow start ends, once it is known.
    threshold: Option<f64>,
    grown_at: Instant,
    /// Requests that took their turn.
    sent: SlidingWindow,
    /// Answers that were not "too often".
    answered: SlidingWindow,
}

/// Refusals of one second.
#[derive(Debug)]
struct Event {
    began: Instant,
    last: Instant,
    /// The rate does not fall below this during the event.
    floor: f64,
}

impl RateController {
    pub fn new(ceiling: f64, now: Instant) -> RateController {
        RateController {
            limits: Vec::new(),
            ceiling,
            rate: ceiling,
            next: now,
            event: None,
            threshold: None,
            grown_at: now,
            sent: SlidingWindow::new(now),
            answered: SlidingWindow::new(now),
        }
    }

    /// A configuration is added.
    pub fn add_limit(&mut self, limit: f64) {
        self.limits.push(limit);
        self.apply_limits();
    }

    /// A configuration is removed.
    pub fn remove_limit(&mut self, limit: f64) {
        if let Some(index) = self.limits.iter().position(|known| known.total_cmp(&limit).is_eq()) {
            self.limits.swap_remove(index);
        }
        self.apply_limits();
    }

    fn apply_limits(&mut self) {
        let Some(ceiling) = self.limits.iter().copied().min_by(f64::total_cmp) else { return };
        let unhindered = self.rate >= self.ceiling;
        self.rate = if unhindered { ceiling } else { self.rate.min(ceiling) };
        self.ceiling = ceiling;
    }

    /// Reserves the next turn, first come first served. If it is further away than `longest`, none is reserved and the error
    /// says how far.
    pub fn reserve(&mut self, now: Instant, longest: Duration) -> Result<Instant, Duration> {
        self.grow(now);
        let turn = self.next.max(now);
        let wait = turn.saturating_duration_since(now);
        if wait > longest {
            return Err(wait);
        }
        self.next = turn + Duration::from_secs_f64(1.0 / self.rate);
        self.sent.record(now);
        Ok(turn)
    }

    /// WeChat Pay gave any other answer than "too often".
    pub fn answered(&mut self, now: Instant) {
        self.answered.record(now);
    }

    /// WeChat Pay said "too often".
    pub fn throttled(&mut self, now: Instant) {
        self.grow(now);
        let slowest = SLOWEST.min(self.ceiling);
        if let Some(event) = &mut self.event {
            event.last = now;
            if now.saturating_duration_since(event.began) < ONE_EVENT {
                self.rate = (self.rate - 1.0).max(event.floor).max(slowest);
                return;
            }
        }
        if self.sent.just_now(now) < self.rate * BUCKET.as_secs_f64() * IN_USE {
            return;
        }
        let recent = self.answered.sum(now);
        let floor = if recent < self.rate * FAR_TOO_HIGH {
            if recent > 0.0 {
                let threshold = self.threshold();
                self.threshold = Some(threshold.min(recent.max(threshold / 2.0)));
            }
            self.rate = recent.max(slowest);
            self.rate
        } else {
            self.threshold = Some(self.rate * SLOW_START);
            let floor = self.rate * AFTER_EVENT;
            self.rate = (self.rate * AFTER_FIRST).max(slowest);
            floor
        };
        self.event = Some(Event { began: now, last: now, floor });
    }

    fn threshold(&self) -> f64 {
        self.threshold.unwrap_or(self.ceiling * SLOW_START_UNTRIED)
    }

    fn grow(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.grown_at).as_secs_f64();
        self.grown_at = self.grown_at.max(now);
        let Some(event) = &self.event else { return };
        let quiet = now.saturating_duration_since(event.last);
        let threshold = self.threshold();
        if self.rate < threshold && quiet > SETTLED {
            self.rate = (self.rate * passed.exp2()).min(threshold);
        } else {
            let growth = GROWTH + GROWTH_WHEN_QUIET * quiet.as_secs_f64().powi(2);
            self.rate *= (1.0 + growth.min(FASTEST_GROWTH)).powf(passed);
        }
        if self.rate >= self.ceiling {
            self.rate = self.ceiling;
            self.event = None;
        }
    }
}

#[cfg(test)]
impl RateController {
    pub fn rate(&self) -> f64 {
        self.rate
    }

    pub fn ceiling(&self) -> f64 {
        self.ceiling
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(5);

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 0.05
    }

    /// A controller that has just sent this many requests, all of which were answered.
    fn in_use(ceiling: f64, now: Instant, requests: u32) -> RateController {
        let mut controller = RateController::new(ceiling, now);
        for _ in 0..requests {
            controller.sent.record(now);
            controller.answered(now);
        }
        controller
    }

    #[test]
    fn requests_are_spaced_and_the_first_goes_at_once() {
        let now = Instant::now();
        let mut controller = RateController::new(100.0, now);
        for index in 0..21 {
            assert_eq!(controller.reserve(now, LONG).unwrap(), now + Duration::from_millis(10 * index));
        }
        let later = now + Duration::from_secs(2);
        assert_eq!(
            controller.reserve(later, LONG).unwrap(),
            later,
            "turns that nobody took are not saved up"
        );
    }

    #[test]
    fn a_turn_after_the_deadline_is_not_taken() {
        let now = Instant::now();
        let mut controller = RateController::new(1.0, now);
        assert_eq!(controller.reserve(now, LONG), Ok(now));
        let second = Duration::from_secs(1);
        assert_eq!(controller.reserve(now, Duration::from_millis(50)), Err(second));
        assert_eq!(controller.reserve(now, second), Ok(now + second), "no turn was used up");
    }

    #[test]
    fn a_refusal_takes_two_percent_more_refusals_one_request_each_and_an_event_at_most_a_tenth() {
        let now = Instant::now();
        let mut controller = in_use(100.0, now, 60);
        let rates: Vec<f64> = (0..50)
            .map(|_| {
                controller.throttled(now);
                controller.rate
            })
            .collect();
        assert!(near(rates[0], 98.0) && near(rates[1], 97.0) && near(rates[5], 93.0), "{rates:?}");
        assert!(near(rates[49], 90.0), "{rates:?}");
    }

    #[test]
    fn a_rate_that_is_far_too_high_falls_to_what_was_answered() {
        let now = Instant::now();
        let mut controller = in_use(100.0, now, 20);
        controller.throttled(now);
        assert!(near(controller.rate, 20.0));
        controller.throttled(now);
        assert!(near(controller.rate, 20.0), "the rest of the event says nothing new");
    }

    #[test]
    fn it_recovers_the_faster_the_longer_nothing_is_refused() {
        let now = Instant::now();
        let mut controller = in_use(100.0, now, 90);
        controller.throttled(now);
        let mut rates = vec![controller.rate];
        for second in 1..=120 {
            controller.grow(now + Duration::from_secs(second));
            rates.push(controller.rate);
        }
        assert!(rates[1] < rates[0] * 1.005, "{rates:?}");
        assert!(controller.event.is_none() && near(controller.rate, 100.0), "{rates:?}");
    }

    #[test]
    fn after_a_storm_it_doubles_each_second_up_to_near_what_was_right() {
        let now = Instant::now();
        let mut controller = in_use(500.0, now, 450);
        let second = |count| now + Duration::from_secs(count);
        for count in 0..10 {
            (0..20).for_each(|_| controller.sent.record(second(count)));
            controller.throttled(second(count));
        }
        assert!(near(controller.rate, SLOWEST));
        controller.grow(second(10));
        let low = controller.rate;
        controller.grow(second(14));
        assert!(near(controller.rate, low * 16.0));
        controller.grow(second(20));
        assert!(near(controller.rate, 500.0 * SLOW_START), "{}", controller.rate);
    }

    #[test]
    fn a_till_that_hardly_sends_is_not_slowed_for_others() {
        let now = Instant::now();
        let mut controller = in_use(500.0, now, 3);
        controller.throttled(now);
        assert!(near(controller.rate, 500.0));
    }

    #[test]
    fn a_clock_that_seems_to_go_back_changes_nothing() {
        let now = Instant::now();
        let mut controller = in_use(100.0, now + LONG, 60);
        controller.throttled(now + LONG);
        let rate = controller.rate;
        controller.throttled(now);
        controller.grow(now);
        assert!(near(controller.rate, rate - 1.0));
        assert_eq!(controller.reserve(now, LONG).unwrap(), now + LONG);
    }
}
