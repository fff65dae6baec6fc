//! The log of requests.

use std::collections::VecDeque;
use std::sync::Mutex;

use serde::Serialize;

use crate::http::response::Response;
use crate::sync::lock;
use crate::text::Text;

/// One request, or one connection that a fault ended before it became one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
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
    /// All headers of the answer but those of the connection.
    pub response_headers: Vec<(String, String)>,
    /// The body of the answer, or its first [`MAX_BODY`] bytes.
    pub response_body: String,
    /// `response_body` is not all of it.
    pub response_cut: bool,
    /// Microseconds from the first look at the request to the decision what to answer.
    pub took_us: u64,
    /// The sandbox's time by which the request's timestamp was judged.
    #[serde(skip)]
    pub(crate) judged_at: i64,
    /// The bytes of a body that is no UTF-8, of which `body` shows only a part.
    #[serde(skip)]
    pub(super) sent: Option<Vec<u8>>,
    /// Why it was refused.
    #[serde(skip)]
    pub(crate) issue: Option<Text>,
}

/// How much is kept of the body of an answer, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

impl RequestEntry {
    /// Keeps what was sent.
    pub(super) fn keep_body(&mut self, body: &[u8]) {
        if let Ok(text) = std::str::from_utf8(body) {
            text.clone_into(&mut self.body);
        } else {
            self.body = String::from_utf8_lossy(body).into_owned();
            self.sent = Some(body.to_vec());
        }
    }

    /// The bytes of the body.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.sent.as_deref().unwrap_or(self.body.as_bytes())
    }

    /// The body is a text.
    pub(crate) fn is_text(&self) -> bool {
        self.sent.is_none()
    }

    /// Keeps what was answered.
    pub(super) fn keep_response(&mut self, response: &Response) {
        self.response_headers =
            response.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let kept = response.body.get(..MAX_BODY).unwrap_or(&response.body);
        self.response_body = String::from_utf8_lossy(kept).into_owned();
        self.response_cut = kept.len() < response.body.len();
    }
}

/// Remembers the latest requests.
#[derive(Debug)]
pub(crate) struct RequestLog {
    capacity: usize,
    latest: Mutex<Latest>,
}

#[derive(Debug, Default)]
struct Latest {
    last_seq: u64,
    /// How often the log was emptied.
    clearings: u64,
    entries: VecDeque<RequestEntry>,
}

impl RequestLog {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, latest: Mutex::default() }
    }

    /// Whether anything is remembered at all.
    pub(crate) fn is_on(&self) -> bool {
        self.capacity > 0
    }

    pub(crate) fn add(&self, mut entry: RequestEntry) {
        if self.capacity == 0 {
            return;
        }
        let mut latest = lock(&self.latest);
        latest.last_seq += 1;
        entry.seq = latest.last_seq;
        if latest.entries.len() >= self.capacity {
            latest.entries.pop_front();
        }
        latest.entries.push_back(entry);
    }

    /// The position of the latest request; 0 = there was none.
    pub(crate) fn last_seq(&self) -> u64 {
        lock(&self.latest).last_seq
    }

    /// How often the log was emptied: positions begin anew then.
    pub(crate) fn clearings(&self) -> u64 {
        lock(&self.latest).clearings
    }

    /// The remembered requests after position `after`, oldest first.
    pub(crate) fn entries(&self, after: u64) -> Vec<RequestEntry> {
        self.select(after, Clone::clone)
    }

    /// What `look` makes of the remembered requests after position `after`, oldest first.
    pub(crate) fn select<T>(&self, after: u64, look: impl Fn(&RequestEntry) -> T) -> Vec<T> {
        let latest = lock(&self.latest);
        let newer = latest.entries.iter().rev().take_while(|entry| entry.seq > after);
        let mut found: Vec<T> = newer.map(look).collect();
        found.reverse();
        found
    }

    /// The oldest remembered request that is wanted.
    pub(crate) fn first(&self, wanted: impl Fn(&RequestEntry) -> bool) -> Option<RequestEntry> {
        lock(&self.latest).entries.iter().find(|entry| wanted(entry)).cloned()
    }

    pub(crate) fn clear(&self) {
        let mut latest = lock(&self.latest);
        *latest = Latest { clearings: latest.clearings + 1, ..Latest::default() };
    }
}
