//! The state as it is kept in a file.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::State;
use super::busifavor;
use super::catalogue::Catalogue;
use super::coupon::Coupon;
use super::ledger::Record;
use super::notify_address::Addresses;
use crate::sync::write;

/// Everything that outlives a restart; the clock does not.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Saved {
    catalogue: Catalogue,
    coupons: Vec<(Arc<str>, Coupon)>,
    #[serde(default)]
    busifavor: Vec<(busifavor::Key, busifavor::Coupon)>,
    numbers: Vec<Arc<str>>,
    used_rungs: HashMap<String, BTreeMap<u32, i64>>,
    ledger: Vec<Record>,
    notify: Addresses,
}

impl State {
    /// A copy of everything at one moment.
    pub(crate) fn saved(&self) -> Saved {
        // Nobody changes anything meanwhile: that takes the catalogue too.
        let catalogue = write(&self.catalogue);
        Saved {
            catalogue: catalogue.clone(),
            coupons: self.coupons.select(|_| true),
            busifavor: self.busifavor.select(|_, _| true),
            numbers: self.numbers.all(),
            used_rungs: self.used_rungs.all(),
            ledger: self.ledger.records(),
            notify: self.notify_addresses(),
        }
    }

    /// Puts a saved state in the place of this one.
    pub(crate) fn restore(&self, saved: Saved) {
        let mut catalogue = write(&self.catalogue);
        *catalogue = saved.catalogue;
        self.coupons.clear();
        for (code, coupon) in saved.coupons {
            self.coupons.ensure(&code, || coupon);
        }
        self.busifavor.restore(saved.busifavor);
        self.numbers.clear();
        for number in saved.numbers {
            self.numbers.claim(&number);
        }
        self.used_rungs.restore(saved.used_rungs);
        self.ledger.restore(saved.ledger);
        self.restore_notify_addresses(saved.notify);
    }
}
