//! What the sandbox knows about coupons, and what may happen to them.

pub(crate) mod bundles;
pub(crate) mod catalogue;
pub(crate) mod coupon;
pub(crate) mod entity;
pub(crate) mod ledger;
pub(crate) mod notify;
pub(crate) mod requests;
pub(crate) mod rules;
pub(crate) mod seed;
pub(crate) mod store;
pub(crate) mod view;

use std::collections::HashSet;
use std::sync::Mutex;

use crate::clock::Clock;
use crate::outbox::Outbox;
use crate::sync::lock;
use bundles::Bundles;
use catalogue::Catalogue;
use ledger::Ledger;
use notify::NotifyConfigs;
use store::{CouponStore, Numbers};

/// Everything behind the API. Locks are taken in the order coupon, number,
/// bundle, ledger, each for microseconds; no two coupons are ever locked at
/// once, and nothing is locked while keys or sockets are at work.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) catalogue: Catalogue,
    pub(crate) coupons: CouponStore,
    pub(crate) ledger: Ledger,
    /// Where operations leave events for receivers of notifications.
    pub(crate) outbox: Outbox,
    notify: NotifyConfigs,
    numbers: Numbers,
    bundles: Bundles,
    /// Coupons with a slow redemption in progress.
    busy: Mutex<HashSet<String>>,
}

impl World {
    /// A world with the seeded coupons.
    pub(crate) fn new() -> Self {
        let clock = Clock::default();
        let world = Self {
            catalogue: Catalogue::seeded(clock.now()),
            clock,
            coupons: CouponStore::new(),
            ledger: Ledger::default(),
            outbox: Outbox::default(),
            notify: NotifyConfigs::default(),
            numbers: Numbers::new(),
            bundles: Bundles::default(),
            busy: Mutex::default(),
        };
        seed::plant(&world);
        world
    }

    /// Back to the beginning: seeded coupons, empty ledger, right clock.
    pub(crate) fn reset(&self) {
        self.clock.set_offset(0);
        self.coupons.clear();
        self.numbers.clear();
        self.bundles.clear();
        self.ledger.clear();
        self.outbox.clear();
        lock(&self.busy).clear();
        seed::plant(self);
    }

    /// Marks a coupon as having a redemption in progress; `false` when it
    /// has one already.
    pub(crate) fn start_busy(&self, code: &str) -> bool {
        lock(&self.busy).insert(code.to_owned())
    }

    /// Ends what [`World::start_busy`] began.
    pub(crate) fn end_busy(&self, code: &str) {
        lock(&self.busy).remove(code);
    }

    fn is_busy(&self, code: &str) -> bool {
        lock(&self.busy).contains(code)
    }
}
