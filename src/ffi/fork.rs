//! A forked child has copies of everything, but must not use them: the parent works on the same rows over the same
//! connections, and locks do not distinguish the two. So in the child all contexts and jobs of the parent are dead handles.
//! Nothing of them is closed, freed or written. A child makes contexts of its own. Buffers are plain memory and stay valid.

use super::buf::{self, Buf};
use super::ctx::{self, Ctx};
use super::jobs::{self, Started};
use super::registry::Held;
use crate::journal::sqlite;
use crate::os;
use std::cell::RefCell;
use std::sync::Once;

/// Registers the fork handlers, once.
pub fn notice() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        if let Err(error) = os::at_fork(before, in_parent, in_child) {
            crate::log::warn(format_args!("forks go unnoticed: {error}"));
        }
    });
}

thread_local! {
    static HELD: RefCell<Option<All>> = const { RefCell::new(None) };
}

/// The locks of all handle tables, in locking order.
struct All {
    ctxs: Held<'static, Ctx>,
    jobs: Held<'static, Started>,
    bufs: Held<'static, Buf>,
}

/// Takes all locks before the fork, so that the child inherits no lock of another thread.
extern "C" fn before() {
    let all = All { ctxs: ctx::hold(), jobs: jobs::hold(), bufs: buf::hold() };
    let _ = HELD.try_with(|held| *held.borrow_mut() = Some(all));
    sqlite::before_fork();
}

extern "C" fn in_parent() {
    sqlite::after_fork_in_parent();
    let _ = HELD.try_with(|held| held.borrow_mut().take());
}

extern "C" fn in_child() {
    sqlite::after_fork_in_child();
    let held = HELD.try_with(|held| held.borrow_mut().take());
    if let Ok(Some(All { ctxs, jobs, bufs })) = held {
        ctxs.abandon();
        jobs.abandon();
        drop(bufs);
    }
}
