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
use failure::{Failure, MISUSE, Outcome};
use language::{Language, variable};
use screen::Screen;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let given: Vec<OsString> = std::env::args_os().collect();
    let language = Language::choose(given.get(1..).unwrap_or_default(), variable);
    let arguments = match arguments::command(language).try_get_matches_from(&given) {
        Ok(arguments) => arguments,
        Err(error) => {
            let screen = Screen::new(language, false);
            let (text, is_wanted) = complaint::of(&screen, &error);
            if is_wanted {
                screen.line(&text);
                return ExitCode::SUCCESS;
            }
            screen.remark(&text);
            return ExitCode::from(MISUSE);
        }
    };
    let screen = Screen::new(language, arguments.get_flag("json"));
    ExitCode::from(run(&screen, &arguments).unwrap_or_else(|failure| failure.tell(&screen)))
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
