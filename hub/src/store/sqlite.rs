//! The store in an `SQLite` file: of one hub, with nothing else to run.

use super::sql::{Row, Session, Sql, Value};
use super::{Failed, Result};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Statement, ToSql, TransactionBehavior};
use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// What a store that this program can use says about itself.
const APPLICATION_ID: i32 = 0x7778_6862;
const PATIENCE: Duration = Duration::from_secs(5);
const NOW: &str = "CAST(round(unixepoch('subsec') * 1000) AS INTEGER)";

/// Steps to each format from the one before. One that is released never changes.
const STEPS: [&str; 2] = [
    "
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tills (
    id TEXT PRIMARY KEY, added_ms INTEGER NOT NULL, revoked_ms INTEGER, seen_ms INTEGER, seen_from TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE keys (
    till TEXT NOT NULL, generation INTEGER NOT NULL, sealed BLOB NOT NULL, made_ms INTEGER NOT NULL, ends_ms INTEGER,
    PRIMARY KEY (till, generation)
) STRICT, WITHOUT ROWID;
CREATE TABLE codes (
    till TEXT PRIMARY KEY, generation INTEGER NOT NULL, sealed BLOB NOT NULL, ends_ms INTEGER NOT NULL, nonce TEXT, salt TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE numbers (
    number TEXT PRIMARY KEY, till TEXT NOT NULL, operation TEXT NOT NULL, coupon TEXT, at_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX numbers_of_coupon ON numbers (coupon) WHERE coupon IS NOT NULL;
CREATE TABLE grants (
    till TEXT NOT NULL, what TEXT NOT NULL, until_ms INTEGER NOT NULL, PRIMARY KEY (till, what)
) STRICT, WITHOUT ROWID;
CREATE TABLE nonces (
    till TEXT NOT NULL, nonce TEXT NOT NULL, until_ms INTEGER NOT NULL, PRIMARY KEY (till, nonce)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, till TEXT, at_ms INTEGER NOT NULL, event TEXT NOT NULL, number TEXT, body TEXT
) STRICT;
CREATE INDEX events_of_till ON events (till, id);
CREATE TABLE notifications (
    dedup_key TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, event_type TEXT NOT NULL, body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE turns (
    what TEXT PRIMARY KEY, holder TEXT NOT NULL, until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE portions (
    holder TEXT PRIMARY KEY, rate INTEGER NOT NULL, wanted INTEGER NOT NULL, until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO facts SELECT 'last_event', coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0);
",
];

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Failed {
        Failed::NotWritten(error.to_string())
    }
}

/// A connection to the file.
pub struct Sqlite(Connection);

impl Sqlite {
    /// Opens the file, or makes it.
    pub fn open(path: &Path) -> Result<Sqlite> {
        if !path.exists() {
            let made = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
            made.map_err(|error| Failed::NotWritten(error.to_string()))?;
        }
        let mut connection = connect(path)?;
        prepare(&mut connection)?;
        Ok(Sqlite(connection))
    }

    fn statement(&self, statement: &str) -> Result<rusqlite::CachedStatement<'_>> {
        Ok(self
            .0
            .prepare_cached(&statement.replace('$', "?").replace("{now}", NOW).replace("{hub}", "main"))?)
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        match self {
            Value::Number(number) => number.to_sql(),
            Value::Text(text) => text.to_sql(),
            Value::Bytes(bytes) => bytes.to_sql(),
        }
    }
}

fn read(row: &rusqlite::Row<'_>, columns: usize) -> rusqlite::Result<Row> {
    let value = |column| {
        Ok(match row.get_ref(column)? {
            ValueRef::Null => Value::Number(None),
            ValueRef::Integer(number) => Value::Number(Some(number)),
            ValueRef::Text(_) => Value::Text(Some(row.get(column)?)),
            ValueRef::Real(_) | ValueRef::Blob(_) => Value::Bytes(Some(row.get(column)?)),
        })
    };
    (0..columns).map(value).collect::<rusqlite::Result<_>>().map(Row)
}

impl Sql for Sqlite {
    fn execute(&mut self, statement: &str, values: &[Value]) -> Result<u64> {
        let changed = self.statement(statement)?.execute(rusqlite::params_from_iter(values))?;
        Ok(u64::try_from(changed).unwrap_or_default())
    }

    fn query(&mut self, statement: &str, values: &[Value]) -> Result<Vec<Row>> {
        let mut statement = self.statement(statement)?;
        let columns = Statement::column_count(&statement);
        let rows = statement.query_map(rusqlite::params_from_iter(values), |row| read(row, columns))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Session for Sqlite {
    fn begin(&mut self) -> Result<()> {
        Ok(self.0.execute_batch("BEGIN IMMEDIATE")?)
    }

    fn sql(&mut self) -> &mut dyn Sql {
        self
    }

    fn mark(&mut self, statement: &str) -> Result<()> {
        Ok(self.0.execute_batch(statement)?)
    }

    fn commit(&mut self) -> Result<()> {
        Ok(self.0.execute_batch("COMMIT")?)
    }

    fn roll_back(&mut self) {
        if !self.0.is_autocommit() {
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

/// Connections that read.
#[derive(Debug)]
pub struct Readers {
    path: PathBuf,
    kept: Mutex<Vec<Connection>>,
}

impl Readers {
    pub fn new(path: &Path) -> Readers {
        Readers { path: path.to_owned(), kept: Mutex::default() }
    }

    pub fn read<T>(&self, question: impl FnOnce(&mut dyn Sql) -> Result<T>) -> Result<T> {
        let kept = super::lock(&self.kept).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connect(&self.path)?,
        };
        let mut reader = Sqlite(connection);
        let answer = question(&mut reader);
        if answer.is_ok() {
            super::lock(&self.kept).push(reader.0);
        }
        answer
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn prepare(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number =
        |name: &str| transaction.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0));
    let another = || Failed::NotWritten("it is the file of another program".into());
    let (application, format) = (number("application_id")?, number("user_version")?);
    if (application, format) == (0, 0) {
        let tables: i64 =
            transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables > 0 {
            return Err(another());
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    } else if application != APPLICATION_ID {
        return Err(another());
    }
    let done = usize::try_from(format).unwrap_or_default();
    let Some(left) = STEPS.get(done..) else {
        let known = STEPS.len();
        return Err(Failed::NotWritten(format!("it has format {format}, and this program knows {known}")));
    };
    if !left.is_empty() {
        for step in left {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "user_version", i32::try_from(STEPS.len()).unwrap_or_default())?;
    }
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::super::{Store, events};
    use super::*;
    use crate::place::Place;

    #[test]
    fn the_file_of_another_program_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        assert!(Store::open(&Place::File(path)).unwrap_err().to_string().contains("another program"));
    }

    /// A file of the first format goes on, and its events keep their order.
    #[test]
    fn an_older_file_is_brought_to_this_format() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub.db");
        let older = Connection::open(&path).unwrap();
        older.execute_batch(STEPS[0]).unwrap();
        older.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        older.pragma_update(None, "user_version", 1).unwrap();
        let event = "INSERT INTO events (till, at_ms, event) VALUES ('S1', 1, 'settled')";
        older.execute_batch(&format!("{event}; {event}; DELETE FROM events WHERE id = 2")).unwrap();
        drop(older);
        let store = Store::open(&Place::File(path)).unwrap();
        store.write(|sql| events::add(sql, Some("S1"), "settled", None, None)).unwrap();
        let after = store.read(|sql| events::after(sql, "S1", false, 0, 9)).unwrap();
        assert_eq!(after.iter().map(|event| event.id).collect::<Vec<_>>(), [1, 3]);
    }
}
