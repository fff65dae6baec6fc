//! One attempt: signed, sent, and judged by what came back.

use super::{Client, OutgoingRequest};
use crate::api::error_code::BY_STATUS;
use crate::api::{self, Expected, Recovery};
use crate::config::Host;
use crate::evidence::{self, Evidence};
use crate::json;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::net::{HttpRequest, HttpResponse, TransportError, TransportErrorKind, in_flight};
use crate::outcome::{self, Ask, AttemptOutcome, Body, Content, Event, Sent};
use crate::report::{JsonText, Report, WechatError};
use crate::scan::payment_code::LookUp;
use crate::status::{Class, Code};
use crate::system;
use crate::wire::sign::nonce;
use crate::wire::verify::Proof;
use std::ops::RangeInclusive;
use std::time::Duration;

/// A host that is silent for this long counts as failed, even if the call ended first.
const FAIR_TIME: Duration = Duration::from_secs(1);

/// HTTP 429, from WeChat Pay or from something in between.
const TOO_OFTEN: u16 = 429;

impl Client {
    pub(super) fn attempt(
        &self,
        request: &OutgoingRequest<'_>,
        tried: &[usize],
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> (usize, Report, i64) {
        let (index, host) = self.hosts.pick(tried);
        let (report, clock_change) = self.attempt_at(index, host, request, deadline, cancel);
        (index, report, clock_change)
    }

    /// One attempt at one host, and by how much the clock was corrected meanwhile.
    pub(super) fn attempt_at(
        &self,
        index: usize,
        host: &Host,
        request: &OutgoingRequest<'_>,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> (Report, i64) {
        let (now, offset) = (self.clock.now_s(), self.clock.offset_s());
        // The clock may have been corrected in between: a signature of now would be valid longer than the journal says. Or this
        // process stood still, and somebody else has taken the row over.
        if let Some(Err(error)) = request.claim.map(|claim| claim.may_sign(now)) {
            return (error.into(), 0);
        }
        let copy_s = self.clock.time_of_copy(now);
        let (authorization, apiv2_body);
        let limit = self.config.limits.attempt.min(deadline.left());
        let for_hub = match self.is_till().then(|| self.sign_for_hub(request, now, limit)).transpose() {
            Ok(for_hub) => for_hub,
            Err(error) => return (error.into(), 0),
        };
        let mut headers = Vec::with_capacity(8);
        let body = if let Some(look_up) = request.look_up {
            apiv2_body = match nonce() {
                Ok(nonce) => look_up.body(&nonce),
                Err(error) => return (error.into(), 0),
            };
            headers.extend([("Accept", "*/*"), ("Content-Type", "text/xml; charset=utf-8")]);
            Some(apiv2_body.as_bytes())
        } else if let Some(signed) = &for_hub {
            headers.extend(signed.headers());
            Some(signed.body.as_slice())
        } else {
            let signed = self
                .config
                .authorizer()
                .and_then(|own| own.authorization(request.method, request.target, now, request.signed()));
            authorization = match signed {
                Ok(authorization) => authorization,
                Err(error) => return (error.into(), 0),
            };
            headers.extend([("Authorization", authorization.as_str()), ("Accept", "application/json")]);
            headers.extend(self.headers_of(request));
            request.body
        };
        in_flight::begin(request.writes, cancel);
        let began = system::now();
        let outcome = self.transport.exchange(&HttpRequest {
            method: request.method,
            origin: &host.origin,
            target: request.target,
            headers: &headers,
            body,
            connect_limit: self.config.limits.connect.min(deadline.left()),
            limit,
        });
        let took = system::now().saturating_duration_since(began);
        // Read now, because judging the answer may send another request.
        let sent = in_flight::was_sent();
        let (mut report, clock_change) = match outcome {
            Ok(response) => {
                self.hosts.mark_healthy(index);
                let date = response.date.clone();
                let report = match (request.look_up, &for_hub) {
                    (Some(look_up), _) => judged_by(look_up, response),
                    (None, Some(signed)) => self.judge_hub(request, signed, &response),
                    (None, None) => self.judge(request, response, deadline, cancel),
                };
                if for_hub.is_some() {
                    // It answers, and cannot write.
                    if report.code == Code::Journal {
                        self.hosts.mark_failed(index);
                    }
                } else {
                    if report.code == Code::SignRejected {
                        self.clock.was_rejected();
                    }
                    // Only now, because an answer must not decide about its own freshness.
                    self.clock.learn(date.as_deref());
                }
                // Another call may have corrected the clock. What counts is the time that this call signed with.
                (report, self.clock.offset_s() - offset)
            }
            Err(error) => {
                // An attempt that the end of the call cut short says nothing about the host, unless it had enough time.
                let fair = !deadline.is_over() || system::now().saturating_duration_since(began) >= FAIR_TIME;
                if blames_host(&error) && cancel.cancelled().is_none() && fair {
                    self.hosts.mark_failed(index);
                }
                (Report::from(outcome::judge(request.writes, &Event::NoAnswer(&error))), 0)
            }
        };
        match report.code {
            Code::RateLimited => self.limiter_of(request).slow_down(),
            _ if report.http_status == Some(TOO_OFTEN) => self.limiter_of(request).slow_down(),
            _ if report.http_status.is_some() => self.limiter_of(request).answered(),
            _ => {}
        }
        self.stats.attempt(&host.name, report.code, took);
        if let Some(look_up) = request.look_up {
            report = look_up.masked(report);
        }
        report.host = Some(host.name.clone());
        // What a hub has answered has reached it, whatever it says.
        let may_arrive =
            report.proven.is_none() || report.code.class() == Class::InDoubt && for_hub.is_none();
        report.signed_s = (sent && may_arrive).then_some(copy_s);
        (report, clock_change)
    }

    /// The headers of a request of API version 3 that depend on it.
    fn headers_of<'a>(
        &'a self,
        request: &OutgoingRequest<'a>,
    ) -> impl Iterator<Item = (&'static str, &'a str)> {
        let multipart = request.multipart.map(|multipart| multipart.content_type.as_str());
        let content_type = request.body.map(|_| ("Content-Type", multipart.unwrap_or("application/json")));
        // The key that we encrypted for, or else the key that answers should be signed with.
        let serial = request.encrypted_for.or(self.config.public_key_id.as_deref());
        content_type.into_iter().chain(serial.map(|serial| ("Wechatpay-Serial", serial)))
    }

    /// From the first signature of the request until now, in seconds since 1970 by the corrected clock.
    fn signed_within(&self, request: &OutgoingRequest<'_>) -> RangeInclusive<i64> {
        let now_s = self.clock.now_s();
        let recorded_s = request.claim.map(|claim| claim.row.created_ms.div_euclid(1000));
        let first_s = recorded_s.map_or(now_s, |recorded_s| recorded_s.saturating_add(self.clock.offset_s()));
        first_s.min(now_s)..=now_s
    }

    fn judge(
        &self,
        request: &OutgoingRequest<'_>,
        response: HttpResponse,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let trust = match (request.downloads_certificates, response.status) {
            (true, 200) => match self.trust_of_download(&response.signature, &response.body) {
                Ok(trust) => trust,
                Err(error) => return error.into(),
            },
            // It may be signed with the very key that is to be downloaded. Only the advice depends on it.
            (true, _) => self.trust_of_refused_download(&response.signature, &response.body),
            _ => self.trust(&response.signature, &response.body, deadline, cancel),
        };
        let proven = trust.as_ref().ok().copied();
        let advice = self.advice_on_key(&trust, request.downloads_certificates, &response);
        let expected: &[Expected] = request.operation.map_or(&[], |operation| operation.proofs);
        // Faster than the standard library for Chinese text.
        let text = encoding_rs::UTF_8.decode_without_bom_handling_and_without_replacement(&response.body);
        let said = match &text {
            Some(text) => outcome::read(text, expected),
            None => Err("the body is not UTF-8".into()),
        };
        let body = Body::of(&said);
        let subcode = response.request_id.as_deref().and_then(api::subcode::of_request_id);
        let wechat = match &body {
            Body::Error(error) => Some(WechatError { subcode, ..error.clone() }),
            _ => None,
        };
        let event = Event::Answered {
            status: response.status,
            trust,
            body,
            subcode,
            retry_after_s: response.retry_after_s,
            content: content(expected, request, proven, &said, self.signed_within(request)),
            error_codes: request.operation.map_or(&BY_STATUS, |operation| operation.error_codes),
        };
        let mut outcome = outcome::judge(request.writes, &event);
        if let Some(encoding) = response.encoding.filter(|_| outcome.code != Code::Ok) {
            let encoding: String = encoding.chars().take(40).collect();
            outcome.message = format!(
                "{}; the answer has Content-Encoding {encoding:?}, which was not asked for: something in between changes \
                 answers",
                outcome.message
            );
        }
        let is_answer = outcome.code == Code::Ok || outcome.ask.is_some_and(|ask| ask != Ask::Refused);
        if let Some(proof) = proven {
            self.clock.prove(proof, is_answer && request.is_new && shows_request_no(request, &said));
        }
        let data = text.filter(|_| is_answer && matches!(said, Ok(Some(_))));
        let data = data.map(|text| JsonText::proven(&text));
        let report = Report::from(outcome);
        Report {
            proven,
            http_status: Some(response.status),
            request_id: response.request_id,
            wechat,
            data,
            hint: advice.map(Into::into).or(report.hint),
            ..report
        }
    }
}

/// An answer of API version 2.
fn judged_by(look_up: &LookUp, response: HttpResponse) -> Report {
    let report = look_up.judge(response.status, response.retry_after_s, &response.body);
    Report { http_status: Some(response.status), request_id: response.request_id, ..report }
}

/// If an answer is fresh only by an unsigned `Date` header, it may be old. Then it proves a write only if it shows the
/// request's number.
fn content(
    expected: &[Expected],
    request: &OutgoingRequest<'_>,
    proven: Option<Proof>,
    said: &outcome::Said,
    within_s: RangeInclusive<i64>,
) -> Content {
    let sent = Sent { members: request.members, request_no: request.request_no, within_s };
    let content = outcome::content(expected, &sent, said);
    let is_certain = proven.is_none_or(|proof| proof.is_certain);
    let says_done = matches!(content, Content::Fits | Content::Asks(Ask::NamesNothing, _));
    if is_certain || !request.writes || !says_done || shows_request_no(request, said) {
        return content;
    }
    let why = "the answer does not show this number, and how old it is cannot be told".to_owned();
    match request.recovery() {
        Recovery::Query { .. } => Content::Asks(Ask::Contradicts, why),
        _ => Content::Elsewhere(why),
    }
}

/// Whether the answer shows the request's own number. Then it was not given before the request was sent.
fn shows_request_no(request: &OutgoingRequest<'_>, said: &outcome::Said) -> bool {
    let (Some(operation), Some(request_no), Ok(Some(said))) = (request.operation, request.request_no, said)
    else {
        return false;
    };
    operation.proofs.iter().any(|expected| match expected {
        Expected::Shows(trace) => evidence::of_coupon(trace, request_no, said) == Evidence::Done,
        Expected::Echoes { member, at, .. } => {
            operation.request_no_member == Some(*member)
                && json::find(said, at).and_then(|found| found.as_str()) == Some(request_no)
        }
        Expected::SaysSomething { .. } | Expected::Happened { .. } => false,
    })
}

/// Whether the next call should use another host: this one refused, was unreachable or did not answer. A broken
/// connection or a malformed answer says nothing about the host.
fn blames_host(error: &TransportError) -> bool {
    match error.kind {
        TransportErrorKind::Connect | TransportErrorKind::Tls | TransportErrorKind::Timeout => true,
        TransportErrorKind::Clock
        | TransportErrorKind::Lost
        | TransportErrorKind::NotHttp
        | TransportErrorKind::TooLarge => false,
    }
}

impl From<AttemptOutcome> for Report {
    fn from(outcome: AttemptOutcome) -> Report {
        Report {
            message: outcome.message,
            hint: outcome.hint.map(Into::into),
            cashier: outcome.cashier.map(Into::into),
            verification: outcome.verification,
            retry_after_ms: outcome.retry_after_ms,
            ask: outcome.ask,
            ..Report::new(outcome.code)
        }
    }
}
