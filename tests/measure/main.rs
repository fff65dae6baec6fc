//! What the journal costs, in numbers. Run it in a release build, on the disk in question:
//!
//! ```text
//! TMPDIR=/that/disk cargo test --release --test measure -- --ignored --nocapture
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement stops at the first surprise, and prints what it measured"
)]

#[allow(dead_code, reason = "shared with the crash test, which uses all of it")]
#[path = "../crash/counter.rs"]
mod counter;
#[allow(dead_code, reason = "shared with the scenarios, which use all of it")]
#[path = "../scenarios/till.rs"]
mod till;

use counter::Counter;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use till::use_request;
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox};

const CALLS: u64 = 2500;
const FLUSHES: usize = 1000;
const ROWS: u64 = 1000;

fn sandbox() -> Sandbox {
    Sandbox::start(Options { log_capacity: 0, ..Options::default() }).unwrap()
}

fn with_journal(sandbox: &Sandbox, folder: &TempDir, mut changes: Value) -> Value {
    changes["journal_path"] = json!(folder.path().join("till.journal"));
    till::config_with(sandbox, &changes)
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 1000].as_secs_f64() * 1000.0;
    println!(
        "{what}: median {:.3} ms, 90 % {:.3} ms, 99 % {:.3} ms, worst {:.3} ms ({} times)",
        at(500),
        at(900),
        at(990),
        at(1000),
        times.len()
    );
}

/// File system and device of a folder: the longest mount point above it.
fn disk(folder: &Path) -> String {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mut found = ("", "unknown".to_owned());
    for line in mounts.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        if words.len() > 3 && folder.starts_with(words[1]) && words[1].len() >= found.0.len() {
            found = (words[1], format!("{} on {} ({})", words[2], words[0], words[3]));
        }
    }
    found.1
}

#[test]
#[ignore = "a measurement"]
fn what_the_journal_costs_a_call() {
    let (sandbox, folder) = (sandbox(), TempDir::new().unwrap());
    let fast = json!({ "max_rate_per_s": 100_000 });
    let memory = Counter::open(&till::config_with(&sandbox, &fast)).unwrap();
    let file = Counter::open(&with_journal(&sandbox, &folder, fast)).unwrap();
    let mut times = [Vec::new(), Vec::new()];
    for index in 0..CALLS + 50 {
        for (which, counter) in [&memory, &file].into_iter().enumerate() {
            let name = format!("COST-{which}-{index:05}");
            let request = use_request(&format!("AUTO_{name}"), &name);
            let start = Instant::now();
            let told = counter.redeem(&request);
            let took = start.elapsed();
            assert_eq!(told.status, 0, "{}", told.json);
            // The first calls connect and warm up.
            if index >= 50 {
                times[which].push(took);
            }
        }
    }
    println!("journal on {}", disk(folder.path()));
    let [in_memory, in_file] = times;
    print("a redemption, journal in memory", in_memory);
    print("a redemption, journal in a file", in_file);
    flushes(folder.path());
}

/// What the disk itself needs for one page made durable.
fn flushes(folder: &Path) {
    let mut log = File::create(folder.join("flushes")).unwrap();
    let mut times = Vec::new();
    for _ in 0..FLUSHES {
        log.write_all(&[7; 4120]).unwrap();
        let start = Instant::now();
        log.sync_data().unwrap();
        times.push(start.elapsed());
    }
    print("fdatasync after 4120 bytes appended", times);
}

#[test]
#[ignore = "a measurement"]
fn from_restart_to_settled() {
    let (sandbox, folder) = (sandbox(), TempDir::new().unwrap());
    let fault = sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("use"));
    let hurried = json!({ "timeout_ms": 90, "max_rate_per_s": 100_000 });
    let till = Counter::open(&with_journal(&sandbox, &folder, hurried)).unwrap();
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                // Calls that the deadline ends before anything is sent leave no pending row.
                while till.pending() < ROWS {
                    let name = format!("LEFT-{:05}", next.fetch_add(1, Ordering::Relaxed));
                    till.redeem(&use_request(&format!("AUTO_{name}"), &name));
                }
            });
        }
    });
    drop(till);
    sandbox.clear_fault(fault);

    let before = sandbox.ledger().len();
    let start = Instant::now();
    let till = Counter::open(&with_journal(&sandbox, &folder, json!({}))).unwrap();
    let (opened, rows) = (start.elapsed(), till.pending());
    let told = till.settle(None);
    let settled = start.elapsed();
    assert_eq!((told.status, till.pending()), (0, 0), "{}", told.json);
    println!(
        "restart with {rows} pending rows, default settings: open after {:.1} ms, settled after {:.3} s",
        opened.as_secs_f64() * 1000.0,
        settled.as_secs_f64()
    );
    println!("redeemed before settling: {before}, after: {}", sandbox.ledger().len());
}
