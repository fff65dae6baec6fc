//! Whose request number is whose; what scans gave to whom; nonces that must outlive the process.

use super::Result;
use rusqlite::{Connection, OptionalExtension as _, params};
use wxcoupon::system::wall_ms;

/// A number that a till has used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    pub request_no: String,
    pub till: String,
    pub operation: String,
    /// Until when the till's own word holds: the end of its call, and a little more.
    pub until_ms: i64,
}

const COLUMNS: &str = "number, till, operation, until_ms";

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Number> {
    Ok(Number { request_no: row.get(0)?, till: row.get(1)?, operation: row.get(2)?, until_ms: row.get(3)? })
}

/// Who has a number.
pub fn find(connection: &Connection, number: &str) -> Result<Option<Number>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM numbers WHERE number = ?1"))?;
    Ok(statement.query_row([number], read).optional()?)
}

/// What a till claims.
#[derive(Debug, Clone)]
pub struct Claim {
    pub number: String,
    pub till: String,
    pub operation: &'static str,
    /// The coupon that it redeems.
    pub coupon: Option<String>,
    pub until_ms: i64,
}

/// Gives a number to a till, unless somebody has it. Who has it now.
pub fn claim(connection: &Connection, claim: &Claim) -> Result<Number> {
    let Claim { number, till, operation, coupon, until_ms } = claim;
    connection
        .prepare_cached(
            "INSERT INTO numbers (number, till, operation, coupon, at_ms, until_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![number, till, operation, coupon, wall_ms(), until_ms])?;
    connection
        .prepare_cached("UPDATE numbers SET until_ms = max(until_ms, ?3) WHERE number = ?1 AND till = ?2")?
        .execute(params![number, till, until_ms])?;
    let found = find(connection, number)?;
    found.ok_or_else(|| super::Failed("a number was not kept".into()))
}

/// The till has spoken about its number again.
pub fn prolong(connection: &Connection, number: &str, until_ms: i64) -> Result<()> {
    connection
        .prepare_cached("UPDATE numbers SET until_ms = max(until_ms, ?2) WHERE number = ?1")?
        .execute(params![number, until_ms])?;
    Ok(())
}

/// Every redemption of a coupon by a till, in no order.
pub fn redemptions(connection: &Connection, coupon: &str) -> Result<Vec<Number>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM numbers WHERE coupon = ?1"))?;
    let rows = statement.query_map([coupon], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A scan of the till gave these.
pub fn grant(connection: &Connection, till: &str, what: &[String], until_ms: i64) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO grants VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET until_ms = excluded.until_ms",
    )?;
    for what in what {
        statement.execute(params![till, what, until_ms])?;
    }
    Ok(())
}

/// Whether a scan of the till gave it lately.
pub fn is_granted(connection: &Connection, till: &str, what: &str) -> Result<bool> {
    let mut statement =
        connection.prepare_cached("SELECT 1 FROM grants WHERE till = ?1 AND what = ?2 AND until_ms > ?3")?;
    Ok(statement.exists(params![till, what, wall_ms()])?)
}

/// Keeps a nonce. False: it came before.
pub fn keep_nonce(connection: &Connection, till: &str, nonce: &str, until_ms: i64) -> Result<bool> {
    let kept = connection
        .prepare_cached("INSERT INTO nonces VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute(params![till, nonce, until_ms])?;
    Ok(kept == 1)
}

/// Removes what has no meaning any more: grants and nonces whose time is over.
pub fn forget_old(connection: &Connection) -> Result<()> {
    let now = wall_ms();
    connection.execute("DELETE FROM grants WHERE until_ms <= ?1", [now])?;
    connection.execute("DELETE FROM nonces WHERE until_ms <= ?1", [now])?;
    Ok(())
}
