//! What is open: listed, settled, or given up.

use crate::answer::{self, data, exit_status};
use crate::arguments::text;
use crate::failure::Outcome;
use crate::progress;
use crate::screen::{Screen, harmless, row};
use crate::setup::Setup;
use crate::show::was_killed;
use crate::texts::{lists, words as w};
use clap::ArgMatches;
use serde_json::{Map, Value, json};
use std::path::Path;
use time::OffsetDateTime;
use wxcoupon::api;
use wxcoupon::client::Client;
use wxcoupon::net::cancel::Cancel;
use wxcoupon::report::Report;
use wxcoupon::status::Code;

/// Lists it. Whether something is pending does not change the exit status: listing succeeded.
pub fn pending(screen: &Screen, config: Option<&Path>) -> Outcome {
    let client = Setup::read(screen, config)?.client_with_journal(screen)?;
    let report = client.pending();
    if screen.json || report.code != Code::Ok {
        return Ok(answer::show_as(screen, "pending", &report));
    }
    tell(screen, &client, &data(&report).unwrap_or_default());
    Ok(0)
}

/// Settles one number or everything. Rows that a living till works on are left to it.
pub fn settle(screen: &Screen, config: Option<&Path>, given: &ArgMatches) -> Outcome {
    let client = Setup::read(screen, config)?.client_with_journal(screen)?;
    let mut input = Map::new();
    if let Some(limit) = given.get_one::<u64>("timeout-ms") {
        input.insert("_options".into(), json!({ "timeout_ms": limit }));
    }
    let Some(number) = text(given, "NUMBER") else {
        let before = count(&client);
        let left = || {
            let left = count(&client);
            (
                screen.with(w::SETTLING, &[("left", &left.to_string())]),
                Some((before.saturating_sub(left), before)),
            )
        };
        let report = progress::during(screen, left, || settle_with(&client, input));
        if screen.json || report.code != Code::Ok {
            let status = answer::show_as(screen, "settle", &report);
            if !screen.json {
                tell(screen, &client, &data(&client.pending()).unwrap_or_default());
            }
            return Ok(status);
        }
        let told = data(&report).unwrap_or_default();
        screen.say(w::SETTLED_COUNT, &[("count", &told.get("settled").unwrap_or(&Value::Null).to_string())]);
        tell(screen, &client, &told);
        return Ok(exit_status(report.code));
    };
    // What was called off before is settled by calling it off once more.
    let is_void = given.get_flag("void") || was_called_off(&client, number);
    input.insert("out_request_no".into(), number.into());
    input.insert("aim".into(), if is_void { "void" } else { "complete" }.into());
    let what = || (number.to_owned(), None);
    let report = progress::during(screen, what, || settle_with(&client, input));
    if !is_void || screen.json || report.code != Code::Ok {
        return Ok(answer::show_as(screen, "settle", &report));
    }
    for line in called_off(screen, &data(&report).unwrap_or_default()) {
        screen.line(&line);
    }
    Ok(0)
}

fn was_called_off(client: &Client, number: &str) -> bool {
    let told = data(&client.course(number)).unwrap_or_default();
    let is_abandoned = told.get("state") == Some(&json!("abandoned"));
    told.get("called_off") == Some(&Value::Bool(true)) && !is_abandoned
}

/// What became of a sale that was called off. WeChat Pay's answer is about its coupon, or about its return.
fn called_off(screen: &Screen, told: &Value) -> Vec<String> {
    let text = |name: &str| told.get(name).and_then(Value::as_str);
    let state = text("state").unwrap_or_default();
    let name = lists::state_name(state).map_or(state, |name| screen.of(name));
    let mut lines = vec![format!("{} {}", screen.mark(true), screen.with(w::VOID_STATE, &[("state", name)]))];
    lines.extend(lists::state(state).map(|meaning| row("", screen.of(meaning))));
    if let Some(back) = text("return_request_no") {
        lines.push(row(screen.of(w::NUMBER), &screen.with(w::VOID_RETURN, &[("number", back)])));
    }
    let until = told.get("watch_until_ms").and_then(Value::as_i64);
    let until = until.and_then(|ms| OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)).ok());
    if let Some(until) = until {
        lines.push(row("", &screen.with(w::SHOW_UNTIL, &[("at", &api::use_time(until))])));
    }
    lines
}

fn settle_with(client: &Client, input: Map<String, Value>) -> Report {
    client.settle(Some(&Value::Object(input).to_string()), &Cancel::never())
}

/// Records that a person gave a request up.
pub fn abandon(screen: &Screen, config: Option<&Path>, given: &ArgMatches) -> Outcome {
    let client = Setup::read(screen, config)?.client_with_journal(screen)?;
    let [number, note] = ["NUMBER", "note"].map(|name| text(given, name).unwrap_or_default());
    let input = json!({ "out_request_no": number, "aim": "abandon", "note": note });
    let report = client.settle(Some(&input.to_string()), &Cancel::never());
    if screen.json || report.code != Code::Ok {
        return Ok(answer::show_as(screen, "abandon", &report));
    }
    screen.say(w::ABANDONED_NOW, &[("number", number)]);
    Ok(0)
}

fn count(client: &Client) -> usize {
    let pending = data(&client.pending()).and_then(|data| data.get("pending")?.as_u64());
    pending.and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}

fn tell(screen: &Screen, client: &Client, told: &Value) {
    let rows = |name: &str| told.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (requests, unresolved) = (rows("requests"), rows("unresolved"));
    if requests.is_empty() && unresolved.is_empty() {
        screen.say(w::NOTHING_PENDING, &[]);
        return;
    }
    screen.line(&screen.bold(screen.of(w::PENDING_HEADING)));
    for row in requests.iter().chain(&unresolved) {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        // Nothing is recorded of it yet: a call that runs, or a process that was killed.
        let is_blank = row.get("attempts") == Some(&json!(0)) && text("cause").is_empty();
        let course = is_blank.then(|| data(&client.course(text("out_request_no")))).flatten();
        let why = match course {
            Some(course) if was_killed(&course) => screen.of(w::SHOW_KILLED).to_owned(),
            Some(course) if course.get("running") == Some(&Value::Bool(true)) => {
                screen.of(w::SHOW_RUNNING).to_owned()
            }
            _ => format!("{} {}", text("name"), harmless(text("cause"))),
        };
        screen.line(&format!(
            "  {}  {}  {}  {}  {why}",
            text("out_request_no"),
            text("operation"),
            lists::state_name(text("state")).map_or(text("state"), |name| screen.of(name)),
            age(row.get("age_ms").and_then(Value::as_u64).unwrap_or_default()),
        ));
    }
    let number = |name: &str| told.get(name).and_then(Value::as_u64).unwrap_or_default().to_string();
    let values = [
        ("pending", &*number("pending")),
        ("watching", &number("watching")),
        ("unresolved", &unresolved.len().to_string()),
    ];
    screen.say(w::PENDING_COUNT, &values);
}

/// An age in the largest unit that it has two of.
fn age(ms: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")];
    let unit = units.iter().find(|(unit, _)| ms >= 2 * unit);
    unit.map_or_else(|| format!("{ms} ms"), |(unit, name)| format!("{} {name}", ms / unit))
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn ages_have_the_largest_fitting_unit() {
        for (ms, told) in
            [(0, "0 ms"), (1999, "1999 ms"), (2000, "2 s"), (119_999, "119 s"), (7_200_000, "2 h")]
        {
            assert_eq!(age(ms), told);
        }
        assert_eq!(age(200_000_000), "2 d");
    }
}
