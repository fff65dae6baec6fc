//! Requests of API version 2: flat XML, signed with a key that both sides have.

mod sign;
mod xml;

pub use sign::{SIGN_TYPES, SignType, is_signed, sign};
pub use xml::{read, write};

use std::collections::BTreeMap;

/// The members of a request or of an answer, in the order in which they are signed: that of their bytes.
pub type Members = BTreeMap<String, String>;
