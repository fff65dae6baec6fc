//! The C programs of tests/c: compiled, and run with the arguments that check.h describes.

use super::library::Library;
use super::sandbox::sandbox;
use super::toolchain::compile;
use super::{fixtures, root, run};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Those that run against the release build.
pub const PROGRAMS: &[&str] =
    &["misuse", "text", "rules", "quote", "config", "log", "threads", "host", FPU, "redeem", UNLOAD];
/// Turns floating-point traps on, which not everything that runs programs emulates.
pub const FPU: &str = "fpu";
/// Finds the library by itself, to let go of it again.
pub const UNLOAD: &str = "unload";

/// The folder with keys and configurations.
pub fn fixture_folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| fixtures::make(&sandbox().config))
}

/// A file of tests/c.
pub fn source(name: &str) -> PathBuf {
    root().join("tests/c").join(format!("{name}.c"))
}

/// Compiles a program of tests/c.
fn build(name: &str, mut compiler: Command, library: &Library, folder: &Path) -> Result<PathBuf, String> {
    let program = folder.join(name);
    let shared = library.shared().exists();
    let linked = (name != UNLOAD).then(|| if shared { library.folder.clone() } else { library.archive() });
    if linked.is_none() {
        compiler.arg("-DCHECK_WITHOUT_LIBRARY");
    }
    compile(compiler, &[&source(name), &source("check")], linked.as_deref(), &program)?;
    Ok(program)
}

/// The arguments that check.h describes.
fn with_arguments<'a>(command: &'a mut Command, library: &Library) -> &'a mut Command {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let tag = format!("t{}r{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
    command.arg(fixture_folder()).arg(fixture_folder().join("sandbox.json")).arg(tag).arg(library.shared())
}

/// Compiles and runs the programs and answers what failed.
pub fn run_all(
    names: &[&str],
    library: &Library,
    folder: &Path,
    compiler: impl Fn() -> Command,
    runner: impl Fn(&Path) -> Command,
) -> Vec<String> {
    let attempt = |name: &&str| {
        let program = build(name, compiler(), library, folder)?;
        run(with_arguments(&mut runner(&program), library)).map(drop)
    };
    names.iter().filter_map(|name| attempt(name).err()).collect()
}
