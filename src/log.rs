//! The library's log messages. They go to one sink, to the context's log file, or nowhere, and never to standard output or
//! error.
//!
//! Each message consists of chosen facts (operation, status, number, host, times). Bodies, keys and headers are never logged.
//! The sink is called on a thread that is inside a call of the host. The library's own threads never call it. They do write
//! to the file ([`file`]).

pub mod file;

use file::LogFile;
use std::cell::{Cell, RefCell};
use std::fmt::Arguments;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Something failed that should not.
pub const ERROR: i32 = 1;
/// Something to look at: a request in doubt, a wrong clock.
pub const WARN: i32 = 2;
/// One line for every call that uses the network.
pub const INFO: i32 = 3;
/// Every attempt inside a call.
pub const DEBUG: i32 = 4;

/// What a level is called where people read.
pub fn level_name(level: i32) -> &'static str {
    match level {
        ERROR => "error",
        WARN => "warn",
        INFO => "info",
        DEBUG => "debug",
        _ => "other",
    }
}

/// A message that waits for a thread that may call the sink.
#[derive(Debug)]
pub struct Line {
    level: i32,
    text: String,
}

/// The value of a fact in a line of the log file.
#[derive(Debug, Clone, Copy)]
pub enum Fact<'a> {
    /// A text.
    Text(&'a str),
    /// A number.
    Number(i64),
    /// True or false.
    Flag(bool),
}

/// Facts by their names.
pub type Facts<'a> = [(&'static str, Fact<'a>)];

/// Where the lines of the current call go besides the sink.
#[derive(Default)]
struct Place {
    file: Option<Arc<LogFile>>,
    trace: Option<String>,
    attempts: u32,
}

type Sink = Box<dyn Fn(i32, &str) + Send + Sync>;

static SINK: RwLock<Option<Sink>> = RwLock::new(None);
static LEVEL: AtomicI32 = AtomicI32::new(0);

thread_local! {
    static IN_SINK: Cell<bool> = const { Cell::new(false) };
    static COLLECTED: RefCell<Option<Vec<Line>>> = const { RefCell::new(None) };
    static PLACE: RefCell<Place> = const { RefCell::new(Place { file: None, trace: None, attempts: 0 }) };
}

/// Ends what [`to_file`] began.
pub struct InFile(Place);

impl Drop for InFile {
    fn drop(&mut self) {
        let mut before = std::mem::take(&mut self.0);
        let _ = PLACE.try_with(|place| {
            // A call inside another one is part of it.
            before.attempts = before.attempts.saturating_add(attempts());
            place.replace(before)
        });
    }
}

/// Until the result is dropped, the lines of this thread go to that file, too.
pub fn to_file(file: Option<&Arc<LogFile>>) -> InFile {
    InFile(PLACE.replace(Place { file: file.cloned(), ..Place::default() }))
}

/// One exchange with a host was made inside the current call.
pub fn count_attempt() {
    PLACE.with_borrow_mut(|place| place.attempts = place.attempts.saturating_add(1));
}

/// How many exchanges the current call has made, with those of the calls inside it.
pub fn attempts() -> u32 {
    PLACE.try_with(|place| place.try_borrow().map_or(0, |place| place.attempts)).unwrap_or_default()
}

/// The caller's trace id of what this thread does now.
pub fn set_trace(trace: Option<&str>) {
    PLACE.with_borrow_mut(|place| place.trace = trace.map(str::to_owned));
}

/// That trace id.
pub fn trace() -> Option<String> {
    PLACE.try_with(|place| place.try_borrow().ok()?.trace.clone()).ok().flatten()
}

/// The file of the current call, and its trace id.
fn place() -> Option<(Arc<LogFile>, Option<String>)> {
    let place = PLACE.try_with(|place| {
        let place = place.try_borrow().ok()?;
        Some((place.file.clone()?, place.trace.clone()))
    });
    place.ok().flatten()
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
        to_sink(line.level, format_args!("{}", line.text));
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

/// Logs a message that the log file has as facts.
pub fn facts(level: i32, message: Arguments<'_>, facts: &Facts<'_>) {
    if let Some((file, trace)) = place() {
        told(file.write(level, trace.as_deref(), facts, None));
    }
    to_sink(level, message);
}

/// Facts for the log file alone.
pub fn only_to_file(level: i32, facts: &Facts<'_>) {
    if let Some((file, trace)) = place() {
        told(file.write(level, trace.as_deref(), facts, None));
    }
}

fn write(level: i32, message: Arguments<'_>) {
    if let Some((file, trace)) = place() {
        told(file.write(level, trace.as_deref(), &[], Some(message)));
    }
    to_sink(level, message);
}

/// A log file that cannot be written never fails a call. The sink is told once.
fn told(written: Result<(), String>) {
    if let Err(why) = written {
        to_sink(WARN, format_args!("log_path: {why}"));
    }
}

fn to_sink(level: i32, message: Arguments<'_>) {
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
