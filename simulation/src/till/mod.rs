//! Tills: programs that call the library as its documentation says, one call after the other.

pub mod calls;
pub mod plan;

use crate::adversary::Move;
use crate::oracle::Call;
use crate::random::{Random, mix};
use crate::wechat::message::Asks;
use crate::world::{Event, MINUTE, Moment, ProcessId, Purpose, SECOND, World, block_until, with};
pub use calls::open;
use wxcoupon::report::Report;
use wxcoupon::status::Class;

/// Something a till does. Sales and numbers are told apart by a running number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Redeem { sale: u64, coupon: u64 },
    Repeat { sale: u64, coupon: u64 },
    Altered { sale: u64, coupon: u64 },
    Settle { sale: u64, coupon: u64 },
    Void { sale: u64, coupon: u64 },
    Raw { sale: u64, coupon: u64 },
    Return { number: u64, coupon: u64 },
    Confirm { number: u64, coupon: u64 },
    Deactivate { number: u64, coupon: u64 },
    Send { number: u64 },
    Query { coupon: u64 },
    SettleAll,
}

/// When a till does it.
#[derive(Debug, Clone)]
pub struct Step {
    pub id: u64,
    pub at: Moment,
    pub act: Act,
}

/// What one cashier does, one thing after the other.
#[derive(Debug)]
pub struct Lane {
    pub process: ProcessId,
    pub machine: usize,
    pub steps: Vec<Step>,
    pub next: usize,
    /// The call that runs.
    pub call: Option<Call>,
    pub done: bool,
}

/// The lanes of a process begin, or go on where they stopped.
pub fn begin_lanes(world: &mut World, process: ProcessId) {
    for lane in 0..world.lanes.len() {
        if world.lanes[lane].process == process && !world.lanes[lane].done {
            let key = mix(0x1A4E, (lane as u64) << 16 | u64::from(world.processes[process].epoch));
            world.begin(process, key, move || work(lane));
        }
    }
}

/// All of a lane that is left.
fn work(lane: usize) {
    loop {
        let next = with(|world| {
            let found = &mut world.lanes[lane];
            let step = found.steps.get(found.next).cloned();
            found.next += 1;
            found.done = step.is_none();
            step.map(|step| (step, world.now))
        });
        let Some((step, now)) = next else { return };
        if step.at > now {
            block_until(step.at);
        }
        with(|world| world.begin_step(step.id, Purpose::Call));
        act(lane, &step);
    }
}

fn act(lane: usize, step: &Step) {
    match step.act {
        Act::Redeem { sale, coupon } => {
            if let Some(told) = redeem(lane, sale, coupon) {
                react(lane, step.id, sale, coupon, &told);
            }
        }
        Act::Repeat { sale, coupon } => drop(redeem(lane, sale, coupon)),
        Act::Altered { sale, coupon } => drop(calls::altered(lane, sale, coupon)),
        Act::Settle { sale, coupon } => {
            let returned = with(|world| was_returned(world, lane, sale, coupon));
            if !returned || with(|world| world.adversary.knows(Move::SettlesReturned)) {
                calls::settle(lane, sale, coupon, "complete");
            }
        }
        Act::Void { sale, coupon } => {
            let busy = with(|world| is_worked_on(world, lane, sale));
            if !busy || with(|world| world.adversary.knows(Move::VoidsOthersCall)) {
                void(lane, sale, coupon);
            }
        }
        Act::Raw { sale, coupon } => drop(calls::raw(lane, sale, coupon)),
        Act::Return { coupon, .. } if !with(|world| world.may_be_returned(coupon as usize)) => {}
        Act::Return { number, coupon } => drop(calls::change(lane, Asks::Return, number, coupon)),
        Act::Confirm { number, coupon } => drop(calls::change(lane, Asks::Confirm, number, coupon)),
        Act::Deactivate { number, coupon } => drop(calls::change(lane, Asks::Deactivate, number, coupon)),
        Act::Send { number } => drop(calls::change(lane, Asks::Send, number, u64::MAX)),
        Act::Query { coupon } => drop(calls::query(lane, coupon)),
        Act::SettleAll => drop(calls::settle_all(lane)),
    }
}

/// Redeems, but not what was returned, where this till does no such thing.
fn redeem(lane: usize, sale: u64, coupon: u64) -> Option<Report> {
    let returned = with(|world| was_returned(world, lane, sale, coupon));
    let may = !returned || with(|world| world.adversary.knows(Move::RepeatsReturned));
    may.then(|| calls::redeem(lane, sale, coupon))
}

/// Whether somebody has returned what that sale redeemed, as far as the ledger knows.
fn was_returned(world: &World, lane: usize, sale: u64, coupon: u64) -> bool {
    let number = calls::number(world.lanes[lane].machine, "SALE", sale);
    let coupon = usize::try_from(coupon).unwrap_or(0);
    world
        .wechat
        .coupons
        .get(coupon)
        .is_some_and(|coupon| coupon.ledger.iter().any(|entry| entry.undoes.as_deref() == Some(&*number)))
}

fn void(lane: usize, sale: u64, coupon: u64) {
    let may = with(|world| !is_damaged(world, lane, sale) || world.adversary.allows(Move::VoidsDamaged));
    if may {
        calls::settle(lane, sale, coupon, "void");
    }
}

fn is_damaged(world: &World, lane: usize, sale: u64) -> bool {
    let machine = world.lanes[lane].machine;
    world.machines[machine].disk.is_damaged(&calls::number(machine, "SALE", sale))
}

fn is_worked_on(world: &World, lane: usize, sale: u64) -> bool {
    let machine = world.lanes[lane].machine;
    world.oracle.sale(machine, &calls::number(machine, "SALE", sale)).is_some_and(|sale| sale.running > 0)
}

/// What a till does about what it was told.
fn react(lane: usize, key: u64, sale: u64, coupon: u64, told: &Report) {
    let mut random = Random::new(mix(key, 0x4EAC));
    let (voids, new_number) =
        with(|world| (world.adversary.knows(Move::Voids), world.adversary.knows(Move::NewNumber)));
    let pause = *random.pick(&[SECOND, 10 * SECOND, 2 * MINUTE, 7 * MINUTE]);
    let wait = || block_until(with(|world| world.now) + pause);
    match told.code.class() {
        Class::InDoubt => match random.below(6) {
            0 => {
                wait();
                redeem(lane, sale, coupon);
            }
            1 => {
                wait();
                calls::settle(lane, sale, coupon, "complete");
            }
            2 | 3 if voids => {
                wait();
                void(lane, sale, coupon);
            }
            4 => {
                wait();
                calls::settle_all(lane);
            }
            _ => {}
        },
        Class::Busy | Class::NotSent | Class::Local if random.chance(500) => {
            wait();
            redeem(lane, sale, coupon);
        }
        Class::Refused if new_number && random.chance(400) => {
            wait();
            redeem(lane, sale + 500, coupon);
        }
        _ => {}
    }
}

/// A process has ended: what it was asked is without an answer, and it starts again after a while.
pub fn process_ended(process: ProcessId) {
    with(|world| {
        for lane in 0..world.lanes.len() {
            if world.lanes[lane].process != process {
                continue;
            }
            if let Some(call) = world.lanes[lane].call.take() {
                world.oracle.dies(&call);
            }
        }
        let epoch = world.processes[process].epoch;
        let mut random = Random::new(mix(world.seed, (process as u64) << 32 | u64::from(epoch)));
        let pause = match random.below(4) {
            0 => random.below(2 * SECOND),
            1 | 2 => random.below(2 * MINUTE),
            _ => random.below(20 * MINUTE),
        };
        if world.processes[process].restarts {
            world.plan(world.now + pause, Event::Start(process));
        }
    });
}
