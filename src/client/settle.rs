//! What may have happened becomes known: repeated until answered, or called off and undone.

use super::doubt::{is_absent, shows};
use super::{Client, is_fleeting, no_such_number, recorded, unrecorded, verdict};
use crate::api::{self, Settles};
use crate::error::{Error, Result};
use crate::journal::{Claim, Row, State};
use crate::json;
use crate::limits::LONGEST_CALL_MS;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::Report;
use crate::status::{Class, Code};
use crate::system::wall_ms;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Rows in a row that get no answer before settling everything gives up for now: the line is down.
const UNANSWERED_IN_A_ROW: u32 = 3;
/// Rows that a list names one by one.
const LISTED: usize = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    Complete,
    Void,
}

#[derive(Serialize)]
struct Listed<'a> {
    out_request_no: &'a str,
    operation: &'a str,
    state: &'static str,
    age_ms: i64,
    attempts: u32,
    name: &'static str,
    cause: &'a str,
}

impl Client {
    /// Everything that is not known to be finished; asks nobody.
    pub fn pending(&self) -> Report {
        self.journal.unfinished().map_or_else(Report::from, |rows| {
            let pending = rows.iter().filter(|row| row.state != State::Watching).count();
            let listed: Vec<Listed<'_>> = rows.iter().take(LISTED).map(listed).collect();
            Report::local(&json!({
                "pending": pending, "watching": rows.len() - pending, "requests": listed,
            }))
        })
    }

    /// Settles one number, or everything.
    pub fn settle(&self, input: Option<&str>, cancel: &Cancel) -> Report {
        self.try_settle(input, cancel).unwrap_or_else(Report::from)
    }

    fn try_settle(&self, input: Option<&str>, cancel: &Cancel) -> Result<Report> {
        let wanted = Wanted::read(input)?;
        let Some(number) = wanted.number else {
            if wanted.aim == Aim::Void {
                return Err(Error::at(Code::Request, "/out_request_no", "calling off needs out_request_no"));
            }
            return self.settle_everything(wanted.limit, cancel);
        };
        let deadline = Deadline::after(wanted.limit.unwrap_or(self.config.limits.call));
        let report = self.settle_number(&number, wanted.aim, &deadline, cancel)?;
        Ok(Report { out_request_no: Some(number), elapsed_ms: deadline.elapsed_ms(), ..report })
    }

    fn settle_number(&self, number: &str, aim: Aim, deadline: &Deadline, cancel: &Cancel) -> Result<Report> {
        if self.journal.find(number)?.is_none() {
            return Err(no_such_number(number));
        }
        let Some(claim) = self.journal.claim(number)? else {
            return Ok(Report {
                message: "another call is working on this number".into(),
                retry_after_ms: Some(super::RUNNING_ELSEWHERE_MS),
                ..Report::new(Code::Locked)
            });
        };
        Ok(match (aim, claim.row.state) {
            (Aim::Complete, State::Pending) => self.carry_out(claim, deadline, cancel),
            (Aim::Complete, State::Done) if is_fleeting(&claim.row) => {
                self.carry_out(claim, deadline, cancel)
            }
            (Aim::Complete, State::Done | State::Refused | State::Closed | State::RefusedWatched) => {
                recorded(&claim.row)
            }
            (_, State::Unresolved | State::Damaged) => unsettled(&claim.row),
            (_, State::Abandoned) => {
                return Err(Error::at(Code::Request, "/aim", "the request with this number was abandoned"));
            }
            (Aim::Complete, State::Watching | State::Voiding | State::Voided) => {
                return Err(Error::at(Code::Request, "/aim", "the request with this number was called off"));
            }
            (Aim::Void, _) => self.void(claim, deadline, cancel),
        })
    }

    /// Calls a redemption off: asks first, undoes what is there, and keeps watching where a delayed copy of
    /// the request could still arrive.
    fn void(&self, mut claim: Claim, deadline: &Deadline, cancel: &Cancel) -> Report {
        if claim.row.request.operation != api::USE.id {
            let message =
                format!("only a redemption can be called off, this is {}", claim.row.request.operation);
            return Error::at(Code::Request, "/aim", message).into();
        }
        let was = claim.row.state;
        match was {
            State::Voided => return voided(None),
            State::Unresolved | State::Damaged | State::Abandoned => return unsettled(&claim.row),
            State::Refused | State::Closed => return end(claim, State::Voided, 0, voided(None)),
            State::Watching | State::Voiding => {}
            State::Pending | State::Done | State::RefusedWatched => {
                // From here on nobody completes it, whatever becomes of this call.
                if let Err(error) = claim.call_off() {
                    return error.into();
                }
            }
        }
        let row = &claim.row;
        let asked = self.ask_about(&row.members, deadline, cancel);
        // A coupon that does not exist is not redeemed.
        if asked.code != Code::Ok && !is_absent(&asked) {
            let why = format!("asking about the coupon failed: {}", asked.message);
            return Report { heard: asked.heard, ..still_in_doubt(claim, &why) };
        }
        let Settles::ByAsking { shown_at, .. } = api::USE.settles else {
            return Error::new(Code::Internal, "a redemption is settled by asking").into();
        };
        let ours = shows(shown_at, Some(&row.request.number), &asked);
        if ours && is_redeemed(&asked, &row.request.number) {
            let undone = self.call(&api::RETURN, &return_request(row, deadline), cancel);
            if undone.code == Code::Ok {
                return end(claim, State::Voided, 0, voided(undone.out_request_no));
            }
            let why = format!("the coupon is redeemed and returning it failed: {}", undone.message);
            return Report { heard: true, ..still_in_doubt(claim, &why) };
        }
        // Not redeemed by this number, or returned since.
        let (signed_s, watch_until_ms) = (row.signed_s, row.watch_until_ms());
        if ours || was == State::Done || wall_ms() >= watch_until_ms {
            return end(claim, State::Voided, 0, voided(None));
        }
        let report = Report::local(&json!({ "state": "watching", "watch_until_ms": watch_until_ms }));
        end(claim, State::Watching, signed_s, report)
    }

    fn settle_everything(&self, limit: Option<Duration>, cancel: &Cancel) -> Result<Report> {
        let whole = Deadline::after(limit.unwrap_or(Duration::from_millis(LONGEST_CALL_MS)));
        let (mut unanswered, rows) = (0, self.journal.unfinished()?);
        for row in &rows {
            if whole.is_over() || unanswered >= UNANSWERED_IN_A_ROW || cancel.cancelled().is_some() {
                break;
            }
            let aim = if row.state == State::Pending { Aim::Complete } else { Aim::Void };
            let deadline = Deadline::after(self.config.limits.call.min(whole.left()));
            let report = match self.settle_number(&row.request.number, aim, &deadline, cancel) {
                Err(error) if error.code == Code::Journal => return Err(error),
                // Another process has finished or called it off meanwhile.
                Err(_) => continue,
                Ok(report) => report,
            };
            match report.code.class() {
                Class::InDoubt | Class::NotSent | Class::Local if !report.heard => unanswered += 1,
                Class::InDoubt | Class::NotSent | Class::Local | Class::Ok | Class::Refused => unanswered = 0,
                // Another call is at it, or WeChat Pay is throttling.
                Class::Busy | Class::Misuse | Class::Bug => {}
            }
        }
        let left = self.journal.unfinished()?;
        let pending: Vec<&Row> = left.iter().filter(|row| row.state != State::Watching).collect();
        let worst = pending
            .iter()
            .map(|row| code_of(row))
            .max_by_key(|code| (code.class() == Class::Bug, code.number()));
        let listed: Vec<Listed<'_>> = left.iter().take(LISTED).map(listed).collect();
        let report = Report::local(&json!({
            "settled": rows.len().saturating_sub(left.len()), "pending": pending.len(), "watching": left.len() - pending.len(), "requests": listed,
        }));
        Ok(match worst {
            None => Report { elapsed_ms: whole.elapsed_ms(), ..report },
            Some(code) => Report {
                message: format!("{} requests are still pending", pending.len()),
                elapsed_ms: whole.elapsed_ms(),
                ..Report::new(code)
            },
        })
    }
}

struct Wanted {
    number: Option<String>,
    aim: Aim,
    limit: Option<Duration>,
}

impl Wanted {
    fn read(input: Option<&str>) -> Result<Wanted> {
        let mut members = input.map(json::parse_object).transpose()?.unwrap_or_default();
        let limit = api::take_options(&mut members)?.timeout;
        let mut text = |name: &str| match members.shift_remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => {
                Err(Error::at(Code::Request, json::pointer("", name), format!("{name} must be a text")))
            }
        };
        let number = text("out_request_no")?;
        let aim = match text("aim")?.as_deref() {
            None | Some("complete") => Aim::Complete,
            Some("void") => Aim::Void,
            Some(_) => return Err(Error::at(Code::Request, "/aim", "aim must be complete or void")),
        };
        match members.keys().next() {
            None => Ok(Wanted { number, aim, limit }),
            Some(unknown) => {
                let message = format!("{unknown} is not known; known are: out_request_no, aim, _options");
                Err(Error::at(Code::Request, json::pointer("", unknown), message))
            }
        }
    }
}

fn listed(row: &Row) -> Listed<'_> {
    Listed {
        out_request_no: &row.request.number,
        operation: &row.request.operation,
        state: match row.state {
            State::Watching => "watching",
            State::Voiding => "voiding",
            _ => "pending",
        },
        age_ms: wall_ms().saturating_sub(row.created_ms).max(0),
        attempts: row.attempts,
        name: code_of(row).name(),
        cause: &row.cause,
    }
}

/// A row without a verdict belongs to a call that is running, or to a process that died.
fn code_of(row: &Row) -> Code {
    Code::from_number(row.code)
        .filter(|code| matches!(code.class(), Class::InDoubt | Class::Bug))
        .unwrap_or(Code::ConnectionLost)
}

/// Whether the redemption under this number stands now. A coupon of the withdrawn usage mode SEQUENTIAL has
/// a state for every use; every other coupon has one.
fn is_redeemed(asked: &Report, number: &str) -> bool {
    let coupon = asked.data.as_ref().and_then(|data| serde_json::from_str::<Value>(data.get()).ok());
    let Some(coupon) = coupon else { return false };
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    match coupon.pointer("/sequential_usage_detail/detail_item_list").and_then(Value::as_array) {
        None => text(&coupon, "coupon_state").as_deref() == Some("USED"),
        Some(uses) => uses.iter().any(|used| {
            text(used, "use_request_no").as_deref() == Some(number)
                && text(used, "detail_state").as_deref() == Some("USED")
        }),
    }
}

fn voided(return_number: Option<String>) -> Report {
    Report::local(&json!({ "state": "voided", "return_request_no": return_number }))
}

/// The return of a redemption has a number of its own that is always the same: `V` and 38 hexadecimal digits
/// of the digest of the redemption's number.
fn return_request(row: &Row, deadline: &Deadline) -> String {
    let digest = crate::hex::upper(&Sha256::digest(format!("void {}", row.request.number)));
    let number = format!("V{}", digest.chars().take(38).collect::<String>());
    let names = api::RETURN.members.iter().map(|member| member.name).filter(|name| *name != "out_request_no");
    let mut request: Map<String, Value> =
        names.filter_map(|name| Some((name.to_owned(), row.members.get(name)?.clone()))).collect();
    request.insert("out_request_no".into(), Value::String(number));
    let left_ms = u64::try_from(deadline.left().as_millis()).unwrap_or(LONGEST_CALL_MS);
    request.insert("_options".into(), json!({ "timeout_ms": left_ms.clamp(1, LONGEST_CALL_MS) }));
    Value::Object(request).to_string()
}

/// What nobody sends and nobody undoes.
pub(super) fn unsettled(row: &Row) -> Report {
    let message = match row.state {
        State::Damaged => "the row with this number was changed by something else than this library",
        _ => "no answer says what became of this request",
    };
    Report { message: message.into(), ..Report::new(code_of(row)) }
}

fn end(claim: Claim, state: State, signed_s: i64, report: Report) -> Report {
    let told = Report { data: None, ..Report::new(Code::Ok) };
    let verdict = verdict(&claim.row, state, signed_s, &told);
    match claim.finish(verdict) {
        Ok(()) => report,
        Err(error) => unrecorded(report, &error),
    }
}

fn still_in_doubt(claim: Claim, why: &str) -> Report {
    let report = Report { message: why.to_owned(), ..Report::new(code_of(&claim.row)) };
    let verdict = verdict(&claim.row, claim.row.state, claim.row.signed_s, &report);
    match claim.finish(verdict) {
        Ok(()) => report,
        Err(error) => unrecorded(report, &error),
    }
}
