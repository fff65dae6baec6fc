//! From a request to what is to be done with the connection.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api::{self, Answer, Call, Protocol, Route};
use crate::auth;
use crate::clock::{http_date, rfc3339};
use crate::engine::{Engine, Outcome};
use crate::fault::play::{self, Instead};
use crate::fault::{Fault, FaultKind};
use crate::http::multipart::{self, Part};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::journal::RequestEntry;
use crate::mode::{self, Mode};
use crate::refusal::{Reason, Refusal};
use crate::seal::{self, Seal};
use crate::stats::Counters;
use crate::world::catalogue::BRAND_ID;
use crate::world::rules::Mark;

/// One request on its way through.
struct Exchange<'a> {
    engine: &'a Engine,
    host: usize,
    request: &'a Request,
    mode: Mode,
    route: Option<Route>,
    fault: Option<Fault>,
    form: Option<Form<'a>>,
    body: Option<Value>,
    entry: RequestEntry,
}

/// A body that is a form with files, or what is wrong with it.
type Form<'a> = Result<Vec<Part<'a>>, &'static str>;

impl Engine {
    /// Handles one request up to, but not including, the sending.
    pub(crate) fn handle(&self, host: usize, request: &Request) -> Outcome {
        let started = Instant::now();
        Counters::count(&self.counters.requests);
        let mode = Mode::of_path(request.path());
        let route = Route::find(&request.method, &mode::partner_path(request.path()));
        let operation = route.as_ref().map_or("unknown", |route| route.operation.name);
        let coupon_code = route.as_ref().and_then(|route| route.param("coupon_code"));
        let fault = self.menu.for_request(host, operation, coupon_code.unwrap_or_default());
        let form = (operation == "upload_image").then(|| form_of(request));
        let signed = signed_body(request, form.as_ref());
        let body = if signed.is_empty() { Some(Value::Null) } else { serde_json::from_slice(signed).ok() };
        let number = body
            .as_ref()
            .and_then(|body| body.get("out_request_no").or_else(|| body.get("send_request_no")))
            .and_then(Value::as_str);
        let mut entry = RequestEntry {
            host,
            operation: operation.to_owned(),
            method: request.method.clone(),
            target: request.target.clone(),
            coupon_code: coupon_code.map(str::to_owned),
            number: number.map(str::to_owned),
            fault: fault.as_ref().map(|fault| fault.kind.name()),
            ..RequestEntry::default()
        };
        if self.journal.is_on() || !self.options.quiet {
            entry.time = rfc3339(self.world.clock.now());
        }
        if self.journal.is_on() {
            entry.headers.clone_from(&request.headers);
            entry.body = String::from_utf8_lossy(signed).into_owned();
        }
        let mut exchange = Exchange { engine: self, host, request, mode, route, fault, form, body, entry };
        let outcome = exchange.run();
        let mut entry = exchange.entry;
        if let Outcome::Reply { reply, .. } = &outcome {
            entry.http_status = Some(reply.status);
            self.counters.status(reply.status);
        }
        self.note(entry, Some(started.elapsed()));
        outcome
    }
}

fn form_of(request: &Request) -> Form<'_> {
    let parts = multipart::parse(request.header("content-type").unwrap_or_default(), &request.body)?;
    match parts.iter().filter(|part| part.name == "meta").count() {
        1 => Ok(parts),
        _ => Err("part meta must be there once"),
    }
}

/// The bytes that count as the body in the signature: of a form, only `meta`.
fn signed_body<'a>(request: &'a Request, form: Option<&Form<'a>>) -> &'a [u8] {
    match form {
        None => &request.body,
        Some(form) => {
            let parts = form.as_deref().unwrap_or_default();
            parts.iter().find(|part| part.name == "meta").map_or(b"", |meta| meta.body)
        }
    }
}

impl Exchange<'_> {
    fn kind(&self) -> Option<&FaultKind> {
        self.fault.as_ref().map(|fault| &fault.kind)
    }

    fn check_signature(&self, now: i64) -> Result<(), Refusal> {
        if let Some(Err(issue)) = &self.form {
            return Err(Refusal::because(Reason::HttpRules, *issue));
        }
        let body = signed_body(self.request, self.form.as_ref());
        auth::check_signature(self.request, body, self.mode, &self.engine.keys.0, now)
    }

    fn run(&mut self) -> Outcome {
        let (check_shift, ..) = self.kind().map(play::time_shifts).unwrap_or_default();
        let now = self.engine.world.clock.now();
        let signature = self.check_signature(now + check_shift);
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
        auth::check_headers(self.request, self.form.is_some(), self.mode, &self.engine.keys.0)?;
        let operation = self.route.as_ref().map_or("unknown", |route| route.operation.name);
        if !self.engine.rates.allows(self.mode, operation, Instant::now()) {
            return Err(Reason::RateLimited.into());
        }
        let Some(route) = &self.route else {
            return Err(Reason::UnknownPath.into());
        };
        let is_get = self.request.method == "GET";
        let body = self.body.take().filter(|body| if is_get { body.is_null() } else { body.is_object() });
        let Some(mut body) = body else {
            let issue = if is_get { "a GET has no body" } else { "body is not a JSON object" };
            return Err(Refusal::because(Reason::BadStructure, issue));
        };
        let mut query = self.request.query();
        if self.mode == Mode::Brand {
            add_brand_id(&mut body, &mut query)?;
        }
        if let Some(FaultKind::SlowProcessing { ms }) = self.kind() {
            let code = route.param("coupon_code").unwrap_or_default();
            self.engine.process_slowly(code, Duration::from_millis(*ms));
        }
        let protocol = Protocol {
            mode: self.mode,
            request: self.request,
            form: self.form.as_ref().and_then(|form| form.as_deref().ok()).unwrap_or_default(),
            engine: self.engine,
            fault: self.kind(),
        };
        let world = &self.engine.world;
        let call =
            Call { world, params: &route.params, query: &query, body: &body, mark, protocol: &protocol };
        let mut answer = (route.operation.run)(&call).map_err(|refusal| self.in_mode(refusal))?;
        if self.mode == Mode::Brand {
            strip_brand_id(&mut answer.body);
        }
        let alters_coupons = !is_get && !api::is_protocol(route.operation.name);
        self.entry.duplicate = answer.duplicate;
        self.entry.took_effect = mark == Mark::Real && !answer.duplicate && alters_coupons;
        Ok(answer)
    }

    /// A brand learns of a wrong openid under another sub-code.
    fn in_mode(&self, refusal: Refusal) -> Refusal {
        match (self.mode, refusal.reason) {
            (Mode::Brand, Reason::WrongOpenid) => Refusal { reason: Reason::WrongOpenidOfBrand, ..refusal },
            _ => refusal,
        }
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
            && !matches!(kind, Some(FaultKind::Unsigned | FaultKind::UnsignedRefusal { .. }))
            && !(self.engine.options.unsigned_errors && reply.status >= 400);
        if signed {
            let wanted = self.request.header("wechatpay-serial");
            let seal = Seal {
                signatory: self.engine.signing.for_answer(self.mode, wanted),
                timestamp: now + stamp_shift,
                flaw: kind.and_then(play::flaw),
            };
            match seal::sign(&mut reply.body, &seal, &self.engine.keys.0) {
                Ok(headers) => reply.headers.extend(headers),
                Err(_) => reply = Reply::new(500, "", Vec::new()),
            }
        }
        let coupon = self.entry.coupon_code.as_deref();
        if let Some(FaultKind::Replay { of }) = kind {
            reply = self.engine.replies.latest(of, coupon).unwrap_or(reply);
        } else if signed && kind.is_none() && reply.status == 200 && self.engine.journal.is_on() {
            self.engine.replies.keep(&self.entry.operation, coupon, &reply);
        }
        let wait = kind.map(|kind| play::on_the_wire(kind, &mut reply)).unwrap_or_default();
        Outcome::Reply { reply, wait }
    }
}

/// What a brand must not say, the operations still need to hear.
fn add_brand_id(body: &mut Value, query: &mut Vec<(String, String)>) -> Result<(), Refusal> {
    const ISSUE: &str = "is not a member of requests a brand makes for itself";
    if body.get("brand_id").is_some() {
        return Err(Refusal::about(Reason::BadStructure, "/brand_id", &Value::Null, ISSUE, "body"));
    }
    if query.iter().any(|(name, _)| name == "brand_id") {
        return Err(Refusal::about(Reason::BadStructure, "brand_id", &Value::Null, ISSUE, "query"));
    }
    match body.as_object_mut() {
        Some(members) => drop(members.insert("brand_id".to_owned(), json!(BRAND_ID))),
        None => query.push(("brand_id".to_owned(), BRAND_ID.to_owned())),
    }
    Ok(())
}

fn strip_brand_id(body: &mut Vec<u8>) {
    if let Ok(mut value) = serde_json::from_slice(body) {
        mode::strip_brand_id(&mut value);
        *body = serde_json::to_vec(&value).unwrap_or_default();
    }
}
