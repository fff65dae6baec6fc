//! What callers say they were told about their requests.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::clock::rfc3339;
use crate::sync::lock;

/// Callers remembered; beyond that nothing new is taken in.
const MOST: usize = 100_000;

/// The end that a caller was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told {
    /// It took effect.
    Done,
    /// It took no effect: refused, or never sent.
    NotDone,
    /// Nobody knows yet.
    InDoubt,
    /// It was called off: no effect is left of it.
    Undone,
}

/// What one caller was told about one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToldEntry {
    /// The `out_request_no` or `send_request_no`.
    pub(crate) number: String,
    pub(crate) told: Told,
    #[serde(default)]
    pub(crate) operation: String,
    #[serde(default)]
    pub(crate) coupon_code: String,
    /// The caller's status, in its own words.
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) message: String,
    /// Which till.
    #[serde(default)]
    pub(crate) till: String,
    /// `posted`, `journal` or `console`; set by whoever takes the entry in.
    #[serde(default, skip_deserializing)]
    pub(crate) source: String,
    /// RFC 3339; the time of arrival where the caller says none.
    #[serde(default)]
    pub(crate) time: String,
}

impl ToldEntry {
    pub(super) fn new(number: &str, told: Told) -> Self {
        let none = String::new;
        Self {
            number: number.to_owned(),
            told,
            operation: none(),
            coupon_code: none(),
            status: none(),
            message: none(),
            till: none(),
            source: none(),
            time: none(),
        }
    }
}

/// The latest word of each number.
#[derive(Debug, Default)]
pub(crate) struct Register {
    entries: Mutex<HashMap<String, ToldEntry>>,
    changes: AtomicU64,
}

impl Register {
    /// Takes an entry in; `false` when there is no more room.
    pub(crate) fn add(&self, mut entry: ToldEntry, now: i64) -> bool {
        if entry.time.is_empty() {
            entry.time = rfc3339(now);
        }
        let mut entries = lock(&self.entries);
        if entries.len() >= MOST && !entries.contains_key(&entry.number) {
            return false;
        }
        entries.insert(entry.number.clone(), entry);
        self.changes.fetch_add(1, Ordering::Relaxed);
        true
    }

    pub(super) fn all(&self) -> HashMap<String, ToldEntry> {
        lock(&self.entries).clone()
    }

    /// How often something has changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    pub(super) fn clear(&self) {
        lock(&self.entries).clear();
        self.changes.fetch_add(1, Ordering::Relaxed);
    }
}
