//! Seeds one after the other.

use crate::adversary::{Move, Wanted};
use crate::oracle::Broken;
use crate::shrink;
use crate::till::plan::{self, Without};
use crate::world::seams::Virtual;
use crate::world::{self, End};
use std::collections::BTreeMap;
use std::sync::Once;
use std::time::{Duration, Instant};

/// Puts virtual time in the machine's place, for the whole program.
pub fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        assert!(wxcoupon::system::install(&Virtual), "nobody has asked for the time yet");
        std::panic::set_hook(Box::new(crate::routine::note_panic));
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
    pub virtual_s: u64,
}

impl Figures {
    fn add(&mut self, end: &End) {
        self.seeds += 1;
        self.events += end.events;
        self.redemptions += end.world.oracle.redemptions;
        self.calls += end.world.oracle.calls;
        self.virtual_s += end.world.now / world::SECOND;
        for (code, count) in &end.world.oracle.told {
            *self.told.entry(*code).or_default() += count;
        }
        for made in &end.world.adversary.made {
            *self.moves.entry(made.made.name()).or_default() += 1;
        }
    }
}

/// Plays one seed.
pub fn seed(seed: u64, wanted: &Wanted) -> End {
    prepare();
    world::play(plan::world(seed, wanted, &Without::default(), false))
}

/// Real time, for figures and limits.
#[allow(clippy::disallowed_methods, reason = "the machine's own time")]
pub fn now() -> Instant {
    Instant::now()
}

/// Plays seeds until time is over or `found` says that it is enough.
pub fn seeds(
    first: u64,
    limit: Duration,
    wanted: &Wanted,
    figures: &mut Figures,
    mut found: impl FnMut(u64, Broken) -> bool,
) {
    let began = now();
    for number in first.. {
        if now() - began > limit {
            break;
        }
        let end = seed(number, wanted);
        figures.add(&end);
        if let Some(broken) = end.broken
            && !found(number, broken)
        {
            break;
        }
    }
}

fn moves(names: &str) -> Vec<Move> {
    let named = |name: &str| Move::ALL.iter().copied().find(|played| played.name() == name);
    names.split(',').filter(|name| !name.is_empty()).map(|name| named(name).expect("a move's name")).collect()
}

/// For the time being.
pub fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).cloned()
    };
    let number = |name: &str, default: u64| value(name).map_or(default, |text| text.parse().expect("a number"));
    let wanted = Wanted {
        also: value("--also").map_or(Vec::new(), |names| moves(&names)),
        without: value("--without").map_or(Vec::new(), |names| moves(&names)),
    };
    let first = number("--from", 0);
    let limit = Duration::from_secs(number("--seconds", 10));
    let mut figures = Figures::default();
    let began = now();
    let mut found: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    prepare();
    if let Some(name) = value("--known") {
        for known in crate::known::all() {
            if name == known.name {
                known.story().iter().for_each(|line| println!("{line}"));
            } else if name == "all" {
                let broken = known.play(false).broken;
                let found = broken.map_or_else(|| "holds".to_owned(), |broken| broken.invariant.name().to_owned());
                let fine = if known.check().is_ok() { "as expected" } else { "NOT AS EXPECTED" };
                println!("{:42} {found:24} {fine}", known.name);
            }
        }
        return;
    }
    if let Some(one) = value("--seed") {
        let one = one.parse().expect("a number");
        tell(one, &wanted, limit);
        return;
    }
    let survey = arguments.iter().any(|argument| argument == "--survey");
    let mut failed = None;
    seeds(first, limit, &wanted, &mut figures, |seed, broken| {
        found.entry(broken.invariant.name()).or_default().push(seed);
        failed.get_or_insert(seed);
        survey
    });
    let took = (now() - began).as_secs_f64();
    println!("{figures:#?}");
    println!("{:.0} redemptions a minute", figures.redemptions as f64 / took * 60.0);
    if arguments.iter().any(|argument| argument == "--essence") {
        essences(&found, &wanted);
        return;
    }
    for (name, seeds) in &found {
        println!("{name}: {} of {} seeds, first {:?}", seeds.len(), figures.seeds, &seeds[..seeds.len().min(8)]);
    }
    if let (Some(seed), false) = (failed, survey) {
        tell(seed, &wanted, Duration::from_secs(10));
    }
}

fn tell(seed: u64, wanted: &Wanted, limit: Duration) {
    let end = self::seed(seed, wanted);
    let without = match &end.broken {
        Some(broken) => shrink::shrink(seed, wanted, broken.invariant, limit),
        None => Without::default(),
    };
    for line in shrink::story(seed, wanted, &without) {
        println!("{line}");
    }
}

/// What every kind of failure comes down to.
fn essences(found: &BTreeMap<&str, Vec<u64>>, wanted: &Wanted) {
    for (name, seeds) in found {
        let mut kinds: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for number in seeds.iter().take(12) {
            let Some(broken) = seed(*number, wanted).broken else { continue };
            let without = shrink::shrink(*number, wanted, broken.invariant, Duration::from_secs(3));
            kinds.entry(shrink::essence(*number, wanted, &without)).or_default().push(*number);
        }
        println!("{name}: {} seeds", seeds.len());
        for (kind, seeds) in kinds {
            println!("    {kind}: {seeds:?}");
        }
    }
}
