//! Changes of one file, written in groups: concurrent calls share one flush.

use super::open::BUSY;
use super::rows::{Tables, failed};
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

/// `SQLITE_IOERR_WRITE`
const IOERR_WRITE: i32 = 778;

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
    checked(Watch::before_change)?;
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
        let level = if most == Durability::Flushed { "FULL" } else { "NORMAL" };
        db.execute_batch(&format!("PRAGMA synchronous={level}")).map_err(failed)?;
        "BEGIN IMMEDIATE"
    };
    db.prepare_cached(begin).and_then(|mut begin| begin.execute([])).map_err(failed)?;
    if most > Durability::Reading {
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
            let _ = queued.outcome.set(Err(why.clone()));
            return Err(StoreError::NotWritten(
                "another change of the same group could not be written".into(),
            ));
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
        Some(
            rusqlite::ErrorCode::DatabaseBusy
            | rusqlite::ErrorCode::DatabaseLocked
            | rusqlite::ErrorCode::DiskFull,
        ) => StoreError::NotWritten(error.to_string()),
        // A commit is complete with its last page, and writing that page or an earlier one failed.
        _ if error.sqlite_error().is_some_and(|error| error.extended_code == IOERR_WRITE) => {
            StoreError::NotWritten(error.to_string())
        }
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
mod tests {
    use super::*;
    use crate::journal::row::{NewRow, Row};
    use crate::journal::sqlite::open::open;
    use crate::journal::store::Transaction;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread::{Scope, ScopedJoinHandle};
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(20);

    struct Bench {
        folder: tempfile::TempDir,
        file: GroupCommit,
    }

    impl Bench {
        fn new() -> Bench {
            let folder = tempfile::tempdir().unwrap();
            let (db, watch) = open(&folder.path().join("journal")).unwrap();
            Bench { folder, file: GroupCommit::new(db, Some(Arc::new(watch))) }
        }

        fn path(&self) -> std::path::PathBuf {
            self.folder.path().join("journal")
        }

        fn wal_bytes(&self) -> u64 {
            std::fs::metadata(self.folder.path().join("journal-wal")).unwrap().len()
        }

        /// A change that is being carried out, until it is let go.
        fn hold<'s>(&'s self, scope: &'s Scope<'s, '_>) -> (Sender<()>, ScopedJoinHandle<'s, ()>) {
            let (let_go, wait): (Sender<()>, Receiver<()>) = channel();
            let (tell, begun) = channel();
            let held = scope.spawn(move || {
                let work = move |_: &mut dyn Transaction| {
                    tell.send(()).unwrap();
                    wait.recv_timeout(PATIENCE).unwrap();
                    Ok(())
                };
                self.file.run(Durability::Lazy, Box::new(work)).unwrap();
            });
            begun.recv_timeout(PATIENCE).unwrap();
            (let_go, held)
        }

        fn insert<'s>(&'s self, scope: &'s Scope<'s, '_>, request_no: usize) -> ScopedJoinHandle<'s, ()> {
            scope.spawn(move || {
                self.file.run(Durability::Flushed, insertion(request_no, "")).unwrap();
            })
        }

        fn until_waiting(&self, count: usize) {
            let start = std::time::Instant::now();
            while lock(&self.file.queue).waiting.len() != count {
                assert!(start.elapsed() < PATIENCE, "there were never {count} waiting");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    fn insertion(request_no: usize, body: &str) -> Change {
        let new = NewRow::with_body(&format!("SALE-{request_no:04}"), Some(body));
        let row = Row::new(&"1".into(), &"owner".into(), new);
        Box::new(move |rows| rows.insert(&row).map(drop))
    }

    fn until_ended(threads: &[ScopedJoinHandle<'_, ()>]) {
        let start = std::time::Instant::now();
        while !threads.iter().all(ScopedJoinHandle::is_finished) {
            assert!(start.elapsed() < PATIENCE, "they wait for what is not theirs");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn who_waits_together_is_written_together_and_waits_for_nobody_later() {
        let bench = Bench::new();
        std::thread::scope(|scope| {
            bench.insert(scope, 0).join().unwrap();
            let one = bench.wal_bytes();
            bench.insert(scope, 1).join().unwrap();
            let one = bench.wal_bytes() - one;
            let before = bench.wal_bytes();

            let (first, first_ends) = bench.hold(scope);
            let together: Vec<_> = (2..10).map(|request_no| bench.insert(scope, request_no)).collect();
            bench.until_waiting(8);
            first.send(()).unwrap();
            first_ends.join().unwrap();
            until_ended(&together);
            let eight = bench.wal_bytes() - before;
            assert!(eight < 3 * one, "{eight} bytes for eight, {one} for one");

            // While somebody else holds the file, nobody whose change is in it waits.
            let (first, first_ends) = bench.hold(scope);
            let pair = [bench.insert(scope, 10), bench.insert(scope, 11)];
            bench.until_waiting(2);
            first.send(()).unwrap();
            bench.until_waiting(0);
            let (second, second_ends) = bench.hold(scope);
            until_ended(&pair);
            first_ends.join().unwrap();
            second.send(()).unwrap();
            second_ends.join().unwrap();
        });
    }

    #[test]
    fn after_a_change_that_panics_the_next_one_is_written() {
        let bench = Bench::new();
        std::thread::scope(|scope| {
            let panics = scope.spawn(|| {
                let work = |_: &mut dyn Transaction| -> Result<()> { panic!("on purpose") };
                let _ = bench.file.run(Durability::Flushed, Box::new(work));
            });
            assert!(panics.join().is_err());
            let other = Connection::open(bench.path()).unwrap();
            other.busy_timeout(Duration::ZERO).unwrap();
            other.execute_batch("BEGIN IMMEDIATE; ROLLBACK").unwrap();
            until_ended(&[bench.insert(scope, 0)]);
        });
    }

    #[test]
    fn a_change_that_fails_is_taken_back_and_the_others_of_its_group_are_not() {
        let bench = Bench::new();
        std::thread::scope(|scope| {
            let (first, first_ends) = bench.hold(scope);
            let fails = scope.spawn(|| {
                let insert = insertion(1, "");
                let change: Change = Box::new(move |rows| {
                    insert(rows)?;
                    Err(StoreError::NotWritten("on purpose".into()))
                });
                bench.file.run(Durability::Flushed, change)
            });
            let other = bench.insert(scope, 2);
            bench.until_waiting(2);
            first.send(()).unwrap();
            first_ends.join().unwrap();
            assert_eq!(fails.join().unwrap(), Err(StoreError::NotWritten("on purpose".into())));
            other.join().unwrap();
        });
        let found = |request_no: &str| Tables(&lock(&bench.file.db)).find("1", request_no).unwrap().is_some();
        assert!(!found("SALE-0001") && found("SALE-0002"));
    }

    #[test]
    fn a_file_that_is_full_says_so() {
        let bench = Bench::new();
        lock(&bench.file.db).pragma_update(None, "max_page_count", 10).unwrap();
        let insert =
            |request_no: usize| bench.file.run(Durability::Flushed, insertion(request_no, &"x".repeat(4096)));
        let refused =
            (0..10).find_map(|request_no| insert(request_no).err()).expect("ten pages are soon full");
        assert!(refused.to_string().contains("full"), "{refused}");
    }

    #[test]
    fn what_must_survive_a_power_cut_is_flushed_with_its_commit() {
        let bench = Bench::new();
        let at_last = || {
            lock(&bench.file.db).pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)).unwrap()
        };
        let level = |durability| {
            bench.file.run(durability, Box::new(|_| Ok(()))).unwrap();
            at_last()
        };
        let (full, normal) = (2, 1);
        assert_eq!(level(Durability::Flushed), full);
        assert_eq!(level(Durability::Lazy), normal);
        assert_eq!(level(Durability::Flushed), full);
        std::thread::scope(|scope| {
            let (first, first_ends) = bench.hold(scope);
            let file = &bench.file;
            let mixed = [Durability::Lazy, Durability::Flushed, Durability::Lazy]
                .map(|durability| scope.spawn(move || file.run(durability, Box::new(|_| Ok(()))).unwrap()));
            bench.until_waiting(3);
            first.send(()).unwrap();
            first_ends.join().unwrap();
            until_ended(&mixed);
        });
        assert_eq!(at_last(), full);
    }
}
