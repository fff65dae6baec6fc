//! Changes of one file, written in groups: concurrent calls share one flush.

use super::open::BUSY;
use super::rows::{Tables, failed, is_full};
use super::sql::undo;
use super::watch::Watch;
use crate::journal::store::{Change, Durability, Result, StoreError};
use crate::system;
use rusqlite::Connection;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// One connection to the file. One thread at a time is the leader. It commits the changes of all threads that wait when it
/// begins.
pub struct GroupCommit {
    db: Mutex<Connection>,
    watch: Option<Arc<Watch>>,
    queue: Mutex<Queue>,
    /// Signalled when a leader has finished.
    done: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Queued>,
    is_led: bool,
    /// Threads that must be woken.
    asleep: usize,
}

type Outcome = Arc<OnceLock<Result<()>>>;

struct Queued {
    durability: Durability,
    change: Change,
    outcome: Outcome,
}

impl std::fmt::Debug for GroupCommit {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("GroupCommit")
    }
}

impl GroupCommit {
    /// Over a connection that is ready.
    pub fn new(db: Connection, watch: Option<Arc<Watch>>) -> GroupCommit {
        GroupCommit { db: Mutex::new(db), watch, queue: Mutex::default(), done: Condvar::new() }
    }

    /// Runs one change, together with those that other threads queued before its leader began. So concurrent calls share one
    /// flush, and no thread waits for a later group.
    pub fn run(&self, durability: Durability, change: Change) -> Result<()> {
        let outcome = Outcome::default();
        let mut queue = lock(&self.queue);
        queue.waiting.push(Queued { durability, change, outcome: Arc::clone(&outcome) });
        while outcome.get().is_none() && queue.is_led {
            queue.asleep += 1;
            queue = self.done.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.asleep -= 1;
        }
        if outcome.get().is_none() {
            queue.is_led = true;
            let leader = Leader(self);
            let group = std::mem::take(&mut queue.waiting);
            drop(queue);
            commit(&mut lock(&self.db), self.watch.as_deref(), group);
            drop(leader);
        } else {
            drop(queue);
        }
        let unwritten = || Err(StoreError::NotWritten("the change was not written".into()));
        outcome.get().cloned().unwrap_or_else(unwritten)
    }
}

/// Dropping it allows the next leader, also after a panic.
struct Leader<'a>(&'a GroupCommit);

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        let mut queue = lock(&self.0.queue);
        queue.is_led = false;
        let somebody_sleeps = queue.asleep > 0;
        drop(queue);
        if somebody_sleeps {
            self.0.done.notify_all();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Commits a group. Reads go first, because they need not wait for another process.
fn commit(db: &mut Connection, watch: Option<&Watch>, group: Vec<Queued>) {
    let (reading, writing): (Vec<Queued>, Vec<Queued>) =
        group.into_iter().partition(|queued| queued.durability == Durability::Reading);
    for group in [reading, writing].into_iter().filter(|group| !group.is_empty()) {
        let outcomes: Vec<Outcome> = group.iter().map(|queued| Arc::clone(&queued.outcome)).collect();
        let whole = commit_group(db, watch, group);
        if watch.is_some_and(Watch::is_gone) {
            close(db);
        }
        for outcome in outcomes {
            // A change that failed by itself has its own error already.
            let _ = outcome.set(whole.clone());
        }
    }
}

/// Closes the connection, because its view of the files is wrong and other connections of this process would share it.
fn close(db: &mut Connection) {
    match Connection::open_in_memory() {
        Ok(other) => *db = other,
        Err(error) => crate::log::warn(format_args!("the journal stays open: {error}")),
    }
}

/// Dropping it rolls back what is not committed, also after a panic. Nothing of the group may stay, and other processes wait
/// for the end of the transaction.
struct Unfinished<'a>(&'a Connection);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

fn commit_group(db: &Connection, watch: Option<&Watch>, group: Vec<Queued>) -> Result<()> {
    let checked = |check: fn(&Watch) -> std::result::Result<(), String>| {
        watch.map_or(Ok(()), |watch| check(watch).map_err(StoreError::NotWritten))
    };
    let most = group.iter().map(|queued| queued.durability).max().unwrap_or(Durability::Reading);
    let must_last = most == Durability::Flushed;
    checked(if must_last { Watch::before_change } else { Watch::before_work })?;
    let mut writing = None;
    // Dropped before the write lock is released.
    let _unfinished = Unfinished(db);
    let begin = if most == Durability::Reading {
        "BEGIN"
    } else {
        if let Some(watch) = watch {
            let began = system::now();
            writing = watch.write().map_err(StoreError::NotWritten)?;
            // Both waits together have the limit of one.
            db.busy_timeout(BUSY.saturating_sub(system::now().saturating_duration_since(began)))
                .map_err(failed)?;
        }
        // This pragma takes effect when it is prepared, so it cannot be a cached statement.
        let level = if must_last { "PRAGMA synchronous=FULL" } else { "PRAGMA synchronous=NORMAL" };
        db.execute_batch(level).map_err(failed)?;
        "BEGIN IMMEDIATE"
    };
    db.prepare_cached(begin).and_then(|mut begin| begin.execute([])).map_err(failed)?;
    if must_last {
        checked(Watch::in_change)?;
    }
    let is_alone = group.len() == 1;
    for queued in group {
        let kept = if is_alone {
            // No savepoint, because it would copy every changed page. A failure ends the transaction anyway.
            (queued.change)(&mut Tables(db))
        } else {
            in_savepoint(db, queued.change).map_err(failed)?
        };
        if db.is_autocommit() {
            // On a full disk SQLite ends the transaction by itself. Nothing of the group may stay.
            let why = kept.err().unwrap_or_else(|| {
                StoreError::NotWritten("another change of the same group could not be written".into())
            });
            let others = "another change of the same group could not be written".to_owned();
            let is_full = matches!(why, StoreError::NoRoom(_));
            let _ = queued.outcome.set(Err(why));
            return Err(if is_full { StoreError::NoRoom(others) } else { StoreError::NotWritten(others) });
        }
        if let Err(why) = kept {
            let _ = queued.outcome.set(Err(why.clone()));
            if is_alone {
                return Err(why);
            }
        }
    }
    let mut commit = db.prepare_cached("COMMIT").map_err(failed)?;
    let committed = commit.execute([]);
    drop(commit);
    let committed = committed.map(drop).map_err(|error| commit_failed(db, &error));
    drop(writing);
    committed
}

/// Runs one change of the group atomically, independent of the others.
fn in_savepoint(db: &Connection, change: Change) -> rusqlite::Result<Result<()>> {
    db.prepare_cached("SAVEPOINT change").and_then(|mut savepoint| savepoint.execute([]))?;
    let kept = change(&mut Tables(db));
    if !db.is_autocommit() {
        if kept.is_err() {
            db.prepare_cached("ROLLBACK TO change").and_then(|mut back| back.execute([]))?;
        }
        db.prepare_cached("RELEASE change").and_then(|mut release| release.execute([]))?;
    }
    Ok(kept)
}

/// The error of a failed commit. Waiting for others happens before the first byte is written, so then nothing is kept. Later
/// it is unknown what is on disk. But if another change can be written and flushed over this one, this one is gone.
fn commit_failed(db: &Connection, error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            StoreError::NotWritten(error.to_string())
        }
        // A commit is complete with its last page, and writing that page or an earlier one failed.
        _ if is_full(error) => StoreError::NoRoom(error.to_string()),
        _ if is_written_over(db) => StoreError::NotWritten(error.to_string()),
        _ => StoreError::Unknown(error.to_string()),
    }
}

/// Writes another change over a failed commit. Its pages in the log do not count as long as the log's index does not name
/// them, and the next change overwrites them. Without a next change, they would be found after a crash.
fn is_written_over(db: &Connection) -> bool {
    if !db.is_autocommit() && db.execute_batch("ROLLBACK").is_err() {
        return false;
    }
    let written = db.execute_batch("PRAGMA synchronous=FULL; BEGIN IMMEDIATE").and_then(|()| undo(db));
    written.and_then(|()| db.execute_batch("COMMIT")).is_ok()
}

#[cfg(test)]
mod tests;
