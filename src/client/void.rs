//! A redemption that is called off: asked about, and returned if it is there. And one that was told as refused, and may
//! still arrive.

use super::Client;
use super::doubt::{Looked, capped};
use super::record::{end, unrecorded, verdict};
use super::settle::still_open;
use crate::api;
use crate::evidence::{Evidence, LIFE_OF_A_COPY_S};
use crate::hex;
use crate::journal::{Claim, Row, State};
use crate::limits::LONGEST_CALL_MS;
use crate::log;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::Report;
use crate::status::{Class, Code};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

impl Client {
    /// Calls a redemption off: asks first, undoes what is there, and keeps watching where a delayed copy of
    /// the request could still arrive.
    pub(super) fn void(&self, mut claim: Claim, deadline: &Deadline, cancel: &Cancel) -> Report {
        match claim.row.state {
            State::Voided => return voided(None),
            State::Refused | State::Closed => return end(claim, State::Voided, 0, voided(None)),
            State::Watching | State::Voiding => {}
            State::Unresolved if claim.row.called_off => {}
            _ => {
                // From here on nobody completes it, whatever becomes of this call.
                if let Err(error) = claim.call_off() {
                    return error.into();
                }
            }
        }
        let row = &claim.row;
        let state = row.state;
        let Some(looked) = self.look_at(row, deadline, cancel) else {
            return still_open(claim, state, "there is nothing to ask", None);
        };
        // Once proven it was there; that it is absent now contradicts that, and proves nothing.
        let was_proven = row.answer.is_some();
        let signed_s = capped(row.signed_s, looked.proof);
        let is_over = match looked.evidence {
            Evidence::Undone => looked.copies_are_dead(signed_s),
            _ => looked.counts(signed_s),
        };
        match looked.evidence.clone() {
            Evidence::Done => self.give_back(claim, State::Voided, deadline, cancel),
            Evidence::Absent if was_proven => {
                let why =
                    "the coupon was redeemed by this number, and WeChat Pay says that it does not exist";
                still_open(claim, state, why, Some(&looked.report))
            }
            Evidence::NotDone(_) | Evidence::Other(_) | Evidence::Undone if was_proven => {
                end(claim, State::Voided, 0, voided(None))
            }
            Evidence::NotDone(_) | Evidence::Other(_) | Evidence::Undone | Evidence::Absent => {
                if is_over {
                    return end(claim, State::Voided, 0, voided(None));
                }
                let watch_until_ms = signed_s.saturating_add(LIFE_OF_A_COPY_S).saturating_mul(1000);
                let report = Report::local(&json!({ "state": "watching", "watch_until_ms": watch_until_ms }));
                end(claim, State::Watching, signed_s, Report { heard: true, ..report })
            }
            Evidence::Unnamed(_) | Evidence::Nothing => {
                still_open(claim, state, "asking about the coupon failed", Some(&looked.report))
            }
        }
    }

    /// What was told as refused may still happen, while a copy of the request is on its way: then it is returned.
    pub(super) fn watch(&self, claim: Claim, deadline: &Deadline, cancel: &Cancel) -> Report {
        let Some(looked) = self.look_at(&claim.row, deadline, cancel) else {
            return still_open(claim, State::RefusedWatched, "there is nothing to ask", None);
        };
        let signed_s = capped(claim.row.signed_s, looked.proof);
        match &looked.evidence {
            Evidence::Done => self.give_back(claim, State::Refused, deadline, cancel),
            Evidence::Unnamed(_) | Evidence::Nothing => {
                still_refused(claim, State::RefusedWatched, signed_s, &looked)
            }
            _ if looked.copies_are_dead(signed_s) => still_refused(claim, State::Refused, 0, &looked),
            _ => still_refused(claim, State::RefusedWatched, signed_s, &looked),
        }
    }

    /// Returns a redemption under a number that is always the same, and ends its row.
    fn give_back(&self, claim: Claim, state: State, deadline: &Deadline, cancel: &Cancel) -> Report {
        let row = &claim.row;
        let undone = self.call(&api::RETURN, &return_request(row, deadline), cancel);
        if undone.code != Code::Ok {
            let why = "the coupon is redeemed and returning it failed";
            return still_open(claim, row_state(state), why, Some(&Report { heard: true, ..undone }));
        }
        if let Some(other) = another_number(row, &undone) {
            // Between the question and the return somebody else has redeemed it, and that is what was returned.
            let why = format!(
                "the return undid the redemption by number {other}, not the one by {}",
                row.request.number
            );
            log::error(format_args!("{why}"));
            return still_open(claim, row_state(state), &why, None);
        }
        let number = undone.out_request_no.clone();
        if state == State::Refused {
            let refusal = refusal_of(row);
            let verdict = verdict(row, State::Refused, 0, &refusal);
            log::warn(format_args!("number {} was redeemed late, and returned", row.request.number));
            return match claim.finish(verdict) {
                Ok(()) => voided(number),
                Err(error) => unrecorded(undone, &error),
            };
        }
        end(claim, State::Voided, 0, voided(number))
    }
}

/// As what a row goes on that was not ended so.
fn row_state(ended: State) -> State {
    if ended == State::Refused { State::RefusedWatched } else { State::Voiding }
}

/// What the till was told stays what it was told.
fn refusal_of(row: &Row) -> Report {
    let code = Code::from_number(row.code).filter(|code| code.class() == Class::Refused);
    Report { message: row.cause.clone(), ..Report::new(code.unwrap_or(Code::Refused)) }
}

fn still_refused(claim: Claim, state: State, signed_s: i64, looked: &Looked) -> Report {
    let told = Report {
        proven: looked.proof,
        heard: looked.report.heard,
        course: looked.report.course.clone(),
        ..refusal_of(&claim.row)
    };
    let state = match state {
        State::RefusedWatched => super::record::open_state(&claim.row, state, &told, super::Call::Settling),
        state => state,
    };
    let verdict = verdict(&claim.row, state, signed_s, &told);
    match claim.finish(verdict) {
        Ok(()) => told,
        Err(error) => unrecorded(told, &error),
    }
}

/// The number of another redemption that an answer to our return shows in place of ours.
fn another_number(row: &Row, undone: &Report) -> Option<String> {
    let coupon: Value = serde_json::from_str(undone.data.as_ref()?.get()).ok()?;
    let places = ["/single_usage_detail/use_request_no", "/progressive_bundle_usage_detail/use_request_no"];
    let shown: Vec<&str> = places.iter().filter_map(|at| coupon.pointer(at)?.as_str()).collect();
    let is_ours = shown.contains(&&*row.request.number);
    shown.first().filter(|_| !is_ours).map(|other| (*other).to_owned())
}

pub(super) fn voided(return_number: Option<String>) -> Report {
    Report::local(&json!({ "state": "voided", "return_request_no": return_number }))
}

/// The return of a redemption has a number of its own that is always the same: `V` and 38 hexadecimal digits
/// of the digest of the redemption's number.
fn return_request(row: &Row, deadline: &Deadline) -> String {
    let digest = hex::upper(&Sha256::digest(format!("void {}", row.request.number)));
    let number = format!("V{}", digest.chars().take(38).collect::<String>());
    let names = api::RETURN.members.iter().map(|member| member.name).filter(|name| *name != "out_request_no");
    let mut request: Map<String, Value> =
        names.filter_map(|name| Some((name.to_owned(), row.members.get(name)?.clone()))).collect();
    request.insert("out_request_no".into(), Value::String(number));
    let left_ms = u64::try_from(deadline.left().as_millis()).unwrap_or(LONGEST_CALL_MS);
    request.insert("_options".into(), json!({ "timeout_ms": left_ms.clamp(1, LONGEST_CALL_MS) }));
    Value::Object(request).to_string()
}
