//! What happened without a call of the till: doubt that ended, and notifications.

use super::Result;
use rusqlite::{Connection, params};
use serde::Serialize;
use serde_json::value::RawValue;
use wxcoupon::system::wall_ms;

/// An event as a till gets it.
#[derive(Debug, Serialize)]
pub struct Event {
    pub id: i64,
    pub at_ms: i64,
    #[serde(rename = "event")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_request_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Box<RawValue>>,
}

/// Adds one for a till. `None`: for those whose policy hands on what is nobody's.
pub fn add(
    connection: &Connection,
    till: Option<&str>,
    event: &str,
    number: Option<&str>,
    body: Option<&str>,
) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO events (till, at_ms, event, number, body) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![till, wall_ms(), event, number, body])?;
    Ok(())
}

/// The events of a till after one of them, oldest first.
pub fn after(
    connection: &Connection,
    till: &str,
    with_common: bool,
    after: i64,
    limit: i64,
) -> Result<Vec<Event>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, at_ms, event, number, body FROM events
         WHERE id > ?1 AND (till = ?2 OR (till IS NULL AND ?3)) ORDER BY id LIMIT ?4",
    )?;
    let rows = statement.query_map(params![after, till, with_common, limit], |row| {
        let body: Option<String> = row.get(4)?;
        Ok(Event {
            id: row.get(0)?,
            at_ms: row.get(1)?,
            kind: row.get(2)?,
            out_request_no: row.get(3)?,
            body: body.and_then(|body| RawValue::from_string(body).ok()),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Keeps a notification. False: the same thing was told before.
pub fn keep_notification(
    connection: &Connection,
    dedup_key: &str,
    event_type: &str,
    body: &str,
) -> Result<bool> {
    let kept = connection
        .prepare_cached("INSERT INTO notifications VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?
        .execute(params![dedup_key, wall_ms(), event_type, body])?;
    Ok(kept == 1)
}

/// Removes what is older than this.
pub fn forget_before(connection: &Connection, at_ms: i64) -> Result<()> {
    connection.execute("DELETE FROM events WHERE at_ms < ?1", [at_ms])?;
    connection.execute("DELETE FROM notifications WHERE at_ms < ?1", [at_ms])?;
    Ok(())
}
