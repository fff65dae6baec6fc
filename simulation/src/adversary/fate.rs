//! What becomes of one exchange.

use super::{Adversary, Move, some_time};
use crate::random::{Random, mix};
use crate::wechat::message::{Asks, Reply, Twist};
use crate::world::{MINUTE, MS, Moment, SECOND};
use wxcoupon::net::TransportErrorKind;

/// Somebody answers who is not WeChat Pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    pub status: u16,
    pub body: &'static str,
}

/// The whole course of one exchange.
#[derive(Debug, Clone)]
pub struct Fate {
    /// Nothing leaves, and it takes so long to find out.
    pub unsent: Option<(TransportErrorKind, Moment)>,
    /// How long a connection takes.
    pub connect: Moment,
    /// How long the request travels; nothing where it never arrives.
    pub there: Option<Moment>,
    /// When further copies of it arrive, counted from its sending.
    pub again: Vec<Moment>,
    pub stand_in: Option<StandIn>,
    pub twist: Twist,
    /// How long the answer travels.
    pub back: Moment,
}

impl Fate {
    /// All goes well.
    pub fn good() -> Fate {
        Fate {
            unsent: None,
            connect: 0,
            there: Some(20 * MS),
            again: Vec::new(),
            stand_in: None,
            twist: Twist::None,
            back: 20 * MS,
        }
    }
}

/// What a script wants of exchanges.
#[derive(Debug, Clone)]
pub struct Rule {
    pub asks: Asks,
    /// Part of the target or of the body; empty for any.
    pub about: String,
    /// How many are passed over first, and how many it holds for then.
    pub skip: u32,
    pub times: u32,
    pub fate: Fate,
}

const PAGES: [StandIn; 5] = [
    StandIn { status: 200, body: "<html><body>Please log in</body></html>" },
    StandIn { status: 302, body: "" },
    StandIn { status: 403, body: "<html>Forbidden</html>" },
    StandIn { status: 404, body: "<html>Not Found</html>" },
    StandIn { status: 502, body: "<html>Bad Gateway</html>" },
];

const REFUSALS: [StandIn; 4] = [
    StandIn { status: 403, body: r#"{"code":"FORBIDDEN","message":"denied by policy"}"# },
    StandIn { status: 400, body: r#"{"code":"BAD_REQUEST","message":"malformed"}"# },
    StandIn { status: 403, body: r#"{"code":"NO_AUTH","message":"denied"}"# },
    StandIn { status: 404, body: r#"{"code":"NOT_FOUND","message":"no such route"}"# },
];

const ABSENT: StandIn = StandIn { status: 404, body: r#"{"code":"NOT_FOUND","message":"no such route"}"# };

pub fn portal(key: u64) -> StandIn {
    Random::new(key).pick(&PAGES).clone()
}

impl Adversary {
    /// What becomes of the exchange with that key.
    pub fn fate(&mut self, asks: Asks, target: &str, body: &[u8], key: u64, may_refuse: bool) -> Fate {
        if let Some(fate) = self.ruled(asks, target, body) {
            return fate;
        }
        let mut random = Random::new(mix(key, 0xFA7E));
        let slow = if random.chance(30) { 900 } else { 1 };
        let mut fate = Fate {
            connect: random.between(0, 10 * MS),
            there: Some(random.between(3 * MS, 40 * MS) + random.below(slow * MS)),
            back: random.between(3 * MS, 40 * MS) + random.below(slow * MS),
            ..Fate::good()
        };
        if self.takes(Move::Unreachable, key, 1) {
            let kinds = [
                TransportErrorKind::Connect,
                TransportErrorKind::Connect,
                TransportErrorKind::Timeout,
                TransportErrorKind::Tls,
                TransportErrorKind::Lost,
            ];
            fate.unsent = Some((*random.pick(&kinds), random.below(3 * SECOND)));
            return fate;
        }
        if self.takes(Move::Portal, key, 1) {
            fate.stand_in = Some(random.pick(&PAGES).clone());
        }
        if may_refuse && asks.writes() && self.takes(Move::ProxyRefusal, key, 1) {
            fate.stand_in = Some(random.pick(&REFUSALS).clone());
        }
        if may_refuse && !asks.writes() && self.takes(Move::ProxyAbsent, key, 1) {
            fate.stand_in = Some(ABSENT);
        }
        if self.takes(Move::LostRequest, key, 1) {
            fate.there = None;
        }
        if self.takes(Move::LateRequest, key, 1) {
            fate.there = Some(random.between(SECOND, 330 * SECOND));
        }
        if self.takes(Move::Duplicate, key, 1) {
            for _ in 0..random.between(1, 2) {
                fate.again.push(random.between(30 * MS, 320 * SECOND));
            }
        }
        self.answer(&mut fate, &mut random, key);
        let is_heard = fate.stand_in.is_none()
            && fate.there.is_some_and(|there| there + fate.back < 5 * SECOND)
            && matches!(
                fate.twist,
                Twist::None
                    | Twist::WrongDate(_)
                    | Twist::TooMany
                    | Twist::Replayed(_)
                    | Twist::ReplayedOld(_)
            );
        if is_heard && !self.takes(Move::DuplicateAnswered, key, 1) {
            fate.again.clear();
        }
        fate
    }

    fn answer(&mut self, fate: &mut Fate, random: &mut Random, key: u64) {
        let mut twist = |adversary: &mut Adversary, played, twist| {
            if adversary.takes(played, key, 1) {
                fate.twist = twist;
            }
        };
        twist(self, Move::LostAnswer, Twist::Lost { breaks: random.chance(500) });
        twist(self, Move::Probe, Twist::Probe);
        twist(self, Move::FaultBefore, Twist::Fault { status: *random.pick(&[500, 502, 503]), done: false });
        twist(self, Move::FaultAfter, Twist::Fault { status: *random.pick(&[500, 502, 504]), done: true });
        twist(self, Move::TooMany, Twist::TooMany);
        twist(self, Move::Replayed, Twist::Replayed(random.next()));
        twist(self, Move::ReplayedOld, Twist::ReplayedOld(random.next()));
        twist(self, Move::Damaged, Twist::Damaged);
        let off = i64::try_from(random.below(2 * 46 * 3600)).unwrap_or(0) - 46 * 3600;
        twist(self, Move::WrongDate, Twist::WrongDate(off));
        if self.takes(Move::LateAnswer, key, 1) {
            fate.back = some_time(random).min(10 * MINUTE);
        }
    }

    fn ruled(&mut self, asks: Asks, target: &str, body: &[u8]) -> Option<Fate> {
        let body = String::from_utf8_lossy(body);
        for rule in &mut self.rules {
            let fits = rule.asks == asks && (target.contains(&rule.about) || body.contains(&rule.about));
            if !fits || rule.times == 0 {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            rule.times -= 1;
            return Some(rule.fate.clone());
        }
        (!self.rules.is_empty()).then(Fate::good)
    }
}

/// A page or refusal as an answer.
pub fn reply_of(stand_in: &StandIn, now_s: i64) -> Reply {
    Reply { status: stand_in.status, body: stand_in.body.to_owned(), date_s: Some(now_s), ..Reply::default() }
}
