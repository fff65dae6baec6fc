//! Compilers and tools that may be there or not.

use super::{root, run};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// A compiler and the standards it is asked to keep.
pub struct Compiler {
    /// The command.
    pub command: &'static str,
    /// Values of `-std`.
    pub standards: &'static [&'static str],
}

const C: &[&str] = &["c89", "c99", "c11", "c17"];
const CPP: &[&str] = &["c++98", "c++11", "c++14", "c++17", "c++20"];

/// Every compiler that is tried, installed or not.
pub const COMPILERS: &[Compiler] = &[
    Compiler { command: "gcc", standards: C },
    Compiler { command: "clang", standards: C },
    Compiler { command: "g++", standards: CPP },
    Compiler { command: "clang++", standards: CPP },
];

/// Nothing a careful compiler could say about our C is let pass.
pub const STRICT: &[&str] = &["-Wall", "-Wextra", "-pedantic", "-Werror"];

/// Whether the tool is there. One that is not is named in the output, and fails the test where `CI` is true:
/// there, everything is to be tested.
pub fn have(tool: &str) -> bool {
    have_with(tool, "--version")
}

/// The same for a tool that is asked for its version otherwise.
pub fn have_with(tool: &str, version: &str) -> bool {
    let found = Command::new(tool).arg(version).output().is_ok_and(|output| output.status.success());
    if !found {
        skip_or_fail(&format!("{tool} is not installed; tools/fetch/setup.sh installs it"));
    }
    found
}

/// Says why something is not tested, and fails where `CI` is true.
pub fn skip_or_fail(why: &str) {
    skipped(why);
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
}

/// The same for a tool that nobody has to have.
pub fn have_optional(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        skipped(&format!("{tool} is not installed"));
    }
    found
}

/// Says so past the capture of the test runner, which shows nothing of tests that pass.
pub fn skipped(why: &str) {
    // Without standard error there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// A call of a compiler in that standard that takes C files for what the standard is of.
pub fn compiler(command: &str, standard: &str) -> Command {
    let mut compiler = Command::new(command);
    compiler.arg(format!("-std={standard}")).args(STRICT).arg("-I").arg(root().join("include"));
    compiler.args(["-x", if standard.starts_with("c++") { "c++" } else { "c" }]);
    compiler
}

/// Makes a program of C files and our library: of a folder the shared one, which it finds again when it runs.
pub fn compile(
    mut compiler: Command,
    sources: &[&Path],
    library: Option<&Path>,
    program: &Path,
) -> Result<(), String> {
    compiler.args(sources).args(["-x", "none", "-o"]).arg(program);
    match library {
        Some(folder) if folder.is_dir() => {
            compiler.arg("-L").arg(folder).arg("-lwxcoupon");
            compiler.arg(format!("-Wl,-rpath,{}", folder.display()));
        }
        Some(archive) => {
            compiler.arg(archive);
        }
        None => {}
    }
    compiler.args(["-pthread", "-lm", "-ldl"]);
    run(&mut compiler).map(drop)
}
