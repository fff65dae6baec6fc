//! One connection to the database. Every wait has an end.

use super::schema;
use super::tls::Tls;
use crate::config::Database;
use crate::log;
use crate::system::{self, wall_ms};
use std::error::Error as _;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::error::{DbError, Severity, SqlState};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Error, Row};

/// All of connecting, whatever the number of servers.
const CONNECT: Duration = Duration::from_secs(8);
/// One statement. The server ends it earlier (`statement_timeout` in [`super::group`]), unless it cannot be reached.
const STATEMENT: Duration = Duration::from_secs(7);
/// A commit, which waits for the synchronous standby. The server does not end that by itself.
const COMMIT: Duration = Duration::from_secs(5);
/// How long to wait until a commit that was called off has ended.
const CALLED_OFF: Duration = Duration::from_secs(2);
/// A connection that was unused for longer is not used again: something in between may have forgotten it.
const IDLE: Duration = Duration::from_secs(60);
/// The clocks of a machine and of the database should not differ by more.
const CLOCKS_MS: i64 = 60_000;

/// A value of a statement, and its type.
pub type Value<'a> = (&'a (dyn ToSql + Sync), Type);

/// Why a statement gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The server said no, and the connection goes on.
    Wrong(String),
    /// There is no connection any more. Whether the statement was carried out is not known.
    Lost(String),
}

impl Refused {
    /// The reason.
    pub fn why(self) -> String {
        match self {
            Refused::Wrong(why) | Refused::Lost(why) => why,
        }
    }

    fn of(error: &Error) -> Refused {
        let Some(said) = error.as_db_error() else {
            let mut why = error.to_string();
            let mut source = error.source();
            while let Some(inner) = source {
                why = format!("{why}: {inner}");
                source = inner.source();
            }
            return Refused::Lost(why);
        };
        // The detail may have values of the row.
        let why = format!("{} ({})", said.message(), said.code().code());
        if ends_connection(said) { Refused::Lost(why) } else { Refused::Wrong(why) }
    }
}

/// Whether a server, or a pooler before it, gives up the connection and leaves open what became of the statement.
fn ends_connection(said: &DbError) -> bool {
    let is_error = matches!(said.parsed_severity(), Some(Severity::Error)) || said.severity() == "ERROR";
    let code = said.code().code();
    let is_of_connection = ["08", "57P", "58", "XX"].iter().any(|class| code.starts_with(class));
    !is_error || is_of_connection || *said.code() == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
}

/// One connection, and what drives it. It runs in whichever thread uses it.
pub struct Connection {
    client: Client,
    tls: Tls,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    /// The server has warned since this was last looked at.
    has_warned: Arc<AtomicBool>,
    is_lost: bool,
    /// A transaction has begun, and its end is not known.
    is_busy: bool,
    used: Instant,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Connection")
    }
}

impl Connection {
    /// Connects, and checks that this server keeps what it says is kept.
    pub fn open(database: &Database, tls: &Tls) -> Result<Connection, String> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let connecting =
            async { tokio::time::timeout(CONNECT, database.settings.connect(tls.clone())).await };
        let connected = match runtime.block_on(connecting) {
            Ok(connected) => connected.map_err(|error| Refused::of(&error).why()),
            Err(_) => Err("no answer in time".to_owned()),
        };
        let (client, mut driver) = match connected {
            Ok(connected) => connected,
            Err(why) => {
                // A name may still be looked up.
                runtime.shutdown_background();
                return Err(why);
            }
        };
        let has_warned = Arc::new(AtomicBool::new(false));
        let warned = Arc::clone(&has_warned);
        drop(runtime.spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| driver.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message
                    && notice.parsed_severity() == Some(Severity::Warning)
                {
                    log::warn(format_args!("the journal's database: {}", notice.message()));
                    warned.store(true, Ordering::Release);
                }
            }
        }));
        let runtime = Some(runtime);
        let mut connection = Connection {
            client,
            tls: tls.clone(),
            runtime,
            has_warned,
            is_lost: false,
            is_busy: false,
            used: system::now(),
        };
        connection.look()?;
        Ok(connection)
    }

    /// What a journal needs of its server.
    fn look(&mut self) -> Result<(), String> {
        let question = "SELECT current_setting('fsync'), current_setting('server_version_num')::bigint, \
                        pg_is_in_recovery(), current_setting('server_encoding'), \
                        (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
        let rows = self.rows(question, &[]).map_err(Refused::why)?;
        let row = rows.first().ok_or("the server does not say what it is")?;
        let unreadable = |error: Error| error.to_string();
        let fsync: String = row.try_get(0).map_err(unreadable)?;
        let version: i64 = row.try_get(1).map_err(unreadable)?;
        let is_standby: bool = row.try_get(2).map_err(unreadable)?;
        let encoding: String = row.try_get(3).map_err(unreadable)?;
        let now_ms: i64 = row.try_get(4).map_err(unreadable)?;
        if fsync != "on" {
            return Err(
                "the server runs with fsync=off and would lose rows in a power cut: set fsync=on".into()
            );
        }
        if version < 140_000 {
            return Err("the server is older than PostgreSQL 14".into());
        }
        if is_standby {
            return Err("the server is a standby, which cannot be written".into());
        }
        if encoding != "UTF8" {
            return Err(format!("the database has the encoding {encoding}: create one with UTF8"));
        }
        let apart_ms = wall_ms().saturating_sub(now_ms);
        if apart_ms.abs() > CLOCKS_MS {
            log::warn(format_args!(
                "the clocks of this machine and of the journal's database are {} s apart: set them by NTP",
                apart_ms / 1000
            ));
        }
        Ok(())
    }

    /// Whether it may be used again.
    pub fn is_fresh(&self) -> bool {
        !self.is_lost
            && !self.is_busy
            && !self.client.is_closed()
            && system::now().saturating_duration_since(self.used) < IDLE
    }

    /// Whether the server has warned since this was last asked.
    pub fn has_warned(&self) -> bool {
        self.has_warned.swap(false, Ordering::AcqRel)
    }

    /// Statements without values.
    pub fn batch(&mut self, sql: &str) -> Result<(), Refused> {
        self.run(|client| client.batch_execute(sql))
    }

    /// The statements that begin a transaction.
    pub fn begin(&mut self, sql: &str) -> Result<(), Refused> {
        self.is_busy = true;
        self.batch(sql)
    }

    /// The statement that ends it.
    pub fn end(&mut self, sql: &str) -> Result<(), Refused> {
        let Some(runtime) = &self.runtime else { return Err(Refused::Lost("it was closed".into())) };
        let client = &self.client;
        let ended = runtime.block_on(async {
            let mut ending = pin!(client.batch_execute(sql));
            if let Ok(ended) = tokio::time::timeout(COMMIT, &mut ending).await {
                return Some(ended);
            }
            self.is_lost = true;
            let cancel = client.cancel_token();
            // Otherwise the server would keep session and locks as long as there is no standby.
            let _ = tokio::time::timeout(CALLED_OFF, cancel.cancel_query(self.tls.clone())).await;
            tokio::time::timeout(CALLED_OFF, ending).await.ok()
        });
        self.used = system::now();
        let ended = match ended {
            Some(ended) => ended.map_err(|error| Refused::of(&error)),
            None => Err(Refused::Lost("no answer in time".into())),
        };
        self.is_lost |= matches!(ended, Err(Refused::Lost(_)));
        // A refused commit is a rollback.
        self.is_busy = matches!(ended, Err(Refused::Lost(_)));
        ended
    }

    /// One statement and its rows.
    pub fn rows(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Refused> {
        self.run(|client| client.query_typed(sql, values))
    }

    /// Several statements in one round trip, one after the other, and the rows of the last.
    pub fn rows_of_last(&mut self, statements: &[(&str, &[Value<'_>])]) -> Result<Vec<Row>, Refused> {
        self.run(|client| async move {
            let all = statements.iter().map(|(sql, values)| client.query_typed(sql, values));
            // All are sent before the first is answered, in this order.
            let answers = futures_util::future::join_all(all).await;
            let mut last = Vec::new();
            for answer in answers {
                last = answer?;
            }
            Ok(last)
        })
    }

    fn run<'a, T, F>(&'a mut self, work: impl FnOnce(&'a Client) -> F) -> Result<T, Refused>
    where
        F: Future<Output = Result<T, Error>> + 'a,
    {
        let Some(runtime) = &self.runtime else { return Err(Refused::Lost("it was closed".into())) };
        let work = work(&self.client);
        let done = runtime.block_on(async { tokio::time::timeout(STATEMENT, work).await });
        self.used = system::now();
        let done = match done {
            Ok(done) => done.map_err(|error| Refused::of(&error)),
            Err(_) => Err(Refused::Lost("no answer in time".into())),
        };
        if matches!(done, Err(Refused::Lost(_))) {
            self.is_lost = true;
        }
        done
    }

    /// Brings the tables to this version's format.
    pub fn prepare(&mut self) -> Result<(), String> {
        schema::prepare(self).map_err(Refused::why)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The socket is closed with it, and the server rolls back what is not committed.
            runtime.shutdown_background();
        }
    }
}
