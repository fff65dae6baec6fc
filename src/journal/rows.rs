//! What stands in a row, and every change of it.

use super::Holders;
use crate::config::LONGEST_CALL_MS;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a request can still arrive after it was sent: WeChat Pay refuses a signature that is more than
/// five minutes old, and a minute is for its clock and ours.
pub const DELAYED_ARRIVAL: Duration = Duration::from_secs(360);
/// Finished rows that a journal in memory remembers, for repeats.
const REMEMBERED_IN_MEMORY: i64 = 1000;
/// Old rows that are forgotten at a time.
const PRUNED_AT_ONCE: i64 = 10_000;

/// What is known of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It may have happened, or is happening now.
    Pending = 0,
    /// It happened, proven.
    Done = 1,
    /// WeChat Pay refused it.
    Refused = 2,
    /// The till was told that it did not happen.
    Closed = 3,
    /// Called off and not found at WeChat Pay; a delayed copy could still arrive.
    Watching = 4,
    /// Called off for good: undone, or never happened.
    Voided = 5,
    /// Being called off: it may have happened, and is to be undone.
    Voiding = 6,
}

impl State {
    fn from_number(number: i64) -> State {
        match number {
            1 => State::Done,
            2 => State::Refused,
            3 => State::Closed,
            4 => State::Watching,
            5 => State::Voided,
            6 => State::Voiding,
            _ => State::Pending,
        }
    }
}

/// A request to be written down.
#[derive(Debug, Clone)]
pub struct NewRow {
    /// Name of the operation.
    pub operation: String,
    /// The request's own number.
    pub number: String,
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The frozen bytes.
    pub body: Option<Vec<u8>>,
    /// The members that were checked.
    pub members: Map<String, Value>,
    /// Members that this library filled in with the present time: they do not make a repeat different.
    pub filled_in: Vec<&'static str>,
    /// Whether a recorded success is sent again instead of being answered from here.
    pub ask_again: bool,
}

/// A request as it stands in the journal.
#[derive(Debug, Clone)]
pub struct Row {
    /// Key of the row.
    pub id: i64,
    /// Name of the operation.
    pub operation: String,
    /// The request's own number.
    pub number: String,
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The frozen bytes.
    pub body: Option<Vec<u8>>,
    /// The members as they were checked.
    pub members: Map<String, Value>,
    /// What is known.
    pub state: State,
    /// Status of the last attempt.
    pub code: i32,
    /// Its message.
    pub cause: String,
    /// How often it was sent, or tried to be sent.
    pub attempts: u32,
    /// When it was written down, in milliseconds since 1970 by this machine's clock.
    pub created_ms: i64,
    /// When it last changed.
    pub updated_ms: i64,
    /// Until when a delayed copy could arrive.
    pub watch_until_ms: i64,
    /// The recorded answer.
    pub answer: Option<String>,
    /// HTTP status of the recorded answer.
    pub http_status: Option<u16>,
    /// `Request-ID` of the last answer.
    pub request_id: Option<String>,
    /// Host that gave it.
    pub host: Option<String>,
}

/// What became of a request.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What is known now.
    pub state: State,
    /// The status that was told.
    pub code: i32,
    /// Its message.
    pub cause: String,
    /// Attempts of this call.
    pub attempts: u32,
    /// Until when a delayed copy could arrive; 0 where none could.
    pub watch_until_ms: i64,
    /// The proven answer.
    pub answer: Option<String>,
    /// Its HTTP status.
    pub http_status: Option<u16>,
    /// Its `Request-ID`.
    pub request_id: Option<String>,
    /// The host that gave it.
    pub host: Option<String>,
}

/// What is known of a number when a call comes with it.
#[derive(Debug)]
pub enum Begin {
    /// Send the claimed row's bytes.
    Go(super::Claim),
    /// It is done; this was the answer.
    Recorded(Row),
    /// Another call is at it.
    Running,
    /// The number belongs to something else.
    Reused(String),
}

/// The same without the claim.
pub(super) enum Found {
    Claimed { row: Row, doubt: bool },
    Recorded(Row),
    Running,
    Reused(String),
}

/// This machine's time, in milliseconds since 1970.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

const COLUMNS: &str = "id, operation, number, method, target, body, members, state, code, cause, attempts, \
     created_ms, updated_ms, watch_until_ms, answer, http_status, request_id, host, owner";

fn read(row: &SqlRow<'_>) -> rusqlite::Result<(Row, Option<String>)> {
    let members: String = row.get(6)?;
    let read = Row {
        id: row.get(0)?,
        operation: row.get(1)?,
        number: row.get(2)?,
        method: row.get(3)?,
        target: row.get(4)?,
        body: row.get(5)?,
        members: serde_json::from_str(&members).unwrap_or_default(),
        state: State::from_number(row.get(7)?),
        code: row.get(8)?,
        cause: row.get(9)?,
        attempts: row.get(10)?,
        created_ms: row.get(11)?,
        updated_ms: row.get(12)?,
        watch_until_ms: row.get(13)?,
        answer: row.get(14)?,
        http_status: row.get(15)?,
        request_id: row.get(16)?,
        host: row.get(17)?,
    };
    Ok((read, row.get(18)?))
}

fn by_number(db: &Connection, mchid: &str, number: &str) -> rusqlite::Result<Option<(Row, Option<String>)>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM request WHERE mchid = ?1 AND number = ?2"))?
        .query_row(params![mchid, number], read)
        .optional()
}

pub(super) fn find(db: &Connection, mchid: &str, number: &str) -> rusqlite::Result<Option<Row>> {
    Ok(by_number(db, mchid, number)?.map(|(row, _)| row))
}

pub(super) fn begin(
    db: &Connection,
    mchid: &str,
    holders: &Holders,
    new: &NewRow,
) -> rusqlite::Result<Found> {
    let Some((row, holder)) = by_number(db, mchid, &new.number)? else {
        return Ok(Found::Claimed { row: insert(db, mchid, holders.owner.id(), new)?, doubt: false });
    };
    if holders.hold(row.id, holder.as_deref()) {
        return Ok(Found::Running);
    }
    // Told "never sent" after which nothing was sent: the number is as good as new.
    if row.state == State::Closed && row.watch_until_ms == 0 && !same_request(&row, new) {
        db.execute("DELETE FROM request WHERE id = ?1", [row.id])?;
        return Ok(Found::Claimed { row: insert(db, mchid, holders.owner.id(), new)?, doubt: false });
    }
    if matches!(row.state, State::Watching | State::Voiding | State::Voided) {
        return Ok(Found::Reused("the request with this number was called off".into()));
    }
    if !same_request(&row, new) {
        return Ok(Found::Reused(format!(
            "the number stands for another request: {} recorded with other content",
            row.operation
        )));
    }
    if row.state == State::Done && !new.ask_again {
        return Ok(Found::Recorded(row));
    }
    let doubt = row.state == State::Pending;
    let claimed = Row { state: if row.state == State::Done { State::Done } else { State::Pending }, ..row };
    db.execute(
        "UPDATE request SET owner = ?2, state = ?3, updated_ms = ?4, watch_until_ms = max(watch_until_ms, ?5) \
         WHERE id = ?1",
        params![claimed.id, holders.owner.id(), claimed.state as i64, now_ms(), latest_arrival()],
    )?;
    Ok(Found::Claimed { row: claimed, doubt })
}

fn insert(db: &Connection, mchid: &str, owner: &str, new: &NewRow) -> rusqlite::Result<Row> {
    let now = now_ms();
    db.prepare_cached(
        "INSERT INTO request (mchid, number, operation, method, target, body, members, state, created_ms, \
         updated_ms, owner, watch_until_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11)",
    )?
    .execute(params![
        mchid,
        new.number,
        new.operation,
        new.method,
        new.target,
        new.body,
        Value::Object(new.members.clone()).to_string(),
        State::Pending as i64,
        now,
        owner,
        latest_arrival(),
    ])?;
    Ok(Row {
        id: db.last_insert_rowid(),
        operation: new.operation.clone(),
        number: new.number.clone(),
        method: new.method.clone(),
        target: new.target.clone(),
        body: new.body.clone(),
        members: new.members.clone(),
        state: State::Pending,
        code: 0,
        cause: String::new(),
        attempts: 0,
        created_ms: now,
        updated_ms: now,
        watch_until_ms: 0,
        answer: None,
        http_status: None,
        request_id: None,
        host: None,
    })
}

/// The order of members does not matter, a time that we filled in is the first call's, and sensitive members
/// may be encrypted for another key by now.
fn same_request(row: &Row, new: &NewRow) -> bool {
    let without_filled = |members: &Map<String, Value>| {
        let mut members = members.clone();
        members.retain(|name, _| name != "_options" && !new.filled_in.contains(&name.as_str()));
        members
    };
    row.operation == new.operation
        && row.method == new.method
        && without_filled(&row.members) == without_filled(&new.members)
        && (!new.members.is_empty() || row.body == new.body)
        && (new.operation != "request" || row.target == new.target)
}

pub(super) fn claim(
    db: &Connection,
    mchid: &str,
    number: &str,
    holders: &Holders,
) -> rusqlite::Result<Option<Row>> {
    let Some((row, holder)) = by_number(db, mchid, number)? else { return Ok(None) };
    if holders.hold(row.id, holder.as_deref()) {
        return Ok(None);
    }
    db.execute(
        "UPDATE request SET owner = ?2, \
         watch_until_ms = CASE state WHEN 0 THEN max(watch_until_ms, ?3) ELSE watch_until_ms END WHERE id = ?1",
        params![row.id, holders.owner.id(), latest_arrival()],
    )?;
    Ok(Some(row))
}

pub(super) fn call_off(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.execute("UPDATE request SET state = 6, updated_ms = ?2 WHERE id = ?1", params![id, now_ms()]).map(drop)
}

/// Until when a copy of what is sent from now on could arrive, should this process die before it can say
/// better: the longest call and the longest delay after it.
fn latest_arrival() -> i64 {
    let longest = DELAYED_ARRIVAL + Duration::from_millis(LONGEST_CALL_MS);
    now_ms().saturating_add(i64::try_from(longest.as_millis()).unwrap_or(i64::MAX))
}

pub(super) fn unfinished(db: &Connection, mchid: &str) -> rusqlite::Result<Vec<Row>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM request WHERE mchid = ?1 AND state IN (0, 4, 6) ORDER BY id"
    ))?
    .query_map([mchid], |row| read(row).map(|(row, _)| row))?
    .collect()
}

pub(super) fn finish(db: &Connection, id: i64, verdict: &Verdict, keep_all: bool) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE request SET owner = NULL, state = ?2, code = ?3, cause = ?4, attempts = attempts + ?5, \
         updated_ms = ?6, watch_until_ms = ?7, answer = coalesce(?8, answer), \
         http_status = coalesce(?9, http_status), request_id = coalesce(?10, request_id), \
         host = coalesce(?11, host) WHERE id = ?1",
    )?
    .execute(params![
        id,
        verdict.state as i64,
        verdict.code,
        verdict.cause,
        verdict.attempts,
        now_ms(),
        verdict.watch_until_ms,
        verdict.answer,
        verdict.http_status,
        verdict.request_id,
        verdict.host,
    ])?;
    if !keep_all {
        db.prepare_cached("DELETE FROM request WHERE id <= ?1 AND state IN (1, 2, 3, 5)")?
            .execute([id - REMEMBERED_IN_MEMORY])?;
    }
    Ok(())
}

pub(super) fn release(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.execute("UPDATE request SET owner = NULL WHERE id = ?1", [id]).map(drop)
}

pub(super) fn prune(db: &Connection, keep: Duration) -> rusqlite::Result<()> {
    let oldest = now_ms().saturating_sub(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX));
    db.execute(
        "DELETE FROM request WHERE id IN (SELECT id FROM request WHERE state IN (1, 2, 3, 5) \
         AND updated_ms < ?1 ORDER BY id LIMIT ?2)",
        params![oldest, PRUNED_AT_ONCE],
    )
    .map(drop)
}
