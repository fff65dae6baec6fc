//! Lines of the log: one JSON object each, on standard error, where journald and containers read them.

use serde_json::{Map, Value, json};
use std::io::Write as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wxcoupon::log as library;
use wxcoupon::system::wall_date;

/// A line. `facts` is an object.
pub fn line(level: i32, event: &str, facts: Value) {
    let time = OffsetDateTime::format(wall_date(), &Rfc3339).unwrap_or_default();
    let mut line = Map::new();
    line.insert("time".into(), time.into());
    line.insert("level".into(), library::level_name(level).into());
    line.insert("event".into(), event.into());
    if let Value::Object(facts) = facts {
        line.extend(facts.into_iter().filter(|(_, value)| !value.is_null()));
    }
    let text = Value::Object(line).to_string() + "\n";
    // Nobody can be told that nobody can be told.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// A warning.
pub fn warn(event: &str, message: &str) {
    line(library::WARN, event, json!({ "message": message }));
}

/// An error.
pub fn error(event: &str, message: &str) {
    line(library::ERROR, event, json!({ "message": message }));
}

/// What the library says becomes lines, too.
pub fn take_library(level: i32) {
    let sink = |level: i32, message: &str| line(level, "library", json!({ "message": message }));
    library::set_sink(Some(Box::new(sink)), level);
}

/// The trace id of a `traceparent`, if it has the form of one.
pub fn trace_id(traceparent: &str) -> Option<&str> {
    let mut parts = traceparent.split('-');
    let (_, id) = (parts.next()?, parts.next()?);
    let is_hex = id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (traceparent.len() <= 128 && id.len() == 32 && is_hex).then_some(id)
}
