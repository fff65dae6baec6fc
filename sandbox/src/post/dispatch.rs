//! Takes notices out of the outbox and sends couriers.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use openssl::error::ErrorStack;
use serde_json::json;

use super::courier::{self, Letter};
use super::{Attempt, Delivery};
use crate::cipher;
use crate::clock::rfc3339;
use crate::engine::Engine;
use crate::fault::{FaultKind, play};
use crate::mode::Mode;
use crate::seal::{self, Seal};

/// Long enough to cost nothing; whoever has news wakes the dispatcher.
const LONGEST_SLEEP: Duration = Duration::from_secs(60 * 60);

/// Works until the sandbox stops (and its outbox is woken).
pub(crate) fn run(engine: &Arc<Engine>) {
    let (post, world) = (&engine.post, &engine.world);
    while !engine.stop.is_raised() {
        let patience = post.idle_time(Instant::now()).min(LONGEST_SLEEP);
        if let Some(notice) = world.outbox.pop(patience) {
            post.accept_notice(world, &notice);
        }
        while let Some(delivery) = post.take_due(Instant::now()) {
            send_courier(engine, delivery);
        }
    }
}

/// A courier on the books; leaves them, come what may.
struct Trip(Arc<Engine>);

impl Drop for Trip {
    fn drop(&mut self) {
        self.0.post.couriers.leave();
        // Something may be due already, waiting for a free courier.
        self.0.world.outbox.wake();
    }
}

fn send_courier(engine: &Arc<Engine>, delivery: Delivery) {
    engine.post.couriers.enter();
    let trip = Trip(Arc::clone(engine));
    let seq = delivery.seq;
    let spawned = thread::Builder::new().name("sandbox-courier".to_owned()).spawn(move || {
        let engine = &trip.0;
        let attempt = attempt(engine, &delivery);
        engine.post.finish(delivery.seq, attempt);
    });
    if let Err(e) = spawned {
        let (time, answer) = (rfc3339(engine.world.clock.now()), String::new());
        let error = Some(format!("no thread: {e}"));
        engine.post.finish(seq, Attempt { time, fault: None, status: None, answer, error });
    }
}

fn attempt(engine: &Engine, delivery: &Delivery) -> Attempt {
    let spoiled = delivery.spoiled.as_ref().filter(|spoiled| delivery.attempts.len() < spoiled.times);
    let fault = spoiled.map(|spoiled| &spoiled.kind);
    let time = rfc3339(engine.world.clock.now());
    let outcome = write(engine, delivery, fault).map_err(|e| e.to_string()).and_then(|(headers, body)| {
        let letter = Letter { url: &delivery.url, headers: &headers, body: &body };
        let authority = &engine.keys.0.tls_authority.cert;
        courier::deliver(&letter, authority, engine.post.timeout, &engine.stop)
    });
    let (status, answer, error) = match outcome {
        Ok(answer) => (Some(answer.status), answer.body, None),
        Err(error) => (None, String::new(), Some(error)),
    };
    Attempt { time, fault: fault.map(FaultKind::name), status, answer, error }
}

type Headers = Vec<(&'static str, String)>;

/// Headers and body of a notification, as the receiver is to see them.
fn write(
    engine: &Engine,
    delivery: &Delivery,
    fault: Option<&FaultKind>,
) -> Result<(Headers, Vec<u8>), ErrorStack> {
    let keys = &engine.keys.0;
    let associated_data = match delivery.mode {
        Mode::Partner => "product_coupon_sp",
        Mode::Brand => "product_coupon",
    };
    let plain = serde_json::to_vec(&delivery.resource).unwrap_or_default();
    let mut resource = cipher::resource(keys.symmetric(delivery.mode), associated_data, &plain, fault)?;
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
    let (_, _, stamp_shift) = fault.map(play::time_shifts).unwrap_or_default();
    let mut headers = vec![
        ("User-Agent", "wxcoupon-sandbox".to_owned()),
        ("Accept", "*/*".to_owned()),
        ("Content-Type", "application/json".to_owned()),
        ("Request-ID", seal::request_id(0)),
    ];
    if fault != Some(&FaultKind::Unsigned) {
        let seal = Seal {
            signatory: engine.signing.for_notice(delivery.mode),
            timestamp: engine.world.clock.now() + stamp_shift,
            flaw: fault.and_then(play::flaw),
        };
        headers.extend(seal::sign(&mut body, &seal, keys)?);
    }
    Ok((headers, body))
}
