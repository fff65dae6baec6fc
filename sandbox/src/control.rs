//! What tests and the admin interface may do to a running sandbox.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::console::offers::{self, Offer};
use crate::console::scenario::Scenario;
use crate::console::told::ToldEntry;
use crate::console::{Console, PaymentCode};
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::faults::{Fault, FaultId};
use crate::http::listener::Listener;
use crate::operations;
use crate::protocol::Api;
use crate::protocol::stats::Stats;
use crate::state::file::Beside;
use crate::state::ledger::Effect;
use crate::state::payment_codes::Terms;
use crate::state::saved::Saved;
use crate::state::view::{CouponSpec, CouponView};
use crate::sync::{Flag, lock};
use crate::text::Text;

/// A running API and its listeners.
pub(crate) struct Control {
    pub(crate) api: Arc<Api>,
    pub(crate) console: Console,
    /// Raised when somebody asks the program to end.
    pub(crate) shutdown: Flag,
    /// The API's listeners, known once they listen.
    listeners: OnceLock<Vec<Weak<Listener>>>,
    kept: Mutex<Kept>,
}

/// What starting over spares.
#[derive(Debug, Default, Clone)]
struct Kept {
    /// By code: how they were made and altered.
    coupons: BTreeMap<String, CouponSpec>,
    /// Those that were there from the start.
    faults: Vec<Fault>,
}

/// What was made here and what was told, as the state file has it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Made {
    coupons: BTreeMap<String, CouponSpec>,
    offers: Vec<Offer>,
    told: Vec<ToldEntry>,
    began: i64,
}

/// What starting over has made anew.
#[derive(Debug, Default, Serialize)]
pub(crate) struct StartedOver {
    coupons: usize,
    offers: usize,
    faults: usize,
    /// Codes of coupons whose stock was made over the API and has gone.
    lost: Vec<String>,
}

impl Beside for Control {
    fn saved(&self) -> Value {
        serde_json::to_value(self.made()).unwrap_or_default()
    }

    fn changes(&self) -> u64 {
        self.console.told.changes()
    }
}

impl Control {
    pub(crate) fn new(api: Arc<Api>) -> Self {
        let console = Console::new(&api.options);
        Self { api, console, shutdown: Flag::default(), listeners: OnceLock::new(), kept: Mutex::default() }
    }

    pub(crate) fn set_listeners(&self, listeners: Vec<Weak<Listener>>) {
        let _ = self.listeners.set(listeners);
    }

    pub(crate) fn inject(&self, fault: Fault) -> FaultId {
        let id = self.api.faults.add(fault);
        self.open_and_close_ports();
        id
    }

    /// Injects a fault that starting over arms anew.
    pub(crate) fn inject_from_the_start(&self, fault: Fault) -> FaultId {
        lock(&self.kept).faults.push(fault.clone());
        self.inject(fault)
    }

    /// Makes or alters a coupon, which starting over spares.
    pub(crate) fn put_coupon(&self, spec: &CouponSpec) -> Result<CouponView> {
        let view = self.api.state.put_coupon(spec)?;
        self.keep([spec.clone()]);
        Ok(view)
    }

    fn keep(&self, specs: impl IntoIterator<Item = CouponSpec>) {
        let mut kept = lock(&self.kept);
        for spec in specs {
            let earlier = kept.coupons.remove(&spec.coupon_code);
            let whole = earlier.map_or_else(|| spec.clone(), |earlier| earlier.overlaid(spec.clone()));
            kept.coupons.insert(spec.coupon_code, whole);
        }
    }

    /// Clears one fault or all; says how many.
    pub(crate) fn clear_faults(&self, id: Option<FaultId>) -> usize {
        let cleared = self.api.faults.clear(id);
        self.open_and_close_ports();
        cleared
    }

    fn open_and_close_ports(&self) {
        let listeners = self.listeners.get().map(Vec::as_slice).unwrap_or_default();
        for (index, listener) in listeners.iter().enumerate() {
            if let Some(listener) = Weak::upgrade(listener) {
                listener.set_closed(self.api.faults.refuses(index));
            }
        }
    }

    /// Turns a token of a pre-send into coupons; their codes.
    pub(crate) fn claim(&self, token: &str) -> Result<Vec<String>> {
        operations::claim(&self.api.state, token).map_err(|refusal| {
            let message = refusal.reason.row().message;
            Error::Claim(refusal.issue.map_or_else(|| Text::new(message, message), |issue| *issue))
        })
    }

    /// A payment code that a user shows now.
    pub(crate) fn show_payment_code(&self, openid: &str, terms: Terms) -> Result<String> {
        let code = format!("13{}", random::digits(16)?);
        self.api.state.payment_codes.show(&code, openid, self.api.state.clock.now(), terms);
        Ok(code)
    }

    /// The code that this user's phone shows for paying: new every minute, and known to the look-up by payment code.
    pub(crate) fn payment_code(&self, openid: &str) -> PaymentCode {
        let now = self.api.state.clock.now();
        let shown = self.console.payment_code(openid, now);
        self.api.state.payment_codes.show(&shown.code, openid, now, Terms::default());
        shown
    }

    /// Adds what a scenario has; says how many coupons it made or altered. One that is refused changes nothing.
    pub(crate) fn apply(&self, scenario: &Scenario) -> Result<usize> {
        self.rehearse(scenario, Some(self.api.state.saved()))?;
        self.perform(scenario)
    }

    /// The same, with everything else as at the start.
    pub(crate) fn play(&self, scenario: &Scenario) -> Result<usize> {
        self.rehearse(scenario, None)?;
        self.reset();
        self.perform(scenario)
    }

    /// Performs it on a stage of its own, to see whether it can be done.
    fn rehearse(&self, scenario: &Scenario, state: Option<Saved>) -> Result<()> {
        let api = Api::new(self.api.options.clone(), self.api.keys.clone())?;
        if let Some(state) = state {
            api.state.restore(state);
        }
        Self::new(Arc::new(api)).perform(scenario).map(drop)
    }

    fn perform(&self, scenario: &Scenario) -> Result<usize> {
        let faults = scenario.faults().map_err(Error::Scenario)?;
        scenario.set_clock(&self.api.state.clock).map_err(Error::Scenario)?;
        let coupons = scenario.make_coupons(&self.api, &self.console).map_err(Error::Scenario)?;
        self.keep(scenario.coupon_specs(self.api.state.clock.business_now()));
        for fault in faults {
            self.inject_from_the_start(fault);
        }
        Ok(coupons)
    }

    /// The sandbox as it is, for later.
    pub(crate) fn scenario(&self) -> Scenario {
        Scenario::of(&self.api, &self.console)
    }

    /// What the state file keeps beside the state.
    pub(crate) fn made(&self) -> Made {
        // Told first: what was told is about effects that are in the state by then.
        let told = self.console.told.all().into_values().flatten().collect();
        let (offers, began) = (self.console.offers(), self.console.began());
        Made { told, coupons: lock(&self.kept).coupons.clone(), offers, began }
    }

    pub(crate) fn restore_made(&self, made: Made) {
        lock(&self.kept).coupons = made.coupons;
        self.console.restore(made.offers, made.told, made.began);
    }

    /// As at the start, but for what the user has made: coupons, offers, and the faults of the start.
    pub(crate) fn start_over(&self) -> StartedOver {
        let (offers, kept) = (self.console.offers(), lock(&self.kept).clone());
        self.empty();
        let mut done = StartedOver::default();
        for offer in offers {
            match offers::make(&self.api, &self.console, &offer) {
                Ok(_) => done.offers += 1,
                Err(_) => done.lost.extend(offer.coupon_code),
            }
        }
        for spec in kept.coupons.values() {
            match self.api.state.put_coupon(spec) {
                Ok(_) => done.coupons += 1,
                Err(_) => done.lost.push(spec.coupon_code.clone()),
            }
        }
        done.lost.dedup();
        done.faults = kept.faults.len();
        for fault in kept.faults {
            self.inject(fault);
        }
        done
    }

    /// Nothing but the seeds: no coupons or faults of the user's, an empty ledger and log, the right clock, the first
    /// certificates, no notifications.
    pub(crate) fn reset(&self) {
        *lock(&self.kept) = Kept::default();
        self.empty();
    }

    fn empty(&self) {
        self.clear_faults(None);
        self.api.faults.forget_counts();
        self.api.reset();
        self.console.clear();
    }

    pub(crate) fn stats(&self) -> Stats {
        let api = &self.api;
        let mut stats = api.counters.stats();
        stats.open_connections = u64::try_from(api.lifecycle.connections.count()).unwrap_or(u64::MAX);
        stats.faults_fired = api.faults.total_fired();
        stats.used = api.state.ledger.count(Effect::Used);
        stats.returned = api.state.ledger.count(Effect::Returned);
        stats.sent = api.state.ledger.count(Effect::Sent);
        let coupons = api.state.coupons.count() + api.state.busifavor.count();
        stats.coupons = u64::try_from(coupons).unwrap_or(u64::MAX);
        stats
    }
}
