//! Faults that are known by name, each with a script that shows it.
//!
//! One that is expected to fail must break its invariant, so that whoever mends it finds out and turns it, and the moves
//! behind it, on. One that is mended must hold.

mod clocks;
mod copies;
mod disks;
mod evidence;
mod replays;
pub mod stage;

use crate::adversary::Move;
use crate::oracle::Invariant;
use crate::shrink;
use crate::wechat::coupon::Usage;
use crate::wechat::settings::{AfterReturn, Settings};
use crate::world::{self, End};
use stage::Stage;

/// A known fault.
pub struct Known {
    pub name: &'static str,
    /// What was done, and what was told.
    pub shows: &'static str,
    /// What it breaks while it is not mended.
    pub breaks: Invariant,
    /// The moves that wait for it.
    pub holds_back: &'static [Move],
    /// Whether it is not mended yet.
    pub fails: bool,
    pub settings: fn() -> Settings,
    pub usage: Usage,
    /// Whether the journals do not replay successes.
    pub asks_again: bool,
    pub script: fn(&Stage),
}

/// As the documentation suggests.
pub fn plain() -> Settings {
    Settings::plain()
}

/// After a return, WeChat Pay shows the coupon as it is now.
pub fn shows_now() -> Settings {
    Settings { after_return: AfterReturn::NewAnswer, ..Settings::plain() }
}

/// All of them.
pub fn all() -> Vec<&'static Known> {
    [evidence::KNOWN, copies::KNOWN, replays::KNOWN, clocks::KNOWN, disks::KNOWN]
        .into_iter()
        .flatten()
        .collect()
}

impl Known {
    pub fn play(&self, told: bool) -> End {
        crate::run::prepare();
        let mut world = Stage::world((self.settings)(), self.usage, self.script, told);
        world.asks_again = self.asks_again;
        world::play(world)
    }

    /// Whether it ends as it is expected to; else in what it does not.
    pub fn check(&self) -> Result<(), String> {
        let broken = self.play(false).broken;
        match (self.fails, broken) {
            (true, Some(broken)) if broken.invariant == self.breaks => Ok(()),
            (false, None) => Ok(()),
            (true, None) => Err(format!("{} is mended: say so in its row", self.name)),
            (_, Some(broken)) => {
                Err(format!("{} breaks {}: {}", self.name, broken.invariant.name(), broken.words))
            }
        }
    }

    pub fn story(&self) -> Vec<String> {
        shrink::lines(self.play(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_fault_shows_itself_or_is_mended() {
        let wrong: Vec<String> = all().iter().filter_map(|known| known.check().err()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn names_are_unique_and_moves_are_off_only_while_something_holds_them_back() {
        let known = all();
        for (place, one) in known.iter().enumerate() {
            assert!(known[..place].iter().all(|other| other.name != one.name), "{}", one.name);
        }
        let held = |played: &Move| known.iter().any(|one| one.fails && one.holds_back.contains(played));
        for played in Move::ALL {
            assert_eq!(played.is_on(), !held(played) && !played.is_never(), "{}", played.name());
        }
    }
}
