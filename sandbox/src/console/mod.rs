//! The console: what a person at the browser sees of a running sandbox and may do to it.
//!
//! The page itself is in `page`, without a build step; `admin` serves it.

pub(crate) mod acts;
mod ask;
pub(crate) mod assets;
pub(crate) mod busifavor;
pub(crate) mod button;
pub(crate) mod cards;
pub(crate) mod curl;
pub(crate) mod exchange;
pub(crate) mod har;
mod journal;
pub(crate) mod offers;
mod payment_code;
pub(crate) mod scenario;
pub(crate) mod symbols;
pub(crate) mod told;
pub(crate) mod truth;

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, OnceLock};

use serde_json::Value;

use crate::clock::Clock;
use crate::crypto::random;
use crate::operation::Operation;
use crate::options::Options;
use crate::sync::lock;
use journal::Journal;
use offers::Offer;
pub(crate) use payment_code::PaymentCode;
use told::{Register, Told, ToldEntry};

/// What the console remembers beside the state of the sandbox.
pub(crate) struct Console {
    /// What was made with the short form, oldest first; a scenario repeats it.
    offers: Mutex<Vec<Offer>>,
    /// What callers say they were told.
    pub(crate) told: Register,
    journal: Option<Journal>,
    /// Since when the ledger has everything, in seconds since 1970 by the machine's clock.
    began: AtomicI64,
    /// The name of this run: whoever looks can tell it from the one before.
    pub(crate) run: String,
    /// Payment codes are made from it.
    secret: String,
    /// For downloads; known once the hosts listen.
    pub(crate) files: OnceLock<Files>,
}

/// Files of the sandbox's folder that the page offers.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) config: Value,
    pub(crate) brand_config: Value,
    /// The authority of the hosts' certificates.
    pub(crate) ca: PathBuf,
}

impl Console {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            offers: Mutex::default(),
            told: Register::default(),
            journal: options.journal.clone().map(Journal::new),
            began: AtomicI64::new(Clock::default().now()),
            run: random::alphanumeric(12).unwrap_or_default(),
            secret: random::alphanumeric(32).unwrap_or_default(),
            files: OnceLock::new(),
        }
    }

    /// The code that this user's phone shows for paying.
    pub(crate) fn payment_code(&self, openid: &str, now: i64) -> PaymentCode {
        PaymentCode::new(&self.secret, openid, now)
    }

    pub(crate) fn offers(&self) -> Vec<Offer> {
        lock(&self.offers).clone()
    }

    pub(crate) fn remember(&self, offer: Offer) {
        lock(&self.offers).push(offer);
    }

    /// Whoever pressed a button saw that it was done.
    fn told_here(&self, number: &str, operation: Operation, object: &str, now: i64) {
        let mut entry = ToldEntry::new(number, Told::Done);
        "console".clone_into(&mut entry.source);
        operation.name().clone_into(&mut entry.operation);
        object.clone_into(&mut entry.coupon_code);
        // No more numbers are remembered: then it stays unknown.
        let _ = self.told.add(vec![entry], now);
    }

    pub(crate) fn began(&self) -> i64 {
        self.began.load(Ordering::Relaxed)
    }

    /// What an earlier run remembered.
    pub(crate) fn restore(&self, offers: Vec<Offer>, told: Vec<ToldEntry>, began: i64) {
        self.began.store(began, Ordering::Relaxed);
        *lock(&self.offers) = offers;
        self.told.restore(told);
    }

    /// As at the start.
    pub(crate) fn clear(&self) {
        lock(&self.offers).clear();
        self.told.clear();
        self.began.store(Clock::default().now(), Ordering::Relaxed);
    }
}
