//! Request numbers: what the first request under one was, and what came of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::operation::Operation;

/// First 16 bytes of the SHA-256 over a request's data.
pub(crate) type Digest = [u8; 16];

/// What binds a request to its number.
#[derive(Debug, Clone)]
pub(crate) struct RequestKey {
    pub(crate) operation: Operation,
    pub(crate) number: String,
    pub(crate) digest: Digest,
}

/// What the first request under a number led to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// The answer itself, to be given again.
    Answer(Value),
    /// These coupons were issued or changed.
    Coupons { codes: Vec<String>, bundle: Option<String> },
    /// This token was made.
    Token(String),
}

/// A request number of the operations that keep no history in a coupon.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(super) operation: Operation,
    pub(super) digest: Digest,
    pub(super) outcome: Outcome,
}
