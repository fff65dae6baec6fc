//! The command line.

use crate::adversary::{Move, Wanted};
use crate::known;
use crate::oracle::{Broken, Invariant};
use crate::run::{self, Figures, Plan};
use crate::shrink;
use crate::story::clock;
use crate::till::plan::Without;
use crate::world::SECOND;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = "\
Plays tills, lines, disks and WeChat Pay against the client and the journal of wxcoupon, in virtual time.

wxcoupon-simulation [OPTION]...
  --seconds N       for so long (60)
  --seeds A..B      these seeds, as far as time goes (0.. for as long as time goes)
  --seed N          one seed; where it fails, its story, made small
  --threads N       on so many cores (1)
  --also M,...      with these moves of the adversary, besides those that are on
  --without M,...   without these
  --all             go on after a failure, and say what each comes down to
  --known [NAME]    the known faults, or the story of one
  --list            moves and invariants, in words";

struct Arguments(Vec<String>);

impl Arguments {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|argument| argument == name)
    }

    fn value(&self, name: &str) -> Option<&str> {
        let place = self.0.iter().position(|argument| argument == name)?;
        self.0.get(place + 1).map(String::as_str).filter(|value| !value.starts_with("--"))
    }

    fn number(&self, name: &str, default: u64) -> Result<u64, String> {
        match (self.has(name), self.value(name)) {
            (false, _) => Ok(default),
            (true, Some(text)) => text.parse().map_err(|_| format!("{name} wants a number, found {text:?}")),
            (true, None) => Err(format!("{name} wants a number")),
        }
    }

    fn moves(&self, name: &str) -> Result<Vec<Move>, String> {
        let named = |name: &str| {
            let found = Move::ALL.iter().copied().find(|played| played.name() == name);
            found.ok_or_else(|| format!("no move is called {name:?}; --list names them"))
        };
        self.value(name).unwrap_or_default().split(',').filter(|name| !name.is_empty()).map(named).collect()
    }

    fn plan(&self) -> Result<Plan, String> {
        let seeds = match self.value("--seeds") {
            None => 0..u64::MAX,
            Some(text) => {
                let (first, end) = text.split_once("..").ok_or("--seeds wants A..B")?;
                let number = |text: &str, default: u64| {
                    if text.is_empty() { Ok(default) } else { text.parse().map_err(|_| format!("{text:?}")) }
                };
                number(first, 0)?..number(end, u64::MAX)?
            }
        };
        Ok(Plan {
            seeds,
            limit: Duration::from_secs(self.number("--seconds", 60)?),
            threads: usize::try_from(self.number("--threads", 1)?).unwrap_or(1).max(1),
            wanted: Wanted { also: self.moves("--also")?, without: self.moves("--without")? },
            all: self.has("--all"),
        })
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = Arguments(std::env::args().skip(1).collect());
    if arguments.has("--help") {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match play(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(wrong) => {
            eprintln!("{wrong}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn play(arguments: &Arguments) -> Result<bool, String> {
    let plan = arguments.plan()?;
    run::prepare();
    if arguments.has("--list") {
        list();
        return Ok(true);
    }
    if arguments.has("--known") {
        return match arguments.value("--known") {
            None => Ok(known_faults(true)),
            Some(name) => one_known(name),
        };
    }
    if arguments.has("--seed") {
        let seed = arguments.number("--seed", 0)?;
        return Ok(tell(seed, &plan.wanted, plan.limit));
    }
    let known = known_faults(false);
    let (figures, failed) = run::seeds(&plan);
    say(&figures);
    if plan.all {
        essences(&failed, &plan.wanted);
    } else if let Some(seed) = failed.keys().next() {
        println!();
        tell(*seed, &plan.wanted, Duration::from_secs(15));
    }
    Ok(known && failed.is_empty())
}

fn say(figures: &Figures) {
    println!(
        "{} seeds ({} on SQLite, {} with leases), {} redemptions in {} calls and {} events, {} days of virtual time",
        figures.seeds,
        figures.on_sqlite,
        figures.with_leases,
        figures.redemptions,
        figures.calls,
        figures.events,
        figures.played_s / 86_400,
    );
    let told: Vec<String> = figures.told.iter().map(|(code, count)| format!("{code}: {count}")).collect();
    println!("told: {}", told.join(", "));
    let moves: Vec<String> = figures.moves.iter().map(|(name, count)| format!("{name} {count}")).collect();
    println!("moves: {}", moves.join(", "));
    let (worked, a_minute) = (figures.worked.as_secs_f64(), figures.a_minute());
    println!("{a_minute:.0} redemptions a minute on one core ({worked:.1} s of one)");
}

/// The story of a seed, made small where it fails.
fn tell(seed: u64, wanted: &Wanted, limit: Duration) -> bool {
    let end = run::seed(seed, wanted);
    let without = match &end.broken {
        Some(broken) => shrink::shrink(seed, wanted, broken.invariant, limit),
        None => Without::default(),
    };
    for line in shrink::story(seed, wanted, &without) {
        println!("{line}");
    }
    if end.broken.is_some() {
        println!("again: tools/run/simulate.sh{} --seed {seed}", options(wanted));
    }
    end.broken.is_none()
}

/// As they stand on the command line.
fn options(wanted: &Wanted) -> String {
    let option = |name: &str, moves: &[Move]| {
        let names: Vec<&str> = moves.iter().map(|played| played.name()).collect();
        if names.is_empty() { String::new() } else { format!(" {name} {}", names.join(",")) }
    };
    option("--also", &wanted.also) + &option("--without", &wanted.without)
}

fn known_faults(in_full: bool) -> bool {
    let mut fine = true;
    for known in known::all() {
        let checked = known.check();
        if in_full || checked.is_err() {
            let state = if known.fails { "expected to fail" } else { "mended" };
            println!("{} ({state}): {}", known.name, known.shows);
            if known.fails && !known.holds_back.is_empty() {
                let held: Vec<&str> = known.holds_back.iter().map(|played| played.name()).collect();
                println!("    holds back: {}", held.join(", "));
            }
        }
        if let Err(wrong) = checked {
            println!("    {wrong}");
            fine = false;
        }
    }
    fine
}

fn one_known(name: &str) -> Result<bool, String> {
    let known = known::all().into_iter().find(|known| known.name == name);
    let known = known.ok_or_else(|| format!("no fault is known as {name:?}"))?;
    println!("{}: {}", known.name, known.shows);
    known.story().iter().for_each(|line| println!("{line}"));
    Ok(known.check().is_ok())
}

/// What every kind of failure comes down to.
fn essences(failed: &BTreeMap<u64, Broken>, wanted: &Wanted) {
    let mut kinds: BTreeMap<(Invariant, String), Vec<u64>> = BTreeMap::new();
    let mut counts: BTreeMap<Invariant, u32> = BTreeMap::new();
    for (seed, broken) in failed {
        let count = counts.entry(broken.invariant).or_default();
        *count += 1;
        if *count <= 12 {
            let without = shrink::shrink(*seed, wanted, broken.invariant, Duration::from_secs(3));
            let essence = shrink::essence(*seed, wanted, &without);
            kinds.entry((broken.invariant, essence)).or_default().push(*seed);
        }
    }
    for ((invariant, essence), seeds) in kinds {
        println!("{} ({} seeds in all), {essence}: {seeds:?}", invariant.name(), counts[&invariant]);
    }
    if let Some((seed, broken)) = failed.iter().min_by_key(|(_, broken)| broken.at) {
        println!("soonest: seed {seed} after {} ({} s)", clock(broken.at), broken.at / SECOND);
    }
}

fn list() {
    println!("moves:");
    for played in Move::ALL {
        let state = match (played.is_on(), played.is_never()) {
            (true, _) => "on",
            (_, true) => "never",
            _ => "off",
        };
        println!("  {:24} {state:6} {}", played.name(), played.words());
    }
    println!("invariants:");
    for invariant in Invariant::ALL {
        println!("  {:24} {}", invariant.name(), invariant.words());
    }
}
