//! The command line.

use crate::language::{Language, Text};
use crate::texts::help as h;
use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::path::PathBuf;

/// The subcommands that are one call of the till each, with the name of the operation.
pub const CALLS: [(&str, Text); 9] = [
    ("query", h::QUERY),
    ("quote", h::QUOTE),
    ("use", h::USE),
    ("return", h::RETURN),
    ("list", h::LIST),
    ("send", h::SEND),
    ("confirm", h::CONFIRM),
    ("deactivate", h::DEACTIVATE),
    ("scan", h::SCAN),
];

/// Builds the command line in one language.
struct Builder(Language);

/// All of it.
pub fn command(language: Language) -> Command {
    let build = Builder(language);
    let calls = CALLS.map(|(name, about)| build.call(build.subcommand(name, about)));
    let command = Command::new("wxcoupon")
        .version(env!("CARGO_PKG_VERSION"))
        .about(language.of(h::ABOUT))
        .after_help(language.of(h::AFTER))
        .disable_version_flag(true)
        .subcommand_required(true)
        .subcommand_value_name(if language == Language::Chinese { "命令" } else { "COMMAND" })
        .subcommand_help_heading(language.of(h::COMMANDS))
        .arg(build.flag("version", h::SHOW_VERSION).short('V').action(ArgAction::Version))
        .args([
            build.option("config", "FILE", h::CONFIG).short('c').value_parser(path()).global(true),
            build.option("dir", "FOLDER", h::DIR).short('C').value_parser(path()).global(true),
            build
                .option("lang", "zh|en", h::LANG)
                .value_parser(["zh", "en"])
                .hide_possible_values(true)
                .global(true),
            build.flag("json", h::JSON).global(true),
        ])
        .subcommand(build.check())
        .subcommands(calls)
        .subcommand(build.call(
            build.subcommand("call", h::CALL).arg(build.positional("OPERATION", h::OPERATION).required(true)),
        ))
        .subcommand(build.subcommand("pending", h::PENDING))
        .subcommand(build.settle())
        .subcommand(
            build.subcommand("show", h::SHOW).arg(build.positional("NUMBER", h::SHOW_NUMBER).required(true)),
        )
        .subcommand(build.abandon())
        .subcommand(build.sign())
        .subcommand(build.bundle())
        .subcommand(
            build
                .subcommand("generate", h::GENERATE)
                .hide(true)
                .arg(build.positional("FOLDER", h::GENERATE_DIR).value_parser(path()).required(true)),
        );
    build.finish(command)
}

fn path() -> ValueParser {
    clap::value_parser!(PathBuf)
}

impl Builder {
    fn subcommand(&self, name: &'static str, about: Text) -> Command {
        self.finish(Command::new(name).about(self.0.of(about)))
    }

    /// Help in the language, in the place of clap's own.
    fn finish(&self, command: Command) -> Command {
        let template = format!(
            "{{about-with-newline}}\n{}: {{usage}}\n\n{{all-args}}{{after-help}}",
            self.0.of(h::USAGE)
        );
        command
            .disable_help_flag(true)
            .disable_help_subcommand(true)
            .help_template(template)
            .arg(self.flag("help", h::SHOW_HELP).short('h').action(ArgAction::Help))
    }

    fn flag(&self, name: &'static str, help: Text) -> Arg {
        let heading = self.0.of(h::OPTIONS);
        Arg::new(name)
            .long(name)
            .help(self.0.of(help))
            .help_heading(heading)
            .action(ArgAction::SetTrue)
            .overrides_with(name)
    }

    fn option(&self, name: &'static str, value: &'static str, help: Text) -> Arg {
        Arg::new(name).long(name).value_name(value).help(self.0.of(help)).help_heading(self.0.of(h::OPTIONS))
    }

    fn positional(&self, name: &'static str, help: Text) -> Arg {
        Arg::new(name).value_name(name).help(self.0.of(help)).help_heading(self.0.of(h::ARGUMENTS))
    }

    fn call(&self, command: Command) -> Command {
        command.args([
            self.positional("MEMBER", h::MEMBERS)
                .num_args(0..)
                .action(ArgAction::Append)
                .allow_hyphen_values(false),
            self.option("timeout-ms", "N", h::TIMEOUT).value_parser(clap::value_parser!(u64)),
            self.option("trace", "TRACEPARENT", h::TRACE),
        ])
    }

    fn check(&self) -> Command {
        self.subcommand("check", h::CHECK).args([
            self.flag("online", h::CHECK_ONLINE),
            self.option("keys", "FILE", h::CHECK_KEYS)
                .value_parser(path())
                .num_args(1..)
                .action(ArgAction::Append)
                .conflicts_with("online"),
        ])
    }

    fn settle(&self) -> Command {
        self.subcommand("settle", h::SETTLE).args([
            self.positional("NUMBER", h::SETTLE_NUMBER),
            self.flag("void", h::SETTLE_VOID).requires("NUMBER"),
            self.option("timeout-ms", "N", h::TIMEOUT).value_parser(clap::value_parser!(u64)),
        ])
    }

    fn abandon(&self) -> Command {
        self.subcommand("abandon", h::ABANDON).args([
            self.positional("NUMBER", h::SHOW_NUMBER).required(true),
            self.option("note", "TEXT", h::ABANDON_NOTE).required(true),
        ])
    }

    fn sign(&self) -> Command {
        let explain = self.subcommand("explain", h::SIGN_EXPLAIN).args([
            self.positional("METHOD", h::SIGN_METHOD).required(true),
            self.positional("TARGET", h::SIGN_TARGET).required(true),
            self.option("body", "TEXT", h::SIGN_BODY).allow_hyphen_values(true),
            self.option("timestamp", "SECONDS", h::SIGN_TIMESTAMP).value_parser(clap::value_parser!(i64)),
            self.option("nonce", "TEXT", h::SIGN_NONCE),
            self.option("authorization", "HEADER", h::SIGN_HEADER).conflicts_with_all(["timestamp", "nonce"]),
            self.option("rejected", "FILE", h::SIGN_REJECTED).value_parser(path()),
        ]);
        self.subcommand("sign", h::SIGN)
            .subcommand_required(true)
            .subcommand_help_heading(self.0.of(h::COMMANDS))
            .subcommand(explain)
    }

    fn bundle(&self) -> Command {
        self.subcommand("bundle", h::BUNDLE).args([
            self.positional("NUMBER", h::BUNDLE_NUMBERS).num_args(0..).action(ArgAction::Append),
            self.option("out", "FILE", h::BUNDLE_OUT).value_parser(path()),
            self.flag("yes", h::BUNDLE_YES).short('y'),
            self.flag("online", h::BUNDLE_ONLINE),
            self.option("qr", "NUMBER", h::BUNDLE_QR).conflicts_with_all(["NUMBER", "out", "yes", "online"]),
        ])
    }
}

/// A text that was given.
pub fn text<'a>(arguments: &'a ArgMatches, name: &str) -> Option<&'a str> {
    arguments.get_one::<String>(name).map(String::as_str)
}

/// All texts that were given.
pub fn texts<'a>(arguments: &'a ArgMatches, name: &str) -> impl Iterator<Item = &'a String> + use<'a> {
    arguments.get_many::<String>(name).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent_in_both_languages() {
        for language in [Language::English, Language::Chinese] {
            command(language).debug_assert();
        }
    }

    #[test]
    fn each_help_is_in_the_chosen_language_alone() {
        fn check(command: &mut Command, language: Language) {
            let help = command.render_long_help().to_string();
            let is_chinese = help.chars().any(|letter| ('\u{4E00}'..='\u{9FFF}').contains(&letter));
            assert_eq!(is_chinese, language == Language::Chinese, "{help}");
            for word in
                ["Usage:", "Commands:", "Options:", "Arguments:", "Print help", "possible values", "default:"]
            {
                let is_ours = language == Language::English
                    && !matches!(word, "Print help" | "possible values" | "default:");
                assert!(is_ours || !help.contains(word), "{word}: {help}");
            }
            for inner in command.get_subcommands_mut() {
                check(inner, language);
            }
        }
        for language in [Language::English, Language::Chinese] {
            check(&mut command(language), language);
        }
    }
}
