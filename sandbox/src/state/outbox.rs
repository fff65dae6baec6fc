//! Events on their way from the operations to whoever delivers them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::sync::lock;

/// Events kept for a listener that is behind; the oldest go first.
const CAPACITY: usize = 10_000;

/// Something a receiver of notifications is to hear about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WebhookEvent {
    /// As service providers see it: `PRODUCT_COUPON_SP.SEND` …
    pub(crate) event_type: String,
    /// The payload, before encryption.
    pub(crate) resource: Value,
    /// A text for people, at most 64 characters.
    pub(crate) summary: String,
}

/// A bounded queue of events. While nobody listens, pushing is one look at
/// a flag, and nothing is kept.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    listening: AtomicBool,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<WebhookEvent>,
    /// Whoever waits is to look after something else.
    woken: bool,
}

impl Outbox {
    /// Whether a pushed event would be kept: lets callers spare themselves
    /// the making of one.
    pub(crate) fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    /// From now on events are kept (or no longer).
    pub(crate) fn set_listening(&self, listening: bool) {
        self.listening.store(listening, Ordering::Relaxed);
        if !listening {
            self.clear();
        }
    }

    /// Puts a event at the end of the queue.
    pub(crate) fn push(&self, event: WebhookEvent) {
        if !self.is_listening() {
            return;
        }
        let mut queue = lock(&self.queue);
        if queue.events.len() >= CAPACITY {
            queue.events.pop_front();
        }
        queue.events.push_back(event);
        drop(queue);
        self.changed.notify_one();
    }

    /// Takes the oldest event, waiting for one at most this long; `None`
    /// too when somebody called [`Outbox::wake`].
    pub(crate) fn pop(&self, patience: Duration) -> Option<WebhookEvent> {
        let queue = lock(&self.queue);
        let idle = |queue: &mut Queue| queue.events.is_empty() && !queue.woken;
        let (mut queue, _) =
            self.changed.wait_timeout_while(queue, patience, idle).unwrap_or_else(PoisonError::into_inner);
        queue.woken = false;
        queue.events.pop_front()
    }

    /// Ends the present (or next) waiting.
    pub(crate) fn wake(&self) {
        lock(&self.queue).woken = true;
        self.changed.notify_all();
    }

    pub(crate) fn clear(&self) {
        lock(&self.queue).events.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn event(number: usize) -> WebhookEvent {
        WebhookEvent { event_type: "E".into(), resource: json!(number), summary: String::new() }
    }

    #[test]
    fn keeps_nothing_while_nobody_listens() {
        let outbox = Outbox::default();
        outbox.push(event(1));
        assert_eq!(outbox.pop(Duration::ZERO), None);
        outbox.set_listening(true);
        outbox.push(event(2));
        outbox.set_listening(false);
        assert_eq!(outbox.pop(Duration::ZERO), None);
    }

    #[test]
    fn gives_the_oldest_first_and_is_bounded() {
        let outbox = Outbox::default();
        outbox.set_listening(true);
        for number in 0..=CAPACITY {
            outbox.push(event(number));
        }
        assert_eq!(outbox.pop(Duration::ZERO).unwrap().resource, 1);
        assert_eq!(outbox.pop(Duration::ZERO).unwrap().resource, 2);
    }

    #[test]
    fn a_push_wakes_the_one_who_waits() {
        let outbox = Outbox::default();
        outbox.set_listening(true);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| outbox.pop(Duration::from_secs(10)));
            outbox.push(event(1));
            assert_eq!(waiting.join().unwrap(), Some(event(1)));
            let waiting = scope.spawn(|| outbox.pop(Duration::from_secs(10)));
            outbox.wake();
            assert_eq!(waiting.join().unwrap(), None);
        });
    }
}
