//! Notifications: the queue of what is to be delivered, and what came of each.

mod client;
pub(crate) mod dispatcher;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use openssl::error::ErrorStack;
use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::crypto::keys::Keys;
use crate::crypto::random;
use crate::crypto::signing_keys::SigningKeys;
use crate::faults::FaultKind;
use crate::mode::{self, Mode};
use crate::options::Options;
use crate::state::State;
use crate::state::notify_address::is_local;
use crate::state::outbox::WebhookEvent;
use crate::sync::{Gauge, Lifecycle, lock};
use crate::text::Text;

/// Attempts for one notification, the first included.
const MAX_ATTEMPTS: usize = 11;
/// Deliveries remembered; the oldest are forgotten first.
const CAPACITY: usize = 10_000;
/// Receivers that are waited for at the same time.
const MAX_SENDERS: usize = 8;
/// The event that `echo` makes; undocumented.
const ECHO_EVENT: &str = "SECURITY.ECHO";

/// The only event of 商家券.
const BUSIFAVOR_EVENT: &str = "COUPON.SEND";

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// There will be a (further) attempt.
    Waiting,
    /// The receiver answered 200 or 204.
    Delivered,
    /// The receiver never did.
    GivenUp,
    /// Nothing was sent: the receiver is not on this machine.
    NotSent,
}

/// One try to deliver a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Attempt {
    /// When, by the sandbox's clock (RFC 3339).
    pub time: String,
    /// What was wrong with it on purpose.
    pub fault: Option<String>,
    /// Status of the receiver's answer.
    pub status: Option<u16>,
    /// Body of the receiver's answer.
    pub answer: String,
    /// Why there is no answer.
    pub error: Option<Text>,
}

/// One notification and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Delivery {
    /// Position in the list, from 1.
    pub seq: u64,
    /// The notification's id; repetitions and replays keep it.
    pub id: String,
    /// For the service provider or for the brand.
    pub mode: Mode,
    /// `PRODUCT_COUPON_SP.SEND` …
    pub event_type: String,
    /// RFC 3339.
    pub create_time: String,
    /// A text for people.
    pub summary: String,
    /// The payload, before encryption.
    pub resource: Value,
    /// Where it goes.
    pub url: String,
    /// How it stands.
    pub state: DeliveryState,
    /// All tries so far.
    pub attempts: Vec<Attempt>,
    #[serde(skip)]
    faulty: Option<FaultyAttempts>,
}

/// The first attempts go wrong on purpose.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FaultyAttempts {
    pub(crate) kind: FaultKind,
    pub(crate) times: usize,
}

/// A notification before it has a place in the queue.
#[derive(Debug)]
pub(crate) struct NewDelivery {
    pub(crate) mode: Mode,
    pub(crate) url: String,
    pub(crate) event: WebhookEvent,
    pub(crate) faulty: Option<FaultyAttempts>,
    /// The id and time of an earlier one that this repeats.
    pub(crate) repeats: Option<(String, String)>,
}

/// What is to be delivered and what was.
pub(crate) struct Webhooks {
    state: Arc<State>,
    keys: Keys,
    signing_keys: Arc<SigningKeys>,
    lifecycle: Arc<Lifecycle>,
    first_interval: Duration,
    interval_ms: AtomicU64,
    timeout: Duration,
    queue: Mutex<Queue>,
    /// Threads that are sending.
    senders: Gauge,
    /// Grows with every change of a delivery.
    changes: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    last_seq: u64,
    deliveries: VecDeque<Delivery>,
    due: Vec<(Instant, u64)>,
    probe_next: bool,
}

impl Queue {
    /// Positions have no gaps, so there is nothing to search.
    fn find(&mut self, seq: u64) -> Option<&mut Delivery> {
        let first = self.deliveries.front()?.seq;
        self.deliveries.get_mut(usize::try_from(seq.checked_sub(first)?).ok()?)
    }
}

impl Webhooks {
    pub(crate) fn new(
        state: &Arc<State>,
        keys: &Keys,
        signing_keys: &Arc<SigningKeys>,
        lifecycle: &Arc<Lifecycle>,
        options: &Options,
    ) -> Self {
        let webhooks = Self {
            state: Arc::clone(state),
            keys: keys.clone(),
            signing_keys: Arc::clone(signing_keys),
            lifecycle: Arc::clone(lifecycle),
            first_interval: options.notify_interval,
            interval_ms: AtomicU64::new(0),
            timeout: options.notify_timeout,
            queue: Mutex::default(),
            senders: Gauge::default(),
            changes: AtomicU64::new(0),
        };
        webhooks.set_interval(options.notify_interval);
        webhooks
    }

    pub(crate) fn set_interval(&self, interval: Duration) {
        let ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        self.interval_ms.store(ms, Ordering::Relaxed);
    }

    /// Lets the next notification begin with a probe.
    pub(crate) fn probe_next(&self) {
        lock(&self.queue).probe_next = true;
    }

    /// Takes in a event for everybody who has set an address.
    fn accept_event(&self, event: &WebhookEvent) {
        let addresses = self.state.notify_addresses();
        // Brands have no 商家券.
        let is_told = |mode: &Mode| *mode == Mode::Partner || event.event_type != BUSIFAVOR_EVENT;
        for mode in Mode::ALL.into_iter().filter(is_told) {
            if let Some(address) = addresses.of(mode) {
                let (url, event) = (address.url.clone(), for_mode(mode, event));
                self.accept(NewDelivery { mode, url, event, faulty: None, repeats: None });
            }
        }
    }

    /// Takes in the notification that `echo` asks for.
    pub(crate) fn accept_echo(&self, url: &str, message: &str) {
        let event = WebhookEvent {
            event_type: ECHO_EVENT.to_owned(),
            resource: json!({ "echo_message": message }),
            summary: "回声测试通知".to_owned(),
        };
        let (mode, url) = (Mode::Partner, url.to_owned());
        self.accept(NewDelivery { mode, url, event, faulty: None, repeats: None });
    }

    /// Takes in one notification; gives its place in the list.
    pub(crate) fn accept(&self, delivery: NewDelivery) -> u64 {
        let NewDelivery { mode, url, event, faulty, repeats } = delivery;
        let (id, create_time) =
            repeats.unwrap_or_else(|| (unique_id().unwrap_or_default(), rfc3339(self.state.clock.now())));
        let mut queue = lock(&self.queue);
        queue.last_seq += 1;
        let seq = queue.last_seq;
        let probe = std::mem::take(&mut queue.probe_next);
        let faulty =
            faulty.or_else(|| probe.then_some(FaultyAttempts { kind: FaultKind::Signtest, times: 1 }));
        let state = if is_local(&url) { DeliveryState::Waiting } else { DeliveryState::NotSent };
        if state == DeliveryState::Waiting {
            queue.due.push((Instant::now(), seq));
        }
        if queue.deliveries.len() >= CAPACITY {
            queue.deliveries.pop_front();
        }
        let WebhookEvent { event_type, resource, summary } = event;
        let attempts = Vec::new();
        queue.deliveries.push_back(Delivery {
            seq,
            id,
            mode,
            event_type,
            create_time,
            summary,
            resource,
            url,
            state,
            attempts,
            faulty,
        });
        drop(queue);
        self.changes.fetch_add(1, Ordering::Relaxed);
        self.state.outbox.wake();
        seq
    }

    /// All remembered deliveries after position `after`, oldest first.
    pub(crate) fn deliveries(&self, after: u64) -> Vec<Delivery> {
        lock(&self.queue).deliveries.iter().filter(|delivery| delivery.seq > after).cloned().collect()
    }

    /// How often something has changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    pub(crate) fn find(&self, seq: u64) -> Option<Delivery> {
        lock(&self.queue).find(seq).cloned()
    }

    pub(crate) fn latest(&self) -> Option<Delivery> {
        lock(&self.queue).deliveries.back().cloned()
    }

    /// Time until something is due.
    fn idle_time(&self, now: Instant) -> Duration {
        if self.senders.count() >= MAX_SENDERS {
            return Duration::MAX;
        }
        let queue = lock(&self.queue);
        let next = queue.due.iter().map(|(due, _)| *due).min();
        next.map_or(Duration::MAX, |due| due.saturating_duration_since(now))
    }

    /// Takes the most urgent delivery that is due, if a sender is free.
    fn take_due(&self, now: Instant) -> Option<Delivery> {
        if self.senders.count() >= MAX_SENDERS {
            return None;
        }
        let mut queue = lock(&self.queue);
        loop {
            let urgent = queue.due.iter().enumerate().filter(|(_, (due, _))| *due <= now);
            let index = urgent.min_by_key(|(_, (due, _))| *due).map(|(index, _)| index)?;
            let (_, seq) = queue.due.swap_remove(index);
            // One that was forgotten meanwhile is passed over.
            if let Some(delivery) = queue.find(seq) {
                return Some(delivery.clone());
            }
        }
    }

    /// Notes what came of an attempt.
    fn finish(&self, seq: u64, attempt: Attempt) {
        let mut queue = lock(&self.queue);
        let Some(delivery) = queue.find(seq) else {
            return;
        };
        self.changes.fetch_add(1, Ordering::Relaxed);
        let taken = matches!(attempt.status, Some(200 | 204));
        delivery.attempts.push(attempt);
        if taken {
            delivery.state = DeliveryState::Delivered;
        } else if delivery.attempts.len() >= MAX_ATTEMPTS {
            delivery.state = DeliveryState::GivenUp;
        } else {
            let interval = Duration::from_millis(self.interval_ms.load(Ordering::Relaxed));
            queue.due.push((Instant::now() + interval, seq));
        }
    }

    /// Waits for senders on their way.
    pub(crate) fn wait(&self, limit: Duration) {
        self.senders.wait_for_zero(limit);
    }

    /// As at the start, but positions count on.
    pub(crate) fn clear(&self) {
        let mut queue = lock(&self.queue);
        queue.deliveries.clear();
        queue.due.clear();
        queue.probe_next = false;
        drop(queue);
        self.changes.fetch_add(1, Ordering::Relaxed);
        self.set_interval(self.first_interval);
    }
}

/// How a service provider's event looks to a brand.
fn for_mode(mode: Mode, event: &WebhookEvent) -> WebhookEvent {
    let mut event = event.clone();
    if mode == Mode::Brand {
        event.event_type = event.event_type.replace("PRODUCT_COUPON_SP.", "PRODUCT_COUPON.");
        mode::strip_brand_id(&mut event.resource);
    }
    event
}

/// 36 characters, as ids of notifications have.
fn unique_id() -> Result<String, ErrorStack> {
    let digits = random::upper_hex(32)?.to_ascii_lowercase();
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
    let groups: Vec<&str> = groups.into_iter().filter_map(|group| digits.get(group)).collect();
    Ok(groups.join("-"))
}
