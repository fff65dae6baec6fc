//! Rows in the database's tables.

use super::connection::{Connection, Refused, Value};
use super::read::{number, read};
use super::sql::{
    ANSWERED_REDEMPTIONS, COLUMNS, DELETE, DELETE_OLD, FIND, FOLLOWING, INSERT, LOCK_COUPON, LOCK_COUPON_OF,
    LOCK_NUMBER, OPEN, RETURNS, REWRITE, UPDATE,
};
use crate::journal::row::{Lease, Row, State};
use crate::journal::store::{Result, StoreError, Transaction};
use crate::json;
use crate::system::wall_ms;
use std::time::Duration;
use tokio_postgres::Row as SqlRow;
use tokio_postgres::types::Type;

/// Rows that one step of forgetting looks at.
const LOOKED_AT: i64 = 500;

/// A transaction that has begun.
pub struct Tables<'a> {
    pub connection: &'a mut Connection,
    /// It may change something. Reading waits for nobody.
    pub writes: bool,
    /// How long a row stays with its owner.
    pub lease: Duration,
    /// A statement has failed, so the server keeps nothing of this transaction.
    pub has_failed: bool,
    /// The database's clock when a row was last found.
    pub now_ms: Option<i64>,
}

/// What a row is written as: texts without the one character that PostgreSQL has no place for, and its digest.
struct Written {
    row: Row,
    members: String,
    course: String,
    digest: Vec<u8>,
    /// As the database has numbers.
    state: i64,
    code: i64,
    attempts: i64,
    http_status: Option<i64>,
    request_no: String,
    merchant: String,
    coupon: Option<String>,
    answer: Option<String>,
    owner: Option<String>,
}

impl Written {
    fn of(row: &Row) -> Written {
        let clean = |text: &String| text.replace('\0', "\u{FFFD}");
        let clean_some = |text: &Option<String>| text.as_ref().map(clean);
        // The lease's end is the database's, and no part of what is digested.
        let lease = Lease { until_ms: None, ..row.lease.clone() };
        let row = Row {
            cause: clean(&row.cause),
            note: clean_some(&row.note),
            trace: clean_some(&row.trace),
            answer: row.answer.as_ref().map(|answer| answer.replace('\0', "\u{FFFD}").into()),
            request_id: clean_some(&row.request_id),
            host: clean_some(&row.host),
            lease,
            ..row.clone()
        };
        let (members, course) = (json::text(&*row.members, 0), row.course.to_json());
        Written {
            digest: row.digest(&members, &course).to_vec(),
            state: row.state as i64,
            code: row.code.into(),
            attempts: row.attempts.into(),
            http_status: row.http_status.map(i64::from),
            request_no: row.request.request_no.to_string(),
            merchant: row.merchant.to_string(),
            coupon: row.coupon.as_deref().map(str::to_owned),
            answer: row.answer.as_deref().map(str::to_owned),
            owner: row.lease.owner.as_deref().map(str::to_owned),
            members,
            course,
            row,
        }
    }

    fn fixed(&self) -> [Value<'_>; 11] {
        let request = &self.row.request;
        [
            (&self.merchant, Type::TEXT),
            (&self.request_no, Type::TEXT),
            (&request.operation, Type::TEXT),
            (&request.method, Type::TEXT),
            (&request.target, Type::TEXT),
            (&request.body, Type::BYTEA),
            (&self.members, Type::TEXT),
            (&self.coupon, Type::TEXT),
            (&self.row.content, Type::BYTEA),
            (&self.row.trace, Type::TEXT),
            (&self.row.created_ms, Type::INT8),
        ]
    }

    fn forgotten(&self) -> [Value<'_>; 5] {
        let request = &self.row.request;
        [
            (&request.target, Type::TEXT),
            (&request.body, Type::BYTEA),
            (&self.members, Type::TEXT),
            (&self.row.content, Type::BYTEA),
            (&self.row.trace, Type::TEXT),
        ]
    }

    fn changing(&self) -> [Value<'_>; 21] {
        let row = &self.row;
        [
            (&self.state, Type::INT8),
            (&row.called_off, Type::BOOL),
            (&self.code, Type::INT8),
            (&row.cause, Type::TEXT),
            (&row.note, Type::TEXT),
            (&self.attempts, Type::INT8),
            (&row.updated_ms, Type::INT8),
            (&row.doubted_ms, Type::INT8),
            (&row.tried_ms, Type::INT8),
            (&row.sent, Type::BOOL),
            (&row.signed_s, Type::INT8),
            (&row.verdict_s, Type::INT8),
            (&row.verdict_row, Type::INT8),
            (&self.answer, Type::TEXT),
            (&self.http_status, Type::INT8),
            (&row.request_id, Type::TEXT),
            (&row.host, Type::TEXT),
            (&self.course, Type::TEXT),
            (&self.owner, Type::TEXT),
            (&row.lease.generation, Type::INT8),
            (&self.digest, Type::BYTEA),
        ]
    }
}

impl Tables<'_> {
    fn rows(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<SqlRow>> {
        self.last_of(&[(sql, values)])
    }

    /// Several statements in one round trip, and the rows of the last.
    fn last_of(&mut self, statements: &[(&str, &[Value<'_>])]) -> Result<Vec<SqlRow>> {
        if self.has_failed {
            return Err(StoreError::NotWritten("an earlier statement of this change has failed".into()));
        }
        self.connection.rows_of_last(statements).map_err(|refused| {
            self.has_failed = true;
            failed(refused)
        })
    }

    fn number(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Option<i64>> {
        let rows = self.rows(sql, values)?;
        rows.first().map(|row| number(row, 0)).transpose()
    }

    /// Rows of all merchants, and the row after which to go on.
    pub fn all(&mut self, after: i64, most: u32) -> Result<(Vec<Row>, Option<i64>)> {
        let most = i64::from(most);
        let rows = self.rows(&FOLLOWING, &[(&after, Type::INT8), (&most, Type::INT8)])?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|found| found >= most);
        let rows: Vec<Row> = rows.iter().map(read).collect();
        let last = rows.last().map(|row| row.id).filter(|_| is_full);
        Ok((rows, last))
    }

    fn lease_ms(&self) -> i64 {
        i64::try_from(self.lease.as_millis()).unwrap_or(i64::MAX)
    }

    fn write_over(&mut self, sql: &str, written: &Written, held: &Lease, forgets: bool) -> Result<bool> {
        let (owner, lease_ms) = (held.owner.as_deref().map(str::to_owned), self.lease_ms());
        let mut values: Vec<Value<'_>> =
            vec![(&written.row.id, Type::INT8), (&owner, Type::TEXT), (&held.generation, Type::INT8)];
        if forgets {
            values.extend(written.forgotten());
        }
        values.extend(written.changing());
        values.push((&lease_ms, Type::INT8));
        self.rows(sql, &values).map(|changed| changed.len() == 1)
    }
}

pub(super) fn failed(refused: Refused) -> StoreError {
    StoreError::NotWritten(refused.why())
}

impl Transaction for Tables<'_> {
    /// Nobody else looks for this number, or for its coupon, until the transaction has ended. So the order of keys is the
    /// order of transactions for each of them. A return that gets its key first is seen by whoever comes later.
    fn find(&mut self, merchant: &str, request_no: &str) -> Result<Option<Row>> {
        let named: [Value<'_>; 2] = [(&merchant, Type::TEXT), (&request_no, Type::TEXT)];
        let find: (&str, &[Value<'_>]) = (&FIND, &named);
        let rows = if self.writes {
            self.last_of(&[(LOCK_NUMBER, &named), (LOCK_COUPON_OF, &named), find])?
        } else {
            self.last_of(&[find])?
        };
        let Some(row) = rows.first() else { return Ok(None) };
        self.now_ms = Some(number(row, COLUMNS.split(',').count())?);
        Ok(Some(read(row)))
    }

    fn now_ms(&mut self) -> Result<Option<i64>> {
        Ok(self.now_ms)
    }

    fn insert(&mut self, row: &Row) -> Result<i64> {
        let (written, lease_ms) = (Written::of(row), self.lease_ms());
        let mut values: Vec<Value<'_>> = written.fixed().into_iter().chain(written.changing()).collect();
        values.push((&lease_ms, Type::INT8));
        let insert: (&str, &[Value<'_>]) = (&INSERT, &values);
        let coupon: [Value<'_>; 2] = [(&written.merchant, Type::TEXT), (&written.coupon, Type::TEXT)];
        let rows = if written.coupon.is_some() {
            self.last_of(&[(LOCK_COUPON, &coupon), insert])?
        } else {
            self.last_of(&[insert])?
        };
        let missing = || StoreError::NotWritten("the database gave the new row no key".into());
        rows.first().map(|row| number(row, 0)).transpose()?.ok_or_else(missing)
    }

    fn replace(&mut self, row: &Row, held: &Lease) -> Result<bool> {
        self.write_over(&UPDATE, &Written::of(row), held, false)
    }

    fn rewrite(&mut self, row: &Row, held: &Lease) -> Result<bool> {
        self.write_over(&REWRITE, &Written::of(row), held, true)
    }

    fn delete(&mut self, id: i64, held: &Lease) -> Result<bool> {
        let owner = held.owner.as_deref().map(str::to_owned);
        let values: [Value<'_>; 3] =
            [(&id, Type::INT8), (&owner, Type::TEXT), (&held.generation, Type::INT8)];
        self.rows(DELETE, &values).map(|deleted| deleted.len() == 1)
    }

    fn open(&mut self, merchant: &str) -> Result<Vec<Row>> {
        Ok(self.rows(&OPEN, &[(&merchant, Type::TEXT)])?.iter().map(read).collect())
    }

    fn following(&mut self, merchant: &str, after: i64, most: u32) -> Result<(Vec<Row>, Option<i64>)> {
        let (mut rows, last) = self.all(after, most)?;
        rows.retain(|row| *row.merchant == *merchant);
        Ok((rows, last))
    }

    fn returns(&mut self, merchant: &str, coupon: &str) -> Result<Vec<Row>> {
        let named: [Value<'_>; 2] = [(&merchant, Type::TEXT), (&coupon, Type::TEXT)];
        let returns: (&str, &[Value<'_>]) = (&RETURNS, &named);
        let rows = if self.writes {
            self.last_of(&[(LOCK_COUPON, &named), returns])?
        } else {
            self.last_of(&[returns])?
        };
        Ok(rows.iter().map(read).collect())
    }

    fn was_redeemed_before(&mut self, merchant: &str, coupon: &str, id: i64) -> Result<bool> {
        let sql = "SELECT 1::bigint FROM wxcoupon.requests WHERE id < $3 AND coupon = $1 AND merchant = $2 \
                   AND operation IN ('use', 'busifavor_use') LIMIT 1";
        let values: [Value<'_>; 3] = [(&coupon, Type::TEXT), (&merchant, Type::TEXT), (&id, Type::INT8)];
        Ok(!self.rows(sql, &values)?.is_empty())
    }

    fn answered_redemptions(&mut self, merchant: &str, coupon: &str) -> Result<Vec<Row>> {
        let named: [Value<'_>; 2] = [(&merchant, Type::TEXT), (&coupon, Type::TEXT)];
        Ok(self.rows(&ANSWERED_REDEMPTIONS, &named)?.iter().map(read).collect())
    }

    fn prune(&mut self, merchant: &str, older_than_ms: i64, after: i64) -> Result<Option<i64>> {
        let sql = "SELECT id, state, created_ms, greatest(updated_ms, coalesce(verdict_s, 0) * 1000), merchant \
                   FROM wxcoupon.requests WHERE id > $1 ORDER BY id LIMIT $2";
        let rows = self.rows(sql, &[(&after, Type::INT8), (&LOOKED_AT, Type::INT8)])?;
        let (mut old, mut last, now) = (Vec::<i64>::new(), None, wall_ms());
        for row in &rows {
            // Rows follow each other in time, so all later ones are kept, too. A row from the future was written while the
            // clock was wrong.
            if (older_than_ms..=now).contains(&number(row, 2)?) {
                last = None;
                break;
            }
            let id = number(row, 0)?;
            last = Some(id);
            let is_finished = State::from_number(number(row, 1)?).is_some_and(State::is_finished);
            let is_ours = row.try_get::<_, &str>(4).is_ok_and(|found| found == merchant);
            if is_ours && is_finished && number(row, 3)? < older_than_ms {
                old.push(id);
            }
        }
        let is_full = i64::try_from(rows.len()).is_ok_and(|found| found == LOOKED_AT);
        if !old.is_empty() {
            self.rows(&DELETE_OLD, &[(&old, Type::INT8_ARRAY)])?;
        }
        Ok(last.filter(|_| is_full))
    }

    fn latest(&mut self) -> Result<i64> {
        let latest = self.number("SELECT coalesce(max(id), 0) FROM wxcoupon.requests", &[])?;
        Ok(latest.unwrap_or_default())
    }

    fn fact(&mut self, name: &str) -> Result<Option<i64>> {
        self.number("SELECT value FROM wxcoupon.facts WHERE name = $1", &[(&name, Type::TEXT)])
    }

    fn set_fact(&mut self, name: &str, value: i64) -> Result<()> {
        let sql = "INSERT INTO wxcoupon.facts (name, value) VALUES ($1, $2) \
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.rows(sql, &[(&name, Type::TEXT), (&value, Type::INT8)]).map(drop)
    }
}
