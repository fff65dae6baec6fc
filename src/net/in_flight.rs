//! Whether the call on this thread has sent bytes of a request.
//!
//! The error of an HTTP client cannot tell: a reset, an unexpected end and a timeout can happen before and after sending.
//! The connection itself knows. A blocking call stays on its thread, so the fact is kept per thread.

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

/// An attempt begins. `writes`: the request changes something.
pub fn begin(writes: bool, cancel: &Cancel) {
    SENT.set(false);
    UNTIL.set(None);
    WRITING.set(writes);
    CANCEL.replace(cancel.clone());
}

/// The state of the call on this thread. A thread that runs several calls alternately keeps one for each.
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

/// Replaces the state of this thread by that of another call, and returns the old one.
pub fn swap(other: Saved) -> Saved {
    Saved {
        sent: SENT.replace(other.sent),
        writing: WRITING.replace(other.writing),
        write_sent: WRITE_SENT.replace(other.write_sent),
        until: UNTIL.replace(other.until),
        cancel: CANCEL.replace(other.cancel),
    }
}

/// Until when this attempt may use a kept connection, if it has one.
pub(super) fn use_kept_connection_until(until: Option<Instant>) {
    UNTIL.set(until);
}

/// Whether that time has passed, for example during a slow name look-up.
pub(super) fn kept_connection_is_too_old() -> bool {
    UNTIL.get().is_some_and(|until| until <= system::now())
}

/// Called right before bytes of the request go to the connection. False: the call was cancelled, and they must not be sent.
pub fn mark_sent() -> bool {
    if !SENT.get() {
        // A read that is cancelled always counts as unsent, because it cannot have an effect.
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

/// Whether the call can still be cancelled before anything leaves. Then a wait must check for that from time to time.
pub(super) fn is_cancellable() -> bool {
    !SENT.get() && CANCEL.with_borrow(Cancel::is_possible)
}

/// An error if the call was cancelled and nothing has left. Then waiting is pointless.
pub(super) fn check_cancelled() -> Result<(), ureq::Error> {
    if !SENT.get() && CANCEL.with_borrow(Cancel::cancelled).is_some() {
        return Err(ureq::Error::Other("called off".into()));
    }
    Ok(())
}

/// Whether this attempt has sent bytes.
pub fn was_sent() -> bool {
    SENT.get()
}

/// Whether any writing attempt of this call has sent bytes.
pub fn write_was_sent() -> bool {
    WRITE_SENT.get()
}
