//! Limits that several rooms keep.

/// No call waits longer than this, whatever is asked for, in milliseconds.
pub const LONGEST_CALL_MS: u64 = 10 * 60 * 1000;
