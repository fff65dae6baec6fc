//! What the sandbox keeps: coupons, stocks, numbers, the ledger, addresses of notifications.

mod announce;
pub(crate) mod brand;
pub(crate) mod busifavor;
pub(crate) mod catalogue;
pub(crate) mod coupon;
pub(crate) mod coupon_json;
pub(crate) mod coupon_store;
pub(crate) mod file;
pub(crate) mod grant;
pub(crate) mod ledger;
pub(crate) mod notify_address;
pub(crate) mod outbox;
pub(crate) mod payment_codes;
mod receipts;
pub(crate) mod request_number;
pub(crate) mod saved;
pub(crate) mod seed;
pub(crate) mod used_rungs;
pub(crate) mod view;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, RwLock};

use crate::clock::Clock;
use crate::sync::{lock, write};
use brand::Brand;
use catalogue::Catalogue;
use coupon_store::{CouponStore, Numbers};
use ledger::Ledger;
use notify_address::NotifyConfigs;
use outbox::Outbox;
use payment_codes::PaymentCodes;
use used_rungs::UsedRungs;

/// Everything behind the API. Locks are taken in the order catalogue, coupon,
/// number, bundle, ledger, each for microseconds; no two coupons are ever
/// locked at once, and nothing is locked while keys or sockets are at work.
/// Whoever changes anything holds the catalogue, if only for reading: so
/// whoever holds it for writing sees everything at rest.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) catalogue: RwLock<Catalogue>,
    pub(crate) coupons: CouponStore,
    /// Coupons of the family 商家券.
    pub(crate) busifavor: busifavor::Coupons,
    pub(crate) ledger: Ledger,
    /// Events on their way to receivers of notifications.
    pub(crate) outbox: Outbox,
    notify: NotifyConfigs,
    pub(crate) brand: Brand,
    /// Payment codes that users show.
    pub(crate) payment_codes: PaymentCodes,
    /// Request numbers that are bound to an effect.
    pub(crate) numbers: Numbers,
    /// Which coupons of each user's bundles are used.
    pub(crate) used_rungs: UsedRungs,
    /// Coupons with a slow redemption in progress.
    busy: Mutex<HashSet<String>>,
    /// Grows with every change, so that savers see whether there is anything to do.
    changes: AtomicU64,
}

impl State {
    /// A state with the seeded coupons.
    pub(crate) fn new() -> Self {
        let clock = Clock::default();
        let state = Self {
            catalogue: RwLock::new(Catalogue::seeded(clock.business_now())),
            clock,
            coupons: CouponStore::new(),
            busifavor: busifavor::Coupons::default(),
            ledger: Ledger::default(),
            outbox: Outbox::default(),
            notify: NotifyConfigs::default(),
            brand: Brand::default(),
            payment_codes: PaymentCodes::default(),
            numbers: Numbers::new(),
            used_rungs: UsedRungs::default(),
            busy: Mutex::default(),
            changes: AtomicU64::new(0),
        };
        seed::plant(&state);
        state
    }

    /// Back to the beginning: seeded coupons, empty ledger, right clock.
    pub(crate) fn reset(&self) {
        self.clock.set_offset(0);
        self.clock.set_business_offset(0);
        {
            let mut catalogue = write(&self.catalogue);
            *catalogue = Catalogue::seeded(self.clock.business_now());
            self.coupons.clear();
            self.busifavor.clear();
            self.numbers.clear();
            self.used_rungs.clear();
            self.ledger.clear();
            self.outbox.clear();
            self.payment_codes.clear();
            self.brand.reset();
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

    /// Ends what [`State::start_busy`] began.
    pub(crate) fn end_busy(&self, code: &str) {
        lock(&self.busy).remove(code);
    }

    pub(crate) fn is_busy(&self, code: &str) -> bool {
        lock(&self.busy).contains(code)
    }

    /// Notes that something has changed.
    pub(crate) fn touch(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// How often something has changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }
}
