//! Notifications, from outside.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Answer;
use crate::engine::Engine;
use crate::fault::{Fault, FaultKind};
use crate::mode::Mode;
use crate::outbox::Notice;
use crate::post::{Delivery, Order, Spoiled};
use crate::world::notify::check_url;

/// What is to be done.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default = "partner")]
    mode: Mode,
    /// Sets the address; the empty text takes it away.
    notify_url: Option<String>,
    interval_ms: Option<u64>,
    #[serde(default)]
    probe_next: bool,
    /// `true` for the latest, or the `seq` of another one.
    replay: Option<Value>,
    event_type: Option<String>,
    resource: Option<Value>,
    summary: Option<String>,
    /// Where this one goes, instead of the address that is set.
    url: Option<String>,
    /// What is wrong with it, in the one-line form of faults.
    fault: Option<String>,
    /// How many attempts the fault spoils.
    #[serde(default = "once")]
    times: usize,
}

fn partner() -> Mode {
    Mode::Partner
}

fn once() -> usize {
    1
}

pub(super) fn handle(engine: &Engine, body: &[u8]) -> Answer {
    let wish: Wish = match serde_json::from_slice(body) {
        Ok(wish) => wish,
        Err(e) => return Answer::error(400, e.to_string()),
    };
    match apply(engine, wish) {
        Ok(seq) => Answer::ok(json!({ "seq": seq })),
        Err(issue) => Answer::error(400, issue),
    }
}

fn apply(engine: &Engine, wish: Wish) -> Result<Option<u64>, String> {
    for url in [&wish.notify_url, &wish.url].into_iter().flatten().filter(|url| !url.is_empty()) {
        check_url(url).map_err(|issue| format!("{url} {issue}"))?;
    }
    if let Some(url) = &wish.notify_url {
        engine.world.set_notify_url(wish.mode, Some(url.as_str()).filter(|url| !url.is_empty()));
    }
    if let Some(ms) = wish.interval_ms {
        engine.post.set_interval(Duration::from_millis(ms));
    }
    if wish.probe_next {
        engine.post.probe_next();
    }
    let order = order(engine, wish)?;
    Ok(order.map(|order| engine.post.accept(&engine.world, order)))
}

/// The notification to send, if there is to be one.
fn order(engine: &Engine, wish: Wish) -> Result<Option<Order>, String> {
    let spoiled = match wish.fault.as_deref() {
        None => None,
        Some(spec) => Some(Spoiled { kind: fault(spec)?, times: wish.times }),
    };
    if let Some(which) = wish.replay {
        if wish.event_type.is_some() || wish.resource.is_some() {
            return Err("replay sends what was sent before".to_owned());
        }
        let earlier = match which.as_u64() {
            Some(seq) => engine.post.find(seq),
            None if which == json!(true) => engine.post.latest(),
            None => return Err("replay must be true or a seq".to_owned()),
        };
        let Delivery { id, mode, event_type, create_time, summary, resource, url, .. } =
            earlier.ok_or("there is nothing to replay")?;
        let notice = Notice { event_type, resource, summary };
        let url = wish.url.unwrap_or(url);
        return Ok(Some(Order { mode, url, notice, spoiled, repeats: Some((id, create_time)) }));
    }
    let (event_type, resource) = match (wish.event_type, wish.resource) {
        (Some(event_type), Some(resource)) => (event_type, resource),
        (None, None) if spoiled.is_some() => return Err("fault needs a notification".to_owned()),
        (None, None) => return Ok(None),
        _ => return Err("event_type and resource go together".to_owned()),
    };
    let address = engine.world.notify_addresses().of(wish.mode).map(|address| address.url.clone());
    let url = wish.url.or(address).ok_or("no notify_url was set")?;
    let summary = wish.summary.unwrap_or_else(|| "商品券通知".to_owned());
    let notice = Notice { event_type, resource, summary };
    Ok(Some(Order { mode: wish.mode, url, notice, spoiled, repeats: None }))
}

/// A fault that a notification can have.
fn fault(spec: &str) -> Result<FaultKind, String> {
    let fault = Fault::from_spec(spec).map_err(|e| e.to_string())?;
    match fault.kind {
        FaultKind::Unsigned
        | FaultKind::WrongSignature
        | FaultKind::Signtest
        | FaultKind::Stale { .. }
        | FaultKind::UnknownSerial
        | FaultKind::MerchantSerial
        | FaultKind::TamperedBody
        | FaultKind::WrongApiv3Key
        | FaultKind::DamagedCiphertext => Ok(fault.kind),
        other => Err(format!("fault: {}: notifications do not know it", other.name())),
    }
}
