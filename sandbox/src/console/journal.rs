//! Reads the till's journal without disturbing the till.
//!
//! The journal is an `SQLite` file that the till keeps open, mostly with a log (`-wal`) beside it. Opening it as a database would
//! make and lock files that belong to the till. So its bytes are read as those of any file, in an order in which the copy is
//! whole, and the copy is opened. Only a sandbox in another process than the till may do this: on Unix a process that closes
//! a file loses all locks that it has on it.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rusqlite::{Connection, OpenFlags};

use super::told::{Told, ToldEntry};
use crate::clock::rfc3339;
use crate::crypto::random;
use crate::operation::Route;
use crate::sync::lock;

/// In the head of every journal: `wxcj`.
const APPLICATION_ID: i64 = 0x7778_636A;
/// The format that is read.
const FORMAT: i64 = 2;
/// The latest rows, and no more of them.
const ROWS: &str = "SELECT number, operation, method, target, state, called_off, code, cause, updated_ms FROM requests \
                    ORDER BY id DESC LIMIT 2000";
/// A writing till changes the files while they are read; then they are read again.
const TRIES: usize = 5;
/// Bytes of the head of a log, in which `SQLite` puts new random numbers whenever it begins the log anew.
const LOG_HEAD: usize = 32;
/// Bytes of the head of the file, with the counter of its changes.
const FILE_HEAD: usize = 100;

/// The rows, or why there are none.
type Reading = Result<Vec<ToldEntry>, String>;

/// What tells whether anything was written: lengths and times of both files.
type Stamp = Vec<Option<(u64, std::time::SystemTime)>>;

pub(super) struct Journal {
    path: PathBuf,
    latest: Mutex<Option<(Stamp, Reading)>>,
}

impl Journal {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, latest: Mutex::default() }
    }

    /// What the till was told, latest first.
    pub(super) fn read(&self) -> Reading {
        let stamp = self.stamp();
        let mut latest = lock(&self.latest);
        // Windows brings the times of open files up to date late.
        if cfg!(unix)
            && let Some((seen, reading)) = latest.as_ref()
            && *seen == stamp
        {
            return reading.clone();
        }
        let reading = self.read_files();
        *latest = Some((stamp, reading.clone()));
        reading
    }

    /// A till makes it when it starts.
    pub(super) fn is_there(&self) -> bool {
        self.path.exists()
    }

    fn log(&self) -> PathBuf {
        beside(&self.path, "-wal")
    }

    fn stamp(&self) -> Stamp {
        let stamp = |path: &Path| fs::metadata(path).and_then(|data| Ok((data.len(), data.modified()?))).ok();
        vec![stamp(&self.path), stamp(&self.log())]
    }

    fn read_files(&self) -> Reading {
        let failed = |error: io::Error| format!("{}: {error}", self.path.display());
        for _ in 0..TRIES {
            if let Some((file, log)) = self.copy().map_err(failed)? {
                let folder = Scratch::new().map_err(failed)?;
                let copy = folder.0.join("journal");
                fs::write(&copy, file).map_err(failed)?;
                if !log.is_empty() {
                    fs::write(beside(&copy, "-wal"), log).map_err(failed)?;
                }
                return rows(&copy).map_err(|error| format!("{}: {error}", self.path.display()));
            }
        }
        Err(format!("{}: it is being written all the time; it is read again later", self.path.display()))
    }

    /// The file and its log as they were at one moment; `None` when the till wrote in between in a way that would tear them.
    ///
    /// What stands in the log counts more than what stands in the file. The file is read first, then the log: so every page
    /// that `SQLite` has moved from the log into the file meanwhile is in the log too, unless the log has been begun anew, which
    /// its head shows. A log that breaks off is read up to its last whole transaction.
    fn copy(&self) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
        // A rollback journal: a transaction is under way.
        if fs::exists(beside(&self.path, "-journal"))? {
            return Ok(None);
        }
        let before = (head(&self.log(), LOG_HEAD)?, head(&self.path, FILE_HEAD)?);
        let file = fs::read(&self.path)?;
        let log = read_or_nothing(&self.log())?;
        let after = (head(&self.log(), LOG_HEAD)?, head(&self.path, FILE_HEAD)?);
        // Without a log the counter in the file's head tells.
        let is_whole = before.0 == after.0 && (!log.is_empty() || before.1 == after.1);
        let is_whole = is_whole && !fs::exists(beside(&self.path, "-journal"))?;
        Ok(is_whole.then_some((file, log)))
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn read_or_nothing(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
}

/// The first bytes, as many as there are.
fn head(path: &Path, bytes: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(u64::try_from(bytes).unwrap_or(0)).read_to_end(&mut head).map(drop)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(head)
}

/// A folder of our own, for the copy; it has openids in it, so nobody else may look.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        let name = format!("wxcoupon-sandbox-journal-{}", random::upper_hex(16).map_err(io::Error::other)?);
        let path = std::env::temp_dir().join(name);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing useful can be done when this fails.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn rows(copy: &Path) -> Result<Vec<ToldEntry>, String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error: rusqlite::Error| error.to_string();
    let database = Connection::open_with_flags(copy, flags).map_err(failed)?;
    let number = |pragma: &str| database.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    if number("application_id").map_err(failed)? != APPLICATION_ID {
        return Err("this is no journal of wxcoupon".to_owned());
    }
    let format = number("user_version").map_err(failed)?;
    if format != FORMAT {
        return Err(format!("the journal has format {format}; format {FORMAT} is read"));
    }
    let mut statement = database.prepare(ROWS).map_err(failed)?;
    let rows = statement.query_map([], entry).map_err(failed)?;
    rows.collect::<Result<_, _>>().map_err(failed)
}

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<ToldEntry> {
    let (method, target): (String, String) = (row.get("method")?, row.get("target")?);
    let (state, code): (i64, i64) = (row.get("state")?, row.get("code")?);
    let path = crate::mode::partner_path(target.split('?').next().unwrap_or_default()).into_owned();
    let mut entry = ToldEntry::new(&row.get::<_, String>("number")?, told(state, row.get("called_off")?));
    entry.operation = row.get("operation")?;
    let route = Route::find(&method, &path);
    entry.coupon_code =
        route.and_then(|route| route.param("coupon_code").map(str::to_owned)).unwrap_or_default();
    entry.status = code.to_string();
    entry.message = row.get("cause")?;
    "journal".clone_into(&mut entry.source);
    entry.time = rfc3339(row.get::<_, i64>("updated_ms")?.div_euclid(1000));
    Ok(entry)
}

/// What the states of a row say to the caller; the numbers are those of the journal's format 2.
fn told(state: i64, called_off: bool) -> Told {
    match state {
        // Done.
        1 => Told::Done,
        // Called off: watched for a late copy, or voided.
        4 | 5 => Told::Undone,
        // Refused, and watched after a refusal that came when it was called off.
        2 | 7 if called_off => Told::Undone,
        // Refused, closed without a request, refused and watched.
        2 | 3 | 7 => Told::NotDone,
        // Pending, being voided, unresolved, damaged, abandoned by a person.
        _ => Told::InDoubt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let rows = reader.read().unwrap();
        // What is not committed is not there.
        let numbers: Vec<&str> = rows.iter().map(|row| row.number.as_str()).collect();
        assert_eq!(numbers, ["SALE_0002", "SALE_0001", "SALE_0000"]);
        assert_eq!((rows[0].told, rows[0].coupon_code.as_str()), (Told::Done, "C 1"));
        assert_eq!(names(&folder.0), before);
        till.execute_batch("COMMIT").unwrap();
        assert_eq!(reader.read().unwrap().len(), 4);
    }

    #[test]
    fn what_is_no_journal_is_told() {
        let folder = scratch();
        let path = folder.0.join("till.journal");
        let reader = Journal::new(path.clone());
        assert!(reader.read().unwrap_err().contains("till.journal"));
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        assert!(reader.read().unwrap_err().contains("no journal of wxcoupon"));
        fs::write(&path, "nonsense that is longer than nothing").unwrap();
        assert!(reader.read().is_err());
    }

    #[test]
    fn a_till_that_writes_all_the_time_is_read_whole() {
        let folder = scratch();
        let till = journal(&folder.0, 1);
        // The log is begun anew again and again.
        till.execute_batch("PRAGMA wal_autocheckpoint=2").unwrap();
        let reader = Journal::new(folder.0.join("till.journal"));
        std::thread::scope(|scope| {
            let writing = scope.spawn(move || (1..400).for_each(|number| add(&till, number)));
            let mut read = 0;
            while !writing.is_finished() {
                match reader.read() {
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
        assert_eq!(reader.read().unwrap().len(), 400);
    }
}
