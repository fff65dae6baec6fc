//! The tables, and how they change from one version of the hub to the next.
//!
//! Hubs are updated one by one. So a step only adds what the version before it can do without (expand). What is not needed any
//! more goes away in a later version, in a step of its own that raises `oldest` (contract): a hub with a lower format is refused
//! from then on.

use super::super::{Failed, Result};
use wxcoupon::journal::postgres::connection::Connection;

/// Steps to each format from the one before. One that is released never changes.
const STEPS: [&str; 1] = ["
CREATE TABLE wxcoupon_hub.facts (name TEXT COLLATE \"C\" PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE wxcoupon_hub.tills (
    id TEXT COLLATE \"C\" PRIMARY KEY, added_ms BIGINT NOT NULL, revoked_ms BIGINT, seen_ms BIGINT, seen_from TEXT
);
CREATE TABLE wxcoupon_hub.keys (
    till TEXT COLLATE \"C\" NOT NULL, generation BIGINT NOT NULL, sealed BYTEA NOT NULL, made_ms BIGINT NOT NULL, ends_ms BIGINT,
    PRIMARY KEY (till, generation)
);
CREATE TABLE wxcoupon_hub.codes (
    till TEXT COLLATE \"C\" PRIMARY KEY, generation BIGINT NOT NULL, sealed BYTEA NOT NULL, ends_ms BIGINT NOT NULL, nonce TEXT,
    salt TEXT
);
CREATE TABLE wxcoupon_hub.numbers (
    number TEXT COLLATE \"C\" PRIMARY KEY, till TEXT NOT NULL, operation TEXT NOT NULL, coupon TEXT COLLATE \"C\",
    at_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL
);
CREATE INDEX numbers_of_coupon ON wxcoupon_hub.numbers (coupon) WHERE coupon IS NOT NULL;
CREATE TABLE wxcoupon_hub.grants (
    till TEXT COLLATE \"C\" NOT NULL, what TEXT COLLATE \"C\" NOT NULL, until_ms BIGINT NOT NULL, PRIMARY KEY (till, what)
);
CREATE TABLE wxcoupon_hub.nonces (
    till TEXT COLLATE \"C\" NOT NULL, nonce TEXT COLLATE \"C\" NOT NULL, until_ms BIGINT NOT NULL, PRIMARY KEY (till, nonce)
);
CREATE TABLE wxcoupon_hub.events (
    id BIGINT PRIMARY KEY, till TEXT COLLATE \"C\", at_ms BIGINT NOT NULL, event TEXT NOT NULL, number TEXT, body TEXT
);
CREATE INDEX events_of_till ON wxcoupon_hub.events (till, id);
CREATE TABLE wxcoupon_hub.notifications (
    dedup_key TEXT COLLATE \"C\" PRIMARY KEY, at_ms BIGINT NOT NULL, event_type TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE wxcoupon_hub.turns (
    what TEXT COLLATE \"C\" PRIMARY KEY, holder TEXT NOT NULL, until_ms BIGINT NOT NULL
);
CREATE TABLE wxcoupon_hub.portions (
    holder TEXT COLLATE \"C\" PRIMARY KEY, rate BIGINT NOT NULL, wanted BIGINT NOT NULL, until_ms BIGINT NOT NULL
);
"];

/// One at a time looks at the format and changes it.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7827041)";

/// Brings the tables to this version's format, all steps or none.
pub fn prepare(connection: &mut Connection) -> Result<()> {
    // Mostly there is nothing to do, and nothing to wait for.
    if found(connection)?.is_some_and(|written| written >= STEPS.len()) {
        return Ok(());
    }
    connection.begin(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = on; \
         SET LOCAL statement_timeout = '6s'",
    )?;
    let prepared = change(connection);
    connection.end(if prepared.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    prepared
}

fn change(connection: &mut Connection) -> Result<()> {
    connection.batch(LOCK)?;
    let written = found(connection)?;
    if written.is_none() {
        // Whoever has made the schema may have made it for us, without the right to make others.
        if !exists(connection, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'wxcoupon_hub')")? {
            connection.batch("CREATE SCHEMA wxcoupon_hub")?;
        }
        connection.batch(
            "CREATE TABLE wxcoupon_hub.format (written BIGINT NOT NULL, oldest BIGINT NOT NULL); \
             INSERT INTO wxcoupon_hub.format VALUES (0, 1)",
        )?;
    }
    let written = written.unwrap_or_default();
    for step in STEPS.iter().skip(written) {
        connection.batch(step)?;
    }
    if written < STEPS.len() {
        connection.batch(&format!("UPDATE wxcoupon_hub.format SET written = {}", STEPS.len()))?;
    }
    Ok(())
}

/// The format that was written. `None`: there are no tables. Tables that this version may not use any more are an error.
fn found(connection: &mut Connection) -> Result<Option<usize>> {
    // `to_regclass` would answer from a cache of the session, whatever another one has made since.
    let question =
        "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'wxcoupon_hub' AND tablename = 'format')";
    if !exists(connection, question)? {
        return Ok(None);
    }
    let rows = connection.rows("SELECT written, oldest FROM wxcoupon_hub.format", &[])?;
    let row = rows.first().ok_or_else(|| Failed::new("wxcoupon_hub.format is empty"))?;
    let number = |at| {
        row.try_get::<_, i64>(at)
            .map_err(Failed::new)
            .map(|number| usize::try_from(number).unwrap_or(usize::MAX))
    };
    let (written, oldest) = (number(0)?, number(1)?);
    if oldest > STEPS.len() {
        return Err(Failed::new(format!(
            "the tables were changed by a newer hub, for formats from {oldest} on; this one knows {}",
            STEPS.len()
        )));
    }
    Ok(Some(written))
}

fn exists(connection: &mut Connection, question: &str) -> Result<bool> {
    let rows = connection.rows(question, &[])?;
    let exists = rows.first().map(|row| row.try_get::<_, bool>(0)).transpose().map_err(Failed::new)?;
    Ok(exists.unwrap_or_default())
}
