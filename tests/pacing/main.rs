//! Many tills of one service provider, in processes that know nothing of each other, share WeChat Pay's limit:
//! it is used, hardly ever exceeded, and nobody starves.
//!
//! The sandbox counts in windows of one second, the first of which starts with the first request: so many
//! are let through, the rest of the second is refused. What it refuses does not count.
//!
//! `WXCOUPON_PACING_SETTLE_S` and `WXCOUPON_PACING_MEASURE_S` change the times, `WXCOUPON_PACING_TRACE=1`
//! prints every second.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    reason = "a test stops at the first surprise, and says what it measured"
)]

#[allow(dead_code, reason = "shared with the crash test, which uses all of it")]
#[path = "../crash/counter.rs"]
mod counter;
#[allow(dead_code, reason = "shared with the scenarios, which use all of it")]
#[path = "../scenarios/till.rs"]
mod till;

use counter::Counter;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use till::use_request;
use wxcoupon_sandbox::{Options, Sandbox, Stats};

const PROCESSES: usize = 8;
const THREADS: u64 = 12;
const LIMIT: u32 = 500;

fn seconds(name: &str, default: u64) -> Duration {
    Duration::from_secs(std::env::var(name).map_or(default, |text| text.parse().unwrap()))
}

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

struct Tills(Vec<Child>);

impl Drop for Tills {
    fn drop(&mut self) {
        for till in &mut self.0 {
            let _ = till.kill();
            let _ = till.wait();
        }
    }
}

/// How often it is tried: another program that takes the processor for a few seconds starves some of the
/// processes, whatever the pacing does.
const TRIES: usize = 3;

#[test]
fn processes_find_their_shares_of_the_limit() {
    let mut found = String::new();
    for _ in 0..TRIES {
        match try_once() {
            Ok(()) => return,
            Err(wrong) => found = wrong,
        }
    }
    panic!("{found}, {TRIES} times in a row");
}

fn try_once() -> Result<(), String> {
    let settle = seconds("WXCOUPON_PACING_SETTLE_S", 6);
    let measure = seconds("WXCOUPON_PACING_MEASURE_S", 6);
    let sandbox = Sandbox::start(Options { rate: LIMIT, log_capacity: 0, ..Options::default() }).unwrap();
    let go = now_ms() + 500;
    let from = go + u64::try_from(settle.as_millis()).unwrap();
    let to = from + u64::try_from(measure.as_millis()).unwrap();
    let start = |index: usize| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "till_process", "--ignored", "--nocapture"])
            .env("WXCOUPON_TEST_CONFIG", sandbox.config().to_string())
            .env("WXCOUPON_TEST_TIMES", format!("{index} {go} {from} {to}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut tills = Tills((0..PROCESSES).map(start).collect());
    trace(&sandbox, go, from);
    let (before, started) = (sandbox.stats(), Instant::now());
    trace(&sandbox, from, to);
    let (after, took) = (sandbox.stats(), started.elapsed());
    let mut shares: Vec<u64> = tills.0.drain(..).map(share).collect();
    shares.sort_unstable();

    let answered = |status: u16| count(&after, status) - count(&before, status);
    let asked = after.requests - before.requests;
    let used = answered(200) as f64 / (f64::from(LIMIT) * took.as_secs_f64());
    let refused = answered(429) as f64 / asked as f64;
    let mean = shares.iter().sum::<u64>() as f64 / PROCESSES as f64;
    eprintln!(
        "pacing: {:.1} % of the limit used, {:.2} % refused ({} of {asked}) in {:.1} s; redeemed by each process: {shares:?}, mean {mean:.0}",
        used * 100.0,
        refused * 100.0,
        answered(429),
        took.as_secs_f64(),
    );
    let fair = |share: &u64| *share as f64 * 3.0 >= mean && *share as f64 <= mean * 3.0;
    match () {
        () if used < 0.95 => Err("the limit is not used".into()),
        () if refused >= 0.01 => Err("too many are refused".into()),
        () if !shares.iter().all(fair) => Err("somebody starves".into()),
        () => Ok(()),
    }
}

fn count(stats: &Stats, http_status: u16) -> u64 {
    stats.by_status.get(&http_status).copied().unwrap_or_default()
}

fn wait_until(end: u64) {
    std::thread::sleep(Duration::from_millis(end.saturating_sub(now_ms())));
}

/// Waits from one moment to another, and on request says every second what happened in it.
fn trace(sandbox: &Sandbox, from: u64, to: u64) {
    wait_until(from);
    let (mut before, mut second) = (sandbox.stats(), from);
    while std::env::var_os("WXCOUPON_PACING_TRACE").is_some() && second + 1000 <= to {
        second += 1000;
        wait_until(second);
        let after = sandbox.stats();
        let answered = |status: u16| count(&after, status) - count(&before, status);
        eprintln!("pacing: {} answered 200, {} answered 429", answered(200), answered(429));
        before = after;
    }
    wait_until(to);
}

fn share(till: Child) -> u64 {
    let output = till.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.split("redeemed=").nth(1)?.trim().parse().ok()).unwrap()
}

/// One of the processes; does nothing when it is started by itself.
#[test]
#[ignore = "a process that the other test starts"]
fn till_process() {
    let Ok(config) = std::env::var("WXCOUPON_TEST_CONFIG") else { return };
    let times = std::env::var("WXCOUPON_TEST_TIMES").unwrap();
    let times: Vec<u64> = times.split(' ').map(|text| text.parse().unwrap()).collect();
    let [index, go, from, to] = times[..] else { panic!("{times:?}") };
    let counter = Counter::open(&serde_json::from_str(&config).unwrap()).unwrap();
    let redeemed = AtomicU64::new(0);
    wait_until(go);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (counter, redeemed) = (&counter, &redeemed);
            scope.spawn(move || {
                for count in 0_u64.. {
                    let name = format!("P{index}-{thread}-{count:06}");
                    let told = counter.redeem(&use_request(&format!("AUTO_{name}"), &name));
                    assert!(matches!(told.status, 0 | 6001), "{}", told.json);
                    let now = now_ms();
                    if now >= to {
                        break;
                    }
                    redeemed.fetch_add(u64::from(told.status == 0 && now >= from), Ordering::Relaxed);
                }
            });
        }
    });
    write_line(&format!("redeemed={}", redeemed.into_inner()));
}

fn write_line(line: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}
