//! Reads the whole file for the self-check. Opening a journal does not do that.

use super::open::connect;
use super::read::scan;
use super::watch::Watch;
use crate::journal::store::{Overview, Result, StoreError};

/// Uses a connection of its own, so that no call has to wait.
pub fn audit(watch: &Watch) -> Result<Overview> {
    let failed = |why: String| StoreError::NotWritten(format!("{}: {why}", watch.file().path().display()));
    watch.before_change().map_err(StoreError::NotWritten)?;
    let text = |error: rusqlite::Error| failed(error.to_string());
    let db = connect(watch.file().path()).map_err(text)?;
    db.execute_batch("PRAGMA query_only=ON; BEGIN").map_err(text)?;
    let found: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(text)?;
    if found != "ok" {
        return Err(failed(format!("the file is damaged: {found}")));
    }
    scan(&db).map_err(text)
}
