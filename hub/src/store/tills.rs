//! Tills, their keys, and the one-time codes that become keys.

use super::sql::{Row, Sql, values};
use super::{Failed, Result, set_fact};
use crate::mac;
use crate::master::{Label, Master};
use crate::secret::{Key, hex, random};
use std::collections::HashMap;

/// How long a one-time code is good for.
pub const CODE_MS: i64 = 15 * 60 * 1000;
/// How long the key before goes on being good, once the new one was fetched.
const OLD_KEY_MS: i64 = 24 * 60 * 60 * 1000;
/// The fact that names the master key.
const MASTER: &str = "master_key_id";

/// A till as `till list` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Till {
    pub id: String,
    pub added_ms: i64,
    pub revoked_ms: Option<i64>,
    pub seen_ms: Option<i64>,
    pub seen_from: Option<String>,
    /// Generations of keys that are good now.
    pub generations: Vec<i64>,
    /// When its code ends, if one was made and not traded yet.
    pub code_ends_ms: Option<i64>,
}

/// A till's key as it is stored.
#[derive(Debug)]
pub struct Stored {
    pub sealed: Vec<u8>,
    pub revoked: bool,
    pub ended: bool,
}

/// What the store knows of a key, and its own time.
#[derive(Debug)]
pub struct Known {
    pub is_till: bool,
    pub key: Option<Stored>,
    pub now_ms: i64,
}

/// The key of a generation, of a till that may not be there.
pub fn key(sql: &mut dyn Sql, till: &str, generation: i64) -> Result<Known> {
    let row = sql.first(
        "SELECT {now}, t.id, t.revoked_ms, k.generation, k.sealed, CASE WHEN k.ends_ms <= {now} THEN 1 ELSE 0 END
         FROM (SELECT 1 AS one) o LEFT JOIN {hub}.tills t ON t.id = $1 LEFT JOIN {hub}.keys k ON k.till = t.id AND k.generation = $2",
        values![till, generation],
    )?;
    let row = row.ok_or_else(|| Failed::new("the store gives no answer"))?;
    let key = match row.number_or_none(3)? {
        None => None,
        Some(_) => Some(Stored {
            sealed: row.bytes(4)?,
            revoked: row.number_or_none(2)?.is_some(),
            ended: row.is_true(5)?,
        }),
    };
    Ok(Known { is_till: row.text_or_none(1)?.is_some(), key, now_ms: row.number(0)? })
}

/// Every till.
pub fn list(sql: &mut dyn Sql) -> Result<Vec<Till>> {
    let tills = sql.query(
        "SELECT t.id, t.added_ms, t.revoked_ms, t.seen_ms, t.seen_from, c.ends_ms FROM {hub}.tills t
         LEFT JOIN {hub}.codes c ON c.till = t.id AND c.nonce IS NULL AND c.ends_ms > {now} ORDER BY t.id",
        values![],
    )?;
    let keys = sql.query(
        "SELECT till, generation FROM {hub}.keys WHERE ends_ms IS NULL OR ends_ms > {now} ORDER BY till, generation",
        values![],
    )?;
    let mut generations = HashMap::<String, Vec<i64>>::new();
    for row in keys {
        generations.entry(row.text(0)?).or_default().push(row.number(1)?);
    }
    let till = |row: Row| {
        let id = row.text(0)?;
        Ok(Till {
            added_ms: row.number(1)?,
            revoked_ms: row.number_or_none(2)?,
            seen_ms: row.number_or_none(3)?,
            seen_from: row.text_or_none(4)?,
            generations: generations.remove(&id).unwrap_or_default(),
            code_ends_ms: row.number_or_none(5)?,
            id,
        })
    };
    tills.into_iter().map(till).collect()
}

/// Nobody else changes keys and codes of this till until the transaction has ended. False: there is no such till.
fn hold(sql: &mut dyn Sql, till: &str) -> Result<bool> {
    Ok(sql.execute("UPDATE {hub}.tills SET added_ms = added_ms WHERE id = $1", values![till])? == 1)
}

/// Adds a till, or lets one that was revoked come back. False: it is there already.
pub fn add(sql: &mut dyn Sql, till: &str) -> Result<bool> {
    let added = sql.execute(
        "INSERT INTO {hub}.tills (id, added_ms) VALUES ($1, {now}) ON CONFLICT (id) DO UPDATE
         SET revoked_ms = NULL, added_ms = excluded.added_ms WHERE tills.revoked_ms IS NOT NULL",
        values![till],
    )?;
    Ok(added == 1)
}

/// From now on nothing of this till is accepted. False: there is no such till.
pub fn revoke(sql: &mut dyn Sql, till: &str) -> Result<bool> {
    let revoked = sql.execute(
        "UPDATE {hub}.tills SET revoked_ms = coalesce(revoked_ms, {now}) WHERE id = $1",
        values![till],
    )?;
    sql.execute(
        "UPDATE {hub}.keys SET ends_ms = {now} WHERE till = $1 AND (ends_ms IS NULL OR ends_ms > {now})",
        values![till],
    )?;
    sql.execute("DELETE FROM {hub}.codes WHERE till = $1", values![till])?;
    sql.execute("DELETE FROM {hub}.grants WHERE till = $1", values![till])?;
    Ok(revoked == 1)
}

/// A new one-time code for the next generation of a till's key. An older code of the till is void.
pub fn make_code(sql: &mut dyn Sql, master: &Master, till: &str) -> Result<String> {
    hold(sql, till)?;
    require(sql, master)?;
    let latest = sql.first("SELECT max(generation) FROM {hub}.keys WHERE till = $1", values![till])?;
    let latest = latest.map(|row| row.number_or_none(0)).transpose()?.flatten();
    let generation = latest.unwrap_or_default() + 1;
    let code = mac::code(random().map_err(Failed::new)?);
    let key = mac::key_of_code(&mac::read_code(&code).unwrap_or_default(), till);
    let sealed = seal(master, Label { kind: "code", till, generation }, &key)?;
    sql.execute("DELETE FROM {hub}.codes WHERE till = $1", values![till])?;
    sql.execute(
        "INSERT INTO {hub}.codes (till, generation, sealed, ends_ms) VALUES ($1, $2, $3, {now} + $4)",
        values![till, generation, sealed, CODE_MS],
    )?;
    Ok(code)
}

fn seal(master: &Master, label: Label<'_>, key: &Key) -> Result<Vec<u8>> {
    master.seal(label, key).map_err(Failed::new)
}

/// The code of a till that waits to be traded.
#[derive(Debug)]
pub struct Code {
    pub generation: i64,
    pub key: Key,
}

/// The key of a till's code, if it has one that is still good. Whoever has it can trade it.
pub fn code(sql: &mut dyn Sql, master: &Master, till: &str) -> Result<Option<Code>> {
    let found = sql.first(
        "SELECT generation, sealed FROM {hub}.codes WHERE till = $1 AND ends_ms > {now}",
        values![till],
    )?;
    let Some(row) = found else { return Ok(None) };
    let generation = row.number(0)?;
    let opened = master.open(Label { kind: "code", till, generation }, &row.bytes(1)?);
    Ok(Some(Code { generation, key: opened.map_err(Failed::new)? }))
}

/// What a trade gives.
#[derive(Debug)]
pub struct Traded {
    pub generation: i64,
    pub salt: String,
}

/// Trades a proven code for a key. The same trade may be repeated, because its answer may be lost: it has the same nonce.
/// `None`: it was traded before.
pub fn trade(
    sql: &mut dyn Sql,
    master: &Master,
    till: &str,
    code: &Code,
    nonce: &str,
) -> Result<Option<Traded>> {
    hold(sql, till)?;
    require(sql, master)?;
    let generation = code.generation;
    let before = sql.first(
        "SELECT nonce, salt FROM {hub}.codes WHERE till = $1 AND generation = $2",
        values![till, generation],
    )?;
    let Some(before) = before else { return Ok(None) };
    match (before.text_or_none(0)?, before.text_or_none(1)?) {
        (None, _) => {}
        (Some(first), Some(salt)) if first == nonce => return Ok(Some(Traded { generation, salt })),
        _ => return Ok(None),
    }
    let salt = hex(&random::<16>().map_err(Failed::new)?);
    let key = mac::key_of_till(&code.key, till, generation, nonce, &salt);
    let sealed = seal(master, Label { kind: "till", till, generation }, &key)?;
    sql.execute(
        "INSERT INTO {hub}.keys (till, generation, sealed, made_ms) VALUES ($1, $2, $3, {now})",
        values![till, generation, sealed],
    )?;
    sql.execute(
        "UPDATE {hub}.codes SET nonce = $3, salt = $4 WHERE till = $1 AND generation = $2",
        values![till, generation, nonce, &salt],
    )?;
    // Two are good: the new one, and for a day the one before.
    sql.execute(
        "UPDATE {hub}.keys SET ends_ms = {now} + $3 WHERE till = $1 AND generation = $2 - 1 AND ends_ms IS NULL",
        values![till, generation, OLD_KEY_MS],
    )?;
    sql.execute(
        "UPDATE {hub}.keys SET ends_ms = {now}
         WHERE till = $1 AND generation < $2 - 1 AND (ends_ms IS NULL OR ends_ms > {now})",
        values![till, generation],
    )?;
    Ok(Some(Traded { generation, salt }))
}

/// Notes when tills came last, and from where.
pub fn note_seen(sql: &mut dyn Sql, seen: &[(String, i64, String)]) -> Result<()> {
    for (till, at_ms, from) in seen {
        sql.execute(
            "UPDATE {hub}.tills SET seen_ms = $2, seen_from = $3 WHERE id = $1 AND (seen_ms IS NULL OR seen_ms < $2)",
            values![till, *at_ms, from],
        )?;
    }
    Ok(())
}

/// Whether everything in the store is sealed under this master key. A store without any key takes it. Until the transaction has
/// ended, nobody seals anything anew.
pub fn fits(sql: &mut dyn Sql, master: &Master) -> Result<bool> {
    let id = master.id();
    let found = sql.first(
        "INSERT INTO {hub}.facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = facts.value
         RETURNING value",
        values![MASTER, &id],
    )?;
    Ok(found.map(|row| row.text(0)).transpose()?.as_ref() == Some(&id))
}

/// Somebody may have sealed everything anew since this key was read.
fn require(sql: &mut dyn Sql, master: &Master) -> Result<()> {
    if fits(sql, master)? { Ok(()) } else { Err(Failed::new("the master key was replaced just now: repeat")) }
}

/// Seals every key and code anew, and says how many.
pub fn reseal(sql: &mut dyn Sql, old: &Master, new: &Master) -> Result<usize> {
    require(sql, old)?;
    let mut count = 0;
    for (table, kind) in [("keys", "till"), ("codes", "code")] {
        for row in sql.query(&format!("SELECT till, generation, sealed FROM {{hub}}.{table}"), values![])? {
            let (till, generation) = (row.text(0)?, row.number(1)?);
            let label = Label { kind, till: &till, generation };
            let key = old.open(label, &row.bytes(2)?).map_err(Failed::new)?;
            let sealed = seal(new, label, &key)?;
            sql.execute(
                &format!("UPDATE {{hub}}.{table} SET sealed = $3 WHERE till = $1 AND generation = $2"),
                values![&till, generation, sealed],
            )?;
            count += 1;
        }
    }
    set_fact(sql, MASTER, &new.id())?;
    Ok(count)
}
