//! What was done, and how long it took.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

pub const HUB_KILLS: &str = "SIGKILLs of hubs";
pub const TILL_KILLS: &str = "SIGKILLs of tills";
pub const FREEZES: &str = "hubs frozen beyond their leases";
pub const CLOCK_STEPS: &str = "steps of a hub's clock";
pub const PROMOTIONS: &str = "promotions of the standby";
pub const WITHOUT_DATABASE_MS: &str = "milliseconds without a database";

#[derive(Default)]
pub struct Figures {
    counts: Mutex<BTreeMap<String, u64>>,
    times: Mutex<BTreeMap<String, Vec<u64>>>,
    /// In milliseconds since 1970.
    back: Mutex<Vec<u64>>,
}

impl Figures {
    pub fn add(&self, what: &str, count: u64) {
        *self.counts.lock().unwrap().entry(what.to_owned()).or_default() += count;
    }

    pub fn of(&self, what: &str) -> u64 {
        self.counts.lock().unwrap().get(what).copied().unwrap_or_default()
    }

    pub fn took(&self, what: &str, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap();
        self.times.lock().unwrap().entry(what.to_owned()).or_default().push(ms);
    }

    /// For that long there was no primary; now there is one.
    pub fn without_database(&self, time: Duration) {
        self.add(WITHOUT_DATABASE_MS, u64::try_from(time.as_millis()).unwrap());
        self.back.lock().unwrap().push(super::record::now_ms());
    }

    /// When there was a database again.
    pub fn database_was_back(&self) -> Vec<u64> {
        self.back.lock().unwrap().clone()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, count) in &*self.counts.lock().unwrap() {
            writeln!(formatter, "{count:>9}  {what}")?;
        }
        for (what, times) in &*self.times.lock().unwrap() {
            let mut times = times.clone();
            times.sort_unstable();
            let at = |part: usize| times[(times.len() - 1) * part / 100];
            let (median, p95, most) = (at(50), at(95), at(100));
            writeln!(
                formatter,
                "{:>9}  {what}: median {median} ms, p95 {p95} ms, at most {most} ms",
                times.len()
            )?;
        }
        Ok(())
    }
}
