//! Makes a failing world small: leaves out moves of the adversary and steps of the tills while the same invariant breaks.

use crate::adversary::Wanted;
use crate::oracle::Invariant;
use crate::till::plan::{self, Without};
use crate::world::{self, End};
use std::time::Duration;

/// Something that can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Move(u64),
    Step(u64),
}

impl Without {
    fn and(&self, parts: &[Part]) -> Without {
        let mut without = self.clone();
        for part in parts {
            match part {
                Part::Move(id) => without.moves.insert(*id),
                Part::Step(id) => without.steps.insert(*id),
            };
        }
        without
    }
}

/// What is still in a world that was played.
fn parts(end: &End) -> Vec<Part> {
    let steps = end.world.lanes.iter().flat_map(|lane| lane.steps.iter().map(|step| Part::Step(step.id)));
    let mut parts: Vec<Part> = steps.collect();
    for made in &end.world.adversary.made {
        let part = Part::Move(made.id);
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts
}

/// What can be left out of the world with that number while that invariant breaks.
pub fn shrink(seed: u64, wanted: &Wanted, invariant: Invariant, limit: Duration) -> Without {
    let began = crate::run::now();
    let is_over = || crate::run::now() - began > limit;
    let play = |without: &Without| world::play(plan::world(seed, wanted, without, false));
    let fails = |end: &End| end.broken.as_ref().is_some_and(|broken| broken.invariant == invariant);
    let mut without = Without::default();
    let mut last = play(&without);
    let plain = Without { plain: true, ..Without::default() };
    let tried = play(&plain);
    if fails(&tried) {
        (without, last) = (plain, tried);
    }
    loop {
        let before = parts(&last).len();
        let mut size = before.div_ceil(2);
        while size > 0 && !is_over() {
            let mut at = 0;
            loop {
                let left = parts(&last);
                if at >= left.len() || is_over() {
                    break;
                }
                let chunk = &left[at..(at + size).min(left.len())];
                let candidate = without.and(chunk);
                let tried = play(&candidate);
                if fails(&tried) {
                    (without, last) = (candidate, tried);
                } else {
                    at += size;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
        if parts(&last).len() == before || is_over() {
            return without;
        }
    }
}

/// The story of a world that was made small.
pub fn story(seed: u64, wanted: &Wanted, without: &Without) -> Vec<String> {
    lines(world::play(plan::world(seed, wanted, without, true)))
}

/// What happened in a world whose story was told, and what is left of it.
pub fn lines(end: End) -> Vec<String> {
    let mut lines: Vec<String> = end.world.story.lines().collect();
    for (number, machine) in end.world.machines.iter().enumerate() {
        let rows = machine.disk.in_words();
        if !rows.is_empty() {
            lines.push(format!("journal of machine {number}: {}", rows.join("; ")));
        }
    }
    for coupon in &end.world.wechat.coupons {
        let ledger: Vec<String> = coupon
            .ledger
            .iter()
            .map(|entry| format!("{} {:?} {}", crate::story::clock(entry.at), entry.what, entry.number))
            .collect();
        lines.push(format!("ledger of {}: {}", coupon.code, ledger.join("; ")));
    }
    if let Some(broken) = end.broken {
        lines.push(format!("{}  {}", crate::story::clock(broken.at), broken.words));
        lines.push(format!("BROKEN {}: {}", broken.invariant.name(), broken.invariant.words()));
    }
    lines
}

/// Which moves and which of the tills' steps are left in a world that was made small.
pub fn essence(seed: u64, wanted: &Wanted, without: &Without) -> String {
    let end = world::play(plan::world(seed, wanted, without, false));
    let mut names: Vec<String> =
        end.world.adversary.made.iter().map(|made| made.made.name().to_owned()).collect();
    let steps = end.world.lanes.iter().flat_map(|lane| lane.steps.iter());
    names.extend(steps.map(|step| {
        let act = format!("{:?}", step.act);
        act.split([' ', '{']).next().unwrap_or_default().to_lowercase()
    }));
    names.sort();
    names.dedup();
    names.join(" ")
}
