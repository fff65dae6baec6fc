//! Rows in `SQLite`'s tables.

use crate::course::Course;
use crate::journal::row::{Lease, NewRow, Request, Row, State};
use crate::journal::store::{Overview, Result, StoreError, Transaction};
use crate::json;
use crate::system::wall_ms;
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, ToSql, params};
use serde_json::Map;
use std::fmt::Write as _;
use std::sync::Arc;

/// Rows that are looked at in one change to forget some.
const LOOKED_AT: u32 = 500;
/// Pages that are given back in one change, and the part of the file that may be empty: the next rows come soon.
const GIVEN_BACK: i64 = 200;
const MAY_BE_EMPTY: i64 = 8;

pub(super) const TABLES: &str = "
CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    merchant TEXT NOT NULL,
    number TEXT NOT NULL,
    operation TEXT NOT NULL,
    method TEXT NOT NULL,
    target TEXT NOT NULL,
    body BLOB,
    members TEXT NOT NULL,
    coupon TEXT,
    content BLOB,
    trace TEXT,
    created_ms INTEGER NOT NULL,
    state INTEGER NOT NULL,
    called_off INTEGER NOT NULL,
    code INTEGER NOT NULL,
    cause TEXT NOT NULL,
    note TEXT,
    attempts INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    doubted_ms INTEGER,
    tried_ms INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    signed_s INTEGER NOT NULL,
    verdict_s INTEGER,
    verdict_row INTEGER NOT NULL,
    answer TEXT,
    http_status INTEGER,
    request_id TEXT,
    host TEXT,
    course TEXT NOT NULL,
    owner TEXT,
    generation INTEGER NOT NULL,
    lease_until_ms INTEGER,
    digest BLOB NOT NULL,
    UNIQUE (merchant, number)
) STRICT;
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

const COLUMNS: &str = "id, merchant, number, operation, method, target, body, members, coupon, content, trace, \
     created_ms, state, called_off, code, cause, note, attempts, updated_ms, doubted_ms, tried_ms, sent, signed_s, \
     verdict_s, verdict_row, answer, http_status, request_id, host, course, owner, generation, lease_until_ms, digest";

/// What a replacement writes: all but what never changes.
const CHANGING: [&str; 22] = [
    "state",
    "called_off",
    "code",
    "cause",
    "note",
    "attempts",
    "updated_ms",
    "doubted_ms",
    "tried_ms",
    "sent",
    "signed_s",
    "verdict_s",
    "verdict_row",
    "answer",
    "http_status",
    "request_id",
    "host",
    "course",
    "owner",
    "generation",
    "lease_until_ms",
    "digest",
];

/// Rows that are not known to be finished. Written with `IN`, `SQLite` would build a table of the numbers, in memory,
/// whenever a row is written.
fn unfinished() -> String {
    let open = State::ALL.into_iter().filter(|state| !state.is_finished());
    let terms: Vec<String> = open.map(|state| format!("state = {}", state as i64)).collect();
    format!("({})", terms.join(" OR "))
}

/// What finds them among many, and rows about one coupon.
pub(super) fn indices() -> String {
    format!(
        "CREATE INDEX IF NOT EXISTS requests_open ON requests (state, id) WHERE {}; \
         CREATE INDEX IF NOT EXISTS requests_coupon ON requests (coupon) WHERE coupon IS NOT NULL AND operation = 'return';",
        unfinished()
    )
}

/// From the index alone: what stands in a row may have been changed by something else.
fn select_open() -> String {
    format!("SELECT id FROM requests INDEXED BY requests_open WHERE {} ORDER BY id", unfinished())
}

fn update() -> String {
    let mut sql = String::from("UPDATE requests SET ");
    for (at, column) in CHANGING.iter().enumerate() {
        let _ = write!(sql, "{}{column} = ?{}", if at == 0 { "" } else { ", " }, at + 4);
    }
    sql.push_str(" WHERE id = ?1 AND owner IS ?2 AND generation = ?3");
    sql
}

fn insert() -> String {
    let marks: Vec<String> = (1..COLUMNS.split(',').count()).map(|at| format!("?{at}")).collect();
    format!("INSERT INTO requests ({}) VALUES ({})", COLUMNS.trim_start_matches("id, "), marks.join(", "))
}

pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::NotWritten(error.to_string())
}

/// The columns of a row one after the other. One that cannot be read makes the row a damaged one and no error: the
/// others go on.
struct Reader<'a, 'r> {
    row: &'a SqlRow<'r>,
    next: usize,
    is_damaged: bool,
}

impl Reader<'_, '_> {
    fn take<T: FromSql + Default>(&mut self) -> T {
        let value = self.row.get(self.next);
        self.next += 1;
        value.unwrap_or_else(|_| {
            self.is_damaged = true;
            T::default()
        })
    }

    fn or_damaged<T: Default>(&mut self, value: Option<T>) -> T {
        self.is_damaged |= value.is_none();
        value.unwrap_or_default()
    }
}

#[allow(clippy::unnecessary_wraps, reason = "as SQLite's functions want it")]
fn read(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    let mut columns = Reader { row, next: 0, is_damaged: false };
    let (id, merchant) = (columns.take(), columns.take());
    let number = columns.take();
    let request = Request {
        number,
        operation: columns.take(),
        method: columns.take(),
        target: columns.take(),
        body: columns.take(),
    };
    let members: String = columns.take();
    let read = Row {
        id,
        merchant,
        request: Arc::new(request),
        members: Arc::new(columns.or_damaged(json::parse_any(&members).and_then(json::into_object))),
        coupon: columns.take(),
        content: columns.take(),
        trace: columns.take(),
        created_ms: columns.take(),
        state: {
            let number: i64 = columns.take();
            let state = State::from_number(number);
            columns.is_damaged |= state.is_none();
            state.unwrap_or(State::Damaged)
        },
        called_off: columns.take(),
        code: columns.take(),
        cause: columns.take(),
        note: columns.take(),
        attempts: columns.take(),
        updated_ms: columns.take(),
        doubted_ms: columns.take(),
        tried_ms: columns.take(),
        sent: columns.take(),
        signed_s: columns.take(),
        verdict_s: columns.take(),
        verdict_row: columns.take(),
        answer: columns.take(),
        http_status: columns.take(),
        request_id: columns.take(),
        host: columns.take(),
        course: Course::default(),
        lease: Lease::default(),
    };
    let course: String = columns.take();
    let read = Row {
        course: columns.or_damaged(Course::from_json(&course)),
        lease: Lease { owner: columns.take(), generation: columns.take(), until_ms: columns.take() },
        ..read
    };
    let digest: Vec<u8> = columns.take();
    let is_damaged = columns.is_damaged || digest != read.digest(&members, &course);
    Ok(if is_damaged { damaged(read) } else { read })
}

/// What may be needed to ask about it and to replace it; nobody is told texts of which nothing is known.
fn damaged(row: Row) -> Row {
    Row {
        state: State::Damaged,
        cause: String::new(),
        trace: None,
        note: None,
        answer: None,
        http_status: None,
        request_id: None,
        host: None,
        course: Course::default(),
        ..row
    }
}

/// The tables of a file, inside a transaction.
pub struct Tables<'a>(pub &'a Connection);

impl Transaction for Tables<'_> {
    fn find(&mut self, merchant: &str, number: &str) -> Result<Option<Row>> {
        let sql = "SELECT id FROM requests WHERE merchant = ?1 AND number = ?2";
        let mut select = self.0.prepare_cached(sql).map_err(failed)?;
        let id: Option<i64> =
            select.query_row([merchant, number], |row| row.get(0)).optional().map_err(failed)?;
        let Some(id) = id else { return Ok(None) };
        let row = self.row(id).map_err(failed)?;
        Ok(Some(row.unwrap_or_else(|changed| changed.named(id, merchant, number))))
    }

    fn insert(&mut self, row: &Row) -> Result<i64> {
        let (members, course) = (json::text(&*row.members, 0), row.course.to_json());
        let digest = row.digest(&members, &course);
        let request = &*row.request;
        let fixed: [&dyn ToSql; 11] = [
            &row.merchant,
            &request.number,
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
        self.0.prepare_cached(&insert()).and_then(|mut insert| insert.execute(&*values)).map_err(failed)?;
        Ok(self.0.last_insert_rowid())
    }

    fn replace(&mut self, row: &Row, held: &Lease) -> Result<bool> {
        let (members, course) = (json::text(&*row.members, 0), row.course.to_json());
        let digest = row.digest(&members, &course);
        let state = row.state as i64;
        let found: [&dyn ToSql; 3] = [&row.id, &held.owner, &held.generation];
        let values: Vec<&dyn ToSql> =
            found.into_iter().chain(changing(row, &state, &course, &digest)).collect();
        let mut update = self.0.prepare_cached(&update()).map_err(failed)?;
        update.execute(&*values).map(|changed| changed == 1).map_err(failed)
    }

    fn delete(&mut self, id: i64, held: &Lease) -> Result<bool> {
        let sql = "DELETE FROM requests WHERE id = ?1 AND owner IS ?2 AND generation = ?3";
        let deleted = self.0.execute(sql, params![id, held.owner, held.generation]).map_err(failed)?;
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
                    if let Some((owner, number)) = self.name(id).map_err(failed)?
                        && owner == merchant
                    {
                        rows.push(changed.named(id, merchant, &number));
                    }
                }
            }
        }
        Ok(rows)
    }

    fn returns(&mut self, merchant: &str, coupon: &str) -> Result<Vec<Row>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM requests INDEXED BY requests_coupon \
             WHERE coupon = ?1 AND merchant = ?2 AND operation = 'return' ORDER BY id"
        );
        let mut select = self.0.prepare_cached(&sql).map_err(failed)?;
        let rows = select.query_map([coupon, merchant], read).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    fn prune(&mut self, merchant: &str, older_than_ms: i64, after: i64) -> Result<Option<i64>> {
        let (mut forgotten, mut last, mut looked_at) = (Vec::<i64>::new(), after, 0);
        let sql = "SELECT id, merchant, state, created_ms, max(updated_ms, coalesce(verdict_s, 0) * 1000) \
                   FROM requests WHERE id > ?1 ORDER BY id";
        let mut in_order = self.0.prepare_cached(sql).map_err(failed)?;
        let mut rows = in_order.query([after]).map_err(failed)?;
        let now = wall_ms();
        let goes_on = loop {
            let Some(row) = rows.next().map_err(failed)? else { break false };
            // They follow each other in time, so what comes behind is to be kept too. One from a time to come was
            // written while the clock was wrong.
            if (older_than_ms..=now).contains(&row.get(3).map_err(failed)?) {
                break false;
            }
            (last, looked_at) = (row.get(0).map_err(failed)?, looked_at + 1);
            let is_finished = State::from_number(row.get(2).map_err(failed)?).is_some_and(State::is_finished);
            let is_ours =
                row.get_ref(1).map_err(failed)?.as_bytes().is_ok_and(|found| found == merchant.as_bytes());
            if is_ours && is_finished && row.get::<_, i64>(4).map_err(failed)? < older_than_ms {
                forgotten.push(last);
            }
            if looked_at == LOOKED_AT {
                break true;
            }
        };
        drop(rows);
        let mut delete = self.0.prepare_cached("DELETE FROM requests WHERE id = ?1").map_err(failed)?;
        forgotten.iter().try_for_each(|id| delete.execute([id]).map(drop)).map_err(failed)?;
        drop(delete);
        let room_is_left = give_back(self.0).map_err(failed)?;
        Ok((goes_on || room_is_left).then_some(last))
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

/// Gives some of the empty pages back to the file system, where they are many. Whether there are still many.
fn give_back(db: &Connection) -> rusqlite::Result<bool> {
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let too_many = number("freelist_count")? - number("page_count")? / MAY_BE_EMPTY;
    if too_many <= 0 || number("auto_vacuum")? == 0 {
        return Ok(false);
    }
    let mut give = db.prepare(&format!("PRAGMA incremental_vacuum({})", too_many.min(GIVEN_BACK)))?;
    let mut pages = give.query([])?;
    while pages.next()?.is_some() {}
    Ok(too_many > GIVEN_BACK)
}

/// A change that is none, for the sake of being written.
pub(super) fn undo(db: &Connection) -> rusqlite::Result<()> {
    db.execute("INSERT INTO facts (name, value) VALUES ('undone', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1", [])
        .map(drop)
}

/// Whether all that is asked for is there.
pub(super) fn check_schema(db: &Connection) -> rusqlite::Result<()> {
    db.prepare(&format!("SELECT {COLUMNS} FROM requests")).map(drop)?;
    db.prepare("SELECT name, value FROM facts").map(drop)
}

/// Every row of the file.
pub(super) fn scan(db: &Connection) -> rusqlite::Result<Overview> {
    let mut overview = Overview::default();
    let mut select = db.prepare(&format!("SELECT {COLUMNS} FROM requests ORDER BY id"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let row = read(row)?;
        overview.rows += 1;
        if row.state == State::Damaged {
            overview.damaged.push(row.request.number.to_string());
        }
    }
    Ok(overview)
}

/// A row that something else has changed, as far as it can be read.
struct Changed(Option<Row>);

impl Changed {
    /// Its number is known by the index, whatever stands in the row.
    fn named(self, id: i64, merchant: &str, number: &str) -> Row {
        let unreadable = || {
            let request = Arc::new(Request::default());
            let new = NewRow { request, members: Map::new(), filled_in: Vec::new(), ask_again: false };
            let row = Row::new(&merchant.into(), &"".into(), new);
            Row { sent: true, lease: Lease::default(), ..row }
        };
        let row = self.0.unwrap_or_else(unreadable);
        let request = Request { number: number.into(), ..Request::clone(&row.request) };
        Row { id, merchant: merchant.into(), request: Arc::new(request), ..damaged(row) }
    }
}

impl Tables<'_> {
    /// The row that the index says is there.
    fn row(&self, id: i64) -> rusqlite::Result<std::result::Result<Row, Changed>> {
        let mut select = self.0.prepare_cached(&format!("SELECT {COLUMNS} FROM requests WHERE id = ?1"))?;
        match select.query_row([id], read).optional() {
            Ok(Some(row)) if row.state == State::Damaged => Ok(Err(Changed(Some(row)))),
            Ok(Some(row)) => Ok(Ok(row)),
            Ok(None) => Ok(Err(Changed(None))),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseCorrupt) => {
                Ok(Err(Changed(None)))
            }
            Err(error) => Err(error),
        }
    }

    /// Merchant and number of a row, by their index: slow, and seldom needed.
    fn name(&self, id: i64) -> rusqlite::Result<Option<(String, String)>> {
        let sql =
            "SELECT merchant, number FROM requests INDEXED BY sqlite_autoindex_requests_1 WHERE +id = ?1";
        let named = |row: &SqlRow<'_>| Ok((row.get(0)?, row.get(1)?));
        self.0.prepare_cached(sql)?.query_row([id], named).optional()
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
    use super::*;
    use crate::journal::row::NewRow;
    use crate::journal::{Begin, Journal};
    use std::time::Duration;

    fn tables() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(&format!("{TABLES} {}", indices())).unwrap();
        db
    }

    fn row(merchant: &str, number: &str) -> Row {
        Row::new(&merchant.into(), &"owner".into(), NewRow::plain(number))
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
        let taken = Lease { owner: Some("other".into()), generation: 2, until_ms: Some(5) };
        let changed =
            Row { lease: taken.clone(), verdict_s: Some(3), note: Some("why".into()), ..row.clone() };
        assert!(tables.replace(&changed, &row.lease).unwrap());
        assert!(!tables.replace(&row, &row.lease).unwrap(), "somebody else has it");
        assert!(!tables.delete(row.id, &row.lease).unwrap());
        assert_eq!(
            format!("{:?}", tables.find("ours", "SALE-0001").unwrap().unwrap()),
            format!("{changed:?}")
        );
        assert!(tables.delete(row.id, &taken).unwrap());
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
            Request { operation: "return".into(), number: "BACK-0001".into(), ..Request::default() };
        let back = Row { coupon: Some("coupon".into()), request: Arc::new(request), ..row("1", "") };
        Tables(&db).insert(&back).unwrap();
        let found = Tables(&db).returns("1", "coupon").unwrap();
        assert_eq!(found.iter().map(|row| &*row.request.number).collect::<Vec<_>>(), ["BACK-0001"]);
        assert!(Tables(&db).returns("1", "other").unwrap().is_empty());
    }
}
