//! The tills on Linux, each against a sandbox of its own and the library as it ships.

use super::run::runs;
use super::{dotnet, pascal};
use std::ffi::OsStr;
use std::process::Command;
use testkit::library::release;
use testkit::limited;
use testkit::toolchain::{have, have_with};

/// A program that finds the library.
fn till(program: impl AsRef<OsStr>) -> Command {
    let mut till = limited(100, program);
    till.env("LD_LIBRARY_PATH", &release().folder);
    till
}

#[test]
fn a_till_on_mono() {
    if !have("mono") {
        return;
    }
    let Some(folder) = dotnet::compile("till-mono") else { return };
    let mut till = till("mono");
    till.arg(folder.join("till.exe"));
    runs(till, "MONO", &folder);
}

#[test]
fn a_till_on_core_clr() {
    let Some(dotnet) = dotnet::core_clr("linux-x86_64") else { return };
    let Some(folder) = dotnet::compile("till-core-clr") else { return };
    let mut till = till(dotnet);
    till.arg(folder.join("till.dll"));
    runs(till, "CORE", &folder);
}

#[test]
fn a_till_in_object_pascal_with_floating_point_exceptions_unmasked() {
    if !have_with("fpc", "-iV") {
        return;
    }
    let folder = pascal::compile("fpc", "till-pascal");
    runs(till(folder.join("till")), "PASCAL", &folder);
}
