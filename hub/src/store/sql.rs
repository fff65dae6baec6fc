//! One set of statements for both databases.
//!
//! A statement has its values as `$1`, tables as `{hub}.tills`, and the store's clock as `{now}`, in milliseconds since 1970: of this
//! machine with `SQLite`, of the database with PostgreSQL, because the clocks of several hubs differ. A change reads and decides in one statement where
//! two hubs could come at once.

use super::{Failed, Result};

/// A value of a statement, or of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

macro_rules! from {
    ($($of:ty => $variant:ident),*) => {$(
        impl From<$of> for Value {
            fn from(value: $of) -> Value {
                Value::$variant(Some(value.into()))
            }
        }
        impl From<Option<$of>> for Value {
            fn from(value: Option<$of>) -> Value {
                Value::$variant(value.map(Into::into))
            }
        }
    )*};
}

from!(i64 => Number, bool => Number, &str => Text, String => Text, &String => Text, Vec<u8> => Bytes);

/// The values of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::sql::Value::from($value)),*] };
}
pub(super) use values;

/// A row of an answer.
#[derive(Debug, Clone)]
pub struct Row(pub Vec<Value>);

fn other(column: usize) -> Failed {
    Failed::NotWritten(format!("column {column} has another type than expected"))
}

impl Row {
    /// A number, or nothing.
    pub fn number_or_none(&self, column: usize) -> Result<Option<i64>> {
        match self.0.get(column) {
            Some(Value::Number(number)) => Ok(*number),
            Some(Value::Text(None) | Value::Bytes(None)) => Ok(None),
            _ => Err(other(column)),
        }
    }

    pub fn number(&self, column: usize) -> Result<i64> {
        self.number_or_none(column)?.ok_or_else(|| other(column))
    }

    /// What a comparison says.
    pub fn is_true(&self, column: usize) -> Result<bool> {
        Ok(self.number(column)? != 0)
    }

    /// A text, or nothing.
    pub fn text_or_none(&self, column: usize) -> Result<Option<String>> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(text.clone()),
            Some(Value::Number(None) | Value::Bytes(None)) => Ok(None),
            _ => Err(other(column)),
        }
    }

    pub fn text(&self, column: usize) -> Result<String> {
        self.text_or_none(column)?.ok_or_else(|| other(column))
    }

    pub fn bytes(&self, column: usize) -> Result<Vec<u8>> {
        match self.0.get(column) {
            Some(Value::Bytes(Some(bytes))) => Ok(bytes.clone()),
            _ => Err(other(column)),
        }
    }
}

/// Something that runs statements: a transaction, or a reader.
pub trait Sql {
    /// Runs a statement, and says how many rows it has changed.
    fn execute(&mut self, statement: &str, values: &[Value]) -> Result<u64>;

    /// Runs a statement that answers with rows.
    fn query(&mut self, statement: &str, values: &[Value]) -> Result<Vec<Row>>;
}

impl dyn Sql + '_ {
    /// The first row.
    pub fn first(&mut self, statement: &str, values: &[Value]) -> Result<Option<Row>> {
        Ok(self.query(statement, values)?.into_iter().next())
    }

    /// Whether there is a row.
    pub fn exists(&mut self, statement: &str, values: &[Value]) -> Result<bool> {
        Ok(!self.query(statement, values)?.is_empty())
    }
}

/// What runs the writer's transactions.
pub trait Session: Send {
    /// Begins a transaction that writes.
    fn begin(&mut self) -> Result<()>;

    /// What the changes use.
    fn sql(&mut self) -> &mut dyn Sql;

    /// A statement about savepoints.
    fn mark(&mut self, statement: &str) -> Result<()>;

    /// Ends it. It is kept then, or it is not known.
    fn commit(&mut self) -> Result<()>;

    /// Takes back what was not committed.
    fn roll_back(&mut self);
}
