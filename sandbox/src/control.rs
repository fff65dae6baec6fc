//! What tests and the admin interface may do to a running sandbox.

use std::sync::{Arc, OnceLock, Weak};

use crate::crypto::random;
use crate::error::{Error, Result};
use crate::faults::{Fault, FaultId};
use crate::http::listener::Listener;
use crate::operations;
use crate::protocol::Api;
use crate::protocol::stats::Stats;
use crate::state::ledger::Effect;
use crate::state::payment_codes::Terms;
use crate::sync::Flag;

/// A running API and its listeners.
pub(crate) struct Control {
    pub(crate) api: Arc<Api>,
    /// Raised when somebody asks the program to end.
    pub(crate) shutdown: Flag,
    /// The API's listeners, known once they listen.
    listeners: OnceLock<Vec<Weak<Listener>>>,
}

impl Control {
    pub(crate) fn new(api: Arc<Api>) -> Self {
        Self { api, shutdown: Flag::default(), listeners: OnceLock::new() }
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

    /// A payment code that a user shows now.
    pub(crate) fn show_payment_code(&self, openid: &str, terms: Terms) -> Result<String> {
        let code = format!("13{}", random::digits(16)?);
        self.api.state.payment_codes.show(&code, openid, self.api.state.clock.now(), terms);
        Ok(code)
    }

    /// Everything as at the start: coupons, ledger, log, faults, clock,
    /// certificates, notifications.
    pub(crate) fn reset(&self) {
        self.clear_faults(None);
        self.api.faults.forget_counts();
        self.api.reset();
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
