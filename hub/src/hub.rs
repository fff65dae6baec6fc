//! What every part of the hub shares.

use crate::answer::{Answer, Refusal};
use crate::config::Config;
use crate::door::{Nonces, Pace, Seen};
use crate::log;
use crate::master::{Label, Master};
use crate::merchant_rate::MerchantRate;
use crate::metrics::Metrics;
use crate::mistake::Mistake;
use crate::policy::Policy;
use crate::secret::{Key, hex, random};
use crate::store::numbers::{self, Number};
use crate::store::{self, Failed, Store, tills, turns};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};
use wxcoupon::client::Client;
use wxcoupon::config::Config as LibraryConfig;
use wxcoupon::directory::sqlite::Sqlite as Directory;
use wxcoupon::system::wall_ms;

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
    pub clock: Clock,
    /// This process among the hubs of the store.
    pub id: String,
    pub rate: MerchantRate,
    coupons: Coupons,
    master: RwLock<Master>,
}

impl Hub {
    /// Opens everything that the configuration names. Nothing is served yet.
    pub fn open(config: Config) -> Result<Hub, Mistake> {
        let named = |error: wxcoupon::error::Error| config.mistake_of_library(&error);
        let library = LibraryConfig::from_json(&config.wechatpay.to_string()).map_err(named)?;
        let (store, master) = open_store(&config)?;
        let clock = Clock::default();
        clock.set(store.read(store::now_ms).map_err(|failed| Mistake::store(&failed))?);
        let merchant = library.identity.key();
        let rate = MerchantRate::new(merchant.clone(), library.max_rate_per_s, config.limits.calls);
        let client = Client::new(library).map_err(|error| config.mistake_of_library(&error))?;
        let client = match config.directory_path.clone() {
            Some(path) => client.with_directory(Some(Arc::new(Directory::new(Some(path), &merchant)))),
            None => client,
        };
        let hub = Hub {
            client,
            rate,
            store,
            nonces: Nonces::default(),
            pace: Pace::default(),
            seen: Seen::default(),
            metrics: Metrics::default(),
            clock,
            id: hex(&random::<16>()?),
            coupons: Coupons::default(),
            master: RwLock::new(master),
            config,
        };
        hub.join_rate().map_err(|failed| Mistake::store(&failed))?;
        Ok(hub)
    }

    /// The time by the store's clock, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        wall_ms() + self.clock.behind_ms.load(Ordering::Relaxed)
    }

    /// Opens a sealed key. Where it does not open, the master key may have been replaced meanwhile.
    pub fn unseal(&self, label: Label<'_>, sealed: &[u8]) -> Result<Key, Failed> {
        let known = self.master.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Ok(key) = known.open(label, sealed) {
            return Ok(key);
        }
        let fresh = self.config.master_key.read().map_err(Failed::new)?;
        let key = fresh.open(label, sealed).map_err(Failed::new)?;
        *self.master.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(key)
    }

    /// The master key that the store is sealed under now.
    pub fn master(&self) -> Result<Master, Failed> {
        let known = self.master.read().unwrap_or_else(PoisonError::into_inner).clone();
        let fits = |master: Master| {
            let fits = self.store.write({
                let master = master.clone();
                move |sql| tills::fits(sql, &master)
            });
            fits.map(|fits| fits.then_some(master))
        };
        if let Some(master) = fits(known)? {
            return Ok(master);
        }
        let fresh = self.config.master_key.read().map_err(Failed::new)?;
        let fresh = fits(fresh)?.ok_or_else(|| Failed::new("it is sealed under another master key"))?;
        *self.master.write().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
        Ok(fresh)
    }

    /// The policy of a till.
    pub fn policy(&self, till: &str) -> Policy {
        self.config.policies.of(till)
    }

    /// Whose number it is. `None`: of no till.
    pub fn owner(&self, number: &str) -> Result<Option<Number>, Failed> {
        self.store.read(|sql| numbers::find(sql, number))
    }

    /// Whether a till sees the numbers of another one.
    pub fn sees(&self, till: &str, policy: &Policy, other: &str) -> bool {
        till == other
            || policy.sees == crate::policy::Sees::Group
                && policy.group.is_some()
                && self.policy(other).group == policy.group
    }

    /// The numbers of open requests that a till sees. Where the store does not say, nobody is told that there are none.
    pub fn own_open(&self, till: &str, policy: &Policy) -> Result<HashSet<String>, Answer> {
        let rows = self.client.unfinished().map_err(|error| Answer::told(error.into()))?;
        let numbers: Vec<&str> = rows.iter().map(|row| &*row.request.request_no).collect();
        let mut owners = self.store.read(|sql| numbers::find_all(sql, &numbers))?;
        owners.retain(|owner| self.sees(till, policy, &owner.till));
        Ok(owners.into_iter().map(|owner| owner.request_no).collect())
    }
}

/// Opens the store, and the master key that fits it.
pub fn open_store(config: &Config) -> Result<(Store, Master), Mistake> {
    let master = config.master_key.read()?;
    let store = Store::open(&config.store).map_err(|failed| {
        Mistake::new(format!("store: {}", failed.why()), format!("存储（store）无法打开：{}", failed.why()))
    })?;
    let asked = master.clone();
    let fits = store.write(move |sql| tills::fits(sql, &asked));
    match fits {
        Ok(true) => Ok((store, master)),
        Ok(false) => Err(Mistake::new(
            format!("master_key is not the one that {} is sealed under", config.store),
            format!("master_key 不是加密 {} 所用的主密钥", config.store),
        )),
        Err(failed) => Err(Mistake::store(&failed)),
    }
}

/// The store's clock. It is read with every request of a till; in between this machine's goes on.
#[derive(Debug, Default)]
pub struct Clock {
    /// By how much this machine's clock is behind.
    behind_ms: AtomicI64,
}

impl Clock {
    /// What the store's clock says now.
    pub fn set(&self, now_ms: i64) {
        self.behind_ms.store(now_ms - wall_ms(), Ordering::Relaxed);
    }
}

/// Coupons that are being returned: one call at a time looks who redeemed a coupon and returns it.
#[derive(Debug, Default)]
pub struct Coupons(Mutex<HashMap<String, Arc<Mutex<()>>>>);

impl Coupons {
    /// Runs this alone for the coupon, in this process.
    fn alone<T>(&self, coupon: &str, run: impl FnOnce() -> T) -> T {
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

/// How long a call waits for its turn at a coupon.
const PATIENCE: Duration = Duration::from_secs(3);
/// A turn lasts as long as its call may, and this much longer.
const SPARE: Duration = Duration::from_secs(20);

/// A call's turn at a coupon.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// Before it was asked for.
    began: Instant,
}

impl Turn {
    /// Whether the call could outlast its turn if it began now. A process that stood still does not know what it has missed.
    pub fn is_over(self) -> bool {
        self.began.elapsed() > SPARE / 2
    }
}

impl Hub {
    /// Runs a call alone for the coupon, at this hub and at all others of the store.
    pub fn alone(
        &self,
        coupon: &str,
        limit_ms: i64,
        run: impl FnOnce(Turn) -> Result<Answer, Answer>,
    ) -> Result<Answer, Answer> {
        self.coupons.alone(coupon, || {
            let what = format!("coupon {coupon}");
            let turn = self.turn(&what, limit_ms)?;
            let answer = run(turn);
            if self.store.is_shared() {
                let id = self.id.clone();
                if let Err(failed) = self.store.write(move |sql| turns::give_back(sql, &what, &id)) {
                    // It ends by itself.
                    log::warn("store", failed.why());
                }
            }
            answer
        })
    }

    fn turn(&self, what: &str, limit_ms: i64) -> Result<Turn, Answer> {
        let first = Instant::now();
        if !self.store.is_shared() {
            return Ok(Turn { began: first });
        }
        let for_ms = limit_ms.saturating_add(i64::try_from(SPARE.as_millis()).unwrap_or_default());
        loop {
            let began = Instant::now();
            let (what, id) = (what.to_owned(), self.id.clone());
            if self.store.write(move |sql| turns::take(sql, &what, &id, for_ms))? {
                return Ok(Turn { began });
            }
            if first.elapsed() > PATIENCE {
                let message = "another hub is returning this coupon";
                return Err(Answer::refused(Refusal::Busy, message));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
