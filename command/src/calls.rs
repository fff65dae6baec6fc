//! One call of the library by its name.

use crate::answer;
use crate::arguments::{text, texts};
use crate::failure::Outcome;
use crate::members;
use crate::progress;
use crate::screen::Screen;
use crate::setup::Setup;
use crate::texts::words as w;
use clap::ArgMatches;
use serde_json::{Map, Value};
use std::path::Path;
use wxcoupon::client::Named;
use wxcoupon::net::cancel::Cancel;

/// Runs it. `quote` is the one that is no request and has no entry in the table.
pub fn run(screen: &Screen, config: Option<&Path>, operation: &str, given: &ArgMatches) -> Outcome {
    let is_quote = operation == "quote";
    let named = if is_quote { None } else { Some(Named::find(operation)?) };
    let mut members = members::read(screen, operation, texts(given, "MEMBER"))?;
    with_options(&mut members, given);
    let setup = Setup::read(screen, config)?;
    if let Some(Named::Operation(operation)) = named
        && operation.writes()
        && setup.config.journal.place.is_none()
    {
        screen.remark(screen.of(w::IN_MEMORY));
    }
    let client = setup.client()?;
    let input = Value::Object(members).to_string();
    let report = match named {
        None => client.quote(&input),
        Some(named) => {
            let what = || (operation.to_owned(), None);
            progress::during(screen, what, || client.call_named(named, &input, &Cancel::never()))
        }
    };
    Ok(match named {
        None => answer::show_as(screen, "quote", &report),
        Some(_) => answer::show(screen, &report),
    })
}

fn with_options(members: &mut Map<String, Value>, given: &ArgMatches) {
    let timeout = given.get_one::<u64>("timeout-ms").map(|limit| ("timeout_ms", Value::from(*limit)));
    let trace = text(given, "trace").map(|trace| ("trace", Value::from(trace)));
    let options: Vec<(&str, Value)> = [timeout, trace].into_iter().flatten().collect();
    if options.is_empty() {
        return;
    }
    let inner = members.entry("_options").or_insert_with(|| Value::Object(Map::new()));
    if let Some(inner) = inner.as_object_mut() {
        inner.extend(options.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
}
