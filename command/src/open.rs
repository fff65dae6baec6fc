//! What is open: listed, settled, or given up.

use crate::answer::{self, data, exit_status};
use crate::arguments::text;
use crate::failure::Outcome;
use crate::progress;
use crate::screen::{Screen, harmless};
use crate::setup::Setup;
use crate::texts::words as w;
use clap::ArgMatches;
use serde_json::{Map, Value, json};
use std::path::Path;
use wxcoupon::client::Client;
use wxcoupon::net::cancel::Cancel;
use wxcoupon::report::Report;
use wxcoupon::status::Code;

/// Lists it. Whether something is pending does not change the exit status: listing succeeded.
pub fn pending(screen: &Screen, config: Option<&Path>) -> Outcome {
    let client = Setup::read(screen, config)?.client_with_journal(screen)?;
    let report = client.pending();
    if screen.json || report.code != Code::Ok {
        return Ok(answer::show(screen, &report));
    }
    tell(screen, &data(&report).unwrap_or_default());
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
            let status = answer::show(screen, &report);
            if !screen.json {
                tell(screen, &data(&client.pending()).unwrap_or_default());
            }
            return Ok(status);
        }
        let told = data(&report).unwrap_or_default();
        screen.say(w::SETTLED_COUNT, &[("count", &told.get("settled").unwrap_or(&Value::Null).to_string())]);
        tell(screen, &told);
        return Ok(exit_status(report.code));
    };
    let is_void = given.get_flag("void");
    input.insert("out_request_no".into(), number.into());
    input.insert("aim".into(), if is_void { "void" } else { "complete" }.into());
    let what = || (number.to_owned(), None);
    let report = progress::during(screen, what, || settle_with(&client, input));
    if is_void && !screen.json && report.code == Code::Ok {
        let state = data(&report).and_then(|data| data.get("state")?.as_str().map(str::to_owned));
        screen.say(w::VOID_STATE, &[("state", state.as_deref().unwrap_or_default())]);
    }
    Ok(answer::show(screen, &report))
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
        return Ok(answer::show(screen, &report));
    }
    screen.say(w::ABANDONED_NOW, &[("number", number)]);
    Ok(0)
}

fn count(client: &Client) -> usize {
    let pending = data(&client.pending()).and_then(|data| data.get("pending")?.as_u64());
    pending.and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}

fn tell(screen: &Screen, told: &Value) {
    let rows = |name: &str| told.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (requests, unresolved) = (rows("requests"), rows("unresolved"));
    if requests.is_empty() && unresolved.is_empty() {
        screen.say(w::NOTHING_PENDING, &[]);
        return;
    }
    screen.line(&screen.bold(screen.of(w::PENDING_HEADING)));
    for row in requests.iter().chain(&unresolved) {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        screen.line(&format!(
            "  {}  {}  {}  {}  {} {}",
            text("out_request_no"),
            text("operation"),
            text("state"),
            age(row.get("age_ms").and_then(Value::as_u64).unwrap_or_default()),
            text("name"),
            harmless(text("cause"))
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
