//! One request, attempt after attempt, within one deadline.
//!
//! The body is always the same bytes; time, nonce and signature are fresh every time. What an attempt ended
//! with decides what comes next:
//!
//! - proven success, refusal: the end. A refusal while an earlier attempt is in doubt is settled by asking.
//! - nothing sent: the next host, and after two rounds of all hosts the end.
//! - in doubt: again, after a pause, if the request has a number by which WeChat Pay knows it again.
//! - throttled or locked: again after the time that WeChat Pay names, if the deadline allows.

use super::brand::pace_of;
use super::doubt::{Case, PriorAttempt};
use super::{Client, OutgoingRequest, hub};
use crate::course::{Attempt, Course};
use crate::log::{self, Fact};
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::redact;
use crate::report::{Ask, Report};
use crate::status::{Class, Code};
use crate::system;
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
/// What to do about a write that WeChat Pay could not recognise as a repeat.
const WITHOUT_REQUEST_NO: &str = "This request has no number, so nothing is written down and nothing can be settled: \
                              ask what became of it, or do the same again.";
/// [`crate::wire::verify::VerifyError::UnknownSerial`], by its name in reports.
const UNKNOWN_SERIAL: &str = "unknown_serial";
/// A signature is not rejected because the clock was off by less than this.
const CLOCK_MATTERS_S: i64 = 240;

impl Client {
    /// Sends until an answer ends the request. `prior` is what an earlier call left behind.
    pub(super) fn send_with_retries(
        &self,
        request: &OutgoingRequest<'_>,
        prior: PriorAttempt,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let mut doubt = prior.doubt.then(|| Report {
            message: "an earlier call was sent and has no answer yet".into(),
            ..Report::new(Code::ConnectionLost)
        });
        let (mut tried, mut settled) = (Vec::new(), false);
        let (mut clock_corrected, mut got_response, mut course) = (false, false, Course::default());
        let (mut signed_s, mut attempts_in_doubt, mut has_asked) = (0, 0, false);
        let (mut last, attempts) = match self.ensure_can_verify(request, deadline, cancel) {
            Ok(()) => (Report::new(Code::TimeoutUnsent), MOST_ATTEMPTS),
            Err(unable) => (*unable, 0),
        };
        for attempt in 1..=attempts {
            if let Err(wait) = self.limiter_of(request).wait(deadline, cancel) {
                last = over_rate(request, wait, attempt, last);
                break;
            }
            let at_ms = system::wall_ms();
            let (host, report, clock_change) = self.attempt(request, &tried, deadline, cancel);
            tried.push(host);
            last = Report { attempts: attempt, ..report };
            course.push(Attempt {
                at_ms,
                host: last.host.clone(),
                http: last.http_status,
                request_id: last.request_id.clone(),
                code: last.code.number(),
            });
            // A till cannot know whether its hub could ask, so its rows are never given up.
            got_response |= last.http_status.is_some() && !self.is_till();
            signed_s = signed_s.max(last.signed_s.unwrap_or_default());
            log_attempt(request, attempt, &last);
            // A hub may be at work on it, and say nothing more after that.
            let is_open_at_hub = self.is_till() && last.in_doubt && doubt.is_none();
            if last.code.class() == Class::InDoubt || is_open_at_hub {
                doubt = Some(Report { data: None, ..last.clone() });
                attempts_in_doubt += 1;
            }
            let unclear = last.ask.filter(|ask| *ask != Ask::Refused && request.writes && !has_asked);
            if let Some(ask) = unclear {
                // Once per call. If the coupon does not say either, this is a lost answer like any other.
                has_asked = true;
                let case = Case { request, prior, signed_s, attempts_in_doubt };
                let asked = self.settle_unclear_success(&case, last.clone(), deadline, cancel);
                last = Report { attempts: attempt, ask: None, ..asked };
                // What fits as far as it says anything is no lost answer, and a repeat would say no more.
                if last.code.class() != Class::InDoubt || ask == Ask::NamesNothing {
                    settled = true;
                    break;
                }
                doubt = Some(last.clone());
            }
            let is_of_clock = last.code == Code::SignRejected || last.code == hub::WRONG_TIME;
            let clock_was_why = is_of_clock && clock_change.abs() > CLOCK_MATTERS_S;
            let pause = if clock_was_why && !clock_corrected {
                clock_corrected = true;
                Some(Duration::ZERO)
            } else {
                self.pause_before_next(request, prior, &last, &tried)
            };
            let Some(pause) = pause.filter(|pause| *pause < deadline.left()) else { break };
            if cancel.cancelled().is_some() || !cancel.pause(pause) {
                break;
            }
        }
        let case = Case { request, prior, signed_s, attempts_in_doubt };
        let mut report = if settled { last } else { self.conclude(&case, last, doubt, deadline, cancel) };
        report.may_arrive_late |= report.code.class() == Class::InDoubt || self.is_till() && report.in_doubt;
        report.signed_s = Some(signed_s).filter(|_| report.may_arrive_late);
        report.got_response |= got_response;
        report.course = course;
        if report.code.class() == Class::InDoubt && request.request_no.is_none() {
            report.hint = Some(WITHOUT_REQUEST_NO.into());
        }
        report.clock_offset_s = self.clock.offset_s();
        report.out_request_no = request.request_no.map(str::to_owned);
        report.elapsed_ms = deadline.elapsed_ms();
        log_call(request, &report);
        self.note_time();
        report
    }

    /// Nothing is sent if its answer could not be verified.
    fn ensure_can_verify(
        &self,
        request: &OutgoingRequest<'_>,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Result<(), Box<Report>> {
        if self.is_till() {
            return self.have_till_key(deadline, cancel);
        }
        let needs_keys = !request.downloads_certificates && request.look_up.is_none();
        if needs_keys { self.have_keys(deadline, cancel) } else { Ok(()) }
    }

    /// How long to wait before the next attempt. `None`: there is no next attempt.
    fn pause_before_next(
        &self,
        request: &OutgoingRequest<'_>,
        prior: PriorAttempt,
        last: &Report,
        tried: &[usize],
    ) -> Option<Duration> {
        let repeatable = !request.writes || request.request_no.is_some() || request.is_idempotent();
        let attempts = u32::try_from(tried.len()).unwrap_or(u32::MAX);
        let hosts = self.hosts.all().len();
        let named = Duration::from_millis(last.retry_after_ms.unwrap_or(0));
        match last.code.class() {
            Class::Busy | Class::InDoubt if prior.sends_once => None,
            Class::Busy => Some(with_jitter(Duration::from_millis(last.retry_after_ms.unwrap_or(1000)), 0.2)),
            // The same unknown key again. Another attempt would not help.
            _ if last.verification == Some(UNKNOWN_SERIAL) && attempts > 1 => None,
            // What has no proof will hardly get one.
            _ if self.is_till()
                && last.verification.is_some()
                && last.proven.is_none()
                && tried.len() >= ROUNDS * hosts =>
            {
                None
            }
            // This hub cannot write. Another one may.
            Class::Local if self.is_till() && last.code == Code::Journal && tried.len() < ROUNDS * hosts => {
                Some(if tried.len() < hosts { Duration::ZERO } else { backoff(AFTER_ROUND, attempts) })
            }
            // Once more, because a cache in between may have mixed answers up. Then it is settled.
            _ if last.contradicts() && !request.writes && attempts > 1 => None,
            Class::NotSent if last.code == Code::ReadFailed => Some(backoff(AFTER_LOSS, attempts).max(named)),
            // A TLS failure does not go away within a moment.
            Class::NotSent if last.code == Code::Tls && tried.len() >= hosts => None,
            Class::NotSent | Class::Local if tried.len() >= ROUNDS * hosts => None,
            Class::NotSent if tried.len() < hosts => Some(Duration::ZERO),
            Class::NotSent => Some(backoff(AFTER_ROUND, attempts)),
            Class::InDoubt if !repeatable => None,
            Class::InDoubt if last.code == Code::Server => Some(backoff(AFTER_FAULT, attempts).max(named)),
            Class::InDoubt => Some(backoff(AFTER_LOSS, attempts).max(named)),
            _ => None,
        }
    }

    /// The last answer may be about the last attempt only. Doubt about an earlier attempt remains.
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
            (_, doubt) if self.is_till() => hub::conclude(case, last, doubt, doubt_with_latest),
            (Class::Ok, _) if case.is_old_success(&last) => {
                self.settle_old_answer(case, last, deadline, cancel)
            }
            (Class::Ok, _) => return last,
            (Class::Refused, None) if case.prior.done_s.is_some() => {
                self.settle_old_answer(case, last, deadline, cancel)
            }
            // Nothing was sent, so the refusal is not about this request.
            (Class::Refused, Some(doubt)) if attempts == 0 => doubt_with_latest(doubt, last),
            (Class::Refused, Some(doubt)) => self.settle_refusal(case, last, doubt, deadline, cancel),
            (Class::Refused, None) if last.ask.is_some() && case.request.writes => {
                self.settle_unclear_refusal(case, last, deadline, cancel)
            }
            (_, Some(doubt)) => doubt_with_latest(doubt, last),
            (_, None) => last,
        };
        let report = Report { attempts, ask: None, ..report };
        let called_off = match (cancel.cancelled(), report.code.class()) {
            // An earlier call may have taken effect.
            (Some(_), Class::InDoubt) => Code::CancelledSent,
            (Some(_), Class::NotSent | Class::Busy) => Code::CancelledUnsent,
            _ => return report,
        };
        Report { code: called_off, message: String::new(), hint: None, cashier: None, ..report }
    }
}

/// Doubt about an earlier attempt, together with the host, status and `Request-ID` of the latest one. If the latest
/// attempt reached no host, those of the earlier one stay.
fn doubt_with_latest(doubt: Report, last: Report) -> Report {
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

/// The rate limit of this process allows no request before the deadline. If something was sent before, that stays the
/// result.
fn over_rate(request: &OutgoingRequest<'_>, wait: Duration, attempt: u32, last: Report) -> Report {
    if attempt > 1 {
        return last;
    }
    Report {
        message: pace_of(request).into(),
        retry_after_ms: Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)),
        ..Report::new(Code::RateLimited)
    }
}

fn backoff(first: Duration, attempts: u32) -> Duration {
    with_jitter(first.saturating_mul(1 << attempts.saturating_sub(1).min(4)), 0.5)
}

/// Longer by up to `part` of the pause, so that tills that failed together do not retry together.
fn with_jitter(pause: Duration, part: f64) -> Duration {
    let mut random = [0_u8; 1];
    let filled = system::random(&mut random);
    let [byte] = random;
    let share = if filled { f64::from(byte) / 255.0 } else { 0.5 };
    pause.mul_f64(1.0 + part * share)
}

fn log_attempt(request: &OutgoingRequest<'_>, attempt: u32, report: &Report) {
    log::count_attempt();
    let host = report.host.as_deref().unwrap_or("-");
    let message = format_args!("{} attempt {attempt} at {host}: {}", request.id, report.code.name());
    let mut facts = vec![
        ("event", Fact::Text("attempt")),
        ("operation", Fact::Text(request.id)),
        ("attempt", Fact::Number(attempt.into())),
        ("name", Fact::Text(report.code.name())),
    ];
    facts.extend(known(request, report));
    log::facts(log::DEBUG, message, &facts);
}

/// What there is of these, because a filler would look like a value.
fn known<'a>(
    request: &'a OutgoingRequest<'_>,
    report: &'a Report,
) -> impl Iterator<Item = (&'static str, Fact<'a>)> {
    let http = report.http_status.map(|status| ("http", Fact::Number(status.into())));
    let texts = [
        ("number", request.request_no),
        ("host", report.host.as_deref()),
        ("request_id", report.request_id.as_deref()),
        ("verification", report.verification),
    ];
    texts.into_iter().filter_map(|(name, text)| Some((name, Fact::Text(text?)))).chain(http)
}

fn log_call(request: &OutgoingRequest<'_>, report: &Report) {
    let level = match report.code {
        // Every sale fails until a person fixes this.
        Code::SignRejected | Code::Key | Code::Config => log::ERROR,
        Code::Connect | Code::Tls | Code::Clock | Code::TimeoutUnsent | Code::ReadFailed => log::WARN,
        code if matches!(code.class(), Class::InDoubt | Class::Bug) => log::WARN,
        _ => log::INFO,
    };
    let target = redact::Target { target: request.target, known: request.operation.is_some() }.to_string();
    let number = request.request_no.unwrap_or("-");
    let host = report.host.as_deref().unwrap_or("-");
    let http = report.http_status.unwrap_or(0);
    let request_id = report.request_id.as_deref().unwrap_or("-");
    let verification = report.verification.unwrap_or("-");
    let message = format_args!(
        "{} {} {target} number={number} {}: attempts={} host={host} http={http} request_id={request_id} \
         verification={verification} {} ms",
        request.id,
        request.method,
        report.code.name(),
        report.attempts,
        report.elapsed_ms,
    );
    let mut facts = vec![
        ("event", Fact::Text("request")),
        ("operation", Fact::Text(request.id)),
        ("method", Fact::Text(request.method)),
        ("target", Fact::Text(&target)),
        ("name", Fact::Text(report.code.name())),
        ("attempts", Fact::Number(report.attempts.into())),
        ("ms", Fact::Number(i64::try_from(report.elapsed_ms).unwrap_or(i64::MAX))),
    ];
    facts.extend(known(request, report));
    log::facts(level, message, &facts);
}
