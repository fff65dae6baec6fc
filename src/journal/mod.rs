//! What may have happened: every writing request, written down before its first byte leaves.
//!
//! One synchronous write a redemption. The row is durable before anything is sent; a success may be
//! recorded lazily, because repeating a success is safe: WeChat Pay answers the same number and bytes with
//! the same result. A verdict that tells the till "it did not happen" is durable before the till hears it,
//! for a row that still looks unfinished would be sent again by settling.
//!
//! Several processes of one machine may share a file. Who works on a row stands in it, with a lock that the
//! system drops when that process dies.

mod memory;
mod opening;
mod owner;
mod rows;
mod sql;
mod store;

pub use rows::{Begin, DELAYED_ARRIVAL, NewRow, Request, Row, State, Verdict, now_ms};

use crate::error::{Error, Result};
use crate::json;
use crate::status::Code;
use owner::Owner;
use rows::Reach;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::{Durability, Store};

/// A till that never restarts forgets old rows too, once in so many requests.
const PRUNED_EVERY: i64 = 1000;

/// The journal of one context.
#[derive(Debug)]
pub struct Journal {
    store: Store,
    owner: Arc<Owner>,
    mchid: Arc<str>,
    keep: Duration,
    /// Rows that could not be given back because the file could not be written: nobody works on them.
    abandoned: Arc<Mutex<BTreeSet<i64>>>,
}

/// Who holds which row.
struct Holders {
    owner: Arc<Owner>,
    abandoned: Arc<Mutex<BTreeSet<i64>>>,
    /// The abandoned row that was taken up, to be abandoned again should the change fail.
    taken_up: Arc<Mutex<Option<i64>>>,
}

impl Holders {
    /// Whether somebody alive works on the row.
    fn hold(&self, row: i64, holder: Option<&str>) -> bool {
        let Some(holder) = holder else { return false };
        let mut abandoned = self.abandoned.lock().unwrap_or_else(PoisonError::into_inner);
        if holder == &**self.owner.id() && abandoned.remove(&row) {
            *self.taken_up.lock().unwrap_or_else(PoisonError::into_inner) = Some(row);
            return false;
        }
        drop(abandoned);
        self.owner.is_alive(holder)
    }
}

/// The right to work on a row. Given back when dropped.
#[derive(Debug)]
pub struct Claim {
    journal: Arc<Journal>,
    /// The row as it was when it was claimed.
    pub row: Row,
    /// An earlier call, or a process that died, may have sent it already.
    pub doubt: bool,
    finished: bool,
}

impl Journal {
    /// Opens the file, or memory where there is none. Finished rows older than `keep` are forgotten.
    pub fn open(path: Option<&Path>, mchid: &str, keep: Duration) -> Result<Journal> {
        let store = Store::open(path)?;
        let owner = Arc::new(Owner::new(path)?);
        let journal = Journal { store, owner, mchid: mchid.into(), keep, abandoned: Arc::default() };
        journal.prune(Reach::Whole)?;
        Ok(journal)
    }

    /// Writes a request down, or finds what is known about its number.
    pub fn begin(self: &Arc<Self>, new: NewRow) -> Result<Begin> {
        let (mchid, holders) = (Arc::clone(&self.mchid), self.holders());
        let taken_up = Arc::clone(&holders.taken_up);
        // Written out before the turn, for which others wait.
        let members = json::text(&new.members, 0).into_boxed_str();
        let begin = move |rows: &mut dyn rows::Rows| rows::begin(rows, &mchid, &holders, new, members);
        let found = self.store.run(Durability::Flushed, begin);
        let found = found.inspect_err(|_| self.abandon_again(&taken_up))?;
        if !matches!(found, rows::Found::Claimed { .. }) {
            // Nobody works on it as before.
            self.abandon_again(&taken_up);
        }
        Ok(match found {
            rows::Found::Claimed { row, doubt } => {
                if row.id % PRUNED_EVERY == 0
                    && let Err(error) = self.prune(Reach::Old)
                {
                    // What is too old can wait; the request must not.
                    crate::log::warn(format_args!(
                        "old journal rows could not be removed: {}",
                        error.message
                    ));
                }
                Begin::Go(self.claimed(row, doubt))
            }
            rows::Found::Recorded(row) => Begin::Recorded(row),
            rows::Found::Running => Begin::Running,
            rows::Found::Reused(why) => Begin::Reused(why),
        })
    }

    /// Whether rows can be written: asks for the right to, and changes nothing.
    pub fn try_to_write(&self) -> Result<()> {
        let nobody = 0;
        self.store.run(Durability::Flushed, move |rows| rows.release(nobody))
    }

    fn prune(&self, reach: Reach) -> Result<()> {
        let (mchid, keep) = (Arc::clone(&self.mchid), self.keep);
        self.store.run(Durability::Lazy, move |rows| rows.prune(&mchid, keep, reach))
    }

    /// The row with that number.
    pub fn find(&self, number: &str) -> Result<Option<Row>> {
        let (mchid, number) = (Arc::clone(&self.mchid), number.to_owned());
        self.store.run(Durability::Lazy, move |rows| Ok(rows.by_number(&mchid, &number)?.map(|(row, _)| row)))
    }

    /// The row with that number, to work on; nothing when somebody else works on it.
    pub fn claim(self: &Arc<Self>, number: &str) -> Result<Option<Claim>> {
        let (mchid, number, holders) = (Arc::clone(&self.mchid), number.to_owned(), self.holders());
        let taken_up = Arc::clone(&holders.taken_up);
        let row = self.store.run(Durability::Lazy, move |rows| rows::claim(rows, &mchid, &number, &holders));
        let row = row.inspect_err(|_| self.abandon_again(&taken_up))?;
        Ok(row.map(|row| {
            let doubt = matches!(row.state, State::Pending | State::Voiding);
            self.claimed(row, doubt)
        }))
    }

    /// Everything that is not known to be finished, oldest first.
    pub fn unfinished(&self) -> Result<Vec<Row>> {
        let mchid = Arc::clone(&self.mchid);
        self.store.run(Durability::Lazy, move |rows| rows.unfinished(&mchid))
    }

    fn abandon_again(&self, taken_up: &Mutex<Option<i64>>) {
        let taken_up = taken_up.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.abandoned.lock().unwrap_or_else(PoisonError::into_inner).extend(taken_up);
    }

    fn holders(&self) -> Holders {
        Holders {
            owner: Arc::clone(&self.owner),
            abandoned: Arc::clone(&self.abandoned),
            taken_up: Arc::default(),
        }
    }

    fn claimed(self: &Arc<Self>, row: Row, doubt: bool) -> Claim {
        Claim { journal: Arc::clone(self), row, doubt, finished: false }
    }
}

impl Claim {
    /// Records what became of the row and gives it back.
    pub fn finish(mut self, verdict: Verdict) -> Result<()> {
        self.finished = true;
        // What the till may act on as "did not happen" must survive a crash; the rest may be found again.
        let durability = match verdict.state {
            State::Refused | State::Closed | State::Watching | State::Voided | State::Voiding => {
                Durability::Flushed
            }
            State::Pending | State::Done => Durability::Lazy,
        };
        let id = self.row.id;
        let finished = self.journal.store.run(durability, move |rows| rows.finish(id, verdict));
        finished.inspect_err(|_| self.abandon())
    }

    /// Writes down that the request is called off, before anything is done about it.
    pub fn call_off(&mut self) -> Result<()> {
        let id = self.row.id;
        self.journal.store.run(Durability::Flushed, move |rows| rows.call_off(id))?;
        self.row.state = State::Voiding;
        Ok(())
    }

    fn abandon(&self) {
        self.journal.abandoned.lock().unwrap_or_else(PoisonError::into_inner).insert(self.row.id);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.finished {
            let id = self.row.id;
            let released = self.journal.store.run(Durability::Lazy, move |rows| rows.release(id));
            if let Err(error) = released {
                self.abandon();
                crate::log::warn(format_args!("a journal row could not be given back: {}", error.message));
            }
        }
    }
}

fn journal_error(message: impl std::fmt::Display) -> Error {
    Error::at(Code::Journal, "/journal_path", message.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_could_not_be_given_back_stays_free_whoever_comes_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("till.journal");
        let journal = Arc::new(Journal::open(Some(&path), "1900000001", Duration::from_secs(60)).unwrap());
        let new = |body| NewRow::with_body("SALE-0001", Some(body));
        let Begin::Go(mut claim) = journal.begin(new("a")).unwrap() else { panic!("new") };
        claim.abandon();
        claim.finished = true;
        drop(claim);
        for _ in 0..2 {
            assert!(matches!(journal.begin(new("b")), Ok(Begin::Reused(_))));
        }
        assert!(journal.claim("SALE-0001").unwrap().is_some());
        assert!(matches!(journal.begin(new("a")), Ok(Begin::Go(_))));
    }
}
