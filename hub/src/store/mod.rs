//! What the hub itself keeps: tills and their sealed keys, whose number is whose, events. Requests are in the library's journal
//! beside it: in a file of its own beside an `SQLite` file, in the same database with PostgreSQL.
//!
//! Changes that wait at the same time share a transaction, and so one flush of the disk. Readers have connections of their own.
//! Another process, such as `wxcoupon-hub till revoke` or another hub, may change the store at any time: nothing is kept in memory
//! that it could change.

pub mod events;
pub mod numbers;
pub mod portions;
#[cfg(feature = "postgres")]
mod postgres;
pub mod sql;
mod sqlite;
pub mod tills;
pub mod turns;

use crate::place::Place;
use crate::secret::{hex, random};
use sql::{Session, Sql, values};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Changes that share a transaction at most.
const BATCH: usize = 64;

/// Why the store did not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failed {
    /// Nothing was changed.
    #[error("the hub's store: {0}")]
    NotWritten(String),
    /// Whether it was changed is not known: the answer to the commit was lost.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(dead_code, reason = "only a database loses the answer to a commit")
    )]
    #[error("the hub's store: what became of a change is not known: {0}")]
    Unknown(String),
}

impl Failed {
    /// Nothing was changed, for this reason.
    pub fn new(why: impl ToString) -> Failed {
        Failed::NotWritten(why.to_string())
    }

    /// The reason alone.
    pub fn why(&self) -> &str {
        match self {
            Failed::NotWritten(why) | Failed::Unknown(why) => why,
        }
    }
}

/// The result of the store.
pub type Result<T> = std::result::Result<T, Failed>;

/// Tells a caller what became of its change, once it is on disk.
type Reply = Box<dyn FnOnce(Result<()>) + Send>;
/// Says whether it was made; what was not is taken back.
type Change = Box<dyn FnOnce(&mut dyn Sql) -> (bool, Reply) + Send>;

#[derive(Debug)]
enum Readers {
    Sqlite(sqlite::Readers),
    #[cfg(feature = "postgres")]
    Postgres(Arc<postgres::Pool>),
}

/// The store.
#[derive(Debug)]
pub struct Store {
    changes: Mutex<Option<Sender<Change>>>,
    readers: Readers,
    writers: Mutex<Vec<thread::JoinHandle<()>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// Opens it, or makes it.
    pub fn open(place: &Place) -> Result<Store> {
        let named = |failed: Failed| Failed::NotWritten(format!("{place}: {}", failed.why()));
        let (readers, sessions) = match place {
            Place::File(path) => {
                let session = sqlite::Sqlite::open(path).map_err(named)?;
                (Readers::Sqlite(sqlite::Readers::new(path)), vec![Box::new(session) as Box<dyn Session>])
            }
            #[cfg(feature = "postgres")]
            Place::Database(database) => {
                let pool = Arc::new(postgres::Pool::open(database).map_err(named)?);
                let session = || Box::new(postgres::Writer::new(Arc::clone(&pool))) as Box<dyn Session>;
                let sessions = (0..postgres::WRITERS).map(|_| session()).collect();
                (Readers::Postgres(pool), sessions)
            }
        };
        let (changes, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let mut writers = Vec::new();
        for session in sessions {
            let waiting = Arc::clone(&waiting);
            let writer = thread::Builder::new().name("hub-store".into());
            let writer = writer.spawn(move || write_all(session, &waiting));
            writers.push(writer.map_err(|error| named(Failed::new(error)))?);
        }
        Ok(Store { changes: Mutex::new(Some(changes)), readers, writers: Mutex::new(writers) })
    }

    /// Whether other hubs may use it, too.
    pub fn is_shared(&self) -> bool {
        !matches!(self.readers, Readers::Sqlite(_))
    }

    /// Makes a change, and returns when it is flushed to the disk. It blocks.
    pub fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut dyn Sql) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (tell, told) = channel();
        let change: Change = Box::new(move |sql| {
            let made = change(sql);
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
        let closed = || Failed::new("it is closed");
        lock(&self.changes).as_ref().ok_or_else(closed)?.send(change).map_err(|_| closed())?;
        // The writer drops what it could not begin.
        told.recv().map_err(|_| Failed::new("it cannot be written now"))?
    }

    /// Reads. It does not wait for writers. The question may be asked again where a connection was lost.
    pub fn read<T>(&self, question: impl Fn(&mut dyn Sql) -> Result<T>) -> Result<T> {
        match &self.readers {
            Readers::Sqlite(readers) => readers.read(question),
            #[cfg(feature = "postgres")]
            Readers::Postgres(pool) => pool.read(question),
        }
    }

    /// Whether it can be written. It leaves nothing behind.
    pub fn try_to_write(&self) -> Result<()> {
        let nonce = hex(&random::<16>().map_err(Failed::new)?);
        self.write(move |sql| {
            numbers::keep_nonce(sql, "", &nonce, 0)?;
            sql.execute("DELETE FROM {hub}.nonces WHERE till = $1 AND nonce = $2", values!["", &nonce])?;
            Ok(())
        })
    }

    /// Ends the threads, after what waits was written.
    pub fn close(&self) {
        drop(lock(&self.changes).take());
        for writer in lock(&self.writers).drain(..) {
            let _ = writer.join();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

/// A writer: takes what waits, makes it in one transaction, and tells each caller.
fn write_all(mut session: Box<dyn Session>, waiting: &Mutex<Receiver<Change>>) {
    loop {
        let batch: Vec<Change> = {
            let waiting = lock(waiting);
            let Ok(first) = waiting.recv() else { return };
            std::iter::once(first).chain(waiting.try_iter().take(BATCH - 1)).collect()
        };
        let mut replies = Vec::new();
        let kept = transact(&mut *session, batch, &mut replies);
        if kept.is_err() {
            session.roll_back();
        }
        for reply in replies {
            reply(kept.clone());
        }
    }
}

fn transact(session: &mut dyn Session, batch: Vec<Change>, replies: &mut Vec<Reply>) -> Result<()> {
    session.begin()?;
    if batch.len() == 1 {
        for change in batch {
            let (is_made, reply) = change(session.sql());
            replies.push(reply);
            if !is_made {
                session.roll_back();
                return Ok(());
            }
        }
        return session.commit();
    }
    for change in batch {
        // A change that fails takes nothing of the others along.
        session.mark("SAVEPOINT one")?;
        let (is_made, reply) = change(session.sql());
        replies.push(reply);
        session.mark(if is_made { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" })?;
    }
    session.commit()
}

/// The store's clock, in milliseconds since 1970.
pub fn now_ms(sql: &mut dyn Sql) -> Result<i64> {
    let row = sql.first("SELECT {now}", values![])?;
    row.ok_or_else(|| Failed::new("the store has no time"))?.number(0)
}

/// Sets a fact.
pub fn set_fact(sql: &mut dyn Sql, name: &str, value: &str) -> Result<()> {
    sql.execute(
        "INSERT INTO {hub}.facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        values![name, value],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(sql: &mut dyn Sql, name: &str) -> Result<Option<String>> {
        sql.first("SELECT value FROM {hub}.facts WHERE name = $1", values![name])?
            .map(|row| row.text(0))
            .transpose()
    }

    #[test]
    fn a_change_that_fails_is_taken_back_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::File(folder.path().join("hub.db"));
        let store = Store::open(&place).unwrap();
        let failed = store.write(|sql| {
            set_fact(sql, "a", "1")?;
            Err::<(), _>(Failed::new("no"))
        });
        assert_eq!(failed.unwrap_err().why(), "no");
        store.write(|sql| set_fact(sql, "b", "2")).unwrap();
        assert_eq!(store.read(|sql| fact(sql, "a")).unwrap(), None);
        assert_eq!(store.read(|sql| fact(sql, "b")).unwrap().as_deref(), Some("2"));
        store.try_to_write().unwrap();
        store.close();
        assert!(store.try_to_write().is_err());
        let store = Store::open(&place).unwrap();
        assert_eq!(store.read(|sql| fact(sql, "b")).unwrap().as_deref(), Some("2"));
    }

    /// The same of changes that share a transaction.
    #[test]
    fn changes_that_share_a_transaction_fail_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut session = sqlite::Sqlite::open(&folder.path().join("hub.db")).unwrap();
        let (tell, told) = channel();
        let change = |name: &'static str, is_made: bool| -> Change {
            let tell = tell.clone();
            Box::new(move |sql| {
                set_fact(sql, name, "1").unwrap();
                (is_made, Box::new(move |kept| tell.send((name, kept.is_ok())).unwrap()))
            })
        };
        let mut replies = Vec::new();
        let batch = vec![change("a", true), change("b", false), change("c", true)];
        let kept = transact(&mut session, batch, &mut replies);
        for reply in replies {
            reply(kept.clone());
        }
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [("a", true), ("b", true), ("c", true)]);
        let facts = ["a", "b", "c"].map(|name| fact(&mut session, name).unwrap());
        assert_eq!(facts, [Some("1".into()), None, Some("1".into())]);
    }
}
