//! Which moves may meet: a known fault needs two of them at once, and is kept out while it is not mended without keeping
//! either of them out.

use super::Move;
use crate::oracle::{Sale, Verdict};
use crate::wechat::message::{Asks, Copy, number_in};
use crate::world::{MachineId, Purpose, World};

impl World {
    /// Whether a number is in doubt, as its till knows it or as its journal does.
    fn is_doubtful(&self, machine: MachineId, number: &str, sale: &Sale) -> bool {
        matches!(sale.verdict, Verdict::Asked | Verdict::Doubt)
            || self.machines[machine].disk.may_be_open(number)
    }

    /// Whether a number of that machine's is in doubt, or was called off.
    pub fn has_open(&self, machine: MachineId) -> bool {
        let mine = self.oracle.sales.iter().filter(|((at, _), _)| *at == machine);
        mine.into_iter().any(|((_, number), sale)| self.is_doubtful(machine, number, sale) || sale.void_asked)
    }

    /// Whether the clock of that machine may be set at this moment.
    pub fn may_be_set(&self, machine: MachineId) -> bool {
        let adversary = &self.adversary;
        let starts_again =
            [Move::Kill, Move::Restart, Move::PowerCut].iter().any(|played| adversary.knows(*played));
        (!starts_again || adversary.allows(Move::StartsAfterStep))
            && (!self.has_open(machine) || adversary.allows(Move::StepsWhileOpen))
    }

    /// Whether the coupon may be returned by anybody at this moment.
    pub fn may_be_returned(&self, coupon: usize) -> bool {
        let code = &self.wechat.coupons[coupon].code;
        let allows = |played| self.adversary.allows(played);
        self.oracle.sales.iter().filter(|(_, sale)| sale.coupon == *code).all(|((machine, number), sale)| {
            match sale.asks {
                Asks::Use if sale.void_asked && sale.verdict != Verdict::CalledOff => allows(Move::RacesVoid),
                Asks::Use if sale.verdict == Verdict::Happened => {
                    !self.machines[*machine].disk.may_be_open(number) || allows(Move::ReturnsUnwritten)
                }
                Asks::Use if self.is_doubtful(*machine, number, sale) => allows(Move::ReturnsDoubtful),
                Asks::Return if self.is_doubtful(*machine, number, sale) => allows(Move::OvertakesReturn),
                _ => true,
            }
        })
    }

    /// The number that what runs is about, as the till knows it.
    fn sale_of_running(&mut self) -> Option<&Sale> {
        let key = self.task()?.about.clone()?;
        self.oracle.sales.get(&key)
    }

    /// Whether a write of what runs may fail.
    pub fn may_fail(&mut self) -> bool {
        let settles = self.task().is_some_and(|task| task.purpose != Purpose::Call);
        // Of settling everything it is not known what it is about.
        let doubtful = match self.task().map(|task| task.purpose) {
            Some(Purpose::SettleAll) => true,
            _ => self.sale_of_running().is_some_and(|sale| sale.verdict == Verdict::Doubt),
        };
        let failed = self.task().is_some_and(|task| task.has_failed);
        let needs = if settles {
            Move::FailsSettling
        } else if failed {
            Move::FailsTwice
        } else {
            Move::FailsDoubtful
        };
        !doubtful || self.adversary.allows(needs)
    }

    /// Whether a proxy may answer what runs with a refusal of its own.
    pub fn may_be_refused_in_between(&mut self, asks: Asks, number: Option<&str>) -> bool {
        let machine = self.process().map_or(0, |process| self.processes[process].machine);
        let is_raw =
            number.and_then(|number| self.oracle.sale(machine, number)).is_some_and(|sale| sale.is_raw);
        let is_amid = !asks.writes() && self.task().is_some_and(|task| task.about.is_some())
            || self.task().is_some_and(|task| task.purpose == Purpose::SettleAll);
        (!is_raw || self.adversary.allows(Move::RefusesRaw))
            && (!is_amid || asks.writes() || self.adversary.allows(Move::AbsentAmid))
    }

    /// Whether a copy of a request may still arrive: somebody waits for it, or its number is as open as it was.
    pub fn may_arrive(&self, copy: &Copy, asks: Asks, is_awaited: bool) -> bool {
        let number = number_in(&copy.request.body).unwrap_or_default();
        let machine = copy.machine;
        let needs = if asks == Asks::Use { Move::LateAfterRefusal } else { Move::LateChangeAfterRefusal };
        let over = |sale: &Sale| match sale.verdict {
            Verdict::DidNot | Verdict::CalledOff => true,
            _ => sale.void_asked && sale.asks == Asks::Use,
        };
        let is_over = self.oracle.sale(machine, number).is_some_and(over)
            || self.machines[machine].disk.has_closed(number);
        is_awaited || !is_over || self.adversary.allows(needs)
    }

    /// Whether a till may repeat the number with other members.
    pub fn may_alter(&self, machine: MachineId, number: &str) -> bool {
        let settled = |sale: &Sale| matches!(sale.verdict, Verdict::Happened | Verdict::CalledOff);
        self.oracle.sale(machine, number).is_some_and(settled) || self.adversary.allows(Move::AltersDoubtful)
    }

    /// Whether the coupon may get a state in which nothing of it can be returned.
    pub fn may_end(&self, coupon: usize) -> bool {
        self.wechat.coupons[coupon].standing.is_empty() || self.adversary.allows(Move::EndsPartlyUsed)
    }

    /// Whether the customer may delete the coupon.
    pub fn may_be_deleted(&self, coupon: usize) -> bool {
        let code = &self.wechat.coupons[coupon].code;
        let mut about = self.oracle.sales.iter().filter(|(_, sale)| sale.coupon == *code);
        let doubtful = about.any(|((machine, number), sale)| self.is_doubtful(*machine, number, sale));
        let hides =
            !self.wechat.coupons[coupon].standing.is_empty() && self.wechat.settings.deleted_is_absent;
        self.may_end(coupon)
            && (!hides || self.adversary.allows(Move::HidesRedeemed))
            && (!doubtful
                || !self.wechat.settings.deleted_is_absent
                || self.adversary.allows(Move::HidesDoubtful))
    }
}
