//! Coroutines with stacks of their own: the library's code blocks as always, and the simulation goes on.

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use wxcoupon::net::in_flight;

/// A redemption needs some twenty kilobytes; `SQLite` and formatting a story somewhat more.
const STACK: usize = 256 * 1024;

/// One piece of work that can be put aside.
pub struct Routine(Coroutine<(), (), ()>);

/// What became of a piece of work that was let run.
pub enum Ran {
    /// It waits for something.
    Waits,
    /// It has ended.
    Ended,
    /// It panicked.
    Panicked(String),
}

thread_local! {
    static RUNNING: Cell<*const Yielder<(), ()>> = const { Cell::new(ptr::null()) };
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
    static STACKS: RefCell<Vec<DefaultStack>> = const { RefCell::new(Vec::new()) };
}

impl Routine {
    /// Work that begins when it is first let run.
    pub fn new(work: impl FnOnce() + 'static) -> Routine {
        let stack = STACKS.with_borrow_mut(Vec::pop);
        let stack = stack.unwrap_or_else(|| DefaultStack::new(STACK).expect("memory for a stack"));
        Routine(Coroutine::with_stack(stack, move |yielder, ()| {
            RUNNING.set(yielder);
            in_flight::clear();
            work();
        }))
    }

    /// Lets it run until it waits or ends.
    pub fn run(&mut self) -> Ran {
        let before = RUNNING.replace(ptr::null());
        let ran = catch_unwind(AssertUnwindSafe(|| self.0.resume(())));
        RUNNING.set(before);
        match ran {
            Ok(CoroutineResult::Yield(())) => Ran::Waits,
            Ok(CoroutineResult::Return(())) => Ran::Ended,
            Err(panic) => Ran::Panicked(format!("{} at {}", words(&*panic), PLACE.take())),
        }
    }

    /// Ends it where it is. Its destructors run, so whoever calls this has seen to it that they reach nobody.
    pub fn end(mut self) {
        if self.0.started() && !self.0.done() {
            let before = RUNNING.replace(ptr::null());
            self.0.force_unwind();
            RUNNING.set(before);
        }
        if self.0.done() {
            STACKS.with_borrow_mut(|stacks| stacks.push(self.0.into_stack()));
        }
    }
}

/// Puts the running work aside until somebody lets it run again. False where nothing runs that could be put aside.
pub fn put_aside() -> bool {
    let yielder = RUNNING.get();
    if yielder.is_null() {
        return false;
    }
    let saved = in_flight::swap(in_flight::Saved::default());
    // SAFETY: RUNNING is set by a routine to its own yielder, which lives on its stack for as long as it runs, and is
    // cleared whenever no routine runs.
    unsafe { &*yielder }.suspend(());
    RUNNING.set(yielder);
    in_flight::swap(saved);
    true
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without words".into())
}

/// Remembers where a panic was; what it says is told by whoever catches it.
pub fn note_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(String::new, ToString::to_string);
    if RUNNING.get().is_null() {
        eprintln!("{panic}");
    }
    PLACE.set(place);
}
