//! The till process of the load test.

use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use testkit::counter::Counter;
use testkit::till::{Till, use_request};
use wxcoupon::ffi::wxcoupon_handles_live;

const THREADS: u64 = 64;
/// Attempts to settle one number.
const SETTLINGS: u32 = 20;

/// Redeems, settles what is in doubt, and writes the book; does nothing when it is started by itself.
#[test]
#[ignore = "a process that the other tests start"]
fn till_process() {
    let Ok(config) = std::env::var("WXCOUPON_TEST_CONFIG") else { return };
    let config: Value = serde_json::from_str(&config).unwrap();
    let redemptions: u64 = std::env::var("WXCOUPON_LOAD").unwrap().parse().unwrap();
    let counter = Counter::open(&config).unwrap();
    let book = Mutex::new(Vec::with_capacity(usize::try_from(redemptions).unwrap()));
    let (next, start) = (AtomicU64::new(0), Instant::now());
    // The connections, the caches and the journal's remembered rows are there after a part of the way.
    hammer(&counter, &next, redemptions / 2, &book);
    let warm = rss_kib();
    hammer(&counter, &next, redemptions, &book);
    let (end, took) = (rss_kib(), start.elapsed());
    let mut book = book.into_inner().unwrap();
    let own = size_of::<(u64, i32, i32)>() as u64 * redemptions / 1024;
    settle(&counter, &mut book);
    assert_eq!(counter.settle(None).status, 0);
    assert_eq!(counter.pending(), 0);
    let (settled, settled_in) = (rss_kib(), start.elapsed().saturating_sub(took));
    drop(counter);
    jobs(&config);

    let mut text = String::new();
    for (index, told, finally) in book {
        writeln!(text, "{} {told} {finally}", number(index)).unwrap();
    }
    let found = json!({
        "rss_warm_kib": warm, "rss_end_kib": end, "rss_settled_kib": settled, "own_kib": own,
        "seconds": took.as_secs_f64(), "per_second": redemptions as f64 / took.as_secs_f64(),
        "settling_s": settled_in.as_secs_f64(),
        "handles_left": wxcoupon_handles_live(), "threads_left": threads_that_stay(),
    });
    writeln!(text, "{}", found.to_string().replace(' ', "")).unwrap();
    std::fs::write(std::env::var("WXCOUPON_TEST_BOOK").unwrap(), text).unwrap();
}

fn number(index: u64) -> String {
    format!("LOAD-{index:07}")
}

fn coupon(index: u64) -> String {
    format!("AUTO_{}{index}", if index.is_multiple_of(2) { 'A' } else { 'B' })
}

fn hammer(counter: &Counter, next: &AtomicU64, end: u64, book: &Mutex<Vec<(u64, i32, i32)>>) {
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= end {
                        // Given back, for the next stretch.
                        next.fetch_sub(1, Ordering::Relaxed);
                        return;
                    }
                    let told = counter.redeem(&use_request(&coupon(index), &number(index)));
                    assert!(matches!(told.status / 1000, 0 | 3..=6), "{}", told.json);
                    book.lock().unwrap().push((index, told.status, told.status));
                }
            });
        }
    });
}

/// Number by number, for a journal in memory forgets what is finished after a while.
fn settle(counter: &Counter, book: &mut [(u64, i32, i32)]) {
    for (index, _, finally) in book.iter_mut().filter(|line| line.1 / 1000 == 4) {
        for _ in 0..SETTLINGS {
            let told = counter.settle(Some(&number(*index)));
            *finally = told.status;
            if told.status / 1000 != 4 {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Threads of the library's own come into being with jobs, and must end with the context.
fn jobs(config: &Value) {
    let mut config = config.clone();
    config.as_object_mut().unwrap().remove("journal_path");
    let till = Till::new(&config);
    let jobs: Vec<_> = (0..8)
        .map(|index| till.start("use", &use_request("SBX_EXPIRED", &format!("JOB-{index:04}"))).unwrap())
        .collect();
    // A thread takes its name when it first runs, and stays as long as the context.
    let begun = Instant::now();
    while threads_of_the_library() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "jobs have no thread");
        std::thread::sleep(Duration::from_millis(1));
    }
    for job in &jobs {
        assert!(job.wait(60_000).status != 0);
    }
}

/// Threads whose name starts like this library's.
fn threads_of_the_library() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.starts_with("wxcoupon-")).count()
}

/// The system takes a moment to forget a thread that has ended.
fn threads_that_stay() -> usize {
    for _ in 0..10_000 {
        if threads_of_the_library() == 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    threads_of_the_library()
}

fn rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}
