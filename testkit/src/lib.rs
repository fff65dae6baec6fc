//! What several test crates of wxcoupon share.
//!
//! Calling the library from Rust: [`till`], [`counter`], [`post`]. Calling it from C: [`library`], [`toolchain`],
//! [`programs`], [`fixtures`], [`foreign`], [`platform`]. WeChat Pay on this machine: [`sandbox`] as a program,
//! [`notified`] and [`audit`] for one in the test's own process. What the library exports: [`contract`]. What the pages
//! say: [`pages`].

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test stops at the first surprise"
)]

pub mod audit;
pub mod contract;
pub mod counter;
pub mod fixtures;
pub mod foreign;
pub mod library;
pub mod menu;
pub mod notified;
pub mod pages;
pub mod platform;
pub mod post;
pub mod programs;
pub mod sandbox;
pub mod till;
pub mod toolchain;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Cargo's target folder of this very run: above `debug/deps` or `release/deps`, where the test program is.
pub fn target_dir() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let program = std::env::current_exe().unwrap();
        program.ancestors().nth(3).unwrap().to_owned()
    })
}

/// An empty folder below Cargo's target folder. Each purpose has a name of its own: tests run beside each other. So do programs of
/// tests: each has a folder of its own around these.
pub fn scratch(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let program = program.file_stem().and_then(std::ffi::OsStr::to_str).unwrap();
    // Behind the name stands what Cargo tells builds apart by.
    let program = program.rsplit_once('-').map_or(program, |(name, _)| name);
    let folder = target_dir().join("tmp").join(program).join(name);
    // It may be the first run.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a command to its end; on failure says what was run and what it printed.
pub fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let printed =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        Ok(printed)
    } else {
        Err(format!("{command:?}: {}\n{printed}", output.status))
    }
}

/// A program under a time limit: a test that hangs is ended and fails.
pub fn limited(seconds: u32, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", &seconds.to_string()]).arg(program);
    command
}

/// Fails with all failures at once.
pub fn assert_none(failures: &[String]) {
    assert!(failures.is_empty(), "{} failed:\n\n{}", failures.len(), failures.join("\n\n"));
}
