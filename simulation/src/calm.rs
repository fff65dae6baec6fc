//! The quiet at the end: everything that can be settled is, over two days, and then the last word on every number is heard.

use crate::adversary::Move;
use crate::oracle::{Broken, Invariant, Verdict};
use crate::random::{keyed_hash, mix};
use crate::till::{Lane, calls};
use crate::wechat::coupon::{State, Usage};
use crate::wechat::message::Asks;
use crate::world::{Event, HOUR, MINUTE, MachineId, Moment, ProcessId, Purpose, World, with};
use serde_json::Value;
use std::sync::Arc;
use wxcoupon::client::Client;
use wxcoupon::report::Report;
use wxcoupon::status::{Class, Code};

/// When everything is settled again, after the quiet has begun. The last copy of the last request arrives within ten
/// minutes.
///
/// Two days are enough by a right clock. One that was set back by forty hours in between counts from there.
const ROUNDS: [Moment; 9] =
    [11 * MINUTE, HOUR, 8 * HOUR, 25 * HOUR, 26 * HOUR, 50 * HOUR, 52 * HOUR, 76 * HOUR, 101 * HOUR];
/// The last word on every number is asked for, and then everything is looked at.
const LAST_WORDS: u32 = 100;
const LOOK: u32 = 101;
/// More often nobody waits for a till to come to its end.
const PATIENCE: u32 = 50;

/// Nothing goes wrong from now on.
pub fn begin() {
    with(|world| {
        world.adversary.quiet = true;
        let thawed = world.processes.iter().filter_map(|process| process.frozen_until).max().unwrap_or(0);
        if thawed > world.now {
            world.plan(thawed + MINUTE, Event::Calm);
            return;
        }
        let now = world.now;
        world.story.tell(now, || "from here on nothing goes wrong".into());
        world.calm = true;
        for machine in &mut world.machines {
            (machine.line_down_until, machine.portal_until) = (0, 0);
            // What was left before says nothing of what is left now.
            machine.left = None;
        }
        let wechat = &mut world.wechat;
        (wechat.unauthorised_until, wechat.bare_until) = (0, 0);
        for coupon in &mut wechat.coupons {
            coupon.foreign_until = 0;
        }
        world.calm_since = now;
        world.plan(now + ROUNDS[0], Event::Settle(0));
    });
}

/// One more look at what is left.
pub fn round(round: u32) {
    let now = with(|world| world.now);
    let busy = with(|world| {
        let works = world.lanes.iter().any(|lane| !lane.done) || world.works();
        world.patience += u32::from(works);
        works && world.patience < PATIENCE
    });
    if busy {
        with(|world| world.plan(now + 11 * MINUTE, Event::Settle(round)));
        return;
    }
    if round == LOOK {
        with(World::look_at_the_end);
        return;
    }
    if round == LAST_WORDS {
        each_machine(last_words);
        with(|world| world.plan(now + 2 * HOUR, Event::Settle(LOOK)));
        return;
    }
    let clean = round > 0 && with(|world| world.machines.iter().all(|machine| machine.left == Some(0)));
    let place = round as usize + 1;
    if clean || place > ROUNDS.len() {
        with(|world| world.plan(now, Event::Settle(LAST_WORDS)));
        return;
    }
    each_machine(|_, process| drop(calls::settle_everything(process)));
    with(|world| match ROUNDS.get(place) {
        Some(next) => world.plan(world.calm_since + next, Event::Settle(round + 1)),
        None => world.plan(now + HOUR, Event::Settle(LAST_WORDS)),
    });
}

/// Does that on every machine, in a process that lives.
fn each_machine(work: impl Fn(MachineId, ProcessId) + Copy + 'static) {
    with(|world| {
        for machine in 0..world.machines.len() {
            let up = |process: &crate::world::machine::Process| {
                process.machine == machine && process.client.is_some()
            };
            if let Some(process) = world.processes.iter().position(up) {
                let key = mix(0xCA13, machine as u64 + world.now);
                world.begin(process, key, move || work(machine, process));
            }
        }
    });
}

/// Hears of every number how it stands, and tries every coupon.
fn last_words(machine: MachineId, process: ProcessId) {
    let lane = with(|world| {
        world.lanes.push(Lane { process, machine, steps: Vec::new(), next: 0, call: None, done: true });
        world.lanes.len() - 1
    });
    let listed = listed(process);
    let unresolved: Vec<Arc<str>> = numbers_in(&listed, &["unresolved", "damaged"]);
    let pending = numbers_in(&listed, &["pending", "voiding"]);
    with(|world| nothing_waits(world, machine, &pending));
    let open: Vec<Arc<str>> = numbers_in(&listed, &["pending", "voiding", "watching", "refused_watched"]);
    let numbers: Vec<_> = with(|world| {
        let mine = world.oracle.sales.iter().filter(|((at, _), _)| *at == machine);
        mine.map(|((_, number), sale)| {
            (Arc::clone(number), Arc::clone(&sale.coupon), sale.void_asked, sale.asks)
        })
        .collect()
    });
    for (number, code, void_asked, asks) in numbers {
        if asks == Asks::Use
            && with(|world| {
                !world.adversary.knows(Move::SettlesReturned) && was_returned(world, &code, &number)
            })
        {
            with(|world| {
                let sale = world.oracle.sales.get_mut(&(machine, Arc::clone(&number)));
                // What became of it is in the ledger; all that counts is that it has ended.
                if let Some(sale) = sale.filter(|_| !open.contains(&number)) {
                    sale.verdict = Verdict::Unresolved;
                }
            });
            continue;
        }
        with(|world| {
            world.begin_step(mix(0x1A57, keyed_hash(0, number.as_bytes())), Purpose::Call);
        });
        let mut report = calls::settle_number(lane, &number, &code, "complete");
        let called_off = report.code == Code::Request && report.field.as_deref() == Some("/aim");
        if void_asked && asks == Asks::Use && called_off {
            report = calls::settle_number(lane, &number, &code, "void");
        }
        with(|world| last_word(world, machine, &number, &report, unresolved.contains(&number)));
    }
    let coupons = with(|world| world.wechat.coupons.len());
    // One shop is enough: two at once would take it from each other.
    for place in (0..coupons).filter(|_| machine == 0) {
        let (code, fits) = with(|world| {
            let now = world.now;
            let coupon = &mut world.wechat.coupons[place];
            let is_free = coupon.state(now) == State::Effective && coupon.standing.is_empty();
            (Arc::clone(&coupon.code), is_free && !coupon.is_silent)
        });
        if !fits {
            continue;
        }
        with(|world| world.begin_step(mix(0x7E57, place as u64), Purpose::Call));
        let number = calls::number(machine, "TRY", place as u64);
        let report = calls::use_again(lane, &number, &code);
        // An answer of the future may leave doubt.
        let is_future = with(|world| world.wechat.coupons[place].usage == Usage::Future);
        let may = is_future && report.code.class() == Class::InDoubt;
        if may {
            with(|world| {
                let sale = world.oracle.sales.get_mut(&(machine, Arc::clone(&number)));
                sale.map(|sale| sale.verdict = Verdict::Unresolved)
            });
        } else if report.code != Code::Ok {
            with(|world| {
                let words = format!("{code} is EFFECTIVE, and redeeming it answers {}", report.code.name());
                let now = world.now;
                world.oracle.broken(Broken::new(Invariant::CouponIsBlocked, now, words));
            });
        }
    }
}

/// Settling everything has settled what can be: nobody had to ask about a number by itself.
fn nothing_waits(world: &mut World, machine: MachineId, pending: &[Arc<str>]) {
    let answers = |number: &&Arc<str>| {
        let sale = world.oracle.sale(machine, number);
        sale.is_some_and(|sale| !world.wechat.is_silent(&sale.coupon))
            && !world.machines[machine].undone_by_mistake.contains_key(*number)
    };
    if let Some(number) = pending.iter().find(answers) {
        let words = format!("everything was settled for days, and {number} is pending");
        let now = world.now;
        world.oracle.broken(Broken::new(Invariant::DoubtNeverEnds, now, words));
    }
}

fn last_word(world: &mut World, machine: MachineId, number: &Arc<str>, report: &Report, unresolved: bool) {
    let now = world.now;
    let Some(sale) = world.oracle.sales.get_mut(&(machine, Arc::clone(number))) else { return };
    let unknown = report.code == Code::Request && report.field.as_deref() == Some("/out_request_no");
    let locked = report.code == Code::Locked && report.attempts == 0 && !report.recorded;
    let mut broken = None;
    if unresolved {
        sale.verdict = Verdict::Unresolved;
    } else if locked {
        broken = Some((Invariant::StaysLocked, format!("{number} is still locked, and nobody works on it")));
    } else if unknown && sale.is_known {
        broken = Some((Invariant::NumberIsLost, format!("the journal does not know {number} any more")));
    } else if unknown || report.code == Code::Request && sale.verdict == Verdict::Asked {
        sale.verdict = Verdict::DidNot;
    }
    if let Some((invariant, words)) = broken {
        world.oracle.broken(Broken::new(invariant, now, words));
    }
}

fn was_returned(world: &World, code: &str, number: &str) -> bool {
    let coupon = world.wechat.coupon(code).map(|coupon| &world.wechat.coupons[coupon]);
    coupon.is_some_and(|coupon| coupon.ledger.iter().any(|entry| entry.undoes.as_deref() == Some(number)))
}

/// The journal's own list of what is not finished.
fn listed(process: ProcessId) -> Vec<Value> {
    let report = calls::said(process, Client::pending);
    let list = report.data.and_then(|data| serde_json::from_str::<Value>(data.get()).ok());
    let rows =
        |name: &str| list.as_ref().and_then(|list| list.get(name)?.as_array().cloned()).unwrap_or_default();
    [rows("requests"), rows("unresolved")].concat()
}

fn numbers_in(listed: &[Value], states: &[&str]) -> Vec<Arc<str>> {
    let text = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
    let wanted = |row: &&Value| text(row, "state").is_some_and(|state| states.contains(&&*state));
    listed.iter().filter(wanted).filter_map(|row| text(row, "out_request_no").map(Into::into)).collect()
}

impl World {
    /// Settling everything has ended.
    pub fn told_of_settling(&mut self, report: &Report) {
        let now = self.now;
        *self.oracle.told.entry(report.code.number()).or_default() += 1;
        if report.code.class() == Class::Bug {
            let words = format!("settling: {}: {}", report.code.name(), report.message);
            self.oracle.broken(Broken::new(Invariant::NothingPanics, now, words));
        }
        let Some(machine) = self.process().map(|process| self.processes[process].machine) else { return };
        let data = report.data.as_ref().and_then(|data| serde_json::from_str::<Value>(data.get()).ok());
        let count = |name: &str| data.as_ref().and_then(|data| data.get(name)?.as_u64());
        let left = count("pending").zip(count("watching")).map(|(pending, watching)| pending + watching);
        self.machines[machine].left = if report.code == Code::Ok { left } else { None };
    }
}
