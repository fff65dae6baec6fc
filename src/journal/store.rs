//! Where rows are kept: the contract of a store.
//!
//! A store knows transactions, and whether somebody lives. It knows nothing of what a row means: rows are read, put in and
//! replaced as whole values, and every replacement compares who holds the row and how often it was taken up, so that nobody
//! overwrites what somebody else has written meanwhile. Stores are [`super::memory`] and [`super::sqlite`].

use super::row::{Lease, Row};
use std::sync::Arc;

/// The latest time that an answer of WeChat Pay has proven, in seconds since 1970, as a [`Transaction::fact`].
pub const PROVEN_S: &str = "proven_s";

/// Whether a change must survive a power cut before anybody hears of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// Nothing is changed, so nobody is waited for who does.
    Reading,
    /// Written in order, flushed with the next change that is.
    Lazy,
    /// Flushed to the disk when the call returns.
    Flushed,
}

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Nothing of it is kept, whatever happens.
    #[error("{0}")]
    NotWritten(String),
    /// Its commit had begun, and whether it is kept nobody can say.
    #[error("{0}")]
    Unknown(String),
}

/// The result of a store.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A change, made while nobody else sees the rows.
pub type Change = Box<dyn FnOnce(&mut dyn Transaction) -> Result<()> + Send>;

/// Keeps rows.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Runs one change: all of it or nothing. A change that fails is taken back.
    fn transact(&self, durability: Durability, change: Change) -> Result<()>;

    /// A sign of life for a context: it lives until the mark is dropped or the process ends, however it ends.
    fn enlist(&self) -> Result<Arc<dyn Mark>>;

    /// Whether the context with that mark still lives, here or in another process. What cannot be told is alive.
    fn is_alive(&self, mark: &str) -> bool;

    /// Reads everything that is kept, while others go on. Fails where it cannot be relied on.
    fn audit(&self) -> Result<Overview>;
}

/// What reading everything has brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// Rows of all merchants.
    pub rows: u64,
    /// Numbers of rows that something else than this library has changed.
    pub damaged: Vec<String>,
}

/// The sign of life of one context.
pub trait Mark: Send + Sync + std::fmt::Debug {
    /// By which rows name it. No two are the same.
    fn id(&self) -> &Arc<str>;
}

/// What a change may do.
pub trait Transaction {
    /// The row with that number.
    fn find(&mut self, merchant: &str, request_no: &str) -> Result<Option<Row>>;

    /// Puts a new row in, and says its key.
    fn insert(&mut self, row: &Row) -> Result<i64>;

    /// Writes what may change of a row, if it is still held so. False: it is not.
    fn replace(&mut self, row: &Row, held: &Lease) -> Result<bool>;

    /// Forgets a row, if it is still held so. False: it is not.
    fn delete(&mut self, id: i64, held: &Lease) -> Result<bool>;

    /// Everything that is not known to be finished, oldest first.
    fn open(&mut self, merchant: &str) -> Result<Vec<Row>>;

    /// Every return of that coupon ([`Row::coupon`]), oldest first.
    fn returns(&mut self, merchant: &str, coupon: &str) -> Result<Vec<Row>>;

    /// Whether a redemption of that coupon has a lower key. Looks through everything where none has: for rare questions only.
    fn was_redeemed_before(&mut self, merchant: &str, coupon: &str, id: i64) -> Result<bool>;

    /// Forgets finished rows that are older than that moment (milliseconds since 1970), some of those behind the row `after`,
    /// so that others wait but a little. Behind which row to go on; nothing where the rest is to be kept.
    fn prune(&mut self, merchant: &str, older_than_ms: i64, after: i64) -> Result<Option<i64>>;

    /// Key of the latest row, 0 before the first. Keys grow in the order in which rows are put in.
    fn latest(&mut self) -> Result<i64>;

    /// A number that the store remembers under a name.
    fn fact(&mut self, name: &str) -> Result<Option<i64>>;

    /// Remembers a number.
    fn set_fact(&mut self, name: &str, value: i64) -> Result<()>;
}
