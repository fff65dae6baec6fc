//! The counters of a context, as JSON or as text for Prometheus.

use super::Client;
use crate::api;
use crate::error::{Error, Result};
use crate::journal::Row;
use crate::json;
use crate::report::Report;
use crate::stats::prometheus::{Kind, Text, is_label_name};
use crate::stats::{Counts, Histogram};
use crate::status::Code;
use crate::system::wall_ms;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

/// The ages by which open requests are counted: a name, and the upper bound in milliseconds.
const AGES: [(&str, i64); 5] =
    [("1m", 60_000), ("10m", 600_000), ("1h", 3_600_000), ("1d", 86_400_000), ("older", i64::MAX)];

/// The text of a label is at most this long, in bytes.
const LONGEST_LABEL: usize = 128;
/// The members of a sample that this library sets itself.
const OWN_LABELS: [&str; 7] = ["le", "operation", "class", "host", "status", "state", "age"];

#[derive(Default)]
struct StatsInput {
    is_prometheus: bool,
    labels: Vec<(String, String)>,
}

/// What is true now, besides the counters.
struct Now<'a> {
    counts: &'a Counts,
    rows: &'a [Row],
    hosts: Vec<(&'a str, bool)>,
    clock_offset_s: i64,
    since_ms: i64,
}

impl Client {
    /// Counters since the context was made, and what is open now. No network.
    pub fn stats(&self, input: Option<&str>) -> Report {
        match StatsInput::read(input).and_then(|input| Ok((input, self.journal.unfinished()?))) {
            Ok((input, rows)) => {
                let counts = self.stats.counts();
                let now = Now {
                    counts: &counts,
                    rows: &rows,
                    hosts: self.hosts.health().map(|(host, failures, _)| (host, failures == 0)).collect(),
                    clock_offset_s: self.clock.behind_s(),
                    since_ms: self.stats.since_ms,
                };
                if input.is_prometheus {
                    let text = now.text(input.labels, &self.config.identity.id);
                    Report::local(&json!({ "format": "prometheus", "text": text }))
                } else {
                    let uptime_ms = u64::try_from(self.stats.age().as_millis()).unwrap_or(u64::MAX);
                    Report::local(&now.json(uptime_ms))
                }
            }
            Err(error) => error.into(),
        }
    }
}

impl StatsInput {
    fn read(input: Option<&str>) -> Result<StatsInput> {
        let mut members = input.map(json::parse_object).transpose()?.unwrap_or_default();
        api::take_options(&mut members)?;
        let is_prometheus = match members.shift_remove("format") {
            None | Some(Value::Null) => false,
            Some(Value::String(format)) if format == "json" => false,
            Some(Value::String(format)) if format == "prometheus" => true,
            Some(_) => return Err(Error::at(Code::Request, "/format", "format must be json or prometheus")),
        };
        let labels = match members.shift_remove("labels") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Object(labels)) => labels.into_iter().map(label).collect::<Result<_>>()?,
            Some(_) => return Err(Error::at(Code::Request, "/labels", "labels must be an object of texts")),
        };
        match members.keys().next() {
            None => Ok(StatsInput { is_prometheus, labels }),
            Some(unknown) => {
                let known = "is not known; known are: format, labels, _options";
                Err(json::unknown_member(Code::Request, "", unknown, known))
            }
        }
    }
}

fn label((name, value): (String, Value)) -> Result<(String, String)> {
    if !is_label_name(&name) || OWN_LABELS.contains(&name.as_str()) || name == "merchant" {
        let message = format!(
            "a label's name has letters, digits and _, begins with no digit, and is none of merchant, {}",
            OWN_LABELS.join(", ")
        );
        return Err(Error::at(Code::Request, "/labels", message));
    }
    match value {
        Value::String(value) if value.len() <= LONGEST_LABEL => Ok((name, value)),
        _ => {
            let message = format!("{name} must be a text of at most {LONGEST_LABEL} bytes");
            Err(Error::at(Code::Request, json::pointer("/labels", &name), message))
        }
    }
}

fn in_ms(took: std::time::Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

fn as_json(histogram: &Histogram) -> Value {
    let buckets: Vec<Value> = histogram
        .cumulative()
        .map(|(bound_ms, count)| json!({ "le_ms": bound_ms, "count": count }))
        .collect();
    json!({ "count": histogram.count, "sum_ms": in_ms(histogram.sum), "buckets": buckets })
}

impl Now<'_> {
    fn json(&self, uptime_ms: u64) -> Value {
        let Counts { calls, call_times, attempts, attempt_times, journal_times, journal_failures } =
            self.counts;
        let since = OffsetDateTime::from_unix_timestamp(self.since_ms.div_euclid(1000));
        let open = self.open();
        json!({
            "since": since.map(api::use_time).unwrap_or_default(),
            "uptime_ms": uptime_ms,
            "calls": calls.iter().map(|((operation, class), count)| {
                json!({ "operation": operation, "class": class, "count": count })
            }).collect::<Vec<_>>(),
            "call_times": call_times.iter().map(|(operation, times)| with("operation", operation, times))
                .collect::<Vec<_>>(),
            "attempts": attempts.iter().map(|((host, name), count)| {
                json!({ "host": host, "name": name, "count": count })
            }).collect::<Vec<_>>(),
            "attempt_times": attempt_times.iter().map(|(host, times)| with("host", host, times))
                .collect::<Vec<_>>(),
            "journal": { "writes": as_json(journal_times), "failures": journal_failures },
            "hosts": self.hosts.iter().map(|(host, healthy)| json!({ "host": host, "healthy": healthy }))
                .collect::<Vec<_>>(),
            "clock_offset_s": self.clock_offset_s,
            "open": open.iter().map(|(state, age, count)| {
                json!({ "state": state, "age": age, "count": count })
            }).collect::<Vec<_>>(),
            "oldest_pending_ms": self.oldest_ms(),
        })
    }

    /// Open requests by state and age. All ages of a state that occurs are there, so that a series does not vanish.
    fn open(&self) -> Vec<(&'static str, &'static str, usize)> {
        let now = wall_ms();
        let mut counted = Vec::new();
        for (state, states) in super::pending::LISTED_STATES {
            let rows: Vec<i64> = self
                .rows
                .iter()
                .filter(|row| states.contains(&row.state))
                .map(|row| now.saturating_sub(row.created_ms))
                .collect();
            let mut above = i64::MIN;
            for (age, bound) in AGES {
                let count = rows.iter().filter(|row| **row > above && **row <= bound).count();
                counted.push((state, age, count));
                above = bound;
            }
        }
        counted
    }

    fn oldest_ms(&self) -> i64 {
        let pending = self.rows.iter().filter(|row| row.state.is_pending());
        let ages = pending.map(|row| wall_ms().saturating_sub(row.created_ms));
        ages.max().unwrap_or_default().max(0)
    }

    #[allow(clippy::cast_precision_loss, reason = "milliseconds of some thousand years are exact")]
    fn text(&self, labels: Vec<(String, String)>, merchant: &str) -> String {
        let common = std::iter::once(("merchant".to_owned(), merchant.to_owned())).chain(labels).collect();
        let mut text = Text::new(common);
        let counts = self.counts;
        text.metric("wxcoupon_info", Kind::Gauge, "The version of the library.");
        text.sample("wxcoupon_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        let name = "wxcoupon_start_time_seconds";
        text.metric(name, Kind::Gauge, "When the context was made, in seconds since 1970.");
        text.sample(name, &[], self.since_ms as f64 / 1000.0);

        let name = "wxcoupon_calls_total";
        text.metric(name, Kind::Counter, "Calls by operation and class; 4 is in doubt.");
        for ((operation, class), count) in &counts.calls {
            text.sample(name, &[("operation", operation), ("class", &class.to_string())], count);
        }
        let name = "wxcoupon_call_duration_seconds";
        text.metric(name, Kind::Histogram, "How long calls took, all attempts included.");
        for (operation, times) in &counts.call_times {
            text.histogram(name, &[("operation", operation)], times);
        }
        let name = "wxcoupon_attempts_total";
        text.metric(name, Kind::Counter, "Exchanges with WeChat Pay by host and status.");
        for ((host, status), count) in &counts.attempts {
            text.sample(name, &[("host", host), ("status", status)], count);
        }
        let name = "wxcoupon_attempt_duration_seconds";
        text.metric(name, Kind::Histogram, "How long one exchange took.");
        for (host, times) in &counts.attempt_times {
            text.histogram(name, &[("host", host)], times);
        }
        let name = "wxcoupon_journal_write_duration_seconds";
        text.metric(name, Kind::Histogram, "How long it took to record a request before it was sent.");
        text.histogram(name, &[], &counts.journal_times);
        let name = "wxcoupon_journal_failures_total";
        text.metric(name, Kind::Counter, "Requests that could not be recorded, so that nothing was sent.");
        text.sample(name, &[], counts.journal_failures);

        let name = "wxcoupon_host_healthy";
        text.metric(name, Kind::Gauge, "1: the host answered last; 0: it failed, and others are preferred.");
        for (host, healthy) in &self.hosts {
            text.sample(name, &[("host", host)], u8::from(*healthy));
        }
        let name = "wxcoupon_clock_offset_seconds";
        text.metric(name, Kind::Gauge, "How far this machine's clock is behind WeChat Pay's.");
        text.sample(name, &[], self.clock_offset_s);
        let name = "wxcoupon_open_requests";
        text.metric(name, Kind::Gauge, "Requests that are not finished, by state and by age up to that.");
        for (state, age, count) in self.open() {
            text.sample(name, &[("state", state), ("age", age)], count);
        }
        let name = "wxcoupon_oldest_pending_age_seconds";
        text.metric(name, Kind::Gauge, "Age of the oldest request in doubt; 0: there is none.");
        text.sample(name, &[], self.oldest_ms() as f64 / 1000.0);
        text.finish()
    }
}

fn with(label: &str, value: &str, times: &Histogram) -> Value {
    let mut members = Map::from_iter([(label.to_owned(), Value::from(value))]);
    if let Value::Object(times) = as_json(times) {
        members.extend(times);
    }
    Value::Object(members)
}
