//! The protocol of the API around its operations: signatures, headers, rate limits, faults, the log of requests.

pub(crate) mod auth;
mod exchange;
mod json_forms;
mod log_line;
mod opened;
pub(crate) mod rates;
pub(crate) mod request_log;
mod response_history;
pub(crate) mod signature_report;
mod signed_text;
pub(crate) mod stats;
mod version2;

use std::io::{self, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::json;

use crate::clock::{http_date, rfc3339};
use crate::crypto::keys::Keys;
use crate::crypto::message_signature;
use crate::crypto::signing_keys::SigningKeys;
use crate::error::{Error, Result};
use crate::faults::effect::ConnectionEffect;
use crate::faults::registry::FaultRegistry;
use crate::http::request::Request;
use crate::http::response::{After, Response};
use crate::http::service::{Admission, Reaction, Service};
use crate::mode::Mode;
use crate::options::Options;
use crate::refusal::{Reason, Refusal};
use crate::state::State;
use crate::state::notify_address::{Addresses, check_url};
use crate::sync::Lifecycle;
use crate::text::Said;
use crate::webhooks::Webhooks;
use exchange::Exchange;
use rates::RateLimits;
use request_log::{RequestEntry, RequestLog};
use response_history::ResponseHistory;
use stats::Counters;

/// The API, as all its listeners serve it.
pub(crate) struct Api {
    pub(crate) state: Arc<State>,
    pub(crate) keys: Keys,
    pub(crate) signing_keys: Arc<SigningKeys>,
    pub(crate) faults: FaultRegistry,
    pub(crate) request_log: RequestLog,
    /// For the fault `replay`.
    responses: ResponseHistory,
    pub(crate) counters: Counters,
    rates: RateLimits,
    pub(crate) webhooks: Arc<Webhooks>,
    pub(crate) options: Options,
    pub(crate) lifecycle: Arc<Lifecycle>,
    /// Base URLs of the two hosts, known once they listen.
    pub(crate) urls: OnceLock<[String; 2]>,
}

impl Api {
    pub(crate) fn new(options: Options, keys: Keys) -> Result<Self> {
        if let Some(url) = &options.notify_url {
            check_url(url).map_err(|issue| Error::Notification(issue.said_of(url)))?;
        }
        let state = Arc::new(State::new());
        state.set_notify_url(Mode::Partner, options.notify_url.as_deref());
        let signing_keys = Arc::new(SigningKeys::new(&keys, options.sign_with, options.public_key_only)?);
        let lifecycle = Arc::new(Lifecycle::default());
        let webhooks = Arc::new(Webhooks::new(&state, &keys, &signing_keys, &lifecycle, &options));
        Ok(Self {
            state,
            keys,
            signing_keys,
            faults: FaultRegistry::default(),
            request_log: RequestLog::new(options.log_capacity),
            responses: ResponseHistory::default(),
            counters: Counters::default(),
            rates: RateLimits::new(&options),
            webhooks,
            options,
            lifecycle,
            urls: OnceLock::new(),
        })
    }

    /// As at the start, but for the faults.
    pub(crate) fn reset(&self) {
        self.state.reset();
        self.state.set_notify_addresses(Addresses::default());
        if let Some(url) = &self.options.notify_url {
            self.state.set_notify_url(Mode::Partner, Some(url));
        }
        self.webhooks.clear();
        self.signing_keys.reset();
        self.request_log.clear();
        self.responses.clear();
        self.counters.clear();
    }

    fn log(&self, mut entry: RequestEntry, took: Option<Duration>) {
        entry.took_us = took.map_or(0, |took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        if !self.options.quiet {
            // Nobody may be reading; that is no reason to stop.
            let _ = writeln!(io::stderr().lock(), "{}", log_line::format(&entry, took));
        }
        without_secrets(&mut entry);
        self.request_log.add(entry);
    }

    /// Keeps a coupon locked for a while, unless somebody else does already.
    fn hold_locked(&self, coupon_code: &str, time: Duration) {
        if !time.is_zero() && self.state.start_busy(coupon_code) {
            self.lifecycle.stop.sleep(time);
            self.state.end_busy(coupon_code);
        }
    }

    /// Base URL of the host that a listener is not.
    fn other_host(&self, listener: usize) -> &str {
        self.urls.get().and_then(|urls| urls.get(usize::from(listener == 0))).map_or("", String::as_str)
    }
}

/// What opens the admin interface is nobody's business here. A browser brings its cookies to every port of a machine, and the
/// log gets into archives and commands that people hand on.
fn without_secrets(entry: &mut RequestEntry) {
    let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
    entry.headers.retain(|(name, _)| !is(name, "cookie") && !is(name, "proxy-authorization"));
    for (_, value) in entry.headers.iter_mut().filter(|(name, _)| is(name, "authorization")) {
        let scheme = value.split_ascii_whitespace().next().unwrap_or_default();
        if is(scheme, "bearer") || is(scheme, "basic") {
            *value = format!("{scheme} (not kept)");
        }
    }
}

impl Service for Api {
    fn admit(&self, listener: usize) -> Admission {
        Counters::count(&self.counters.connections);
        let Some(fault) = self.faults.for_connection(listener) else {
            return Admission::Serve;
        };
        let entry = RequestEntry {
            host: listener,
            time: rfc3339(self.state.clock.now()),
            fault: Some(fault.kind.name()),
            ..RequestEntry::default()
        };
        self.log(entry, None);
        match fault.kind.effect().connection {
            Some(ConnectionEffect::TlsAlert) => Admission::TlsAlert,
            Some(ConnectionEffect::Reset | ConnectionEffect::Refuse) => Admission::Reset,
            None => Admission::Serve,
        }
    }

    fn handshake_failed(&self) {
        Counters::count(&self.counters.failed_handshakes);
    }

    fn handle(&self, listener: usize, request: &Request) -> Reaction {
        if request.path() == version2::PATH {
            return version2::handle(self, listener, request);
        }
        Exchange::handle(self, listener, request)
    }

    fn reject(&self, issue: Said) -> Response {
        let refusal = Refusal::because(Reason::HttpRules, issue);
        let row = refusal.reason.row();
        let body = json!(refusal.body()).to_string().into_bytes();
        let mut response = Response::new(row.status, "application/json", body);
        response.header("Date", http_date(self.state.clock.now()));
        response.header("Request-ID", message_signature::request_id(row.sub_code));
        response.after = After::Close;
        response
    }
}
