//! Migrates files of older versions of this library.

use super::files::{INDEX_IN_USE, SharedFile, beside};
use super::open::{OpenError, connect};
use super::rows::Tables;
use super::sql::{TABLES, indices};
use crate::course::Course;
use crate::journal::row::{DELAYED_ARRIVAL, Lease, NewRow, Request, Row, State};
use crate::journal::store::Transaction;
use crate::json;
use crate::os;
use rusqlite::{Connection, Row as SqlRow};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const COLUMNS: &str = "mchid, operation, number, method, target, body, members, state, code, cause, attempts, created_ms, \
     updated_ms, watch_until_ms, owner, answer, http_status, request_id, host";

/// The first format, of version 0.1.0.
const FIRST: i32 = 1;
/// In that format each context had a lock file beside the journal: the journal's name, this text, and the context's mark.
const MARK_OF_FIRST: &str = ".owner-";

/// Migrates a file of the first format atomically. No other program may have it open, because a context of the old library
/// may have requests on the way.
///
/// The old table is named `request`, and the new one `requests`. So an old program that has the file open without locks fails,
/// and does not write rows that are never read.
pub(super) fn from_first(path: &Path, named: &Path, file: &SharedFile) -> Result<(), OpenError> {
    let marks = || [path, named].into_iter().flat_map(marks_of_first);
    if marks().any(|mark| is_held(&mark)) {
        let why = "a program with an older version of this library still works on this journal: end it first";
        return Err(OpenError::Failed(why.into()));
    }
    let is_open = || {
        let why = "another program has this journal open. It is one of an older version of this library, and is brought to \
                   this version's format when nobody else has it open: end the other program first";
        OpenError::Busy(why.into())
    };
    // A context of the old library may have lost its locks on the file, but not those on the index of the log.
    if has_index_in_use(path).map_err(|error| error.to_string())? {
        return Err(is_open());
    }
    file.unshare();
    let db = connect(path)?;
    db.execute_batch("PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE").map_err(|error| {
        match error.into() {
            OpenError::Busy(_) => is_open(),
            other => other,
        }
    })?;
    if db.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0))? != FIRST {
        // Another process was faster. Before the first format there was no journal.
        return Err(OpenError::Busy("the format of the file has just changed".into()));
    }
    let has_table = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'request')";
    if !db.query_row(has_table, [], |row| row.get::<_, bool>(0))? {
        let why = "the file calls itself a journal of the first format and has not its table: something else has changed it";
        return Err(OpenError::Failed(why.into()));
    }
    db.execute_batch("ROLLBACK")?;
    // With this, removed rows make the file smaller. It needs twice the space for a moment. If that fails, the file stays as
    // it is.
    if let Err(error) = db.execute_batch("PRAGMA auto_vacuum=INCREMENTAL; VACUUM") {
        crate::log::warn(format_args!("the journal's file will not get smaller: {error}"));
    }
    let copied = db.execute_batch("PRAGMA synchronous=FULL; BEGIN IMMEDIATE").map_err(OpenError::from);
    copied.and_then(|()| copy(&db))?;
    drop(db);
    // These belong to processes that have ended.
    marks().for_each(|mark| drop(std::fs::remove_file(mark)));
    Ok(())
}

/// Whether another process uses the log of that file. No connection of this process may use it.
fn has_index_in_use(path: &Path) -> std::io::Result<bool> {
    let index = beside(path, "-shm");
    if cfg!(windows) || !index.exists() {
        return Ok(false);
    }
    os::is_locked(&os::open(&index)?, INDEX_IN_USE)
}

fn copy(db: &Connection) -> Result<(), OpenError> {
    db.execute_batch(TABLES)?;
    let mut select = db.prepare(&format!("SELECT {COLUMNS} FROM request ORDER BY id"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        Tables(db).insert(&migrated(row)?).map_err(|error| OpenError::Failed(error.to_string()))?;
    }
    drop(rows);
    drop(select);
    let format = super::open::FORMAT;
    Ok(db.execute_batch(&format!("DROP TABLE request; {} PRAGMA user_version={format}; COMMIT", indices()))?)
}

/// The lock files that contexts of the first format left beside the journal.
fn marks_of_first(journal: &Path) -> Vec<PathBuf> {
    let Some(name) = journal.file_name().map(|name| name.to_string_lossy().into_owned()) else {
        return Vec::new();
    };
    let prefix = format!("{name}{MARK_OF_FIRST}");
    let folder = journal.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Ok(entries) = std::fs::read_dir(folder.unwrap_or(Path::new("."))) else { return Vec::new() };
    let is_mark =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix));
    entries.flatten().map(|entry| entry.path()).filter(is_mark).collect()
}

/// Whether a living context holds the lock on that file. If unknown, it counts as held.
fn is_held(path: &Path) -> bool {
    // A mark is always a regular file. Opening a pipe could block.
    if !path.symlink_metadata().is_ok_and(|found| found.is_file()) {
        return false;
    }
    match File::open(path) {
        Ok(file) => matches!(file.try_lock(), Err(TryLockError::WouldBlock | TryLockError::Error(_))),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

fn migrated(old: &SqlRow<'_>) -> rusqlite::Result<Row> {
    let members: String = old.get(6)?;
    let members = json::parse_any(&members).and_then(json::into_object).unwrap_or_default();
    let request = Request {
        operation: old.get(1)?,
        request_no: old.get(2)?,
        method: old.get(3)?,
        target: old.get(4)?,
        body: old.get(5)?,
    };
    let new =
        NewRow { request: Arc::new(request), members, filled_in: Vec::new(), trace: None, ask_again: false };
    let state = State::from_number(old.get(7)?).unwrap_or(State::Pending);
    let (created_ms, watch_until_ms): (i64, i64) = (old.get(11)?, old.get(13)?);
    let delay_s = i64::try_from(DELAYED_ARRIVAL.as_secs()).unwrap_or(i64::MAX);
    Ok(Row {
        created_ms,
        state,
        called_off: matches!(state, State::Watching | State::Voiding | State::Voided),
        code: old.get(8)?,
        cause: old.get(9)?,
        attempts: old.get(10)?,
        updated_ms: old.get(12)?,
        // The old format does not say since when. It cannot be earlier.
        doubted_ms: matches!(state, State::Pending | State::Voiding).then_some(created_ms),
        // Format 1 had one number for both: 0 where nothing was ever sent.
        sent: watch_until_ms != 0,
        signed_s: if watch_until_ms == 0 { 0 } else { watch_until_ms / 1000 - delay_s },
        answer: old.get(15)?,
        http_status: old.get(16)?,
        request_id: old.get(17)?,
        host: old.get(18)?,
        course: Course::default(),
        // No context of that format is alive.
        lease: Lease { owner: None, generation: 1, until_ms: None },
        ..Row::new(&old.get(0)?, &"".into(), new)
    })
}
