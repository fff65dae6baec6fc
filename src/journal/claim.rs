//! The right to work on a row.

use super::decide::{self, Acquired};
use super::returns::Returns;
use super::row::{Lease, Row, Verdict};
use super::state::State;
use super::store::{self, Durability, Mark, StoreError, Transaction};
use super::{Journal, journal_error, lock};
use crate::error::Result;
use crate::status::Code;
use crate::system::{self, wall_ms};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The right to work on a row. Dropping it releases the row.
#[derive(Debug)]
pub struct Claim {
    journal: Arc<Journal>,
    pub(super) mark: Arc<dyn Mark>,
    /// The row as it was when it was claimed.
    pub row: Row,
    /// An earlier call, or a process that died, may have sent it already.
    pub doubt: bool,
    /// Later returns of its coupon in the journal.
    pub returns: Returns,
    until_s: AtomicI64,
    /// The lease ends no earlier, by this machine's monotonic clock. `None`: it has no end.
    held_until: Mutex<Option<Instant>>,
    pub(super) finished: bool,
}

/// When the clock was corrected during a call, the request may be signed for this much longer.
const EXTENSION: Duration = Duration::from_secs(600);

impl Claim {
    /// `began`: before the row was acquired.
    pub(super) fn of(
        journal: Arc<Journal>,
        mark: Arc<dyn Mark>,
        acquired: Acquired,
        until_s: i64,
        began: Instant,
    ) -> Claim {
        let Acquired { row, doubt, returns } = acquired;
        let held_until = Mutex::new(journal.lease().map(|lease| began + lease));
        Claim {
            journal,
            mark,
            row,
            doubt,
            returns,
            until_s: AtomicI64::new(until_s),
            held_until,
            finished: false,
        }
    }

    /// Records the result and releases the row.
    pub fn finish(mut self, verdict: Verdict) -> Result<()> {
        self.finished = true;
        // "It had no effect" must survive a crash, because the till may act on it. The rest can be found again.
        let durability = match verdict.state {
            State::Pending | State::Done => Durability::Lazy,
            _ => Durability::Flushed,
        };
        let (row, returns) = (self.row.clone(), self.returns.clone());
        self.replace(durability, move |rows| decide::judged(rows, row, verdict, &returns))
            .inspect_err(|_| self.journal.give_up(&self.mark))
    }

    /// Records that the request is called off, before anything is undone.
    pub fn begin_void(&mut self) -> Result<()> {
        let state = State::Voiding;
        let row = Row { state, called_off: true, updated_ms: wall_ms(), ..self.row.clone() };
        let called_off = row.clone();
        self.replace(Durability::Flushed, move |_| Ok(called_off))?;
        self.row = row;
        Ok(())
    }

    /// Records a person's decision to give the request up.
    pub fn abandon(mut self, note: String) -> Result<()> {
        let lease = Lease { owner: None, until_ms: None, ..self.row.lease.clone() };
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

    /// Ensures that the request may be signed with the time `now_s`: that the row says so, and still is ours. Call it after
    /// that time was read. Who stands still between this and sending then sends a signature that is no younger than the lease,
    /// and whoever has taken the row over waits until such a signature is not accepted any more.
    pub fn may_sign(&self, now_s: i64) -> Result<()> {
        let is_recorded = now_s <= self.until_s();
        let lease = self.journal.lease();
        let left = self.lease_left();
        if is_recorded && left.zip(lease).is_none_or(|(left, lease)| left > lease / 2) {
            return Ok(());
        }
        let extension = lease.map_or(EXTENSION, |lease| lease.min(EXTENSION));
        match self.extend(now_s.saturating_add(i64::try_from(extension.as_secs()).unwrap_or(i64::MAX))) {
            // The store is down. What is recorded still holds.
            Err(error)
                if error.code == Code::Journal
                    && is_recorded
                    && self.lease_left() != Some(Duration::ZERO) =>
            {
                Ok(())
            }
            extended => extended,
        }
    }

    /// Records that the request may be signed until that time, and renews the lease.
    fn extend(&self, until_s: i64) -> Result<()> {
        let began = system::now();
        let row = self.row.in_work(until_s);
        self.replace(Durability::Flushed, move |_| Ok(row))?;
        self.until_s.fetch_max(until_s, Ordering::Relaxed);
        *lock(&self.held_until) = self.journal.lease().map(|lease| began + lease);
        Ok(())
    }

    /// How much is left of the lease. `None`: it has no end.
    fn lease_left(&self) -> Option<Duration> {
        lock(&self.held_until).map(|until| until.saturating_duration_since(system::now()))
    }

    /// The recorded time until which the request may be signed.
    pub fn until_s(&self) -> i64 {
        self.until_s.load(Ordering::Relaxed)
    }

    fn replace(
        &self,
        durability: Durability,
        row: impl FnOnce(&mut dyn Transaction) -> store::Result<Row> + Send + 'static,
    ) -> Result<()> {
        let (held, request_no) = (self.row.lease.clone(), Arc::clone(&self.row.request.request_no));
        let is_still_ours = self.journal.run(durability, move |rows| {
            let row = row(rows)?;
            rows.replace(&row, &held)
        })?;
        if is_still_ours {
            Ok(())
        } else {
            Err(journal_error(StoreError::Unknown(format!("somebody else works on {request_no} by now"))))
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let held = self.row.lease.clone();
        let request_no = Arc::clone(&self.row.request.request_no);
        let merchant = Arc::clone(&self.journal.merchant);
        let released = self.journal.run(Durability::Lazy, move |rows| {
            // The current row, with everything that was recorded in between.
            let Some(row) = rows.find(&merchant, &request_no)?.filter(|row| row.lease.is(&held)) else {
                return Ok(());
            };
            let lease = Lease { owner: None, until_ms: None, ..held.clone() };
            rows.replace(&Row { lease, ..row }, &held).map(drop)
        });
        if let Err(error) = released {
            self.journal.give_up(&self.mark);
            crate::log::warn(format_args!("a journal row could not be given back: {}", error.message));
        }
    }
}
