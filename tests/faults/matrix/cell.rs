//! One cell: a call under a fault, what the till was told, and how it ended.

use serde_json::{Value, json};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::audit::{History, altered, arrived};
use testkit::menu::{Busifavor, Row, SLOW_MS};
use testkit::till::{Answer, OPENID, Till, config_with, query_request, use_request};
use wxcoupon_sandbox::{BUSIFAVOR_STOCK_IDS, Fault, FaultKind, Options, Sandbox};

const COUPON: &str = "AUTO_MATRIX";
const USE_NUMBER: &str = "TILL-USE-1";
const RETURN_NUMBER: &str = "TILL-RETURN-1";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    Use,
    Return,
    BusifavorUse,
}

impl Operation {
    pub const ALL: [Operation; 3] = [Operation::Use, Operation::Return, Operation::BusifavorUse];

    /// The question that shows what became of it.
    fn question(self) -> &'static str {
        if self == Operation::BusifavorUse { "busifavor_query" } else { "query" }
    }
}

/// Where and how often the fault acts, and where the journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Column {
    every_attempt: bool,
    both_hosts: bool,
    in_file: bool,
}

#[derive(Clone, Copy)]
pub struct Cell<'a> {
    pub row: &'a Row,
    pub index: usize,
    pub operation: Operation,
    pub column: Column,
}

/// What the till was told, and what became of it.
#[derive(Debug)]
pub struct Ended {
    pub class: i32,
    name: String,
    pub end: String,
    /// Where told and happened differ.
    pub wrong: Vec<String>,
    /// What a busy machine may be to blame for: another class than expected, or no answer after the faults.
    pub unexpected: Vec<String>,
}

impl<'a> Cell<'a> {
    pub fn columns(operation: Operation) -> Vec<Column> {
        let mut columns = Vec::new();
        for every_attempt in [false, true] {
            for both_hosts in [false, true] {
                for in_file in [false, true] {
                    columns.push(Column { every_attempt, both_hosts, in_file });
                }
            }
        }
        // Sending is the same for both; returning runs the corner cases of it.
        columns.retain(|column| operation == Operation::Use || column.both_hosts && column.in_file);
        columns
    }

    pub fn all(rows: &'a [Row], operation: Operation) -> Vec<Cell<'a>> {
        let cell = |index, row, column| Cell { row, index, operation, column };
        let of_row = |(index, row): (usize, &'a Row)| {
            Cell::columns(operation).into_iter().map(move |column| cell(index, row, column))
        };
        rows.iter().enumerate().flat_map(of_row).filter(|cell| cell.expected().is_some()).collect()
    }

    fn expected(&self) -> Option<i32> {
        let index = 2 * usize::from(self.column.every_attempt) + usize::from(self.column.both_hosts);
        match &self.row.busifavor {
            Busifavor::Classes(classes) if self.operation == Operation::BusifavorUse => Some(classes[index]),
            Busifavor::LeftOut if self.operation == Operation::BusifavorUse => None,
            _ => self.row.classes[index],
        }
    }

    /// The other aim for every next cell; returns cannot be called off.
    fn calls_off(&self) -> bool {
        let place = [self.column.every_attempt, self.column.both_hosts, self.column.in_file];
        let place: usize = place.into_iter().map(usize::from).sum();
        self.operation != Operation::Return && (self.index + place).is_multiple_of(2)
    }

    fn number(&self) -> &'static str {
        match self.operation {
            Operation::Use | Operation::BusifavorUse => USE_NUMBER,
            Operation::Return => RETURN_NUMBER,
        }
    }

    fn inject(&self, sandbox: &Sandbox) {
        let on = self.operation.to_string();
        for fault in &self.row.before {
            let names_its_own = fault == &fault.clone().on("query");
            let on = if names_its_own { self.operation.question() } else { &on };
            sandbox.inject(fault.clone().on(on));
        }
        let mut fault: Fault = self.row.fault.clone().on(&on);
        if !self.column.both_hosts {
            fault = fault.host(0);
        }
        if !self.column.every_attempt {
            fault = fault.times(1);
        }
        sandbox.inject(fault);
    }

    /// Opens a shop, calls under the fault, takes the fault away, settles, and compares.
    pub fn run(&self) -> Ended {
        let sandbox = Sandbox::start(Options::default()).unwrap();
        let folder = TempDir::new().unwrap();
        let mut config = config_with(
            &sandbox,
            &json!({
                "timeout_ms": 2000, "attempt_timeout_ms": 500, "connect_timeout_ms": 500, "max_rate_per_s": 100_000,
                "max_rate_per_s": 100_000,
            }),
        );
        if self.column.in_file {
            config["journal_path"] = json!(folder.path().join("till.journal"));
        }
        if self.operation == Operation::Return {
            let other_till = Till::new(&config_with(&sandbox, &json!({ "max_rate_per_s": 100_000 })));
            assert_eq!(other_till.redeem(&use_request(COUPON, USE_NUMBER)).status, 0);
        }
        let till = Till::new(&config);
        let start = Instant::now();
        self.inject(&sandbox);
        let told = self.call(&till);
        let mut audit = Audit { cell: self, sandbox: &sandbox, wrong: Vec::new(), unexpected: Vec::new() };
        audit.told(&told);
        sandbox.clear_faults();
        let lasts = self.column.every_attempt && self.column.both_hosts;
        if let Some(kind) = self.row.goes_on.clone().filter(|_| lasts) {
            sandbox.inject(Fault::new(kind));
        }

        // With a file, the program is started again before anything is settled.
        let till = if self.column.in_file {
            drop(till);
            config["timeout_ms"] = json!(8000);
            Till::new(&config)
        } else {
            till
        };
        let end = match told.class() {
            4 => self.settle(&mut audit, &till, start),
            0 => "done".to_owned(),
            _ => audit.stays_undone(&till, &told),
        };
        audit.at_the_end(&till, &end);
        if matches!(told.class(), 3 | 6) {
            // The till may try again with the same number.
            let again = self.call(&till);
            audit.expect(again.status == 0, || format!("told {}, then again: {}", told.name(), again.json));
            let lied = again.status == 0 && !audit.took_effect();
            audit.check(!lied, || "again was told to have happened and did not".into());
        }
        Ended {
            class: told.class(),
            name: told.name().trim_start_matches("WXCOUPON_").to_owned(),
            end,
            wrong: audit.wrong,
            unexpected: audit.unexpected,
        }
    }

    fn call(&self, till: &Till) -> Answer {
        match self.operation {
            Operation::Use => till.redeem(&use_request(COUPON, USE_NUMBER)),
            Operation::Return => till.give_back(&return_request()),
            Operation::BusifavorUse => till.ask(
                "busifavor_use",
                &json!({
                    "coupon_code": COUPON, "stock_id": BUSIFAVOR_STOCK_IDS[0], "openid": OPENID,
                    "use_request_no": USE_NUMBER, "use_time": "2025-08-03T12:00:00+08:00",
                }),
            ),
        }
    }

    /// Settles doubt by the cell's aim, then everything; answers how it ended.
    fn settle(&self, audit: &mut Audit<'_>, till: &Till, start: Instant) -> String {
        let listed = till.pending();
        audit.check(listed["pending"] == 1 && listed["watching"] == 0, || format!("pending: {listed}"));
        // A repeat that reaches nobody does not undo the doubt.
        audit.sandbox.inject(FaultKind::RefuseConnection);
        let repeated = self.call(till);
        audit.check(repeated.class() == 4, || format!("repeated without a line: {}", repeated.json));
        audit.sandbox.clear_faults();

        let aim = if self.calls_off() { "void" } else { "complete" };
        let settled = till.settle(
            &json!({ "out_request_no": self.number(), "aim": aim, "_options": { "timeout_ms": 8000 } }),
        );
        audit.expect(settled.status == 0, || format!("settling to {aim}: {}", settled.json));
        let mut end = match settled.json["data"]["state"].as_str() {
            Some(state) if self.calls_off() => state.to_owned(),
            _ => "done".to_owned(),
        };
        if self.row.lands_late {
            std::thread::sleep(Duration::from_millis(SLOW_MS + 400).saturating_sub(start.elapsed()));
        }
        let everything = till.settle_all();
        audit.expect(everything.status == 0, || format!("settling everything: {}", everything.json));
        let listed = till.pending();
        let told_so = (everything.status == 0) == (listed["pending"] == 0);
        audit.check(told_so, || format!("settling everything: {}, then {listed}", everything.json));
        if end == "watching" && listed["watching"] == 0 {
            "voided".clone_into(&mut end);
        }
        let expected = match (self.calls_off(), audit.took_effect()) {
            (false, _) => "done",
            (true, true) => "voided",
            (true, false) => "watching",
        };
        audit.expect(end == expected, || format!("ended {end}, expected {expected}: {}", settled.json));
        end
    }
}

/// Compares what the till knows with what happened.
struct Audit<'a> {
    cell: &'a Cell<'a>,
    sandbox: &'a Sandbox,
    wrong: Vec<String>,
    unexpected: Vec<String>,
}

impl Audit<'_> {
    fn expect(&mut self, right: bool, otherwise: impl FnOnce() -> String) {
        if !right {
            self.unexpected.push(otherwise());
        }
    }

    fn check(&mut self, right: bool, wrong: impl FnOnce() -> String) {
        if !right {
            self.wrong.push(wrong());
        }
    }

    fn took_effect(&self) -> bool {
        History::of(self.sandbox, COUPON).has(self.cell.number())
    }

    /// Right after the call, while the fault is still there.
    fn told(&mut self, told: &Answer) {
        let expected = self.cell.expected();
        self.expect(Some(told.class()) == expected, || {
            format!("expected class {expected:?}, told {}", told.json)
        });
        match told.class() {
            0 => self.check(self.took_effect(), || "success told that did not happen".into()),
            3 | 5 | 6 => self.check(!self.took_effect(), || format!("{} told, but it happened", told.name())),
            class => self.check(class == 4, || format!("class {class}: {}", told.json)),
        }
        let unexplained = arrived(self.sandbox, self.cell.number(), |status| status != Some(429));
        self.check(told.class() != 3 || unexplained == 0, || {
            format!("told {}, and {unexplained} requests arrived", told.name())
        });
    }

    /// What was told not to have happened is never sent by settling.
    fn stays_undone(&mut self, till: &Till, told: &Answer) -> String {
        let number = self.cell.number();
        let before = self.sandbox.requests().len();
        let pending = till.pending();
        self.check(pending["pending"] == 0 && pending["watching"] == 0, || format!("pending: {pending}"));
        let everything = till.settle_all();
        self.check(everything.status == 0, || format!("settling everything: {}", everything.json));
        let one = till.settle(&json!({ "out_request_no": number }));
        self.check(one.status == told.status, || format!("told {}, then {}", told.name(), one.json));
        let sent = self.sandbox.requests().len() - before;
        self.check(sent == 0, || format!("settling sent {sent} requests after {}", told.name()));
        "not done".into()
    }

    /// After everything: the till's last knowledge against the ledger and against a fresh question.
    fn at_the_end(&mut self, till: &Till, end: &str) {
        let history = History::of(self.sandbox, COUPON);
        self.wrong.extend(history.contradictions());
        self.wrong.extend(altered(self.sandbox));
        let number = self.cell.number();
        let (done, effects) = match self.cell.operation {
            Operation::Use | Operation::BusifavorUse => {
                (history.redeemed_under() == Some(number), usize::from(end == "voided"))
            }
            Operation::Return => (history.returned_under() == Some(number), 1),
        };
        self.check(done == (end == "done"), || format!("ended {end}, in effect: {done}"));
        let most = effects + 1;
        self.check(history.count() <= most, || format!("{} effects, at most {most}", history.count()));
        let settled = till.settle_all();
        self.expect(settled.status == 0 && till.pending()["pending"] == 0, || settled.json.to_string());
        let asked = match self.cell.operation {
            Operation::BusifavorUse => {
                till.ask("busifavor_query", &json!({ "openid": OPENID, "coupon_code": COUPON }))
            }
            Operation::Use | Operation::Return => till.query(&query_request(COUPON)),
        };
        self.expect(asked.status == 0, || format!("asked at the end: {}", asked.json));
        let used = asked.json["data"]["coupon_state"] == "USED";
        self.check(asked.status != 0 || used == history.redeemed_under().is_some(), || {
            format!("asked at the end: {}", asked.json)
        });
    }
}

fn return_request() -> Value {
    let mut request = query_request(COUPON);
    request["out_request_no"] = json!(RETURN_NUMBER);
    request
}

impl PartialEq for Cell<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.index, self.operation, self.column) == (other.index, other.operation, other.column)
    }
}

impl Eq for Cell<'_> {}

impl Hash for Cell<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.index, self.operation, self.column).hash(state);
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::Use => "use",
            Operation::Return => "return",
            Operation::BusifavorUse => "busifavor_use",
        })
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attempts = if self.every_attempt { "every attempt" } else { "first attempt" };
        let hosts = if self.both_hosts { "both hosts" } else { "one host" };
        let journal = if self.in_file { "file" } else { "memory" };
        write!(f, "{attempts}, {hosts}, {journal}")
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} under {} ({})", self.operation, self.row.name, self.column)
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.name, self.end)
    }
}
