//! The self-check of a till: what is wrong between it and each hub, one thing after the other.

use super::super::check::{Line, look_up};
use super::super::{Client, OutgoingRequest};
use super::{TillState, for_hub};
use crate::api::Options;
use crate::config::Host;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::Report;
use crate::status::{Class, Code};
use crate::system;
use serde_json::{Map, Value};

impl Client {
    /// Who this till is.
    pub(in super::super) fn till_lines(&self, till: &TillState) -> Vec<Line> {
        let key = match self.till_key() {
            Some(key) => Line::fine("till_key", format!("generation {}", key.generation)),
            None => Line::fine("till_key", "not yet: the first call trades till_code for it"),
        };
        vec![Line::fine("mode", "till"), Line::fine("till_id", till.id.clone()), key]
    }

    /// The name, the connection, the hub, and what the hub says about itself.
    pub(in super::super) fn hub_lines(
        &self,
        index: usize,
        host: &Host,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Vec<Line> {
        let mut lines = Vec::new();
        if self.config.proxy.is_none() {
            lines.push(look_up(host, self.config.limits.connect.min(deadline.left())));
        }
        if let Err(report) = self.have_till_key(deadline, cancel) {
            lines.push(Line::wrong("till_code", report.message.clone(), advice(&report)));
            return lines;
        }
        let began = system::now();
        let ask = || asking(true, |request| self.attempt_at(index, host, request, deadline, cancel).0);
        let (name, hub) = (connection(host), format!("hub {}", host.name));
        let mut asked = ask();
        if asked.proven.is_some() && asked.code == Code::Clock {
            lines.push(Line::wrong("clock", asked.message.clone(), advice(&asked)));
            // It has told the time.
            asked = ask();
        }
        if asked.proven.is_none() && asked.verification.is_none() && asked.code != Code::ReadFailed {
            lines.push(Line::wrong(&name, asked.message.clone(), why_no_connection(&asked)));
            return lines;
        }
        lines.push(Line::fine(
            &name,
            if host.origin.starts_with("https:") {
                "connected, certificate and name are right"
            } else {
                "connected, without TLS"
            },
        ));
        let took = system::now().saturating_duration_since(began).as_millis();
        match asked.code {
            Code::Ok => {
                lines.push(Line::fine(&hub, format!("answered and proven in {took} ms")));
                lines.extend(told(&hub, &asked));
            }
            Code::NoPermission if asked.proven.is_some() => {
                lines.push(Line::fine(&hub, format!("answered and proven in {took} ms: {}", asked.message)));
            }
            _ => lines.push(Line::wrong(&hub, asked.message.clone(), advice(&asked))),
        }
        lines
    }
}

/// What is asked when nothing is wanted but an answer.
pub(in super::super) fn noop(ask: impl FnOnce(&OutgoingRequest<'_>) -> Report) -> Report {
    asking(false, ask)
}

/// Asks how the hub is. `online`: and how WeChat Pay is.
fn asking(online: bool, ask: impl FnOnce(&OutgoingRequest<'_>) -> Report) -> Report {
    let members = Map::from_iter([("online".to_owned(), Value::Bool(online))]);
    let prepared = for_hub("check", members, None, Options::default());
    let fresh = OutgoingRequest::fresh("check", None, &prepared);
    ask(&OutgoingRequest { writes: false, may_repeat: true, ..fresh })
}

fn connection(host: &Host) -> String {
    let kind = if host.origin.starts_with("https:") { "tls" } else { "connection" };
    format!("{kind} {}", host.name)
}

fn advice(report: &Report) -> String {
    report.hint.as_deref().unwrap_or_else(|| report.code.hint()).to_owned()
}

fn why_no_connection(report: &Report) -> String {
    match report.code {
        Code::Tls => {
            "The hub's certificate is not trusted: set ca_path to the certificate of the authority that signed it, and compare the \
             name in hub_urls."
                .to_owned()
        }
        Code::Connect | Code::TimeoutUnsent => {
            "The hub is down, or something in between blocks it: look at the hub, at hub_urls and at firewalls.".to_owned()
        }
        _ => advice(report),
    }
}

/// What the hub says about itself: its store, what is open, and its line to WeChat Pay.
fn told(hub: &str, asked: &Report) -> Vec<Line> {
    let data: Value =
        asked.data.as_ref().and_then(|data| serde_json::from_str(data.get()).ok()).unwrap_or_default();
    let lines = data.get("lines").and_then(Value::as_array).cloned().unwrap_or_default();
    let text =
        |line: &Value, name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    lines
        .iter()
        .map(|line| {
            let (name, found) = (format!("{hub}: {}", text(line, "name")), text(line, "found"));
            match line.get("ok").and_then(Value::as_bool) {
                Some(true) => Line::fine(&name, found),
                _ => Line::wrong(&name, found, text(line, "advice")),
            }
        })
        .collect()
}

/// The hub has accepted this till, even if it does not allow the question.
pub(in super::super) fn is_accepted(asked: &Report) -> bool {
    asked.proven.is_some() && !matches!(asked.code.class(), Class::Local | Class::NotSent)
}
