//! The file of a directory: opened with the journal's care, and set aside when it is damaged.

use super::rows::{INDICES, TABLES};
use crate::journal::sqlite::{SharedFile, Watch, beside, connect, is_full};
use crate::os;
use crate::system;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Written into the file's header: `wxcd`.
const APPLICATION_ID: i32 = 0x7778_6364;
/// Increases when the tables change.
const FORMAT: i32 = 1;
/// How long to wait for somebody else who writes. A till may wait meanwhile.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long to wait for somebody who sets the same file aside.
const SETTING_ASIDE: Duration = Duration::from_secs(3);
/// Pause between attempts to open the file.
const AGAIN: Duration = Duration::from_millis(10);
/// Capacity of the statement cache, larger than the number of statements.
const STATEMENTS: usize = 24;
/// Pages of the log after which it is copied into the file and begun anew, and the length to which it is cut then.
const LOG_PAGES: i64 = 60;
const LOG_BYTES: i64 = 256 * 1024;
/// Nothing is added where less is free: the journal's log takes half of it before it is begun anew.
const LEFT_FOR_REDEMPTIONS: u64 = 8 * 1024 * 1024;
/// What one more entry may take, in the log and in the file.
const ENTRY_BYTES: u64 = 20 * 1024;
/// `SQLITE_IOERR_SHORT_READ`
const SHORT_READ: i32 = 522;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Somebody else writes.
    #[error("{0}")]
    Busy(String),
    /// The file was removed, replaced or cut off while it was open.
    #[error("{0}")]
    Gone(String),
    /// What stands in the file is not what was written.
    #[error("{0}")]
    Damaged(String),
    /// The disk is full, or nearly.
    #[error("{0}")]
    NoRoom(String),
    /// Another reason.
    #[error("{0}")]
    Other(String),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        let is_cut = error.sqlite_error().is_some_and(|error| error.extended_code == SHORT_READ);
        let why = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Failure::Busy(why),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Failure::Damaged(why),
            _ if is_cut => Failure::Damaged(why),
            _ if is_full(&error) => Failure::NoRoom(why),
            _ => Failure::Other(why),
        }
    }
}

/// A directory that is open.
#[derive(Debug)]
pub struct Opened {
    // Before `watch`, which it needs: fields are dropped in this order.
    db: Connection,
    watch: Option<Watch>,
}

impl Opened {
    /// In memory.
    pub fn in_memory() -> Result<Opened, Failure> {
        let db = Connection::open_in_memory()?;
        prepare(&db)?;
        Ok(Opened { db, watch: None })
    }

    /// Opens or creates the file.
    pub fn file(path: &Path) -> Result<Opened, Failure> {
        if !path.exists() {
            leave_room(path, 1)?;
        }
        let file = SharedFile::open(path).map_err(Failure::Other)?;
        let began = system::now();
        let (db, has_log) = loop {
            match opened(path, &file) {
                Err(Failure::Busy(_)) if system::now().saturating_duration_since(began) < PATIENCE => {
                    system::sleep(AGAIN);
                }
                opened => break opened?,
            }
        };
        let watch = Watch::begin(file, has_log).map_err(Failure::Gone)?;
        Ok(Opened { db, watch: Some(watch) })
    }

    /// Reads, without waiting for writers.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Failure> {
        self.checked(Watch::before_work)?;
        let reading = Transaction::new_unchecked(&self.db, TransactionBehavior::Deferred)?;
        let read = work(&self.db)?;
        reading.commit()?;
        Ok(read)
    }

    /// Changes something, all of it or nothing, and adds so many entries at most. It is flushed with a later change: what is
    /// lost can be told again.
    pub fn change<T>(
        &self,
        added: usize,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Failure> {
        self.checked(Watch::before_change)?;
        let writing = self.watch.as_ref().map(|watch| watch.write_within(PATIENCE)).transpose();
        // Released after the change is committed or rolled back.
        let _writing = writing.map_err(Failure::Busy)?;
        if let Some(watch) = self.watch.as_ref().filter(|_| added > 0) {
            leave_room(watch.file().path(), added)?;
        }
        let change = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
        self.checked(Watch::in_change)?;
        let changed = work(&self.db)?;
        change.commit()?;
        Ok(changed)
    }

    /// Writes the log into the file, so that what was removed is not read there any more.
    pub fn empty_log(&self) {
        if self.checked(Watch::before_change).is_err() {
            return;
        }
        // While others read it goes on later, with a change of theirs.
        let _ = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }

    /// Reads everything with a connection of its own, so that no call has to wait.
    pub fn look_over(&self) -> Result<(u64, u64), Failure> {
        self.checked(Watch::before_work)?;
        let Some(watch) = &self.watch else { return super::rows::sizes(&self.db).map_err(Failure::from) };
        let db = connect(watch.file().path())?;
        db.execute_batch("PRAGMA query_only=ON; BEGIN")?;
        let found: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            return Err(Failure::Damaged(found));
        }
        Ok(super::rows::sizes(&db)?)
    }

    fn checked(&self, check: fn(&Watch) -> Result<(), String>) -> Result<(), Failure> {
        self.watch.as_ref().map_or(Ok(()), |watch| check(watch).map_err(Failure::Gone))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // If the files were replaced, the log is kept. SQLite would copy it into the file that has taken their place.
        if let Some(watch) = &self.watch
            && watch.before_change().is_ok()
        {
            watch.file().let_go_of_log();
        }
    }
}

/// As the journal is opened: during that time nobody takes the file exclusively.
fn opened(path: &Path, file: &SharedFile) -> Result<(Connection, bool), Failure> {
    if file.has_log() && !beside(path, "-journal").exists() {
        file.share().map_err(Failure::Busy)?;
    }
    let prepared = connect(path).map_err(Failure::from).and_then(|db| {
        let has_log = prepare(&db)?;
        Ok((db, has_log))
    });
    if !matches!(prepared, Ok((_, true))) {
        file.unshare();
    }
    prepared
}

/// Checks the file, and creates the tables if it is empty. Returns whether it has a log.
fn prepare(db: &Connection) -> Result<bool, Failure> {
    db.busy_timeout(PATIENCE)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let is_empty = number("schema_version")? == 0;
    let (application, format) = (number("application_id")?, number("user_version")?);
    if !is_empty && application != APPLICATION_ID {
        return Err(Failure::Damaged("it is not a directory of this library".into()));
    }
    if format > FORMAT {
        return Err(Failure::Other(format!(
            "written by a newer version of this library (format {format}, known is {FORMAT})"
        )));
    }
    if is_empty {
        // With this, removed entries make the file smaller. It must be set before the first page is written.
        db.execute_batch("PRAGMA auto_vacuum=INCREMENTAL")?;
    }
    let mode: String = db.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))?;
    // What is removed is written over, because it was about a person.
    db.execute_batch(&format!(
        "PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON; PRAGMA wal_autocheckpoint={LOG_PAGES}; \
         PRAGMA journal_size_limit={LOG_BYTES}"
    ))?;
    let making = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    if number("schema_version")? == 0 {
        let head = format!("PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={FORMAT}");
        db.execute_batch(&format!("{TABLES} {INDICES} {head}"))?;
    }
    super::rows::check_schema(db)?;
    making.commit()?;
    Ok(mode == "wal")
}

/// Refuses to add entries where redemptions need the room. A system that does not say what is free is asked by writing.
fn leave_room(path: &Path, entries: usize) -> Result<(), Failure> {
    let needed = u64::try_from(entries).unwrap_or(u64::MAX).saturating_mul(ENTRY_BYTES);
    match os::free_bytes(path.parent().unwrap_or(path)) {
        Ok(free) if free < LEFT_FOR_REDEMPTIONS.saturating_add(needed) => {
            Err(Failure::NoRoom(format!("the disk has {free} bytes left, which are left for redemptions")))
        }
        _ => Ok(()),
    }
}

/// Where a damaged file is put.
pub fn aside(path: &Path) -> PathBuf {
    beside(path, ".damaged")
}

/// Renames a damaged file and those beside it, unless somebody else has done it. No connection of this context may be open.
/// An earlier one that was set aside is replaced.
pub fn set_aside(path: &Path) -> Result<(), String> {
    let file = SharedFile::open(path)?;
    // The lock belongs to the file and not to its name: of several who find it damaged only the first renames it.
    let writing = file.write(SETTING_ASIDE)?;
    // An empty one was made just now.
    let is_still_there =
        os::identity_at(path).is_ok_and(|found| found.identity == file.identity() && found.length > 0);
    if cfg!(windows) {
        // There an open file cannot be renamed. While anybody has it open, renaming fails.
        drop(writing);
        drop(file);
    } else if !is_still_there {
        return Ok(());
    }
    remove_aside(path)?;
    // The file itself comes last: a kill in between leaves a damaged file, and not a log without its file.
    for end in ["-wal", "-shm", ""] {
        match fs::rename(beside(path, end), beside(&aside(path), end)) {
            Err(error) if end.is_empty() || error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("{} cannot be renamed: {error}", beside(path, end).display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes what was set aside.
pub fn remove_aside(path: &Path) -> Result<(), String> {
    for end in ["-wal", "-shm", ""] {
        let file = beside(&aside(path), end);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("{} cannot be removed: {error}", file.display()));
            }
            _ => {}
        }
    }
    Ok(())
}
