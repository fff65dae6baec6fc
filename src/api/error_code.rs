//! Error codes that have a meaning of their own for an operation.

use crate::status::Code;

/// The error codes of an operation.
#[derive(Debug)]
pub struct ErrorCodes {
    /// Those whose meaning is known.
    pub known: &'static [ErrorCode],
    /// Whether a refusal with any other code ends the request. If not, the coupon is asked about first.
    pub unknown_ends: bool,
}

/// The HTTP status, or the decimal sub-code, says what an error means.
pub static BY_STATUS: ErrorCodes = ErrorCodes { known: &[], unknown_ends: true };

/// One error code.
#[derive(Debug)]
pub struct ErrorCode {
    /// As WeChat Pay writes it.
    pub name: &'static str,
    /// The status it means, whatever the HTTP status is. In class 4, the request may have taken effect.
    pub code: Code,
    /// Whether it ends the request. If not, the coupon is asked about first.
    pub ends: bool,
    /// `None`: those of the status say it all.
    pub texts: Option<Texts>,
}

/// What an error code says to whom.
#[derive(Debug)]
pub struct Texts {
    /// English, for the programmer.
    pub message: &'static str,
    /// What to do.
    pub hint: &'static str,
    /// Chinese, for the till's screen.
    pub cashier: &'static str,
}

impl ErrorCodes {
    /// What is known about that code.
    pub fn find(&self, name: &str) -> Option<&'static ErrorCode> {
        self.known.iter().find(|known| known.name == name)
    }
}
