//! Writes the whole file anew, because unused bytes of its pages still hold what was removed.
//!
//! `SQLite` moves rows within pages and between them, and leaves the old bytes. `secure_delete` writes over a row where it is
//! removed, and not where it was before.

use super::open::{BUSY, connect};
use super::rows::{Tables, failed};
use super::watch::Watch;
use crate::journal::store::{Result, StoreError, Transaction as _};
use crate::system;
use rusqlite::Connection;
use std::time::Duration;

/// How often something was removed since the file was last written anew.
const REMOVED: &str = "removed";
/// A file up to this size is built in memory, which is faster than a temporary file.
const IN_MEMORY: u64 = 64 * 1024 * 1024;
/// How long to wait for those who read before the log is emptied.
const READERS: Duration = Duration::from_millis(300);

/// Remembers, in the change that removes something, that the file must be written anew.
pub(super) fn note_removal(db: &Connection) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO facts (name, value) VALUES (?1, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1";
    db.prepare_cached(sql)?.execute([REMOVED]).map(drop)
}

/// Uses a connection of its own, so that calls of this context can read meanwhile. Writers wait.
pub(super) fn clean(watch: &Watch) -> Result<()> {
    watch.before_change().map_err(StoreError::NotWritten)?;
    let db = connect(watch.file().path()).map_err(failed)?;
    let began = system::now();
    let writing = watch.write().map_err(StoreError::NotWritten)?;
    db.busy_timeout(BUSY.saturating_sub(system::now().saturating_duration_since(began))).map_err(failed)?;
    watch.in_change().map_err(StoreError::NotWritten)?;
    if let Some(removed) = Tables(&db).fact(REMOVED)? {
        let [length, _] = watch.file().lengths().map_err(StoreError::NotWritten)?;
        // Lost in a power cut, it is done again: the fact is removed after it, in the same order on the disk.
        let place = if length <= IN_MEMORY { "MEMORY" } else { "DEFAULT" };
        db.execute_batch(&format!("PRAGMA synchronous=NORMAL; PRAGMA temp_store={place}; VACUUM"))
            .map_err(failed)?;
        // Without a log, others may have removed more meanwhile.
        db.execute("DELETE FROM facts WHERE name = ?1 AND value = ?2", (REMOVED, removed)).map_err(failed)?;
    }
    drop(writing);
    // Most of the log is copied while others write. What they still read is copied with a later change.
    db.busy_timeout(READERS).map_err(failed)?;
    for how in ["PASSIVE", "TRUNCATE"] {
        let _ = db.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()));
    }
    Ok(())
}
