//! The store in PostgreSQL, which many hubs share: beside the journal, in a schema of its own.
//!
//! The library's connections are used: every wait has an end, a server that could lose rows is refused, and what became of a commit
//! is never guessed. No statement is prepared by name and no setting outlives its transaction, so that a pooler may stand between.

mod schema;

use super::sql::{Row, Session, Sql, Value};
use super::{Failed, Result};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_postgres::types::{FromSql, ToSql, Type};
use wxcoupon::config::Database;
use wxcoupon::journal::postgres::connection::{Connection, Refused, Value as Typed};
use wxcoupon::journal::postgres::tls::Tls;

/// Transactions at the same time.
pub const WRITERS: usize = 3;
/// Questions at the same time.
const READERS: usize = 6;
/// How long a question waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// After a failure to connect, others fail at once for this long.
const DOWN: Duration = Duration::from_millis(500);

/// By the database's clock.
const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// The server gives up what a caller leaves behind: a change that waits for a lock or runs too long, and a transaction whose
/// process stands still.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = on; \
                     SET LOCAL lock_timeout = '3s'; SET LOCAL statement_timeout = '5s'; \
                     SET LOCAL idle_in_transaction_session_timeout = '8s'";

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Failed {
        Failed::NotWritten(refused.why())
    }
}

/// The connections of one hub to the database.
pub struct Pool {
    database: Database,
    tls: Tls,
    state: Mutex<State>,
    /// Signalled when a reader is done.
    free: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    /// Questions that are being asked.
    asking: usize,
    /// When and why the database could not be reached.
    down: Option<(Instant, String)>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Pool")
    }
}

impl Pool {
    /// Connects, and makes or changes the tables as this version needs them.
    pub fn open(database: &Database) -> Result<Pool> {
        let tls = Tls::new(database).map_err(Failed::NotWritten)?;
        let pool = Pool { database: database.clone(), tls, state: Mutex::default(), free: Condvar::new() };
        let mut connection = pool.connect()?;
        schema::prepare(&mut connection)?;
        pool.keep(connection);
        Ok(pool)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(&self) -> Result<Connection> {
        let down = self.lock().down.clone().filter(|(since, _)| since.elapsed() < DOWN);
        if let Some((_, why)) = down {
            return Err(Failed::NotWritten(why));
        }
        let connected = Connection::open(&self.database, &self.tls);
        self.lock().down = connected.as_ref().err().map(|why| (Instant::now(), why.clone()));
        connected.map_err(Failed::NotWritten)
    }

    /// One that was used before.
    fn kept(&self) -> Option<Connection> {
        let mut state = self.lock();
        while let Some(connection) = state.idle.pop() {
            if connection.is_fresh() {
                return Some(connection);
            }
        }
        None
    }

    fn keep(&self, connection: Connection) {
        let mut state = self.lock();
        if connection.is_fresh() && state.idle.len() < READERS {
            state.idle.push(connection);
        }
    }

    /// Reads, each statement by itself. Where a kept connection has broken meanwhile, the question is asked again on a new one.
    pub fn read<T>(&self, question: impl Fn(&mut dyn Sql) -> Result<T>) -> Result<T> {
        let _asking = self.enter()?;
        if let Some(connection) = self.kept() {
            let mut reader = Tables::new(connection);
            let answer = question(&mut reader);
            if !reader.is_lost {
                self.keep(reader.connection);
                return answer;
            }
            // The others are of the same server, and each of them would be waited for.
            self.lock().idle.clear();
        }
        let mut reader = Tables::new(self.connect()?);
        let answer = question(&mut reader);
        self.keep(reader.connection);
        answer
    }

    fn enter(&self) -> Result<Asking<'_>> {
        let began = Instant::now();
        let mut state = self.lock();
        while state.asking >= READERS {
            let left = PATIENCE.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(Failed::new("the database is too slow for so many calls"));
            }
            state = self.free.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.asking += 1;
        Ok(Asking(self))
    }
}

/// One question's place. Dropping it lets others ask.
struct Asking<'a>(&'a Pool);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.lock().asking -= 1;
        self.0.free.notify_one();
    }
}

/// A connection that runs statements.
struct Tables {
    connection: Connection,
    in_transaction: bool,
    /// A statement of this change has failed: the server refuses all that follow.
    has_failed: bool,
    is_lost: bool,
}

fn typed(value: &Value) -> Typed<'_> {
    let (value, of): (&(dyn ToSql + Sync), Type) = match value {
        Value::Number(number) => (number, Type::INT8),
        Value::Text(text) => (text, Type::TEXT),
        Value::Bytes(bytes) => (bytes, Type::BYTEA),
    };
    (value, of)
}

fn read(row: &tokio_postgres::Row) -> Result<Row> {
    fn get<'a, T: FromSql<'a>>(row: &'a tokio_postgres::Row, column: usize) -> Result<Option<T>> {
        row.try_get(column).map_err(Failed::new)
    }
    let value = |(column, of): (usize, &tokio_postgres::Column)| {
        Ok(match *of.type_() {
            Type::BOOL => Value::Number(get::<bool>(row, column)?.map(i64::from)),
            Type::INT4 => Value::Number(get::<i32>(row, column)?.map(i64::from)),
            Type::INT8 => Value::Number(get(row, column)?),
            Type::BYTEA => Value::Bytes(get(row, column)?),
            _ => Value::Text(get(row, column)?),
        })
    };
    row.columns().iter().enumerate().map(value).collect::<Result<_>>().map(Row)
}

impl Tables {
    fn new(connection: Connection) -> Tables {
        Tables { connection, in_transaction: false, has_failed: false, is_lost: false }
    }

    fn run(&mut self, statement: &str, values: &[Value]) -> Result<Vec<tokio_postgres::Row>> {
        if self.has_failed {
            return Err(Failed::new("an earlier statement of this change has failed"));
        }
        let statement = statement.replace("{now}", NOW).replace("{hub}", "wxcoupon_hub");
        let values: Vec<Typed<'_>> = values.iter().map(typed).collect();
        let ran = self.connection.rows(&statement, &values);
        self.has_failed |= ran.is_err() && self.in_transaction;
        self.is_lost |= matches!(ran, Err(Refused::Lost(_)));
        Ok(ran?)
    }
}

impl Sql for Tables {
    fn execute(&mut self, statement: &str, values: &[Value]) -> Result<u64> {
        let changed = self.run(&format!("{statement} RETURNING 1"), values)?;
        Ok(u64::try_from(changed.len()).unwrap_or_default())
    }

    fn query(&mut self, statement: &str, values: &[Value]) -> Result<Vec<Row>> {
        self.run(statement, values)?.iter().map(read).collect()
    }
}

/// Nothing, where no transaction runs.
struct Nothing;

impl Sql for Nothing {
    fn execute(&mut self, _: &str, _: &[Value]) -> Result<u64> {
        Err(Failed::new("no transaction has begun"))
    }

    fn query(&mut self, _: &str, _: &[Value]) -> Result<Vec<Row>> {
        Err(Failed::new("no transaction has begun"))
    }
}

/// Runs the transactions of one writer.
pub struct Writer {
    pool: Arc<Pool>,
    tables: Option<Tables>,
    nothing: Nothing,
}

impl Writer {
    pub fn new(pool: Arc<Pool>) -> Writer {
        Writer { pool, tables: None, nothing: Nothing }
    }

    fn running(&mut self) -> Result<&mut Tables> {
        self.tables.as_mut().ok_or_else(|| Failed::new("no transaction has begun"))
    }
}

impl Session for Writer {
    fn begin(&mut self) -> Result<()> {
        let begun = |connection: Connection| {
            let mut tables = Tables::new(connection);
            let began = tables.connection.begin(BEGIN);
            tables.in_transaction = true;
            began.map(|()| tables)
        };
        if let Some(connection) = self.pool.kept() {
            if let Ok(tables) = begun(connection) {
                self.tables = Some(tables);
                return Ok(());
            }
            // The others are of the same server, and each of them would be waited for.
            self.pool.lock().idle.clear();
        }
        self.tables = Some(begun(self.pool.connect()?)?);
        Ok(())
    }

    fn sql(&mut self) -> &mut dyn Sql {
        match &mut self.tables {
            Some(tables) => tables,
            None => &mut self.nothing,
        }
    }

    fn mark(&mut self, statement: &str) -> Result<()> {
        let tables = self.running()?;
        if tables.is_lost {
            return Err(Failed::new("the connection was lost"));
        }
        tables.connection.batch(statement)?;
        tables.has_failed = false;
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        let Some(mut tables) = self.tables.take() else {
            return Err(Failed::new("no transaction has begun"));
        };
        if tables.has_failed {
            return Err(Failed::new("a statement of this change has failed"));
        }
        // A warning of an earlier statement is not about the commit.
        tables.connection.has_warned();
        match tables.connection.end("COMMIT") {
            Ok(()) if tables.connection.has_warned() => Err(Failed::Unknown(
                "the database has written the change, and no standby has confirmed it".into(),
            )),
            Ok(()) => {
                self.pool.keep(tables.connection);
                Ok(())
            }
            Err(Refused::Wrong(why)) => Err(Failed::NotWritten(why)),
            Err(Refused::Lost(why)) => Err(Failed::Unknown(why)),
        }
    }

    fn roll_back(&mut self) {
        // The server keeps nothing of it when the connection ends, should this fail.
        if let Some(mut tables) = self.tables.take()
            && tables.connection.end("ROLLBACK").is_ok()
        {
            self.pool.keep(tables.connection);
        }
    }
}
