//! The journal records every write before its first byte leaves.
//!
//! A redemption needs one synchronous write. The row is durable before anything is sent. A success may be recorded lazily,
//! because repeating it is safe: WeChat Pay answers the same number and bytes with the same result. A verdict that tells the
//! till "it had no effect" is durable before the till gets it. Otherwise settling would find an open row after a crash, and
//! send it again.
//!
//! Several processes of one machine may share a file. A row names the context that works on it by a mark, which ends with its
//! process. Machines may share a database. There nobody can tell whether an owner is alive, so a row has a lease with an end.
//!
//! [`row`] is the content of a row, [`decide`] what a call may do with it, [`store`] the contract of a store, and [`memory`],
//! [`sqlite`] and `postgres` are the stores.

mod claim;
mod coupon;
pub mod decide;
mod forget;
pub mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod returns;
pub mod row;
pub mod sqlite;
mod state;
pub mod store;

pub use claim::Claim;
pub use decide::Begin;
pub use forget::{Forgotten, StillHeld};
pub use row::{DELAYED_ARRIVAL, NewRow, Request, Row, State, Verdict};

use crate::config::Place;
use crate::error::{Error, Result};
use crate::net::clock::{KnownTime, LARGEST_OFFSET_S};
use crate::status::Code;
use crate::system::{self, wall_ms};
use decide::Caller;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::{Durability, Mark, Overview, PROVEN_S, Store, StoreError, Transaction};

/// Facts that a store keeps, besides [`PROVEN_S`].
const OFFSET_S: &str = "offset_s";
/// When something was last written only to force a flush.
const FLUSHED_MS: &str = "flushed_ms";

/// A till that never restarts also removes old rows: once per `PRUNED_EVERY` requests, in at most `STEPS` steps.
const PRUNED_EVERY: i64 = 1000;
const STEPS: u32 = 8;

/// The journal of one context.
#[derive(Debug)]
pub struct Journal {
    store: Arc<dyn Store>,
    merchant: Arc<str>,
    keep: Duration,
    /// Shows others that this context is alive. It is replaced if a row could not be released. The row is free when the last
    /// user of the old mark has ended.
    mark: Mutex<Arc<dyn Mark>>,
}

impl Journal {
    /// Opens the file. Without a path, the journal is in memory. Finished rows older than `keep` are removed.
    pub fn open(path: Option<&Path>, merchant: &str, keep: Duration) -> Result<Journal> {
        let store: Arc<dyn Store> = match path {
            None => Arc::new(memory::Memory::default()),
            Some(path) => Arc::new(sqlite::Sqlite::open(path).map_err(journal_error)?),
        };
        Journal::with_store(store, merchant, keep)
    }

    /// The same in a file or a database.
    pub fn open_at(place: Option<&Place>, merchant: &str, keep: Duration) -> Result<Journal> {
        match place {
            #[cfg(feature = "postgres")]
            Some(Place::Postgres(database)) => {
                let store = postgres::Postgres::open(database).map_err(journal_error)?;
                Journal::with_store(Arc::new(store), merchant, keep)
            }
            place => Journal::open(place.and_then(Place::file), merchant, keep),
        }
    }

    /// The same in a store that is open.
    pub fn with_store(store: Arc<dyn Store>, merchant: &str, keep: Duration) -> Result<Journal> {
        let mark = Mutex::new(store.enlist().map_err(journal_error)?);
        let journal = Journal { store, merchant: merchant.into(), keep, mark };
        journal.forget_old(1);
        Ok(journal)
    }

    /// Records a request, or finds what is known about its number. The caller may sign until `until_s`, in seconds since
    /// 1970.
    pub fn begin(self: &Arc<Self>, new: NewRow, until_s: i64) -> Result<Begin<Claim>> {
        let (mark, asked_at) = (self.mark(), system::now());
        let request_no = Arc::clone(&new.request.request_no);
        let begin = move |rows: &mut dyn Transaction, caller: &Caller<'_>| decide::begin(rows, caller, new);
        let found = match self.decided(Durability::Flushed, &mark, until_s, begin) {
            Ok(found) => found,
            Err(StoreError::Unknown(why)) => return Err(self.withdraw(&request_no, &mark, why)),
            Err(error) => return Err(journal_error(error)),
        };
        if let Begin::Go(acquired) = &found
            && acquired.row.id % PRUNED_EVERY == 0
        {
            self.forget_old(STEPS);
        }
        Ok(found.map(|acquired| Claim::of(Arc::clone(self), mark, acquired, until_s, asked_at)))
    }

    /// Checks that a write reaches the disk.
    pub fn try_to_write(&self) -> Result<()> {
        self.run(Durability::Flushed, |rows| rows.set_fact(FLUSHED_MS, wall_ms()))
    }

    /// Removes what is too old, and reads everything while others go on.
    pub fn audit(&self) -> Result<Overview> {
        self.forget_old(u32::MAX);
        self.store.audit().map_err(journal_error)
    }

    /// Removes old rows in small steps, because others wait during a step. Age is measured against the latest proven time,
    /// because this machine's clock may be far ahead.
    fn forget_old(&self, steps: u32) {
        let mut after = Some(0);
        for _ in 0..steps {
            let Some(from) = after else { return };
            let merchant = Arc::clone(&self.merchant);
            let keep_s = i64::try_from(self.keep.as_secs()).unwrap_or(i64::MAX);
            let step = self.run(Durability::Lazy, move |rows| {
                let Some(proven_s) = rows.fact(PROVEN_S)?.filter(|proven_s| is_likely(*proven_s)) else {
                    return Ok(None);
                };
                let older_than_s = proven_s.saturating_sub(keep_s);
                rows.prune(&merchant, older_than_s.saturating_mul(1000), from)
            });
            after = step.unwrap_or_else(|error| {
                // Removing can wait, but the request must not fail.
                crate::log::warn(format_args!("old journal rows could not be removed: {}", error.message));
                None
            });
        }
    }

    /// The row with that number.
    pub fn find(&self, request_no: &str) -> Result<Option<Row>> {
        let (merchant, request_no) = (Arc::clone(&self.merchant), request_no.to_owned());
        self.run(Durability::Reading, move |rows| rows.find(&merchant, &request_no))
    }

    /// Claims a row that was found. `None`: somebody else works on it, or has worked on it since.
    pub fn claim(self: &Arc<Self>, found: &Row, until_s: i64) -> Result<Option<Claim>> {
        let (mark, asked_at) = (self.mark(), system::now());
        let request_no = Arc::clone(&found.request.request_no);
        let generation = found.lease.generation;
        // The call that recorded it may have ended before it knew that the row is on disk.
        let durability = if found.has_no_verdict() { Durability::Flushed } else { Durability::Lazy };
        let claim = move |rows: &mut dyn Transaction, caller: &Caller<'_>| {
            decide::claim(rows, caller, &request_no, generation)
        };
        let acquired = self.decided(durability, &mark, until_s, claim).map_err(|error| {
            if matches!(error, StoreError::Unknown(_)) {
                self.give_up(&mark);
            }
            journal_error(error)
        })?;
        Ok(acquired.map(|acquired| Claim::of(Arc::clone(self), mark, acquired, until_s, asked_at)))
    }

    /// How long a row stays with its owner, where the store cannot tell whether that is alive.
    pub fn lease(&self) -> Option<Duration> {
        self.store.lease()
    }

    /// Whether a living context works on the row.
    pub fn is_worked_on(&self, row: &Row) -> bool {
        row.lease.owner.as_deref().is_some_and(|owner| self.store.is_alive(owner))
    }

    /// All rows that are not finished, oldest first.
    pub fn unfinished(&self) -> Result<Vec<Row>> {
        let merchant = Arc::clone(&self.merchant);
        self.run(Durability::Reading, move |rows| rows.open(&merchant))
    }

    fn decided<T: Send + 'static>(
        &self,
        durability: Durability,
        mark: &Arc<dyn Mark>,
        until_s: i64,
        work: impl FnOnce(&mut dyn Transaction, &Caller<'_>) -> store::Result<T> + Send + 'static,
    ) -> store::Result<T> {
        let (merchant, store, mark) = (Arc::clone(&self.merchant), Arc::clone(&self.store), Arc::clone(mark));
        self.changed(durability, move |rows| {
            let is_alive = |mark: &str| store.is_alive(mark);
            work(rows, &Caller { merchant: &merchant, mark: mark.id(), is_alive: &is_alive, until_s })
        })
    }

    fn run<T: Send + 'static>(
        &self,
        durability: Durability,
        work: impl FnOnce(&mut dyn Transaction) -> store::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.changed(durability, work).map_err(journal_error)
    }

    fn changed<T: Send + 'static>(
        &self,
        durability: Durability,
        work: impl FnOnce(&mut dyn Transaction) -> store::Result<T> + Send + 'static,
    ) -> store::Result<T> {
        let result = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&result);
        let change = Box::new(move |rows: &mut dyn Transaction| {
            *lock(&slot) = Some(work(rows)?);
            Ok(())
        });
        self.store.transact(durability, change)?;
        let value = lock(&result).take();
        value.ok_or_else(|| StoreError::NotWritten("the change was not made".into()))
    }

    /// It is unknown whether a new row was written, but nothing was sent. If a later flushed write shows that the row is absent
    /// or removes it, the call can be reported as not written.
    fn withdraw(&self, request_no: &Arc<str>, mark: &Arc<dyn Mark>, why: String) -> Error {
        let (merchant, request_no, ours) =
            (Arc::clone(&self.merchant), Arc::clone(request_no), Arc::clone(mark));
        let closed = self.changed(Durability::Flushed, move |rows| {
            rows.set_fact(FLUSHED_MS, wall_ms())?;
            let Some(row) = rows.find(&merchant, &request_no)? else { return Ok(()) };
            if row.lease.owner.as_ref() != Some(ours.id())
                || row.lease.generation > 1
                || !row.course.attempts().is_empty()
            {
                return Err(StoreError::NotWritten("the number was known before".into()));
            }
            rows.delete(row.id, &row.lease).map(drop)
        });
        match closed {
            Ok(()) => not_written(why),
            Err(again) => {
                self.give_up(mark);
                Error::at(Code::Unrecorded, "/journal_path", format!("{why}; then {again}"))
            }
        }
    }

    /// The recorded time.
    pub fn time(&self) -> Result<Option<KnownTime>> {
        self.run(Durability::Reading, |rows| {
            let (proven_s, offset_s) = (rows.fact(PROVEN_S)?, rows.fact(OFFSET_S)?);
            let known = proven_s.zip(offset_s).map(|(proven_s, offset_s)| KnownTime { proven_s, offset_s });
            // Facts have no digest, so a flipped bit would go unnoticed.
            Ok(known.filter(|known| {
                is_likely(known.proven_s) && known.offset_s.saturating_abs() <= LARGEST_OFFSET_S
            }))
        })
    }

    /// Records the time. Proven time never runs backwards.
    pub fn note_time(&self, known: KnownTime) -> Result<()> {
        self.run(Durability::Lazy, move |rows| {
            let is_earlier = |proven_s: i64| proven_s <= known.proven_s || !is_likely(proven_s);
            if rows.fact(PROVEN_S)?.is_none_or(is_earlier) {
                rows.set_fact(PROVEN_S, known.proven_s)?;
                rows.set_fact(OFFSET_S, known.offset_s)?;
            }
            Ok(())
        })
    }

    /// Finished returns of the coupon that began after this row's verdict.
    pub fn returned_since(&self, row: &Row) -> Result<Vec<Row>> {
        let (merchant, row) = (Arc::clone(&self.merchant), row.clone());
        let Some(coupon) = row.coupon.clone() else { return Ok(Vec::new()) };
        self.run(Durability::Reading, move |rows| {
            let mut returns = rows.returns(&merchant, &coupon)?;
            returns.retain(|back| {
                back.state == State::Done && back.id > row.verdict_row && back.may_share_coupon(&row)
            });
            Ok(returns)
        })
    }

    /// Whether this journal knows a redemption of the coupon that was before this return.
    pub fn knows_returned_redemption(&self, back: &Row) -> Result<bool> {
        let (merchant, id) = (Arc::clone(&self.merchant), back.id);
        let Some(coupon) = back.coupon.clone() else { return Ok(false) };
        self.run(Durability::Reading, move |rows| rows.was_redeemed_before(&merchant, &coupon, id))
    }

    /// The redemptions of the row's coupon whose answers this journal has.
    pub fn answered_redemptions(&self, row: &Row) -> Result<Vec<Row>> {
        let merchant = Arc::clone(&self.merchant);
        let Some(coupon) = row.coupon.clone() else { return Ok(Vec::new()) };
        self.run(Durability::Reading, move |rows| {
            let mut redemptions = rows.answered_redemptions(&merchant, &coupon)?;
            redemptions.retain(|row| row.state != State::Damaged);
            Ok(redemptions)
        })
    }

    fn mark(&self) -> Arc<dyn Mark> {
        Arc::clone(&lock(&self.mark))
    }

    /// Replaces the mark of this context, because a row with the old mark could not be released.
    fn give_up(&self, mark: &Arc<dyn Mark>) {
        let mut current = lock(&self.mark);
        if current.id() == mark.id() {
            match self.store.enlist() {
                Ok(fresh) => *current = fresh,
                Err(error) => crate::log::warn(format_args!("a journal row stays taken: {error}")),
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this may be WeChat Pay's time. If it were further ahead of this machine's clock, TLS would not work.
fn is_likely(proven_s: i64) -> bool {
    proven_s > 0 && proven_s.saturating_sub(wall_ms().div_euclid(1000)) <= LARGEST_OFFSET_S
}

fn journal_error(error: StoreError) -> Error {
    match error {
        StoreError::NotWritten(why) => not_written(why),
        StoreError::NoRoom(why) => Error { no_room: true, ..not_written(why) },
        StoreError::Unknown(why) => Error::at(Code::Unrecorded, "/journal_path", why),
    }
}

fn not_written(why: String) -> Error {
    Error::at(Code::Journal, "/journal_path", why)
}

#[cfg(test)]
mod tests;
