//! Disks, and the stores of journals on them.

mod rows;
mod simulated;
mod sqlite;

use crate::random::Random;
use crate::till::plan::Stores;
use crate::vfs::files::Files;
use rows::Rows;
pub use simulated::{Fault, Simulated};
pub use sqlite::OnSqlite;
use wxcoupon::journal::row::{Row, State};

/// What one row was before a change that is not flushed yet.
struct Undo {
    id: i64,
    before: Option<Row>,
    was_flipped: bool,
}

/// A machine's disk: what stands on it, and how to get back to what a power cut would leave.
pub struct Disk {
    pub stores: Stores,
    rows: Rows,
    /// A write has failed, or was lost: with a file, nobody looks what stands in it.
    pub has_failed: bool,
    /// Files, where the journals are in `SQLite`.
    pub files: Files,
    /// Changes that a power cut may lose, one transaction after the other.
    unflushed: Vec<Vec<Undo>>,
}

impl Disk {
    pub fn new(stores: Stores, _: u64) -> Disk {
        Disk {
            stores,
            rows: Rows::default(),
            has_failed: false,
            files: Files::default(),
            unflushed: Vec::new(),
        }
    }

    /// Whether a power cut at this moment could make the journal forget the number.
    pub fn would_forget(&self, number: &str) -> bool {
        if self.stores == Stores::Sqlite {
            // What a file would show after a power cut is not looked at each time: power cuts show it.
            return false;
        }
        let Some(id) = self.rows.id_of(number) else { return true };
        self.unflushed.iter().flatten().any(|undo| undo.id == id && undo.before.is_none())
    }

    /// Of what is not flushed, a beginning stays and the rest is lost. Says how many transactions were.
    pub fn power_cut(&mut self, chance: u64) -> usize {
        if self.stores == Stores::Sqlite {
            self.has_failed = true;
            return self.files.power_cut(chance);
        }
        let stays = Random::new(chance).index(self.unflushed.len() + 1);
        let lost = self.unflushed.split_off(stays);
        let count = lost.len();
        for undo in lost.into_iter().rev().flat_map(|change| change.into_iter().rev()) {
            self.rows.undo(undo);
        }
        self.unflushed.clear();
        count
    }

    /// A bit flips in some row; says in which. Rows that were called off may be spared.
    pub fn flip(&mut self, chance: u64, called_off_too: bool) -> Option<String> {
        self.rows.flip(chance, called_off_too)
    }

    /// Whether the number's row says that it did not happen, or is not to happen.
    pub fn has_closed(&self, number: &str) -> bool {
        if self.stores == Stores::Sqlite {
            // It may be so.
            return true;
        }
        self.rows.state_of(number).is_some_and(|state| !matches!(state, State::Pending | State::Done))
    }

    /// Whether the journal may hold the number as open, whatever its till was told.
    pub fn may_be_open(&self, number: &str) -> bool {
        if self.stores == Stores::Sqlite { self.has_failed } else { self.is_open(number) }
    }

    /// Whether the number's row says that it may have happened.
    pub fn is_in_doubt(&self, number: &str) -> bool {
        self.rows.state_of(number).is_some_and(State::is_in_doubt)
    }

    /// Whether something has changed the number's row.
    pub fn is_damaged(&self, number: &str) -> bool {
        self.rows.is_damaged(number)
    }

    /// Whether the number's row is not finished.
    pub fn is_open(&self, number: &str) -> bool {
        self.rows.state_of(number).is_some_and(|state| !state.is_finished())
    }

    /// For a story: what the journal holds.
    pub fn in_words(&self) -> Vec<String> {
        self.rows.in_words()
    }
}
