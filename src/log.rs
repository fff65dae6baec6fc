//! The library's log messages. They go to one sink or nowhere, and never to standard output or error.
//!
//! Each message consists of chosen facts (operation, status, number, host, times). Bodies, keys and headers are never logged.
//! The sink is called on a thread that is inside a call of the host. The library's own threads never call it.

use std::cell::{Cell, RefCell};
use std::fmt::Arguments;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{PoisonError, RwLock};

/// Something failed that should not.
pub const ERROR: i32 = 1;
/// Something to look at: a request in doubt, a wrong clock.
pub const WARN: i32 = 2;
/// One line for every call that uses the network.
pub const INFO: i32 = 3;
/// Every attempt inside a call.
pub const DEBUG: i32 = 4;

/// A message that waits for a thread that may call the sink.
#[derive(Debug)]
pub struct Line {
    level: i32,
    text: String,
}

type Sink = Box<dyn Fn(i32, &str) + Send + Sync>;

static SINK: RwLock<Option<Sink>> = RwLock::new(None);
static LEVEL: AtomicI32 = AtomicI32::new(0);

thread_local! {
    static IN_SINK: Cell<bool> = const { Cell::new(false) };
    static COLLECTED: RefCell<Option<Vec<Line>>> = const { RefCell::new(None) };
}

/// Runs on one of the library's own threads. Messages are collected and returned instead of passed on.
pub fn collected<R>(run: impl FnOnce() -> R) -> (R, Vec<Line>) {
    COLLECTED.replace(Some(Vec::new()));
    let result = run();
    (result, COLLECTED.take().unwrap_or_default())
}

/// Passes on collected messages, on a thread that is inside a call of the host.
pub fn pass_on(lines: Vec<Line>) {
    for line in lines {
        write(line.level, format_args!("{}", line.text));
    }
}

/// Replaces the sink. When this returns, the old one is not running and will not run again. Returns false and changes
/// nothing if it is called inside a sink.
pub fn set_sink(sink: Option<Sink>, max_level: i32) -> bool {
    if IN_SINK.get() {
        return false;
    }
    let mut current = SINK.write().unwrap_or_else(PoisonError::into_inner);
    LEVEL.store(if sink.is_some() { max_level } else { 0 }, Ordering::Relaxed);
    *current = sink;
    true
}

/// Logs at [`ERROR`].
pub fn error(message: Arguments<'_>) {
    write(ERROR, message);
}

/// Logs at [`WARN`].
pub fn warn(message: Arguments<'_>) {
    write(WARN, message);
}

/// Logs at [`INFO`].
pub fn info(message: Arguments<'_>) {
    write(INFO, message);
}

/// Logs at [`DEBUG`].
pub fn debug(message: Arguments<'_>) {
    write(DEBUG, message);
}

fn write(level: i32, message: Arguments<'_>) {
    if level > LEVEL.load(Ordering::Relaxed) || IN_SINK.get() {
        return;
    }
    let kept = COLLECTED.with_borrow_mut(|collected| {
        collected.as_mut().map(|lines| lines.push(Line { level, text: message.to_string() })).is_some()
    });
    if kept {
        return;
    }
    let sink = SINK.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(sink) = sink.as_ref() {
        // A panic in the sink must not leave the flag up.
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                IN_SINK.set(false);
            }
        }
        IN_SINK.set(true);
        let _leave = Leave;
        sink(level, &message.to_string());
    }
}
