//! Importing coupons that the merchant's own system knows.

use super::Client;
use crate::api;
use crate::config;
use crate::directory::Directory;
use crate::directory::import::lines::{Lines, Text};
use crate::directory::import::{Format, Line, Reader};
use crate::error::{Error, Result};
use crate::file;
use crate::journal::sqlite;
use crate::json;
use crate::net::cancel::{Cancel, Progress};
use crate::net::deadline::Deadline;
use crate::os;
use crate::redact::Quoted;
use crate::report::Report;
use crate::status::Code;
use serde::Serialize;
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Rows of one transaction.
const BATCH: usize = 500;
/// Pause between two transactions, in which others get the file.
const PAUSE: Duration = Duration::from_millis(2);
/// How often a batch is tried again while somebody else has the file, and the pause before.
const TRIES: u32 = 20;
const AGAIN: Duration = Duration::from_millis(250);
/// Faults that are told one by one.
const TOLD: usize = 20;

struct ImportInput {
    path: PathBuf,
    format: Format,
    limit: Option<Duration>,
}

/// What became of the rows.
#[derive(Debug, Default, Serialize)]
struct ImportResult {
    rows: u64,
    imported: u64,
    refused: u64,
    faults: Vec<Fault>,
    ignored: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Fault {
    line: u64,
    reason: String,
}

impl ImportResult {
    fn refuse(&mut self, line: u64, reason: String) {
        self.rows += 1;
        self.refused += 1;
        if self.faults.len() < TOLD {
            self.faults.push(Fault { line, reason });
        }
    }
}

impl Client {
    /// Reads a file into the directory, in short transactions.
    pub(super) fn import_coupons(&self, input: &str, cancel: &Cancel) -> Report {
        let input = match ImportInput::read(input) {
            Ok(input) => input,
            Err(error) => return error.into(),
        };
        let deadline = input.limit.map(Deadline::after);
        self.directory()
            .and_then(|directory| {
                let imported = self.import(directory, &input, deadline.as_ref(), cancel);
                directory.give_way();
                imported
            })
            .unwrap_or_else(Report::from)
    }

    fn import(
        &self,
        directory: &dyn Directory,
        input: &ImportInput,
        deadline: Option<&Deadline>,
        cancel: &Cancel,
    ) -> Result<Report> {
        let wrong = |why: String| {
            Error::at(Code::Request, "/path", format!("{}: {why}", Quoted(&input.path.to_string_lossy())))
        };
        let file = open(&input.path).map_err(wrong)?;
        let total_bytes = file.metadata().map(|found| found.len()).unwrap_or_default();
        if let Some(stopped) = patiently(deadline, cancel, || self.forget_expired(directory))? {
            return Ok(ended_early(stopped, 0));
        }
        let mut lines = Lines::new(file, self.config.text_encoding);
        let mut reader = Reader::new(input.format, self.own_brand());
        let (mut done, mut batch) = (ImportResult::default(), Vec::with_capacity(BATCH));
        loop {
            let text = lines.read_line().map_err(|error| wrong(error.to_string()))?;
            let ended = text.is_none();
            let read = match text {
                None => Line::Nothing,
                Some(Text::Line(line)) => reader.read(&line),
                Some(Text::Fault(why)) => Line::Fault(why),
                Some(Text::NoText(why)) => Line::NoImport(why),
            };
            match read {
                Line::Nothing => {}
                Line::Entry(entry) => {
                    done.rows += 1;
                    batch.push(*entry);
                }
                Line::Fault(why) => done.refuse(lines.number, why),
                Line::NoImport(why) => return Err(wrong(why)),
            }
            if batch.len() < BATCH && !ended {
                continue;
            }
            let count = u64::try_from(batch.len()).unwrap_or_default();
            let entries = std::mem::take(&mut batch);
            if !entries.is_empty()
                && let Some(stopped) = patiently(deadline, cancel, || directory.remember(entries.clone()))
                    .map_err(|error| Error {
                        message: format!("{}; {} rows are imported and stay", error.message, done.imported),
                        ..error
                    })?
            {
                return Ok(ended_early(stopped, done.imported));
            }
            done.imported += count;
            cancel.tell(Progress { done: done.rows, read_bytes: lines.bytes, total_bytes });
            if ended {
                done.ignored = reader.ignored().to_vec();
                return Ok(Report::local(&done));
            }
            let stopped = match (cancel.pause(PAUSE), deadline) {
                (false, _) => Code::CancelledUnsent,
                (true, Some(deadline)) if deadline.is_over() => Code::TimeoutUnsent,
                _ => continue,
            };
            return Ok(ended_early(stopped, done.imported));
        }
    }
}

/// Opens a file to read. A journal or directory that is open must not be opened and closed beside `SQLite`.
fn open(path: &Path) -> std::result::Result<File, String> {
    if os::identity_at(path).is_ok_and(|found| sqlite::is_open(found.identity)) {
        return Err("this is a file of the library itself".into());
    }
    file::open_regular(path)
}

fn ended_early(stopped: Code, imported: u64) -> Report {
    let message = format!(
        "the import ended early: {imported} rows are imported and stay; import the file again for the rest"
    );
    Report { message, ..Report::new(stopped) }
}

/// Works on the directory, and tries again while somebody else has the file: what is told twice does no harm. `Some`: it was
/// not done, because the import was cancelled or its time is over.
fn patiently(
    deadline: Option<&Deadline>,
    cancel: &Cancel,
    work: impl Fn() -> Result<()>,
) -> Result<Option<Code>> {
    let mut tries = 1;
    while let Err(error) = work() {
        if deadline.is_some_and(Deadline::is_over) {
            return Ok(Some(Code::TimeoutUnsent));
        }
        // On a full disk every further attempt takes from the room that redemptions need.
        if tries == TRIES || error.no_room {
            return Err(error);
        }
        tries += 1;
        let pause = deadline.map_or(AGAIN, |deadline| AGAIN.min(deadline.left()));
        if !cancel.pause(pause) {
            return Ok(Some(Code::CancelledUnsent));
        }
    }
    Ok(None)
}

impl ImportInput {
    fn read(input: &str) -> Result<ImportInput> {
        let mut members = json::parse_object(input)?;
        let limit = api::take_options(&mut members)?.timeout;
        let mut text = |name: &str| match members.shift_remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => {
                let message = format!("{name} must be a text that is not empty");
                Err(Error::at(Code::Request, json::pointer("", name), message))
            }
        };
        let path = text("path")?.ok_or_else(|| Error::at(Code::Request, "/path", "path is missing"))?;
        config::is_path("path", "/path", &path, None)
            .map_err(|error| Error { code: Code::Request, ..error })?;
        let path = PathBuf::from(path);
        let expected = "format must be csv or jsonl";
        let format = match text("format")? {
            Some(name) => Format::named(&name).ok_or_else(|| {
                Error::at(Code::Request, "/format", format!("{expected}, found {}", Quoted(&name)))
            })?,
            None => Format::of_path(&path).ok_or_else(|| {
                let message =
                    format!("{expected}: it is missing, and the path ends with neither .csv nor .jsonl");
                Error::at(Code::Request, "/format", message)
            })?,
        };
        match members.keys().next() {
            None => Ok(ImportInput { path, format, limit }),
            Some(unknown) => {
                let known = "is not known; known are: path, format, _options";
                Err(json::unknown_member(Code::Request, "", unknown, known))
            }
        }
    }
}
