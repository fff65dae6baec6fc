//! What the sandbox knows about coupons, and what may happen to them.

pub(crate) mod announce;
pub(crate) mod bundles;
pub(crate) mod catalogue;
pub(crate) mod confirm;
pub(crate) mod coupon;
pub(crate) mod entity;
pub(crate) mod issue;
pub(crate) mod ledger;
pub(crate) mod list;
pub(crate) mod manage;
pub(crate) mod notify;
pub(crate) mod requests;
pub(crate) mod rules;
pub(crate) mod saved;
pub(crate) mod seed;
pub(crate) mod store;
pub(crate) mod view;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, RwLock};

use crate::clock::Clock;
use crate::outbox::Outbox;
use crate::sync::{lock, write};
use bundles::Bundles;
use catalogue::Catalogue;
use ledger::Ledger;
use notify::NotifyConfigs;
use store::{CouponStore, Numbers};

/// Everything behind the API. Locks are taken in the order catalogue, coupon,
/// number, bundle, ledger, each for microseconds; no two coupons are ever
/// locked at once, and nothing is locked while keys or sockets are at work.
/// Whoever changes anything holds the catalogue, if only for reading: so
/// whoever holds it for writing sees everything at rest.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) catalogue: RwLock<Catalogue>,
    pub(crate) coupons: CouponStore,
    pub(crate) ledger: Ledger,
    /// Where operations leave events for receivers of notifications.
    pub(crate) outbox: Outbox,
    notify: NotifyConfigs,
    numbers: Numbers,
    bundles: Bundles,
    /// Coupons with a slow redemption in progress.
    busy: Mutex<HashSet<String>>,
    /// Grows with every change, so that savers see whether there is anything to do.
    changes: AtomicU64,
}

impl World {
    /// A world with the seeded coupons.
    pub(crate) fn new() -> Self {
        let clock = Clock::default();
        let world = Self {
            catalogue: RwLock::new(Catalogue::seeded(clock.business_now())),
            clock,
            coupons: CouponStore::new(),
            ledger: Ledger::default(),
            outbox: Outbox::default(),
            notify: NotifyConfigs::default(),
            numbers: Numbers::new(),
            bundles: Bundles::default(),
            busy: Mutex::default(),
            changes: AtomicU64::new(0),
        };
        seed::plant(&world);
        world
    }

    /// Back to the beginning: seeded coupons, empty ledger, right clock.
    pub(crate) fn reset(&self) {
        self.clock.set_offset(0);
        self.clock.set_world_offset(0);
        {
            let mut catalogue = write(&self.catalogue);
            *catalogue = Catalogue::seeded(self.clock.business_now());
            self.coupons.clear();
            self.numbers.clear();
            self.bundles.clear();
            self.ledger.clear();
            self.outbox.clear();
            lock(&self.busy).clear();
        }
        seed::plant(self);
        self.touch();
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

    /// Notes that something has changed.
    fn touch(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// How often something has changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }
}
