//! Rows in a PostgreSQL database, which many machines share.
//!
//! Nobody can tell whether an owner on another machine is alive. So a row has a lease that ends by the database's clock, and
//! whoever signs makes sure that its own has not ended ([`Claim::may_sign`](super::Claim::may_sign)).

#[doc(hidden)]
pub mod connection;
mod group;
mod read;
mod rows;
mod schema;
mod sql;
#[doc(hidden)]
pub mod tls;

use super::row::State;
use super::store::{Change, Durability, Mark, Overview, Result, Store, StoreError};
use crate::config::Database;
use crate::hex;
use crate::system;
use connection::Refused;
use group::Connections;
use rows::{Tables, failed};
use std::sync::Arc;
use std::time::Duration;

/// How long a row stays with its owner. Longer than a call with the usual deadline, so that such a call never renews it; and
/// as short as a till can wait when the machine with its row has died.
const LEASE: Duration = Duration::from_secs(20);
/// Rows that the self-check reads at a time.
const STEP: u32 = 500;

/// The connections of one context to the database.
#[derive(Debug)]
pub struct Postgres(Connections);

impl Postgres {
    /// Connects, and makes or changes the tables as this version needs them.
    pub fn open(database: &Database) -> Result<Postgres> {
        let connections = Connections::new(database, LEASE)?;
        let prepared = connections.connect()?.prepare();
        prepared.map_err(|why| StoreError::NotWritten(format!("{database}: {why}")))?;
        Ok(Postgres(connections))
    }
}

impl Store for Postgres {
    fn transact(&self, durability: Durability, change: Change) -> Result<()> {
        self.0.run(durability, change)
    }

    fn enlist(&self) -> Result<Arc<dyn Mark>> {
        let mut random = [0; 16];
        if !system::random(&mut random) {
            return Err(StoreError::NotWritten("the system gives no random numbers".into()));
        }
        Ok(Arc::new(Name(hex::upper(&random).into())))
    }

    /// The lease decides, and not this.
    fn is_alive(&self, mark: &str) -> bool {
        !mark.is_empty()
    }

    fn lease(&self) -> Option<Duration> {
        Some(LEASE)
    }

    fn audit(&self) -> Result<Overview> {
        let mut connection = self.0.connect()?;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '5s'";
        connection.begin(begin).map_err(failed)?;
        let mut overview =
            Overview { concern: concern(&mut connection).map_err(failed)?, ..Overview::default() };
        let mut tables = Tables {
            connection: &mut connection,
            writes: false,
            lease: LEASE,
            has_failed: false,
            now_ms: None,
        };
        let mut after = Some(0);
        while let Some(from) = after {
            let rows;
            (rows, after) = tables.all(from, STEP)?;
            overview.rows += u64::try_from(rows.len()).unwrap_or_default();
            let damaged = rows.into_iter().filter(|row| row.state == State::Damaged);
            overview.damaged.extend(damaged.map(|row| row.request.request_no.to_string()));
        }
        Ok(overview)
    }
}

/// What may lose rows on this server.
fn concern(
    connection: &mut connection::Connection,
) -> std::result::Result<Option<(String, &'static str)>, Refused> {
    let rows = connection.rows("SELECT current_setting('synchronous_standby_names')", &[])?;
    let names = rows.first().and_then(|row| row.try_get::<_, String>(0).ok()).unwrap_or_default();
    if !names.trim().is_empty() {
        return Ok(None);
    }
    let found = "there is no synchronous standby: what is in doubt may be lost when the database fails over";
    Ok(Some((
        found.to_owned(),
        "Set synchronous_standby_names on the database's server, or never fail over to a standby that lags.",
    )))
}

/// The name of a context in rows.
#[derive(Debug)]
struct Name(Arc<str>);

impl Mark for Name {
    fn id(&self) -> &Arc<str> {
        &self.0
    }
}
