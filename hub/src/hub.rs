//! What every part of the hub shares.

use crate::config::Config;
use crate::door::{Nonces, Pace, Seen};
use crate::master::{Label, Master};
use crate::metrics::Metrics;
use crate::mistake::Mistake;
use crate::policy::Policy;
use crate::secret::Key;
use crate::store::numbers::{self, Number};
use crate::store::{Failed, Store, tills};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use wxcoupon::client::Client;
use wxcoupon::config::Config as LibraryConfig;
use wxcoupon::journal::Row;

/// The hub.
#[derive(Debug)]
pub struct Hub {
    pub client: Client,
    pub store: Store,
    pub config: Config,
    pub nonces: Nonces,
    pub pace: Pace,
    pub seen: Seen,
    pub metrics: Metrics,
    pub coupons: Coupons,
    master: RwLock<Master>,
}

impl Hub {
    /// Opens everything that the configuration names. Nothing is served yet.
    pub fn open(config: Config) -> Result<Hub, Mistake> {
        let named = |error: wxcoupon::error::Error| config.mistake_of_library(&error);
        let library = LibraryConfig::from_json(&config.wechatpay.to_string()).map_err(named)?;
        let (store, master) = open_store(&config)?;
        let client = Client::new(library).map_err(|error| config.mistake_of_library(&error))?;
        Ok(Hub {
            client,
            store,
            nonces: Nonces::default(),
            pace: Pace::default(),
            seen: Seen::default(),
            metrics: Metrics::default(),
            coupons: Coupons::default(),
            master: RwLock::new(master),
            config,
        })
    }

    /// Opens a sealed key. Where it does not open, the master key may have been replaced meanwhile.
    pub fn unseal(&self, label: Label<'_>, sealed: &[u8]) -> Result<Key, Failed> {
        let known = self.master.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Ok(key) = known.open(label, sealed) {
            return Ok(key);
        }
        let fresh = self.config.master_key.read().map_err(|mistake| Failed(mistake.to_string()))?;
        let key = fresh.open(label, sealed).map_err(|error| Failed(error.to_string()))?;
        *self.master.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(key)
    }

    /// The master key that the store is sealed under now.
    pub fn master(&self) -> Result<Master, Failed> {
        let known = self.master.read().unwrap_or_else(PoisonError::into_inner).clone();
        let fits = |master: Master| {
            let fits = self.store.write({
                let master = master.clone();
                move |connection| tills::fits(connection, &master)
            });
            fits.map(|fits| fits.then_some(master))
        };
        if let Some(master) = fits(known)? {
            return Ok(master);
        }
        let fresh = self.config.master_key.read().map_err(|mistake| Failed(mistake.to_string()))?;
        let fresh = fits(fresh)?.ok_or_else(|| Failed("it is sealed under another master key".into()))?;
        *self.master.write().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
        Ok(fresh)
    }

    /// The policy of a till.
    pub fn policy(&self, till: &str) -> Policy {
        self.config.policies.of(till)
    }

    /// Whose number it is. `None`: of no till.
    pub fn owner(&self, number: &str) -> Result<Option<Number>, Failed> {
        self.store.read(|connection| numbers::find(connection, number))
    }

    /// Whether a till sees the numbers of another one.
    pub fn sees(&self, till: &str, policy: &Policy, other: &str) -> bool {
        till == other
            || policy.sees == crate::policy::Sees::Group
                && policy.group.is_some()
                && self.policy(other).group == policy.group
    }

    /// Whether a till sees a row of the journal.
    pub fn is_own_row(&self, till: &str, policy: &Policy, row: &Row) -> bool {
        let owner = self.owner(&row.request.request_no).ok().flatten();
        owner.is_some_and(|owner| self.sees(till, policy, &owner.till))
    }
}

/// Opens the store, and the master key that fits it.
pub fn open_store(config: &Config) -> Result<(Store, Master), Mistake> {
    let master = config.master_key.read()?;
    let store = Store::open(&config.store).map_err(|failed| Mistake::new(format!("store: {}", failed.0)))?;
    let asked = master.clone();
    let fits = store.write(move |connection| tills::fits(connection, &asked));
    match fits {
        Ok(true) => Ok((store, master)),
        Ok(false) => Err(Mistake::new(format!(
            "master_key is not the one that {} is sealed under",
            config.store.display()
        ))),
        Err(failed) => Err(Mistake::new(failed.to_string())),
    }
}

/// Coupons that are being returned: one call at a time looks who redeemed a coupon and returns it.
#[derive(Debug, Default)]
pub struct Coupons(Mutex<HashMap<String, Arc<Mutex<()>>>>);

impl Coupons {
    /// Runs this alone for the coupon.
    pub fn alone<T>(&self, coupon: &str, run: impl FnOnce() -> T) -> T {
        let mine = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(all.entry(coupon.to_owned()).or_default())
        };
        let turn = mine.lock().unwrap_or_else(PoisonError::into_inner);
        let result = run();
        drop(turn);
        result
    }
}
