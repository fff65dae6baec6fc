//! The self-check as a list of ticks.

use crate::answer::{self, data, exit_status};
use crate::failure::{LOCAL, Outcome};
use crate::key_files;
use crate::language::Language;
use crate::progress;
use crate::screen::{Screen, harmless};
use crate::setup::Setup;
use crate::texts::{hints, lists, words as w};
use clap::ArgMatches;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use wxcoupon::net::cancel::Cancel;
use wxcoupon::report::{JsonText, Report};
use wxcoupon::status::Code;

/// Runs the self-check. The exit status is 2 where a line is not in order.
pub fn run(screen: &Screen, config: Option<&Path>, given: &ArgMatches) -> Outcome {
    if let Some(files) = given.get_many::<PathBuf>("keys") {
        let files: Vec<&Path> = files.map(PathBuf::as_path).collect();
        return Ok(key_files::explain(screen, config, &files));
    }
    let setup = Setup::read(screen, config)?;
    // Looking makes no journal: an empty one would say that nothing is open.
    let missing = setup.missing_journal().map(Path::to_owned);
    let client = if missing.is_some() { setup.client_without_journal()? } else { setup.client()? };
    let is_online = given.get_flag("online");
    let input = json!({ "online": is_online }).to_string();
    let what = || (screen.of(w::CONNECTING).to_owned(), None);
    let report = progress::during(screen, what, || client.check(Some(&input), &Cancel::never()));
    let report = match missing {
        Some(path) => with_journal(report, &format!("there is no file {}", path.display())),
        None => report,
    };
    let lines = lines_of(&report);
    if screen.json || report.code != Code::Ok {
        answer::show_as(screen, "check", &report);
    } else {
        for line in &lines {
            tell(screen, line);
        }
        let wrong = lines.iter().filter(|line| !line.is_fine).count();
        if wrong == 0 {
            screen.say(w::ALL_FINE, &[]);
        } else {
            screen.say(w::SOME_WRONG, &[("count", &wrong.to_string()), ("all", &lines.len().to_string())]);
        }
    }
    let is_fine = lines.iter().all(|line| line.is_fine);
    Ok(if report.code == Code::Ok && !is_fine { LOCAL } else { exit_status(report.code) })
}

/// The answer with a journal that could not be opened, in place of the one in memory.
pub fn with_journal(report: Report, found: &str) -> Report {
    let mut told = data(&report).unwrap_or_default();
    let lines = told.get_mut("lines").and_then(Value::as_array_mut);
    let Some(line) = lines.into_iter().flatten().find(|line| line.get("name") == Some(&json!("journal")))
    else {
        return report;
    };
    // For programs too, in English like the library's own.
    let advice = w::JOURNAL_ADVICE.en;
    *line = json!({ "name": "journal", "ok": false, "found": found, "advice": advice });
    if let Some(told) = told.as_object_mut() {
        told.insert("all_ok".into(), false.into());
    }
    Report { data: JsonText::of(&told), ..report }
}

struct Line {
    name: String,
    is_fine: bool,
    found: String,
    advice: String,
}

fn lines_of(report: &Report) -> Vec<Line> {
    let data = data(report).unwrap_or_default();
    let text =
        |line: &Value, name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let lines = data.get("lines").and_then(Value::as_array).into_iter().flatten();
    lines
        .map(|line| Line {
            name: text(line, "name"),
            is_fine: line.get("ok") == Some(&Value::Bool(true)),
            found: text(line, "found"),
            advice: text(line, "advice"),
        })
        .collect()
}

/// What the library found, in the chosen language. What has no known form is told as it came.
fn found(screen: &Screen, found: &str) -> String {
    if let Some(known) = lists::found(found) {
        return screen.of(known).to_owned();
    }
    if let Some((what, took)) = found.strip_suffix(" ms").and_then(|found| found.rsplit_once(" in ")) {
        return match what {
            "answered and proven" => screen.with(w::ANSWERED_IN, &[("ms", took)]),
            what => screen.with(w::FOUND_IN, &[("what", &harmless(what)), ("ms", took)]),
        };
    }
    if let Some(file) = found.strip_prefix("there is no file ") {
        return screen.with(w::FOUND_NO_FILE, &[("file", &harmless(file))]);
    }
    if let Some(store) = found.strip_suffix(" is OPEN") {
        return screen.with(w::FOUND_OPEN, &[("what", &harmless(store))]);
    }
    let coupons = found.strip_suffix(" bytes").and_then(|found| {
        let (what, bytes) = found.rsplit_once(" coupons, ")?;
        let (what, count) = what.rsplit_once(": ")?;
        Some([("what", what), ("count", count), ("bytes", bytes)])
    });
    coupons.map_or_else(|| harmless(found), |values| harmless(&screen.with(w::FOUND_COUPONS, &values)))
}

fn tell(screen: &Screen, line: &Line) {
    let known = lists::line(&line.name);
    let title = known.map_or_else(
        || line.name.clone(),
        |(title, host, _)| format!("{} {host}", screen.of(title)).trim_end().to_owned(),
    );
    screen.line(&format!("{} {title}: {}", screen.mark(line.is_fine), found(screen, &line.found)));
    if !line.is_fine {
        // The library knows the case better than the list does; what is no status' own advice it says in English.
        let listed = known.map(|(_, _, advice)| screen.of(advice));
        let advice = match screen.language {
            Language::Chinese => hints::known(&line.advice).map(|advice| screen.of(advice)).or(listed),
            Language::English => listed.filter(|_| line.advice.is_empty()),
        };
        let advice = advice.unwrap_or(&line.advice);
        screen.line(&format!("    {}", screen.warning(&screen.with(w::DO_THIS, &[("what", advice)]))));
    }
}
