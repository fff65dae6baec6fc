//! Who comes in: a till with its key, at the right time, once.

use crate::answer::{Answer, Refusal};
use crate::hub::Hub;
use crate::mac::{self, Asked, WINDOW_S};
use crate::master::Label;
use crate::secret::{Key, digest};
use crate::store::{numbers, tills};
use axum::http::HeaderMap;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What is said of a copy.
pub const CAME_BEFORE: &str =
    "this nonce came before: what became of the request that it came with, this answer does not say";

/// A whole request.
#[derive(Debug)]
pub struct Request {
    pub method: String,
    /// Path and query as they came.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// The other side's address.
    pub from: String,
}

impl Request {
    /// The path without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A header that is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }
}

/// A till that has proven itself.
#[derive(Debug)]
pub struct Caller {
    pub till: String,
    pub key: Key,
    pub nonce: String,
}

/// Why somebody was not let in, and, where there is a common key, how that is proven.
#[derive(Debug)]
pub struct Turned {
    pub answer: Answer,
    pub proven_with: Option<(Key, String)>,
}

impl Turned {
    fn away(refusal: Refusal, message: impl Into<String>) -> Turned {
        Turned { answer: Answer::refused(refusal, message), proven_with: None }
    }
}

/// What a request says about its sender.
pub struct Head<'a> {
    pub till: &'a str,
    pub time_s: i64,
    pub nonce: &'a str,
    pub mac: &'a str,
}

/// Reads the headers that every request has.
pub fn head(request: &Request) -> Result<Head<'_>, Turned> {
    let header = |name: &str| {
        request.header(name).ok_or_else(|| {
            Turned::away(Refusal::MissingHeader, format!("the header {name} is missing, or there twice"))
        })
    };
    let wrong = |name: &str, expected: &str| {
        Turned::away(Refusal::MissingHeader, format!("the header {name} is to be {expected}"))
    };
    let (till, nonce) = (header(mac::TILL)?, header(mac::NONCE)?);
    if !mac::is_till(till) {
        return Err(wrong(mac::TILL, "1 to 40 of 0-9 A-Z a-z _ - ."));
    }
    if !mac::is_nonce(nonce) {
        return Err(wrong(mac::NONCE, "16 to 64 of 0-9 A-Z a-z _ -"));
    }
    let time_s = number(header(mac::TIME)?).ok_or_else(|| wrong(mac::TIME, "seconds since 1970"))?;
    Ok(Head { till, time_s, nonce, mac: header(mac::MAC)? })
}

/// Digits without sign and zeros in front, so that there is one way to write it.
pub fn number(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text && number >= 0).then_some(number)
}

impl Hub {
    /// Lets a till in, or says why not.
    pub fn admit(&self, request: &Request) -> Result<Caller, Turned> {
        let head = head(request)?;
        let generation = request.header(mac::KEY).and_then(number);
        let generation = generation.ok_or_else(|| {
            Turned::away(Refusal::MissingHeader, "the header wxcoupon-key is to be the key's generation")
        })?;
        let till = head.till;
        let known = self.store.read(|sql| tills::key(sql, till, generation));
        let store =
            |failed: &crate::store::Failed| Turned { answer: Answer::store(failed), proven_with: None };
        let known = known.map_err(|failed| store(&failed))?;
        // The store's clock, which is the same for all hubs.
        self.clock.set(known.now_ms);
        let stored = known.key.ok_or_else(|| {
            if known.is_till {
                let message = format!("till {till:?} has no key of generation {generation}");
                return Turned::away(Refusal::UnknownKey, message);
            }
            Turned::away(Refusal::UnknownTill, format!("this hub knows no till {till:?}"))
        })?;
        let label = Label { kind: "till", till, generation };
        let key = self.unseal(label, &stored.sealed).map_err(|failed| store(&failed))?;
        let asked = Asked {
            method: &request.method,
            target: &request.target,
            till,
            generation,
            time_s: head.time_s,
            nonce: head.nonce,
            body: &request.body,
        };
        if !mac::is_right(&key, &asked.text(), head.mac) {
            return Err(Turned::away(
                Refusal::WrongMac,
                "the MAC does not fit the request and the till's key",
            ));
        }
        let proven = |refusal: Refusal, message: &str| Turned {
            answer: Answer::refused(refusal, message),
            proven_with: Some((key.clone(), head.nonce.to_owned())),
        };
        // Before all else that is proven: a copy of this very request has come, and may have been served.
        if !self.nonces.keep(till, head.nonce) {
            return Err(proven(Refusal::NonceReused, CAME_BEFORE));
        }
        if stored.revoked {
            return Err(proven(Refusal::Revoked, "this till was revoked"));
        }
        if stored.ended {
            return Err(proven(Refusal::UnknownKey, "this key has ended: a newer one takes its place"));
        }
        let off_s = head.time_s.saturating_sub(known.now_ms.div_euclid(1000));
        if off_s.abs() > WINDOW_S {
            // Its time may come, and it is not to be served then.
            if off_s > 0 {
                let (till, nonce) = (till.to_owned(), head.nonce.to_owned());
                let _ = self.store.write(move |sql| numbers::keep_nonce(sql, &till, &nonce, off_s));
            }
            let message =
                format!("the till's clock is off by {off_s} seconds; at most {WINDOW_S} are accepted");
            return Err(proven(Refusal::WrongTime, &message));
        }
        self.seen.note(till, known.now_ms, &request.from);
        Ok(Caller { till: till.to_owned(), key, nonce: head.nonce.to_owned() })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nonces of the last minutes. What is older is refused by its time.
#[derive(Debug)]
pub struct Nonces(Mutex<Ages>);

#[derive(Debug)]
struct Ages {
    since: Instant,
    young: HashSet<[u8; 16]>,
    old: HashSet<[u8; 16]>,
}

/// Longer than a nonce can be good: a clock ahead by the whole window, and one behind by it.
const AGE: Duration = Duration::from_secs(2 * WINDOW_S.unsigned_abs() + 10);

impl Default for Nonces {
    fn default() -> Nonces {
        Nonces(Mutex::new(Ages { since: Instant::now(), young: HashSet::new(), old: HashSet::new() }))
    }
}

impl Nonces {
    /// False: it came before.
    fn keep(&self, till: &str, nonce: &str) -> bool {
        let digest = digest(format!("{till}\n{nonce}").as_bytes());
        let Some(short) = digest.first_chunk::<16>() else { return false };
        let mut ages = lock(&self.0);
        if ages.since.elapsed() > AGE {
            ages.old = std::mem::take(&mut ages.young);
            ages.since = Instant::now();
        }
        !ages.old.contains(short) && ages.young.insert(*short)
    }
}

/// How much each till does now.
#[derive(Debug, Default)]
pub struct Pace(Mutex<HashMap<String, Usage>>);

#[derive(Debug)]
struct Usage {
    running: usize,
    /// Calls that it may make at once.
    left: f64,
    at: Instant,
}

/// A call under way. It counts until it is dropped.
#[derive(Debug)]
pub struct Place<'a> {
    pace: &'a Pace,
    till: String,
}

impl Pace {
    /// Lets one more call of the till run, or says how long to wait.
    pub fn enter(&self, till: &str, rate_per_s: u32, at_once: usize) -> Result<Place<'_>, Duration> {
        let rate = f64::from(rate_per_s);
        let burst = rate * 2.0;
        let mut all = lock(&self.0);
        let now = Instant::now();
        let usage = all.entry(till.to_owned()).or_insert(Usage { running: 0, left: burst, at: now });
        usage.left = (usage.left + now.duration_since(usage.at).as_secs_f64() * rate).min(burst);
        usage.at = now;
        if usage.running >= at_once {
            return Err(Duration::from_millis(500));
        }
        if usage.left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - usage.left) / rate));
        }
        usage.left -= 1.0;
        usage.running += 1;
        Ok(Place { pace: self, till: till.to_owned() })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(usage) = lock(&self.pace.0).get_mut(&self.till) {
            usage.running = usage.running.saturating_sub(1);
        }
    }
}

/// When each till came last, until that is written down.
#[derive(Debug, Default)]
pub struct Seen(Mutex<HashMap<String, (i64, String)>>);

impl Seen {
    fn note(&self, till: &str, at_ms: i64, from: &str) {
        lock(&self.0).insert(till.to_owned(), (at_ms, from.to_owned()));
    }

    /// What is to be written down, in one order at all hubs, so that none of them waits for another that waits for it.
    pub fn take(&self) -> Vec<(String, i64, String)> {
        let taken = std::mem::take(&mut *lock(&self.0));
        let taken = taken.into_iter().map(|(till, (at_ms, from))| (till, at_ms, from));
        taken.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_once_for_each_till() {
        let nonces = Nonces::default();
        assert!(nonces.keep("a", "0123456789abcdef"));
        assert!(!nonces.keep("a", "0123456789abcdef"));
        assert!(nonces.keep("b", "0123456789abcdef"));
    }

    #[test]
    fn a_till_is_slowed_down_and_no_other() {
        let pace = Pace::default();
        let places: Vec<_> = (0..3).map(|_| pace.enter("a", 100, 3).unwrap()).collect();
        assert!(pace.enter("a", 100, 3).is_err(), "three at once");
        drop(places);
        let mut made = 0;
        while let Ok(place) = pace.enter("a", 1, 8) {
            drop(place);
            made += 1;
            assert!(made < 10);
        }
        assert!(pace.enter("b", 1, 8).is_ok());
    }

    #[test]
    fn there_is_one_way_to_write_a_time() {
        assert_eq!(number("1767225600"), Some(1_767_225_600));
        for wrong in ["", "-1", "+1", "01", "1 ", "1.0", "99999999999999999999"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }
}
