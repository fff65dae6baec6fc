//! The contract of a store, which keeps rows.
//!
//! A store offers transactions, and knows which contexts are alive. It does not know what a row means. Rows are read,
//! inserted and replaced as whole values. Every replacement compares the lease of the row, so that nobody overwrites what
//! another context has written in between. The stores are [`super::memory`], [`super::sqlite`] and `super::postgres`.

use super::row::{Lease, Row};
use std::sync::Arc;
use std::time::Duration;

/// The latest time that an answer of WeChat Pay has proven, in seconds since 1970, as a [`Transaction::fact`].
pub const PROVEN_S: &str = "proven_s";

/// Whether a change must survive a power cut before its call returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// Nothing is changed, so it does not wait for writers.
    Reading,
    /// Written in order, and flushed with the next flushed change.
    Lazy,
    /// Flushed to the disk when the call returns.
    Flushed,
}

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The change is certainly not kept.
    #[error("{0}")]
    NotWritten(String),
    /// The same, because the disk is full.
    #[error("{0}")]
    NoRoom(String),
    /// The commit had begun, so the change may be kept or not.
    #[error("{0}")]
    Unknown(String),
}

/// The result of a store.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A change. While it runs, nobody else sees the rows.
pub type Change = Box<dyn FnOnce(&mut dyn Transaction) -> Result<()> + Send>;

/// Keeps rows.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Runs one change atomically. A change that fails is rolled back.
    fn transact(&self, durability: Durability, change: Change) -> Result<()>;

    /// A sign of life for a context. The context counts as alive until the mark is dropped or the process ends in any way.
    fn enlist(&self) -> Result<Arc<dyn Mark>>;

    /// Whether the context with that mark is alive, in this or another process. If unknown, it counts as alive.
    fn is_alive(&self, mark: &str) -> bool;

    /// Makes sure that nothing that was removed can still be read in the store. It does nothing if nothing was removed since.
    fn clean(&self) -> Result<()> {
        Ok(())
    }

    /// How long a row stays with its owner, where nobody can tell whether that is alive. `None`: the store can tell.
    fn lease(&self) -> Option<Duration> {
        None
    }

    /// Reads and checks everything, while others go on. It fails if the store is damaged.
    fn audit(&self) -> Result<Overview>;
}

/// The result of reading everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// Rows of all merchants.
    pub rows: u64,
    /// The numbers of damaged rows.
    pub damaged: Vec<String>,
    /// What may lose rows, and what to do about it.
    pub concern: Option<(String, &'static str)>,
}

/// The sign of life of one context.
pub trait Mark: Send + Sync + std::fmt::Debug {
    /// Its unique name in rows.
    fn id(&self) -> &Arc<str>;
}

/// What a change may do.
pub trait Transaction {
    /// The row with that number.
    fn find(&mut self, merchant: &str, request_no: &str) -> Result<Option<Row>>;

    /// The store's clock when a row was last found, in milliseconds since 1970. `None`: its leases have no end.
    fn now_ms(&mut self) -> Result<Option<i64>> {
        Ok(None)
    }

    /// Inserts a new row and returns its key.
    fn insert(&mut self, row: &Row) -> Result<i64>;

    /// Writes the changeable columns of a row, if its lease is still `held`. False: it is not.
    fn replace(&mut self, row: &Row, held: &Lease) -> Result<bool>;

    /// Writes the whole row anew, its request and members too, if its lease is still `held`. False: it is not.
    fn rewrite(&mut self, row: &Row, held: &Lease) -> Result<bool>;

    /// Removes a row, if its lease is still `held`. False: it is not.
    fn delete(&mut self, id: i64, held: &Lease) -> Result<bool>;

    /// All rows that are not finished, oldest first.
    fn open(&mut self, merchant: &str) -> Result<Vec<Row>>;

    /// The rows of that merchant among the next `most` rows after the row `after`, oldest first, and the row after which to go
    /// on. `None`: there are no more.
    fn following(&mut self, merchant: &str, after: i64, most: u32) -> Result<(Vec<Row>, Option<i64>)>;

    /// All returns of that coupon ([`Row::coupon`]), oldest first.
    fn returns(&mut self, merchant: &str, coupon: &str) -> Result<Vec<Row>>;

    /// Whether a redemption of that coupon has a lower key. If none has, it scans everything, so it is for rare cases only.
    fn was_redeemed_before(&mut self, merchant: &str, coupon: &str, id: i64) -> Result<bool>;

    /// All redemptions of that coupon that an answer came for, oldest first. It scans everything, so it is for rare cases only.
    fn answered_redemptions(&mut self, merchant: &str, coupon: &str) -> Result<Vec<Row>>;

    /// Removes some of the finished rows after the row `after` that are older than that time (milliseconds since 1970). It
    /// does only some, so that others do not wait long. Returns the row after which to go on. `None`: it is complete.
    fn prune(&mut self, merchant: &str, older_than_ms: i64, after: i64) -> Result<Option<i64>>;

    /// Key of the latest row. 0: there is none. Keys grow in the order of insertion.
    fn latest(&mut self) -> Result<i64>;

    /// A number that the store keeps under a name.
    fn fact(&mut self, name: &str) -> Result<Option<i64>>;

    /// Sets such a number.
    fn set_fact(&mut self, name: &str, value: i64) -> Result<()>;
}
