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
    let refused = (0..10).find_map(|request_no| insert(request_no).err()).expect("ten pages are soon full");
    assert!(refused.to_string().contains("full"), "{refused}");
}

#[test]
fn what_must_survive_a_power_cut_is_flushed_with_its_commit() {
    let bench = Bench::new();
    let at_last =
        || lock(&bench.file.db).pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)).unwrap();
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
