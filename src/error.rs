//! The error type for everything that fails without an answer of WeChat Pay.

use crate::status::Code;
use std::borrow::Cow;

/// A failure: a [`Code`], a sentence for the programmer, and the member at fault, if there is one.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}: {message}", code.name())]
pub struct Error {
    /// What kind of failure.
    pub code: Code,
    /// English, for the programmer. Names what was found and what was expected; never a secret.
    pub message: String,
    /// JSON pointer of the member at fault.
    pub field: Option<String>,
    /// What to do, if the code's own hint is too general.
    pub hint: Option<Cow<'static, str>>,
    /// Chinese text for the till's screen, if the code's own is too general.
    pub cashier: Option<&'static str>,
    /// The disk is full.
    pub no_room: bool,
}

/// The usual result inside the library.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure of this kind.
    #[cold]
    pub fn new(code: Code, message: impl Into<String>) -> Error {
        Error { code, message: message.into(), field: None, hint: None, cashier: None, no_room: false }
    }

    /// A failure that is the fault of one member, named by JSON pointer.
    #[cold]
    pub fn at(code: Code, field: impl Into<String>, message: impl Into<String>) -> Error {
        Error { field: Some(field.into()), ..Error::new(code, message) }
    }

    /// The same with a better hint than the code's own.
    #[must_use]
    pub fn hint(self, hint: impl Into<Cow<'static, str>>) -> Error {
        Error { hint: Some(hint.into()), ..self }
    }

    /// The same with a better text for the cashier.
    #[must_use]
    pub fn cashier(self, cashier: &'static str) -> Error {
        Error { cashier: Some(cashier), ..self }
    }

    /// The same with this member, if it names none yet.
    #[must_use]
    pub fn or_at(mut self, field: &str) -> Error {
        self.field.get_or_insert_with(|| field.to_owned());
        self
    }
}
