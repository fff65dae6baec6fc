//! The log file: one a day and process, of JSON lines, each written at once.
//!
//! Nothing is ever renamed, so several processes share a folder, and a program that follows a file is not confused. The day is
//! that of China (+08:00) by this machine's clock, whatever its time zone is: the journal's and WeChat Pay's times are the same.

use super::{Fact, Facts, INFO, level_name};
use crate::system;
use serde_json::Value;
use std::fmt::{Arguments, Write as _};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use time::macros::{format_description, offset};
use time::{Date, OffsetDateTime};

/// The longest line with its line end, in bytes. One write of it is not mixed with those of other processes.
pub const LONGEST_LINE: usize = 4096;
/// The longest text of one fact, in characters.
const LONGEST_FACT: usize = 300;
/// For how many days files are kept, today included.
pub const DAYS_KEPT: i64 = 14;
/// After a failure the file is tried again at most this often.
const TRIED_AGAIN: Duration = Duration::from_secs(60);

const PREFIX: &str = "wxcoupon-";
const SUFFIX: &str = ".log";

/// A folder of log files, and the one of today.
#[derive(Debug)]
pub struct LogFile {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: Option<(Date, File)>,
    failed: Option<Instant>,
}

impl LogFile {
    /// The log files of that folder. The folder and the file are made with the first line.
    pub fn new(folder: &Path) -> LogFile {
        LogFile { folder: folder.to_owned(), state: Mutex::default() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Why nothing can be written there now, if so. It writes a line: on a full disk the file opens all the same.
    pub fn try_to_write(&self) -> Result<(), String> {
        let now = now();
        let line = line(now, INFO, None, &[], Some(format_args!("the self-check tries the log")));
        let mut state = self.lock();
        let written = self.append(&mut state, now, &line);
        if written.is_err() {
            // An open file of a folder that is gone would be written for ever.
            state.open = None;
        }
        written.map(drop).map_err(|error| self.cannot(&error))
    }

    /// Writes one line. The error is told once, and not again before a line was written.
    pub(super) fn write(
        &self,
        level: i32,
        trace: Option<&str>,
        facts: &Facts<'_>,
        message: Option<Arguments<'_>>,
    ) -> Result<(), String> {
        let now = now();
        let line = line(now, level, trace, facts, message);
        let mut state = self.lock();
        let is_known = state.failed.is_some();
        if state.failed.is_some_and(|at| system::now().saturating_duration_since(at) < TRIED_AGAIN) {
            return Ok(());
        }
        match self.append(&mut state, now, &line) {
            Ok(was_removed) => {
                state.failed = None;
                if was_removed { Err(self.removed()) } else { Ok(()) }
            }
            Err(error) => {
                *state = State { open: None, failed: Some(system::now()) };
                if is_known { Ok(()) } else { Err(self.cannot(&error)) }
            }
        }
    }

    /// Says whether the file of before was gone.
    fn append(&self, state: &mut State, now: OffsetDateTime, line: &str) -> std::io::Result<bool> {
        let is_gone = |day: Date| std::fs::symlink_metadata(self.folder.join(name(day))).is_err();
        let was_removed = state.open.as_ref().is_some_and(|(day, _)| is_gone(*day));
        if was_removed {
            state.open = None;
        }
        let mut file = self.of_today(state, now)?;
        match file.write(line.as_bytes())? {
            all if all == line.len() => Ok(was_removed),
            // The rest would be a line of its own.
            _ => Err(std::io::ErrorKind::WriteZero.into()),
        }
    }

    fn removed(&self) -> String {
        format!("the log in {} was removed while it was written, and is made anew", self.folder.display())
    }

    fn cannot(&self, error: &std::io::Error) -> String {
        format!("the log cannot be written to {}: {error}", self.folder.display())
    }

    fn of_today<'a>(&self, state: &'a mut State, now: OffsetDateTime) -> std::io::Result<&'a File> {
        let today = now.date();
        if state.open.as_ref().is_none_or(|(day, _)| *day != today) {
            std::fs::create_dir_all(&self.folder)?;
            state.open = Some((today, open(&self.folder.join(name(today)))?));
            remove_old(&self.folder, today);
        }
        let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
        state.open.as_ref().map(|(_, file)| file).ok_or_else(missing)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> OffsetDateTime {
    system::wall_date().to_offset(offset!(+8))
}

fn name(day: Date) -> String {
    let day = day.format(&format_description!("[year]-[month]-[day]")).unwrap_or_default();
    format!("{PREFIX}{day}-{}{SUFFIX}", std::process::id())
}

/// Appends only: each write goes to the end, whoever else writes. It does not block on a pipe and follows no link.
fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o640).custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_CLOEXEC);
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(std::io::ErrorKind::InvalidInput.into()) }
}

/// The day of a log file, by its name. `None`: it is not one of ours.
pub fn day_of(name: &str) -> Option<Date> {
    let (day, pid) = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.split_at_checked(10)?;
    let is_pid = |pid: &str| !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit());
    pid.strip_prefix('-').filter(|pid| is_pid(pid))?;
    Date::parse(day, &format_description!("[year]-[month]-[day]")).ok()
}

/// Another process may remove them at the same time, so failures mean nothing.
fn remove_old(folder: &Path, today: Date) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_old =
            name.to_str().and_then(day_of).is_some_and(|day| (today - day).whole_days() >= DAYS_KEPT);
        if is_old && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn line(
    now: OffsetDateTime,
    level: i32,
    trace: Option<&str>,
    facts: &Facts<'_>,
    message: Option<Arguments<'_>>,
) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+08:00");
    let level = level_name(level);
    let mut line = format!(
        "{{\"at\":\"{}\",\"level\":\"{level}\",\"pid\":{}",
        now.format(&format).unwrap_or_default(),
        std::process::id()
    );
    let trace = trace.map(|trace| ("trace", Fact::Text(trace)));
    for (name, fact) in trace.iter().chain(facts) {
        let value = match fact {
            Fact::Number(number) => number.to_string(),
            Fact::Flag(flag) => flag.to_string(),
            Fact::Text(text) => quoted(text.chars().take(LONGEST_FACT), LONGEST_LINE),
        };
        // Room for what ends the line.
        if line.len() + name.len() + value.len() + ",\"\":}\n".len() <= LONGEST_LINE {
            let _ = write!(line, ",\"{name}\":{value}");
        }
    }
    if let Some(message) = message {
        let room = LONGEST_LINE.saturating_sub(line.len() + ",\"message\":}\n".len());
        let _ = write!(line, ",\"message\":{}", quoted(message.to_string().chars(), room));
    }
    line.push_str("}\n");
    line
}

/// A JSON text of at most that many bytes. What does not fit is left out, and an ellipsis says so.
fn quoted(characters: impl Iterator<Item = char>, room: usize) -> String {
    const ELLIPSIS: &str = "…\"";
    let mut text = String::from("\"");
    let mut fits = text.len();
    for character in characters {
        let one = Value::String(character.to_string()).to_string();
        text.push_str(one.get(1..one.len() - 1).unwrap_or_default());
        if text.len() + ELLIPSIS.len() <= room {
            fits = text.len();
        } else if text.len() >= room {
            text.truncate(fits);
            text.push_str(ELLIPSIS);
            return text;
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::super::WARN;
    use super::*;
    use time::macros::{date, datetime};

    fn parsed(line: &str) -> Value {
        assert!(line.len() <= LONGEST_LINE && line.ends_with("}\n"), "{} bytes", line.len());
        assert_eq!(line.matches('\n').count(), 1);
        serde_json::from_str(line).unwrap()
    }

    #[test]
    fn a_line_is_json_with_its_facts() {
        let facts =
            [("operation", Fact::Text("use")), ("ms", Fact::Number(42)), ("in_doubt", Fact::Flag(false))];
        let at = datetime!(2026-12-01 23:59:59.5 +8);
        let told = parsed(&line(at, WARN, Some("00-1-2-01"), &facts, None));
        assert_eq!(told["at"], "2026-12-01T23:59:59.500+08:00");
        assert_eq!((&told["level"], &told["operation"]), (&"warn".into(), &"use".into()));
        assert_eq!((told["ms"].as_i64(), told["in_doubt"].as_bool()), (Some(42), Some(false)));
        assert_eq!(told["trace"], "00-1-2-01");
        assert!(told.get("message").is_none());
    }

    #[test]
    fn a_line_never_exceeds_its_length_and_stays_json() {
        let at = datetime!(2026-12-01 12:00 +8);
        for text in ["x", "\"", "\\", "\u{1}", "券", "\u{1F600}"] {
            for length in [10, 600, 1340, 2020, 4050, 5000] {
                let message = text.repeat(length);
                let told = parsed(&line(at, INFO, None, &[], Some(format_args!("{message}"))));
                let kept = told["message"].as_str().unwrap();
                assert!(
                    kept == message || kept.ends_with('…') && message.starts_with(kept.trim_end_matches('…'))
                );
            }
            let long = text.repeat(400);
            let facts = [("a", Fact::Text(&long)); 12];
            parsed(&line(at, INFO, None, &facts, Some(format_args!("{long}"))));
        }
    }

    /// Lines that go into a removed file are lost, and nobody would know.
    #[test]
    fn a_removed_folder_is_made_anew_with_the_next_line_and_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let log = LogFile::new(&folder.path().join("log"));
        let write = |text: &str| log.write(INFO, None, &[], Some(format_args!("{text}")));
        assert_eq!(write("before"), Ok(()));
        std::fs::remove_dir_all(log.folder()).unwrap();
        assert!(write("first").is_err_and(|why| why.contains("made anew")));
        assert_eq!(write("second"), Ok(()));
        let path = log.folder().join(name(now().date()));
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert_eq!(log.try_to_write(), Ok(()));
        assert!(std::fs::read_to_string(path).unwrap().contains("self-check"));
        std::fs::remove_dir_all(log.folder()).unwrap();
        std::fs::write(log.folder(), "a file in its place").unwrap();
        assert!(log.try_to_write().is_err());
    }

    #[test]
    fn only_names_of_ours_are_log_files() {
        assert_eq!(day_of("wxcoupon-2026-12-01-77.log"), Some(date!(2026 - 12 - 01)));
        for other in [
            "wxcoupon-2026-12-01.log",
            "wxcoupon-2026-12-01-.log",
            "wxcoupon-2026-12-01-7x.log",
            "wxcoupon-2026-13-01-7.log",
            "wxcoupon-2026-12-01-7.log.old",
            "sales-2026-12-01-7.log",
            "wxcoupon-券券券券-7.log",
        ] {
            assert_eq!(day_of(other), None, "{other}");
        }
        assert_eq!(day_of(&name(date!(2026 - 12 - 01))), Some(date!(2026 - 12 - 01)));
    }

    #[test]
    fn files_of_more_than_fourteen_days_are_removed_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            ("wxcoupon-2026-11-17-7.log", false),
            ("wxcoupon-2026-11-18-7.log", true),
            ("wxcoupon-2026-12-01-7.log", true),
            ("wxcoupon-2030-01-01-7.log", true),
            ("wxcoupon-2020-01-01.log", true),
            ("wxcoupon.journal", true),
        ];
        for (name, _) in names {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("wxcoupon-2020-01-01-7.log")).unwrap();
        remove_old(folder.path(), date!(2026 - 12 - 01));
        for (name, stays) in names {
            assert_eq!(folder.path().join(name).exists(), stays, "{name}");
        }
        assert!(folder.path().join("wxcoupon-2020-01-01-7.log").is_dir());
    }
}
