//! What a hub's answer says. It is the library's own JSON, so it is handed on; only a MAC over this request's nonce proves it.

use super::super::doubt::Case;
use super::super::{Client, OutgoingRequest};
use super::Signed;
use crate::api;
use crate::evidence;
use crate::journal::State;
use crate::net::HttpResponse;
use crate::report::{JsonText, OTHER_REQUEST, Report, WechatError};
use crate::status::{Class, Code};
use crate::wire::hub::Unproven;
use crate::wire::verify::Proof;
use serde::Deserialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The hub's name for a clock that is off.
pub(in super::super) const WRONG_TIME: Code = Code::Clock;
/// The hub's name for a request whose nonce it knows.
const COPY: &str = "nonce_reused";
/// [`Report::verification`] of an answer that nobody proves.
const UNPROVEN: &str = "unsigned";
/// The same of one whose proof is wrong.
const WRONG_MAC: &str = "wrong_signature";
/// Why the hub's library did not trust an answer of WeChat Pay's.
const VERIFICATIONS: [&str; 9] = [
    UNPROVEN,
    WRONG_MAC,
    "missing_header",
    "signtest_probe",
    "merchant_serial",
    "unknown_serial",
    "stale",
    "malformed_header",
    OTHER_REQUEST,
];

#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope<'a> {
    status: Option<i32>,
    in_doubt: bool,
    out_request_no: Option<String>,
    http_status: Option<u16>,
    request_id: Option<String>,
    verification: Option<String>,
    recorded: bool,
    recorded_at: Option<String>,
    proof: Option<String>,
    settled_by: Option<String>,
    message: Option<String>,
    hint: Option<String>,
    cashier: Option<String>,
    field: Option<String>,
    wechat: Option<WechatError>,
    retry_after_ms: Option<u64>,
    undecrypted: Vec<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    hub: Option<String>,
}

impl Client {
    /// Judges an answer, and learns the hub's time from it.
    pub(in super::super) fn judge_hub(
        &self,
        request: &OutgoingRequest<'_>,
        signed: &Signed,
        response: &HttpResponse,
    ) -> Report {
        match response.hub.prove(&signed.key, &signed.nonce, response.status, &response.body) {
            Err(why) => unproven(request.writes, why, response),
            Ok(proof) => {
                // It answers this very nonce, so it cannot be an old one.
                let time = Proof { at_s: proof.time_s, is_certain: true };
                self.clock.prove(time, true);
                let report = told(request, response);
                Report { proven: Some(time), proven_at_s: proof.proven_at_s.or(report.proven_at_s), ..report }
            }
        }
    }
}

fn text(response: &HttpResponse) -> &str {
    std::str::from_utf8(&response.body).unwrap_or_default()
}

fn told(request: &OutgoingRequest<'_>, response: &HttpResponse) -> Report {
    let unreadable = |why: String| {
        let code = if request.writes { Code::AnswerUnreadable } else { Code::ReadFailed };
        Report { message: format!("the hub's answer is not what it should be: {why}"), ..Report::new(code) }
    };
    let envelope: Envelope<'_> = match serde_json::from_str(text(response)) {
        Ok(envelope) => envelope,
        Err(error) => return unreadable(error.to_string()),
    };
    let Some(code) = envelope.status.and_then(code_of) else {
        return unreadable("it has no status".into());
    };
    let recorded_s = envelope.recorded_at.as_deref().and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok());
    let is_done = request.claim.is_some_and(|claim| claim.row.state == State::Done);
    // What stood stands, unless the hub has looked and found that it does not.
    let has_looked = envelope.recorded || envelope.settled_by.is_some();
    let is_undone = has_looked && envelope.hub.is_none() && code != Code::RequestNoReused;
    if request.writes && envelope.hub.as_deref() == Some(COPY) {
        // This till sends no nonce twice. So a copy came first, and may have been served.
        let message = said(Some(COPY), envelope.message);
        return Report { message, refused_by_hub: true, ..Report::new(Code::AnswerUntrusted) };
    }
    // What may have been done before is not refused.
    let code = match code.class() {
        Class::NotSent | Class::Refused
            if envelope.in_doubt && request.writes && code != Code::RequestNoReused =>
        {
            Code::ConnectionLost
        }
        _ => code,
    };
    let Report { in_doubt, .. } = Report::new(code);
    Report {
        in_doubt: in_doubt || envelope.in_doubt,
        out_request_no: envelope.out_request_no,
        http_status: envelope.http_status,
        request_id: envelope.request_id,
        verification: envelope.verification.and_then(known_verification),
        message: said(envelope.hub.as_deref(), envelope.message),
        hint: envelope.hint.map(Into::into),
        cashier: envelope.cashier.map(Into::into),
        field: envelope.field,
        wechat: envelope.wechat,
        recorded: envelope.recorded,
        recorded_at: envelope.recorded_at,
        proven_at_s: recorded_s.map(OffsetDateTime::unix_timestamp),
        proof: envelope.proof.and_then(|proof| ["query", "answer"].into_iter().find(|known| *known == proof)),
        settled_by: envelope.settled_by.and_then(|id| api::by_id(&id)).map(|operation| operation.id),
        retry_after_ms: envelope.retry_after_ms,
        undecrypted: envelope.undecrypted,
        data: envelope.data.map(|data| JsonText::proven(data.get())),
        by_evidence: is_done && is_undone && code.class() == Class::Refused && !api::is_return(request.id),
        refused_by_hub: envelope.hub.is_some(),
        ..Report::new(code)
    }
}

/// What the hub itself refused has its name in front, which no other member could carry.
fn said(hub: Option<&str>, message: Option<String>) -> String {
    let message = message.unwrap_or_default();
    match hub {
        Some(name) => format!("the hub refused ({name}): {message}"),
        None => message,
    }
}

/// A later hub may have a status that this version does not know. Its class says what to do.
fn code_of(number: i32) -> Option<Code> {
    let by_class = match number.div_euclid(1000) {
        1 => Code::Request,
        2 => Code::Config,
        3 => Code::Connect,
        4 => Code::ConnectionLost,
        5 => Code::Refused,
        6 => Code::Locked,
        9 => Code::Internal,
        _ => return Code::from_number(number),
    };
    Some(Code::from_number(number).unwrap_or(by_class))
}

fn known_verification(name: String) -> Option<&'static str> {
    VERIFICATIONS.into_iter().find(|known| *known == name)
}

/// Something answered. What it says may be advice, and is no answer.
fn unproven(writes: bool, why: Unproven, response: &HttpResponse) -> Report {
    let claims: Option<Envelope<'_>> = serde_json::from_str(text(response)).ok();
    let claims = claims.and_then(|claims| claims.hub);
    let (verification, what) = match why {
        Unproven::NoMac => (UNPROVEN, "has no proof of the hub's"),
        Unproven::WrongMac => (WRONG_MAC, "has a proof that does not fit this till's key and this request"),
    };
    let says = claims.as_deref().map(|name| format!(", and says {name}")).unwrap_or_default();
    let hint = match (claims.as_deref(), why) {
        (Some("unknown_till"), _) => {
            "If this is the hub, it knows no till of this name: compare till_id, or add the till at the hub."
        }
        (Some("unknown_key"), _) => {
            "If this is the hub, it has no key of this generation: make a new code at the hub (till rotate), move the file of till_key_path \
             away and set till_code."
        }
        (Some("wrong_mac"), _) | (_, Unproven::WrongMac) => {
            "The till's key is not the one that the hub has: compare till_id and the key, or make a new code at the hub (till rotate), move the \
             file of till_key_path away and set till_code."
        }
        (Some("store"), _) => {
            "If this is the hub, it cannot read its database: look at it and at the hub's log."
        }
        (Some("busy"), _) => "If this is the hub, it has no room: wait, or let another hub help.",
        _ => "Something between this till and the hub answers: look at hub_urls and at proxies.",
    };
    Report {
        message: format!("HTTP {}: what answered {what}{says}", response.status),
        verification: Some(verification),
        hint: Some(hint.into()),
        ..Report::new(if writes { Code::AnswerUntrusted } else { Code::ReadFailed })
    }
}

/// An earlier attempt may still reach a hub until its time is over. The hub knows what became of every one that did.
pub(in super::super) fn conclude(
    case: &Case<'_>,
    last: Report,
    doubt: Option<Report>,
    both: impl FnOnce(Report, Report) -> Report,
) -> Report {
    let Some(doubt) = doubt else { return last };
    let is_known = match last.code {
        // It is what the hub has said before, once more.
        _ if last.in_doubt => doubt.code.class() != Class::InDoubt,
        Code::Ok => true,
        // The policy of today, the pace, a key that has ended: none of them is about what came before.
        _ if last.refused_by_hub => false,
        // The number stands for something else at the hub, or was called off there: no copy takes effect any more.
        Code::RequestNoReused => last.proven.is_some(),
        code if matches!(code.class(), Class::Misuse | Class::NotSent | Class::Refused) => {
            last.proven.is_some_and(|proof| evidence::copies_are_dead(case.latest_s(), proof))
        }
        _ => false,
    };
    if is_known { last } else { both(doubt, last) }
}
