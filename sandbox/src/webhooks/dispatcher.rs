//! Takes events out of the outbox and sends what is due.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use openssl::error::ErrorStack;
use serde_json::json;

use super::client::{self, Request};
use super::{Attempt, BUSIFAVOR_EVENT, Delivery, Webhooks};
use crate::clock::rfc3339;
use crate::crypto::cipher;
use crate::crypto::message_signature::{self, Signing};
use crate::faults::FaultKind;
use crate::faults::effect::Effect;
use crate::mode::Mode;
use crate::text::Text;

/// Long enough to cost nothing; whoever has news wakes the dispatcher.
const LONGEST_SLEEP: Duration = Duration::from_secs(60 * 60);

/// Works until the sandbox stops (and its outbox is woken).
pub(crate) fn run(webhooks: &Arc<Webhooks>) {
    while !webhooks.lifecycle.stop.is_raised() {
        let patience = webhooks.idle_time(Instant::now()).min(LONGEST_SLEEP);
        if let Some(event) = webhooks.state.outbox.pop(patience) {
            webhooks.accept_event(&event);
        }
        while let Some(delivery) = webhooks.take_due(Instant::now()) {
            send(webhooks, delivery);
        }
    }
}

/// Counts as a sender until it is dropped.
struct Sender(Arc<Webhooks>);

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.senders.leave();
        // Something may be due already, waiting for a free sender.
        self.0.state.outbox.wake();
    }
}

fn send(webhooks: &Arc<Webhooks>, delivery: Delivery) {
    webhooks.senders.enter();
    let sender = Sender(Arc::clone(webhooks));
    let seq = delivery.seq;
    let spawned = thread::Builder::new().name("sandbox-webhook".to_owned()).spawn(move || {
        let attempt = attempt(&sender.0, &delivery);
        sender.0.finish(delivery.seq, attempt);
    });
    if let Err(e) = spawned {
        let (time, answer) = (rfc3339(webhooks.state.clock.now()), String::new());
        let error = Some(Text::new(format!("no thread: {e}"), "无法启动线程"));
        webhooks.finish(seq, Attempt { time, fault: None, status: None, answer, error });
    }
}

fn attempt(webhooks: &Webhooks, delivery: &Delivery) -> Attempt {
    let faulty = delivery.faulty.as_ref().filter(|faulty| delivery.attempts.len() < faulty.times);
    let fault = faulty.map(|faulty| &faulty.kind);
    let time = rfc3339(webhooks.state.clock.now());
    let effect = fault.map(FaultKind::effect).unwrap_or_default();
    let result = message(webhooks, delivery, &effect).map_err(Text::from).and_then(|(headers, body)| {
        let request = Request { url: &delivery.url, headers: &headers, body: &body };
        let authority = &webhooks.keys.0.tls_authority.cert;
        client::send(&request, authority, webhooks.timeout, &webhooks.lifecycle.stop)
    });
    let (status, answer, error) = match result {
        Ok(response) => (Some(response.status), response.body, None),
        Err(error) => (None, String::new(), Some(error)),
    };
    Attempt { time, fault: fault.map(FaultKind::name), status, answer, error }
}

type Headers = Vec<(&'static str, String)>;

/// Headers and body of a notification, as the receiver is to see them.
fn message(
    webhooks: &Webhooks,
    delivery: &Delivery,
    effect: &Effect,
) -> Result<(Headers, Vec<u8>), ErrorStack> {
    let keys = &webhooks.keys.0;
    let associated_data = match delivery.mode {
        _ if delivery.event_type == BUSIFAVOR_EVENT => "coupon",
        Mode::Partner => "product_coupon_sp",
        Mode::Brand => "product_coupon",
    };
    let plain = serde_json::to_vec(&delivery.resource).unwrap_or_default();
    let mut resource =
        cipher::resource(keys.symmetric(delivery.mode), associated_data, &plain, effect.encryption)?;
    if let Some(members) = resource.as_object_mut() {
        members.insert("original_type".to_owned(), json!("coupon"));
    }
    let envelope = json!({
        "id": delivery.id,
        "create_time": delivery.create_time,
        "resource_type": "encrypt-resource",
        "event_type": delivery.event_type,
        "summary": delivery.summary,
        "resource": resource,
    });
    let mut body = serde_json::to_vec(&envelope).unwrap_or_default();
    let mut headers = vec![
        ("User-Agent", "wxcoupon-sandbox".to_owned()),
        ("Accept", "*/*".to_owned()),
        ("Content-Type", "application/json".to_owned()),
        ("Request-ID", message_signature::request_id(0)),
    ];
    if !effect.unsigned {
        let signing = Signing {
            key: webhooks.signing_keys.for_notification(delivery.mode),
            timestamp: webhooks.state.clock.now() + effect.timestamp_shift,
            fault: effect.signature,
        };
        headers.extend(message_signature::sign(&mut body, &signing, keys)?);
    }
    Ok((headers, body))
}
