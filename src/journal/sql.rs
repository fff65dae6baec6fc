//! Rows in `SQLite`.

use super::rows::{NewRow, Reach, Request, Row, Rows, State, Verdict, ago_ms, latest_arrival, now_ms};
use rusqlite::{Connection, OptionalExtension, Result, Row as SqlRow, params};
use std::sync::Arc;
use std::time::Duration;

/// Old rows that are forgotten at a time.
const PRUNED_AT_ONCE: usize = 2_000;

const COLUMNS: &str = "id, operation, number, method, target, body, members, state, code, cause, attempts, \
     created_ms, updated_ms, watch_until_ms, answer, http_status, request_id, host, owner";

/// Rows that are not known to be finished. Written with `IN`, `SQLite` would build a table of the three numbers, in
/// memory, whenever a row is written.
const UNFINISHED: &str = "(state = 0 OR state = 4 OR state = 6)";

/// What finds them among many. Files of earlier builds have it as `request_unfinished`, written with `IN`. The query
/// names it, so another name would be another format of the file.
pub(super) fn index() -> String {
    format!(
        "DROP INDEX IF EXISTS request_unfinished; \
         CREATE INDEX IF NOT EXISTS request_open ON request (state, id) WHERE {UNFINISHED};"
    )
}

/// Left to itself `SQLite` goes through all rows of the merchant.
fn unfinished() -> String {
    format!(
        "SELECT {COLUMNS} FROM request INDEXED BY request_open WHERE mchid = ?1 AND {UNFINISHED} ORDER BY id"
    )
}

fn read(row: &SqlRow<'_>) -> Result<(Row, Option<Arc<str>>)> {
    let members: String = row.get(6)?;
    let request = Request {
        operation: row.get(1)?,
        number: row.get(2)?,
        method: row.get(3)?,
        target: row.get(4)?,
        body: row.get(5)?,
    };
    let read = Row {
        id: row.get(0)?,
        request: Arc::new(request),
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
    fn by_number(&mut self, mchid: &str, number: &str) -> Result<Option<(Row, Option<Arc<str>>)>> {
        self.prepare_cached(&format!("SELECT {COLUMNS} FROM request WHERE mchid = ?1 AND number = ?2"))?
            .query_row(params![mchid, number], read)
            .optional()
    }

    fn insert(&mut self, mchid: &str, owner: &Arc<str>, new: NewRow, members: Box<str>) -> Result<Row> {
        let row = Row::of(0, new);
        self.prepare_cached(
            "INSERT INTO request (mchid, number, operation, method, target, body, members, state, created_ms, \
             updated_ms, owner, watch_until_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11)",
        )?
        .execute(params![
            mchid,
            row.request.number,
            row.request.operation,
            row.request.method,
            row.request.target,
            row.request.body,
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
        owner: &Arc<str>,
        state: Option<State>,
        watch_at_least_until_ms: i64,
    ) -> Result<()> {
        self.prepare_cached(
            "UPDATE request SET owner = ?2, watch_until_ms = max(watch_until_ms, ?3), state = coalesce(?4, state), \
             updated_ms = iif(?4 IS NULL, updated_ms, ?5) WHERE id = ?1",
        )?
        .execute(params![id, owner, watch_at_least_until_ms, state.map(|state| state as i64), now_ms()])
        .map(drop)
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

    fn prune(&mut self, mchid: &str, keep: Duration, reach: Reach) -> Result<()> {
        let (oldest, now) = (ago_ms(keep), now_ms());
        let mut forgotten: Vec<i64> = Vec::new();
        let sql = "SELECT id, mchid, state, created_ms, updated_ms FROM request ORDER BY id";
        let mut in_order = self.prepare_cached(sql)?;
        let mut rows = in_order.query([])?;
        while let Some(row) = rows.next()? {
            // They follow each other in time, so what comes behind is to be kept too. One from a time to come was
            // written while the clock was wrong.
            let is_young = (oldest..=now).contains(&row.get(3)?);
            if is_young && reach == Reach::Old || forgotten.len() >= PRUNED_AT_ONCE {
                break;
            }
            let state = State::from_number(row.get(2)?);
            if row.get_ref(1)?.as_str()? == mchid && state.is_finished() && row.get::<_, i64>(4)? < oldest {
                forgotten.push(row.get(0)?);
            }
        }
        drop(rows);
        let mut delete = self.prepare_cached("DELETE FROM request WHERE id = ?1")?;
        forgotten.iter().try_for_each(|id| delete.execute([id]).map(drop))
    }

    fn unfinished(&mut self, mchid: &str) -> Result<Vec<Row>> {
        self.prepare_cached(&unfinished())?.query_map([mchid], |row| read(row).map(|(row, _)| row))?.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::opening::TABLES;
    use crate::journal::{Begin, Journal};

    /// One column of what `SQLite` says about a statement.
    fn explain(db: &Connection, how: &str, column: &str, statement: &str) -> Vec<String> {
        let mut explained = db.prepare(&format!("{how} {statement}")).unwrap();
        let column = explained.column_index(column).unwrap();
        explained.query_map([], |row| row.get(column)).unwrap().collect::<Result<_>>().unwrap()
    }

    #[test]
    fn unfinished_rows_are_found_by_their_index_and_written_without_a_table_in_memory() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(&format!("{TABLES} {}", index())).unwrap();
        let plan = explain(&db, "EXPLAIN QUERY PLAN", "detail", &unfinished().replace("?1", "0")).join("\n");
        assert!(plan.contains("INDEX request_open"), "{plan}");
        let update = "UPDATE request SET state = 1 WHERE id = 1";
        let steps = explain(&db, "EXPLAIN", "opcode", update);
        assert!(steps.iter().any(|step| step == "IdxInsert"), "{steps:?}");
        assert!(!steps.iter().any(|step| step == "OpenEphemeral"), "{steps:?}");
    }

    #[test]
    fn old_rows_are_forgotten_whatever_stands_before_them() {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(&format!("{TABLES} {}", index())).unwrap();
        let (now, to_come) = (now_ms(), now_ms() + 1_000_000_000);
        let rows = [
            ("ours", State::Pending, 0, 0),
            ("ours", State::Done, to_come, to_come),
            ("theirs", State::Done, 0, 0),
            ("ours", State::Done, 0, now),
            ("ours", State::Done, 0, 0),
            ("ours", State::Refused, 0, 0),
            ("ours", State::Voided, 0, 0),
            // In a redemption nothing is looked at from here on.
            ("ours", State::Done, now, now),
            ("ours", State::Done, 0, 0),
        ];
        for (at, (mchid, state, created, updated)) in rows.into_iter().enumerate() {
            let insert = "INSERT INTO request (id, mchid, number, operation, method, target, members, state, \
                          created_ms, updated_ms) VALUES (?1, ?2, ?3, 'use', 'POST', '/', '{}', ?4, ?5, ?6)";
            let id = i64::try_from(at + 1).unwrap();
            db.execute(insert, params![id, mchid, id.to_string(), state as i64, created, updated]).unwrap();
        }
        let left = |db: &Connection| -> Vec<i64> {
            let mut ids = db.prepare("SELECT id FROM request ORDER BY id").unwrap();
            ids.query_map([], |row| row.get(0)).unwrap().collect::<Result<_>>().unwrap()
        };
        db.prune("ours", Duration::from_secs(60), Reach::Old).unwrap();
        assert_eq!(left(&db), [1, 2, 3, 4, 8, 9]);
        db.prune("ours", Duration::from_secs(60), Reach::Whole).unwrap();
        assert_eq!(left(&db), [1, 2, 3, 4, 8]);
    }

    #[test]
    fn a_file_of_an_earlier_build_gets_the_index() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("till.journal");
        let open = || Arc::new(Journal::open(Some(&path), "1900000001", Duration::from_secs(60)).unwrap());
        assert!(matches!(open().begin(NewRow::plain("SALE-0001")), Ok(Begin::Go(_))));
        let file = Connection::open(&path).unwrap();
        file.execute_batch(
            "DROP INDEX request_open; \
             CREATE INDEX request_unfinished ON request (state, id) WHERE state IN (0, 4, 6)",
        )
        .unwrap();

        let found = open().unfinished().unwrap();
        assert_eq!(found.iter().map(|row| &*row.request.number).collect::<Vec<_>>(), ["SALE-0001"]);
        let query = "SELECT group_concat(name) FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL";
        let indices: String = file.query_row(query, [], |row| row.get(0)).unwrap();
        assert_eq!(indices, "request_open");
    }
}
