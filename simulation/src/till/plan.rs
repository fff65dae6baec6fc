//! A world out of a number: who is there, what the tills do when, and what goes wrong.

use super::{Act, Lane, Step};
use crate::adversary::{Adversary, Move, Wanted};
use crate::random::{Random, mix};
use crate::store::Disk;
use crate::story::Story;
use crate::wechat::WechatPay;
use crate::wechat::coupon::{Coupon, State, Usage};
use crate::wechat::settings::Settings;
use crate::world::machine::{Machine, Process};
use crate::world::{Event, HOUR, MINUTE, Moment, SECOND, World};
use std::collections::BTreeSet;

/// What is left out of a world, to make it smaller.
#[derive(Debug, Clone, Default)]
pub struct Without {
    pub moves: BTreeSet<u64>,
    pub steps: BTreeSet<u64>,
    /// Answers the open questions as the documentation suggests.
    pub plain: bool,
}

/// What kind of store a seed plays with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stores {
    Simulated,
    /// The same, where nobody can tell who is alive, as in a database that machines share.
    Leased,
    Sqlite,
}

/// One seed in eight keeps its journals in `SQLite`, and one in a store with leases.
pub fn stores_of(seed: u64) -> Stores {
    match seed % 8 {
        7 => Stores::Sqlite,
        6 => Stores::Leased,
        _ => Stores::Simulated,
    }
}

/// The world with that number.
pub fn world(seed: u64, wanted: &Wanted, without: &Without, told: bool) -> World {
    let mut random = Random::new(mix(seed, 0x3071D));
    let mut settings =
        if without.plain { Settings::plain() } else { Settings::drawn(&mut Random::new(mix(seed, 0x5E7))) };
    let mut adversary = Adversary::drawn(seed, wanted);
    adversary.suppressed.clone_from(&without.moves);
    settings.bare_sequential &= adversary.allows(Move::BareSequential);
    settings.ends_partly_used &= adversary.allows(Move::EndsPartlyUsed);
    let mut story = Story::new(told);
    story.tell(0, || format!("seed {seed}; WeChat Pay: {}", settings.words()));
    let mut wechat = WechatPay::new(seed, settings);
    let shares = adversary.knows(Move::Shares);
    let coupons = random.between(3, 14);
    for place in 0..coupons {
        wechat.coupons.push(coupon(place, &adversary, &mut random));
    }
    let length = *random.pick(&[2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR, 12 * HOUR]);
    adversary.plan(seed, length);
    let mut world = World::new(seed, wechat, adversary, story);
    let stores = stores_of(seed);
    for machine in 0..random.between(1, 2) {
        world.machines.push(Machine::new(Disk::new(stores, mix(seed, machine))));
        for _ in 0..random.between(1, 3) {
            world.processes.push(Process::new(world.machines.len() - 1));
        }
    }
    if world.adversary.knows(Move::ClockStep) {
        let machine = random.index(world.machines.len());
        world.machines[machine].clock_error =
            i64::try_from(random.below(80 * HOUR)).unwrap_or(0) - i64::try_from(40 * HOUR).unwrap_or(0);
    }
    for process in 0..world.processes.len() {
        for _ in 0..random.between(1, 2) {
            let place = world.lanes.len();
            let own = if shares { None } else { Some(place as u64 % coupons) };
            let lane = lane(seed, &world, process, place as u64, own, length);
            world.lanes.push(lane);
        }
    }
    for lane in &mut world.lanes {
        lane.steps.retain(|step| !without.steps.contains(&step.id));
    }
    for process in 0..world.processes.len() {
        world.plan(0, Event::Start(process));
    }
    for place in 0..world.adversary.timed.len() {
        world.plan(world.adversary.timed[place].at, Event::Move(place));
    }
    world.plan(length + 2 * MINUTE, Event::Calm);
    world
}

fn coupon(place: u64, adversary: &Adversary, random: &mut Random) -> Coupon {
    let mut usages = vec![Usage::Single, Usage::Single];
    let mut also = |played, usage| {
        if adversary.knows(played) {
            usages.push(usage);
        }
    };
    also(Move::Bundle, Usage::Bundle);
    also(Move::Sequential, Usage::Sequential(2));
    also(Move::FutureUsage, Usage::Future);
    also(Move::Busifavor, Usage::Busifavor);
    also(Move::Busifavor, Usage::Busifavor);
    let usage = *random.pick(&usages);
    let state = match random.below(20) {
        0 if adversary.knows(Move::Manages) && usage != Usage::Busifavor => State::Confirming,
        1 => State::Pending,
        _ => State::Effective,
    };
    let mut coupon = Coupon::new(&format!("COUPON-{place}"), usage, state);
    if state == State::Pending {
        coupon.begins = random.below(HOUR);
    }
    coupon
}

fn lane(seed: u64, world: &World, process: usize, place: u64, own: Option<u64>, length: Moment) -> Lane {
    let adversary = &world.adversary;
    let mut random = Random::new(mix(mix(seed, 0x1A4E), place));
    let coupons = world.wechat.coupons.len() as u64;
    let machine = world.processes[process].machine;
    let mut at = random.below(20 * SECOND);
    let mut steps: Vec<Step> = Vec::new();
    let mut sales: Vec<(u64, u64)> = Vec::new();
    let count = random.between(4, 14);
    for index in 0..count {
        let id = mix(mix(seed, 0x57E9), place * 1000 + index);
        let coupon = own.unwrap_or_else(|| random.below(coupons));
        let known = (!sales.is_empty()).then(|| *random.pick(&sales));
        let fresh = (place * 1000 + index, coupon);
        let played = |played, act| adversary.knows(played).then_some(act);
        let of_known = match known {
            None => None,
            Some((sale, coupon)) => match random.below(9) {
                0..2 => Some(Act::Repeat { sale, coupon }),
                2 => Some(Act::Settle { sale, coupon }),
                3 | 4 => played(Move::Voids, Act::Void { sale, coupon }),
                5 | 6 => played(Move::Returns, Act::Return { number: fresh.0, coupon }),
                7 => played(Move::RepeatsAltered, Act::Altered { sale, coupon }),
                _ => Some(Act::SettleAll),
            },
        };
        let act = match random.below(10) {
            0..5 => None,
            5..8 => of_known,
            8 => Some(Act::Query { coupon }),
            _ => match random.below(4) {
                0 => played(Move::Manages, Act::Confirm { number: fresh.0, coupon }),
                1 => played(Move::Manages, Act::Deactivate { number: fresh.0, coupon }),
                2 => played(Move::Manages, Act::Send { number: fresh.0 }),
                _ => played(Move::RawRequests, Act::Raw { sale: fresh.0, coupon }),
            },
        };
        let act = act.unwrap_or_else(|| {
            sales.push(fresh);
            Act::Redeem { sale: fresh.0, coupon }
        });
        steps.push(Step { id, at, act });
        // Sometimes at once, sometimes much later.
        at += match random.below(6) {
            0 => 0,
            1 | 2 => random.below(5 * SECOND),
            _ => random.below(2 * length / count + 1),
        };
        if at > length {
            break;
        }
    }
    if adversary.knows(Move::RepeatsAtOnce)
        && place > 0
        && let Some(other) = world.lanes.iter().rev().find(|other| other.machine == machine)
    {
        let copied: Vec<Step> = other.steps.iter().filter(|step| step.id % 3 == 0).cloned().collect();
        steps.extend(copied.into_iter().map(|step| Step { id: mix(step.id, 0xA7), ..step }));
        steps.sort_by_key(|step| step.at);
    }
    Lane { process, machine, steps, next: 0, call: None, done: false }
}
