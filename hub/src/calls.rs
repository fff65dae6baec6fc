//! One call of a till: allowed by its policy and the rules, then the library's.

use crate::answer::{Answer, Refusal};
use crate::door::{Caller, Request, number};
use crate::hub::Hub;
use crate::policy::LOCAL_FILES;
use crate::rules::{self, Till, WORD_MS};
use crate::store::numbers::Claim;
use crate::store::{events, numbers};
use serde_json::{Map, Value, json};
use wxcoupon::api::{self, Operation};
use wxcoupon::client::Named;
use wxcoupon::journal::Row;
use wxcoupon::json::parse_object;
use wxcoupon::net::cancel::Cancel;
use wxcoupon::report::Report;
use wxcoupon::status::Code;

/// How long a user or a code stays allowed after a scan, in milliseconds.
const SCANNED_MS: i64 = 15 * 60 * 1000;
/// Events in one answer at most.
const EVENTS: i64 = 200;

/// What is called.
#[derive(Debug, Clone, Copy)]
pub enum Call {
    Named(Named),
    Own(&'static str),
}

impl Call {
    /// By method and path.
    pub fn find(method: &str, path: &str) -> Result<Call, Answer> {
        let unknown =
            || Answer::refused(Refusal::NoSuchPath, format!("{method} {path}: there is nothing here"));
        let name = path.strip_prefix("/v1/").ok_or_else(unknown)?;
        match (method, name) {
            ("GET", "events") => Ok(Call::Own("events")),
            ("POST", "check") => Ok(Call::Own("check")),
            ("POST", "pending") => Ok(Call::Own("pending")),
            ("POST", "quote") => Ok(Call::Own("quote")),
            ("POST", "request") => Ok(Call::Own("request")),
            ("POST", "settle") => Ok(Call::Own("settle")),
            ("POST", name) if LOCAL_FILES.contains(&name) => Err(Answer::refused(
                Refusal::NotServed,
                format!("{name} names a file of the machine that it runs on"),
            )),
            ("POST", name) => Named::find(name)
                .map(Call::Named)
                .map_err(|error| Answer::refused(Refusal::NoSuchPath, error.message)),
            _ => Err(unknown()),
        }
    }

    /// Whether it changes something.
    pub fn writes(self) -> bool {
        match self {
            Call::Named(Named::Operation(operation)) => operation.writes(),
            Call::Named(composed) => composed.id() == "forget_user",
            Call::Own(name) => matches!(name, "request" | "settle"),
        }
    }

    /// Its name.
    pub fn id(self) -> &'static str {
        match self {
            Call::Named(named) => named.id(),
            Call::Own(name) => name,
        }
    }
}

impl Hub {
    /// Serves an admitted till.
    pub fn serve(&self, caller: &Caller, request: &Request, call: Call) -> Answer {
        let policy = self.policy(&caller.till);
        let till = Till { id: &caller.till, policy: &policy };
        let answer = self.allowed(till, caller, request, call).unwrap_or_else(|answer| answer);
        let mut report = rules::veiled(self, till, answer.report);
        report.operation.get_or_insert(call.id());
        Answer { report, ..answer }
    }

    fn allowed(
        &self,
        till: Till<'_>,
        caller: &Caller,
        request: &Request,
        call: Call,
    ) -> Result<Answer, Answer> {
        if !till.policy.operations.contains(call.id()) {
            let message = format!("the hub's policy for this till has no {}", call.id());
            return Err(Answer::refused(Refusal::NotAllowed, message));
        }
        let limits = &self.config.limits;
        let place = self.pace.enter(till.id, till.policy.rate_per_s, limits.calls_per_till);
        let _place = place.map_err(|wait| {
            let mut answer =
                Answer::refused(Refusal::RateLimited, "this till calls too often, or too much at once");
            answer.report.retry_after_ms = u64::try_from(wait.as_millis()).ok().map(|wait| wait.max(1));
            answer
        })?;
        let body = std::str::from_utf8(&request.body).map_err(|error| {
            let message = format!("the body is not UTF-8 from byte {}", error.valid_up_to());
            Answer::told(Report { message, ..Report::new(Code::Encoding) })
        })?;
        match call {
            Call::Own("events") => self.events(till, &request.target),
            Call::Own("pending") => {
                let own = self.own_open(till.id, till.policy)?;
                Ok(Answer::told(self.client.pending_of(&|row| own.contains(&*row.request.request_no))))
            }
            Call::Own("quote") => Ok(Answer::told(self.client.quote(body))),
            Call::Own("settle") => self.settle(till, caller, body),
            Call::Own("request") => self.raw(till, caller, body),
            Call::Own(_) => Ok(Answer::told(self.check(till, body))),
            Call::Named(Named::Operation(operation)) => self.operate(till, caller, operation, body),
            Call::Named(named) => self.composed(till, named, body),
        }
    }

    fn operate(
        &self,
        till: Till<'_>,
        caller: &Caller,
        operation: &'static Operation,
        body: &str,
    ) -> Result<Answer, Answer> {
        // What cannot be read, the library refuses: it reads it in the same way.
        let Ok(mut members) = parse_object(body) else {
            return Ok(Answer::told(self.client.call(operation, body, &Cancel::never())));
        };
        let takes = |name: &str| operation.members.iter().any(|member| member.name == name);
        let recorded = self.recorded_for(till, operation, &members)?;
        let is_changed = match recorded {
            Some(row) => rules::as_recorded(operation, &mut members, &row),
            None => rules::force(till, &mut members, takes)?,
        };
        let forced = is_changed.then(|| Value::Object(members.clone()).to_string());
        let input = forced.as_deref().unwrap_or(body);
        let run = || Answer::told(self.client.call(operation, input, &Cancel::never()));
        if !operation.writes() {
            if members.contains_key("openid") || members.contains_key("coupon_code") {
                rules::is_scanned(self, till, &members)?;
            }
            return Ok(run());
        }
        let word_ms = self.word_of(&members);
        if operation.request_no_member.is_none() {
            self.only_once(caller)?;
            return Ok(run());
        }
        let claim = || rules::claim(self, till, operation, &members, word_ms, &caller.nonce);
        match rules::coupon_of(operation, &members) {
            Some(coupon) if !api::is_redemption(operation.id) => {
                self.alone(&coupon, word_ms - WORD_MS, |turn| {
                    claim()?;
                    if turn.is_over() {
                        let message =
                            "this machine stood still: the coupon may be another call's turn by now";
                        return Err(Answer::refused(Refusal::Busy, message));
                    }
                    Ok(run())
                })
            }
            _ => claim().map(|()| run()),
        }
    }

    /// How long the till's word holds, from the input of its call.
    pub fn word_of(&self, members: &Map<String, Value>) -> i64 {
        let own = members.get("_options").and_then(|options| options.get("timeout_ms")?.as_u64());
        let limit =
            own.unwrap_or_else(|| u64::try_from(self.client.call_limit().as_millis()).unwrap_or(u64::MAX));
        // The library allows ten minutes at most.
        let limit = i64::try_from(limit.min(600_000)).unwrap_or(600_000);
        limit.saturating_add(WORD_MS)
    }

    /// A write that WeChat Pay could not recognise as a repeat is made once for its nonce, whatever happens to this process.
    pub fn only_once(&self, caller: &Caller) -> Result<(), Answer> {
        let (till, nonce) = (caller.till.clone(), caller.nonce.clone());
        let kept = self.store.write(move |sql| numbers::keep_nonce(sql, &till, &nonce, 0))?;
        if kept { Ok(()) } else { Err(Answer::copy()) }
    }

    /// The till's own row of a write's number, where something of the request is filled in here.
    fn recorded_for(
        &self,
        till: Till<'_>,
        operation: &'static Operation,
        members: &Map<String, Value>,
    ) -> Result<Option<Row>, Answer> {
        let number = operation.request_no_member.and_then(|name| members.get(name)?.as_str());
        let Some(number) = number.filter(|_| operation.writes()) else { return Ok(None) };
        if rules::is_own_number(self, till, number)? != Some(true) {
            return Ok(None);
        }
        self.client.row(number).map_err(|error| Answer::told(error.into()))
    }

    fn composed(&self, till: Till<'_>, named: Named, body: &str) -> Result<Answer, Answer> {
        let run = |input: &str| self.client.call_named(named, input, &Cancel::never());
        let Ok(mut members) = parse_object(body) else { return Ok(Answer::told(run(body))) };
        if named.id() != "scan" {
            return Ok(Answer::told(run(body)));
        }
        // A user that it names itself is a list by another name.
        if members.get("openid").is_some_and(|openid| !openid.is_null()) {
            rules::is_scanned(self, till, &members)?;
        }
        let forced = rules::force(till, &mut members, |_| true)?;
        let report = if forced { run(&Value::Object(members).to_string()) } else { run(body) };
        let data = report.data.as_ref().and_then(|data| serde_json::from_str(data.get()).ok());
        let grants = data.as_ref().map(rules::grants_of).unwrap_or_default();
        if !grants.is_empty() {
            let till = till.id.to_owned();
            self.store.write(move |sql| numbers::grant(sql, &till, &grants, SCANNED_MS))?;
        }
        Ok(Answer::told(report))
    }

    /// Any other request of WeChat Pay: for tills that are trusted like the hub itself.
    fn raw(&self, till: Till<'_>, caller: &Caller, body: &str) -> Result<Answer, Answer> {
        let wrong = |field: &str, message: &str| {
            let field = Some(field.to_owned());
            Answer::told(Report { message: message.to_owned(), field, ..Report::new(Code::Request) })
        };
        let members = parse_object(body).map_err(|error| Answer::told(error.into()))?;
        let named = |name: &str| members.get(name).and_then(Value::as_str);
        let method = named("method").ok_or_else(|| wrong("/method", "method is missing"))?;
        let target =
            named("path_and_query").ok_or_else(|| wrong("/path_and_query", "path_and_query is missing"))?;
        let json_body = match members.get("json_body") {
            None | Some(Value::Null) => None,
            Some(inner @ Value::Object(_)) => Some(inner.to_string()),
            Some(_) => return Err(wrong("/json_body", "json_body must be an object")),
        };
        match json_body.as_deref().and_then(api::raw_request_no) {
            Some(number) => {
                match rules::is_own_number(self, till, &number)? {
                    Some(false) => return Err(rules::reused()),
                    None if self.client.row(&number).is_ok_and(|row| row.is_some()) => {
                        return Err(rules::reused());
                    }
                    _ => {}
                }
                let word_ms = self.word_of(&members);
                let (id, operation) = (till.id.to_owned(), "request");
                let nonce = caller.nonce.clone();
                let claim = Claim { number, till: id, operation, coupon: None, word_ms, nonce };
                let has = rules::claimed(self, claim)?;
                if !self.sees(till.id, till.policy, &has.till) {
                    return Err(rules::reused());
                }
            }
            None if method != "GET" => self.only_once(caller)?,
            None => {}
        }
        Ok(Answer::told(self.client.request(method, target, json_body.as_deref(), &Cancel::never())))
    }

    fn events(&self, till: Till<'_>, target: &str) -> Result<Answer, Answer> {
        let (mut after, mut limit) = (0, EVENTS);
        let query = target.split_once('?').map(|(_, query)| query).unwrap_or_default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (name, number(value)) {
                ("after", Some(value)) => after = value,
                ("limit", Some(value)) => limit = value.clamp(1, EVENTS),
                _ => {
                    let message = format!("{name}: the query of events is after=NUMBER and limit=NUMBER");
                    return Err(Answer::told(Report { message, ..Report::new(Code::Request) }));
                }
            }
        }
        let common = till.policy.notifications;
        let found = self.store.read(|sql| events::after(sql, till.id, common, after, limit))?;
        let next = found.last().map_or(after, |event| event.id);
        Ok(Answer::told(Report::local(&json!({ "events": found, "next": next }))))
    }

    /// What a till's support wants to know. That this is answered says that address, key and clock are right.
    fn check(&self, till: Till<'_>, body: &str) -> Report {
        let input = if body.trim().is_empty() { "{}" } else { body };
        let online = match parse_object(input) {
            Ok(members) => members.get("online").and_then(Value::as_bool).unwrap_or(false),
            Err(error) => return error.into(),
        };
        let mut lines = vec![
            json!({ "name": "hub", "ok": true, "found": env!("CARGO_PKG_VERSION") }),
            json!({ "name": "till", "ok": true, "found": till.id }),
        ];
        lines.push(match self.store.try_to_write() {
            Ok(()) => json!({ "name": "store", "ok": true, "found": "can be written" }),
            Err(failed) => {
                json!({ "name": "store", "ok": false, "found": failed.why(), "advice": "Look at the hub's disk and at its log." })
            }
        });
        let rows = self.own_open(till.id, till.policy).and_then(|own| {
            let rows = self.client.unfinished().map_err(|error| Answer::told(error.into()))?;
            let is_own = |row: &&Row| own.contains(&*row.request.request_no);
            Ok(rows.iter().filter(|row| row.state.is_pending()).filter(is_own).count())
        });
        lines.push(match rows {
            Ok(0) => json!({ "name": "pending", "ok": true, "found": "0" }),
            Ok(own) => json!({ "name": "pending", "ok": false, "found": own.to_string(), "advice": "Settle." }),
            Err(answer) => json!({ "name": "pending", "ok": false, "found": answer.report.message, "advice": "Look at the hub's log." }),
        });
        if online {
            let asked = self.client.warm(&Cancel::never());
            let ok = asked.code == Code::Ok;
            let found = if ok { "answered and proven" } else { &asked.message };
            lines.push(json!({ "name": "wechatpay", "ok": ok, "found": found }));
        }
        let all_ok = lines.iter().all(|line| line.get("ok") == Some(&Value::Bool(true)));
        Report::local(&json!({ "all_ok": all_ok, "lines": lines }))
    }
}
