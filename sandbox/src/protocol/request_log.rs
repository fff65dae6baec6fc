//! The log of requests.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::sync::lock;

/// One request, or one connection that a fault ended before it became one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RequestEntry {
    /// Position in the log, from 1.
    pub seq: u64,
    /// When, by the sandbox's clock (RFC 3339).
    pub time: String,
    /// 0 or 1; 2 and up for extra listeners.
    pub host: usize,
    /// `use`, `query` …; `unknown` for other paths; empty when a
    /// fault ended the connection first.
    pub operation: String,
    /// `GET`, `POST` …
    pub method: String,
    /// The request target exactly as sent.
    pub target: String,
    /// The coupon the path names.
    pub coupon_code: Option<String>,
    /// The body's `out_request_no`.
    pub number: Option<String>,
    /// The request's signature was accepted.
    pub signature_ok: bool,
    /// Status of the answer, if one was sent (or begun).
    pub http_status: Option<u16>,
    /// The decimal tail of the answer's `Request-ID`.
    pub sub_code: u32,
    /// Name of the fault that acted.
    pub fault: Option<String>,
    /// The request changed a coupon (the ledger has an entry for it).
    pub took_effect: bool,
    /// The request only repeated an earlier one and was answered like it.
    pub duplicate: bool,
    /// All headers as sent.
    pub headers: Vec<(String, String)>,
    /// The body as sent.
    pub body: String,
}

/// Remembers the latest requests.
#[derive(Debug)]
pub(crate) struct RequestLog {
    capacity: usize,
    next: AtomicU64,
    entries: Mutex<VecDeque<RequestEntry>>,
}

impl RequestLog {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, next: AtomicU64::new(1), entries: Mutex::default() }
    }

    /// Whether anything is remembered at all.
    pub(crate) fn is_on(&self) -> bool {
        self.capacity > 0
    }

    pub(crate) fn add(&self, mut entry: RequestEntry) {
        entry.seq = self.next.fetch_add(1, Ordering::Relaxed);
        if self.capacity == 0 {
            return;
        }
        let mut entries = lock(&self.entries);
        if entries.len() >= self.capacity {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// The remembered requests after position `after`, oldest first.
    pub(crate) fn entries(&self, after: u64) -> Vec<RequestEntry> {
        lock(&self.entries).iter().filter(|entry| entry.seq > after).cloned().collect()
    }

    pub(crate) fn clear(&self) {
        lock(&self.entries).clear();
        self.next.store(1, Ordering::Relaxed);
    }
}
