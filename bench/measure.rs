//! Measures calls in the way of all contestants (README.md), for those in Rust.

use serde_json::json;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The arguments after the configuration.
pub struct Numbers {
    threads: u64,
    warmup: u64,
    calls: u64,
    first: u64,
    count: u64,
}

impl Numbers {
    pub fn parse(words: &[String]) -> Option<Self> {
        let numbers: Vec<u64> = words.iter().map(|word| word.parse().ok()).collect::<Option<_>>()?;
        let [threads, warmup, calls, first, count] = numbers[..] else { return None };
        Some(Self { threads, warmup, calls, first, count })
    }
}

/// Redeems as often as the numbers say, each thread with a state of its own, and prints what it took.
pub fn measure<S>(numbers: &Numbers, state: impl Fn() -> S + Sync, redeem: impl Fn(&mut S, &str) + Sync) {
    let Numbers { threads, warmup, calls, first, count } = *numbers;
    let (next, everybody) = (AtomicU64::new(0), threads as usize + 1);
    let (warm, start_line) = (Barrier::new(everybody), Barrier::new(everybody));
    let work = |thread: u64| {
        let mut state = state();
        let mut timed = || {
            let code = format!("AUTO_BENCH_{:08}", first + next.fetch_add(1, Ordering::Relaxed) % count);
            let start = Instant::now();
            redeem(&mut state, &code);
            start.elapsed().as_nanos() as u64
        };
        for _ in 0..warmup {
            timed();
        }
        warm.wait();
        start_line.wait();
        (thread..calls).step_by(threads as usize).map(|_| timed()).collect::<Vec<_>>()
    };
    let (latencies, cpu, wall) = std::thread::scope(|scope| {
        let work = &work;
        let workers: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        warm.wait();
        // Before any of them goes on: among many threads this one may have to wait for its turn.
        let (start, before) = (Instant::now(), cpu_ns());
        start_line.wait();
        let latencies: Vec<u64> =
            workers.into_iter().flat_map(|worker| worker.join().expect("a worker that ends")).collect();
        (latencies, cpu_ns() - before, start.elapsed().as_nanos() as u64)
    });
    println!(
        "{}",
        json!({ "latencies_ns": latencies, "cpu_ns": cpu, "wall_ns": wall, "peak_rss_kib": peak_rss_kib() })
    );
}

/// CPU time of this process.
fn cpu_ns() -> i64 {
    // SAFETY: getrusage fills the structure that it is given.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let nanoseconds = |time: libc::timeval| time.tv_sec * 1_000_000_000 + time.tv_usec * 1000;
    nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime)
}

/// getrusage would count the program that started this one, too.
fn peak_rss_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
