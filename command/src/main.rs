//! The program `wxcoupon`: what the library does, for people at a prompt and for scripts.
//!
//! The library's answers decide: they are printed, and their class is the exit status. The command has no rules of its own
//! about coupons.

mod answer;
mod arguments;
mod bundle;
mod calls;
mod check;
mod complaint;
mod digest;
mod failure;
mod generate;
mod key_files;
mod language;
mod members;
mod open;
mod progress;
mod screen;
mod setup;
mod show;
mod sign;
mod texts;

use clap::ArgMatches;
use failure::{Failure, LOCAL, MISUSE, Outcome};
use language::{Language, variable};
use screen::Screen;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let given = with_help(std::env::args_os().collect());
    let words = given.get(1..).unwrap_or_default();
    let language = Language::choose(words, variable);
    let screen = Screen::new(language, asks_for_json(words));
    let status = match arguments::command(language).try_get_matches_from(&given) {
        Ok(arguments) => run(&screen, &arguments).unwrap_or_else(|failure| failure.tell(&screen)),
        Err(error) => {
            let (text, is_wanted) = complaint::of(&screen, &error);
            if is_wanted {
                screen.line(&text);
                0
            } else if screen.json {
                Failure::Own(MISUSE, text).tell(&screen)
            } else {
                screen.remark(&format!("wxcoupon: {text}"));
                MISUSE
            }
        }
    };
    // An answer that nobody can read is no success.
    ExitCode::from(if status == 0 && screen.has_lost_something() { LOCAL } else { status })
}

/// Looked for before the arguments are understood: complaints about them are JSON, too.
fn asks_for_json(words: &[OsString]) -> bool {
    words.iter().take_while(|word| *word != "--").any(|word| word == "--json")
}

/// `help` and `help COMMAND` are what other programs have.
fn with_help(mut given: Vec<OsString>) -> Vec<OsString> {
    if given.get(1).is_some_and(|word| word == "help") {
        given.remove(1);
        given.push("--help".into());
    }
    given
}

fn run(screen: &Screen, arguments: &ArgMatches) -> Outcome {
    let Some((name, given)) = arguments.subcommand() else { return Ok(MISUSE) };
    if let Some(folder) = given.get_one::<PathBuf>("dir") {
        enter(screen, folder)?;
    }
    let config = given.get_one::<PathBuf>("config").map(PathBuf::as_path);
    match name {
        "check" => check::run(screen, config, given),
        "call" => {
            let operation = arguments::text(given, "OPERATION").unwrap_or_default();
            calls::run(screen, config, operation, given)
        }
        "pending" => open::pending(screen, config),
        "settle" => open::settle(screen, config, given),
        "abandon" => open::abandon(screen, config, given),
        "show" => show::run(screen, config, arguments::text(given, "NUMBER").unwrap_or_default()),
        "sign" => match given.subcommand() {
            Some(("explain", given)) => sign::explain(screen, config, given),
            _ => Ok(MISUSE),
        },
        "bundle" => bundle::run(screen, config, given),
        "generate" => generate::run(screen, given),
        call => calls::run(screen, config, call, given),
    }
}

fn enter(screen: &Screen, folder: &Path) -> Result<(), Failure> {
    std::env::set_current_dir(folder).map_err(|error| {
        let values = [("file", &*folder.to_string_lossy()), ("why", &error.to_string())];
        Failure::local(screen, texts::words::CANNOT_ENTER, &values)
    })
}
