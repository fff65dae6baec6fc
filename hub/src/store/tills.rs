//! Tills, their keys, and the one-time codes that become keys.

use super::{Failed, Result, fact, set_fact};
use crate::mac;
use crate::master::{Label, Master};
use crate::secret::{Key, hex, random};
use rusqlite::{Connection, OptionalExtension as _, params};
use wxcoupon::system::wall_ms;

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

/// The key of a generation.
pub fn key(connection: &Connection, till: &str, generation: i64) -> Result<Option<Stored>> {
    let mut statement = connection.prepare_cached(
        "SELECT k.sealed, t.revoked_ms, k.ends_ms FROM keys k JOIN tills t ON t.id = k.till
         WHERE k.till = ?1 AND k.generation = ?2",
    )?;
    let stored = statement.query_row(params![till, generation], |row| {
        let ends_ms: Option<i64> = row.get(2)?;
        Ok(Stored {
            sealed: row.get(0)?,
            revoked: row.get::<_, Option<i64>>(1)?.is_some(),
            ended: ends_ms.is_some_and(|ends_ms| ends_ms <= wall_ms()),
        })
    });
    Ok(stored.optional()?)
}

/// Whether there is such a till, revoked or not.
pub fn is_known(connection: &Connection, till: &str) -> Result<bool> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM tills WHERE id = ?1")?;
    Ok(statement.exists([till])?)
}

/// Every till.
pub fn list(connection: &Connection) -> Result<Vec<Till>> {
    let now = wall_ms();
    let mut tills = connection.prepare_cached(
        "SELECT t.id, t.added_ms, t.revoked_ms, t.seen_ms, t.seen_from, c.ends_ms FROM tills t
         LEFT JOIN codes c ON c.till = t.id AND c.nonce IS NULL AND c.ends_ms > ?1 ORDER BY t.id",
    )?;
    let mut keys = connection.prepare_cached(
        "SELECT generation FROM keys WHERE till = ?1 AND (ends_ms IS NULL OR ends_ms > ?2) ORDER BY generation",
    )?;
    let tills = tills.query_map([now], |row| {
        Ok(Till {
            id: row.get(0)?,
            added_ms: row.get(1)?,
            revoked_ms: row.get(2)?,
            seen_ms: row.get(3)?,
            seen_from: row.get(4)?,
            generations: Vec::new(),
            code_ends_ms: row.get(5)?,
        })
    })?;
    tills
        .map(|till| {
            let till = till?;
            let generations = keys.query_map(params![till.id, now], |row| row.get(0))?;
            Ok(Till { generations: generations.collect::<rusqlite::Result<_>>()?, ..till })
        })
        .collect()
}

/// Adds a till, or lets one that was revoked come back. False: it is there already.
pub fn add(connection: &Connection, till: &str) -> Result<bool> {
    let added = connection.execute(
        "INSERT INTO tills (id, added_ms) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET revoked_ms = NULL, added_ms = excluded.added_ms WHERE revoked_ms IS NOT NULL",
        params![till, wall_ms()],
    )?;
    Ok(added == 1)
}

/// From now on nothing of this till is accepted. False: there is no such till.
pub fn revoke(connection: &Connection, till: &str) -> Result<bool> {
    let now = wall_ms();
    let revoked = connection.execute(
        "UPDATE tills SET revoked_ms = coalesce(revoked_ms, ?2) WHERE id = ?1",
        params![till, now],
    )?;
    connection.execute(
        "UPDATE keys SET ends_ms = min(coalesce(ends_ms, ?2), ?2) WHERE till = ?1",
        params![till, now],
    )?;
    connection.execute("DELETE FROM codes WHERE till = ?1", [till])?;
    connection.execute("DELETE FROM grants WHERE till = ?1", [till])?;
    Ok(revoked == 1)
}

/// A new one-time code for the next generation of a till's key. An older code of the till is void.
pub fn make_code(connection: &Connection, master: &Master, till: &str) -> Result<String> {
    let generation: i64 = connection.query_row(
        "SELECT coalesce(max(generation), 0) + 1 FROM keys WHERE till = ?1",
        [till],
        |row| row.get(0),
    )?;
    let code = mac::code(random().map_err(|error| Failed(error.to_string()))?);
    let key = mac::key_of_code(&mac::read_code(&code).unwrap_or_default(), till);
    let sealed = seal(master, Label { kind: "code", till, generation }, &key)?;
    connection.execute(
        "INSERT OR REPLACE INTO codes (till, generation, sealed, ends_ms) VALUES (?1, ?2, ?3, ?4)",
        params![till, generation, sealed, wall_ms() + CODE_MS],
    )?;
    Ok(code)
}

fn seal(master: &Master, label: Label<'_>, key: &Key) -> Result<Vec<u8>> {
    master.seal(label, key).map_err(|mistake| Failed(mistake.to_string()))
}

/// The code of a till that waits to be traded.
#[derive(Debug)]
pub struct Code {
    pub generation: i64,
    pub key: Key,
}

/// The key of a till's code, if it has one that is still good. Whoever has it can trade it.
pub fn code(connection: &Connection, master: &Master, till: &str) -> Result<Option<Code>> {
    let mut statement =
        connection.prepare_cached("SELECT generation, sealed FROM codes WHERE till = ?1 AND ends_ms > ?2")?;
    let found =
        statement.query_row(params![till, wall_ms()], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)));
    let Some((generation, sealed)) = found.optional()? else { return Ok(None) };
    let opened = master.open(Label { kind: "code", till, generation }, &sealed);
    Ok(Some(Code { generation, key: opened.map_err(|error| Failed(error.to_string()))? }))
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
    connection: &Connection,
    master: &Master,
    till: &str,
    code: &Code,
    nonce: &str,
) -> Result<Option<Traded>> {
    let generation = code.generation;
    let before: Option<(Option<String>, Option<String>)> = connection
        .query_row(
            "SELECT nonce, salt FROM codes WHERE till = ?1 AND generation = ?2",
            params![till, generation],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    match before {
        Some((None, _)) => {}
        Some((Some(first), Some(salt))) if first == nonce => return Ok(Some(Traded { generation, salt })),
        _ => return Ok(None),
    }
    let salt = hex(&random::<16>().map_err(|error| Failed(error.to_string()))?);
    let key = mac::key_of_till(&code.key, till, generation, nonce, &salt);
    let sealed = seal(master, Label { kind: "till", till, generation }, &key)?;
    let now = wall_ms();
    connection.execute(
        "INSERT INTO keys (till, generation, sealed, made_ms) VALUES (?1, ?2, ?3, ?4)",
        params![till, generation, sealed, now],
    )?;
    connection.execute(
        "UPDATE codes SET nonce = ?3, salt = ?4 WHERE till = ?1 AND generation = ?2",
        params![till, generation, nonce, salt],
    )?;
    // Two are good: the new one, and for a day the one before.
    connection.execute(
        "UPDATE keys SET ends_ms = ?3 WHERE till = ?1 AND generation = ?2 - 1 AND ends_ms IS NULL",
        params![till, generation, now + OLD_KEY_MS],
    )?;
    connection.execute(
        "UPDATE keys SET ends_ms = min(coalesce(ends_ms, ?3), ?3) WHERE till = ?1 AND generation < ?2 - 1",
        params![till, generation, now],
    )?;
    Ok(Some(Traded { generation, salt }))
}

/// Notes when tills came last, and from where.
pub fn note_seen(connection: &Connection, seen: &[(String, i64, String)]) -> Result<()> {
    let mut statement =
        connection.prepare_cached("UPDATE tills SET seen_ms = ?2, seen_from = ?3 WHERE id = ?1")?;
    for (till, at_ms, from) in seen {
        statement.execute(params![till, at_ms, from])?;
    }
    Ok(())
}

/// Whether everything in the store is sealed under this master key. A store without any key takes it.
pub fn fits(connection: &Connection, master: &Master) -> Result<bool> {
    if let Some(id) = fact(connection, MASTER)? {
        return Ok(id == master.id());
    }
    set_fact(connection, MASTER, &master.id())?;
    Ok(true)
}

/// Seals every key and code anew, and says how many.
pub fn reseal(connection: &Connection, old: &Master, new: &Master) -> Result<usize> {
    let mut count = 0;
    for (table, kind) in [("keys", "till"), ("codes", "code")] {
        let mut all = connection.prepare(&format!("SELECT till, generation, sealed FROM {table}"))?;
        let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let rows: Vec<(String, i64, Vec<u8>)> = rows.collect::<rusqlite::Result<_>>()?;
        for (till, generation, sealed) in rows {
            let label = Label { kind, till: &till, generation };
            let key = old.open(label, &sealed).map_err(|error| Failed(error.to_string()))?;
            let sealed = seal(new, label, &key)?;
            connection.execute(
                &format!("UPDATE {table} SET sealed = ?3 WHERE till = ?1 AND generation = ?2"),
                params![till, generation, sealed],
            )?;
            count += 1;
        }
    }
    set_fact(connection, MASTER, &new.id())?;
    Ok(count)
}
