//! Live events of the console: new requests, and what else has changed.
//!
//! Each open page looks for itself, five times a second: requests are answered no slower for it, and nothing is done while
//! nobody looks.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive, KeepAliveStream};
use futures_core::Stream;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::routes::Shared;
use crate::control::Control;
use crate::protocol::request_log::RequestEntry;
use crate::protocol::signature_report::header;
use crate::state::ledger::Effect;

/// Time between two looks.
const PERIOD: Duration = Duration::from_millis(200);
/// Silent connections are closed; pages look on for hours.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Requests that a page gets to see when it opens, and at once.
const MOST: u64 = 500;

/// A request as one line.
#[derive(Debug, Serialize)]
struct Line {
    seq: u64,
    time: String,
    host: usize,
    /// The caller's `User-Agent`.
    till: String,
    operation: String,
    method: String,
    coupon_code: Option<String>,
    number: Option<String>,
    http_status: Option<u16>,
    sub_code: u32,
    fault: Option<String>,
    took_effect: bool,
    duplicate: bool,
    signature_ok: bool,
    took_us: u64,
}

impl Line {
    fn new(entry: &RequestEntry) -> Self {
        Self {
            seq: entry.seq,
            time: entry.time.clone(),
            host: entry.host,
            till: header(&entry.headers, "user-agent").unwrap_or_default().to_owned(),
            operation: entry.operation.clone(),
            method: entry.method.clone(),
            coupon_code: entry.coupon_code.clone(),
            number: entry.number.clone(),
            http_status: entry.http_status,
            sub_code: entry.sub_code,
            fault: entry.fault.clone(),
            took_effect: entry.took_effect,
            duplicate: entry.duplicate,
            signature_ok: entry.signature_ok,
            took_us: entry.took_us,
        }
    }
}

/// What one page is told.
pub(super) struct Events {
    control: Arc<Control>,
    ticks: Interval,
    last_seq: u64,
    /// How often the log had been emptied.
    clearings: u64,
    state: Value,
    totals: Totals,
    waiting: VecDeque<Event>,
}

/// What the ledger adds up to; counted again when it has grown.
#[derive(Debug, Default, Clone, Copy)]
struct Totals {
    ledger: u64,
    used: u64,
    returned: u64,
}

pub(super) async fn stream(State(control): Shared) -> Sse<KeepAliveStream<Events>> {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let last_seq = control.api.request_log.last_seq().saturating_sub(MOST);
    let clearings = control.api.request_log.clearings();
    let events = Events {
        control,
        clearings,
        ticks,
        last_seq,
        state: Value::Null,
        totals: Totals::default(),
        waiting: VecDeque::new(),
    };
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

impl Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            if self.control.shutdown.is_raised() || self.control.api.lifecycle.stop.is_raised() {
                return Poll::Ready(None);
            }
            ready!(self.ticks.poll_tick(context));
            self.look();
        }
    }
}

impl Events {
    fn look(&mut self) {
        let ledger = &self.control.api.state.ledger;
        if ledger.len() != self.totals.ledger {
            self.totals = Totals {
                ledger: ledger.len(),
                used: ledger.count(Effect::Used),
                returned: ledger.count(Effect::Returned),
            };
        }
        let state = state(&self.control, self.totals);
        if state != self.state {
            let mut now = state.clone();
            if let Some(members) = now.as_object_mut() {
                members.insert("now_ms".to_owned(), json!(self.control.api.state.clock.now_ms()));
            }
            self.tell("state", &now);
            self.state = state;
        }
        let log = &self.control.api.request_log;
        let (clearings, last_seq) = (log.clearings(), log.last_seq());
        if clearings != self.clearings {
            self.clearings = clearings;
            self.last_seq = 0;
            self.waiting.push_back(Event::default().event("cleared").data("{}"));
        }
        let from = self.last_seq.max(last_seq.saturating_sub(MOST));
        if last_seq > from {
            let lines = log.select(from, Line::new);
            self.last_seq = lines.last().map_or(last_seq, |line| line.seq);
            self.tell("requests", &lines);
        }
    }

    fn tell(&mut self, name: &str, data: &impl Serialize) {
        let text = serde_json::to_string(data).unwrap_or_default();
        self.waiting.push_back(Event::default().event(name).data(text));
    }
}

/// What a page must know at once; a number that grows stands for what it asks for again.
fn state(control: &Control, totals: Totals) -> Value {
    let api = &control.api;
    let (public_key_only, sign_with) = api.signing_keys.policy();
    json!({
        // Whoever was connected to another run, or had seen the log before it was emptied, counts requests anew.
        "run": control.console.run,
        "log": api.request_log.clearings(),
        "offset_s": api.state.clock.offset(),
        "world_offset_s": api.state.clock.business_offset(),
        "faults": api.faults.list(),
        "coupons": api.state.changes(),
        "ledger": totals.ledger,
        "used": totals.used,
        "returned": totals.returned,
        "notifications": api.webhooks.changes(),
        "notify_url": api.state.notify_addresses().of(crate::mode::Mode::Partner).map(|address| address.url.clone()),
        "told": control.console.told.changes(),
        "public_key_only": public_key_only,
        "sign_with": sign_with.to_string(),
        "certificates": api.signing_keys.certificates().map_or(0, |listed| listed.len()),
    })
}
