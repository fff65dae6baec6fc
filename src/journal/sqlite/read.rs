//! Reads rows, and detects rows that something else has changed.

use super::rows::Tables;
use super::sql::{COLUMNS, SELECT};
use crate::course::Course;
use crate::journal::row::{Lease, NewRow, Request, Row, State};
use crate::journal::store::Overview;
use crate::json;
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow};
use serde_json::Map;
use std::sync::Arc;

/// Reads the columns of a row in order. A column that cannot be read makes this row damaged. It is no error, so that other
/// rows stay readable.
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
pub(super) fn read(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    let mut columns = Reader { row, next: 0, is_damaged: false };
    let (id, merchant) = (columns.take(), columns.take());
    let request_no = columns.take();
    let request = Request {
        request_no,
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
    Ok(if is_damaged { read.damaged() } else { read })
}

/// A damaged row, as far as it can be read.
pub(super) struct DamagedRow(Option<Row>);

impl DamagedRow {
    /// The row with the merchant and number that the index has.
    pub(super) fn named(self, id: i64, merchant: &str, request_no: &str) -> Row {
        let unreadable = || {
            let request = Arc::new(Request::default());
            let new =
                NewRow { request, members: Map::new(), filled_in: Vec::new(), trace: None, ask_again: false };
            let row = Row::new(&merchant.into(), &"".into(), new);
            Row { sent: true, lease: Lease::default(), ..row }
        };
        let row = self.0.unwrap_or_else(unreadable);
        let request = Request { request_no: request_no.into(), ..Request::clone(&row.request) };
        Row { id, merchant: merchant.into(), request: Arc::new(request), ..row.damaged() }
    }
}

impl Tables<'_> {
    /// The row with that key from an index.
    pub(super) fn row(&self, id: i64) -> rusqlite::Result<Result<Row, DamagedRow>> {
        let mut select = self.0.prepare_cached(&SELECT)?;
        match select.query_row([id], read).optional() {
            Ok(Some(row)) if row.state == State::Damaged => Ok(Err(DamagedRow(Some(row)))),
            Ok(Some(row)) => Ok(Ok(row)),
            Ok(None) => Ok(Err(DamagedRow(None))),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseCorrupt) => {
                Ok(Err(DamagedRow(None)))
            }
            Err(error) => Err(error),
        }
    }

    /// Merchant and number of a row, from their index. It is slow, and seldom needed.
    pub(super) fn name(&self, id: i64) -> rusqlite::Result<Option<(String, String)>> {
        let sql =
            "SELECT merchant, number FROM requests INDEXED BY sqlite_autoindex_requests_1 WHERE +id = ?1";
        let named = |row: &SqlRow<'_>| Ok((row.get(0)?, row.get(1)?));
        self.0.prepare_cached(sql)?.query_row([id], named).optional()
    }
}

/// Reads every row of the file.
pub(super) fn scan(db: &Connection) -> rusqlite::Result<Overview> {
    let mut overview = Overview::default();
    let mut select = db.prepare(&format!("SELECT {COLUMNS} FROM requests ORDER BY id"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let row = read(row)?;
        overview.rows += 1;
        if row.state == State::Damaged {
            overview.damaged.push(row.request.request_no.to_string());
        }
    }
    Ok(overview)
}
