//! Each call is counted, and has a line in the log file.

use super::Client;
use crate::log::{self, Fact};
use crate::report::Report;
use crate::stats::Stats;
use crate::status::{Class, Code};
use crate::system;
use std::time::Instant;

/// Counts the call as a defect if it never ends.
struct Unfinished<'a> {
    stats: &'a Stats,
    operation: &'static str,
    began: Instant,
    is_done: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            let took = system::now().saturating_duration_since(self.began);
            self.stats.call(self.operation, Code::Panic, took);
        }
    }
}

impl Client {
    /// Runs one call of the host.
    pub(super) fn observed(&self, operation: &'static str, run: impl FnOnce() -> Report) -> Report {
        let _in_file = log::to_file(self.log_file.as_ref());
        let mut unfinished =
            Unfinished { stats: &self.stats, operation, began: system::now(), is_done: false };
        let report = run();
        unfinished.is_done = true;
        let took = system::now().saturating_duration_since(unfinished.began);
        self.stats.call(operation, report.code, took);
        if self.log_file.is_some() {
            let ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
            log_end(operation, &report, ms);
        }
        report
    }
}

/// Messages are left out, because they may repeat what the caller gave.
fn log_end(operation: &'static str, report: &Report, ms: i64) {
    let level = match report.code.class() {
        Class::Ok | Class::Refused | Class::Busy => log::INFO,
        Class::Misuse | Class::NotSent | Class::InDoubt => log::WARN,
        Class::Local | Class::Bug => log::ERROR,
    };
    let text = |name: &'static str, value: Option<&'_ str>| value.map(|value| (name, value.to_owned()));
    let texts = [
        text("number", report.out_request_no.as_deref()),
        text("field", report.field.as_deref()),
        text("host", report.host.as_deref()),
        text("request_id", report.request_id.as_deref()),
        text("verification", report.verification),
        text("settled_by", report.settled_by),
        text("wechat", report.wechat.as_ref().and_then(|wechat| wechat.code.as_deref())),
    ];
    let mut facts = vec![
        ("event", Fact::Text("call")),
        ("operation", Fact::Text(operation)),
        ("status", Fact::Number(report.code.number().into())),
        ("name", Fact::Text(report.code.name())),
        ("in_doubt", Fact::Flag(report.in_doubt)),
        ("ms", Fact::Number(ms)),
        ("attempts", Fact::Number(log::attempts().max(report.attempts).into())),
    ];
    if let Some(http) = report.http_status {
        facts.push(("http", Fact::Number(http.into())));
    }
    if report.recorded {
        facts.push(("recorded", Fact::Flag(true)));
    }
    facts.extend(texts.iter().flatten().map(|(name, value)| (*name, Fact::Text(value))));
    log::only_to_file(level, &facts);
}
