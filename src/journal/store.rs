//! The `SQLite` file, written in groups; or memory.

use super::journal_error;
use super::memory::Memory;
use super::opening;
use super::rows::Rows;
use crate::error::Result;
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// Whether a change must survive a power cut before anybody hears of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Flushed to the disk when the call returns.
    Flushed,
    /// Written in order, flushed with the next change that is.
    Lazy,
}

/// Where the rows of a context are, shared by all its threads.
#[derive(Debug)]
pub enum Store {
    /// A file.
    File(Box<File>),
    /// Nowhere else: no synchronous write, and no `SQLite`.
    Memory(Box<Memory>),
}

/// One connection to the file. Of all who want a change, one at a time leads: it commits for all
/// who wait when it begins.
pub struct File {
    db: Mutex<Connection>,
    queue: Mutex<Queue>,
    /// A leader is done.
    done: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Queued>,
    is_led: bool,
    /// Threads that have to be woken.
    asleep: usize,
}

type Work = Box<dyn FnOnce(&mut dyn Rows) + Send>;
type Committed = Arc<OnceLock<std::result::Result<(), String>>>;

struct Queued {
    durability: Durability,
    work: Work,
    committed: Committed,
}

impl std::fmt::Debug for File {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("File")
    }
}

impl Store {
    /// Opens or makes the file. One that is damaged, foreign or newer is refused and left as it is.
    pub fn open(path: Option<&Path>) -> Result<Store> {
        let Some(path) = path else { return Ok(Store::Memory(Box::default())) };
        let db = opening::open(path)?;
        Ok(Store::File(Box::new(File { db: Mutex::new(db), queue: Mutex::default(), done: Condvar::new() })))
    }

    /// Runs one change, or none of it.
    pub fn run<T: Send + 'static>(
        &self,
        durability: Durability,
        work: impl FnOnce(&mut dyn Rows) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        match self {
            Store::File(file) => file.run(durability, work),
            Store::Memory(memory) => work(&mut memory.turn()).map_err(journal_error),
        }
    }
}

impl File {
    /// Runs one change, together with all that other threads asked for before its leader began: concurrent calls
    /// share one flush, and nobody waits for a later group.
    fn run<T: Send + 'static>(
        &self,
        durability: Durability,
        work: impl FnOnce(&mut dyn Rows) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let result = Arc::new(Mutex::new(None));
        let committed = Committed::default();
        let slot = Arc::clone(&result);
        let work: Work = Box::new(move |rows| *lock(&slot) = Some(work(rows)));
        let mut queue = lock(&self.queue);
        queue.waiting.push(Queued { durability, work, committed: Arc::clone(&committed) });
        while committed.get().is_none() && queue.is_led {
            queue.asleep += 1;
            queue = self.done.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.asleep -= 1;
        }
        if committed.get().is_none() {
            queue.is_led = true;
            let leader = Leader(self);
            let group = std::mem::take(&mut queue.waiting);
            drop(queue);
            commit(&mut lock(&self.db), group);
            drop(leader);
        } else {
            drop(queue);
        }
        let result = lock(&result).take();
        match (result, committed.get()) {
            // Why it could not be made says more than that its group was not written.
            (Some(Err(error)), _) => Err(journal_error(error)),
            (Some(Ok(value)), Some(Ok(()))) => Ok(value),
            (_, Some(Err(why))) => Err(journal_error(why)),
            _ => Err(journal_error("the change was not written")),
        }
    }
}

/// Makes room for the next one when dropped, after a panic too.
struct Leader<'a>(&'a File);

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

fn commit(db: &mut Connection, group: Vec<Queued>) {
    let flushed = group.iter().any(|queued| queued.durability == Durability::Flushed);
    let waiting: Vec<Committed> = group.iter().map(|queued| Arc::clone(&queued.committed)).collect();
    let unfinished = Unfinished(db);
    let outcome = together(&mut *unfinished.0, group, flushed);
    drop(unfinished);
    for committed in waiting {
        let _ = committed.set(outcome.clone());
    }
}

/// Takes back what is not committed when dropped, after a panic too: nothing of the group may stay, and other processes
/// wait for the end of a transaction.
struct Unfinished<'a>(&'a mut Connection);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

fn together(db: &mut Connection, group: Vec<Queued>, flushed: bool) -> std::result::Result<(), String> {
    let text = |error: rusqlite::Error| error.to_string();
    // Takes effect while it is prepared, so that it cannot be one of those that are prepared once.
    db.execute_batch(if flushed { "PRAGMA synchronous=FULL" } else { "PRAGMA synchronous=NORMAL" })
        .map_err(text)?;
    db.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([])).map_err(text)?;
    for queued in group {
        (queued.work)(db);
        if db.is_autocommit() {
            // A full disk makes SQLite end the transaction by itself: nothing of the group may stay.
            return Err("another change of the same group could not be written".into());
        }
    }
    db.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])).map(drop).map_err(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::NewRow;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread::{Scope, ScopedJoinHandle};
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(20);

    struct Bench {
        folder: tempfile::TempDir,
        file: Box<File>,
    }

    impl Bench {
        fn new() -> Bench {
            let folder = tempfile::tempdir().unwrap();
            let Store::File(file) = Store::open(Some(&folder.path().join("journal"))).unwrap() else {
                panic!("a path makes a file")
            };
            Bench { folder, file }
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
                let work = move |_: &mut dyn Rows| {
                    tell.send(()).unwrap();
                    wait.recv_timeout(PATIENCE).unwrap();
                    Ok(())
                };
                self.file.run(Durability::Lazy, work).unwrap();
            });
            begun.recv_timeout(PATIENCE).unwrap();
            (let_go, held)
        }

        fn insert<'s>(&'s self, scope: &'s Scope<'s, '_>, number: usize) -> ScopedJoinHandle<'s, ()> {
            scope.spawn(move || {
                let new = NewRow::plain(&format!("SALE-{number:04}"));
                self.file
                    .run(Durability::Flushed, move |rows| rows.insert("1", &"owner".into(), new, "{}".into()))
                    .unwrap();
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
            let together: Vec<_> = (2..10).map(|number| bench.insert(scope, number)).collect();
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
                let work = |_: &mut dyn Rows| -> rusqlite::Result<()> { panic!("on purpose") };
                let _ = bench.file.run(Durability::Flushed, work);
            });
            assert!(panics.join().is_err());
            let other = Connection::open(bench.path()).unwrap();
            other.busy_timeout(Duration::ZERO).unwrap();
            other.execute_batch("BEGIN IMMEDIATE; ROLLBACK").unwrap();
            until_ended(&[bench.insert(scope, 0)]);
        });
    }

    #[test]
    fn a_file_that_is_full_says_so() {
        let bench = Bench::new();
        lock(&bench.file.db).pragma_update(None, "max_page_count", 10).unwrap();
        let insert = |number: usize| {
            let new = NewRow::with_body(&format!("SALE-{number:04}"), Some(&"x".repeat(4096)));
            bench
                .file
                .run(Durability::Flushed, move |rows| rows.insert("1", &"owner".into(), new, "{}".into()))
        };
        let refused = (0..10).find_map(|number| insert(number).err()).expect("ten pages are soon full");
        assert!(refused.message.contains("full"), "{}", refused.message);
    }

    #[test]
    fn what_must_survive_a_power_cut_is_flushed_with_its_commit() {
        let bench = Bench::new();
        let at_last = || {
            lock(&bench.file.db).pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)).unwrap()
        };
        let level = |durability| {
            bench.file.run(durability, |_| Ok(())).unwrap();
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
                .map(|durability| scope.spawn(move || file.run(durability, |_| Ok(())).unwrap()));
            bench.until_waiting(3);
            first.send(()).unwrap();
            first_ends.join().unwrap();
            until_ended(&mixed);
        });
        assert_eq!(at_last(), full);
    }
}
