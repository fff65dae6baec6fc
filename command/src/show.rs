//! The course of one request in words.

use crate::answer::{self, data};
use crate::failure::Outcome;
use crate::screen::{Screen, harmless, row};
use crate::setup::Setup;
use crate::texts::{lists, words as w};
use serde_json::Value;
use std::path::Path;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wxcoupon::status::Code;

/// Tells it. The exit status is that of looking, and not of the request.
pub fn run(screen: &Screen, config: Option<&Path>, number: &str) -> Outcome {
    let client = Setup::read(screen, config)?.client_with_journal(screen)?;
    let report = client.course(number);
    if screen.json || report.code != Code::Ok {
        return Ok(answer::show_as(screen, "show", &report));
    }
    let told = data(&report).unwrap_or_default();
    // The return is a request of its own, with attempts of its own.
    let back = text(&told, "return_request_no").and_then(|back| data(&client.course(back)));
    for line in lines(screen, number, &told, back.as_ref()) {
        screen.line(&line);
    }
    Ok(0)
}

/// Whether the process that worked on it has ended before it recorded anything.
pub fn was_killed(told: &Value) -> bool {
    let is_empty = told.get("course").and_then(Value::as_array).is_none_or(Vec::is_empty);
    is_empty && text(told, "state") == Some("pending") && told.get("running") == Some(&Value::Bool(false))
}

fn text<'a>(told: &'a Value, name: &str) -> Option<&'a str> {
    told.get(name).and_then(Value::as_str)
}

fn lines(screen: &Screen, number: &str, told: &Value, back: Option<&Value>) -> Vec<String> {
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
    lines.extend(other_answer(screen, told));
    if let Some(back) = back {
        let state = text(back, "state").unwrap_or_default();
        let state = lists::state_name(state).map_or(state, |name| screen.of(name));
        let number = text(told, "return_request_no").unwrap_or_default();
        lines.push(row("", &screen.with(w::SHOW_RETURN, &[("number", number), ("state", state)])));
        lines.extend(attempts(screen, back));
    }
    let state = text(told, "state").unwrap_or_default();
    let meaning = lists::state(state).map(|meaning| screen.of(meaning)).unwrap_or_default();
    let name = lists::state_name(state).map_or(state, |name| screen.of(name));
    lines.push(row(
        screen.of(w::SHOW_KNOWN),
        &screen.with(w::SHOW_STATE, &[("state", name), ("meaning", meaning)]),
    ));
    // A row that is open, or was called off, may have the status of the question that was asked last.
    let name = text(told, "name").filter(|name| *name != Code::Ok.name() || state == "done");
    let why = [name.filter(|_| !was_killed(told)), text(told, "cause")];
    let why = why.into_iter().flatten().collect::<Vec<_>>().join(", ");
    if !why.is_empty() {
        lines.push(row(screen.of(w::SHOW_WHY), &harmless(&why)));
    }
    if let Some(note) = text(told, "note") {
        lines.push(row(screen.of(w::SHOW_NOTE), &harmless(note)));
    }
    let is = |name: &str| told.get(name) == Some(&Value::Bool(true));
    let is_in_doubt = matches!(state, "pending" | "voiding" | "unresolved" | "damaged");
    let since = [
        ("proven_at", w::SHOW_PROVEN),
        ("in_doubt_since", w::SHOW_SINCE),
        ("settling_tried_at", w::SHOW_TRIED),
        ("may_arrive_until", w::SHOW_UNTIL),
    ];
    let since = since.iter().filter(|(name, _)| *name != "in_doubt_since" || is_in_doubt);
    let since = since.filter_map(|(name, meaning)| Some(screen.with(*meaning, &[("at", text(told, name)?)])));
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
        let why = if was_killed(told) { w::SHOW_KILLED } else { w::SHOW_NO_ATTEMPTS };
        return vec![row("", screen.of(why))];
    }
    let mut lines: Vec<String> = gap(screen, told, course.first()).into_iter().collect();
    for (at, attempt) in course.iter().enumerate() {
        if at == FIRST && has_gap {
            lines.push(row("", &screen.with(w::SHOW_LEFT_OUT, &[("count", &left_out.to_string())])));
        }
        let place = if at < FIRST || !has_gap { at + 1 } else { at + 1 + left_out };
        lines.push(row(&format!("{place}."), &harmless(&in_words(screen, attempt))));
    }
    lines
}

/// A call makes its first attempt at once. Where it comes much later, another process may have made one that is not recorded.
fn gap(screen: &Screen, told: &Value, first: Option<&Value>) -> Option<String> {
    const AT_ONCE_S: i64 = 30;
    let at = |value: &Value, name: &str| OffsetDateTime::parse(text(value, name)?, &Rfc3339).ok();
    let seconds = (at(first?, "at")? - at(told, "recorded_at")?).whole_seconds();
    (seconds > AT_ONCE_S).then(|| row("", &screen.with(w::SHOW_GAP, &[("seconds", &seconds.to_string())])))
}

/// The answer that the row has and no attempt of it: that of a question about the coupon.
fn other_answer(screen: &Screen, told: &Value) -> Option<String> {
    let id = text(told, "request_id")?;
    let course = told.get("course").and_then(Value::as_array).into_iter().flatten();
    let is_known = course.into_iter().any(|attempt| text(attempt, "request_id") == Some(id));
    let status = told.get("http_status").and_then(Value::as_u64).map(|status| status.to_string());
    let host = text(told, "host").unwrap_or("-");
    let values = [("host", host), ("status", status.as_deref().unwrap_or("-")), ("id", id)];
    (!is_known).then(|| row("", &harmless(&screen.with(w::SHOW_ANSWER, &values))))
}

fn in_words(screen: &Screen, attempt: &Value) -> String {
    let name = text(attempt, "name").unwrap_or("-");
    let what = match attempt.get("http_status").and_then(Value::as_u64) {
        Some(status) => {
            let id = text(attempt, "request_id").unwrap_or("-");
            screen.with(w::SHOW_ANSWERED, &[("status", &status.to_string()), ("id", id), ("name", name)])
        }
        None if attempt.get("status").and_then(Value::as_i64).is_some_and(|status| status / 1000 == 3) => {
            screen.with(w::SHOW_UNSENT_ATTEMPT, &[("name", name)])
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
    fn what_was_asked_much_later_or_elsewhere_is_told() {
        let screen = Screen::new(Language::English, false);
        let attempt = json!({ "at": "2026-12-02T10:05:00+08:00", "request_id": "one", "status": 3001 });
        let told = json!({ "recorded_at": "2026-12-02T10:00:00+08:00", "course": [attempt], "request_id": "two",
                           "http_status": 200, "host": "h" });
        let told_attempts = attempts(&screen, &told);
        assert!(told_attempts[0].contains("300 s lie between"), "{told_attempts:?}");
        assert!(told_attempts[1].contains("nothing was sent"), "{told_attempts:?}");
        assert!(other_answer(&screen, &told).unwrap().contains("h, HTTP 200, Request-ID two"));
        let killed = json!({ "state": "pending", "running": false, "course": [], "name": "WXCOUPON_OK" });
        let lines = lines(&screen, "N", &killed, None).join("\n");
        assert!(lines.contains("not known whether it was sent") && !lines.contains("WXCOUPON_OK"), "{lines}");
    }

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
