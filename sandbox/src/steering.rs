//! What tests and the control interface may do to a running engine.

use std::sync::Weak;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::fault::{Fault, FaultId};
use crate::mode::Mode;
use crate::stats::Stats;
use crate::world::ledger::Effect;
use crate::world::notify::Addresses;

impl Engine {
    pub(crate) fn inject(&self, fault: Fault) -> FaultId {
        let id = self.menu.add(fault);
        self.move_gates();
        id
    }

    /// Takes one fault or all off the menu; says how many.
    pub(crate) fn clear_faults(&self, id: Option<FaultId>) -> usize {
        let cleared = self.menu.clear(id);
        self.move_gates();
        cleared
    }

    /// Closes and opens ports as the menu has it.
    fn move_gates(&self) {
        let hosts = self.hosts.get().map(Vec::as_slice).unwrap_or_default();
        for (index, host) in hosts.iter().enumerate() {
            if let Some(host) = Weak::upgrade(host) {
                host.set_closed(self.menu.refuses(index));
            }
        }
    }

    /// Turns a token of a pre-send into coupons; their codes.
    pub(crate) fn claim(&self, token: &str) -> Result<Vec<String>> {
        let claimed = self.world.claim(token).map_err(|refusal| {
            let issue = refusal.detail.as_ref().and_then(|detail| detail.get("issue")?.as_str());
            Error::Claim(issue.unwrap_or(refusal.reason.row().message).to_owned())
        })?;
        Ok(claimed)
    }

    /// Everything as at the start: coupons, ledger, log, faults, clock,
    /// certificates, notifications.
    pub(crate) fn reset(&self) {
        self.clear_faults(None);
        self.menu.forget_counts();
        self.world.reset();
        self.world.set_notify_addresses(Addresses::default());
        if let Some(url) = &self.options.notify_url {
            self.world.set_notify_url(Mode::Partner, Some(url));
        }
        self.post.clear();
        self.signing.reset();
        self.journal.clear();
        self.replies.clear();
        self.counters.clear();
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = self.counters.stats();
        stats.open_connections = u64::try_from(self.threads.count()).unwrap_or(u64::MAX);
        stats.faults_fired = self.menu.total_fired();
        stats.used = self.world.ledger.count(Effect::Used);
        stats.returned = self.world.ledger.count(Effect::Returned);
        stats.sent = self.world.ledger.count(Effect::Sent);
        stats.coupons = u64::try_from(self.world.coupons.count()).unwrap_or(u64::MAX);
        stats
    }
}
