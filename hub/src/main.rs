//! The program `wxcoupon-hub`: between the tills of a chain and WeChat Pay.
//!
//! A till has a key of its own and says what it wants; the hub holds the merchant's key, and lets the library do it. The hub has
//! no rules of its own about coupons: it decides who may ask for what, and whose number is whose.
//!
//! - [`serve`] has listeners and connections, [`http`] requests and answers, [`door`] lets tills in, [`mac`] is what they prove.
//! - [`calls`] runs a call, [`policy`] and [`rules`] say what a till may do.
//! - [`store`] keeps tills, numbers and events; requests are in the library's journal beside it.
//! - [`merchant_rate`] and [`portions`] keep all hubs of a store at one pace.
//! - [`orphans`] looks after requests whose till has not come back, [`notify`] takes what WeChat Pay sends.
//! - [`admin`], [`page`], [`metrics`], [`log`] and [`openapi`] are for people; [`command`] is the prompt.

#![allow(
    clippy::result_large_err,
    reason = "a refusal is an answer like any other; moving it is nothing beside a call"
)]

mod admin;
mod answer;
mod calls;
mod command;
mod config;
mod door;
mod enroll;
mod http;
mod hub;
mod language;
mod log;
mod mac;
mod master;
mod merchant_rate;
mod metrics;
mod mistake;
mod notify;
mod openapi;
mod orphans;
mod page;
mod place;
mod policy;
mod portions;
mod rules;
mod secret;
mod serve;
mod settle;
mod store;
mod texts;
mod tls;

use clap::{Arg, ArgAction, ArgMatches, Command};
use command::Screen;
use config::Config;
use language::Language;
use mistake::Mistake;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use texts as t;

/// A mistake at the prompt, in a file, or of the configuration.
const MISTAKE: u8 = 2;

fn arguments(language: Language) -> Command {
    let of = |text| language.of(text);
    let help =
        || Arg::new("help").long("help").short('h').help(of(t::HELP)).action(ArgAction::Help).global(true);
    let named = |name: &'static str, about| Command::new(name).about(of(about)).disable_help_flag(true);
    let file = |value: &'static str, about| {
        Arg::new(value).value_name("FILE").help(of(about)).value_parser(clap::value_parser!(PathBuf))
    };
    let till = || Arg::new("TILL").value_name("TILL").help(of(t::NAME)).required(true);
    Command::new("wxcoupon-hub")
        .version(env!("CARGO_PKG_VERSION"))
        .about(of(t::ABOUT))
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .arg(help())
        .arg(Arg::new("version").long("version").short('V').help(of(t::VERSION)).action(ArgAction::Version))
        .arg(file("config", t::CONFIG).long("config").short('c').global(true))
        .arg(Arg::new("lang").long("lang").value_name("zh|en").help(of(t::LANG)).global(true))
        .subcommand(named("check", t::CHECK))
        .subcommand(
            named("till", t::TILL)
                .subcommand_required(true)
                .subcommand(named("add", t::ADD).arg(till()))
                .subcommand(named("list", t::LIST))
                .subcommand(named("rotate", t::ROTATE).arg(till()))
                .subcommand(named("revoke", t::REVOKE).arg(till())),
        )
        .subcommand(named("rekey", t::REKEY).arg(file("new", t::REKEY_NEW).long("new")))
        .subcommand(named("new-master-key", t::NEW_MASTER_KEY).arg(file("path", t::FILE).required(true)))
        .subcommand(named("openapi", t::OPENAPI))
}

fn main() -> ExitCode {
    let given: Vec<OsString> = std::env::args_os().collect();
    let language = Language::choose(&given, |name| std::env::var(name).ok());
    let arguments = match arguments(language).try_get_matches_from(&given) {
        Ok(arguments) => arguments,
        Err(error) => {
            let is_mistake = error.use_stderr();
            let _ = error.print();
            return if is_mistake { ExitCode::from(MISTAKE) } else { ExitCode::SUCCESS };
        }
    };
    match run(Screen(language), &arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(mistake) => {
            let _ = writeln!(std::io::stderr().lock(), "wxcoupon-hub: {}", mistake.of(language));
            ExitCode::from(MISTAKE)
        }
    }
}

fn run(screen: Screen, arguments: &ArgMatches) -> Result<(), Mistake> {
    let path = |given: &ArgMatches, name: &str| given.get_one::<PathBuf>(name).cloned();
    let config = path(arguments, "config").unwrap_or_else(|| PathBuf::from("hub.toml"));
    let config = || Config::read(&config);
    match arguments.subcommand() {
        None => serve(config()?),
        Some(("check", _)) => {
            let config = config()?;
            wxcoupon::config::Config::from_json(&config.wechatpay.to_string())
                .map_err(|error| config.mistake_of_library(&error))?;
            config.master_key.read()?;
            tls::Tls::open(&config)?;
            Screen::line(screen.0.of(t::FINE));
            Ok(())
        }
        Some(("till", given)) => {
            let config = config()?;
            let named = |given: &ArgMatches| given.get_one::<String>("TILL").cloned().unwrap_or_default();
            match given.subcommand() {
                Some(("add", given)) => command::add(screen, &config, &named(given)),
                Some(("rotate", given)) => command::rotate(screen, &config, &named(given)),
                Some(("revoke", given)) => command::revoke(screen, &config, &named(given)),
                _ => command::list(screen, &config),
            }
        }
        Some(("rekey", given)) => command::rekey(screen, &config()?, path(given, "new").as_deref()),
        Some(("new-master-key", given)) => {
            command::new_master_key(screen, path(given, "path").as_deref().unwrap_or(Path::new("")))
        }
        Some(_) => {
            Screen::line(&openapi::document().to_string());
            Ok(())
        }
    }
}

fn serve(config: Config) -> Result<(), Mistake> {
    log::take_library(wxcoupon::log::WARN);
    let tls = tls::Tls::open(&config)?;
    serve::run(hub::Hub::open(config)?, tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent_in_both_languages() {
        for language in [Language::English, Language::Chinese] {
            arguments(language).debug_assert();
        }
    }
}
