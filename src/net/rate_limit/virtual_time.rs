//! Simulates many processes that share one limit, in virtual time: a queue of events, the real rate controllers, and a
//! WeChat Pay that counts. The same seed gives the same run.

use super::controller::RateController;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::Range;
use std::time::{Duration, Instant};

/// The limit of a call, as `timeout_ms` is by default.
const CALL: Duration = Duration::from_secs(10);
/// The pause after a refusal, before it is spread.
const AFTER_REFUSAL: Duration = Duration::from_secs(1);

const SECOND: Duration = Duration::from_secs(1);

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    #[allow(clippy::cast_precision_loss, reason = "53 bits are exact")]
    fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, times: &Range<Duration>) -> Duration {
        times.start + times.end.saturating_sub(times.start).mul_f64(self.part())
    }
}

/// How WeChat Pay may count. Which it is, is not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Seconds, the next of which starts with the first request after the last: as the sandbox counts.
    Windows,
    /// Seconds of the wall clock.
    ClockSeconds,
    /// Whatever was let through in the last second.
    Sliding,
    /// The same with what was refused.
    SlidingWithRefused,
    /// A token bucket that is filled evenly.
    Tokens,
}

struct Limiter {
    counting: Counting,
    per_second: u32,
    /// Of the present second.
    start: Option<Duration>,
    count: u32,
    last_second: VecDeque<Duration>,
    tokens: f64,
    filled_at: Duration,
    /// How far the clock's seconds are from those of this world.
    phase: Duration,
}

impl Limiter {
    fn new(counting: Counting, per_second: u32, random: &mut Random) -> Limiter {
        Limiter {
            counting,
            per_second,
            start: None,
            count: 0,
            last_second: VecDeque::new(),
            tokens: f64::from(per_second),
            filled_at: Duration::ZERO,
            phase: random.between(&(Duration::ZERO..SECOND)),
        }
    }

    fn allows(&mut self, now: Duration) -> bool {
        let in_window = |start: Duration| now < start + SECOND;
        match self.counting {
            Counting::Windows | Counting::ClockSeconds => {
                if !self.start.is_some_and(in_window) {
                    let whole = Duration::from_secs((now + self.phase).as_secs()).saturating_sub(self.phase);
                    self.start = Some(if self.counting == Counting::Windows { now } else { whole });
                    self.count = 0;
                }
                self.count += 1;
                self.count <= self.per_second
            }
            Counting::Sliding | Counting::SlidingWithRefused => {
                while self.last_second.front().is_some_and(|at| *at + SECOND <= now) {
                    self.last_second.pop_front();
                }
                let allowed = self.last_second.len() < self.per_second as usize;
                if allowed || self.counting == Counting::SlidingWithRefused {
                    self.last_second.push_back(now);
                }
                allowed
            }
            Counting::Tokens => {
                let most = f64::from(self.per_second);
                self.tokens =
                    (self.tokens + now.saturating_sub(self.filled_at).as_secs_f64() * most).min(most);
                self.filled_at = now;
                let allowed = self.tokens >= 1.0;
                self.tokens -= f64::from(u8::from(allowed));
                allowed
            }
        }
    }
}

/// One process: a pacer of its own, and callers who call again as soon as they are answered.
#[derive(Debug, Clone)]
pub struct Till {
    pub callers: usize,
    pub alive: Range<Duration>,
    /// From the turn to WeChat Pay, and from there back: each.
    pub way: Range<Duration>,
    /// Between two calls of one caller.
    pub idle: Range<Duration>,
    /// `max_rate_per_s`
    pub ceiling: f64,
}

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub fn s(s: u64) -> Duration {
    Duration::from_secs(s)
}

impl Default for Till {
    fn default() -> Till {
        Till {
            callers: 12,
            alive: Duration::ZERO..Duration::MAX,
            way: ms(5)..ms(25),
            idle: Duration::ZERO..Duration::ZERO,
            ceiling: 500.0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// A caller asks for a turn, in a call that began then.
    Ask(Duration),
    Arrive(Duration),
    /// Whether it was let through.
    Answer(Duration, bool),
}

pub struct Simulation {
    base: Instant,
    random: Random,
    limiter: Limiter,
    tills: Vec<(Till, RateController)>,
    queue: BinaryHeap<Reverse<(Duration, u64, usize, Step)>>,
    sequence: u64,
    now: Duration,
    tally: Vec<Tally>,
    /// While it lasts, WeChat Pay refuses everything.
    pub storm: Range<Duration>,
}

/// The results of the requests of one till.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    pub done: u64,
    pub refused: u64,
    /// Calls that got no turn in time.
    pub given_up: u64,
    /// The longest that a call waited for its turn.
    pub longest_wait: Duration,
}

impl Simulation {
    pub fn new(seed: u64, counting: Counting, per_second: u32, tills: Vec<Till>) -> Simulation {
        let base = Instant::now();
        let mut random = Random(seed);
        let limiter = Limiter::new(counting, per_second, &mut random);
        let mut simulation = Simulation {
            base,
            limiter,
            tally: vec![Tally::default(); tills.len()],
            tills: tills
                .into_iter()
                .map(|till| (till.clone(), RateController::new(till.ceiling, base + till.alive.start)))
                .collect(),
            random,
            queue: BinaryHeap::new(),
            sequence: 0,
            now: Duration::ZERO,
            storm: Duration::ZERO..Duration::ZERO,
        };
        for index in 0..simulation.tills.len() {
            let till = simulation.tills[index].0.clone();
            for _ in 0..till.callers {
                let at = till.alive.start + simulation.random.between(&till.idle);
                simulation.push(at, index, Step::Ask(at));
            }
        }
        simulation
    }

    pub fn change_limit(&mut self, per_second: u32) {
        self.limiter.per_second = per_second;
    }

    pub fn now(&self) -> Duration {
        self.now
    }

    fn push(&mut self, at: Duration, till: usize, step: Step) {
        self.sequence += 1;
        self.queue.push(Reverse((at, self.sequence, till, step)));
    }

    /// Goes on until then; what happened meanwhile, till by till.
    pub fn run_until(&mut self, end: Duration) -> Vec<Tally> {
        self.tally = vec![Tally::default(); self.tills.len()];
        while self.queue.peek().is_some_and(|Reverse((at, ..))| *at < end) {
            let Some(Reverse((at, _, till, step))) = self.queue.pop() else { break };
            self.now = at;
            self.step(till, step);
        }
        self.now = end;
        self.tally.clone()
    }

    fn step(&mut self, index: usize, step: Step) {
        let (now, clock) = (self.now, self.base + self.now);
        let (till, controller) = &mut self.tills[index];
        let till = till.clone();
        if now >= till.alive.end {
            return;
        }
        match step {
            Step::Ask(began) => {
                let left = (began + CALL).saturating_sub(now);
                match controller.reserve(clock, left) {
                    Ok(turn) => {
                        let tally = &mut self.tally[index];
                        tally.longest_wait = tally.longest_wait.max(turn - clock);
                        let way = self.random.between(&till.way);
                        self.push(turn - self.base + way, index, Step::Arrive(began));
                    }
                    Err(wait) => {
                        self.tally[index].given_up += 1;
                        self.push(now + wait, index, Step::Ask(now + wait));
                    }
                }
            }
            Step::Arrive(began) => {
                let allowed = !self.storm.contains(&now) && self.limiter.allows(now);
                let tally = &mut self.tally[index];
                if allowed {
                    tally.done += 1;
                } else {
                    tally.refused += 1;
                }
                let way = self.random.between(&till.way);
                self.push(now + way, index, Step::Answer(began, allowed));
            }
            Step::Answer(_, true) => {
                controller.answered(clock);
                let next = now + self.random.between(&till.idle);
                self.push(next, index, Step::Ask(next));
            }
            Step::Answer(began, false) => {
                controller.throttled(clock);
                let again = now + AFTER_REFUSAL.mul_f64(1.0 + 0.2 * self.random.part());
                let began = if again >= began + CALL { again } else { began };
                self.push(again, index, Step::Ask(began));
            }
        }
    }
}
