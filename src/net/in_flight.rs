//! Whether the call on this thread has let bytes of a request out.
//!
//! An HTTP client's error value cannot tell: a reset, an unexpected end and a timeout each happen on both
//! sides of sending. The connection itself knows, and a blocking call stays on its thread.

use std::cell::Cell;

thread_local! {
    static SENT: Cell<bool> = const { Cell::new(false) };
    static WRITING: Cell<bool> = const { Cell::new(false) };
    static WRITE_SENT: Cell<bool> = const { Cell::new(false) };
}

/// Forgets everything: a new call begins.
pub fn clear() {
    SENT.set(false);
    WRITING.set(false);
    WRITE_SENT.set(false);
}

/// An attempt begins, of a request that changes something or of one that only reads.
pub fn begin(writes: bool) {
    SENT.set(false);
    WRITING.set(writes);
}

/// Bytes of the request are about to be handed to the connection.
pub(super) fn mark_sent() {
    SENT.set(true);
    if WRITING.get() {
        WRITE_SENT.set(true);
    }
}

/// Whether bytes of the present attempt left.
pub fn sent() -> bool {
    SENT.get()
}

/// Whether bytes of any writing attempt of this call left.
pub fn writing() -> bool {
    WRITE_SENT.get()
}
