//! Who makes things go wrong.
//!
//! Every seed draws which moves are in its world at all, and how often each is made: most faults show only where a few
//! kinds meet, and often. A single move is drawn by a key of its own, so that leaving one out changes no other; that is
//! how a failing world is made small.

pub mod fate;
mod meeting;
pub mod moves;
mod timed;

use crate::random::{Random, mix};
use crate::store::Fault;
use crate::world::Moment;
use fate::Rule;
pub use moves::Move;
use std::collections::BTreeSet;
pub use timed::{Timed, make_move, span};

/// How often a move is made, in a thousand chances.
const RATES: [u16; 5] = [4, 15, 50, 120, 300];

/// One move that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    pub id: u64,
    pub made: Move,
}

pub struct Adversary {
    rates: Vec<u16>,
    /// Whether a move may be made at all, however often.
    allowed: Vec<bool>,
    /// Moves that are left out of this world.
    pub suppressed: BTreeSet<u64>,
    pub made: Vec<Made>,
    /// What is planned by the clock.
    pub timed: Vec<Timed>,
    /// What a scripted scenario wants of the next exchanges.
    pub rules: Vec<Rule>,
    /// What a scripted scenario wants of the next writes: of which process, how many go well first, and the fault.
    pub writes: Vec<(usize, u32, Fault)>,
    pub quiet: bool,
}

/// Which moves a run plays.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Besides those that are on.
    pub also: Vec<Move>,
    pub without: Vec<Move>,
}

impl Wanted {
    pub fn plays(&self, played: Move) -> bool {
        (played.is_on() || self.also.contains(&played)) && !self.without.contains(&played)
    }
}

impl Adversary {
    /// One that draws its character from the seed.
    pub fn drawn(seed: u64, wanted: &Wanted) -> Adversary {
        let mut random = Random::new(mix(seed, 0xADE5));
        // One world in eight is friendly, and some are dreadful.
        let share = *random.pick(&[0, 150, 250, 250, 400, 400, 600, 800]);
        let rate = |played: &Move| {
            let (there, rate) = (random.chance(share), *random.pick(&RATES));
            let is_asked_for = wanted.also.contains(played) && random.chance(600);
            if wanted.plays(*played) && (there || is_asked_for) { rate } else { 0 }
        };
        let rates = Move::ALL.iter().map(rate).collect();
        let allowed = Move::ALL.iter().map(|played| wanted.plays(*played)).collect();
        Adversary {
            rates,
            allowed,
            suppressed: BTreeSet::new(),
            made: Vec::new(),
            timed: Vec::new(),
            rules: Vec::new(),
            writes: Vec::new(),
            quiet: false,
        }
    }

    /// One that does nothing by itself.
    pub fn scripted() -> Adversary {
        Adversary {
            rates: vec![0; Move::ALL.len()],
            allowed: vec![true; Move::ALL.len()],
            suppressed: BTreeSet::new(),
            made: Vec::new(),
            timed: Vec::new(),
            rules: Vec::new(),
            writes: Vec::new(),
            quiet: false,
        }
    }

    /// How often the move is made in this world, in a thousand chances.
    pub fn rate(&self, played: Move) -> u64 {
        u64::from(self.rates[played as usize])
    }

    /// Whether the move is in this world at all.
    pub fn knows(&self, played: Move) -> bool {
        self.rates[played as usize] > 0
    }

    /// Whether others may meet in the way that this move stands for.
    pub fn allows(&self, played: Move) -> bool {
        self.allowed[played as usize]
    }

    /// Whether the move is made at this chance. `one_in`: it is made so much more rarely than its rate says.
    pub fn takes(&mut self, played: Move, key: u64, one_in: u64) -> bool {
        let rate = u64::from(self.rates[played as usize]);
        if rate == 0 || self.quiet {
            return false;
        }
        let id = mix(key, 0x10_0000 + played as u64);
        if Random::new(id).below(1000 * one_in) >= rate || self.suppressed.contains(&id) {
            return false;
        }
        self.made.push(Made { id, made: played });
        true
    }

    /// Whether a planned thing with that id happens: it does unless it is left out.
    pub fn keeps(&mut self, id: u64, played: Move) -> bool {
        if self.suppressed.contains(&id) || self.quiet {
            return false;
        }
        self.made.push(Made { id, made: played });
        true
    }
}

/// A length of time of that kind of trouble: mostly short, now and then hours.
pub fn some_time(random: &mut Random) -> Moment {
    use crate::world::{HOUR, MINUTE, SECOND};
    match random.below(10) {
        0..4 => random.between(SECOND, 20 * SECOND),
        4..7 => random.between(20 * SECOND, 5 * MINUTE),
        7..9 => random.between(5 * MINUTE, 12 * MINUTE),
        _ => random.between(12 * MINUTE, 9 * HOUR),
    }
}
