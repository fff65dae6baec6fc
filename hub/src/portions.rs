//! Which part of the merchant's rate a hub has, decided from what it is told. No clock is read here, and nothing waits.
//!
//! WeChat Pay counts the requests of a merchant, whichever hub sends them. So each hub has a portion, as a lease in the store, and
//! all living leases together are never more than the whole. A hub sends more slowly before it tells the store so, and takes
//! more only once the store has noted it. Requests that already wait for their turn still leave at the former pace; so what is
//! given back is told when they have left.

/// How long a lease is used without being renewed, in milliseconds.
pub const USED_MS: i64 = 3_000;
/// How long a hub that joins waits for its part before it serves without.
pub const JOINS_MS: i64 = 5_000;

/// What another hub has, and how much it would use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portion {
    pub rate: i64,
    pub wanted: i64,
}

/// How long requests may wait that had their turn at this rate, in milliseconds.
pub fn drain_ms(rate: i64, waiting: i64) -> i64 {
    // Without a portion a hub sends one a second, which nobody else is given.
    if rate < 1 { 0 } else { waiting * 1000 / rate + 1 }
}

/// What a hub may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Now: what the others have left of its fair part.
    pub now: i64,
    pub fair: i64,
}

/// A hub that wants little gets it; the others share the rest evenly.
pub fn grant(total: i64, wanted: i64, others: &[Portion]) -> Grant {
    let hubs = i64::try_from(others.len()).unwrap_or(i64::MAX - 1) + 1;
    // One request more of each hub falls into a second whose limits lie between its turns. And some hubs may be about to join,
    // which send one a second until they have a portion.
    let usable = (total - hubs - 1 - total / 100).max(0);
    let left: i64 = usable - others.iter().map(|other| other.rate).sum::<i64>();
    let fair = fair(usable, wanted, others);
    Grant { now: fair.min(left).max(0), fair }
}

fn fair(usable: i64, wanted: i64, others: &[Portion]) -> i64 {
    let mut all: Vec<i64> = others.iter().map(|other| other.wanted).chain([wanted]).collect();
    all.sort_unstable();
    let (mut left, mut hubs) = (usable, all.len().try_into().unwrap_or(1_i64));
    let each = hubs;
    for want in all {
        if want > left / hubs {
            return wanted.min(left / hubs);
        }
        left -= want;
        hubs -= 1;
    }
    wanted + left / each
}

/// A hub's own lease. Times are of a clock that never goes back.
#[derive(Debug, Clone)]
pub struct Lease {
    /// Requests that wait for their turn at the same time, at most.
    waiting: i64,
    /// What the store has noted.
    noted: i64,
    /// What it is lowered to, and since when.
    lowered: Option<(i64, i64)>,
    used_until_ms: i64,
}

impl Lease {
    pub fn new(waiting: i64) -> Lease {
        Lease { waiting, noted: 0, lowered: None, used_until_ms: i64::MIN }
    }

    /// What this hub still holds, as the store is told.
    pub fn held(&self, now_ms: i64) -> i64 {
        let end_ms = self.used_until_ms.saturating_add(drain_ms(self.noted, self.waiting));
        match self.lowered {
            _ if now_ms >= end_ms => 0,
            Some((to, since_ms)) if now_ms - since_ms >= drain_ms(self.noted, self.waiting) => to,
            _ => self.noted,
        }
    }

    /// The store has noted that this hub holds so much, or what it was granted, if that is more. Asked at `began_ms`.
    pub fn renewed(&mut self, began_ms: i64, now_ms: i64, held: i64, granted: i64) {
        if held != self.noted || granted >= held {
            self.lowered = None;
        }
        self.noted = held.max(granted);
        self.used_until_ms = began_ms + USED_MS;
        if granted < self.noted && self.lowered.is_none() {
            self.lowered = Some((granted, now_ms));
        }
    }

    /// What may be sent a second. Without a portion it is one.
    pub fn rate(&self, now_ms: i64) -> i64 {
        let rate = self.lowered.map_or(self.noted, |(to, _)| to);
        if now_ms >= self.used_until_ms { 1 } else { rate.max(1) }
    }
}

/// How much a hub would use that was asked so many things in the last second: room to grow, in steps, so that it does not change
/// every second.
pub fn wanted(asked: u64) -> i64 {
    let wanted = asked.saturating_mul(2).saturating_add(20).checked_next_power_of_two();
    wanted.and_then(|wanted| wanted.try_into().ok()).unwrap_or(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, VecDeque};

    #[test]
    fn whoever_wants_little_gets_it_and_the_others_share_the_rest() {
        let other = |rate, wanted| Portion { rate, wanted };
        let now = |total, wanted, others: &[Portion]| grant(total, wanted, others).now;
        assert_eq!(now(500, 32, &[]), 493, "alone it has all");
        assert_eq!(now(500, 32, &[other(493, 32)]), 0, "what another has is not there");
        assert_eq!(now(500, 32, &[other(200, 512)]), 32);
        assert_eq!(now(500, 512, &[other(32, 32)]), 460);
        assert_eq!(now(500, 512, &[other(10, 512)]), 246);
        assert_eq!(now(500, 32, &[other(0, 32)]), 246, "what nobody wants is shared, too");
        assert_eq!(now(3, 32, &[other(0, 32), other(0, 32)]), 0);
        assert_eq!((wanted(0), wanted(200), wanted(u64::MAX)), (32, 512, 1 << 20));
    }

    const WAITING: i64 = 264;
    /// How long a request waits for its turn at most.
    const LONGEST: f64 = 5_000.0;

    /// A hub in virtual time, with a limiter that spaces requests evenly.
    struct Machine {
        lease: Lease,
        /// What it would send a second.
        demand: i64,
        arrived: f64,
        /// Turns that were given.
        turns: VecDeque<f64>,
        next: f64,
        /// When it is dead.
        dead_from: i64,
        /// When it cannot reach the store.
        cut_off: std::ops::Range<i64>,
        asked: u64,
        serves: bool,
        asks_at: i64,
    }

    impl Machine {
        fn new(demand: i64, asks_at: i64) -> Machine {
            Machine {
                lease: Lease::new(WAITING),
                demand,
                arrived: 0.0,
                turns: VecDeque::new(),
                next: 0.0,
                dead_from: i64::MAX,
                cut_off: 0..0,
                asked: 0,
                serves: false,
                asks_at,
            }
        }
    }

    /// Each hub's row in the store: what it holds, what it wants, and its end by the store's clock.
    type Rows = BTreeMap<usize, (Portion, i64)>;

    /// Runs hubs for this long, in milliseconds. From half of the time on the first has as much to do as the second. The time of each
    /// request, and which hub sent it.
    fn run(total: i64, machines: &mut [Machine], for_ms: i64) -> Vec<(i64, usize)> {
        let (mut rows, mut sent) = (Rows::new(), Vec::new());
        for now in 0..for_ms {
            if now == for_ms / 2 {
                machines[0].demand = machines[1].demand;
            }
            for (id, machine) in machines.iter_mut().enumerate() {
                if now < machine.asks_at || now >= machine.dead_from {
                    continue;
                }
                if (now - machine.asks_at) % 1000 == 0 && !machine.cut_off.contains(&now) {
                    renew(total, machine, id, &mut rows, now);
                }
                if !machine.serves {
                    continue;
                }
                let at = f64::from(i32::try_from(now).unwrap());
                machine.arrived += f64::from(i32::try_from(machine.demand).unwrap()) / 1000.0;
                let waiting = usize::try_from(WAITING).unwrap();
                while machine.arrived >= 1.0 {
                    machine.arrived -= 1.0;
                    machine.asked += 1;
                    let turn = machine.next.max(at);
                    if machine.turns.len() < waiting && turn - at < LONGEST {
                        let rate = f64::from(i32::try_from(machine.lease.rate(now)).unwrap());
                        machine.next = turn + 1000.0 / rate;
                        machine.turns.push_back(turn);
                    }
                }
                while machine.turns.front().is_some_and(|turn| *turn <= at) {
                    machine.turns.pop_front();
                    sent.push((now, id));
                }
            }
        }
        sent
    }

    /// What a hub does each second.
    fn renew(total: i64, machine: &mut Machine, id: usize, rows: &mut Rows, now: i64) {
        let is_mine = rows.get(&id).is_some_and(|(_, end)| *end > now);
        let held = if is_mine { machine.lease.held(now) } else { 0 };
        let wanted = wanted(std::mem::take(&mut machine.asked));
        let living = rows.iter().filter(|(other, (_, end))| **other != id && *end > now);
        let others: Vec<Portion> = living.map(|(_, (portion, _))| *portion).collect();
        let granted = grant(total, wanted, &others);
        let rate = held.max(granted.now);
        rows.insert(id, (Portion { rate, wanted }, now + USED_MS + drain_ms(rate, WAITING)));
        machine.lease.renewed(now, now, held, granted.now);
        machine.serves |= granted.now == granted.fair || now - machine.asks_at >= JOINS_MS;
    }

    /// The most requests in any second, and when it began.
    fn most_in_a_second(sent: &[(i64, usize)]) -> (usize, i64) {
        let (mut most, mut first) = ((0, 0), 0);
        for (last, (at, _)) in sent.iter().enumerate() {
            while sent[first].0 <= at - 1000 {
                first += 1;
            }
            most = most.max((last - first + 1, sent[first].0));
        }
        most
    }

    fn sent_between(sent: &[(i64, usize)], id: usize, from: i64, to: i64) -> usize {
        sent.iter().filter(|(at, by)| *by == id && (from..to).contains(at)).count()
    }

    #[test]
    fn all_hubs_together_never_send_more_than_the_whole() {
        for (total, demand) in [(500, 1000), (500, 120), (100, 400), (2000, 900)] {
            let mut machines = [
                Machine::new(demand, 0),
                Machine::new(demand, 10_250),
                Machine::new(demand, 10_251),
                Machine::new(demand, 30_007),
            ];
            machines[1].dead_from = 60_000;
            machines[0].cut_off = 90_000..115_000;
            let sent = run(total, &mut machines, 145_000);
            let (most, at) = most_in_a_second(&sent);
            assert!(most <= usize::try_from(total).unwrap(), "{most} of {total} from {at} on");
            for (from, hubs) in [(55_000, 4), (80_000, 3), (109_000, 2), (140_000, 3)] {
                let all = sent.iter().filter(|(at, _)| (from..from + 5_000).contains(at)).count();
                let could = usize::try_from((total * 9 / 10).min(hubs * demand * 9 / 10)).unwrap() * 5;
                assert!(all >= could, "{all} of {could} from {from} on: what a dead hub had is used again");
            }
        }
    }

    #[test]
    fn a_hub_that_has_little_to_do_leaves_its_part_to_the_others() {
        let mut machines = [Machine::new(2, 0), Machine::new(1000, 300), Machine::new(3, 600)];
        let sent = run(500, &mut machines, 40_000);
        assert!(most_in_a_second(&sent).0 <= 500);
        let busy = sent_between(&sent, 1, 15_000, 20_000);
        assert!(busy > 2_050, "{busy}");
        let [first, second] = [0, 1].map(|id| sent_between(&sent, id, 30_000, 40_000));
        assert!(first.abs_diff(second) < 100 && first > 2_050, "{first} and {second}");
    }

    #[test]
    fn a_hub_without_its_store_stops_before_its_lease_ends() {
        let mut lease = Lease::new(WAITING);
        assert_eq!((lease.held(0), lease.rate(0)), (0, 1));
        lease.renewed(0, 40, 0, 400);
        assert_eq!((lease.held(100), lease.rate(2_999), lease.rate(3_000)), (400, 400, 1));
        assert_eq!((lease.held(3_660), lease.held(3_661)), (400, 0));
    }

    #[test]
    fn what_is_given_back_is_told_once_what_waits_has_left() {
        let mut lease = Lease::new(WAITING);
        lease.renewed(0, 0, 0, 400);
        lease.renewed(1_000, 1_010, 400, 100);
        assert_eq!((lease.rate(1_010), lease.held(1_670), lease.held(1_671)), (100, 400, 100));
        lease.renewed(2_000, 2_010, 100, 100);
        assert_eq!((lease.rate(2_010), lease.held(2_010)), (100, 100));
        // Wanted again before it was told: it was never given to anybody.
        lease.renewed(3_000, 3_010, 100, 50);
        lease.renewed(3_500, 3_510, 100, 120);
        assert_eq!((lease.rate(3_510), lease.held(9_000)), (120, 0));
    }
}
