//! The tills as Windows programs, under Wine: each against a sandbox of its own and the DLL as it ships.

use super::run::runs;
use super::{dotnet, pascal};
use crate::platform::{Platform, X86, X86_64};
use std::fs;
use std::path::Path;
use std::process::Command;
use testkit::toolchain::{have_with, skip_or_fail};
use testkit::{limited, root, run};

/// A program with the library beside it.
fn till(platform: &Platform, folder: &Path, program: &Path) -> Command {
    fs::copy(platform.library().join("wxcoupon.dll"), folder.join("wxcoupon.dll")).unwrap();
    platform.wine(program)
}

fn pascal_till(platform: &Platform, tag: &str) {
    if !platform.is_there() || !have_with("fpc", "-iV") {
        return;
    }
    match run(limited(300, root().join("tools/fetch/fpc-windows.sh")).arg(platform.name)) {
        Ok(printed) => {
            // What it says while it builds comes behind its answer.
            let compiler = printed.lines().next().unwrap();
            let folder = pascal::compile(compiler, &format!("till-pascal-{}", platform.name));
            runs(till(platform, &folder, &folder.join("till.exe")), tag, &folder);
        }
        Err(why) => skip_or_fail(&format!("no Free Pascal for {}: {why}", platform.name)),
    }
}

#[test]
fn a_till_in_object_pascal_for_64_bits() {
    pascal_till(&X86_64, "PAS64");
}

#[test]
fn a_till_in_object_pascal_for_32_bits() {
    pascal_till(&X86, "PAS32");
}

fn core_clr_till(platform: &Platform, tag: &str) {
    if !platform.is_there() {
        return;
    }
    let Some(dotnet) = dotnet::core_clr(platform.name) else { return };
    let Some(folder) = dotnet::compile(&format!("till-core-clr-{}", platform.name)) else { return };
    let mut till = till(platform, &folder, &dotnet);
    till.arg(folder.join("till.dll"));
    runs(till, tag, &folder);
}

#[test]
fn a_till_on_core_clr_for_64_bits() {
    core_clr_till(&X86_64, "CORE64");
}

#[test]
fn a_till_on_core_clr_for_32_bits() {
    core_clr_till(&X86, "CORE32");
}
