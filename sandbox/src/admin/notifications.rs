//! Notifications, from outside.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Answer;
use super::query::Query;
use crate::control::Control;
use crate::faults::{Fault, FaultKind};
use crate::mode::Mode;
use crate::state::notify_address::check_url;
use crate::state::outbox::WebhookEvent;
use crate::text::Text;
use crate::webhooks::{Delivery, FaultyAttempts, NewDelivery};

/// What is to be done.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
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

pub(super) fn list(control: &Control, query: &Query) -> Answer {
    query.pick(control.api.webhooks.deliveries(query.after()).iter(), "seq", usize::MAX)
}

pub(super) fn send_or_configure(control: &Control, body: &[u8]) -> Answer {
    let wanted: Wanted = match serde_json::from_slice(body) {
        Ok(wanted) => wanted,
        Err(e) => return Answer::bad_request(e),
    };
    match apply(control, wanted) {
        Ok(seq) => Answer::ok(json!({ "seq": seq })),
        Err(issue) => Answer::bad_request(issue),
    }
}

fn apply(control: &Control, wanted: Wanted) -> Result<Option<u64>, Text> {
    for url in [&wanted.notify_url, &wanted.url].into_iter().flatten().filter(|url| !url.is_empty()) {
        check_url(url).map_err(|issue| issue.said_of(url))?;
    }
    if let Some(url) = &wanted.notify_url {
        control.api.state.set_notify_url(wanted.mode, Some(url.as_str()).filter(|url| !url.is_empty()));
    }
    if let Some(ms) = wanted.interval_ms {
        control.api.webhooks.set_interval(Duration::from_millis(ms));
    }
    if wanted.probe_next {
        control.api.webhooks.probe_next();
    }
    let delivery = delivery(control, wanted)?;
    Ok(delivery.map(|delivery| control.api.webhooks.accept(delivery)))
}

/// The notification to send, if there is to be one.
fn delivery(control: &Control, wanted: Wanted) -> Result<Option<NewDelivery>, Text> {
    let faulty = match wanted.fault.as_deref() {
        None => None,
        Some(spec) => Some(FaultyAttempts { kind: fault(spec)?, times: wanted.times }),
    };
    if let Some(which) = wanted.replay {
        if wanted.event_type.is_some() || wanted.resource.is_some() {
            return Err(Text::new(
                "replay sends what was sent before",
                "replay 重发以前的通知，不能再填 event_type 或 resource",
            ));
        }
        let earlier = match which.as_u64() {
            Some(seq) => control.api.webhooks.find(seq),
            None if which == json!(true) => control.api.webhooks.latest(),
            None => return Err(Text::new("replay must be true or a seq", "replay 必须是 true 或 seq")),
        };
        let Delivery { id, mode, event_type, create_time, summary, resource, url, .. } =
            earlier.ok_or_else(|| Text::new("there is nothing to replay", "没有可以重发的通知"))?;
        let event = WebhookEvent { event_type, resource, summary };
        let url = wanted.url.unwrap_or(url);
        return Ok(Some(NewDelivery { mode, url, event, faulty, repeats: Some((id, create_time)) }));
    }
    let (event_type, resource) = match (wanted.event_type, wanted.resource) {
        (Some(event_type), Some(resource)) => (event_type, resource),
        (None, None) if faulty.is_some() => {
            return Err(Text::new("fault needs a notification", "fault 必须与通知一起填写"));
        }
        (None, None) => return Ok(None),
        _ => {
            return Err(Text::new(
                "event_type and resource go together",
                "event_type 和 resource 必须一起填写",
            ));
        }
    };
    let address = control.api.state.notify_addresses().of(wanted.mode).map(|address| address.url.clone());
    let url =
        wanted.url.or(address).ok_or_else(|| Text::new("no notify_url was set", "还没有设置 notify_url"))?;
    let summary = wanted.summary.unwrap_or_else(|| "商品券通知".to_owned());
    let event = WebhookEvent { event_type, resource, summary };
    Ok(Some(NewDelivery { mode: wanted.mode, url, event, faulty, repeats: None }))
}

/// A fault that a notification can have.
fn fault(spec: &str) -> Result<FaultKind, Text> {
    let fault = Fault::from_spec(spec)?;
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
        other => Err(Text::new(
            format!("fault: {}: notifications do not know it", other.name()),
            format!("故障：{}：不能用于通知", other.name()),
        )),
    }
}
