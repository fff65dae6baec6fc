//! What the journal and the directory cost, in numbers. Run it in a release build, on the disk in question:
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

use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::counter::Counter;
use testkit::till::{self, use_request};
use wxcoupon::directory::{self, Entry, Family};
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox};

const CALLS: u64 = 2500;
const FLUSHES: usize = 1000;
const ROWS: u64 = 2000;
/// Coupons that a directory has been told of.
const COUPONS: usize = 1_000_000;
/// Rows of files that are opened.
const FILES: [u64; 3] = [10, 200_000, 600_000];

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
    let mut work = [Duration::ZERO; 2];
    for index in 0..CALLS + 50 {
        for (which, counter) in [&memory, &file].into_iter().enumerate() {
            let name = format!("COST-{which}-{index:05}");
            let request = use_request(&format!("AUTO_{name}"), &name);
            let (start, before) = (Instant::now(), worked());
            let told = counter.redeem(&request);
            let took = start.elapsed();
            work[which] += worked().saturating_sub(before);
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
    let [in_memory, in_file] = work.map(|work| work.as_secs_f64() * 1000.0 / (CALLS + 50) as f64);
    println!("processor time of the caller's thread: {in_memory:.3} ms in memory, {in_file:.3} ms in a file");
    flushes(folder.path());
}

/// Processor time of this thread.
#[cfg(target_os = "linux")]
fn worked() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a structure of this thread, written by the system.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

#[cfg(not(target_os = "linux"))]
fn worked() -> Duration {
    Duration::ZERO
}

/// So many finished rows like the one that is there.
fn fill(path: &Path, rows: u64) {
    let db = rusqlite::Connection::open(path).unwrap();
    let table: String = db
        .query_row(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'request%'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let columns: Vec<String> = db
        .prepare(&format!("SELECT name FROM pragma_table_info('{table}') WHERE name <> 'id'"))
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    let values: Vec<String> = columns
        .iter()
        .map(|name| if name == "number" { "'FULL-' || i".into() } else { name.clone() })
        .collect();
    let (columns, values) = (columns.join(", "), values.join(", "));
    db.execute_batch(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
         INSERT INTO {table} ({columns}) SELECT {values} FROM {table}, n WHERE number = 'FULL-1'; \
         PRAGMA wal_checkpoint(TRUNCATE)"
    ))
    .unwrap();
}

#[test]
#[ignore = "a measurement"]
fn what_opening_costs() {
    for rows in FILES {
        let sandbox = sandbox();
        let folder = TempDir::new().unwrap();
        let config = with_journal(&sandbox, &folder, json!({}));
        let till = Counter::open(&config).unwrap();
        assert_eq!(till.redeem(&use_request(&format!("AUTO_FULL_{rows}"), "FULL-1")).status, 0);
        drop(till);
        let path = folder.path().join("till.journal");
        fill(&path, rows);
        File::open(&path).unwrap().sync_all().unwrap();
        // Only for who may: pages of the file are read from the disk again.
        let is_cold = std::fs::write("/proc/sys/vm/drop_caches", "1").is_ok();
        let megabytes = std::fs::metadata(&path).unwrap().len() / 1_000_000;
        let times = [(); 5].map(|()| {
            let start = Instant::now();
            drop(Counter::open(&config).unwrap());
            start.elapsed().as_secs_f64() * 1000.0
        });
        let cold = if is_cold { "cold" } else { "warm too" };
        println!(
            "opening {rows} rows ({megabytes} MB): first {:.1} ms ({cold}), then {:.1} ms",
            times[0], times[3]
        );
    }
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

fn entry(index: usize) -> Entry {
    // Codes come in no order.
    let code = u128::try_from(index).unwrap() * 0x9E37_79B9_7F4A_7C15 % 10_000_000_000_000_000_000_000;
    Entry {
        family: Family::Product,
        brand_id: Some("120344".into()),
        stock_id: format!("{}", 1_000_000_013_001 + index % 40),
        coupon_code: format!("{code:022}"),
        product_coupon_id: Some("1000000013".into()),
        openid: Some(format!("oh-394z{:021}", index / 3)),
        appid: Some("wx233544546545989".into()),
        valid_from_s: Some(1_800_000_000),
        valid_until_s: Some(1_810_000_000 + i64::try_from(index).unwrap()),
    }
}

#[test]
#[ignore = "a measurement"]
fn what_a_million_coupons_cost() {
    let folder = TempDir::new().unwrap();
    let journal = folder.path().join("till.journal");
    let directory = directory::open(Some(&journal), "1900000001").unwrap();
    println!("directory on {}", disk(folder.path()));
    // Beside the time that passes, that of this thread's processor: others may keep the machine busy.
    let rate = |what: &str, count: usize, work: &dyn Fn()| {
        let (start, before) = (Instant::now(), worked());
        work();
        let [passed, worked] = [start.elapsed(), worked().saturating_sub(before)];
        let [passed, worked] = [passed, worked].map(|time| count as f64 / time.as_secs_f64());
        println!("{what}: {passed:.0} a second, {worked:.0} a second of the processor's time");
    };
    rate("imported in batches of 500", COUPONS, &|| {
        for batch in 0..COUPONS / 500 {
            directory.remember((0..500).map(|index| entry(batch * 500 + index)).collect()).unwrap();
        }
    });
    let timed = |count: usize, work: &dyn Fn(usize)| -> Vec<Duration> {
        let each = |index: usize| {
            let start = Instant::now();
            work(index);
            start.elapsed()
        };
        (0..count).map(each).collect()
    };
    let somewhere = |index: usize| index * 7919 % COUPONS;
    let found = |index: usize| {
        assert_eq!(directory.find(&entry(somewhere(index)).coupon_code).unwrap().len(), 1);
    };
    print("look-up of a code", timed(20_000, &found));
    print(
        "look-up of a code that is not there",
        timed(20_000, &|index| {
            assert!(directory.find(&format!("none-{index}")).unwrap().is_empty());
        }),
    );
    rate("fed one by one, new", 20_000, &|| {
        let fed = timed(20_000, &|index| directory.remember(vec![entry(COUPONS + index)]).unwrap());
        print("feeding a new coupon", fed);
    });
    rate("fed one by one, known", 20_000, &|| {
        timed(20_000, &|index| directory.remember(vec![entry(somewhere(index))]).unwrap());
    });
    let forgotten = timed(200, &|index| {
        assert_eq!(directory.forget_user(&format!("oh-394z{:021}", somewhere(index) / 3)).unwrap() % 3, 0);
    });
    print("forgetting a user of three coupons", forgotten);
    print(
        "one turn of removing what is over",
        timed(20, &|_| {
            directory.forget_expired(1_900_000_000).unwrap();
        }),
    );
    let start = Instant::now();
    let overview = directory.look_over().unwrap();
    println!(
        "self-check: {} entries, {:.1} MB, {:.1} s",
        overview.entries,
        overview.bytes as f64 / 1e6,
        start.elapsed().as_secs_f64()
    );
}
