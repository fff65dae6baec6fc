//! What goes wrong and when, from a seed: the same seed is the same plan.

use super::random::Random;
use crate::line::Mode;

pub const HUBS: usize = 3;
pub const TILLS: usize = 8;
/// Longer than a lease of a row, which is 20 seconds.
const FROZEN_MS: [u64; 2] = [22_000, 29_000];

/// Milliseconds from the beginning.
pub type At = u64;

#[derive(Debug, Clone, Copy)]
pub enum HubDeed {
    /// SIGKILL; started again after that.
    Kill { pause_ms: u64 },
    /// SIGKILL, and once more that long after it was started again.
    KillTwice { pause_ms: u64, after_ms: u64 },
    /// SIGSTOP, and SIGCONT after that.
    Freeze { ms: u64 },
    /// Its clock is that far off from now on.
    Clock { seconds: i64 },
}

#[derive(Debug, Clone, Copy)]
pub enum DatabaseDeed {
    /// The primary dies, the standby takes over, and the former primary follows it. Before that the standby hears nothing for a
    /// while.
    Promote { deaf_ms: u64 },
    /// The primary is away.
    Stop { ms: u64, dies: bool },
    /// The standby hears nothing.
    Deaf { ms: u64 },
    /// The answers to the next commits of that hub are lost.
    LoseCommits { hub: usize, count: usize },
    /// The line between hub and database: nothing passes, or it is cut.
    Line { hub: usize, ms: u64, is_silent: bool },
}

#[derive(Debug, Clone)]
pub enum NetDeed {
    /// The line between a till and a hub.
    Till { till: usize, hub: usize, mode: Mode },
    /// The line between a hub and WeChat Pay.
    WeChat { hub: usize, is_silent: bool, is_down: bool },
    /// A fault of WeChat Pay, in the words of the sandbox, for that long.
    Fault { spec: String, ms: u64 },
}

#[derive(Debug)]
pub struct Plan {
    pub seed: u64,
    pub ends_ms: At,
    pub stretch_ms: u64,
    /// So short that it cannot be waited for what takes minutes.
    pub is_short: bool,
    pub hubs: Vec<Vec<(At, HubDeed)>>,
    pub tills: Vec<Vec<At>>,
    pub database: Vec<(At, DatabaseDeed)>,
    pub net: Vec<(At, NetDeed)>,
}

/// What goes wrong at WeChat Pay all the time, in percent.
pub fn faults(random: &mut Random) -> Vec<String> {
    let percent = [
        ("process_then_reset", 3),
        ("reset_after_read", 3),
        ("status_500,processed=true", 2),
        ("status_500", 2),
        ("cut_body", 2),
        ("unsigned", 1),
        ("delay,ms=80", 5),
        ("slow_processing,ms=120", 3),
        ("process_then_hang", 1),
        ("rate_limited", 1),
    ];
    percent
        .map(|(kind, percent)| format!("{kind},on=use,percent={percent},seed={}", random.below(1 << 30)))
        .to_vec()
}

impl Plan {
    fn new(seed: u64, stretches: u64, stretch_ms: u64, is_short: bool) -> Plan {
        Plan {
            seed,
            ends_ms: stretches * stretch_ms,
            stretch_ms,
            is_short,
            hubs: vec![Vec::new(); HUBS],
            tills: vec![Vec::new(); TILLS],
            database: Vec::new(),
            net: Vec::new(),
        }
    }

    /// One of each, in half a minute.
    pub fn short(seed: u64) -> Plan {
        let mut plan = Plan::new(seed, 1, 27_000, true);
        let mut random = Random::seeded(seed);
        plan.hubs[0] = vec![
            (1_000, HubDeed::Clock { seconds: 3600 }),
            (2_500, HubDeed::Kill { pause_ms: 200 }),
            (13_000, HubDeed::Clock { seconds: -400 }),
            (20_000, HubDeed::Kill { pause_ms: 100 }),
        ];
        plan.hubs[1] = vec![
            (1_500, HubDeed::Clock { seconds: -7200 }),
            (8_500, HubDeed::KillTwice { pause_ms: 100, after_ms: 700 }),
            (17_000, HubDeed::Kill { pause_ms: 300 }),
        ];
        plan.hubs[2] = vec![(3_000, HubDeed::Freeze { ms: FROZEN_MS[0] })];
        for till in 0..TILLS {
            plan.tills[till] = vec![6_000 + 2_000 * till as u64];
        }
        plan.database = vec![
            (2_000, DatabaseDeed::LoseCommits { hub: 0, count: 2 }),
            (5_000, DatabaseDeed::Promote { deaf_ms: 1_000 }),
            (14_000, DatabaseDeed::Stop { ms: 2_500, dies: true }),
            (19_000, DatabaseDeed::Line { hub: 1, ms: 2_000, is_silent: true }),
        ];
        plan.trouble_lines(&mut random, 1_000, 24_000, 14);
        plan
    }

    /// Half a minute after half a minute.
    pub fn whole(seed: u64, minutes: u64) -> Plan {
        let stretch = 30_000;
        let mut plan = Plan::new(seed, minutes * 2, stretch, false);
        let mut random = Random::seeded(seed);
        for number in 0..minutes * 2 {
            let began = number * stretch;
            let frozen = (number % 3 == 1).then(|| random.index(HUBS));
            for hub in 0..HUBS {
                plan.trouble_hub(&mut random, hub, began, frozen == Some(hub));
            }
            for _ in 0..random.between(2, 3) {
                let till = random.index(TILLS);
                plan.tills[till].push(began + random.below(stretch));
            }
            plan.trouble_database(&mut random, number, began);
            plan.trouble_lines(&mut random, began, stretch, 12);
        }
        plan.tills.iter_mut().for_each(|kills| kills.sort_unstable());
        plan
    }

    fn trouble_hub(&mut self, random: &mut Random, hub: usize, began: At, is_frozen: bool) {
        if random.one_in(3) {
            let steps = [-7200, -400, -45, 0, 45, 400, 3600, 86_400];
            self.hubs[hub].push((began, HubDeed::Clock { seconds: steps[random.index(steps.len())] }));
        }
        if is_frozen {
            let ms = random.between(FROZEN_MS[0], FROZEN_MS[1]);
            return self.hubs[hub].push((began + 500, HubDeed::Freeze { ms }));
        }
        for half in 0..2 {
            let at = began + half * 15_000 + random.below(10_000);
            let (pause_ms, after_ms) = (random.below(800), random.below(1_500));
            let twice = random.one_in(4);
            self.hubs[hub].push((
                at,
                if twice { HubDeed::KillTwice { pause_ms, after_ms } } else { HubDeed::Kill { pause_ms } },
            ));
        }
    }

    fn trouble_database(&mut self, random: &mut Random, number: u64, began: At) {
        let hub = random.index(HUBS);
        let mut at = |after: u64, deed| self.database.push((began + after, deed));
        at(random.below(2_000), DatabaseDeed::LoseCommits { hub, count: 2 });
        let deaf_ms = random.between(1_000, 8_000);
        match number % 5 {
            0 | 2 | 4 => {
                let deaf_ms = if random.one_in(3) { deaf_ms } else { 0 };
                at(random.between(3_000, 9_000), DatabaseDeed::Promote { deaf_ms });
            }
            1 => at(1_000, DatabaseDeed::Stop { ms: random.between(28_000, 31_000), dies: random.one_in(2) }),
            _ => at(random.between(2_000, 8_000), DatabaseDeed::Deaf { ms: deaf_ms }),
        }
        let is_silent = random.one_in(2);
        at(29_000, DatabaseDeed::Line { hub, ms: random.between(500, 4_000), is_silent });
    }

    fn trouble_lines(&mut self, random: &mut Random, began: At, within_ms: u64, count: usize) {
        for _ in 0..count {
            let at = began + random.below(within_ms);
            let (till, hub) = (random.index(TILLS), random.index(HUBS));
            let until = at + random.between(300, 4_000);
            let (mode, ends) = match random.below(5) {
                0 => (Mode::Lose(2), false),
                1 => (Mode::Twice, false),
                2 => (Mode::Swallow, true),
                _ => (Mode::Hold, true),
            };
            self.net.push((at, NetDeed::Till { till, hub, mode }));
            if ends {
                self.net.push((until, NetDeed::Till { till, hub, mode: Mode::Through }));
            }
        }
        for _ in 0..2 {
            let (at, hub, silent) = (began + random.below(within_ms), random.index(HUBS), random.one_in(2));
            let until = at + random.between(500, 4_000);
            self.net.push((at, NetDeed::WeChat { hub, is_silent: silent, is_down: !silent }));
            self.net.push((until, NetDeed::WeChat { hub, is_silent: false, is_down: false }));
            let specs = [
                "hang,on=use,percent=60",
                "process_then_hang,on=use,percent=60",
                "process_then_reset,on=*,percent=70",
                "status_503,percent=80",
                "refuse_connection,host=0",
                "unsigned,on=use,percent=80",
            ];
            let spec = specs[random.index(specs.len())];
            let seed = format!(",seed={}", random.below(1 << 30));
            let spec = spec.to_owned() + if spec.contains("percent") { &seed } else { "" };
            let at = began + random.below(within_ms);
            self.net.push((at, NetDeed::Fault { spec, ms: random.between(500, 3_000) }));
        }
        self.net.sort_by_key(|(at, _)| *at);
    }
}
