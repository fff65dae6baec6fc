//! Whose request number is whose; what scans gave to whom; nonces that must outlive the process.

use super::sql::{Row, Sql, Value, values};
use super::{Failed, Result};
use crate::mac::WINDOW_S;

/// A hundred years: clocks are wrong by any time.
const LONGEST_MS: i64 = 100 * 366 * 86_400_000;

/// A number that a till has used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    pub request_no: String,
    pub till: String,
    /// Whether the till's own word holds: until the end of its call, and a little more.
    pub has_word: bool,
    /// It was called off before any request with it came: none is taken any more.
    pub is_void: bool,
}

/// Stands in the place of an operation where a number was called off before any request with it came.
pub const VOID: &str = "void";

const COLUMNS: &str = "number, till, until_ms > {now}, operation = 'void'";

fn read(row: Row) -> Result<Number> {
    let (request_no, till) = (row.text(0)?, row.text(1)?);
    Ok(Number { request_no, till, has_word: row.is_true(2)?, is_void: row.is_true(3)? })
}

/// Who has a number.
pub fn find(sql: &mut dyn Sql, number: &str) -> Result<Option<Number>> {
    let found =
        sql.first(&format!("SELECT {COLUMNS} FROM {{hub}}.numbers WHERE number = $1"), values![number])?;
    found.map(read).transpose()
}

/// Who has these numbers, in no order: some at a time, not one by one.
pub fn find_all(sql: &mut dyn Sql, numbers: &[&str]) -> Result<Vec<Number>> {
    let mut found = Vec::new();
    for some in numbers.chunks(100) {
        let places: Vec<String> = (1..=some.len()).map(|place| format!("${place}")).collect();
        let values: Vec<Value> = some.iter().map(|number| Value::from(*number)).collect();
        let places = places.join(", ");
        let rows =
            sql.query(&format!("SELECT {COLUMNS} FROM {{hub}}.numbers WHERE number IN ({places})"), &values)?;
        for row in rows {
            found.push(read(row)?);
        }
    }
    Ok(found)
}

/// What a till claims.
#[derive(Debug, Clone)]
pub struct Claim {
    pub number: String,
    pub till: String,
    pub operation: &'static str,
    /// The coupon that it redeems.
    pub coupon: Option<String>,
    /// How long the till's word holds.
    pub word_ms: i64,
    /// Of the request that claims it. It is kept with the claim, so that no copy is served later, here or at another hub.
    pub nonce: String,
}

/// Gives a number to a till, unless somebody has it. Who has it now. One statement, so that whoever comes first has it, at
/// whichever hub.
pub fn claim(sql: &mut dyn Sql, claim: &Claim) -> Result<Number> {
    let Claim { number, till, operation, coupon, word_ms, nonce: _ } = claim;
    let has = sql.first(
        &format!(
            "INSERT INTO {{hub}}.numbers (number, till, operation, coupon, at_ms, until_ms)
             VALUES ($1, $2, $3, $4, {{now}}, {{now}} + $5)
             ON CONFLICT (number) DO UPDATE SET until_ms = CASE
                WHEN numbers.till = excluded.till AND numbers.until_ms < excluded.until_ms THEN excluded.until_ms
                ELSE numbers.until_ms END
             RETURNING {COLUMNS}"
        ),
        values![number, till, *operation, coupon.clone(), *word_ms],
    )?;
    has.map(read).transpose()?.ok_or_else(|| Failed::new("a number was not kept"))
}

/// Calls off a number that was claimed, and that no call works on any more. False: one may.
pub fn call_off(sql: &mut dyn Sql, number: &str) -> Result<bool> {
    let done = sql.execute(
        "UPDATE {hub}.numbers SET operation = $2 WHERE number = $1 AND until_ms <= {now}",
        values![number, VOID],
    )?;
    Ok(done == 1)
}

/// The till has spoken about its number again.
pub fn prolong(sql: &mut dyn Sql, number: &str, word_ms: i64) -> Result<()> {
    sql.execute(
        "UPDATE {hub}.numbers SET until_ms = {now} + $2 WHERE number = $1 AND until_ms < {now} + $2",
        values![number, word_ms],
    )?;
    Ok(())
}

/// Every redemption of a coupon by a till, in no order.
pub fn redemptions(sql: &mut dyn Sql, coupon: &str) -> Result<Vec<Number>> {
    let rows =
        sql.query(&format!("SELECT {COLUMNS} FROM {{hub}}.numbers WHERE coupon = $1"), values![coupon])?;
    rows.into_iter().map(read).collect()
}

/// A scan of the till gave these.
pub fn grant(sql: &mut dyn Sql, till: &str, what: &[String], for_ms: i64) -> Result<()> {
    for what in what {
        sql.execute(
            "INSERT INTO {hub}.grants (till, what, until_ms) VALUES ($1, $2, {now} + $3)
             ON CONFLICT (till, what) DO UPDATE SET until_ms = excluded.until_ms",
            values![till, what, for_ms],
        )?;
    }
    Ok(())
}

/// Whether a scan of the till gave it lately.
pub fn is_granted(sql: &mut dyn Sql, till: &str, what: &str) -> Result<bool> {
    sql.exists(
        "SELECT until_ms FROM {hub}.grants WHERE till = $1 AND what = $2 AND until_ms > {now}",
        values![till, what],
    )
}

/// Keeps a nonce for as long as a copy of its request could be taken, whose time is so many seconds ahead. False: it came before.
pub fn keep_nonce(sql: &mut dyn Sql, till: &str, nonce: &str, ahead_s: i64) -> Result<bool> {
    let for_ms = ahead_s.saturating_add(2 * WINDOW_S + 10).saturating_mul(1000).min(LONGEST_MS);
    let kept = sql.execute(
        "INSERT INTO {hub}.nonces (till, nonce, until_ms) VALUES ($1, $2, {now} + $3)
         ON CONFLICT (till, nonce) DO NOTHING",
        values![till, nonce, for_ms],
    )?;
    Ok(kept == 1)
}

/// Removes what has no meaning any more: grants, nonces, turns and portions whose time is over.
pub fn forget_old(sql: &mut dyn Sql) -> Result<()> {
    for table in ["grants", "nonces", "turns", "portions"] {
        sql.execute(&format!("DELETE FROM {{hub}}.{table} WHERE until_ms <= {{now}}"), values![])?;
    }
    Ok(())
}
