//! What goes wrong by the clock: with machines, with coupons, with WeChat Pay.

use super::{Adversary, Move, some_time};
use crate::random::{Random, mix};
use crate::wechat::coupon::State;
use crate::world::{HOUR, MINUTE, Moment, SECOND, with};
use std::sync::Arc;

/// One planned move.
#[derive(Debug, Clone)]
pub struct Timed {
    pub at: Moment,
    pub made: Move,
    pub id: u64,
}

const TIMED: [Move; 18] = [
    Move::Restart,
    Move::Kill,
    Move::Freeze,
    Move::PowerCut,
    Move::Sleep,
    Move::ClockStep,
    Move::LineDown,
    Move::PortalTime,
    Move::BitFlip,
    Move::MarkLost,
    Move::HeadOfficeReturns,
    Move::OtherRedeems,
    Move::Expires,
    Move::Deletes,
    Move::Unauthorised,
    Move::Foreign,
    Move::Silent,
    Move::Bare,
];

impl Adversary {
    /// Plans what happens within that time.
    pub fn plan(&mut self, seed: u64, length: Moment) {
        for made in TIMED.into_iter().chain([Move::FutureState]) {
            let mut random = Random::new(mix(seed, 0x7160 + made as u64));
            // As often as its rate is high: up to four times.
            let times = (0..4).filter(|_| random.below(300) < self.rate(made)).count() as u64;
            for time in 0..times {
                let at = random.below(length);
                self.timed.push(Timed { at, made, id: mix(mix(seed, 0x71AE), made as u64 * 100 + time) });
            }
        }
    }
}

/// Makes the move with that place in the plan.
pub fn make_move(place: usize) {
    let (made, id) = with(|world| {
        let timed = &world.adversary.timed[place];
        (timed.made, timed.id)
    });
    if !with(|world| world.adversary.keeps(id, made)) {
        return;
    }
    let mut random = Random::new(id);
    with(|world| {
        let now = world.now;
        let process = random.index(world.processes.len());
        let machine = random.index(world.machines.len());
        let coupon = random.index(world.wechat.coupons.len());
        let until = now + some_time(&mut random);
        match made {
            Move::Kill | Move::Restart => {
                world.story.tell(now, || format!("process {process} is killed"));
                world.doom(process);
            }
            Move::Freeze => {
                world.story.tell(now, || format!("process {process} stands still for {}", span(until - now)));
                world.freeze(process, until);
            }
            Move::PowerCut => {
                world.power_cut(machine, random.next());
            }
            Move::Sleep => {
                world.story.tell(now, || format!("machine {machine} sleeps for {}", span(until - now)));
                world.sleep(machine, until);
            }
            Move::ClockStep if !world.may_be_set(machine) => {}
            Move::ClockStep => {
                let range = *random.pick(&[MINUTE, 10 * MINUTE, 8 * HOUR, 30 * HOUR]);
                let step =
                    i64::try_from(random.below(2 * range)).unwrap_or(0) - i64::try_from(range).unwrap_or(0);
                let clock_error = &mut world.machines[machine].clock_error;
                let limit = i64::try_from(46 * HOUR).unwrap_or(0);
                *clock_error = (*clock_error + step).clamp(-limit, limit);
                let shown = *clock_error / 1_000_000;
                world
                    .story
                    .tell(now, || format!("machine {machine}'s clock is set: {shown} s from the truth"));
            }
            Move::LineDown => {
                world.story.tell(now, || format!("machine {machine} has no line for {}", span(until - now)));
                world.machines[machine].line_down_until = until;
            }
            Move::PortalTime => {
                world.story.tell(now, || {
                    format!("a portal answers everything of machine {machine} for {}", span(until - now))
                });
                world.machines[machine].portal_until = until;
            }
            Move::BitFlip => {
                let place = random.next();
                if let Some(words) =
                    world.machines[machine].disk.flip(place, world.adversary.allows(Move::VoidsDamaged))
                {
                    world.story.tell(now, || format!("a bit flips on machine {machine}'s disk: {words}"));
                }
            }
            Move::MarkLost => world.lose_mark(process),
            Move::Unauthorised => {
                let words = format!("the provider's authorisation is withdrawn for {}", span(until - now));
                world.story.tell(now, || words);
                world.wechat.unauthorised_until = until;
            }
            Move::Silent => {
                for coupon in &mut world.wechat.coupons {
                    if random.chance(500) {
                        coupon.is_silent = true;
                        let code = Arc::clone(&coupon.code);
                        world.story.tell(now, || format!("from now on nothing about {code} is answered"));
                    }
                }
            }
            Move::Bare => {
                world.story.tell(now, || format!("answers are bare for {}", span(until - now)));
                world.wechat.bare_until = until;
            }
            Move::Foreign => {
                let code = world.wechat.coupons[coupon].code.clone();
                world.story.tell(now, || format!("{code} counts as another's for {}", span(until - now)));
                world.wechat.coupons[coupon].foreign_until = until;
            }
            _ => world.befall(coupon, made, random.next()),
        }
    });
}

impl crate::world::World {
    /// Something happens to a coupon that no till has asked for.
    pub fn befall(&mut self, coupon: usize, made: Move, chance: u64) {
        let now = self.now;
        let (may_be_returned, may_end) = (self.may_be_returned(coupon), self.may_end(coupon));
        let may_be_deleted = self.may_be_deleted(coupon);
        let found = &mut self.wechat.coupons[coupon];
        let state = found.state(now);
        let code = found.code.clone();
        let number: Arc<str> = format!("ELSEWHERE-{:08X}", chance >> 32).into();
        let words = match made {
            Move::HeadOfficeReturns if state == State::Used && may_be_returned => {
                found.take_back(now, &number, (0..2).find(|index| found.is_spent(*index)).unwrap_or(0));
                "head office returns"
            }
            Move::OtherRedeems if state == State::Effective => {
                found.redeem(now, &number, "", (0..2).find(|index| !found.is_spent(*index)).unwrap_or(0));
                "another shop redeems"
            }
            Move::Expires if may_end && is_unused(state) => {
                found.becomes(now, State::Expired);
                "time runs out for"
            }
            Move::Deletes if may_be_deleted && is_unused(state) => {
                found.becomes(now, State::Deleted);
                "the customer deletes"
            }
            Move::FutureState if may_end && state == State::Effective => {
                found.becomes(now, State::Frozen);
                "a new department freezes"
            }
            _ => return,
        };
        if made != Move::FutureState {
            self.wechat.note_fresh(coupon);
        }
        self.story.tell(now, || format!("{words} {code}"));
        self.ledger_grew(None);
    }

    /// From now on that process's context counts as dead, though it lives.
    pub fn lose_mark(&mut self, process: usize) {
        let (now, machine) = (self.now, self.processes[process].machine);
        self.machines[machine].marks.retain(|_, (whose, _)| *whose != process);
        self.processes[process].is_unseen = true;
        self.story.tell(now, || format!("process {process}'s sign of life is lost"));
    }

    /// A machine loses its power: its processes end, and of what was not flushed only a part stays.
    pub fn power_cut(&mut self, machine: usize, chance: u64) {
        let now = self.now;
        let lost = self.machines[machine].disk.power_cut(chance);
        self.story.tell(now, || format!("machine {machine} loses its power; {lost} writes with it"));
        for process in 0..self.processes.len() {
            if self.processes[process].machine == machine {
                self.doom(process);
            }
        }
    }
}

fn is_unused(state: State) -> bool {
    matches!(state, State::Effective | State::Pending | State::Confirming)
}

/// A length of time in words.
pub fn span(time: Moment) -> String {
    match time {
        0..SECOND => format!("{} ms", time / 1000),
        SECOND..MINUTE => format!("{} s", time / SECOND),
        MINUTE..HOUR => format!("{} min {} s", time / MINUTE, time % MINUTE / SECOND),
        _ => format!("{} h {} min", time / HOUR, time % HOUR / MINUTE),
    }
}
