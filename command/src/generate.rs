//! Completions for shells, and the man page in both languages, from the arguments.

use crate::arguments;
use crate::failure::{Failure, Outcome};
use crate::language::Language;
use crate::screen::Screen;
use crate::texts::words as w;
use clap::{Arg, ArgMatches, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use std::path::{Path, PathBuf};

/// Writes all of them. What is in `command/share` comes from here.
pub fn run(screen: &Screen, given: &ArgMatches) -> Outcome {
    let folder = given.get_one::<PathBuf>("FOLDER").map_or(Path::new("."), PathBuf::as_path);
    for (name, content) in files() {
        let path = folder.join(&name);
        std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, content)).map_err(|error| {
            let values = [("file", &*path.to_string_lossy()), ("why", &error.to_string())];
            Failure::local(screen, w::CANNOT_WRITE, &values)
        })?;
        screen.say(w::GENERATED, &[("file", &path.to_string_lossy())]);
    }
    Ok(0)
}

fn files() -> Vec<(String, Vec<u8>)> {
    let shells = [
        (Shell::Bash, "wxcoupon.bash"),
        (Shell::Zsh, "_wxcoupon"),
        (Shell::Fish, "wxcoupon.fish"),
        (Shell::PowerShell, "wxcoupon.ps1"),
    ];
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (shell, name) in shells {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut arguments::command(Language::English), "wxcoupon", &mut text);
        files.push((name.to_owned(), text));
    }
    for (language, name) in [(Language::English, "wxcoupon.1"), (Language::Chinese, "wxcoupon.zh_CN.1")] {
        files.push((name.to_owned(), manual(arguments::command(language))));
    }
    files
}

/// One page: the command, and each subcommand as a section of its own.
fn manual(mut command: Command) -> Vec<u8> {
    command.build();
    let mut text = Vec::new();
    let man = Man::new(command.clone()).date("").manual("wxcoupon").source(env!("CARGO_PKG_VERSION"));
    // Writing to memory cannot fail.
    let _ = man.render_title(&mut text);
    let _ = man.render_name_section(&mut text);
    let _ = man.render_synopsis_section(&mut text);
    let _ = man.render_description_section(&mut text);
    let _ = man.render_options_section(&mut text);
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        section(inner, inner.get_name(), &mut text);
    }
    let _ = man.render_extra_section(&mut text);
    text
}

/// The options of every subcommand stand once, above.
fn section(command: &Command, name: &str, text: &mut Vec<u8>) {
    let inner: Vec<&Command> = command.get_subcommands().collect();
    for command in &inner {
        section(command, &format!("{name} {}", command.get_name()), text);
    }
    if !inner.is_empty() {
        return;
    }
    let is_general = |arg: &Arg| arg.is_global_set() || arg.get_id() == "help";
    let own = command.clone().mut_args(|arg| if is_general(&arg) { arg.hide(true) } else { arg });
    let man = Man::new(own);
    text.extend(format!(".SH \"WXCOUPON {}\"\n", name.to_uppercase()).into_bytes());
    let mut part = Vec::new();
    let _ = man.render_synopsis_section(&mut part);
    let _ = man.render_description_section(&mut part);
    let _ = man.render_options_section(&mut part);
    let part = String::from_utf8_lossy(&part).replace("\n.SH ", "\n.SS ");
    text.extend(part.strip_prefix(".SH ").map_or(part.clone(), |rest| format!(".SS {rest}")).into_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Completions and man pages ship as files, so that packing runs no program.
    #[test]
    fn what_ships_is_what_the_arguments_say() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("share");
        for (name, content) in files() {
            let path = folder.join(name);
            if std::env::var_os("BLESS").is_some() {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, content).unwrap();
            } else {
                let found = std::fs::read(&path).unwrap_or_default();
                assert!(found == content, "{} is out of date: make header", path.display());
            }
        }
    }
}
