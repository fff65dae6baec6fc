//! Rows in `SQLite`.

use super::rows::{NewRow, Row, Rows, State, Verdict, ago_ms, latest_arrival, now_ms};
use rusqlite::{Connection, OptionalExtension, Result, Row as SqlRow, params};
use std::time::Duration;

/// Old rows that are forgotten at a time.
const PRUNED_AT_ONCE: i64 = 10_000;

const COLUMNS: &str = "id, operation, number, method, target, body, members, state, code, cause, attempts, \
     created_ms, updated_ms, watch_until_ms, answer, http_status, request_id, host, owner";

fn read(row: &SqlRow<'_>) -> Result<(Row, Option<String>)> {
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

impl Rows for Connection {
    fn by_number(&mut self, mchid: &str, number: &str) -> Result<Option<(Row, Option<String>)>> {
        self.prepare_cached(&format!("SELECT {COLUMNS} FROM request WHERE mchid = ?1 AND number = ?2"))?
            .query_row(params![mchid, number], read)
            .optional()
    }

    fn insert(&mut self, mchid: &str, owner: &str, new: NewRow) -> Result<Row> {
        let members = serde_json::to_string(&new.members)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let row = Row::of(0, new);
        self.prepare_cached(
            "INSERT INTO request (mchid, number, operation, method, target, body, members, state, created_ms, \
             updated_ms, owner, watch_until_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11)",
        )?
        .execute(params![
            mchid,
            row.number,
            row.operation,
            row.method,
            row.target,
            row.body,
            members,
            row.state as i64,
            row.created_ms,
            owner,
            latest_arrival(),
        ])?;
        Ok(Row { id: self.last_insert_rowid(), ..row })
    }

    fn take_up(
        &mut self,
        id: i64,
        owner: &str,
        state: Option<State>,
        watch_at_least_until_ms: i64,
    ) -> Result<()> {
        self.execute(
            "UPDATE request SET owner = ?2, watch_until_ms = max(watch_until_ms, ?3) WHERE id = ?1",
            params![id, owner, watch_at_least_until_ms],
        )?;
        if let Some(state) = state {
            self.execute(
                "UPDATE request SET state = ?2, updated_ms = ?3 WHERE id = ?1",
                params![id, state as i64, now_ms()],
            )?;
        }
        Ok(())
    }

    fn finish(&mut self, id: i64, verdict: Verdict) -> Result<()> {
        self.prepare_cached(
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
        ])
        .map(drop)
    }

    fn release(&mut self, id: i64) -> Result<()> {
        self.execute("UPDATE request SET owner = NULL WHERE id = ?1", [id]).map(drop)
    }

    fn call_off(&mut self, id: i64) -> Result<()> {
        let sql = "UPDATE request SET state = ?2, updated_ms = ?3 WHERE id = ?1";
        self.execute(sql, params![id, State::Voiding as i64, now_ms()]).map(drop)
    }

    fn delete(&mut self, id: i64) -> Result<()> {
        self.execute("DELETE FROM request WHERE id = ?1", [id]).map(drop)
    }

    fn prune(&mut self, keep: Duration) -> Result<()> {
        self.execute(
            "DELETE FROM request WHERE id IN (SELECT id FROM request WHERE state IN (1, 2, 3, 5) \
             AND updated_ms < ?1 ORDER BY id LIMIT ?2)",
            params![ago_ms(keep), PRUNED_AT_ONCE],
        )
        .map(drop)
    }

    fn unfinished(&mut self, mchid: &str) -> Result<Vec<Row>> {
        self.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM request WHERE mchid = ?1 AND state IN (0, 4, 6) ORDER BY id"
        ))?
        .query_map([mchid], |row| read(row).map(|(row, _)| row))?
        .collect()
    }
}
