//! A forked child has copies of everything, and none of it is its own: the parent works on the same rows through the same
//! connections, and locks do not tell the two apart. So in the child every context and every job of the parent is a dead
//! handle; nothing of theirs is closed, freed or written. A child makes contexts of its own. Buffers are memory, and stay.

use super::buf::{self, Buf};
use super::ctx::{self, Ctx};
use super::jobs::{self, Started};
use super::registry::Held;
use crate::journal::sqlite;
use crate::os;
use std::cell::RefCell;
use std::sync::Once;

/// From now on forks are noticed.
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

/// All handles, in the order in which one kind may be taken inside another.
struct All {
    ctxs: Held<'static, Ctx>,
    jobs: Held<'static, Started>,
    bufs: Held<'static, Buf>,
}

/// Nobody is in the middle of a change, so that the child finds no lock that nobody gives back.
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
