//! One call from start to finish: check, sign, send, prove, judge.

use crate::api::{self, Operation, Prepared, Proof};
use crate::config::{Config, Host};
use crate::error::Result;
use crate::log;
use crate::net::deadline::Deadline;
use crate::net::http::HttpTransport;
use crate::net::{Answer, Outgoing, Transport, in_flight};
use crate::outcome::{self, Body, Event, Verdict};
use crate::redact;
use crate::report::{Report, WechatError};
use crate::status::{Class, Code};
use crate::wire::verify;
use serde::Serialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;

/// A context's core: it knows the merchant's keys and the way to WeChat Pay, and keeps no call's state.
#[derive(Debug)]
pub struct Client {
    config: Config,
    transport: Box<dyn Transport>,
}

/// What a new context says about itself.
#[derive(Debug, Serialize)]
pub struct Summary<'a> {
    mchid: &'a str,
    merchant_serial_no: &'a str,
    verifies_with: Vec<&'a str>,
    hosts: Vec<&'a str>,
}

/// What decides about an answer besides the answer itself.
struct Asked<'a> {
    request: &'a Prepared,
    writes: bool,
    proofs: &'a [Proof],
}

impl Client {
    /// Takes a checked configuration; opens no connection.
    pub fn new(config: Config) -> Result<Client> {
        let transport = Box::new(HttpTransport::new(&config)?);
        Ok(Client { config, transport })
    }

    /// What the context works with, for the answer of `wxcoupon_ctx_new`.
    pub fn summary(&self) -> Summary<'_> {
        Summary {
            mchid: &self.config.mchid,
            merchant_serial_no: self.config.signer.serial(),
            verifies_with: self.config.ring.serials().collect(),
            hosts: self.config.hosts.iter().map(|host| host.name.as_str()).collect(),
        }
    }

    /// One operation of the table.
    pub fn call(&self, operation: &'static Operation, input: &str) -> Report {
        let report = match api::prepare(operation, input, &self.config.defaults, OffsetDateTime::now_utc()) {
            Ok(request) => {
                let asked = Asked { request: &request, writes: operation.writes, proofs: operation.proofs };
                self.ask(operation.id, &asked)
            }
            Err(error) => error.into(),
        };
        Report { operation: Some(operation.id), ..report }
    }

    /// Any other request of API version 3. What does not read is taken to write.
    pub fn request(&self, method: &str, target: &str, body: Option<&str>) -> Report {
        match api::prepare_raw(method, target, body) {
            Ok(request) => {
                let writes = request.method != "GET";
                self.ask("request", &Asked { request: &request, writes, proofs: &[] })
            }
            Err(error) => error.into(),
        }
    }

    /// Host after host while nothing was sent; the first attempt that got out decides.
    fn ask(&self, operation: &str, asked: &Asked<'_>) -> Report {
        let deadline = Deadline::after(asked.request.options.timeout.unwrap_or(self.config.limits.call));
        let mut report = Report::new(Code::TimeoutUnsent);
        for (attempt, host) in (1..).zip(&self.config.hosts) {
            if deadline.is_over() {
                break;
            }
            report = self.attempt(host, asked, &deadline);
            report.attempts = attempt;
            if report.code.class() != Class::NotSent || in_flight::sent() {
                break;
            }
        }
        report.out_request_no.clone_from(&asked.request.number);
        report.elapsed_ms = deadline.elapsed_ms();
        log_call(operation, asked.request, &report);
        report
    }

    fn attempt(&self, host: &Host, asked: &Asked<'_>, deadline: &Deadline) -> Report {
        let request = asked.request;
        let body = request.body.as_deref();
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let signed =
            self.config.signer.authorization(&request.method, &request.target, now, body.unwrap_or_default());
        let authorization = match signed {
            Ok(authorization) => authorization,
            Err(error) => return error.into(),
        };
        let mut headers = vec![("Authorization", authorization.as_str()), ("Accept", "application/json")];
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        if let Some(id) = &self.config.public_key_id {
            headers.push(("Wechatpay-Serial", id));
        }
        in_flight::begin(asked.writes);
        let outcome = self.transport.exchange(&Outgoing {
            method: &request.method,
            origin: &host.origin,
            target: &request.target,
            headers: &headers,
            body,
            connect_limit: self.config.limits.connect.min(deadline.left()),
            limit: self.config.limits.attempt.min(deadline.left()),
        });
        let mut report = match outcome {
            Ok(answer) => self.report(asked, answer),
            Err(failure) => Report::from(outcome::judge(asked.writes, &Event::NoAnswer(&failure))),
        };
        report.host = Some(host.name.clone());
        report
    }

    fn report(&self, asked: &Asked<'_>, answer: Answer) -> Report {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let trust = verify::verify(&self.config.ring, &answer.signature, &answer.body, now);
        let body = Body::read(&answer.body);
        let subcode = answer.request_id.as_deref().and_then(api::subcode::of_request_id);
        let wechat = match &body {
            Body::Error(error) => Some(WechatError { subcode, ..error.clone() }),
            _ => None,
        };
        let event = Event::Answered {
            status: answer.status,
            trust,
            body,
            subcode,
            retry_after_s: answer.retry_after_s,
            contradiction: outcome::contradiction(asked.proofs, &asked.request.members, &answer.body),
        };
        let verdict = outcome::judge(asked.writes, &event);
        let data = if verdict.code == Code::Ok { raw(answer.body) } else { None };
        Report {
            http_status: Some(answer.status),
            request_id: answer.request_id,
            wechat,
            data,
            ..Report::from(verdict)
        }
    }
}

/// The proven answer as it came: every member, every digit.
fn raw(body: Vec<u8>) -> Option<Box<RawValue>> {
    String::from_utf8(body).ok().and_then(|text| RawValue::from_string(text).ok())
}

impl From<Verdict> for Report {
    fn from(verdict: Verdict) -> Report {
        Report {
            message: verdict.message,
            hint: verdict.hint.map(Into::into),
            cashier: verdict.cashier,
            verification: verdict.verification,
            retry_after_ms: verdict.retry_after_ms,
            ..Report::new(verdict.code)
        }
    }
}

fn log_call(operation: &str, request: &Prepared, report: &Report) {
    let line = format_args!(
        "{operation} {} {}: {} attempts={} host={} http={} request_id={} verification={} {} ms",
        request.method,
        redact::target(&request.target),
        report.code.name(),
        report.attempts,
        report.host.as_deref().unwrap_or("-"),
        report.http_status.unwrap_or(0),
        report.request_id.as_deref().unwrap_or("-"),
        report.verification.unwrap_or("-"),
        report.elapsed_ms,
    )
    .to_string();
    match report.code.class() {
        Class::InDoubt | Class::Bug => log::warn(format_args!("{line}")),
        _ => log::info(format_args!("{line}")),
    }
}
