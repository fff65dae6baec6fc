//! Every fault of the sandbox behind a hub: what a till is told must be what happened.
//!
//! One cell is one redemption by the library in till mode, over a hub, under one fault: on the hub's first attempt only or on every
//! one. Then the faults go away, the till settles, and the ledger is compared with everything that was told.

use crate::chain::Chain;
use crate::library::{address, config};
use serde_json::json;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::audit::{History, altered};
use testkit::menu::{self, Row};
use testkit::till::{Answer, Till, query_request, use_request};
use wxcoupon_sandbox::Fault;

const COUPON: &str = "AUTO_MATRIX";
const NUMBER: &str = "S1-MATRIX-1";
const POLICY: &str = "[policy]\nany_user = true\nany_coupon = true\nrate_per_s = 1000\n";
/// Chains at the same time: a cell is mostly waiting.
const AT_ONCE: usize = 8;
/// How often a cell is run again by itself whose class a busy machine may have changed.
const TRIES: usize = 3;

struct Cell<'a> {
    row: &'a Row,
    every_attempt: bool,
    in_file: bool,
}

/// What is wrong.
#[derive(Default)]
struct Found {
    /// Told and happened differ.
    wrong: Vec<String>,
    /// A busy machine may be to blame.
    unexpected: Vec<String>,
}

impl Found {
    fn check(&mut self, right: bool, otherwise: impl FnOnce() -> String) {
        if !right {
            self.wrong.push(otherwise());
        }
    }

    fn expect(&mut self, right: bool, otherwise: impl FnOnce() -> String) {
        if !right {
            self.unexpected.push(otherwise());
        }
    }
}

impl Cell<'_> {
    fn expected(&self) -> Option<i32> {
        let [_, first, _, every] = self.row.classes;
        if self.every_attempt { every } else { first }
    }

    fn inject(&self, chain: &Chain) {
        for fault in &self.row.before {
            let names_its_own = fault == &fault.clone().on("query");
            chain.sandbox.inject(if names_its_own { fault.clone() } else { fault.clone().on("use") });
        }
        let fault: Fault = self.row.fault.clone().on("use");
        chain.sandbox.inject(if self.every_attempt { fault } else { fault.times(1) });
    }

    fn run(&self) -> Found {
        let chain = Chain::with(
            POLICY,
            &json!({ "timeout_ms": 2000, "attempt_timeout_ms": 500, "connect_timeout_ms": 500 }),
        );
        let mut till = config(&chain.till("S1"), &[address(&chain.at)]);
        till["attempt_timeout_ms"] = json!(8000);
        till["timeout_ms"] = json!(10_000);
        if self.in_file {
            till["journal_path"] = json!(chain.file("till.journal"));
        }
        let till = Till::new(&till);
        let mut found = Found::default();
        self.inject(&chain);
        let mut request = use_request(COUPON, NUMBER);
        request["_options"] = json!({ "timeout_ms": 2500 });
        let told = till.redeem(&request);
        chain.sandbox.finish_requests();
        self.told(&chain, &told, &mut found);
        chain.sandbox.clear_faults();
        if let Some(kind) = self.row.goes_on.clone().filter(|_| self.every_attempt) {
            chain.sandbox.inject(Fault::new(kind));
        }
        // What the till ends up with, whether it was in doubt or tries again with its number.
        let ended = match told.class() {
            4 => till.settle(&json!({ "out_request_no": NUMBER, "_options": { "timeout_ms": 10_000 } })),
            0 | 3 | 6 => till.redeem(&use_request(COUPON, NUMBER)),
            _ => told,
        };
        self.ended(&chain, &till, &ended, &mut found);
        found
    }

    fn told(&self, chain: &Chain, told: &Answer, found: &mut Found) {
        // Where the hub's call ends in doubt, the till may have the time to ask it once more.
        let is_better = self.expected() == Some(4) && told.class() == 0;
        found.expect(is_better || Some(told.class()) == self.expected(), || {
            format!("expected class {:?}, told {}", self.expected(), told.json)
        });
        let took_effect = History::of(&chain.sandbox, COUPON).has(NUMBER);
        match told.class() {
            0 => found.check(took_effect, || "success told that did not happen".into()),
            2 | 3 | 5 | 6 => found.check(!took_effect, || format!("{} told, but it happened", told.name())),
            class => found.check(class == 4, || format!("class {class}: {}", told.json)),
        }
    }

    fn ended(&self, chain: &Chain, till: &Till, ended: &Answer, found: &mut Found) {
        let is_refused = self.expected() == Some(5);
        found.expect(ended.status == 0 || is_refused, || format!("at the end: {}", ended.json));
        if self.row.lands_late {
            std::thread::sleep(std::time::Duration::from_millis(menu::SLOW_MS + 400));
        }
        let history = History::of(&chain.sandbox, COUPON);
        found.wrong.extend(history.contradictions());
        found.wrong.extend(altered(&chain.sandbox));
        let is_redeemed = history.redeemed_under() == Some(NUMBER);
        found.check(is_redeemed || ended.status != 0, || format!("ended with {}", ended.json));
        found
            .check(!is_redeemed || matches!(ended.class(), 0 | 4), || format!("it happened: {}", ended.json));
        let asked = till.query(&query_request(COUPON));
        let shows_it = asked.json["data"]["coupon_state"] == "USED";
        found.check(asked.status != 0 || shows_it == is_redeemed, || asked.json.to_string());
        if ended.class() != 4 {
            let everything = till.settle_all();
            found.expect(everything.status == 0 && till.pending()["pending"] == 0, || {
                everything.json.to_string()
            });
        }
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attempts = if self.every_attempt { "every attempt" } else { "first attempt" };
        let journal = if self.in_file { "file" } else { "memory" };
        write!(formatter, "{} ({attempts}, {journal})", self.row.name)
    }
}

fn run(cell: &Cell<'_>) -> Found {
    catch_unwind(AssertUnwindSafe(|| cell.run())).unwrap_or_else(|panic| {
        let why = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        Found { wrong: vec![format!("stopped: {why}")], ..Found::default() }
    })
}

/// Runs one of so many rows.
fn play(one_of: usize, at_once: usize, run: impl Fn(&Cell<'_>) -> Found + Sync) {
    let rows: Vec<Row> = menu::rows().into_iter().filter(|row| row.batch != 1).step_by(one_of).collect();
    let cells = rows.iter().enumerate().flat_map(|(index, row)| {
        [false, true].map(|every_attempt| Cell {
            row,
            every_attempt,
            in_file: index.is_multiple_of(2) == every_attempt,
        })
    });
    let cells: Vec<Cell<'_>> = cells.filter(|cell| cell.expected().is_some()).collect();
    let (next, ended) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = run(cell);
                    ended.lock().unwrap().push((cell, found));
                }
            });
        }
    });
    let mut wrong = Vec::new();
    for (cell, mut found) in ended.into_inner().unwrap() {
        for _ in 0..TRIES {
            if found.unexpected.is_empty() || !found.wrong.is_empty() {
                break;
            }
            println!("again: {cell}: {}", found.unexpected.join("; "));
            found = run(cell);
        }
        wrong.extend(found.wrong.iter().chain(&found.unexpected).map(|what| format!("{cell}: {what}")));
    }
    assert!(wrong.is_empty(), "{} of {} cells:\n{}", wrong.len(), cells.len(), wrong.join("\n"));
}

#[test]
fn what_a_till_of_a_hub_is_told_is_what_happened() {
    play(1, AT_ONCE, run);
}

/// A few of them, for each has a server of its own.
#[cfg(feature = "postgres")]
#[test]
fn what_a_till_of_a_hub_on_a_database_is_told_is_what_happened() {
    play(5, 3, |cell| crate::chain::with_postgres(|| run(cell)));
}
