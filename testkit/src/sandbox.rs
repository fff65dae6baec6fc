//! WeChat Pay on this machine, as a process of its own.

use super::library::build;
use super::{run, scratch, target_dir};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// A running sandbox. It ends when this process does: its standard input ends then.
pub struct Sandbox {
    /// Configuration for contexts.
    pub config: PathBuf,
    _process: Child,
}

/// Queries of coupons with this prefix take [`SLOW_MS`]; tests/c/threads.c relies on it.
const SLOW_CODES: &str = "AUTO_SLOW";
const SLOW_MS: u32 = 800;

/// The one sandbox of this test run.
pub fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| start(program()))
}

fn program() -> PathBuf {
    run(&mut build(&["--bin", "wxcoupon-sandbox"])).unwrap();
    target_dir().join("debug/wxcoupon-sandbox")
}

fn start(program: PathBuf) -> Sandbox {
    let mut process = Command::new(program)
        .arg("--dir")
        .arg(scratch("sandbox"))
        .args(["--rate", "0", "--quiet", "--exit-with-stdin", "--fault"])
        .arg(format!("delay,ms={SLOW_MS},on=query,coupon={SLOW_CODES}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let config = ready.trim_end().rsplit_once(" config=").map(|(_, path)| PathBuf::from(path));
    assert!(ready.starts_with("READY "), "the sandbox said: {ready}");
    let config = config.unwrap();
    forget_journal(&config);
    Sandbox { config, _process: process }
}

/// The tests' programs share the configuration, and no journal; who wants one names it.
fn forget_journal(path: &Path) {
    let mut config: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    config.as_object_mut().unwrap().remove("journal_path").unwrap();
    std::fs::write(path, config.to_string()).unwrap();
}
