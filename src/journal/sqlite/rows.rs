//! Rows in `SQLite`'s tables.

use super::clean::note_removal;
use super::forget;
use super::read::read;
use super::sql::{COLUMNS, INSERT, REWRITE, UPDATE, select_open};
use crate::journal::row::{Lease, Row};
use crate::journal::store::{Result, StoreError, Transaction};
use crate::json;
use rusqlite::{Connection, OptionalExtension, ToSql, params};

/// `SQLITE_IOERR_WRITE`
const IOERR_WRITE: i32 = 778;

pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    let why = error.to_string();
    if is_full(&error) { StoreError::NoRoom(why) } else { StoreError::NotWritten(why) }
}

/// Whether there was no room for what was written: on the disk, or within what the system allows.
pub fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
        || error.sqlite_error().is_some_and(|error| error.extended_code == IOERR_WRITE)
}

/// The tables of a file, inside a transaction.
pub struct Tables<'a>(pub &'a Connection);

impl Transaction for Tables<'_> {
    fn find(&mut self, merchant: &str, request_no: &str) -> Result<Option<Row>> {
        let sql = "SELECT id FROM requests WHERE merchant = ?1 AND number = ?2";
        let mut select = self.0.prepare_cached(sql).map_err(failed)?;
        let id: Option<i64> =
            select.query_row([merchant, request_no], |row| row.get(0)).optional().map_err(failed)?;
        let Some(id) = id else { return Ok(None) };
        let row = self.row(id).map_err(failed)?;
        Ok(Some(row.unwrap_or_else(|changed| changed.named(id, merchant, request_no))))
    }

    fn insert(&mut self, row: &Row) -> Result<i64> {
        let (members, course) = (json::text(&*row.members, 0), row.course.to_json());
        let digest = row.digest(&members, &course);
        let request = &*row.request;
        let fixed: [&dyn ToSql; 11] = [
            &row.merchant,
            &request.request_no,
            &request.operation,
            &request.method,
            &request.target,
            &request.body,
            &members,
            &row.coupon,
            &row.content,
            &row.trace,
            &row.created_ms,
        ];
        let state = row.state as i64;
        let changing = changing(row, &state, &course, &digest);
        let values: Vec<&dyn ToSql> = fixed.into_iter().chain(changing).collect();
        self.0.prepare_cached(&INSERT).and_then(|mut insert| insert.execute(&*values)).map_err(failed)?;
        Ok(self.0.last_insert_rowid())
    }

    fn replace(&mut self, row: &Row, held: &Lease) -> Result<bool> {
        let (members, course) = (json::text(&*row.members, 0), row.course.to_json());
        let digest = row.digest(&members, &course);
        let state = row.state as i64;
        let found: [&dyn ToSql; 3] = [&row.id, &held.owner, &held.generation];
        let values: Vec<&dyn ToSql> =
            found.into_iter().chain(changing(row, &state, &course, &digest)).collect();
        let mut update = self.0.prepare_cached(&UPDATE).map_err(failed)?;
        update.execute(&*values).map(|changed| changed == 1).map_err(failed)
    }

    fn rewrite(&mut self, row: &Row, held: &Lease) -> Result<bool> {
        let (members, course) = (json::text(&*row.members, 0), row.course.to_json());
        let digest = row.digest(&members, &course);
        let (state, request) = (row.state as i64, &*row.request);
        let found: [&dyn ToSql; 3] = [&row.id, &held.owner, &held.generation];
        let anew: [&dyn ToSql; 5] = [&request.target, &request.body, &members, &row.content, &row.trace];
        let values = found.into_iter().chain(anew).chain(changing(row, &state, &course, &digest));
        let values: Vec<&dyn ToSql> = values.collect();
        // What is written over must not stay readable in the page.
        self.0.execute_batch("PRAGMA secure_delete=ON").map_err(failed)?;
        let mut rewrite = self.0.prepare_cached(&REWRITE).map_err(failed)?;
        let rewritten = rewrite.execute(&*values);
        self.0.execute_batch("PRAGMA secure_delete=OFF").map_err(failed)?;
        note_removal(self.0).map_err(failed)?;
        rewritten.map(|changed| changed == 1).map_err(failed)
    }

    fn delete(&mut self, id: i64, held: &Lease) -> Result<bool> {
        let sql = "DELETE FROM requests WHERE id = ?1 AND owner IS ?2 AND generation = ?3";
        let deleted = self.0.execute(sql, params![id, held.owner, held.generation]).map_err(failed)?;
        note_removal(self.0).map_err(failed)?;
        Ok(deleted == 1)
    }

    fn open(&mut self, merchant: &str) -> Result<Vec<Row>> {
        let mut select = self.0.prepare_cached(&select_open()).map_err(failed)?;
        let ids = select.query_map([], |row| row.get(0)).map_err(failed)?;
        let ids: Vec<i64> = ids.collect::<rusqlite::Result<_>>().map_err(failed)?;
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            match self.row(id).map_err(failed)? {
                Ok(row) if *row.merchant == *merchant => rows.push(row),
                Ok(_) => {}
                Err(changed) => {
                    if let Some((owner, request_no)) = self.name(id).map_err(failed)?
                        && owner == merchant
                    {
                        rows.push(changed.named(id, merchant, &request_no));
                    }
                }
            }
        }
        Ok(rows)
    }

    fn following(&mut self, merchant: &str, after: i64, most: u32) -> Result<(Vec<Row>, Option<i64>)> {
        let sql = format!("SELECT {COLUMNS} FROM requests WHERE id > ?1 ORDER BY id LIMIT ?2");
        let mut select = self.0.prepare_cached(&sql).map_err(failed)?;
        let rows = select.query_map(params![after, most], read).map_err(failed)?;
        let mut rows: Vec<Row> = rows.collect::<rusqlite::Result<_>>().map_err(failed)?;
        let is_full = rows.len() >= usize::try_from(most).unwrap_or(usize::MAX);
        let last = rows.last().map(|row| row.id).filter(|_| is_full);
        rows.retain(|row| *row.merchant == *merchant);
        Ok((rows, last))
    }

    fn returns(&mut self, merchant: &str, coupon: &str) -> Result<Vec<Row>> {
        // One index for each, because an index of the other form would be built anew in files of before.
        let of = |index: &str, operation: &str| {
            format!(
                "SELECT {COLUMNS} FROM requests INDEXED BY {index} \
                 WHERE coupon = ?1 AND merchant = ?2 AND operation = '{operation}'"
            )
        };
        let sql = format!(
            "{} UNION ALL {} ORDER BY id",
            of("requests_coupon", "return"),
            of("requests_busifavor", "busifavor_return")
        );
        let mut select = self.0.prepare_cached(&sql).map_err(failed)?;
        let rows = select.query_map([coupon, merchant], read).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    fn was_redeemed_before(&mut self, merchant: &str, coupon: &str, id: i64) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM requests WHERE id < ?3 AND coupon = ?1 AND merchant = ?2 \
                   AND operation IN ('use', 'busifavor_use'))";
        let mut select = self.0.prepare_cached(sql).map_err(failed)?;
        select.query_row((coupon, merchant, id), |row| row.get(0)).map_err(failed)
    }

    fn answered_redemptions(&mut self, merchant: &str, coupon: &str) -> Result<Vec<Row>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM requests WHERE coupon = ?1 AND merchant = ?2 AND answer IS NOT NULL \
             AND operation IN ('use', 'busifavor_use') ORDER BY id"
        );
        let mut select = self.0.prepare_cached(&sql).map_err(failed)?;
        let rows = select.query_map([coupon, merchant], read).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    fn prune(&mut self, merchant: &str, older_than_ms: i64, after: i64) -> Result<Option<i64>> {
        forget::prune(self.0, merchant, older_than_ms, after).map_err(failed)
    }

    fn latest(&mut self) -> Result<i64> {
        let mut select =
            self.0.prepare_cached("SELECT coalesce(max(id), 0) FROM requests").map_err(failed)?;
        select.query_row([], |row| row.get(0)).map_err(failed)
    }

    fn fact(&mut self, name: &str) -> Result<Option<i64>> {
        let mut select = self.0.prepare_cached("SELECT value FROM facts WHERE name = ?1").map_err(failed)?;
        select.query_row([name], |row| row.get(0)).optional().map_err(failed)
    }

    fn set_fact(&mut self, name: &str, value: i64) -> Result<()> {
        let sql =
            "INSERT INTO facts (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";
        self.0
            .prepare_cached(sql)
            .and_then(|mut set| set.execute(params![name, value]))
            .map(drop)
            .map_err(failed)
    }
}

/// In the order of [`CHANGING`].
#[allow(clippy::ptr_arg, reason = "only what has a size is a parameter")]
fn changing<'a>(
    row: &'a Row,
    state: &'a i64,
    course: &'a String,
    digest: &'a [u8; 16],
) -> [&'a dyn ToSql; 22] {
    [
        state,
        &row.called_off,
        &row.code,
        &row.cause,
        &row.note,
        &row.attempts,
        &row.updated_ms,
        &row.doubted_ms,
        &row.tried_ms,
        &row.sent,
        &row.signed_s,
        &row.verdict_s,
        &row.verdict_row,
        &row.answer,
        &row.http_status,
        &row.request_id,
        &row.host,
        course,
        &row.lease.owner,
        &row.lease.generation,
        &row.lease.until_ms,
        digest,
    ]
}

#[cfg(test)]
mod tests {
    use super::super::sql::{TABLES, indices};
    use super::*;
    use crate::journal::row::NewRow;
    use crate::journal::row::{Request, State};
    use crate::journal::{Begin, Journal};
    use crate::system::wall_ms;
    use std::sync::Arc;
    use std::time::Duration;

    fn tables() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(&format!("{TABLES} {}", indices())).unwrap();
        db
    }

    fn row(merchant: &str, request_no: &str) -> Row {
        Row::new(&merchant.into(), &"owner".into(), NewRow::plain(request_no))
    }

    /// One column of what `SQLite` says about a statement.
    fn explain(db: &Connection, how: &str, column: &str, statement: &str) -> Vec<String> {
        let mut explained = db.prepare(&format!("{how} {statement}")).unwrap();
        let column = explained.column_index(column).unwrap();
        explained.query_map([], |row| row.get(column)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }

    #[test]
    fn unfinished_rows_are_found_by_their_index_and_written_without_a_table_in_memory() {
        let db = tables();
        let plan = explain(&db, "EXPLAIN QUERY PLAN", "detail", &select_open()).join("\n");
        assert!(plan.contains("COVERING INDEX requests_open"), "{plan}");
        let named =
            "SELECT merchant, number FROM requests INDEXED BY sqlite_autoindex_requests_1 WHERE +id = 1";
        let plan = explain(&db, "EXPLAIN QUERY PLAN", "detail", named).join("\n");
        assert!(plan.contains("COVERING INDEX"), "{plan}");
        let update = "UPDATE requests SET state = 1 WHERE id = 1";
        let steps = explain(&db, "EXPLAIN", "opcode", update);
        assert!(steps.iter().any(|step| step == "IdxInsert"), "{steps:?}");
        assert!(!steps.iter().any(|step| step == "OpenEphemeral"), "{steps:?}");
    }

    #[test]
    fn old_rows_are_forgotten_whatever_stands_before_them() {
        let db = tables();
        let (now, to_come) = (wall_ms(), wall_ms() + 1_000_000_000);
        let rows = [
            ("ours", State::Pending, 0, 0),
            ("ours", State::Done, to_come, to_come),
            ("theirs", State::Done, 0, 0),
            ("ours", State::Done, 0, now),
            ("ours", State::Done, 0, 0),
            ("ours", State::Refused, 0, 0),
            ("ours", State::Voided, 0, 0),
            // Nothing is looked at from here on.
            ("ours", State::Done, now, now),
            ("ours", State::Done, 0, 0),
        ];
        for (at, (merchant, state, created_ms, updated_ms)) in rows.into_iter().enumerate() {
            let row = Row { created_ms, state, updated_ms, ..row(merchant, &at.to_string()) };
            Tables(&db).insert(&row).unwrap();
        }
        let left = |db: &Connection| -> Vec<i64> {
            let mut ids = db.prepare("SELECT id FROM requests ORDER BY id").unwrap();
            ids.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
        };
        assert_eq!(Tables(&db).prune("ours", now - 60_000, 0).unwrap(), None);
        assert_eq!(left(&db), [1, 2, 3, 4, 8, 9]);
        assert_eq!(Tables(&db).prune("ours", now - 60_000, 8).unwrap(), None);
        assert_eq!(left(&db), [1, 2, 3, 4, 8]);
    }

    #[test]
    fn rows_come_back_as_they_were_written_and_are_replaced_by_who_holds_them_alone() {
        let db = tables();
        let mut tables = Tables(&db);
        let mut row = row("ours", "SALE-0001");
        row.coupon = Some("coupon".into());
        row.id = tables.insert(&row).unwrap();
        assert_eq!(format!("{:?}", tables.find("ours", "SALE-0001").unwrap().unwrap()), format!("{row:?}"));
        let acquired = Lease { owner: Some("other".into()), generation: 2, until_ms: Some(5) };
        let changed =
            Row { lease: acquired.clone(), verdict_s: Some(3), note: Some("why".into()), ..row.clone() };
        assert!(tables.replace(&changed, &row.lease).unwrap());
        assert!(!tables.replace(&row, &row.lease).unwrap(), "somebody else has it");
        assert!(!tables.delete(row.id, &row.lease).unwrap());
        assert_eq!(
            format!("{:?}", tables.find("ours", "SALE-0001").unwrap().unwrap()),
            format!("{changed:?}")
        );
        assert!(tables.delete(row.id, &acquired).unwrap());
        assert!(tables.find("ours", "SALE-0001").unwrap().is_none());
    }

    #[test]
    fn a_row_that_something_else_changed_is_damaged_and_the_others_go_on() {
        let db = tables();
        let columns = COLUMNS.split(", ").map(str::trim);
        let columns: Vec<&str> =
            columns.filter(|column| !["id", "merchant", "number"].contains(column)).collect();
        for (at, column) in columns.iter().enumerate() {
            Tables(&db).insert(&row("ours", &format!("SALE-{at:04}"))).unwrap();
            let types = "SELECT type FROM pragma_table_info('requests') WHERE name = ?1";
            let kind: String = db.query_row(types, [column], |row| row.get(0)).unwrap();
            let value = match &*kind {
                "INTEGER" => format!("coalesce({column}, 0) + 1"),
                "BLOB" => "x'00'".to_owned(),
                _ => format!("coalesce({column}, '') || 'x'"),
            };
            db.execute(
                &format!("UPDATE requests SET {column} = {value} WHERE id = ?1"),
                [i64::try_from(at + 1).unwrap()],
            )
            .unwrap();
        }
        Tables(&db).insert(&row("ours", "SALE-RIGHT")).unwrap();
        for (at, column) in columns.iter().enumerate() {
            let found = Tables(&db).find("ours", &format!("SALE-{at:04}")).unwrap().unwrap();
            assert_eq!(found.state, State::Damaged, "{column}");
        }
        assert_eq!(Tables(&db).find("ours", "SALE-RIGHT").unwrap().unwrap().state, State::Pending);
        assert_eq!(Tables(&db).open("ours").unwrap().len(), columns.len());
    }

    #[test]
    fn facts_are_remembered() {
        let db = tables();
        assert_eq!(Tables(&db).fact("proven_s").unwrap(), None);
        for value in [7, -8] {
            Tables(&db).set_fact("proven_s", value).unwrap();
            assert_eq!(Tables(&db).fact("proven_s").unwrap(), Some(value));
        }
    }

    #[test]
    fn returns_of_a_coupon_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("till.journal");
        let journal = Arc::new(Journal::open(Some(&path), "1", Duration::from_secs(60)).unwrap());
        assert!(matches!(journal.begin(NewRow::plain("SALE-0001"), 0), Ok(Begin::Go(_))));
        let db = Connection::open(&path).unwrap();
        let request =
            Request { operation: "return".into(), request_no: "BACK-0001".into(), ..Request::default() };
        let back = Row { coupon: Some("coupon".into()), request: Arc::new(request), ..row("1", "") };
        Tables(&db).insert(&back).unwrap();
        let found = Tables(&db).returns("1", "coupon").unwrap();
        assert_eq!(found.iter().map(|row| &*row.request.request_no).collect::<Vec<_>>(), ["BACK-0001"]);
        assert!(Tables(&db).returns("1", "other").unwrap().is_empty());
    }
}
