//! Many threads, one context, faults of every kind, short timeouts: every redemption is accounted for, memory
//! stays flat, nothing is left over.
//!
//! The till is this very program, started again as another process, so that its memory is its own and not
//! the sandbox's. `WXCOUPON_LOAD` sets the number of redemptions.

mod hammer;

use crate::turn::{Part, turn};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;
use testkit::counter::Counter;
use testkit::till::{self, use_request};
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox};

/// What goes wrong, in percent of the requests: five in a hundred together.
const FAULTS: [(FaultKind, Option<bool>); 10] = [
    (FaultKind::ProcessThenReset, None),
    (FaultKind::ResetAfterRead, None),
    (FaultKind::Status { status: 500, html: false }, Some(true)),
    (FaultKind::Status { status: 502, html: true }, None),
    (FaultKind::CutBody, None),
    (FaultKind::WrongSignature, None),
    (FaultKind::ProcessThenHang, None),
    (FaultKind::Hang, None),
    (FaultKind::Delay { ms: 200 }, None),
    (FaultKind::SlowProcessing { ms: 100 }, None),
];

fn troubled_sandbox() -> Sandbox {
    let sandbox = Sandbox::start(Options { log_capacity: 0, ..Options::default() }).unwrap();
    // Ten kinds at half a percent: each acts on one in a hundred of the requests of every second coupon.
    for (index, (kind, processed)) in FAULTS.into_iter().enumerate() {
        let coupon = if index % 2 == 0 { "AUTO_A" } else { "AUTO_B" };
        let fault = Fault::new(kind).on("use").coupon(coupon).percent(1, index as u64);
        sandbox.inject(match processed {
            Some(processed) => fault.processed(processed),
            None => fault,
        });
    }
    sandbox
}

fn config(sandbox: &Sandbox, journal: Option<&TempDir>) -> Value {
    let mut changes = json!({
        "timeout_ms": 1500, "attempt_timeout_ms": 400, "connect_timeout_ms": 400, "max_rate_per_s": 100_000,
    });
    if let Some(folder) = journal {
        changes["journal_path"] = json!(folder.path().join("till.journal"));
    }
    till::config_with(sandbox, &changes)
}

fn run(name: &str, journal: Option<&TempDir>) {
    let redemptions: u64 = std::env::var("WXCOUPON_LOAD").map_or(4_000, |text| text.parse().unwrap());
    let sandbox = troubled_sandbox();
    let folder = TempDir::new().unwrap();
    let book = folder.path().join("book");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "load::hammer::till_process", "--ignored", "--nocapture"])
        .env("WXCOUPON_TEST_CONFIG", config(&sandbox, journal).to_string())
        .env("WXCOUPON_TEST_BOOK", &book)
        .env("WXCOUPON_LOAD", redemptions.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));

    let mut redeemed = HashMap::new();
    for entry in sandbox.ledger() {
        assert!(redeemed.insert(entry.number, entry.coupon_code).is_none(), "twice");
    }
    let mut counts = BTreeMap::<String, u64>::new();
    let (mut settled, mut own) = (0, Value::Null);
    for line in std::fs::read_to_string(&book).unwrap().lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [number, told, finally] = words[..] else {
            own = serde_json::from_str(line).unwrap();
            continue;
        };
        let (told, finally): (i32, i32) = (told.parse().unwrap(), finally.parse().unwrap());
        let used = redeemed.remove(number).is_some();
        let kept = match finally / 1000 {
            0 => used,
            3 | 5 | 6 => !used,
            _ => false,
        };
        assert!(kept, "{number} was told {told}, then {finally}; really redeemed: {used}");
        settled += u64::from(told != finally);
        *counts.entry(format!("told {told}, finally {finally}")).or_default() += 1;
    }
    assert_eq!(counts.values().sum::<u64>(), redemptions);
    assert!(redeemed.is_empty(), "redeemed without anybody asking: {redeemed:?}");
    let faults = sandbox.stats().faults_fired;
    eprintln!(
        "load, {name}: {redemptions} redemptions, {faults} faults acted, {settled} settled later; {counts:#?}"
    );
    eprintln!("load, {name}: {own}");
    let number = |name: &str| own[name].as_u64().unwrap_or_else(|| panic!("{name}: {own}"));
    assert_eq!(number("handles_left") + number("threads_left"), 0, "{own}");
    // What the program needs does not depend on how many redemptions there were. The bound leaves room for
    // the till's own list of answers and for what the allocator keeps for 64 threads.
    let bound = number("rss_warm_kib") + 12 * 1024 + number("own_kib");
    assert!(number("rss_end_kib") <= bound, "memory grows: {own}");
}

#[test]
fn every_redemption_is_accounted_for_with_the_journal_in_memory() {
    let _turn = turn(Part::Load);
    run("journal in memory", None);
}

#[test]
fn every_redemption_is_accounted_for_with_the_journal_in_a_file() {
    let _turn = turn(Part::Load);
    run("journal in a file", Some(&TempDir::new().unwrap()));
}

#[test]
fn one_number_called_by_many_threads_is_sent_once() {
    let _turn = turn(Part::Load);
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    for (round, journal) in [None, Some(&folder), None, Some(&folder)].into_iter().enumerate() {
        let till = Counter::open(&till::config_with(&sandbox, &config_of_one(journal))).unwrap();
        sandbox.inject(Fault::new(FaultKind::Delay { ms: 2000 }).on("use").times(1));
        let request = use_request(&format!("AUTO_ONE_{round}"), &format!("ONE-{round:04}"));
        let mut counts = BTreeMap::<String, u32>::new();
        let answered = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (till, request, answered, sandbox) = (&till, &request, &answered, &sandbox);
            let call = |index: usize| {
                scope.spawn(move || {
                    // Half of them at once, a quarter amid them, and a quarter after the answer.
                    match index {
                        0..16 => (),
                        16..24 => till::until_asked(sandbox, round as u64 + 1),
                        _ => till::until("an answer", || answered.load(Ordering::SeqCst)),
                    }
                    let told = till.redeem(request);
                    answered.fetch_or(told.status == 0, Ordering::SeqCst);
                    told
                })
            };
            for told in (0..32).map(call).collect::<Vec<_>>() {
                let told = told.join().unwrap();
                let recorded = told.json["recorded"] == true;
                let what = match told.json["name"].as_str().unwrap() {
                    "WXCOUPON_OK" if recorded => "recorded",
                    "WXCOUPON_OK" => "sent",
                    "WXCOUPON_E_LOCKED" => "locked",
                    _ => panic!("{}", told.json),
                };
                *counts.entry(what.to_owned()).or_default() += 1;
            }
        });
        eprintln!("load: one number, 32 threads: {counts:?}");
        assert_eq!(counts["sent"], 1);
        assert!(counts["locked"] > 0 && counts["recorded"] > 0);
        assert_eq!(sandbox.requests().len(), round + 1);
        assert_eq!(sandbox.ledger().len(), round + 1);
    }
}

fn config_of_one(journal: Option<&TempDir>) -> Value {
    match journal {
        None => json!({}),
        Some(folder) => json!({ "journal_path": folder.path().join("till.journal") }),
    }
}
