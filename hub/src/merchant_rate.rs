//! One pace for all hubs of a merchant: the library's limiter of this process follows the hub's portion.

use crate::hub::Hub;
use crate::portions::{Grant, JOINS_MS, Lease, wanted};
use crate::store::Failed;
use crate::store::portions::{Renewal, give_back, renew};
use crate::{log, orphans};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use wxcoupon::net::rate_limit::{self, Share};

const EVERY: Duration = Duration::from_secs(1);

/// The hub's part of the merchant's rate.
#[derive(Debug)]
pub struct MerchantRate {
    /// The merchant, as the library's limiter knows it.
    merchant: String,
    total: i64,
    waiting: i64,
    start: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    lease: Lease,
    /// While it lives, the limiter lets no more than this through.
    share: Option<(i64, Share)>,
}

impl MerchantRate {
    /// `calls`: calls of tills that run at the same time.
    pub fn new(merchant: String, total: u64, calls: usize) -> MerchantRate {
        let waiting = i64::try_from(calls + orphans::AT_ONCE).unwrap_or(1 << 40);
        MerchantRate {
            merchant,
            total: i64::try_from(total).unwrap_or(i64::MAX),
            waiting,
            start: Instant::now(),
            state: Mutex::new(State { lease: Lease::new(waiting), share: None }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// The limiter follows what may be sent now.
    fn apply(&self) {
        let mut state = self.lock();
        let rate = state.lease.rate(self.now_ms());
        if state.share.as_ref().is_none_or(|(is, _)| *is != rate) {
            // The new share is there before the old one goes.
            let share = rate_limit::shared(&self.merchant, rate.unsigned_abs());
            state.share = Some((rate, share));
        }
    }

    /// What this hub may send a second.
    pub fn rate(&self) -> i64 {
        self.lock().lease.rate(self.now_ms())
    }
}

impl Hub {
    /// Takes a part before anything is served: waits a little for what other hubs give back.
    pub fn join_rate(&self) -> Result<(), Failed> {
        if !self.store.is_shared() {
            return Ok(());
        }
        self.rate.apply();
        loop {
            let granted = self.renew_portion()?;
            if granted.now == granted.fair || self.rate.now_ms() >= JOINS_MS {
                return Ok(());
            }
            std::thread::sleep(EVERY / 4);
        }
    }

    fn renew_portion(&self) -> Result<Grant, Failed> {
        let began_ms = self.rate.now_ms();
        let renewal = Renewal {
            holder: self.id.clone(),
            total: self.rate.total,
            held: self.rate.lock().lease.held(began_ms),
            wanted: wanted(self.metrics.asked.swap(0, Ordering::Relaxed)),
            waiting: self.rate.waiting,
        };
        let (held, granted) = self.store.write(move |sql| renew(sql, &renewal))?;
        self.rate.lock().lease.renewed(began_ms, self.rate.now_ms(), held, granted.now);
        self.rate.apply();
        Ok(granted)
    }

    /// A hub that ends leaves its part to the others.
    pub fn leave_rate(&self) {
        let id = self.id.clone();
        if self.store.is_shared()
            && let Err(failed) = self.store.write(move |sql| give_back(sql, &id))
        {
            log::warn("store", failed.why());
        }
    }
}

/// Renews the portion each second until the hub stops, and slows down where that fails.
pub async fn keep(hub: Arc<Hub>, mut stopped: watch::Receiver<()>) {
    if !hub.store.is_shared() {
        return;
    }
    let mut renewing = None;
    while tokio::time::timeout(EVERY, stopped.changed()).await.is_err() {
        hub.rate.apply();
        if renewing.as_ref().is_none_or(tokio::task::JoinHandle::is_finished) {
            let hub = Arc::clone(&hub);
            renewing = Some(spawn_blocking(move || {
                if let Err(failed) = hub.renew_portion() {
                    log::warn("merchant_rate", failed.why());
                }
            }));
        }
    }
    if let Some(renewing) = renewing {
        let _ = renewing.await;
    }
}
