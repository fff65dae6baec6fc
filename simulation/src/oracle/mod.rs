//! Who sees only the ledger and what every call was told, and says what cannot be.

mod checks;
mod end;
pub mod invariants;

use crate::wechat::message::Asks;
use crate::world::{MachineId, Moment, TaskId};
pub use invariants::Invariant;
use std::collections::BTreeMap;
use std::sync::Arc;
use wxcoupon::report::Report;
use wxcoupon::status::Code;

/// An invariant that does not hold.
#[derive(Debug, Clone)]
pub struct Broken {
    pub invariant: Invariant,
    pub at: Moment,
    pub words: String,
}

impl Broken {
    pub fn new(invariant: Invariant, at: Moment, words: String) -> Broken {
        Broken { invariant, at, words }
    }
}

/// What a till knows of a number, by what it was told last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A call was made and has not said anything yet, or its process died.
    Asked,
    Happened,
    DidNot,
    Doubt,
    CalledOff,
    /// A person must look.
    Unresolved,
}

/// A number of one machine's journal, and what the till was told of it.
#[derive(Debug)]
pub struct Sale {
    pub asks: Asks,
    pub coupon: Arc<str>,
    pub verdict: Verdict,
    /// Told something of class 0 or 4, so that it must be known.
    pub is_known: bool,
    /// The till has ever called it off.
    pub void_asked: bool,
    pub is_raw: bool,
    /// When the first call with it began.
    pub began: Moment,
    /// When a call with it began anew, after the till was told that it had not happened.
    pub began_anew: Moment,
    /// A digest of the bytes that were sent.
    sent: Option<u64>,
    /// Calls with this number that have not ended, void and settle included.
    pub running: u32,
    /// Calls whose process died before they said anything.
    pub died: u32,
    /// When it was first told as done.
    pub done: Option<Moment>,
    /// When it was last told as in doubt.
    pub doubted: Option<Moment>,
}

/// A call of a till, while it runs.
#[derive(Debug, Clone)]
pub struct Call {
    pub machine: MachineId,
    pub number: Arc<str>,
    pub coupon: Arc<str>,
    pub asks: Asks,
    pub kind: Kind,
    pub began: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The operation itself.
    Operation,
    /// The operation with other members than before.
    Altered,
    /// A redemption that no row of the library's table describes: what its answer must say is not known.
    Raw,
    Settle,
    Void,
}

#[derive(Default)]
pub struct Oracle {
    pub sales: BTreeMap<(MachineId, Arc<str>), Sale>,
    /// Who waits for WeChat Pay's answer under which number.
    sending: Vec<(MachineId, Arc<str>, TaskId)>,
    broken: Option<Broken>,
    /// Redemptions that tills asked for.
    pub redemptions: u64,
    pub calls: u64,
    /// How often each status was told.
    pub told: BTreeMap<i32, u64>,
    /// Invariants that are not looked at.
    pub ignored: Vec<Invariant>,
}

impl Oracle {
    /// The first thing that cannot be counts.
    pub fn broken(&mut self, broken: Broken) {
        if !self.ignored.contains(&broken.invariant) {
            self.broken.get_or_insert(broken);
        }
    }

    pub fn take_broken(&mut self) -> Option<Broken> {
        self.broken.take()
    }

    pub fn sale(&self, machine: MachineId, number: &str) -> Option<&Sale> {
        self.sales.get(&(machine, number.into()))
    }

    /// A till is about to call.
    pub fn begins(&mut self, call: &Call) {
        self.calls += 1;
        if call.asks == Asks::Use && matches!(call.kind, Kind::Operation | Kind::Raw) {
            self.redemptions += 1;
        }
        if !call.asks.writes() {
            return;
        }
        let sale = self.sales.entry((call.machine, Arc::clone(&call.number))).or_insert_with(|| Sale {
            asks: call.asks,
            coupon: Arc::clone(&call.coupon),
            verdict: Verdict::Asked,
            is_known: false,
            void_asked: false,
            is_raw: call.kind == Kind::Raw,
            began: call.began,
            began_anew: call.began,
            sent: None,
            running: 0,
            died: 0,
            done: None,
            doubted: None,
        });
        sale.running += 1;
        match call.kind {
            Kind::Operation | Kind::Raw if matches!(sale.verdict, Verdict::DidNot) => {
                sale.verdict = Verdict::Asked;
                sale.began_anew = call.began;
            }
            Kind::Void => sale.void_asked = true,
            _ => {}
        }
    }

    /// The process of a running call has died.
    pub fn dies(&mut self, call: &Call) {
        if let Some(sale) = self.sales.get_mut(&(call.machine, Arc::clone(&call.number))) {
            sale.running = sale.running.saturating_sub(1);
            sale.died += 1;
            // Whatever another call was told meanwhile, this one may have begun anew.
            if sale.verdict == Verdict::DidNot {
                sale.verdict = Verdict::Asked;
            }
        }
    }

    pub fn forget_sending(&mut self, task: TaskId) {
        self.sending.retain(|(_, _, sending)| *sending != task);
    }
}

/// What a status says about the number that it was told for.
fn meaning(report: &Report) -> Option<Verdict> {
    use wxcoupon::status::Class;
    match (report.code, report.code.class()) {
        // Another call is at it.
        (Code::Locked, _) if report.attempts == 0 && !report.recorded => None,
        // It stands for another request, or was called off: nothing new is said.
        (Code::RequestNoReused | Code::Request | Code::Running, _) | (_, Class::Bug) => None,
        (_, Class::Ok) => Some(Verdict::Happened),
        (_, Class::InDoubt) => Some(Verdict::Doubt),
        _ if report.in_doubt => None,
        _ => Some(Verdict::DidNot),
    }
}
