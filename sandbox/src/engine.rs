//! From a request to what is to be done with the connection.

use std::io::{self, Write};
use std::sync::{OnceLock, Weak};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::api::{Answer, Call, Route};
use crate::auth;
use crate::clock::{http_date, rfc3339};
use crate::fault::menu::Menu;
use crate::fault::play::{self, Instead};
use crate::fault::{Fault, FaultKind};
use crate::host::Host;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::journal::{Journal, RequestEntry};
use crate::keys::Keys;
use crate::options::Options;
use crate::refusal::{Reason, Refusal};
use crate::seal::{self, Seal};
use crate::stats::{Counters, RateLimit};
use crate::sync::{Flag, Gauge};
use crate::world::World;
use crate::world::rules::Mark;

/// Everything the listeners share.
pub(crate) struct Engine {
    pub(crate) world: World,
    pub(crate) keys: Keys,
    pub(crate) menu: Menu,
    pub(crate) journal: Journal,
    pub(crate) counters: Counters,
    pub(crate) rate: RateLimit,
    pub(crate) options: Options,
    /// Raised when the sandbox stops.
    pub(crate) stop: Flag,
    /// Raised when somebody asks the program to end.
    pub(crate) end_wanted: Flag,
    /// Running connection threads.
    pub(crate) threads: Gauge,
    /// Base URLs of the two hosts, known once they listen.
    pub(crate) urls: OnceLock<[String; 2]>,
    /// The API's ports, known once they listen.
    pub(crate) hosts: OnceLock<Vec<Weak<Host>>>,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    Reply { reply: Reply, wait: Duration },
    Reset,
    Hang,
}

/// One request on its way through.
struct Exchange<'a> {
    engine: &'a Engine,
    host: usize,
    request: &'a Request,
    route: Option<Route>,
    fault: Option<Fault>,
    body: Option<Value>,
    entry: RequestEntry,
}

impl Engine {
    pub(crate) fn new(options: Options, keys: Keys) -> Self {
        Self {
            world: World::new(),
            keys,
            menu: Menu::default(),
            journal: Journal::new(options.log_capacity),
            counters: Counters::default(),
            rate: RateLimit::new(options.rate),
            options,
            stop: Flag::default(),
            end_wanted: Flag::default(),
            threads: Gauge::default(),
            urls: OnceLock::new(),
            hosts: OnceLock::new(),
        }
    }

    /// Handles one request up to, but not including, the sending.
    pub(crate) fn handle(&self, host: usize, request: &Request) -> Outcome {
        let started = Instant::now();
        Counters::count(&self.counters.requests);
        let route = Route::find(&request.method, request.path());
        let operation = route.as_ref().map_or("unknown", |route| route.operation.name);
        let coupon_code = route.as_ref().and_then(|route| route.param("coupon_code"));
        let fault = self.menu.for_request(host, operation, coupon_code.unwrap_or_default());
        let body = if request.body.is_empty() {
            Some(Value::Null)
        } else {
            serde_json::from_slice(&request.body).ok()
        };
        let entry = self.entry(host, request, operation, coupon_code, body.as_ref(), fault.as_ref());
        let mut exchange = Exchange { engine: self, host, request, route, fault, body, entry };
        let outcome = exchange.run();
        let mut entry = exchange.entry;
        if let Outcome::Reply { reply, .. } = &outcome {
            entry.http_status = Some(reply.status);
            self.counters.status(reply.status);
        }
        self.note(entry, Some(started.elapsed()));
        outcome
    }

    /// The log entry as far as it is known at the start.
    fn entry(
        &self,
        host: usize,
        request: &Request,
        operation: &str,
        coupon_code: Option<&str>,
        body: Option<&Value>,
        fault: Option<&Fault>,
    ) -> RequestEntry {
        let number = body
            .and_then(|body| body.get("out_request_no").or_else(|| body.get("send_request_no")))
            .and_then(Value::as_str);
        let mut entry = RequestEntry {
            host,
            operation: operation.to_owned(),
            method: request.method.clone(),
            target: request.target.clone(),
            coupon_code: coupon_code.map(str::to_owned),
            number: number.map(str::to_owned),
            fault: fault.map(|fault| fault.kind.name()),
            ..RequestEntry::default()
        };
        if self.journal.is_on() || !self.options.quiet {
            entry.time = rfc3339(self.world.clock.now());
        }
        if self.journal.is_on() {
            entry.headers.clone_from(&request.headers);
            entry.body = String::from_utf8_lossy(&request.body).into_owned();
        }
        entry
    }

    /// Logs a connection that a fault ended before there was a request.
    pub(crate) fn note_connection(&self, host: usize, fault: &Fault) {
        let entry = RequestEntry {
            host,
            time: rfc3339(self.world.clock.now()),
            fault: Some(fault.kind.name()),
            ..RequestEntry::default()
        };
        self.note(entry, None);
    }

    fn note(&self, entry: RequestEntry, took: Option<Duration>) {
        if !self.options.quiet {
            // Nobody may be reading; that is no reason to stop.
            let _ = writeln!(io::stderr().lock(), "{}", crate::line::of(&entry, took));
        }
        self.journal.add(entry);
    }

    /// Keeps a coupon locked for a while, unless somebody else does already.
    fn process_slowly(&self, coupon_code: &str, time: Duration) {
        if self.world.start_busy(coupon_code) {
            self.stop.sleep(time);
            self.world.end_busy(coupon_code);
        }
    }

    fn public_key_wanted(&self, request: &Request) -> bool {
        seal::use_public_key(self.options.sign_with, &self.keys.0, request.header("wechatpay-serial"))
    }
}

impl Exchange<'_> {
    fn kind(&self) -> Option<&FaultKind> {
        self.fault.as_ref().map(|fault| &fault.kind)
    }

    fn run(&mut self) -> Outcome {
        let (check_shift, ..) = self.kind().map(play::time_shifts).unwrap_or_default();
        let now = self.engine.world.clock.now();
        let signature = auth::check_signature(self.request, &self.engine.keys.0, now + check_shift);
        self.entry.signature_ok = signature.is_ok();
        match self.kind() {
            Some(FaultKind::Hang) => return Outcome::Hang,
            Some(FaultKind::ResetAfterRead) => return Outcome::Reset,
            _ => {}
        }
        let other_host = self
            .engine
            .urls
            .get()
            .and_then(|urls| urls.get(usize::from(self.host == 0)))
            .map_or("", String::as_str);
        let instead = self.kind().and_then(|kind| play::instead(kind, &self.request.target, other_host));
        let processed = self.fault.as_ref().is_none_or(Fault::is_processed);
        if let Some(instead) = instead {
            if processed {
                let _ = self.decide(signature, Mark::Real);
            }
            return match instead {
                Instead::Foreign(mut reply) => {
                    reply.header("Date", http_date(now));
                    Outcome::Reply { reply, wait: Duration::ZERO }
                }
                Instead::Api(reply, sub_code) => self.finish(reply, sub_code, now),
            };
        }
        let mark = if processed { Mark::Real } else { Mark::Pretend };
        let (reply, sub_code) = match self.decide(signature, mark) {
            Ok(answer) => {
                let content_type = if answer.body.is_empty() { "" } else { "application/json" };
                (Reply::new(answer.status, content_type, answer.body), 0)
            }
            Err(refusal) => {
                let row = refusal.reason.row();
                let body = serde_json::to_vec(&refusal.body()).unwrap_or_default();
                (Reply::new(row.status, "application/json", body), row.sub_code)
            }
        };
        match self.kind() {
            Some(FaultKind::ProcessThenReset) => Outcome::Reset,
            Some(FaultKind::ProcessThenHang) => Outcome::Hang,
            _ => self.finish(reply, sub_code, now),
        }
    }

    /// All checks in order, then the operation itself.
    fn decide(&mut self, signature: Result<(), Refusal>, mark: Mark) -> Result<Answer, Refusal> {
        signature?;
        auth::check_headers(self.request)?;
        if !self.engine.rate.allows(Instant::now()) {
            return Err(Reason::RateLimited.into());
        }
        let Some(route) = &self.route else {
            return Err(Reason::UnknownPath.into());
        };
        let body = self
            .body
            .as_ref()
            .filter(|body| if self.request.method == "GET" { body.is_null() } else { body.is_object() });
        let Some(body) = body else {
            let issue =
                if self.request.method == "GET" { "a GET has no body" } else { "body is not a JSON object" };
            return Err(Refusal::because(Reason::BadStructure, issue));
        };
        if let Some(FaultKind::SlowProcessing { ms }) = self.kind() {
            let code = route.param("coupon_code").unwrap_or_default();
            self.engine.process_slowly(code, Duration::from_millis(*ms));
        }
        let query = self.request.query();
        let call = Call { world: &self.engine.world, params: &route.params, query: &query, body, mark };
        let answer = (route.operation.run)(&call)?;
        self.entry.duplicate = answer.duplicate;
        self.entry.took_effect = mark == Mark::Real && !answer.duplicate && self.request.method != "GET";
        Ok(answer)
    }

    /// Signs the API's answer and lets the fault at it.
    fn finish(&mut self, mut reply: Reply, sub_code: u32, now: i64) -> Outcome {
        self.entry.sub_code = sub_code;
        let kind = self.fault.as_ref().map(|fault| &fault.kind);
        let (_, date_shift, stamp_shift) = kind.map(play::time_shifts).unwrap_or_default();
        if let Some(kind) = kind {
            play::before_signing(kind, &mut reply);
        }
        reply.header("Server", "wxcoupon-sandbox");
        reply.header("Date", http_date(now + date_shift));
        reply.header("Request-ID", seal::request_id(sub_code));
        let signed = self.entry.signature_ok
            && kind != Some(&FaultKind::Unsigned)
            && !(self.engine.options.unsigned_errors && reply.status >= 400);
        if signed {
            let seal = Seal {
                with_public_key: self.engine.public_key_wanted(self.request),
                timestamp: now + stamp_shift,
                flaw: kind.and_then(play::flaw),
            };
            if seal::apply(&mut reply, &seal, &self.engine.keys.0).is_err() {
                reply = Reply::new(500, "", Vec::new());
            }
        }
        let wait = kind.map(|kind| play::on_the_wire(kind, &mut reply)).unwrap_or_default();
        Outcome::Reply { reply, wait }
    }
}
