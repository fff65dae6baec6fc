//! Reads the till's journal without disturbing the till.
//!
//! The journal is an `SQLite` file that the till keeps open, mostly with a log (`-wal`) beside it. Opening it as a database would
//! make and lock files that belong to the till. So its bytes are read as those of any file, in an order in which the copy is
//! whole, and the copy is opened. Only a sandbox in another process than the till may do this: on Unix a process that closes
//! a file loses all locks that it has on it.

mod copy;
mod rows;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::console::told::Words;
use crate::sync::lock;
use crate::text::Text;
use copy::{Scratch, copy, log};
use rows::{Rows, rows};

/// Rows that are read; the answer says how many more there are.
const MOST_ROWS: usize = 100_000;
/// A writing till changes the files while they are read; then they are read again, a little later.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// What tells whether anything was written: lengths and times of both files.
type Stamp = Vec<Option<(u64, std::time::SystemTime)>>;

#[derive(Default)]
struct Latest {
    stamp: Stamp,
    /// The last reading that succeeded, and when that was.
    good: Option<(Rows, Instant)>,
    /// Why the latest one did not.
    issue: Option<Issue>,
}

#[derive(Debug, Clone)]
enum Issue {
    /// The till has not made it yet.
    Absent,
    Failed(Text),
}

pub(super) struct Journal {
    path: PathBuf,
    latest: Mutex<Latest>,
}

impl Journal {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, latest: Mutex::default() }
    }

    /// How it was read, and what the till was told.
    pub(super) fn read(&self) -> (Value, Words) {
        let latest = self.look();
        let words = |rows: &Rows| {
            let mut words = Words::new();
            for entry in &rows.entries {
                words.entry(entry.number.clone()).or_default().push(entry.clone());
            }
            words
        };
        match (&latest.good, &latest.issue) {
            (Some((rows, _)), None) => (
                json!({ "state": "read", "rows": rows.entries.len(), "left_out": rows.left_out }),
                words(rows),
            ),
            // What was read last is better than nothing, as long as it says how old it is.
            (Some((rows, at)), Some(Issue::Failed(issue))) => {
                let (count, age) = (rows.entries.len(), at.elapsed().as_secs());
                let said = json!({ "state": "stale", "rows": count, "left_out": rows.left_out, "age_s": age, "issue": issue });
                (said, words(rows))
            }
            (_, Some(Issue::Absent)) => (json!({ "state": "absent", "path": self.path }), Words::new()),
            (None, Some(Issue::Failed(issue))) => {
                (json!({ "state": "failed", "issue": issue }), Words::new())
            }
            (None, None) => (json!({ "state": "none" }), Words::new()),
        }
    }

    fn look(&self) -> std::sync::MutexGuard<'_, Latest> {
        let stamp = self.stamp();
        let mut latest = lock(&self.latest);
        // Windows brings the times of open files up to date late.
        if cfg!(unix) && latest.stamp == stamp && latest.good.is_some() && latest.issue.is_none() {
            if let Some((_, at)) = &mut latest.good {
                *at = Instant::now();
            }
            return latest;
        }
        latest.stamp = stamp;
        match self.read_files() {
            Ok(rows) => {
                latest.good = Some((rows, Instant::now()));
                latest.issue = None;
            }
            Err(issue) => latest.issue = Some(issue),
        }
        latest
    }

    fn stamp(&self) -> Stamp {
        let stamp = |path: &Path| fs::metadata(path).and_then(|data| Ok((data.len(), data.modified()?))).ok();
        vec![stamp(&self.path), stamp(&log(&self.path))]
    }

    fn read_files(&self) -> Result<Rows, Issue> {
        let about = |text: Text| Issue::Failed(text.about(&self.path.display().to_string()));
        let failed = |error: io::Error| about(Text::from(&error));
        if fs::metadata(&self.path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Err(Issue::Absent);
        }
        for attempt in 0..TRIES {
            if attempt > 0 {
                thread::sleep(PAUSE);
            }
            if let Some((file, log)) = copy(&self.path).map_err(about)? {
                let folder = Scratch::new().map_err(failed)?;
                let copied = folder.0.join("journal");
                fs::write(&copied, file).map_err(failed)?;
                if !log.is_empty() {
                    fs::write(self::log(&copied), log).map_err(failed)?;
                }
                return rows(&copied, MOST_ROWS).map_err(about);
            }
        }
        let (english, chinese) =
            ("it is being written all the time; it is read again later", "一直在写入，稍后会重新读取");
        Err(about(Text::new(english, chinese)))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use rusqlite::Connection;

    use super::copy::beside;
    use super::*;
    use crate::console::told::{Told, ToldEntry};

    /// A journal that another program has open, a transaction of it under way.
    fn journal(folder: &Path, numbers: u32) -> Connection {
        let database = Connection::open(folder.join("till.journal")).unwrap();
        database
            .execute_batch(
                "PRAGMA journal_mode=WAL; PRAGMA application_id=2004378474; PRAGMA user_version=2;
                 CREATE TABLE requests (id INTEGER PRIMARY KEY, number TEXT, operation TEXT, method TEXT, target TEXT,
                   state INTEGER, called_off INTEGER, code INTEGER, cause TEXT, updated_ms INTEGER) STRICT;",
            )
            .unwrap();
        for number in 0..numbers {
            add(&database, number);
        }
        database
    }

    fn add(database: &Connection, number: u32) {
        let target = "/v3/marketing/partner/product-coupon/users/oU/coupons/C%201/use";
        database
            .execute(
                "INSERT INTO requests VALUES (NULL, ?1, 'use', 'POST', ?2, 1, 0, 0, '', 1754193600000)",
                rusqlite::params![format!("SALE_{number:04}"), target],
            )
            .unwrap();
    }

    fn scratch() -> Scratch {
        Scratch::new().unwrap()
    }

    impl Journal {
        fn entries(&self) -> Result<Vec<ToldEntry>, String> {
            let latest = self.look();
            match (&latest.issue, &latest.good) {
                (None, Some((rows, _))) => Ok(rows.entries.clone()),
                (issue, _) => Err(format!("{issue:?}")),
            }
        }
    }

    fn names(folder: &Path) -> Vec<(String, u64)> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len())
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_stands_in_the_log_is_read_and_nothing_is_touched() {
        let folder = scratch();
        let till = journal(&folder.0, 3);
        let before = names(&folder.0);
        assert!(before.iter().any(|(name, length)| name.ends_with("-wal") && *length > 0), "{before:?}");
        till.execute_batch("BEGIN IMMEDIATE").unwrap();
        add(&till, 99);
        let reader = Journal::new(folder.0.join("till.journal"));
        let rows = reader.entries().unwrap();
        // What is not committed is not there.
        let numbers: Vec<&str> = rows.iter().map(|row| row.number.as_str()).collect();
        assert_eq!(numbers, ["SALE_0002", "SALE_0001", "SALE_0000"]);
        assert_eq!((rows[0].told, rows[0].coupon_code.as_str()), (Told::Done, "C 1"));
        assert_eq!(names(&folder.0), before);
        till.execute_batch("COMMIT").unwrap();
        assert_eq!(reader.entries().unwrap().len(), 4);
    }

    #[test]
    fn what_is_no_journal_is_told() {
        let folder = scratch();
        let path = folder.0.join("till.journal");
        let reader = Journal::new(path.clone());
        assert_eq!(reader.read().0, json!({ "state": "absent", "path": path }));
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        assert!(reader.entries().unwrap_err().contains("no journal of wxcoupon"));
        fs::write(&path, "nonsense that is longer than nothing").unwrap();
        assert!(reader.entries().is_err());
    }

    #[test]
    fn a_till_that_writes_all_the_time_is_read_whole() {
        let folder = scratch();
        let till = journal(&folder.0, 1);
        // The log is begun anew again and again.
        till.execute_batch("PRAGMA wal_autocheckpoint=2").unwrap();
        let reader = Journal::new(folder.0.join("till.journal"));
        thread::scope(|scope| {
            let writing = scope.spawn(move || (1..400).for_each(|number| add(&till, number)));
            let mut read = 0;
            while !writing.is_finished() {
                match reader.entries() {
                    // Rows come one at a time: none is ever missing.
                    Ok(rows) => {
                        assert_eq!(rows.len(), rows[0].number[5..].parse::<usize>().unwrap() + 1);
                        assert!(rows.len() >= read);
                        read = rows.len();
                    }
                    Err(error) => assert!(error.contains("being written"), "{error}"),
                }
            }
        });
        assert_eq!(reader.entries().unwrap().len(), 400);
    }

    #[test]
    fn while_it_cannot_be_read_the_last_good_reading_counts() {
        let folder = scratch();
        let till = journal(&folder.0, 3);
        till.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        let path = folder.0.join("till.journal");
        let reader = Journal::new(path.clone());
        assert_eq!(reader.read().0, json!({ "state": "read", "rows": 3, "left_out": 0 }));
        // A transaction in rollback-journal mode is under way.
        fs::write(beside(&path, "-journal"), "under way").unwrap();
        add(&till, 3);
        let (said, words) = reader.read();
        assert_eq!((&said["state"], &said["rows"], words.len()), (&json!("stale"), &json!(3), 3), "{said}");
        assert!(
            said["age_s"].is_u64() && said["issue"]["en"].as_str().unwrap().contains("being written"),
            "{said}"
        );
        fs::remove_file(beside(&path, "-journal")).unwrap();
        let (said, words) = reader.read();
        assert_eq!((&said["state"], words.len()), (&json!("read"), 4), "{said}");
        // Of the oldest that are not read it says how many there are.
        let rows = rows(&path, 3).unwrap();
        assert_eq!((rows.entries.len(), rows.left_out), (3, 1));
    }

    #[cfg(unix)]
    #[test]
    fn only_regular_files_of_a_journals_size_are_read() {
        let folder = scratch();
        let failed = |path: &Path| {
            let (said, words) = Journal::new(path.to_path_buf()).read();
            assert!(said["state"] == "failed" && words.is_empty(), "{said}");
            said["issue"]["en"].as_str().unwrap().to_owned()
        };
        let pipe = folder.0.join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [Path::new("/dev/zero"), &pipe, &folder.0] {
            assert!(failed(path).contains("not a regular file"), "{}", path.display());
        }
        let sparse = folder.0.join("sparse");
        File::create(&sparse).unwrap().set_len(1 << 40).unwrap();
        assert!(failed(&sparse).contains("bytes"));
        // A log may be no file either.
        let path = folder.0.join("till.journal");
        fs::write(&path, "").unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.0.join("till.journal-wal")).unwrap();
        assert!(failed(&path).contains("not a regular file"));
    }
}
