//! What may have happened: every writing request, written down before its first byte leaves.
//!
//! One synchronous write a redemption. The row is durable before anything is sent; a success may be
//! recorded lazily, because repeating a success is safe: WeChat Pay answers the same number and bytes with
//! the same result. A verdict that tells the till "it did not happen" is durable before the till hears it,
//! for a row that still looks unfinished would be sent again by settling.
//!
//! Several processes of one machine may share a file. Who works on a row stands in it, by a mark that dies with its
//! process.
//!
//! [`row`] is what stands in a row, [`decide`] what a call may do by it, [`store`] the contract of what keeps rows, and
//! [`memory`] and [`sqlite`] keep them.

pub mod decide;
pub mod memory;
pub mod returns;
pub mod row;
pub mod sqlite;
pub mod store;

pub use decide::Begin;
pub use row::{DELAYED_ARRIVAL, NewRow, Request, Row, State, Verdict};

use crate::error::{Error, Result};
use crate::net::clock::Known;
use crate::status::Code;
use crate::system::wall_ms;
use decide::{Caller, Taken};
use returns::Returns;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::{Durability, Mark, Overview, PROVEN_S, Store, StoreError, Transaction};

/// Facts that a store remembers, besides [`PROVEN_S`].
const OFFSET_S: &str = "offset_s";
const TAKEN_BACK_MS: &str = "taken_back_ms";

/// A till that never restarts forgets old rows too, once in so many requests, in so many steps at most.
const PRUNED_EVERY: i64 = 1000;
const STEPS: u32 = 8;

/// The journal of one context.
#[derive(Debug)]
pub struct Journal {
    store: Arc<dyn Store>,
    merchant: Arc<str>,
    keep: Duration,
    /// By which others see that this context lives. Replaced when a row could not be given back, so that the row is free
    /// once nobody works under the old one.
    mark: Mutex<Arc<dyn Mark>>,
    /// The outcome of a commit was unknown once.
    is_shaky: AtomicBool,
}

/// The right to work on a row. Given back when dropped.
#[derive(Debug)]
pub struct Claim {
    journal: Arc<Journal>,
    mark: Arc<dyn Mark>,
    /// The row as it was when it was claimed.
    pub row: Row,
    /// An earlier call, or a process that died, may have sent it already.
    pub doubt: bool,
    /// What the journal held of later returns of its coupon.
    pub returns: Returns,
    until_s: AtomicI64,
    finished: bool,
}

impl Journal {
    /// Opens the file, or memory where there is none. Finished rows older than `keep` are forgotten.
    pub fn open(path: Option<&Path>, merchant: &str, keep: Duration) -> Result<Journal> {
        let store: Arc<dyn Store> = match path {
            None => Arc::new(memory::Memory::default()),
            Some(path) => Arc::new(sqlite::Sqlite::open(path).map_err(journal_error)?),
        };
        Journal::with_store(store, merchant, keep)
    }

    /// The same in a store that is open.
    pub fn with_store(store: Arc<dyn Store>, merchant: &str, keep: Duration) -> Result<Journal> {
        let mark = Mutex::new(store.enlist().map_err(journal_error)?);
        let is_shaky = AtomicBool::new(false);
        let journal = Journal { store, merchant: merchant.into(), keep, mark, is_shaky };
        journal.forget_old(1);
        Ok(journal)
    }

    /// Writes a request down, or finds what is known about its number. The caller may sign until `until_s`, in seconds
    /// since 1970.
    pub fn begin(self: &Arc<Self>, new: NewRow, until_s: i64) -> Result<Begin<Claim>> {
        let mark = self.mark();
        let number = Arc::clone(&new.request.number);
        let begin = move |rows: &mut dyn Transaction, caller: &Caller<'_>| decide::begin(rows, caller, new);
        let found = match self.decided(Durability::Flushed, &mark, until_s, begin) {
            Ok(found) => found,
            Err(StoreError::NotWritten(why)) => return Err(not_written(why)),
            Err(StoreError::Unknown(why)) => {
                self.is_shaky.store(true, Ordering::Relaxed);
                return Err(self.take_back(&number, &mark, why));
            }
        };
        if let Begin::Go(taken) = &found
            && taken.row.id % PRUNED_EVERY == 0
        {
            self.forget_old(STEPS);
        }
        Ok(found.map(|taken| self.claimed(mark, taken, until_s)))
    }

    /// Whether rows can be written: asks for the right to, and changes nothing.
    pub fn try_to_write(&self) -> Result<()> {
        let nobody = 0;
        self.run(Durability::Flushed, move |rows| rows.delete(nobody, &row::Lease::default()).map(drop))
    }

    /// Reads everything, and forgets all that is too old. Others go on meanwhile.
    pub fn look_over(&self) -> Result<Overview> {
        self.forget_old(u32::MAX);
        self.store.look_over().map_err(journal_error)
    }

    /// In steps, each of which others wait for. How old something is, is counted to the latest time that WeChat Pay has
    /// proven: this machine's clock may be far ahead.
    fn forget_old(&self, steps: u32) {
        let mut after = Some(0);
        for _ in 0..steps {
            let Some(from) = after else { return };
            let merchant = Arc::clone(&self.merchant);
            let keep_s = i64::try_from(self.keep.as_secs()).unwrap_or(i64::MAX);
            let step = self.run(Durability::Lazy, move |rows| {
                let Some(proven_s) = rows.fact(PROVEN_S)? else { return Ok(None) };
                let older_than_s = proven_s.saturating_sub(keep_s);
                rows.prune(&merchant, older_than_s.saturating_mul(1000), from)
            });
            after = step.unwrap_or_else(|error| {
                // What is too old can wait; the request must not.
                crate::log::warn(format_args!("old journal rows could not be removed: {}", error.message));
                None
            });
        }
    }

    /// The row with that number.
    pub fn find(&self, number: &str) -> Result<Option<Row>> {
        let (merchant, number) = (Arc::clone(&self.merchant), number.to_owned());
        self.run(Durability::Reading, move |rows| rows.find(&merchant, &number))
    }

    /// The row with that number, to work on; nothing when somebody else works on it.
    pub fn claim(self: &Arc<Self>, number: &str, until_s: i64) -> Result<Option<Claim>> {
        let (mark, number) = (self.mark(), number.to_owned());
        let claim =
            move |rows: &mut dyn Transaction, caller: &Caller<'_>| decide::claim(rows, caller, &number);
        // A row whose own commit was in question must be on the disk before it is sent.
        let durability =
            if self.is_shaky.load(Ordering::Relaxed) { Durability::Flushed } else { Durability::Lazy };
        let taken = self.decided(durability, &mark, until_s, claim).map_err(|error| {
            if matches!(error, StoreError::Unknown(_)) {
                self.is_shaky.store(true, Ordering::Relaxed);
                self.give_up(&mark);
            }
            journal_error(error)
        })?;
        Ok(taken.map(|taken| self.claimed(mark, taken, until_s)))
    }

    /// Everything that is not known to be finished, oldest first.
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

    /// Nobody knows whether a new row is kept. Nothing was sent; a later write that survives shows that the row is absent or
    /// closed, and then that can be told.
    fn take_back(&self, number: &Arc<str>, mark: &Arc<dyn Mark>, why: String) -> Error {
        let (merchant, number, ours) = (Arc::clone(&self.merchant), Arc::clone(number), Arc::clone(mark));
        let closed = self.changed(Durability::Flushed, move |rows| {
            rows.set_fact(TAKEN_BACK_MS, wall_ms())?;
            let Some(row) = rows.find(&merchant, &number)? else { return Ok(()) };
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

    /// What is remembered of the time.
    pub fn time(&self) -> Result<Option<Known>> {
        self.run(Durability::Reading, |rows| {
            let (proven_s, offset_s) = (rows.fact(PROVEN_S)?, rows.fact(OFFSET_S)?);
            Ok(proven_s.zip(offset_s).map(|(proven_s, offset_s)| Known { proven_s, offset_s }))
        })
    }

    /// Remembers the time. Proven time never runs backwards, whoever tells it.
    pub fn note_time(&self, known: Known) -> Result<()> {
        self.run(Durability::Lazy, move |rows| {
            if rows.fact(PROVEN_S)?.is_none_or(|proven_s| proven_s <= known.proven_s) {
                rows.set_fact(PROVEN_S, known.proven_s)?;
                rows.set_fact(OFFSET_S, known.offset_s)?;
            }
            Ok(())
        })
    }

    /// A return of the coupon that began after this row's own verdict, and is done.
    pub fn was_returned_since(&self, row: &Row) -> Result<Option<Row>> {
        let (merchant, row) = (Arc::clone(&self.merchant), row.clone());
        let Some(coupon) = row.coupon.clone() else { return Ok(None) };
        self.run(Durability::Reading, move |rows| {
            let mut returns = rows.returns(&merchant, &coupon)?;
            returns.retain(|back| back.state == State::Done && back.id > row.verdict_row);
            Ok(returns.pop())
        })
    }

    fn mark(&self) -> Arc<dyn Mark> {
        Arc::clone(&lock(&self.mark))
    }

    fn claimed(self: &Arc<Self>, mark: Arc<dyn Mark>, taken: Taken, until_s: i64) -> Claim {
        let Taken { row, doubt, returns } = taken;
        let until_s = AtomicI64::new(until_s);
        Claim { journal: Arc::clone(self), mark, row, doubt, returns, until_s, finished: false }
    }

    /// From now on this context goes by another mark: a row that bears the old one could not be given back.
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

impl Claim {
    /// Records what became of the row and gives it back.
    pub fn finish(mut self, verdict: Verdict) -> Result<()> {
        self.finished = true;
        // What the till may act on as "did not happen" must survive a crash; the rest may be found again.
        let durability = match verdict.state {
            State::Pending | State::Done => Durability::Lazy,
            _ => Durability::Flushed,
        };
        let (row, returns) = (self.row.clone(), self.returns.clone());
        self.replace(durability, move |rows| decide::judged(rows, row, verdict, &returns))
            .inspect_err(|_| self.journal.give_up(&self.mark))
    }

    /// Writes down that the request is called off, before anything is done about it.
    pub fn call_off(&mut self) -> Result<()> {
        let state = State::Voiding;
        let row = Row { state, called_off: true, updated_ms: wall_ms(), ..self.row.clone() };
        let called_off = row.clone();
        self.replace(Durability::Flushed, move |_| Ok(called_off))?;
        self.row = row;
        Ok(())
    }

    /// Records a person's decision that nobody works on the row any more.
    pub fn abandon(mut self, note: String) -> Result<()> {
        let lease = row::Lease { owner: None, until_ms: None, ..self.row.lease.clone() };
        let row = Row {
            state: State::Abandoned,
            note: Some(note),
            updated_ms: wall_ms(),
            lease,
            ..self.row.clone()
        };
        self.replace(Durability::Flushed, move |_| Ok(row))?;
        self.finished = true;
        Ok(())
    }

    /// From now on the request may be signed until that time: written down before it is.
    pub fn extend(&self, until_s: i64) -> Result<()> {
        let row = self.row.in_work(until_s);
        self.replace(Durability::Flushed, move |_| Ok(row))?;
        self.until_s.store(until_s, Ordering::Relaxed);
        Ok(())
    }

    /// The latest time until which the store has it that the request may be signed.
    pub fn until_s(&self) -> i64 {
        self.until_s.load(Ordering::Relaxed)
    }

    fn replace(
        &self,
        durability: Durability,
        row: impl FnOnce(&mut dyn Transaction) -> store::Result<Row> + Send + 'static,
    ) -> Result<()> {
        let (held, number) = (self.row.lease.clone(), Arc::clone(&self.row.request.number));
        let is_still_ours = self.journal.run(durability, move |rows| {
            let row = row(rows)?;
            rows.replace(&row, &held)
        })?;
        if is_still_ours {
            Ok(())
        } else {
            Err(journal_error(StoreError::Unknown(format!("somebody else works on {number} by now"))))
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let held = self.row.lease.clone();
        let number = Arc::clone(&self.row.request.number);
        let merchant = Arc::clone(&self.journal.merchant);
        let released = self.journal.run(Durability::Lazy, move |rows| {
            // As it stands, with all that was written down meanwhile.
            let Some(row) = rows.find(&merchant, &number)?.filter(|row| row.lease == held) else {
                return Ok(());
            };
            let lease = row::Lease { owner: None, until_ms: None, ..held.clone() };
            rows.replace(&Row { lease, ..row }, &held).map(drop)
        });
        if let Err(error) = released {
            self.journal.give_up(&self.mark);
            crate::log::warn(format_args!("a journal row could not be given back: {}", error.message));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn journal_error(error: StoreError) -> Error {
    match error {
        StoreError::NotWritten(why) => not_written(why),
        StoreError::Unknown(why) => Error::at(Code::Unrecorded, "/journal_path", why),
    }
}

fn not_written(why: String) -> Error {
    Error::at(Code::Journal, "/journal_path", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_could_not_be_given_back_is_free_for_everybody_once_nobody_works_under_its_mark() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("till.journal");
        let open = || Arc::new(Journal::open(Some(&path), "1900000001", Duration::from_secs(60)).unwrap());
        let (journal, other) = (open(), open());
        let new = |number, body| NewRow::with_body(number, Some(body));
        let Begin::Go(mut claim) = journal.begin(new("SALE-0001", "a"), 0).unwrap() else { panic!("new") };
        let Begin::Go(running) = journal.begin(new("SALE-0002", "a"), 0).unwrap() else { panic!("new") };
        journal.give_up(&claim.mark);
        claim.finished = true;
        drop(claim);
        assert!(
            matches!(other.begin(new("SALE-0001", "a"), 0), Ok(Begin::Running)),
            "SALE-0002 is still worked on"
        );
        drop(running);
        for journal in [&journal, &other] {
            assert!(matches!(journal.begin(new("SALE-0001", "b"), 0), Ok(Begin::Differs { .. })));
            assert!(journal.claim("SALE-0001", 0).unwrap().is_some());
        }
        assert!(matches!(journal.begin(new("SALE-0001", "a"), 0), Ok(Begin::Go(_))));
    }

    #[test]
    fn a_verdict_of_somebody_who_lost_the_row_is_not_written() {
        let journal = Arc::new(Journal::open(None, "1900000001", Duration::from_secs(60)).unwrap());
        let Begin::Go(claim) = journal.begin(NewRow::plain("SALE-0001"), 0).unwrap() else { panic!("new") };
        let mut row = journal.find("SALE-0001").unwrap().unwrap();
        let held = row.lease.clone();
        row.lease.generation += 1;
        journal.run(Durability::Lazy, move |rows| rows.replace(&row, &held)).unwrap();
        let verdict = Verdict {
            state: State::Done,
            code: 0,
            cause: String::new(),
            attempts: 1,
            sent: true,
            signed_s: 0,
            verdict_s: None,
            answer: None,
            http_status: None,
            request_id: None,
            host: None,
            course: crate::course::Course::default(),
        };
        assert!(claim.finish(verdict).is_err());
        assert_eq!(journal.find("SALE-0001").unwrap().unwrap().state, State::Pending);
    }
}
