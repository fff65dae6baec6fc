//! The release library for other platforms than the one the tests run on.

use super::library::as_called_by_people;
use super::toolchain::{have, skip_or_fail};
use super::{limited, root, run, target_dir};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whether this machine has what builds the platform's library; for all but its own a Rust with the source of the
/// standard library.
pub fn can_be_built(platform: &str) -> bool {
    let found = platform == "linux-x86_64" || Path::new("/usr/lib/rustlib/src/rust/library/std").exists();
    if !found {
        skip_or_fail("Debian's rust-web-src is not installed; tools/fetch/setup.sh installs it");
    }
    found && (platform.starts_with("windows") || have("python3"))
}

/// The folder with what `tools/build/library.sh` builds for the platform: built now, unless it is there.
pub fn library(platform: &str) -> PathBuf {
    let mut build = Command::new(root().join("tools/build/library.sh"));
    folder_of(build.arg(platform).env("CARGO_TARGET_DIR", target_dir()))
}

/// The same for the command `wxcoupon`.
pub fn command(platform: &str) -> PathBuf {
    library(&format!("{platform}-command"))
}

/// The folder that a script makes, unless it is there, and says.
fn folder_of(script: &mut Command) -> PathBuf {
    as_called_by_people(script);
    // What making it had to say stands behind it.
    PathBuf::from(run(script).unwrap().lines().next().unwrap())
}

/// The C compiler that knows every C library, for a target by zig's name.
pub fn zig(target: &str) -> Command {
    let folder = folder_of(&mut Command::new(root().join("tools/fetch/zig.sh")));
    let mut zig = Command::new(folder.join("ziglang/zig"));
    zig.env("ZIG_GLOBAL_CACHE_DIR", folder.join("cache")).env("ZIG_LOCAL_CACHE_DIR", folder.join("cache"));
    zig.args(["cc", "-target", target]);
    zig
}

/// A program for 64-bit ARM in qemu, with Debian's C library for it.
pub fn on_arm(program: &Path) -> Command {
    let mut qemu = limited(240, "qemu-aarch64-static");
    qemu.args(["-L", "/usr/aarch64-linux-gnu"]).arg(program);
    qemu
}
