//! What the hub itself keeps: tills and their sealed keys, whose number is whose, events. Requests are in the library's journal
//! beside it.
//!
//! One thread writes. Changes that wait at the same time share a transaction, and so one flush of the disk. Readers have
//! connections of their own. Another process, such as `wxcoupon-hub till revoke`, may change the file at any time: nothing is
//! kept in memory that it could change.

pub mod events;
pub mod numbers;
pub mod tills;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What a store that this program can use says about itself.
const APPLICATION_ID: i32 = 0x7778_6862;
const VERSION: i32 = 1;
/// Changes that share a transaction at most.
const BATCH: usize = 64;
const PATIENCE: Duration = Duration::from_secs(5);

const SCHEMA: &str = "
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
";

/// Why the store did not do it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the hub's store: {0}")]
pub struct Failed(pub String);

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Failed {
        Failed(error.to_string())
    }
}

/// The result of the store.
pub type Result<T> = std::result::Result<T, Failed>;

/// Tells a caller what became of its change, once it is on disk.
type Reply = Box<dyn FnOnce(Result<()>) + Send>;
/// Says whether it was made; what was not is taken back.
type Change = Box<dyn FnOnce(&Connection) -> (bool, Reply) + Send>;

/// The store.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    changes: Mutex<Option<Sender<Change>>>,
    readers: Mutex<Vec<Connection>>,
    writer: Mutex<Option<thread::JoinHandle<()>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// Opens the file, or makes it.
    pub fn open(path: &Path) -> Result<Store> {
        let named = |why: &dyn std::fmt::Display| Failed(format!("{}: {why}", path.display()));
        if !path.exists() {
            let made = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
            made.map_err(|error| named(&error))?;
        }
        let mut connection = connect(path).map_err(|error| named(&error))?;
        prepare(&mut connection).map_err(|error| named(&error.0))?;
        let (changes, waiting) = channel();
        let writer = thread::Builder::new()
            .name("hub-store".into())
            .spawn(move || write_all(&mut connection, &waiting))
            .map_err(|error| named(&error))?;
        Ok(Store {
            path: path.to_owned(),
            changes: Mutex::new(Some(changes)),
            readers: Mutex::default(),
            writer: Mutex::new(Some(writer)),
        })
    }

    /// Makes a change, and returns when it is flushed to the disk. It blocks.
    pub fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (tell, told) = channel();
        let change: Change = Box::new(move |connection| {
            let made = change(connection);
            let is_made = made.is_ok();
            let reply: Reply = Box::new(move |kept| {
                let result = match (kept, made) {
                    (Err(failed), Ok(_)) => Err(failed),
                    (_, made) => made,
                };
                // Whoever has gone does not care.
                let _ = tell.send(result);
            });
            (is_made, reply)
        });
        let closed = || Failed("it is closed".into());
        lock(&self.changes).as_ref().ok_or_else(closed)?.send(change).map_err(|_| closed())?;
        // The writer drops what it could not begin.
        told.recv().map_err(|_| Failed("it cannot be written now".into()))?
    }

    /// Reads. It does not wait for writers.
    pub fn read<T>(&self, question: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let kept = lock(&self.readers).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connect(&self.path)?,
        };
        let answer = question(&connection);
        if answer.is_ok() {
            lock(&self.readers).push(connection);
        }
        answer
    }

    /// Whether it can be written.
    pub fn try_to_write(&self) -> Result<()> {
        self.write(|connection| set_fact(connection, "tried_ms", &wxcoupon::system::wall_ms().to_string()))
    }

    /// Ends the thread, after what waits was written.
    pub fn close(&self) {
        drop(lock(&self.changes).take());
        if let Some(writer) = lock(&self.writer).take() {
            let _ = writer.join();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
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
    match (number("application_id")?, number("user_version")?) {
        (0, 0) => {
            let tables: i64 =
                transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if tables > 0 {
                return Err(Failed("it is the file of another program".into()));
            }
            transaction.execute_batch(SCHEMA)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        (APPLICATION_ID, VERSION) => {}
        (APPLICATION_ID, newer) => {
            return Err(Failed(format!("it has format {newer}, and this program knows {VERSION}")));
        }
        _ => return Err(Failed("it is the file of another program".into())),
    }
    Ok(transaction.commit()?)
}

/// The writer: takes what waits, makes it in one transaction, and tells each caller.
fn write_all(connection: &mut Connection, waiting: &Receiver<Change>) {
    while let Ok(first) = waiting.recv() {
        let batch = std::iter::once(first).chain(waiting.try_iter().take(BATCH - 1));
        let mut replies = Vec::new();
        let kept = transact(connection, batch, &mut replies);
        for reply in replies {
            reply(kept.clone());
        }
    }
}

fn transact(
    connection: &mut Connection,
    batch: impl Iterator<Item = Change>,
    replies: &mut Vec<Reply>,
) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for change in batch {
        // A change that fails takes nothing of the others along.
        transaction.execute_batch("SAVEPOINT one")?;
        let (is_made, reply) = change(&transaction);
        replies.push(reply);
        if !is_made {
            transaction.execute_batch("ROLLBACK TO one")?;
        }
        transaction.execute_batch("RELEASE one")?;
    }
    Ok(transaction.commit()?)
}

/// A fact by its name.
pub fn fact(connection: &Connection, name: &str) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT value FROM facts WHERE name = ?1")?;
    let mut rows = statement.query([name])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
}

/// Sets a fact.
pub fn set_fact(connection: &Connection, name: &str, value: &str) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO facts VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value")?
        .execute([name, value])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_fails_is_taken_back_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub.db");
        let store = Store::open(&path).unwrap();
        let failed = store.write(|connection| {
            set_fact(connection, "a", "1")?;
            Err::<(), _>(Failed("no".into()))
        });
        assert_eq!(failed.unwrap_err().0, "no");
        store.write(|connection| set_fact(connection, "b", "2")).unwrap();
        assert_eq!(store.read(|connection| fact(connection, "a")).unwrap(), None);
        assert_eq!(store.read(|connection| fact(connection, "b")).unwrap().as_deref(), Some("2"));
        store.close();
        assert!(store.try_to_write().is_err());
        let store = Store::open(&path).unwrap();
        assert_eq!(store.read(|connection| fact(connection, "b")).unwrap().as_deref(), Some("2"));
    }

    #[test]
    fn the_file_of_another_program_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        assert!(Store::open(&path).unwrap_err().0.contains("another program"));
    }
}
