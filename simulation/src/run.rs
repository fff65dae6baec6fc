//! Seeds one after the other.

use crate::adversary::Wanted;
use crate::oracle::Broken;
use crate::till::plan::{self, Without};
use crate::world::{self, End};
use crate::world::seams::Virtual;
use std::collections::BTreeMap;
use std::sync::Once;
use std::time::{Duration, Instant};

/// Puts virtual time in the machine's place, for the whole program.
pub fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        assert!(wxcoupon::system::install(&Virtual), "nobody has asked for the time yet");
        std::panic::set_hook(Box::new(|_| ()));
    });
}

/// What a run has played.
#[derive(Debug, Default)]
pub struct Figures {
    pub seeds: u64,
    pub redemptions: u64,
    pub calls: u64,
    pub events: u64,
    pub told: BTreeMap<i32, u64>,
    pub moves: BTreeMap<&'static str, u64>,
}

/// Plays one seed.
pub fn seed(seed: u64, told: bool) -> End {
    prepare();
    world::play(plan::world(seed, &Wanted::default(), &Without::default(), told))
}

#[allow(clippy::disallowed_methods, reason = "real time, for the figures and the limit")]
fn now() -> Instant {
    Instant::now()
}

/// Plays seeds for so long, or until one fails.
pub fn seeds(first: u64, limit: Duration, figures: &mut Figures) -> Option<(u64, Broken)> {
    let began = now();
    for number in first.. {
        if now() - began > limit {
            break;
        }
        let end = seed(number, false);
        figures.seeds += 1;
        figures.events += end.events;
        figures.redemptions += end.world.oracle.redemptions;
        figures.calls += end.world.oracle.calls;
        for (code, count) in &end.world.oracle.told {
            *figures.told.entry(*code).or_default() += count;
        }
        for made in &end.world.adversary.made {
            *figures.moves.entry(made.made.name()).or_default() += 1;
        }
        if let Some(broken) = end.broken {
            return Some((number, broken));
        }
    }
    None
}

/// For the time being.
pub fn main() {
    let mut arguments = std::env::args().skip(1);
    let first: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(0);
    let seconds: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(10);
    if seconds == 0 {
        let end = seed(first, true);
        for line in end.world.story.lines() {
            println!("{line}");
        }
        println!("{:?}", end.broken);
        return;
    }
    let mut figures = Figures::default();
    let began = now();
    let found = seeds(first, Duration::from_secs(seconds), &mut figures);
    let took = (now() - began).as_secs_f64();
    println!("{figures:#?}");
    println!("{:.0} redemptions a minute", figures.redemptions as f64 / took * 60.0);
    if let Some((seed, broken)) = found {
        println!("seed {seed}: {:?}", broken);
    }
}
