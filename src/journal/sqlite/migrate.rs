//! Files that older versions of this library have written.

use super::owner::Owners;
use super::rows::{TABLES, Tables};
use crate::course::Course;
use crate::journal::row::{DELAYED_ARRIVAL, Lease, NewRow, Request, Row, State};
use crate::journal::store::Transaction;
use rusqlite::{Connection, Row as SqlRow};
use serde_json::{Map, Value};
use std::sync::Arc;

const COLUMNS: &str = "mchid, operation, number, method, target, body, members, state, code, cause, attempts, created_ms, \
     updated_ms, watch_until_ms, owner, answer, http_status, request_id, host";

/// Format 1, of version 0.1.0, whose table had the name `request`. The new one has another, so that a program that still has
/// the file open fails instead of writing what nobody reads.
///
/// Runs inside a transaction. A context of the old library that still lives has rows of its own on the way: it must end
/// first.
pub fn from_first(db: &Connection, owners: &Owners) -> Result<(), String> {
    if owners.has_first_alive() {
        return Err(
            "a program with an older version of this library still works on this journal: end it first"
                .into(),
        );
    }
    let text = |error: rusqlite::Error| error.to_string();
    db.execute_batch(TABLES).map_err(text)?;
    let mut select = db.prepare(&format!("SELECT {COLUMNS} FROM request ORDER BY id")).map_err(text)?;
    let mut rows = select.query([]).map_err(text)?;
    while let Some(row) = rows.next().map_err(text)? {
        let row = migrated(row).map_err(text)?;
        Tables(db).insert(&row).map_err(|error| error.to_string())?;
    }
    drop(rows);
    drop(select);
    db.execute_batch("DROP TABLE request").map_err(text)
}

fn migrated(old: &SqlRow<'_>) -> rusqlite::Result<Row> {
    let members: String = old.get(6)?;
    let members: Map<String, Value> = serde_json::from_str(&members).unwrap_or_default();
    let request = Request {
        operation: old.get(1)?,
        number: old.get(2)?,
        method: old.get(3)?,
        target: old.get(4)?,
        body: old.get(5)?,
    };
    let new = NewRow { request: Arc::new(request), members, filled_in: Vec::new(), ask_again: false };
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
        // It did not say since when; it cannot be later.
        doubted_ms: matches!(state, State::Pending | State::Voiding).then_some(created_ms),
        // Format 1 had one number for both: 0 where nothing was ever sent.
        sent: watch_until_ms != 0,
        signed_s: if watch_until_ms == 0 { 0 } else { watch_until_ms / 1000 - delay_s },
        answer: old.get(15)?,
        http_status: old.get(16)?,
        request_id: old.get(17)?,
        host: old.get(18)?,
        course: Course::default(),
        // Nobody of that format lives any more.
        lease: Lease { owner: None, generation: 1, until_ms: None },
        ..Row::new(&old.get(0)?, &"".into(), new)
    })
}
