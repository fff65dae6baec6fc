//! The tables, and how they change from one version of this library to the next.
//!
//! Two versions work on one database while machines are updated one by one. So a step only adds what the version before it
//! can do without (expand). What is not needed any more goes away in a later version, in a step of its own that raises
//! `oldest` (contract): a version with a lower format is refused from then on.

use super::connection::{Connection, Refused};

/// The format that this version writes.
pub const FORMAT: i64 = 1;

/// Steps to each format from the one before. One that is released never changes.
const STEPS: &[&str] = &["
CREATE TABLE wxcoupon.requests (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant TEXT COLLATE \"C\" NOT NULL,
    number TEXT COLLATE \"C\" NOT NULL,
    operation TEXT COLLATE \"C\" NOT NULL,
    method TEXT NOT NULL,
    target TEXT NOT NULL,
    body BYTEA,
    members TEXT NOT NULL,
    coupon TEXT COLLATE \"C\",
    content BYTEA,
    trace TEXT,
    created_ms BIGINT NOT NULL,
    state BIGINT NOT NULL,
    called_off BOOLEAN NOT NULL,
    code BIGINT NOT NULL,
    cause TEXT NOT NULL,
    note TEXT,
    attempts BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    doubted_ms BIGINT,
    tried_ms BIGINT NOT NULL,
    sent BOOLEAN NOT NULL,
    signed_s BIGINT NOT NULL,
    verdict_s BIGINT,
    verdict_row BIGINT NOT NULL,
    answer TEXT,
    http_status BIGINT,
    request_id TEXT,
    host TEXT,
    course TEXT NOT NULL,
    owner TEXT,
    generation BIGINT NOT NULL,
    lease_until_ms BIGINT,
    digest BYTEA NOT NULL,
    UNIQUE (merchant, number)
);
CREATE INDEX requests_open ON wxcoupon.requests (merchant, id) WHERE state IN (0, 4, 6, 7, 8, 9);
CREATE INDEX requests_returns ON wxcoupon.requests (coupon)
    WHERE coupon IS NOT NULL AND operation IN ('return', 'busifavor_return');
CREATE TABLE wxcoupon.facts (
    name TEXT COLLATE \"C\" PRIMARY KEY,
    value BIGINT NOT NULL
);
"];

/// One at a time looks at the format and changes it.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7827040)";

/// Brings the tables to this version's format, all steps or none.
pub fn prepare(connection: &mut Connection) -> Result<(), Refused> {
    // Mostly there is nothing to do, and nothing to wait for.
    if let Some((format, oldest)) = found(connection)? {
        check(oldest)?;
        if format >= FORMAT {
            return Ok(());
        }
    }
    connection.batch("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = on")?;
    connection.batch(LOCK)?;
    let now = found(connection)?;
    let (format, oldest) = now.unwrap_or((0, 1));
    check(oldest)?;
    if now.is_none() {
        // Whoever has made the schema may have made it for us, without the right to make others.
        if !exists(connection, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'wxcoupon')")? {
            connection.batch("CREATE SCHEMA wxcoupon")?;
        }
        connection.batch(
            "CREATE TABLE wxcoupon.format (written BIGINT NOT NULL, oldest BIGINT NOT NULL); \
             INSERT INTO wxcoupon.format VALUES (0, 1)",
        )?;
    }
    let done = usize::try_from(format).unwrap_or(STEPS.len());
    for step in STEPS.iter().skip(done) {
        connection.batch(step)?;
    }
    if format < FORMAT {
        connection.batch(&format!("UPDATE wxcoupon.format SET written = {FORMAT}"))?;
    }
    connection.batch("COMMIT")
}

fn check(oldest: i64) -> Result<(), Refused> {
    if oldest <= FORMAT {
        return Ok(());
    }
    Err(Refused::Wrong(format!(
        "the tables were changed by a newer version of this library, for formats from {oldest} on; this one knows {FORMAT}"
    )))
}

/// The format that was written, and the oldest that may still be used. `None`: there are no tables.
fn found(connection: &mut Connection) -> Result<Option<(i64, i64)>, Refused> {
    // `to_regclass` would answer from a cache of the session, whatever another one has made since.
    let question =
        "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'wxcoupon' AND tablename = 'format')";
    if !exists(connection, question)? {
        return Ok(None);
    }
    let rows = connection.rows("SELECT written, oldest FROM wxcoupon.format", &[])?;
    let row = rows.first().ok_or_else(|| Refused::Wrong("wxcoupon.format is empty".into()))?;
    let number = |at| row.try_get::<_, i64>(at).map_err(|error| Refused::Wrong(error.to_string()));
    Ok(Some((number(0)?, number(1)?)))
}

fn exists(connection: &mut Connection, question: &str) -> Result<bool, Refused> {
    let rows = connection.rows(question, &[])?;
    Ok(rows.first().is_some_and(|row| row.try_get(0).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::super::sql::unfinished;
    use super::*;

    #[test]
    fn the_index_of_open_rows_has_the_condition_by_which_they_are_asked_for() {
        assert_eq!(i64::try_from(STEPS.len()), Ok(FORMAT));
        assert!(STEPS[0].contains(&format!("WHERE {};", unfinished())));
    }
}
