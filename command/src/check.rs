//! The self-check as a list of ticks.

use crate::answer::{self, data, exit_status};
use crate::failure::{LOCAL, Outcome};
use crate::key_files;
use crate::language::Language;
use crate::progress;
use crate::screen::{Screen, harmless};
use crate::setup::Setup;
use crate::texts::{lists, words as w};
use clap::ArgMatches;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use wxcoupon::net::cancel::Cancel;
use wxcoupon::report::Report;
use wxcoupon::status::Code;

/// Runs the self-check. The exit status is 2 where a line is not in order.
pub fn run(screen: &Screen, config: Option<&Path>, given: &ArgMatches) -> Outcome {
    if let Some(files) = given.get_many::<PathBuf>("keys") {
        let files: Vec<&Path> = files.map(PathBuf::as_path).collect();
        return key_files::explain(screen, config, &files);
    }
    let setup = Setup::read(screen, config)?;
    let client = setup.client()?;
    let is_online = given.get_flag("online");
    let input = json!({ "online": is_online }).to_string();
    let what = || (screen.of(w::CONNECTING).to_owned(), None);
    let report = progress::during(screen, what, || client.check(Some(&input), &Cancel::never()));
    let lines = lines_of(&report);
    if screen.json || report.code != Code::Ok {
        answer::show(screen, &report);
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

fn found(screen: &Screen, found: &str) -> String {
    let took = found.strip_prefix("answered and proven in ").and_then(|rest| rest.strip_suffix(" ms"));
    match (lists::found(found), took) {
        (Some(found), _) => screen.of(found).to_owned(),
        (None, Some(took)) => screen.with(w::ANSWERED_IN, &[("ms", took)]),
        (None, None) => harmless(found),
    }
}

fn tell(screen: &Screen, line: &Line) {
    let known = lists::line(&line.name);
    let title = known.map_or_else(
        || line.name.clone(),
        |(title, host, _)| format!("{} {host}", screen.of(title)).trim_end().to_owned(),
    );
    screen.line(&format!("{} {title}: {}", screen.mark(line.is_fine), found(screen, &line.found)));
    if !line.is_fine {
        // The library knows the case better than the list does, in English.
        let advice = match (screen.language, known) {
            (Language::Chinese, Some((_, _, advice))) => advice.zh,
            (_, Some((_, _, advice))) if line.advice.is_empty() => screen.of(advice),
            _ => &line.advice,
        };
        screen.line(&format!("    {}", screen.warning(&screen.with(w::DO_THIS, &[("what", advice)]))));
    }
}
