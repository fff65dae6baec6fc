//! Whether the call on this thread has let bytes of a request out.
//!
//! An HTTP client's error value cannot tell: a reset, an unexpected end and a timeout each happen on both
//! sides of sending. The connection itself knows, and a blocking call stays on its thread.

use super::cancel::Cancel;
use crate::system;
use std::cell::{Cell, RefCell};
use std::time::Instant;

thread_local! {
    static SENT: Cell<bool> = const { Cell::new(false) };
    static WRITING: Cell<bool> = const { Cell::new(false) };
    static WRITE_SENT: Cell<bool> = const { Cell::new(false) };
    static UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
    static CANCEL: RefCell<Cancel> = const { RefCell::new(Cancel::never()) };
}

/// Forgets everything: a new call begins.
pub fn clear() {
    begin(false, &Cancel::never());
    WRITE_SENT.set(false);
}

/// An attempt begins, of a request that changes something or of one that only reads.
pub fn begin(writes: bool, cancel: &Cancel) {
    SENT.set(false);
    UNTIL.set(None);
    WRITING.set(writes);
    CANCEL.replace(cancel.clone());
}

/// What is known of the call on this thread. Where one thread plays several calls in turns, each has its own.
#[derive(Debug)]
pub struct Saved {
    sent: bool,
    writing: bool,
    write_sent: bool,
    until: Option<Instant>,
    cancel: Cancel,
}

impl Default for Saved {
    fn default() -> Saved {
        Saved { sent: false, writing: false, write_sent: false, until: None, cancel: Cancel::never() }
    }
}

/// Puts another call in the place of the one on this thread, which is answered.
pub fn swap(other: Saved) -> Saved {
    Saved {
        sent: SENT.replace(other.sent),
        writing: WRITING.replace(other.writing),
        write_sent: WRITE_SENT.replace(other.write_sent),
        until: UNTIL.replace(other.until),
        cancel: CANCEL.replace(other.cancel),
    }
}

/// The kept connection of the present attempt may be used so long, if there is one.
pub(super) fn use_kept_connection_until(until: Option<Instant>) {
    UNTIL.set(until);
}

/// Whether it is too late for that. A look-up may have taken its time.
pub(super) fn kept_connection_is_too_old() -> bool {
    UNTIL.get().is_some_and(|until| until <= system::now())
}

/// Bytes of the request are about to be handed to the connection. False: the call was called off, and they
/// must not be.
pub fn mark_sent() -> bool {
    if !SENT.get() {
        // Calling off a question is always "unsent": nothing can have happened.
        let allowed =
            CANCEL.with_borrow(
                |cancel| {
                    if WRITING.get() { cancel.may_send() } else { cancel.cancelled().is_none() }
                },
            );
        if !allowed {
            return false;
        }
    }
    SENT.set(true);
    if WRITING.get() {
        WRITE_SENT.set(true);
    }
    true
}

/// Whether the call could be called off before anything leaves, so that a wait has to look now and then.
pub(super) fn is_cancellable() -> bool {
    !SENT.get() && CANCEL.with_borrow(Cancel::is_possible)
}

/// An error where the call was called off and nothing has left: there is nothing to wait for any more.
pub(super) fn check_cancelled() -> Result<(), ureq::Error> {
    if !SENT.get() && CANCEL.with_borrow(Cancel::cancelled).is_some() {
        return Err(ureq::Error::Other("called off".into()));
    }
    Ok(())
}

/// Whether bytes of the present attempt left.
pub fn was_sent() -> bool {
    SENT.get()
}

/// Whether bytes of any writing attempt of this call left.
pub fn write_was_sent() -> bool {
    WRITE_SENT.get()
}
