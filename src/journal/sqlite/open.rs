//! Opens the `SQLite` file with care.

use super::migrate;
use super::owner::{Owners, owner_only};
use super::rows::{TABLES, indices};
use rusqlite::{Connection, OpenFlags};
use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

/// Written into the file's header: `wxcj`.
const APPLICATION_ID: i32 = 0x7778_636A;
/// Counts up when the tables change.
const FORMAT: i32 = 2;
/// How long to wait for another process that writes.
const BUSY: Duration = Duration::from_secs(3);

/// Opens or makes the file. One that is damaged, foreign or newer is refused and left as it is.
pub fn open(path: &Path, owners: &Owners) -> Result<Connection, String> {
    open_file(path).and_then(|db| prepare(&db, owners).map(|()| db))
}

fn open_file(path: &Path) -> Result<Connection, String> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    // SQLite gives the files beside it the same rights.
    owner_only(&mut options);
    options.open(path).map_err(|error| error.to_string())?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(|error| error.to_string())
}

/// Looks at what is there, and makes or migrates the tables.
pub fn prepare(db: &Connection, owners: &Owners) -> Result<(), String> {
    let text = |error: rusqlite::Error| error.to_string();
    db.busy_timeout(BUSY).map_err(text)?;
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0)).map_err(text);
    let empty = number("schema_version")? == 0;
    let (application, format) = (number("application_id")?, number("user_version")?);
    if !empty && application != APPLICATION_ID {
        return Err("this is a database of another program".into());
    }
    if format > FORMAT {
        return Err(format!(
            "written by a newer version of this library (format {format}, known is {FORMAT})"
        ));
    }
    let damage: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(text)?;
    if damage != "ok" {
        return Err(format!("the file is damaged: {damage}"));
    }
    // Where the file system cannot do it (some network shares), the older journal is as safe and slower.
    let _: String = db.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0)).map_err(text)?;
    db.execute_batch("PRAGMA synchronous=FULL; BEGIN IMMEDIATE").map_err(text)?;
    let made = if number("schema_version")? == 0 {
        db.execute_batch(TABLES).map_err(text)
    } else if number("user_version")? < FORMAT {
        migrate::from_first(db, owners)
    } else {
        // Nothing is changed, and the file has shown that it can be written.
        db.execute_batch("UPDATE requests SET state = state WHERE id = -1").map_err(text)
    };
    let rest =
        format!("{} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={FORMAT}; COMMIT", indices());
    made.and_then(|()| db.execute_batch(&rest).map_err(text)).inspect_err(|_| {
        let _ = db.execute_batch("ROLLBACK");
    })
}
