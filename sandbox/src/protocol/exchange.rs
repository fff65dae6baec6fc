//! One request on its way through the checks, the operation and the faults.

use std::time::Instant;

use serde_json::{Value, json};

use super::Api;
use super::auth;
use super::request_log::RequestEntry;
use super::stats::Counters;
use crate::clock::{http_date, rfc3339};
use crate::crypto::message_signature::{self, Signing};
use crate::faults::Fault;
use crate::faults::effect::Effect;
use crate::http::multipart::{self, Part};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::service::Reaction;
use crate::identities::{BRAND_ID, SIMULATOR};
use crate::mode::{self, Mode};
use crate::operation::{Operation, Route};
use crate::operations::{self, Call, Execution, Success};
use crate::refusal::{Reason, Refusal};
use crate::text::Said;

pub(super) struct Exchange<'a> {
    api: &'a Api,
    request: &'a Request,
    mode: Mode,
    route: Option<Route>,
    fault: Option<Fault>,
    effect: Effect,
    form: Option<Form<'a>>,
    body: Option<Value>,
    /// Where redirects lead to.
    other_location: String,
    entry: RequestEntry,
}

/// The members that are a request's own number.
const NUMBERS: [&str; 5] =
    ["out_request_no", "send_request_no", "use_request_no", "return_request_no", "deactivate_request_no"];

/// A body that is a form with files, or what is wrong with it.
type Form<'a> = Result<Vec<Part<'a>>, Said>;

fn form_of(request: &Request) -> Form<'_> {
    let parts = multipart::parse(request.header("content-type").unwrap_or_default(), &request.body)?;
    match parts.iter().filter(|part| part.name == "meta").count() {
        1 => Ok(parts),
        _ => Err(("part meta must be there once", "meta 部分应恰好出现一次")),
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

impl<'a> Exchange<'a> {
    /// Handles one request up to, but not including, the sending.
    pub(super) fn handle(api: &'a Api, listener: usize, request: &'a Request) -> Reaction {
        let started = Instant::now();
        Counters::count(&api.counters.requests);
        let mut exchange = Self::new(api, listener, request);
        let reaction = exchange.run();
        let mut entry = exchange.entry;
        if let Reaction::Respond { response, .. } = &reaction {
            entry.http_status = Some(response.status);
            if api.request_log.is_on() {
                entry.keep_response(response);
            }
            api.counters.status(response.status);
        }
        api.log(entry, Some(started.elapsed()));
        reaction
    }

    fn new(api: &'a Api, listener: usize, request: &'a Request) -> Self {
        let mode = Mode::of_path(request.path());
        let route = Route::find(&request.method, &mode::partner_path(request.path()));
        let operation = route.as_ref().map_or("unknown", |route| route.operation.name());
        let is_upload = route.as_ref().is_some_and(|route| route.operation == Operation::UploadImage);
        let form = is_upload.then(|| form_of(request));
        let signed = signed_body(request, form.as_ref());
        let body = if signed.is_empty() { Some(Value::Null) } else { serde_json::from_slice(signed).ok() };
        let in_body = |name: &str| body.as_ref()?.get(name)?.as_str();
        let number = NUMBERS.into_iter().find_map(in_body);
        let in_path = route.as_ref().and_then(|route| route.param("coupon_code"));
        let coupon_code =
            in_path.or_else(|| in_body("coupon_code").filter(|_| operation.starts_with("busifavor")));
        let fault = api.faults.for_request(listener, operation, coupon_code.unwrap_or_default());
        let mut entry = RequestEntry {
            host: listener,
            operation: operation.to_owned(),
            method: request.method.clone(),
            target: request.target.clone(),
            coupon_code: coupon_code.map(str::to_owned),
            number: number.map(str::to_owned),
            fault: fault.as_ref().map(|fault| fault.kind.name()),
            ..RequestEntry::default()
        };
        if api.request_log.is_on() || !api.options.quiet {
            entry.time = rfc3339(api.state.clock.now());
        }
        if api.request_log.is_on() {
            entry.headers.clone_from(&request.headers);
            entry.keep_body(signed);
        }
        let effect = fault.as_ref().map(|fault| fault.kind.effect()).unwrap_or_default();
        let other_location = format!("{}{}", api.other_host(listener), request.target);
        Self { api, request, mode, route, fault, effect, form, body, other_location, entry }
    }

    fn run(&mut self) -> Reaction {
        let now = self.api.state.clock.now();
        self.entry.judged_at = now + self.effect.check_shift;
        let signature = self.check_signature(self.entry.judged_at);
        self.entry.signature_ok = signature.is_ok();
        let processed = self.fault.as_ref().is_none_or(Fault::is_processed);
        if let Some(instead) = self.effect.instead.take() {
            if processed {
                let _ = self.decide(signature, Execution::Commit);
            }
            return instead
                .reaction(&self.other_location, http_date(now))
                .unwrap_or_else(|(response, sub_code)| self.finish(response, sub_code, now));
        }
        let execution = if processed { Execution::Commit } else { Execution::DryRun };
        let (response, sub_code) = match self.decide(signature, execution) {
            Ok(success) => {
                let content_type = if success.body.is_empty() { "" } else { "application/json" };
                (Response::new(success.status, content_type, success.body), 0)
            }
            Err(refusal) => {
                let row = refusal.reason.row();
                let body = serde_json::to_vec(&refusal.body()).unwrap_or_default();
                self.entry.issue = refusal.issue.map(|issue| *issue);
                (Response::new(row.status, "application/json", body), row.sub_code)
            }
        };
        self.finish(response, sub_code, now)
    }

    fn check_signature(&self, now: i64) -> Result<(), Refusal> {
        if let Some(Err(issue)) = &self.form {
            return Err(Refusal::because(Reason::HttpRules, *issue));
        }
        let body = signed_body(self.request, self.form.as_ref());
        auth::check_signature(self.request, body, self.mode, &self.api.keys.0, now)
    }

    /// All checks in order, then the operation itself.
    fn decide(&mut self, signature: Result<(), Refusal>, execution: Execution) -> Result<Success, Refusal> {
        signature?;
        auth::check_headers(self.request, self.form.is_some(), self.mode, &self.api.keys.0)?;
        let operation = self.route.as_ref().map(|route| route.operation);
        if !self.api.rates.allows(self.mode, operation, Instant::now()) {
            return Err(Reason::RateLimited.into());
        }
        let Some(route) = &self.route else {
            return Err(Reason::UnknownPath.into());
        };
        let is_get = self.request.method == "GET";
        let body = self.body.take().filter(|body| if is_get { body.is_null() } else { body.is_object() });
        let Some(mut body) = body else {
            let issue = if is_get {
                ("a GET has no body", "GET 请求不能有主体")
            } else {
                ("body is not a JSON object", "主体不是 JSON 对象")
            };
            return Err(Refusal::because(Reason::BadStructure, issue));
        };
        let mut query = self.request.query();
        if self.mode == Mode::Brand {
            add_brand_id(&mut body, &mut query)?;
        }
        self.api.hold_locked(self.entry.coupon_code.as_deref().unwrap_or_default(), self.effect.lock);
        let call = Call {
            state: &self.api.state,
            route,
            query: &query,
            body: &body,
            execution,
            mode: self.mode,
            request: self.request,
            form: self.form.as_ref().and_then(|form| form.as_deref().ok()).unwrap_or_default(),
            keys: &self.api.keys.0,
            signing_keys: &self.api.signing_keys,
            webhooks: &self.api.webhooks,
            options: &self.api.options,
            encryption: self.effect.encryption,
        };
        let mut success = operations::execute(&call).map_err(|refusal| self.in_mode(refusal))?;
        if self.mode == Mode::Brand {
            strip_brand_id(&mut success.body);
        }
        self.entry.duplicate = success.duplicate;
        self.entry.took_effect =
            execution == Execution::Commit && !success.duplicate && route.operation.changes_coupons();
        Ok(success)
    }

    /// A brand learns of a wrong openid under another sub-code.
    fn in_mode(&self, refusal: Refusal) -> Refusal {
        match (self.mode, refusal.reason) {
            (Mode::Brand, Reason::WrongOpenid) => Refusal { reason: Reason::WrongOpenidOfBrand, ..refusal },
            _ => refusal,
        }
    }

    /// Completes and signs a response of the API, as the fault has it.
    fn finish(&mut self, mut response: Response, sub_code: u32, now: i64) -> Reaction {
        let has_sub_codes = self.route.as_ref().is_none_or(|route| route.operation.has_sub_codes());
        let sub_code = if has_sub_codes { sub_code } else { 0 };
        self.entry.sub_code = sub_code;
        if let Some(edit) = &self.effect.edit {
            edit.apply(&mut response);
        }
        response.header("Server", "wxcoupon-sandbox");
        response.header("X-Simulator", SIMULATOR);
        response.header("Date", http_date(now + self.effect.date_shift));
        response.header("Request-ID", message_signature::request_id(sub_code));
        let signed = self.entry.signature_ok
            && !self.effect.unsigned
            && !(self.api.options.unsigned_errors && response.status >= 400);
        if signed {
            let wanted = self.request.header("wechatpay-serial");
            let signing = Signing {
                key: self.api.signing_keys.for_answer(self.mode, wanted),
                timestamp: now + self.effect.timestamp_shift,
                fault: self.effect.signature,
            };
            match message_signature::sign(&mut response.body, &signing, &self.api.keys.0) {
                Ok(headers) => response.headers.extend(headers),
                Err(_) => response = Response::new(500, "", Vec::new()),
            }
        }
        let coupon = self.entry.coupon_code.as_deref();
        if let Some(operation) = &self.effect.replay {
            response = self.api.responses.latest(operation, coupon).unwrap_or(response);
        } else if signed && self.fault.is_none() && response.status == 200 && self.api.request_log.is_on() {
            self.api.responses.keep(&self.entry.operation, coupon, &response);
        }
        response.wire = self.effect.wire;
        response.after = self.effect.after.unwrap_or(response.after);
        Reaction::Respond { response, delay: self.effect.delay }
    }
}

/// What a brand must not say, the operations still need to hear.
fn add_brand_id(body: &mut Value, query: &mut Vec<(String, String)>) -> Result<(), Refusal> {
    const ISSUE: Said = ("is not a member of requests a brand makes for itself", "品牌直连的请求不含此字段");
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
