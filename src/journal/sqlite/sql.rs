//! Tables, indices and statements.

use crate::journal::row::State;
use once_cell::sync::Lazy;
use rusqlite::Connection;
use std::fmt::Write as _;

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

pub(super) const COLUMNS: &str = "id, merchant, number, operation, method, target, body, members, coupon, content, trace, \
     created_ms, state, called_off, code, cause, note, attempts, updated_ms, doubted_ms, tried_ms, sent, signed_s, \
     verdict_s, verdict_row, answer, http_status, request_id, host, course, owner, generation, lease_until_ms, digest";

/// The columns that a replacement writes. The others never change.
pub(super) const CHANGING: [&str; 22] = [
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

/// The condition for rows that are not finished. With `IN`, `SQLite` would build a table in memory for every written row.
fn unfinished() -> String {
    let open = State::ALL.into_iter().filter(|state| !state.is_finished());
    let terms: Vec<String> = open.map(|state| format!("state = {}", state as i64)).collect();
    format!("({})", terms.join(" OR "))
}

/// Indices for open rows, and for returns of a coupon.
pub(super) fn indices() -> String {
    format!(
        "CREATE INDEX IF NOT EXISTS requests_open ON requests (state, id) WHERE {}; \
         CREATE INDEX IF NOT EXISTS requests_coupon ON requests (coupon) WHERE coupon IS NOT NULL AND operation = 'return'; \
         CREATE INDEX IF NOT EXISTS requests_busifavor ON requests (coupon) WHERE coupon IS NOT NULL AND operation = 'busifavor_return';",
        unfinished()
    )
}

/// Uses only the index, because the row itself may be damaged.
pub(super) fn select_open() -> String {
    format!("SELECT id FROM requests INDEXED BY requests_open WHERE {} ORDER BY id", unfinished())
}

/// Built once, because every call needs it.
pub(super) static UPDATE: Lazy<String> = Lazy::new(|| {
    let mut sql = String::from("UPDATE requests SET ");
    for (at, column) in CHANGING.iter().enumerate() {
        let _ = write!(sql, "{}{column} = ?{}", if at == 0 { "" } else { ", " }, at + 4);
    }
    sql.push_str(" WHERE id = ?1 AND owner IS ?2 AND generation = ?3");
    sql
});

/// The columns that only forgetting a user changes.
const FORGOTTEN: [&str; 5] = ["target", "body", "members", "content", "trace"];

/// Writes everything that may ever change.
pub(super) static REWRITE: Lazy<String> = Lazy::new(|| {
    let columns = FORGOTTEN.iter().chain(&CHANGING).zip(4..);
    let columns: Vec<String> = columns.map(|(column, at)| format!("{column} = ?{at}")).collect();
    format!("UPDATE requests SET {} WHERE id = ?1 AND owner IS ?2 AND generation = ?3", columns.join(", "))
});

pub(super) static INSERT: Lazy<String> = Lazy::new(|| {
    let marks: Vec<String> = (1..COLUMNS.split(',').count()).map(|at| format!("?{at}")).collect();
    format!("INSERT INTO requests ({}) VALUES ({})", COLUMNS.trim_start_matches("id, "), marks.join(", "))
});

pub(super) static SELECT: Lazy<String> =
    Lazy::new(|| format!("SELECT {COLUMNS} FROM requests WHERE id = ?1"));

/// Checks that all needed tables and columns exist.
pub(super) fn check_schema(db: &Connection) -> rusqlite::Result<()> {
    db.prepare(&format!("SELECT {COLUMNS} FROM requests")).map(drop)?;
    db.prepare("SELECT name, value FROM facts").map(drop)
}

/// Writes something without a meaning, to overwrite the pages of a failed commit.
pub(super) fn undo(db: &Connection) -> rusqlite::Result<()> {
    db.execute("INSERT INTO facts (name, value) VALUES ('undone', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1", [])
        .map(drop)
}
