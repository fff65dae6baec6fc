//! Limits that several modules share.

/// The longest time that any call may wait, in milliseconds.
pub const LONGEST_CALL_MS: u64 = 10 * 60 * 1000;
