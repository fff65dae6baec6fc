//! What tests and the admin interface may do to a running sandbox.

use std::sync::{Arc, OnceLock, Weak};

use crate::console::scenario::Scenario;
use crate::console::{Console, PaymentCode};
use crate::error::{Error, Result};
use crate::faults::{Fault, FaultId};
use crate::http::listener::Listener;
use crate::operations;
use crate::protocol::Api;
use crate::protocol::stats::Stats;
use crate::state::ledger::Effect;
use crate::sync::Flag;

/// A running API and its listeners.
pub(crate) struct Control {
    pub(crate) api: Arc<Api>,
    pub(crate) console: Console,
    /// Raised when somebody asks the program to end.
    pub(crate) shutdown: Flag,
    /// The API's listeners, known once they listen.
    listeners: OnceLock<Vec<Weak<Listener>>>,
}

impl Control {
    pub(crate) fn new(api: Arc<Api>) -> Self {
        let console = Console::new(&api.options);
        Self { api, console, shutdown: Flag::default(), listeners: OnceLock::new() }
    }

    pub(crate) fn set_listeners(&self, listeners: Vec<Weak<Listener>>) {
        let _ = self.listeners.set(listeners);
    }

    pub(crate) fn inject(&self, fault: Fault) -> FaultId {
        let id = self.api.faults.add(fault);
        self.open_and_close_ports();
        id
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
            let issue = refusal.detail.as_ref().and_then(|detail| detail.get("issue")?.as_str());
            Error::Claim(issue.unwrap_or(refusal.reason.row().message).to_owned())
        })
    }

    /// The code that this user's phone shows for paying: made up, new every minute.
    pub(crate) fn payment_code(&self, openid: &str) -> PaymentCode {
        self.console.payment_code(openid, self.api.state.clock.now())
    }

    /// Adds what a scenario has; says how many coupons it made or altered.
    pub(crate) fn apply(&self, scenario: &Scenario) -> Result<usize> {
        let faults = scenario.faults().map_err(Error::Scenario)?;
        scenario.set_clock(&self.api.state.clock);
        let coupons = scenario.make_coupons(&self.api, &self.console).map_err(Error::Scenario)?;
        for fault in faults {
            self.inject(fault);
        }
        Ok(coupons)
    }

    /// The sandbox as it is, for later.
    pub(crate) fn scenario(&self) -> Scenario {
        Scenario::of(&self.api, &self.console)
    }

    /// Everything as at the start: coupons, ledger, log, faults, clock,
    /// certificates, notifications.
    pub(crate) fn reset(&self) {
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
        stats.coupons = u64::try_from(api.state.coupons.count()).unwrap_or(u64::MAX);
        stats
    }
}
