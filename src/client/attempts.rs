//! One request, attempt after attempt, within one deadline.
//!
//! The body is always the same bytes; time, nonce and signature are fresh every time. What an attempt ended
//! with decides what comes next:
//!
//! - proven success, refusal: the end. A refusal while an earlier attempt is in doubt is settled by asking.
//! - nothing sent: the next host, and after two rounds of all hosts the end.
//! - in doubt: again, after a pause, if the request has a number by which WeChat Pay knows it again.
//! - throttled or locked: again after the time that WeChat Pay names, if the deadline allows.

use super::doubt::{Case, Prior};
use super::{Client, Errand};
use crate::api::{self, Expected, Settles};
use crate::config::Host;
use crate::course::{Attempt, Course};
use crate::evidence::{self, Evidence};
use crate::json;
use crate::log;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::net::{Answer, Failure, FailureKind, Outgoing, in_flight};
use crate::outcome::{self, Ask, Body, Content, Event, Verdict};
use crate::redact;
use crate::report::{JsonText, Report, WechatError};
use crate::status::{Class, Code};
use crate::system;
use crate::wire::verify::Proof;
use std::time::Duration;

/// Attempts of one call, whatever the deadline allows.
const MOST_ATTEMPTS: u32 = 12;
/// Pause after a fault of WeChat Pay's; its manual asks for 1, 2 and 4 seconds.
const AFTER_FAULT: Duration = Duration::from_secs(1);
/// Pause after a lost or untrusted answer.
const AFTER_LOSS: Duration = Duration::from_millis(100);
/// Pause between rounds of hosts of which none could be reached.
const AFTER_ROUND: Duration = Duration::from_millis(300);
/// Rounds of all hosts before the line counts as down.
const ROUNDS: usize = 2;
/// What to do about a write that nobody could recognise again.
const WITHOUT_NUMBER: &str = "This request has no number, so nothing is written down and nothing can be settled: \
                              ask what became of it, or do the same again.";
/// A host that lets this pass without a word is passed over, even if the call's own end came first.
const FAIR_TIME: Duration = Duration::from_secs(1);
/// For how long a request may be signed once its end was put off.
const EXTENSION_S: i64 = 600;
/// "Too often", whoever says it.
const TOO_OFTEN: u16 = 429;
/// [`crate::wire::verify::Distrust::UnknownSerial`], by its name in reports.
const UNKNOWN_SERIAL: &str = "unknown_serial";
/// A correction of the clock by less cannot be why a signature was rejected.
const CLOCK_MATTERS_S: i64 = 240;

impl Client {
    /// Sends until there is an answer that ends it. `prior`: an earlier call may have sent it too.
    pub(super) fn pursue(
        &self,
        errand: &Errand<'_>,
        prior: Prior,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let mut doubt = prior.doubt.then(|| Report {
            message: "an earlier call was sent and has no answer yet".into(),
            ..Report::new(Code::ConnectionLost)
        });
        let (mut tried, mut settled) = (Vec::new(), false);
        let (mut clock_corrected, mut heard, mut course) = (false, false, Course::default());
        let (mut signed_s, mut attempts_in_doubt, mut has_asked) = (0, 0, false);
        let (mut last, attempts) = match self.prepared_to_judge(errand, deadline, cancel) {
            Ok(()) => (Report::new(Code::TimeoutUnsent), MOST_ATTEMPTS),
            Err(unable) => (*unable, 0),
        };
        for attempt in 1..=attempts {
            if let Err(wait) = self.pace.wait(deadline, cancel) {
                last = paced_out(wait, attempt, last);
                break;
            }
            let at_ms = system::wall_ms();
            let (host, report, clock_change) = self.attempt(errand, &tried, deadline, cancel);
            tried.push(host);
            last = Report { attempts: attempt, ..report };
            course.push(Attempt {
                at_ms,
                host: last.host.clone(),
                http: last.http_status,
                request_id: last.request_id.clone(),
                code: last.code.number(),
            });
            heard |= last.http_status.is_some();
            signed_s = signed_s.max(last.signed_s.unwrap_or_default());
            log::debug(format_args!(
                "{} attempt {attempt} at {}: {}",
                errand.id,
                last.host.as_deref().unwrap_or("-"),
                last.code.name()
            ));
            if last.code.class() == Class::InDoubt {
                doubt = Some(Report { data: None, ..last.clone() });
                attempts_in_doubt += 1;
            }
            if last.ask.is_some() && errand.writes && !has_asked {
                // Once a call: where the coupon does not say either, it is a lost answer like any other.
                has_asked = true;
                let case = Case { errand, prior, signed_s, attempts_in_doubt };
                let asked = self.settle_puzzle(&case, last.clone(), deadline, cancel);
                last = Report { attempts: attempt, ask: None, ..asked };
                if last.code.class() != Class::InDoubt {
                    settled = true;
                    break;
                }
                doubt = Some(last.clone());
            }
            let clock_was_why = last.code == Code::SignRejected && clock_change.abs() > CLOCK_MATTERS_S;
            let pause = if clock_was_why && !clock_corrected {
                clock_corrected = true;
                Some(Duration::ZERO)
            } else {
                self.pause_before_next(errand, prior, &last, &tried)
            };
            let Some(pause) = pause.filter(|pause| *pause < deadline.left()) else { break };
            if cancel.cancelled().is_some() || !cancel.pause(pause) {
                break;
            }
        }
        let case = Case { errand, prior, signed_s, attempts_in_doubt };
        let mut report = if settled { last } else { self.conclude(&case, last, doubt, deadline, cancel) };
        report.may_arrive_late |= report.code.class() == Class::InDoubt;
        report.signed_s = Some(signed_s).filter(|_| report.may_arrive_late);
        report.heard |= heard;
        report.course = course;
        if report.code.class() == Class::InDoubt && errand.number.is_none() {
            report.hint = Some(WITHOUT_NUMBER.into());
        }
        report.clock_offset_s = self.clock.offset_s();
        report.out_request_no = errand.number.map(str::to_owned);
        report.elapsed_ms = deadline.elapsed_ms();
        log_call(errand, &report);
        self.note_time();
        report
    }

    /// Nothing is sent whose answer could not be proven.
    fn prepared_to_judge(
        &self,
        errand: &Errand<'_>,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Result<(), Box<Report>> {
        if errand.downloads_certificates { Ok(()) } else { self.have_keys(deadline, cancel) }
    }

    /// How long to wait before the next attempt; nothing when there should be none.
    fn pause_before_next(
        &self,
        errand: &Errand<'_>,
        prior: Prior,
        last: &Report,
        tried: &[usize],
    ) -> Option<Duration> {
        let repeatable = !errand.writes || errand.number.is_some() || errand.may_be_done_twice();
        let attempts = u32::try_from(tried.len()).unwrap_or(u32::MAX);
        let hosts = self.hosts.all().len();
        let named = Duration::from_millis(last.retry_after_ms.unwrap_or(0));
        match last.code.class() {
            Class::Busy | Class::InDoubt if prior.sends_once => None,
            Class::Busy => Some(jittered(Duration::from_millis(last.retry_after_ms.unwrap_or(1000)), 0.2)),
            // The same key again: none of the others is known either.
            _ if last.verification == Some(UNKNOWN_SERIAL) && attempts > 1 => None,
            Class::NotSent if last.code == Code::ReadFailed => Some(growing(AFTER_LOSS, attempts).max(named)),
            // A host that cannot prove itself will not in a moment.
            Class::NotSent if last.code == Code::Tls && tried.len() >= hosts => None,
            Class::NotSent | Class::Local if tried.len() >= ROUNDS * hosts => None,
            Class::NotSent if tried.len() < hosts => Some(Duration::ZERO),
            Class::NotSent => Some(growing(AFTER_ROUND, attempts)),
            Class::InDoubt if !repeatable => None,
            Class::InDoubt if last.code == Code::Server => Some(growing(AFTER_FAULT, attempts).max(named)),
            Class::InDoubt => Some(growing(AFTER_LOSS, attempts).max(named)),
            _ => None,
        }
    }

    /// The last answer may speak of the last attempt only; doubt about an earlier one outlives it.
    fn conclude(
        &self,
        case: &Case<'_>,
        last: Report,
        doubt: Option<Report>,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let attempts = last.attempts;
        let report = match (last.code.class(), doubt) {
            (Class::Ok, _) if case.is_old_success(&last) => self.settle_old(case, last, deadline, cancel),
            (Class::Ok, _) => return last,
            (Class::Refused, None) if case.prior.done_s.is_some() => {
                self.settle_old(case, last, deadline, cancel)
            }
            // Nothing was sent: the refusal is not of this request.
            (Class::Refused, Some(doubt)) if attempts == 0 => outlasting(doubt, last),
            (Class::Refused, Some(doubt)) => self.settle_refusal(case, last, doubt, deadline, cancel),
            (_, Some(doubt)) => outlasting(doubt, last),
            (_, None) => last,
        };
        let report = Report { attempts, ask: None, ..report };
        let called_off = match (cancel.cancelled(), report.code.class()) {
            // Whatever this call did: an earlier one may have taken effect.
            (Some(_), Class::InDoubt) => Code::CancelledSent,
            (Some(_), Class::NotSent | Class::Busy) => Code::CancelledUnsent,
            _ => return report,
        };
        Report { code: called_off, message: String::new(), hint: None, cashier: None, ..report }
    }

    fn attempt(
        &self,
        errand: &Errand<'_>,
        tried: &[usize],
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> (usize, Report, i64) {
        let (index, host) = self.hosts.pick(tried);
        let (report, clock_change) = self.attempt_at(index, host, errand, deadline, cancel);
        (index, report, clock_change)
    }

    /// One attempt at one host, and by how much the clock was corrected meanwhile.
    pub(super) fn attempt_at(
        &self,
        index: usize,
        host: &Host,
        errand: &Errand<'_>,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> (Report, i64) {
        let (now, offset) = (self.clock.now_s(), self.clock.offset_s());
        if let Some(claim) = errand.claim.filter(|claim| now > claim.until_s()) {
            // The clock was corrected meanwhile: what is signed now would live longer than the journal says.
            if let Err(error) = claim.extend(now.saturating_add(EXTENSION_S)) {
                return (error.into(), 0);
            }
        }
        let copy_s = self.clock.time_of_copy(now);
        let signed = self.config.authorizer.authorization(errand.method, errand.target, now, errand.signed());
        let authorization = match signed {
            Ok(authorization) => authorization,
            Err(error) => return (error.into(), 0),
        };
        let mut headers = vec![("Authorization", authorization.as_str()), ("Accept", "application/json")];
        if errand.body.is_some() {
            let multipart = errand.multipart.map(|multipart| multipart.content_type.as_str());
            headers.push(("Content-Type", multipart.unwrap_or("application/json")));
        }
        // The key that opens what we encrypted, or else the one that we would like answers signed with.
        if let Some(serial) = errand.encrypted_for.or(self.config.public_key_id.as_deref()) {
            headers.push(("Wechatpay-Serial", serial));
        }
        in_flight::begin(errand.writes, cancel);
        let began = system::now();
        let outcome = self.transport.exchange(&Outgoing {
            method: errand.method,
            origin: &host.origin,
            target: errand.target,
            headers: &headers,
            body: errand.body,
            connect_limit: self.config.limits.connect.min(deadline.left()),
            limit: self.config.limits.attempt.min(deadline.left()),
        });
        // Judging may send a question of its own.
        let sent = in_flight::sent();
        let (mut report, clock_change) = match outcome {
            Ok(answer) => {
                self.hosts.well(index);
                let date = answer.date.clone();
                let report = self.judge(errand, answer, deadline, cancel);
                if report.code == Code::SignRejected {
                    self.clock.was_rejected();
                }
                // Only now: an answer has no say in how fresh it is itself.
                self.clock.learn(date.as_deref());
                // Another call may have learned it meanwhile: what counts is what this one signed with.
                (report, self.clock.offset_s() - offset)
            }
            Err(failure) => {
                // Cut short by the end of the call, an attempt says nothing, unless it had its fair time.
                let fair = !deadline.is_over() || system::now().saturating_duration_since(began) >= FAIR_TIME;
                if speaks_ill_of_host(&failure) && cancel.cancelled().is_none() && fair {
                    self.hosts.failed(index);
                }
                (Report::from(outcome::judge(errand.writes, &Event::NoAnswer(&failure))), 0)
            }
        };
        match report.code {
            Code::RateLimited => self.pace.slow_down(),
            _ if report.http_status == Some(TOO_OFTEN) => self.pace.slow_down(),
            _ if report.http_status.is_some() => self.pace.answered(),
            _ => {}
        }
        report.host = Some(host.name.clone());
        report.signed_s =
            (sent && (report.proven.is_none() || report.code.class() == Class::InDoubt)).then_some(copy_s);
        (report, clock_change)
    }

    fn judge(&self, errand: &Errand<'_>, answer: Answer, deadline: &Deadline, cancel: &Cancel) -> Report {
        let trust = match (errand.downloads_certificates, answer.status) {
            (true, 200) => match self.trust_of_download(&answer.signature, &answer.body) {
                Ok(trust) => trust,
                Err(error) => return error.into(),
            },
            // Signed with a key that is only now asked for: nothing but advice hangs on a refusal.
            (true, _) => self.trust_of_refused_download(&answer.signature, &answer.body),
            _ => self.trust(&answer.signature, &answer.body, deadline, cancel),
        };
        let proven = trust.as_ref().ok().copied();
        let advice = self.advice_on_key(&trust, errand.downloads_certificates, &answer);
        let expected: &[Expected] = errand.operation.map_or(&[], |operation| operation.proofs);
        // Vectors at a time, where the standard library goes character by character through Chinese.
        let text = encoding_rs::UTF_8.decode_without_bom_handling_and_without_replacement(&answer.body);
        let said = match &text {
            Some(text) => outcome::read(text, expected),
            None => Err("the body is not UTF-8".into()),
        };
        let body = Body::of(&said);
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
            content: content(expected, errand, proven, &said),
        };
        let mut verdict = outcome::judge(errand.writes, &event);
        if let Some(encoding) = answer.encoding.filter(|_| verdict.code != Code::Ok) {
            let encoding: String = encoding.chars().take(40).collect();
            verdict.message = format!(
                "{}; the answer has Content-Encoding {encoding:?}, which was not asked for: something in between changes \
                 answers",
                verdict.message
            );
        }
        let is_answer = verdict.code == Code::Ok || verdict.ask.is_some();
        if let Some(proof) = proven {
            self.clock.prove(proof, is_answer && errand.is_new && shows_number(errand, &said));
        }
        let data = text.filter(|_| is_answer && matches!(said, Ok(Some(_))));
        let data = data.map(|text| JsonText::proven(&text));
        let report = Report::from(verdict);
        Report {
            proven,
            http_status: Some(answer.status),
            request_id: answer.request_id,
            wechat,
            data,
            hint: advice.map(Into::into).or(report.hint),
            ..report
        }
    }
}

/// What is fresh only by what an unsigned header said of the clock may be an old answer: it proves a write only when it
/// shows the number.
fn content(
    expected: &[Expected],
    errand: &Errand<'_>,
    proven: Option<Proof>,
    said: &outcome::Said,
) -> Content {
    let content = outcome::content(expected, errand.members, errand.number, said);
    let is_certain = proven.is_none_or(|proof| proof.is_certain);
    if is_certain || !errand.writes || content != Content::Fits || shows_number(errand, said) {
        return content;
    }
    let why = "the answer does not show this number, and how old it is cannot be told".to_owned();
    match errand.settles() {
        Settles::ByAsking { .. } => Content::Asks(Ask::Contradicts, why),
        _ => Content::Elsewhere(why),
    }
}

/// Whether the answer shows the request's own number: then it is no answer from before the request was sent.
fn shows_number(errand: &Errand<'_>, said: &outcome::Said) -> bool {
    let (Some(operation), Some(number), Ok(Some(said))) = (errand.operation, errand.number, said) else {
        return false;
    };
    operation.proofs.iter().any(|expected| match expected {
        Expected::Shows(trace) => evidence::of_coupon(trace, number, said) == Evidence::Done,
        Expected::Echoes { member, at, .. } => {
            operation.number == Some(*member)
                && json::find(said, at).and_then(|found| found.as_str()) == Some(number)
        }
        Expected::SaysSomething { .. } => false,
    })
}

/// Doubt about an earlier attempt, and what the latest one met: which host, which status, which `Request-ID`. A latest
/// one that met nobody leaves those of the one before it.
fn outlasting(doubt: Report, last: Report) -> Report {
    if last.code.class() == Class::InDoubt {
        return doubt;
    }
    let said = if last.message.is_empty() { last.code.text() } else { &last.message };
    let at = last.host.as_deref().map(|host| format!(" at {host}")).unwrap_or_default();
    let message = format!("{}; then {}{at}: {said}", doubt.message, last.code.name());
    let (answered, had_answer) = (last.http_status.is_some(), doubt.http_status.is_some());
    Report {
        message,
        host: if had_answer && !answered { doubt.host } else { last.host.or(doubt.host) },
        http_status: if answered { last.http_status } else { doubt.http_status },
        request_id: if answered { last.request_id } else { doubt.request_id },
        retry_after_ms: last.retry_after_ms.or(doubt.retry_after_ms),
        ..doubt
    }
}

/// Refused, unreachable, silent: the next call had better go elsewhere. A broken connection or an odd
/// answer says nothing about the host.
fn speaks_ill_of_host(failure: &Failure) -> bool {
    match failure.kind {
        FailureKind::Connect | FailureKind::Tls | FailureKind::Timeout => true,
        FailureKind::Clock | FailureKind::Lost | FailureKind::NotHttp | FailureKind::TooLarge => false,
    }
}

/// The turn would have come too late: throttled by ourselves, unless something was sent before.
fn paced_out(wait: Duration, attempt: u32, last: Report) -> Report {
    if attempt > 1 {
        return last;
    }
    Report {
        message: "this process sends as fast as max_rate_per_s and WeChat Pay allow".into(),
        retry_after_ms: Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)),
        ..Report::new(Code::RateLimited)
    }
}

fn growing(first: Duration, attempts: u32) -> Duration {
    jittered(first.saturating_mul(1 << attempts.saturating_sub(1).min(4)), 0.5)
}

/// Up to that part longer, so that tills that failed together do not come back together.
fn jittered(pause: Duration, part: f64) -> Duration {
    let mut random = [0_u8; 1];
    let filled = system::random(&mut random);
    let [byte] = random;
    let share = if filled { f64::from(byte) / 255.0 } else { 0.5 };
    pause.mul_f64(1.0 + part * share)
}

impl From<Verdict> for Report {
    fn from(verdict: Verdict) -> Report {
        Report {
            message: verdict.message,
            hint: verdict.hint.map(Into::into),
            cashier: verdict.cashier,
            verification: verdict.verification,
            retry_after_ms: verdict.retry_after_ms,
            ask: verdict.ask,
            ..Report::new(verdict.code)
        }
    }
}

fn log_call(errand: &Errand<'_>, report: &Report) {
    let write = match report.code {
        // Every sale fails until somebody does something.
        Code::SignRejected | Code::Key | Code::Config => log::error,
        Code::Connect | Code::Tls | Code::Clock | Code::TimeoutUnsent | Code::ReadFailed => log::warn,
        code if matches!(code.class(), Class::InDoubt | Class::Bug) => log::warn,
        _ => log::info,
    };
    write(format_args!(
        "{} {} {} number={} {}: attempts={} host={} http={} request_id={} verification={} {} ms",
        errand.id,
        errand.method,
        redact::Target { target: errand.target, known: errand.operation.is_some() },
        errand.number.unwrap_or("-"),
        report.code.name(),
        report.attempts,
        report.host.as_deref().unwrap_or("-"),
        report.http_status.unwrap_or(0),
        report.request_id.as_deref().unwrap_or("-"),
        report.verification.unwrap_or("-"),
        report.elapsed_ms,
    ));
}
