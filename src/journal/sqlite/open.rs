//! Opens the `SQLite` file with care.

use super::files::{SharedFile, beside};
use super::migrate;
use super::path::real;
use super::sql::{TABLES, check_schema, indices};
use super::watch::Watch;
use crate::system;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Written into the file's header: `wxcj`.
const APPLICATION_ID: i32 = 0x7778_636A;
/// Increases when the tables change.
pub(super) const FORMAT: i32 = 2;
/// How long to wait for another process that writes.
pub(super) const BUSY: Duration = Duration::from_secs(3);
/// Capacity of the statement cache, larger than the number of statements.
const STATEMENTS: usize = 32;
/// Pause between retries where `SQLite` itself does not wait.
const AGAIN: Duration = Duration::from_millis(10);

/// Why a file was not opened.
#[derive(Debug)]
pub(super) enum OpenError {
    /// Another program uses it at the moment.
    Busy(String),
    /// It has this older format and must be migrated first.
    Older(i32),
    /// Another reason.
    Failed(String),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> OpenError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Busy(error.to_string()),
            _ => OpenError::Failed(error.to_string()),
        }
    }
}

impl From<String> for OpenError {
    fn from(why: String) -> OpenError {
        OpenError::Failed(why)
    }
}

/// Opens or creates the file. It is refused and left as it is if its header or schema is damaged, or if it is foreign or newer.
pub fn open(path: &Path) -> Result<(Connection, Watch), String> {
    let named = path;
    let path = real(path)?;
    let file = SharedFile::open(&path)?;
    let (db, has_log) = patiently(|| match opened(&path, &file) {
        Err(OpenError::Older(_)) => {
            let migrated = migrate::from_first(&path, named, &file);
            migrated.and_then(|()| opened(&path, &file))
        }
        opened => opened,
    })?;
    let watch = Watch::begin(file, has_log)?;
    Ok((db, watch))
}

/// Opens a connection. During that time nobody may take the file exclusively, and this connection must not either: if another
/// owner has lost `SQLite`'s locks, closing the connection would remove the log that the owner uses.
fn opened(path: &Path, file: &SharedFile) -> Result<(Connection, bool), OpenError> {
    // If there is no log yet, creating one needs the file exclusively.
    if file.has_log() && !beside(path, "-journal").exists() {
        file.share().map_err(OpenError::Busy)?;
    }
    let prepared =
        connect(path).map_err(OpenError::from).and_then(|db| prepare(&db).map(|has_log| (db, has_log)));
    if !matches!(prepared, Ok((_, true))) {
        file.unshare();
    }
    prepared
}

/// Connects to an existing file.
pub fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

/// Retries as long as a write would wait. `SQLite` itself does not wait when it needs the whole file.
pub(super) fn patiently<T>(mut work: impl FnMut() -> Result<T, OpenError>) -> Result<T, String> {
    let began = system::now();
    loop {
        match work() {
            Ok(done) => return Ok(done),
            Err(OpenError::Failed(why)) => return Err(why),
            Err(OpenError::Older(format)) => return Err(format!("it is of the older format {format}")),
            Err(OpenError::Busy(why)) if system::now().saturating_duration_since(began) >= BUSY => {
                return Err(why);
            }
            Err(OpenError::Busy(_)) => {
                // Random, so that several processes do not retry at the same time.
                let mut random = [0];
                let apart = if system::random(&mut random) { u64::from(random[0] % 16) } else { 0 };
                system::sleep(AGAIN + Duration::from_millis(apart));
            }
        }
    }
}

/// Checks the file, and creates the tables if it is empty. Returns whether it has a log.
pub(super) fn prepare(db: &Connection) -> Result<bool, OpenError> {
    db.busy_timeout(BUSY)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let empty = number("schema_version")? == 0;
    let (application, format) = (number("application_id")?, number("user_version")?);
    if !empty && application != APPLICATION_ID {
        return Err(OpenError::Failed("this is a database of another program".into()));
    }
    if format > FORMAT {
        return Err(OpenError::Failed(format!(
            "written by a newer version of this library (format {format}, known is {FORMAT})"
        )));
    }
    if !empty && format < FORMAT {
        return Err(OpenError::Older(format));
    }
    if empty {
        // With this, removed rows make the file smaller. It must be set before the first page is written.
        db.execute_batch("PRAGMA auto_vacuum=INCREMENTAL")?;
    }
    // Some network shares do not support a log. Then the older rollback journal is as safe, but slower.
    let mode: String = db.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))?;
    db.execute_batch("PRAGMA synchronous=FULL; BEGIN IMMEDIATE")?;
    let tables = if number("schema_version")? == 0 {
        db.execute_batch(TABLES).map_err(OpenError::from)
    } else {
        check_schema(db).map_err(OpenError::from)
    };
    // This changes nothing if everything is there already, but it shows that the file can be written.
    let rest =
        format!("{} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={FORMAT}; COMMIT", indices());
    tables.and_then(|()| db.execute_batch(&rest).map_err(OpenError::from)).inspect_err(|_| {
        let _ = db.execute_batch("ROLLBACK");
    })?;
    Ok(mode == "wal")
}
