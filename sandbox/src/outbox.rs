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
pub(crate) struct Notice {
    /// As service providers see it: `PRODUCT_COUPON_SP.SEND` …
    pub(crate) event_type: String,
    /// The payload, before encryption.
    pub(crate) resource: Value,
    /// A text for people, at most 64 characters.
    pub(crate) summary: String,
}

/// A bounded queue of notices. While nobody listens, pushing is one look at
/// a flag, and nothing is kept.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    listening: AtomicBool,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    notices: VecDeque<Notice>,
    /// Whoever waits is to look after something else.
    woken: bool,
}

impl Outbox {
    /// Whether a pushed notice would be kept: lets callers spare themselves
    /// the making of one.
    pub(crate) fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    /// From now on notices are kept (or no longer).
    pub(crate) fn set_listening(&self, listening: bool) {
        self.listening.store(listening, Ordering::Relaxed);
        if !listening {
            self.clear();
        }
    }

    /// Puts a notice at the end of the queue.
    pub(crate) fn push(&self, notice: Notice) {
        if !self.is_listening() {
            return;
        }
        let mut queue = lock(&self.queue);
        if queue.notices.len() >= CAPACITY {
            queue.notices.pop_front();
        }
        queue.notices.push_back(notice);
        drop(queue);
        self.changed.notify_one();
    }

    /// Takes the oldest notice, waiting for one at most this long; `None`
    /// too when somebody called [`Outbox::wake`].
    pub(crate) fn pop(&self, patience: Duration) -> Option<Notice> {
        let queue = lock(&self.queue);
        let idle = |queue: &mut Queue| queue.notices.is_empty() && !queue.woken;
        let (mut queue, _) =
            self.changed.wait_timeout_while(queue, patience, idle).unwrap_or_else(PoisonError::into_inner);
        queue.woken = false;
        queue.notices.pop_front()
    }

    /// Ends the present (or next) waiting.
    pub(crate) fn wake(&self) {
        lock(&self.queue).woken = true;
        self.changed.notify_all();
    }

    pub(crate) fn clear(&self) {
        lock(&self.queue).notices.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn notice(number: usize) -> Notice {
        Notice { event_type: "E".into(), resource: json!(number), summary: String::new() }
    }

    #[test]
    fn keeps_nothing_while_nobody_listens() {
        let outbox = Outbox::default();
        outbox.push(notice(1));
        assert_eq!(outbox.pop(Duration::ZERO), None);
        outbox.set_listening(true);
        outbox.push(notice(2));
        outbox.set_listening(false);
        assert_eq!(outbox.pop(Duration::ZERO), None);
    }

    #[test]
    fn gives_the_oldest_first_and_is_bounded() {
        let outbox = Outbox::default();
        outbox.set_listening(true);
        for number in 0..=CAPACITY {
            outbox.push(notice(number));
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
            outbox.push(notice(1));
            assert_eq!(waiting.join().unwrap(), Some(notice(1)));
            let waiting = scope.spawn(|| outbox.pop(Duration::from_secs(10)));
            outbox.wake();
            assert_eq!(waiting.join().unwrap(), None);
        });
    }
}
