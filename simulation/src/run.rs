//! Seeds one after the other, on one core or on several.

use crate::adversary::Wanted;
use crate::oracle::{Broken, Invariant};
use crate::till::plan::{self, Stores, Without};
use crate::world::seams::Virtual;
use crate::world::{self, End};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

/// One seed in so many is played twice, and must come out the same.
const PLAYED_TWICE: u64 = 64;

/// Puts virtual time in the machine's place, for the whole program.
pub fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        assert!(wxcoupon::system::install(&Virtual), "somebody has asked for the time already");
        std::panic::set_hook(Box::new(crate::routine::note_panic));
    });
}

/// Real time, for figures and limits.
#[allow(clippy::disallowed_methods, reason = "the machine's own time")]
pub fn now() -> Instant {
    Instant::now()
}

/// Time that this thread has worked, whoever else is on the machine.
fn worked() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: there is room for the time.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// What a run has played.
#[derive(Debug, Default)]
pub struct Figures {
    pub seeds: u64,
    pub on_sqlite: u64,
    pub with_leases: u64,
    pub redemptions: u64,
    pub calls: u64,
    pub events: u64,
    /// Time of all cores that worked on it.
    pub worked: Duration,
    pub played_s: u64,
    pub told: BTreeMap<i32, u64>,
    pub moves: BTreeMap<&'static str, u64>,
}

impl Figures {
    fn add(&mut self, seed: u64, end: &End) {
        self.seeds += 1;
        self.on_sqlite += u64::from(plan::stores_of(seed) == Stores::Sqlite);
        self.with_leases += u64::from(plan::stores_of(seed) == Stores::Leased);
        self.events += end.events;
        self.redemptions += end.world.oracle.redemptions;
        self.calls += end.world.oracle.calls;
        self.played_s += end.world.now / world::SECOND;
        for (code, count) in &end.world.oracle.told {
            *self.told.entry(*code).or_default() += count;
        }
        for made in &end.world.adversary.made {
            *self.moves.entry(made.made.name()).or_default() += 1;
        }
    }

    fn join(&mut self, other: Figures) {
        self.seeds += other.seeds;
        self.on_sqlite += other.on_sqlite;
        self.with_leases += other.with_leases;
        self.redemptions += other.redemptions;
        self.calls += other.calls;
        self.events += other.events;
        self.worked += other.worked;
        self.played_s += other.played_s;
        for (code, count) in other.told {
            *self.told.entry(code).or_default() += count;
        }
        for (name, count) in other.moves {
            *self.moves.entry(name).or_default() += count;
        }
    }

    /// Redemptions that one core plays in a minute.
    pub fn a_minute(&self) -> f64 {
        self.redemptions as f64 / self.worked.as_secs_f64().max(1e-9) * 60.0
    }
}

/// Plays one seed.
pub fn seed(seed: u64, wanted: &Wanted) -> End {
    prepare();
    world::play(plan::world(seed, wanted, &Without::default(), false))
}

/// Plays one seed, some of them twice.
fn checked(number: u64, wanted: &Wanted) -> End {
    let end = seed(number, wanted);
    if number.is_multiple_of(PLAYED_TWICE) && end.broken.is_none() {
        let again = seed(number, wanted);
        if (again.world.trace, again.events) != (end.world.trace, end.events) {
            let words = "played twice, it comes out another way".to_owned();
            let broken = Broken::new(Invariant::SeedDecides, end.world.now, words);
            return End { broken: Some(broken), ..again };
        }
    }
    end
}

/// What to play.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seeds: Range<u64>,
    pub limit: Duration,
    pub threads: usize,
    pub wanted: Wanted,
    /// Goes on after a failure.
    pub all: bool,
}

/// Plays seeds until time is over, and says which failed.
pub fn seeds(plan: &Plan) -> (Figures, BTreeMap<u64, Broken>) {
    prepare();
    let (began, next, stop) = (now(), AtomicU64::new(plan.seeds.start), AtomicBool::new(false));
    let (total, failed) = (Mutex::new(Figures::default()), Mutex::new(BTreeMap::new()));
    let work = || {
        let mut figures = Figures::default();
        let before = worked();
        while !stop.load(Ordering::Relaxed) && now() - began < plan.limit {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= plan.seeds.end {
                break;
            }
            let end = checked(number, &plan.wanted);
            figures.add(number, &end);
            if let Some(broken) = end.broken {
                failed.lock().unwrap_or_else(PoisonError::into_inner).insert(number, broken);
                stop.store(!plan.all, Ordering::Relaxed);
            }
        }
        figures.worked = worked().saturating_sub(before);
        total.lock().unwrap_or_else(PoisonError::into_inner).join(figures);
    };
    std::thread::scope(|scope| {
        for _ in 1..plan.threads {
            scope.spawn(work);
        }
        work();
    });
    let figures = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    (figures, failed.into_inner().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_function_of_its_number() {
        for number in [3, 7, 15, 40] {
            let ends = [0, 1].map(|_| seed(number, &Wanted::default()));
            assert_eq!(ends[0].world.trace, ends[1].world.trace, "{number}");
            assert_eq!(ends[0].events, ends[1].events, "{number}");
        }
    }

    #[test]
    fn the_first_seeds_hold_on_both_stores() {
        let plan = Plan {
            seeds: 0..60,
            limit: Duration::from_secs(600),
            threads: 1,
            wanted: Wanted::default(),
            all: true,
        };
        let (figures, failed) = seeds(&plan);
        assert!(failed.is_empty(), "{failed:?}");
        assert_eq!(figures.seeds, 60);
        assert!(figures.on_sqlite * 10 >= figures.seeds, "{} on SQLite", figures.on_sqlite);
        assert!(figures.told.len() > 10 && figures.moves.len() > 20, "it plays little: {figures:?}");
    }
}
