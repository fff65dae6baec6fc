//! What happened without a call of the till: doubt that ended, and notifications.

use super::sql::{Sql, values};
use super::{Failed, Result};
use serde::Serialize;
use serde_json::value::RawValue;

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

/// The next event's number. Its row is locked until the transaction ends: so events are numbered in the order in which they can be
/// seen, and a till that asks for what came after the last one misses none.
fn next(sql: &mut dyn Sql) -> Result<i64> {
    let row = sql.first(
        "INSERT INTO {hub}.facts (name, value) VALUES ('last_event', '1') ON CONFLICT (name) DO UPDATE
         SET value = CAST(CAST(facts.value AS BIGINT) + 1 AS TEXT) RETURNING value",
        values![],
    )?;
    let next = row.map(|row| row.text(0)).transpose()?.and_then(|text| text.parse().ok());
    next.ok_or_else(|| Failed::new("the number of the last event cannot be read"))
}

/// Adds one for a till. `None`: for those whose policy hands on what is nobody's.
pub fn add(
    sql: &mut dyn Sql,
    till: Option<&str>,
    event: &str,
    number: Option<&str>,
    body: Option<&str>,
) -> Result<()> {
    let id = next(sql)?;
    sql.execute(
        "INSERT INTO {hub}.events (id, till, at_ms, event, number, body) VALUES ($1, $2, {now}, $3, $4, $5)",
        values![id, till, event, number, body],
    )?;
    Ok(())
}

/// The events of a till after one of them, oldest first.
pub fn after(sql: &mut dyn Sql, till: &str, with_common: bool, after: i64, limit: i64) -> Result<Vec<Event>> {
    let rows = sql.query(
        "SELECT id, at_ms, event, number, body FROM {hub}.events
         WHERE id > $1 AND (till = $2 OR (till IS NULL AND $3 = 1)) ORDER BY id LIMIT $4",
        values![after, till, with_common, limit],
    )?;
    let event = |row: super::sql::Row| {
        Ok(Event {
            id: row.number(0)?,
            at_ms: row.number(1)?,
            kind: row.text(2)?,
            out_request_no: row.text_or_none(3)?,
            body: row.text_or_none(4)?.and_then(|body| RawValue::from_string(body).ok()),
        })
    };
    rows.into_iter().map(event).collect()
}

/// Keeps a notification. False: the same thing was told before.
pub fn keep_notification(sql: &mut dyn Sql, dedup_key: &str, event_type: &str, body: &str) -> Result<bool> {
    let kept = sql.execute(
        "INSERT INTO {hub}.notifications (dedup_key, at_ms, event_type, body) VALUES ($1, {now}, $2, $3)
         ON CONFLICT (dedup_key) DO NOTHING",
        values![dedup_key, event_type, body],
    )?;
    Ok(kept == 1)
}

/// Removes what is older than this.
pub fn forget_older(sql: &mut dyn Sql, age_ms: i64) -> Result<()> {
    sql.execute("DELETE FROM {hub}.events WHERE at_ms < {now} - $1", values![age_ms])?;
    sql.execute("DELETE FROM {hub}.notifications WHERE at_ms < {now} - $1", values![age_ms])?;
    Ok(())
}
