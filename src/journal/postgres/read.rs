//! Reads rows, and detects rows that something else has changed.

use crate::course::Course;
use crate::journal::row::{Lease, Request, Row, State};
use crate::journal::store::{Result, StoreError};
use crate::json;
use std::sync::Arc;
use tokio_postgres::Row as SqlRow;
use tokio_postgres::types::FromSql;

/// A number in a row.
pub(super) fn number(row: &SqlRow, at: usize) -> Result<i64> {
    row.try_get(at).map_err(|error| StoreError::NotWritten(error.to_string()))
}

/// Reads columns in order. A column that cannot be read makes this row damaged. It is no error, so that other rows stay
/// readable.
struct Reader<'a> {
    row: &'a SqlRow,
    next: usize,
    is_damaged: bool,
}

impl<'a> Reader<'a> {
    fn take<T: FromSql<'a> + Default>(&mut self) -> T {
        let value = self.row.try_get(self.next);
        self.next += 1;
        value.unwrap_or_else(|_| {
            self.is_damaged = true;
            T::default()
        })
    }

    /// A number that is smaller than the database's.
    fn small<T: TryFrom<i64> + Default>(&mut self) -> T {
        let number: i64 = self.take();
        self.or_damaged(T::try_from(number).ok())
    }

    fn or_damaged<T: Default>(&mut self, value: Option<T>) -> T {
        self.is_damaged |= value.is_none();
        value.unwrap_or_default()
    }
}

/// A row with the columns of [`super::sql::COLUMNS`].
pub(super) fn read(row: &SqlRow) -> Row {
    let mut columns = Reader { row, next: 0, is_damaged: false };
    let (id, merchant) = (columns.take(), columns.take::<&str>().into());
    let request = Request {
        request_no: columns.take::<&str>().into(),
        operation: columns.take(),
        method: columns.take(),
        target: columns.take(),
        body: columns.take(),
    };
    let members: &str = columns.take();
    let read = Row {
        id,
        merchant,
        request: Arc::new(request),
        members: Arc::new(columns.or_damaged(json::parse_any(members).and_then(json::into_object))),
        coupon: columns.take::<Option<&str>>().map(Into::into),
        content: columns.take(),
        trace: columns.take(),
        created_ms: columns.take(),
        state: {
            let state = State::from_number(columns.take());
            columns.is_damaged |= state.is_none();
            state.unwrap_or(State::Damaged)
        },
        called_off: columns.take(),
        code: columns.small(),
        cause: columns.take(),
        note: columns.take(),
        attempts: columns.small(),
        updated_ms: columns.take(),
        doubted_ms: columns.take(),
        tried_ms: columns.take(),
        sent: columns.take(),
        signed_s: columns.take(),
        verdict_s: columns.take(),
        verdict_row: columns.take(),
        answer: columns.take::<Option<&str>>().map(Into::into),
        http_status: {
            let status: Option<i64> = columns.take();
            status.map(|status| columns.or_damaged(u16::try_from(status).ok()))
        },
        request_id: columns.take(),
        host: columns.take(),
        course: Course::default(),
        lease: Lease::default(),
    };
    let course: &str = columns.take();
    let read = Row {
        course: columns.or_damaged(Course::from_json(course)),
        lease: Lease {
            owner: columns.take::<Option<&str>>().map(Into::into),
            generation: columns.take(),
            until_ms: None,
        },
        ..read
    };
    let digest: &[u8] = columns.take();
    let is_damaged = columns.is_damaged || *digest != read.digest(members, course);
    let until_ms: Option<i64> = columns.take();
    // An owner without an end was written by something else: nobody has to wait for it.
    let lease = Lease {
        until_ms: read.lease.owner.as_ref().map(|_| until_ms.unwrap_or_default()),
        ..read.lease.clone()
    };
    let read = Row { lease, ..read };
    if is_damaged { read.damaged() } else { read }
}
