//! Where a scenario is played: a small world in which only happens what the script says.

#![allow(clippy::unused_self, reason = "a script reads as what happens on its stage")]

use crate::adversary::fate::{Fate, Rule, StandIn};
use crate::adversary::{Adversary, Move};
use crate::oracle::{Broken, Invariant, Verdict};
use crate::store::{Disk, Fault};
use crate::story::Story;
use crate::till::plan::Stores;
use crate::till::{Lane, calls};
use crate::wechat::WechatPay;
use crate::wechat::coupon::{Coupon, State, Usage};
use crate::wechat::message::{Asks, Twist};
use crate::wechat::settings::Settings;
use crate::world::machine::{Machine, Process};
use crate::world::{Event, MINUTE, MS, Moment, SECOND, World, block_until, with};
use std::cell::RefCell;
use std::rc::Rc;
use wxcoupon::report::Report;

/// The two tills of a shop, which share a journal, and one of another shop.
pub const TILL: usize = 0;
pub const SECOND_TILL: usize = 1;
pub const OTHER_SHOP: usize = 2;

/// An answer that is lost.
pub const LOST: Twist = Twist::Lost { breaks: true };

pub struct Stage;

/// Something that is under way.
pub struct Running(Rc<RefCell<Option<Report>>>);

impl Stage {
    /// The world of a scenario.
    pub fn world(settings: Settings, usage: Usage, script: fn(&Stage), told: bool) -> World {
        let mut wechat = WechatPay::new(1, settings);
        for place in 0..4 {
            wechat.coupons.push(Coupon::new(&format!("COUPON-{place}"), usage, State::Effective));
        }
        let mut world = World::new(1, wechat, Adversary::scripted(), Story::new(told));
        for machine in [0, 0, 1, 2] {
            while world.machines.len() <= machine {
                world.machines.push(Machine::new(Disk::new(Stores::Simulated, 0)));
            }
            world.processes.push(Process::new(machine));
        }
        for process in 0..world.processes.len() {
            let machine = world.processes[process].machine;
            world.lanes.push(Lane { process, machine, steps: Vec::new(), next: 0, call: None, done: true });
            world.plan(0, Event::Start(process));
        }
        world.plan(SECOND, Event::Script(script));
        world
    }

    /// Lets time pass.
    pub fn pass(&self, time: Moment) {
        block_until(with(|world| world.now) + time);
    }

    /// Begins something in a process's name, and does not wait for its end.
    pub fn begin(&self, till: usize, work: impl FnOnce() -> Report + 'static) -> Running {
        let slot = Rc::new(RefCell::new(None));
        let told = Rc::clone(&slot);
        with(|world| {
            let key = world.next_key();
            world.begin(till, key, move || {
                let report = work();
                *told.borrow_mut() = Some(report);
            })
        });
        Running(slot)
    }

    /// Does it, and waits for its end, or for twenty minutes where its process dies.
    fn play(&self, till: usize, work: impl FnOnce() -> Report + 'static) -> Option<Report> {
        let running = self.begin(till, work);
        for _ in 0..1200 {
            if running.0.borrow().is_some() {
                break;
            }
            self.pass(SECOND);
        }
        running.0.take()
    }

    pub fn redeem(&self, till: usize, sale: u64, coupon: u64) -> Option<Report> {
        self.play(till, move || calls::redeem(till, sale, coupon))
    }

    pub fn begin_redeeming(&self, till: usize, sale: u64, coupon: u64) -> Running {
        self.begin(till, move || calls::redeem(till, sale, coupon))
    }

    pub fn altered(&self, till: usize, sale: u64, coupon: u64) -> Option<Report> {
        self.play(till, move || calls::altered(till, sale, coupon).expect("it is allowed"))
    }

    pub fn raw(&self, till: usize, sale: u64, coupon: u64) -> Option<Report> {
        self.play(till, move || calls::raw(till, sale, coupon))
    }

    pub fn settle_raw(&self, till: usize, sale: u64, coupon: u64) -> Option<Report> {
        self.play(till, move || {
            let number = calls::number(with(|world| world.lanes[till].machine), "RAWU", sale);
            calls::settle_number(till, &number, &calls::code_of(coupon), "complete")
        })
    }

    pub fn settle(&self, till: usize, sale: u64, coupon: u64) -> Option<Report> {
        self.play(till, move || calls::settle(till, sale, coupon, "complete"))
    }

    pub fn void(&self, till: usize, sale: u64, coupon: u64) -> Option<Report> {
        self.play(till, move || calls::settle(till, sale, coupon, "void"))
    }

    pub fn begin_voiding(&self, till: usize, sale: u64, coupon: u64) -> Running {
        self.begin(till, move || calls::settle(till, sale, coupon, "void"))
    }

    pub fn settle_all(&self, till: usize) -> Option<Report> {
        self.play(till, move || calls::settle_all(till))
    }

    pub fn change(&self, till: usize, asks: Asks, count: u64, coupon: u64) -> Option<Report> {
        self.play(till, move || calls::change(till, asks, count, coupon))
    }

    pub fn begin_returning(&self, till: usize, count: u64, coupon: u64) -> Running {
        self.begin(till, move || calls::change(till, Asks::Return, count, coupon))
    }

    pub fn query(&self, till: usize, coupon: u64) -> Option<Report> {
        self.play(till, move || calls::query(till, coupon))
    }

    /// What becomes of the next exchanges of that kind.
    pub fn next(&self, asks: Asks, times: u32, fate: Fate) {
        self.about(asks, "", times, fate);
    }

    /// The same of those that are about something.
    pub fn about(&self, asks: Asks, about: &str, times: u32, fate: Fate) {
        let rule = Rule { asks, about: about.to_owned(), skip: 0, times, fate };
        with(|world| world.adversary.rules.push(rule));
    }

    pub fn no_rules(&self) {
        with(|world| world.adversary.rules.clear());
    }

    /// A write of that process goes wrong, after so many that go well.
    pub fn write_fails(&self, till: usize, after: u32, fault: Fault) {
        with(|world| world.adversary.writes.push((till, after, fault)));
    }

    pub fn befall(&self, coupon: usize, made: Move) {
        with(|world| {
            let chance = world.next_key();
            world.befall(coupon, made, chance);
        });
    }

    pub fn kill(&self, till: usize) {
        with(|world| {
            let now = world.now;
            world.story.tell(now, || format!("process {till} is killed"));
            world.doom(till);
        });
        self.pass(MS);
    }

    pub fn freeze(&self, till: usize, time: Moment) {
        with(|world| {
            let until = world.now + time;
            world.freeze(till, until);
        });
    }

    pub fn edit(&self, change: impl FnOnce(&mut World)) {
        with(change);
    }

    /// The coupon counts as another provider's for so long.
    pub fn foreign(&self, coupon: usize, time: Moment) {
        with(|world| world.wechat.coupons[coupon].foreign_until = world.now + time);
    }

    /// A number must have a last word by now.
    pub fn is_settled(&self, till: usize, sale: u64) {
        with(|world| {
            let machine = world.lanes[till].machine;
            let number = calls::number(machine, "SALE", sale);
            let open = world.machines[machine].disk.is_open(&number);
            if open || world.oracle.sale(machine, &number).is_some_and(|sale| sale.verdict == Verdict::Asked)
            {
                let words = format!("{number} has had no turn");
                let broken = Broken::new(Invariant::DoubtNeverEnds, world.now, words);
                world.oracle.broken(broken);
            }
        });
    }
}

/// An exchange whose answer meets that.
pub fn twisted(twist: Twist) -> Fate {
    Fate { twist, ..Fate::good() }
}

/// A request that arrives so much later.
pub fn late(time: Moment) -> Fate {
    Fate { there: Some(time), ..Fate::good() }
}

/// A request that is lost.
pub fn lost() -> Fate {
    Fate { there: None, ..Fate::good() }
}

/// Somebody in between answers, unsigned and in WeChat Pay's form.
pub fn unsigned(status: u16) -> Fate {
    let body = match status {
        404 => r#"{"code":"NOT_FOUND","message":"no such route"}"#,
        _ => r#"{"code":"FORBIDDEN","message":"denied by policy"}"#,
    };
    Fate { stand_in: Some(StandIn { status, body }), ..Fate::good() }
}

/// Longer than any copy is under way.
pub const LONG: Moment = 7 * MINUTE;
