//! The course of one request in words.

use crate::answer::{self, data};
use crate::failure::Outcome;
use crate::screen::{Screen, harmless, row};
use crate::setup::Setup;
use crate::texts::{lists, words as w};
use serde_json::Value;
use std::path::Path;
use wxcoupon::status::Code;

/// Tells it. The exit status is that of looking, and not of the request.
pub fn run(screen: &Screen, config: Option<&Path>, number: &str) -> Outcome {
    let client = Setup::read(screen, config)?.client_with_journal(screen)?;
    let report = client.course(number);
    if screen.json || report.code != Code::Ok {
        return Ok(answer::show(screen, &report));
    }
    for line in lines(screen, number, &data(&report).unwrap_or_default()) {
        screen.line(&line);
    }
    Ok(0)
}

fn text<'a>(told: &'a Value, name: &str) -> Option<&'a str> {
    told.get(name).and_then(Value::as_str)
}

fn lines(screen: &Screen, number: &str, told: &Value) -> Vec<String> {
    let operation = text(told, "operation").unwrap_or_default();
    let recorded = text(told, "recorded_at").unwrap_or_default();
    let heading = [("number", number), ("operation", operation), ("at", recorded)];
    let mut lines = vec![screen.bold(&screen.with(w::SHOW_HEADING, &heading))];
    let asked =
        format!("{} {}", text(told, "method").unwrap_or_default(), text(told, "target").unwrap_or_default());
    lines.push(row(screen.of(w::SHOW_TARGET), &harmless(&asked)));
    if let Some(trace) = text(told, "trace") {
        lines.push(row(screen.of(w::SHOW_TRACE), trace));
    }
    lines.extend(attempts(screen, told));
    let state = text(told, "state").unwrap_or_default();
    let meaning = lists::state(state).map(|meaning| screen.of(meaning)).unwrap_or_default();
    lines.push(row(screen.of(w::SHOW_KNOWN), &format!("{state}: {meaning}")));
    let why = [text(told, "name"), text(told, "cause")];
    let why = why.into_iter().flatten().collect::<Vec<_>>().join(", ");
    if !why.is_empty() {
        lines.push(row(screen.of(w::SHOW_WHY), &harmless(&why)));
    }
    if let Some(note) = text(told, "note") {
        lines.push(row(screen.of(w::SHOW_NOTE), &harmless(note)));
    }
    let is = |name: &str| told.get(name) == Some(&Value::Bool(true));
    let since = [
        ("proven_at", w::SHOW_PROVEN),
        ("in_doubt_since", w::SHOW_SINCE),
        ("settling_tried_at", w::SHOW_TRIED),
        ("may_arrive_until", w::SHOW_UNTIL),
    ];
    let since =
        since.iter().filter_map(|(name, meaning)| Some(screen.with(*meaning, &[("at", text(told, name)?)])));
    let running = is("running").then(|| screen.of(w::SHOW_RUNNING).to_owned());
    let unsent =
        (told.get("sent") == Some(&Value::Bool(false))).then(|| screen.of(w::SHOW_UNSENT).to_owned());
    lines.extend(since.chain(running).chain(unsent).map(|line| row("", &line)));
    lines
}

/// The journal keeps the first and the last attempts.
fn attempts(screen: &Screen, told: &Value) -> Vec<String> {
    const FIRST: usize = 4;
    const KEPT: usize = 16;
    let course = told.get("course").and_then(Value::as_array).cloned().unwrap_or_default();
    let all = told.get("attempts").and_then(Value::as_u64).and_then(|all| usize::try_from(all).ok());
    let left_out = all.unwrap_or_default().saturating_sub(course.len());
    let has_gap = course.len() == KEPT && left_out > 0;
    if course.is_empty() {
        return vec![row("", screen.of(w::SHOW_NO_ATTEMPTS))];
    }
    let mut lines = Vec::new();
    for (at, attempt) in course.iter().enumerate() {
        if at == FIRST && has_gap {
            lines.push(row("", &screen.with(w::SHOW_LEFT_OUT, &[("count", &left_out.to_string())])));
        }
        let place = if at < FIRST || !has_gap { at + 1 } else { at + 1 + left_out };
        lines.push(row(&format!("{place}."), &harmless(&in_words(screen, attempt))));
    }
    lines
}

fn in_words(screen: &Screen, attempt: &Value) -> String {
    let name = text(attempt, "name").unwrap_or("-");
    let what = match attempt.get("http_status").and_then(Value::as_u64) {
        Some(status) => {
            let id = text(attempt, "request_id").unwrap_or("-");
            screen.with(w::SHOW_ANSWERED, &[("status", &status.to_string()), ("id", id), ("name", name)])
        }
        None => screen.with(w::SHOW_UNANSWERED, &[("name", name)]),
    };
    let host = text(attempt, "host").unwrap_or_else(|| screen.of(w::SHOW_NOBODY));
    format!("{}  {host}: {what}", text(attempt, "at").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use serde_json::json;

    #[test]
    fn attempts_keep_their_places_when_some_are_left_out() {
        let screen = Screen::new(Language::English, false);
        let course: Vec<Value> =
            (0..16).map(|at| json!({ "at": format!("t{at}"), "status": 0, "name": "N" })).collect();
        let told = attempts(&screen, &json!({ "attempts": 100, "course": course }));
        assert_eq!(told.len(), 17);
        assert!(
            told[3].contains("4.")
                && told[4].contains("84 attempts in the middle")
                && told[5].contains("89.")
        );
        assert!(told[16].contains("100."));
    }
}
