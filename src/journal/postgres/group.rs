//! A few connections, and the changes that share their transactions.
//!
//! A change goes at once while a connection is free. Otherwise it waits, and the next connection that is free takes all that
//! wait into one transaction. So many callers need few connections, few transactions and few flushes.

use super::connection::{Connection, Refused};
use super::rows::{Tables, failed};
use super::tls::Tls;
use crate::config::Database;
use crate::journal::store::{Change, Durability, Result, StoreError};
use crate::system;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Connections of one context.
const MOST_CONNECTIONS: usize = 4;
/// Changes of one transaction.
const MOST_CHANGES: usize = 16;
/// How long a change waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// After a failure to connect, others fail at once for this long.
const DOWN: Duration = Duration::from_millis(500);

/// The server gives up what a caller leaves behind: a change that waits for a lock or runs too long, a commit that waits for a
/// standby, and a transaction whose process stands still.
const LIMITS: &str = "SET LOCAL lock_timeout = '3s'; SET LOCAL statement_timeout = '5s'; \
                      SET LOCAL idle_in_transaction_session_timeout = '8s'";

/// The connections of one context.
pub struct Connections {
    database: Database,
    tls: Tls,
    lease: Duration,
    queue: Mutex<Queue>,
    /// Signalled when a connection is free.
    free: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Queued>,
    idle: Vec<Connection>,
    /// Transactions that run.
    running: usize,
    /// When and why the database could not be reached.
    down: Option<(Instant, String)>,
}

type Outcome = Arc<OnceLock<Result<()>>>;

struct Queued {
    durability: Durability,
    change: Change,
    outcome: Outcome,
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Connections")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connections {
    pub fn new(database: &Database, lease: Duration) -> Result<Connections> {
        let tls = Tls::new(database).map_err(StoreError::NotWritten)?;
        let database = database.clone();
        Ok(Connections { database, tls, lease, queue: Mutex::default(), free: Condvar::new() })
    }

    /// Connects outside the queue.
    pub fn connect(&self) -> Result<Connection> {
        Connection::open(&self.database, &self.tls).map_err(|why| self.failed(&why))
    }

    fn failed(&self, why: &str) -> StoreError {
        StoreError::NotWritten(format!("{}: {why}", self.database))
    }

    /// Runs one change, alone or together with others that wait.
    pub fn run(&self, durability: Durability, change: Change) -> Result<()> {
        let (outcome, began) = (Outcome::default(), system::now());
        let mut queue = lock(&self.queue);
        queue.waiting.push(Queued { durability, change, outcome: Arc::clone(&outcome) });
        loop {
            if let Some(result) = outcome.get() {
                return result.clone();
            }
            let is_waiting = queue.waiting.iter().any(|queued| Arc::ptr_eq(&queued.outcome, &outcome));
            if is_waiting && queue.running < MOST_CONNECTIONS {
                queue.running += 1;
                let running = Running { connections: self, outcomes: Vec::new() };
                let group = next_group(&mut queue.waiting);
                let (kept, down) = (queue.idle.pop(), queue.down.clone());
                drop(queue);
                self.lead(running, kept, down, group);
                queue = lock(&self.queue);
                continue;
            }
            let left = PATIENCE.saturating_sub(system::now().saturating_duration_since(began));
            // A change that has begun ends by itself.
            if is_waiting && left.is_zero() {
                queue.waiting.retain(|queued| !Arc::ptr_eq(&queued.outcome, &outcome));
                return Err(self.failed("it is too slow for so many calls"));
            }
            let pause = if is_waiting { left } else { PATIENCE };
            queue = self.free.wait_timeout(queue, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lead(
        &self,
        mut running: Running<'_>,
        kept: Option<Connection>,
        down: Option<(Instant, String)>,
        group: Vec<Queued>,
    ) {
        running.outcomes = group.iter().map(|queued| Arc::clone(&queued.outcome)).collect();
        let most = group.iter().map(|queued| queued.durability).max().unwrap_or(Durability::Reading);
        let whole = match self.begun(kept, down, most) {
            Err(error) => Err(error),
            Ok(mut connection) => {
                let whole = commit(&mut connection, self.lease, most, group);
                let whole = whole.map_err(|error| match error {
                    StoreError::NotWritten(why) | StoreError::NoRoom(why) => self.failed(&why),
                    StoreError::Unknown(why) => StoreError::Unknown(format!("{}: {why}", self.database)),
                });
                if connection.is_fresh() {
                    lock(&self.queue).idle.push(connection);
                }
                whole
            }
        };
        for outcome in &running.outcomes {
            // A change that failed by itself has its own error already.
            let _ = outcome.set(whole.clone());
        }
    }

    /// A connection with a transaction that has begun. One that was kept may be broken by now, and then nothing was lost.
    fn begun(
        &self,
        kept: Option<Connection>,
        down: Option<(Instant, String)>,
        most: Durability,
    ) -> Result<Connection> {
        let begin = match most {
            Durability::Reading => "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY".to_owned(),
            Durability::Lazy => format!("{WRITING}; SET LOCAL synchronous_commit = off"),
            Durability::Flushed => format!("{WRITING}; SET LOCAL synchronous_commit = on"),
        };
        let begin = format!("{begin}; {LIMITS}");
        if let Some(mut connection) = kept.filter(Connection::is_fresh) {
            if connection.begin(&begin).is_ok() {
                return Ok(connection);
            }
            // The others are of the same server, and each of them would be waited for.
            lock(&self.queue).idle.clear();
        }
        if let Some((_, why)) =
            down.filter(|(since, _)| system::now().saturating_duration_since(*since) < DOWN)
        {
            return Err(self.failed(&why));
        }
        let mut connected = Connection::open(&self.database, &self.tls);
        if let Ok(connection) = &mut connected
            && let Err(refused) = connection.begin(&begin)
        {
            connected = Err(refused.why());
        }
        lock(&self.queue).down = connected.as_ref().err().map(|why| (system::now(), why.clone()));
        connected.map_err(|why| self.failed(&why))
    }
}

const WRITING: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// The changes that go together: the first one and those of its kind, because reading does not wait for a flush.
fn next_group(waiting: &mut Vec<Queued>) -> Vec<Queued> {
    let reads = |queued: &Queued| queued.durability == Durability::Reading;
    let first = waiting.first().is_some_and(reads);
    let mut group = Vec::new();
    let others = std::mem::take(waiting).into_iter().filter_map(|queued| {
        if group.len() < MOST_CHANGES && reads(&queued) == first {
            group.push(queued);
            return None;
        }
        Some(queued)
    });
    *waiting = others.collect();
    group
}

/// Dropping it lets others run, also after a panic.
struct Running<'a> {
    connections: &'a Connections,
    outcomes: Vec<Outcome>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        for outcome in &self.outcomes {
            let _ = outcome.set(Err(StoreError::NotWritten("the change was not written".into())));
        }
        lock(&self.connections.queue).running -= 1;
        self.connections.free.notify_all();
    }
}

/// Runs the changes of a transaction that has begun, and ends it. After a panic the connection is dropped, and the server
/// keeps nothing.
fn commit(connection: &mut Connection, lease: Duration, most: Durability, group: Vec<Queued>) -> Result<()> {
    let is_alone = group.len() == 1;
    let mut tables =
        Tables { connection, writes: most > Durability::Reading, lease, has_failed: false, now_ms: None };
    for queued in group {
        if !is_alone {
            tables.connection.batch("SAVEPOINT change").map_err(failed)?;
        }
        tables.now_ms = None;
        let mut kept = (queued.change)(&mut tables);
        if tables.has_failed && kept.is_ok() {
            kept = Err(StoreError::NotWritten("a statement of this change has failed".into()));
        }
        let end = match (&kept, is_alone) {
            (Ok(()), true) => None,
            (Ok(()), false) => Some("RELEASE change"),
            // The server keeps nothing of it when the connection ends, should this fail.
            (Err(_), true) => {
                let _ = tables.connection.end("ROLLBACK");
                None
            }
            (Err(_), false) => Some("ROLLBACK TO change; RELEASE change"),
        };
        let ended = end.map_or(Ok(()), |end| tables.connection.batch(end));
        tables.has_failed = false;
        if let Err(why) = kept {
            let _ = queued.outcome.set(Err(why.clone()));
            if is_alone {
                return Err(why);
            }
        }
        ended.map_err(failed)?;
    }
    // A warning of an earlier statement is not about the commit.
    connection.has_warned();
    let committed = connection.end("COMMIT");
    if most == Durability::Reading {
        return committed.map_err(failed);
    }
    match committed {
        Ok(()) if most == Durability::Flushed && connection.has_warned() => Err(StoreError::Unknown(
            "the database has written the change, and no standby has confirmed it".into(),
        )),
        Ok(()) => Ok(()),
        Err(Refused::Wrong(why)) => Err(StoreError::NotWritten(why)),
        Err(Refused::Lost(why)) => Err(StoreError::Unknown(why)),
    }
}
