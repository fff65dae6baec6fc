//! The shared and static library as they ship, and a debug build for the panic test.

use super::{platform, root, run, scratch, target_dir};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A folder with `libwxcoupon.so`, `libwxcoupon.so.1` and `libwxcoupon.a`.
pub struct Library {
    /// Where they are.
    pub folder: PathBuf,
}

impl Library {
    /// The shared library.
    pub fn shared(&self) -> PathBuf {
        self.folder.join("libwxcoupon.so")
    }

    /// The static library.
    pub fn archive(&self) -> PathBuf {
        self.folder.join("libwxcoupon.a")
    }
}

/// What ships.
pub fn release() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let built = platform::library("linux-x86_64");
        stage(&built, "lib-release")
    })
}

/// With the exports that only C tests call.
pub fn with_test_hooks() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        run(&mut build(&["--features", "wxcoupon/test-hooks"])).unwrap();
        stage(&target_dir().join("debug/deps"), "lib-test-hooks")
    })
}

/// Under both names of the library: the linker looks for the one, the loader for the SONAME.
fn stage(built: &Path, name: &str) -> Library {
    let folder = scratch(name);
    for (from, to) in [
        ("libwxcoupon.so", "libwxcoupon.so"),
        ("libwxcoupon.so", "libwxcoupon.so.1"),
        ("libwxcoupon.a", "libwxcoupon.a"),
    ] {
        fs::copy(built.join(from), folder.join(to)).unwrap();
    }
    Library { folder }
}

/// Builds something of the workspace with all its dependencies as they are in a run of the tests. Which features they have
/// depends on what is selected: with other features, dozens of them would be compiled again.
pub fn build(what: &[&str]) -> Command {
    let mut command = cargo("build");
    command.args(["--workspace", "--test", "layers"]).args(what);
    // Those of the run (tools/run/tests.py).
    if let Ok(features) = env::var("WXCOUPON_TEST_FEATURES") {
        command.args(["--features", &features]);
    }
    command
}

/// A cargo command that builds into the same folder as the cargo that runs the tests, and like that one was
/// called: with the variables it sets for tests, build scripts would run again, and again after the tests.
pub fn cargo(what: &str) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).args([what, "--quiet"]).arg("--target-dir").arg(target_dir());
    as_called_by_people(&mut command);
    command
}

/// Without the variables that cargo sets for tests. Build scripts that look at them (ring's does) would run again, and all that
/// depends on them would be compiled again.
pub fn as_called_by_people(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let per_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
        if per_package.iter().any(|prefix| text.starts_with(prefix)) || text == "CARGO" {
            command.env_remove(&name);
        }
    }
    command.env_remove("LD_LIBRARY_PATH");
}
