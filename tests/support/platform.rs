//! The release library for other platforms than the one the tests run on.

use super::library::target_dir;
use super::{root, run};
use std::path::PathBuf;
use std::process::Command;

/// The folder with what `tools/build.sh` builds for the platform: built now, unless it is there.
pub fn library(platform: &str) -> PathBuf {
    let mut build = Command::new(root().join("tools/build.sh"));
    let printed = run(build.arg(platform).env("CARGO_TARGET_DIR", target_dir())).unwrap();
    PathBuf::from(printed.lines().last().unwrap())
}
