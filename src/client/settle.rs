//! What may have happened becomes known: repeated until answered, or called off and undone.

use super::attempts::shows;
use super::{Client, delayed_arrival_until, no_such_number, recorded, verdict};
use crate::api;
use crate::config::LONGEST_CALL_MS;
use crate::error::{Error, Result};
use crate::journal::{Claim, Row, State, now_ms};
use crate::json;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::Report;
use crate::status::{Class, Code};
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
            let pending = rows.iter().filter(|row| row.state == State::Pending).count();
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
            (Aim::Complete, State::Done | State::Refused | State::Closed) => recorded(&claim.row),
            (Aim::Complete, State::Watching | State::Voided) => {
                return Err(Error::at(Code::Request, "/aim", "the request with this number was called off"));
            }
            (Aim::Void, _) => self.void(claim, deadline, cancel),
        })
    }

    /// Calls a redemption off: asks first, undoes what is there, and keeps watching where a delayed copy of
    /// the request could still arrive.
    fn void(&self, claim: Claim, deadline: &Deadline, cancel: &Cancel) -> Report {
        let row = &claim.row;
        if row.operation != api::USE.id {
            let message = format!("only a redemption can be called off, this is {}", row.operation);
            return Error::at(Code::Request, "/aim", message).into();
        }
        match row.state {
            State::Voided => return voided(None),
            State::Refused | State::Closed => return end(claim, State::Voided, 0, voided(None)),
            State::Pending | State::Watching | State::Done => {}
        }
        let asked = self.ask_about(&row.members, deadline, cancel);
        if asked.code != Code::Ok {
            return still_in_doubt(claim, &format!("asking about the coupon failed: {}", asked.message));
        }
        let ours = shows(&api::USE, Some(&row.number), &asked);
        if ours && coupon_state(&asked).as_deref() == Some("USED") {
            let undone = self.call(&api::RETURN, &return_request(row), cancel);
            return if undone.code == Code::Ok {
                let number = undone.out_request_no;
                end(claim, State::Voided, 0, voided(number))
            } else {
                still_in_doubt(
                    claim,
                    &format!("the coupon is redeemed and returning it failed: {}", undone.message),
                )
            };
        }
        // Not redeemed by us, or returned since. The row of a process that died does not say when it was
        // last sent, so its last change counts.
        let sent_at_latest =
            row.watch_until_ms.max(if row.state == State::Pending { delayed_from(row) } else { 0 });
        if ours || row.state == State::Done || now_ms() >= sent_at_latest {
            return end(claim, State::Voided, 0, voided(None));
        }
        let report = Report::local(&json!({
            "state": "watching", "watch_until_ms": sent_at_latest,
        }));
        end(claim, State::Watching, sent_at_latest, report)
    }

    fn settle_everything(&self, limit: Option<Duration>, cancel: &Cancel) -> Result<Report> {
        let whole = Deadline::after(limit.unwrap_or(Duration::from_millis(LONGEST_CALL_MS)));
        let (mut unanswered, mut settled) = (0, 0_usize);
        for row in self.journal.unfinished()? {
            if whole.is_over() || unanswered >= UNANSWERED_IN_A_ROW || cancel.cancelled().is_some() {
                break;
            }
            let aim = if row.state == State::Watching { Aim::Void } else { Aim::Complete };
            let deadline = Deadline::after(self.config.limits.call.min(whole.left()));
            let report = self.settle_number(&row.number, aim, &deadline, cancel)?;
            match report.code.class() {
                Class::InDoubt | Class::NotSent | Class::Local => unanswered += 1,
                Class::Ok | Class::Refused => {
                    unanswered = 0;
                    settled += 1;
                }
                // Another call is at it, or WeChat Pay is throttling.
                Class::Busy | Class::Misuse | Class::Bug => {}
            }
        }
        let left = self.journal.unfinished()?;
        let pending: Vec<&Row> = left.iter().filter(|row| row.state == State::Pending).collect();
        let worst = pending
            .iter()
            .map(|row| code_of(row))
            .max_by_key(|code| (code.class() == Class::Bug, code.number()));
        let listed: Vec<Listed<'_>> = left.iter().take(LISTED).map(listed).collect();
        let report = Report::local(&json!({
            "settled": settled, "pending": pending.len(), "watching": left.len() - pending.len(), "requests": listed,
        }));
        Ok(match worst {
            None => Report { elapsed_ms: whole.elapsed_ms(), ..report },
            Some(code) => Report {
                data: report.data,
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
        out_request_no: &row.number,
        operation: &row.operation,
        state: if row.state == State::Watching { "watching" } else { "pending" },
        age_ms: now_ms().saturating_sub(row.created_ms).max(0),
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

/// Since when no delayed copy can arrive any more, for a row whose process died before it could say.
fn delayed_from(row: &Row) -> i64 {
    row.updated_ms.saturating_add(delayed_arrival_until().saturating_sub(now_ms()))
}

fn coupon_state(asked: &Report) -> Option<String> {
    let coupon: Value = serde_json::from_str(asked.data.as_ref()?.get()).ok()?;
    coupon.get("coupon_state")?.as_str().map(str::to_owned)
}

fn voided(return_number: Option<String>) -> Report {
    Report::local(&json!({ "state": "voided", "return_request_no": return_number }))
}

/// The return of a redemption has a number of its own that is always the same: `V` and 38 hexadecimal digits
/// of the digest of the redemption's number.
fn return_request(row: &Row) -> String {
    let digest = crate::wire::hex(&Sha256::digest(format!("void {}", row.number)));
    let number = format!("V{}", digest.chars().take(38).collect::<String>());
    let names = api::RETURN.members.iter().map(|member| member.name).filter(|name| *name != "out_request_no");
    let mut request: Map<String, Value> =
        names.filter_map(|name| Some((name.to_owned(), row.members.get(name)?.clone()))).collect();
    request.insert("out_request_no".into(), Value::String(number));
    Value::Object(request).to_string()
}

fn end(claim: Claim, state: State, watch_until_ms: i64, report: Report) -> Report {
    match claim.finish(verdict(state, watch_until_ms, &Report { data: None, ..Report::new(Code::Ok) })) {
        Ok(()) => report,
        Err(error) => error.into(),
    }
}

fn still_in_doubt(claim: Claim, why: &str) -> Report {
    let row = &claim.row;
    let report = Report { message: why.to_owned(), ..Report::new(code_of(row)) };
    let (state, watch_until_ms) = (row.state, row.watch_until_ms);
    let recorded =
        if state == State::Done { Ok(()) } else { claim.finish(verdict(state, watch_until_ms, &report)) };
    recorded.map_or_else(Report::from, |()| report)
}
