//! Voids a redemption: looks it up, and returns it if it took effect. Also watches a redemption that was refused but may
//! still arrive.

use super::doubt::{capped_by_proof, returned_since};
use super::numbered::{Trigger, done_s};
use super::question::Lookup;
use super::record::{end, unrecorded, verdict};
use super::settle::still_open;
use super::{Client, OutgoingRequest};
use crate::api::{self, Operation, Recovery, ShownBy};
use crate::evidence::{self, COPY_LIFETIME_S, Evidence};
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
    /// Voids a redemption: looks it up, undoes its effect, and keeps watching while a delayed copy of the request could
    /// still arrive.
    pub(super) fn void(&self, mut claim: Claim, deadline: &Deadline, cancel: &Cancel) -> Report {
        if let Some(other) =
            claim.row.note.as_deref().and_then(|note| note.strip_prefix(UNDID)).map(str::to_owned)
        {
            // The coupon may not show it any more.
            return undid_another(claim, &other);
        }
        match claim.row.state {
            State::Voided => return voided(None),
            State::Refused | State::Closed => return end(claim, State::Voided, 0, voided(None)),
            State::Watching | State::Voiding => {}
            State::Unresolved if claim.row.called_off => {}
            _ => {
                // From now on it is never completed, even if this call fails.
                if let Err(error) = claim.begin_void() {
                    return error.into();
                }
            }
        }
        let row = &claim.row;
        let state = row.state;
        let Some(lookup) = self.look_up_row(row, deadline, cancel) else {
            return still_open(claim, state, "there is nothing to ask", None);
        };
        // The coupon existed when the redemption was proven. An answer that it does not exist contradicts that.
        let was_proven = row.answer.is_some();
        let signed_s = capped_by_proof(row.signed_s, lookup.proof);
        let is_over = match lookup.evidence {
            Evidence::Undone => lookup.copies_are_dead(signed_s),
            _ => lookup.rules_out_effect(signed_s),
        };
        // The course of a sale that was called off tells what showed it. A row that stays open gets it with its cause.
        let stays_open = match lookup.evidence {
            Evidence::Unnamed(_) | Evidence::Nothing => true,
            Evidence::Absent => was_proven,
            _ => false,
        };
        if !stays_open {
            claim.row.course = claim.row.course.followed_by(lookup.report.course.clone());
        }
        let row = &claim.row;
        if let Some(other) = lookup.coupon().and_then(|coupon| undone_late(row, &coupon)) {
            return undid_another(claim, &other);
        }
        match lookup.evidence.clone() {
            Evidence::Done => self.give_back(claim, State::Voided, lookup, deadline, cancel),
            Evidence::Absent if was_proven => {
                let why =
                    "the coupon was redeemed by this number, and WeChat Pay says that it does not exist";
                still_open(claim, state, why, Some(&lookup.report))
            }
            _ if was_proven && lookup.undoes(done_s(row)) => end(claim, State::Voided, 0, voided(None)),
            Evidence::NotDone { .. } | Evidence::Other(_) if was_proven => {
                // The answer may be older than the redemption, so another lookup follows.
                let signed_s = signed_s.max(done_s(row));
                end(claim, State::Watching, signed_s, watching(signed_s))
            }
            Evidence::NotDone { .. } | Evidence::Other(_) | Evidence::Undone | Evidence::Absent => {
                if is_over {
                    return end(claim, State::Voided, 0, voided(None));
                }
                end(claim, State::Watching, signed_s, watching(signed_s))
            }
            Evidence::Unnamed(_) | Evidence::Nothing => {
                still_open(claim, state, &lookup.why_it_says_nothing(), Some(&lookup.report))
            }
        }
    }

    /// A refused redemption may still take effect while a copy of the request is on its way. Then it is returned.
    pub(super) fn watch(&self, mut claim: Claim, deadline: &Deadline, cancel: &Cancel) -> Report {
        let Some(lookup) = self.look_up_row(&claim.row, deadline, cancel) else {
            return still_open(claim, State::RefusedWatched, "there is nothing to ask", None);
        };
        let signed_s = capped_by_proof(claim.row.signed_s, lookup.proof);
        match &lookup.evidence {
            Evidence::Done => match claim.begin_void() {
                Ok(()) => self.give_back(claim, State::Refused, lookup, deadline, cancel),
                Err(error) => error.into(),
            },
            Evidence::Unnamed(_) | Evidence::Nothing => {
                still_refused(claim, State::RefusedWatched, signed_s, &lookup)
            }
            _ if lookup.copies_are_dead(signed_s) => still_refused(claim, State::Refused, 0, &lookup),
            _ => still_refused(claim, State::RefusedWatched, signed_s, &lookup),
        }
    }

    /// Returns the redemption of a damaged row that is to be voided.
    pub(super) fn return_damaged(
        &self,
        mut claim: Claim,
        lookup: Lookup,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        match claim.begin_void() {
            Ok(()) => self.give_back(claim, State::Voided, lookup, deadline, cancel),
            Err(error) => error.into(),
        }
    }

    /// Returns a redemption and ends its row. The number of the return follows from the redemption's.
    fn give_back(
        &self,
        claim: Claim,
        state: State,
        lookup: Lookup,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Report {
        let row = &claim.row;
        if lookup.is_sequential() && !row.members.contains_key("sequential_coupon_index") {
            let why = "a coupon of several uses is returned by the index of the use, which the request did not name";
            return still_open(claim, State::Voiding, why, None);
        }
        let back = give_back_of(row);
        let undone = self.call(back, &return_request(row, back, &lookup, deadline), cancel);
        if undone.code != Code::Ok {
            let why = "the coupon is redeemed and returning it failed";
            return still_open(claim, State::Voiding, why, Some(&Report { got_response: true, ..undone }));
        }
        if undone.recorded {
            let why = "it was returned before under the same number, and is redeemed all the same";
            log::error(format_args!("{why}: {}", row.request.request_no));
            return still_open(claim, State::Voiding, why, None);
        }
        if let Some(other) = another_redemption(row, &undone) {
            return undid_another(claim, &other);
        }
        let request_no = undone.out_request_no.clone();
        if state == State::Refused {
            log::warn(format_args!("number {} was redeemed late, and returned", row.request.request_no));
            let message = returned_since(&row.request.operation);
            let told = Report { message, ..Report::new(Code::CouponState) };
            let verdict = verdict(row, State::Refused, 0, &told);
            return match claim.finish(verdict) {
                Ok(()) => voided(request_no),
                Err(error) => unrecorded(undone, &error),
            };
        }
        end(claim, State::Voided, 0, voided(request_no))
    }
}

/// The refusal that the till got before.
fn refusal_of(row: &Row) -> Report {
    let code = Code::from_number(row.code).filter(|code| code.class() == Class::Refused);
    Report { message: row.cause.clone(), ..Report::new(code.unwrap_or(Code::Refused)) }
}

fn still_refused(claim: Claim, state: State, signed_s: i64, lookup: &Lookup) -> Report {
    let told = Report {
        proven: lookup.proof,
        got_response: lookup.report.got_response,
        course: lookup.report.course.clone(),
        recorded: true,
        ..refusal_of(&claim.row)
    };
    let state = match state {
        State::RefusedWatched => super::record::open_state(&claim.row, state, &told, Trigger::Settling),
        state => state,
    };
    let verdict = verdict(&claim.row, state, signed_s, &told);
    match claim.finish(verdict) {
        Ok(()) => told,
        Err(error) => unrecorded(told, &error),
    }
}

/// Begins the note of a row whose return undid another redemption. That redemption's number follows.
const UNDID: &str = "the return undid the redemption ";

/// The operation that returns what a row has redeemed.
fn give_back_of(row: &Row) -> &'static Operation {
    OutgoingRequest::recorded(row)
        .operation
        .map_or(&api::PRODUCT_COUPON, |operation| operation.family)
        .give_back
}

/// The number of the other redemption, if the coupon shows after our return that it undid another one.
fn another_redemption(row: &Row, undone: &Report) -> Option<String> {
    let shown = undone.looked_up.as_ref().or(undone.data.as_ref())?;
    let coupon = serde_json::from_str(shown.get()).ok()?;
    let redemption = OutgoingRequest::recorded(row).redemption();
    evidence::other_undone(redemption, &row.request.request_no, undone.out_request_no.as_deref()?, &coupon)
}

/// The same if a copy of our return arrived late.
fn undone_late(row: &Row, coupon: &Map<String, Value>) -> Option<String> {
    let back = return_request_no(&row.request.request_no);
    let Recovery::Query { shown_by: ShownBy::Coupon(trace), .. } = give_back_of(row).recovery else {
        return None;
    };
    let is_ours = evidence::of_coupon(trace, &back, coupon) == Evidence::Done;
    let redemption = OutgoingRequest::recorded(row).redemption();
    evidence::other_undone(redemption, &row.request.request_no, &back, coupon).filter(|_| is_ours)
}

/// Somebody else returned our redemption, and another number redeemed the coupon before our return arrived. So our return
/// undid that other redemption.
fn undid_another(mut claim: Claim, other: &str) -> Report {
    claim.row.note = Some(format!("{UNDID}{other}"));
    let message =
        format!("it was the one by number {other}, not the one by {}", claim.row.request.request_no);
    let why = "the return undid another redemption";
    log::error(format_args!("{why}: {message}"));
    // A person must redeem the coupon again and abandon this number.
    still_open(
        claim,
        State::Voiding,
        why,
        Some(&Report { message, got_response: true, ..Report::new(Code::AnswerUntrusted) }),
    )
}

fn watching(signed_s: i64) -> Report {
    let watch_until_ms = signed_s.saturating_add(COPY_LIFETIME_S).saturating_mul(1000);
    let report = Report::local(&json!({ "state": "watching", "watch_until_ms": watch_until_ms }));
    Report { got_response: true, ..report }
}

pub(super) fn voided(return_request_no: Option<String>) -> Report {
    Report::local(&json!({ "state": "voided", "return_request_no": return_request_no }))
}

/// The number of the return that voids a redemption: `V` and 38 hexadecimal digits of the digest of the redemption's
/// number. So a repeat has the same number.
pub(super) fn return_request_no(redemption: &str) -> String {
    let digest = hex::upper(&Sha256::digest(format!("void {redemption}")));
    format!("V{}", digest.chars().take(OWN_DIGITS).collect::<String>())
}

/// Whether a number looks like one that [`return_request_no`] has made.
pub(super) fn is_own_return(request_no: &str) -> bool {
    let digits = request_no.strip_prefix('V').unwrap_or_default();
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    digits.len() == OWN_DIGITS && digits.bytes().all(is_digit)
}

const OWN_DIGITS: usize = 38;

/// The return of what a row has redeemed, by operation `back`.
fn return_request(row: &Row, back: &Operation, lookup: &Lookup, deadline: &Deadline) -> String {
    let mut known = OutgoingRequest::recorded(row).known_members();
    // Not every redemption names the stock, but every return does.
    if let Some(stock_id) = lookup.coupon().and_then(|mut coupon| coupon.shift_remove("stock_id")) {
        known.entry("stock_id").or_insert(stock_id);
    }
    let number = back.request_no_member.unwrap_or("out_request_no");
    let names = back.members.iter().map(|member| member.name).filter(|name| *name != number);
    let mut request: Map<String, Value> =
        names.filter_map(|name| Some((name.to_owned(), known.get(name)?.clone()))).collect();
    request.insert(number.into(), Value::String(return_request_no(&row.request.request_no)));
    let left_ms = u64::try_from(deadline.left().as_millis()).unwrap_or(LONGEST_CALL_MS);
    request.insert("_options".into(), json!({ "timeout_ms": left_ms.clamp(1, LONGEST_CALL_MS) }));
    Value::Object(request).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_return_is_known_as_ours() {
        let own = return_request_no("SALE_20250803_0001");
        assert_eq!(own.len(), 1 + OWN_DIGITS);
        assert!(is_own_return(&own));
        let others =
            [&own[1..], &own[..OWN_DIGITS], "V", "", &own.to_ascii_lowercase(), &own.replace('V', "R")];
        for other in others {
            assert!(!is_own_return(other), "{other}");
        }
        assert!(!is_own_return(&format!("V{}", "G".repeat(OWN_DIGITS))), "not hexadecimal");
    }
}
