//! What a till wants to end: one number, or everything of its own.

use crate::answer::{Answer, Refusal};
use crate::door::Caller;
use crate::hub::Hub;
use crate::rules::{self, Till};
use crate::store::numbers::{self, Claim, Number};
use serde_json::{Map, Value, json};
use wxcoupon::journal::Row;
use wxcoupon::json::parse_object;
use wxcoupon::net::cancel::Cancel;
use wxcoupon::report::Report;
use wxcoupon::status::Code;

/// Settling everything takes at most this long, unless the till says otherwise.
const SETTLING_MS: u64 = 30_000;

impl Hub {
    /// Settles a number of the till's, or all of them.
    pub fn settle(&self, till: Till<'_>, caller: &Caller, body: &str) -> Result<Answer, Answer> {
        let settle = |input: &str, is_own: &dyn Fn(&Row) -> bool| {
            Answer::told(self.client.settle_of(Some(input), is_own, &Cancel::never()))
        };
        let input = if body.trim().is_empty() { "{}" } else { body };
        let Ok(mut members) = parse_object(input) else { return Ok(settle(input, &|_| false)) };
        if members.get("aim").and_then(Value::as_str) == Some("abandon")
            && !till.policy.operations.contains("abandon")
        {
            let message =
                "the hub's policy for this till has no abandon: it is a person's decision, at the hub";
            return Err(Answer::refused(Refusal::NotAllowed, message));
        }
        match members.get("out_request_no") {
            None | Some(Value::Null) => {
                if !members.contains_key("_options") {
                    members.insert("_options".into(), json!({ "timeout_ms": SETTLING_MS }));
                }
                let own = self.own_open(till.id, till.policy)?;
                let is_own = |row: &Row| own.contains(&*row.request.request_no);
                Ok(settle(&Value::Object(members).to_string(), &is_own))
            }
            Some(Value::String(number)) => {
                let owner = self.owner(number)?;
                if owner.as_ref().is_some_and(|owner| !self.sees(till.id, till.policy, &owner.till)) {
                    return Err(rules::reused());
                }
                self.look_for(till, caller, number, owner.as_ref(), &members)?;
                let (id, nonce) = (caller.till.clone(), caller.nonce.clone());
                let (own, word_ms) = (number.clone(), self.word_of(&members));
                // A copy of a settling may be one of calling off.
                let is_first = self.store.write(move |sql| {
                    let is_first = numbers::keep_nonce(sql, &id, &nonce, 0)?;
                    if is_first {
                        numbers::prolong(sql, &own, word_ms)?;
                    }
                    Ok(is_first)
                })?;
                if !is_first {
                    return Err(Answer::copy());
                }
                // Its owner was looked at above.
                Ok(settle(input, &|row| *row.request.request_no == *number))
            }
            Some(_) => Ok(settle(input, &|_| false)),
        }
    }

    /// Whether there is a request with that number to settle. One may still be on its way; once the number is called off, none is
    /// taken any more.
    fn look_for(
        &self,
        till: Till<'_>,
        caller: &Caller,
        number: &str,
        owner: Option<&Number>,
        members: &Map<String, Value>,
    ) -> Result<(), Answer> {
        let row = self.client.row(number).map_err(|error| Answer::told(error.into()))?;
        if row.is_some() {
            // One that no till has was made at the journal without the hub.
            return if owner.is_some() { Ok(()) } else { Err(unknown(false)) };
        }
        let is_void = members.get("aim").and_then(Value::as_str) == Some("void");
        if !is_void || !(6..=128).contains(&number.len()) {
            return Err(if owner.is_some_and(|owner| owner.is_void) {
                rules::called_off()
            } else {
                unknown(true)
            });
        }
        let claim = Claim {
            number: number.to_owned(),
            till: till.id.to_owned(),
            operation: numbers::VOID,
            coupon: None,
            word_ms: 0,
            nonce: caller.nonce.clone(),
        };
        let has = rules::claimed(self, claim)?;
        if !self.sees(till.id, till.policy, &has.till) {
            return Err(rules::reused());
        }
        let number = number.to_owned();
        // A call that has claimed it may be at work now, until its word is over.
        let is_void = has.is_void || self.store.write(move |sql| numbers::call_off(sql, &number))?;
        Err(Answer::told(if is_void {
            let told = Report::local(&json!({ "state": "voided", "return_request_no": null }));
            Report { out_request_no: Some(has.request_no), ..told }
        } else {
            let message = "another call is working on this number".to_owned();
            Report { message, in_doubt: true, retry_after_ms: Some(1000), ..Report::new(Code::Locked) }
        }))
    }
}

/// The answer about a number under which nothing is known. `may_come`: a request with it may be on its way.
fn unknown(may_come: bool) -> Answer {
    let message = if may_come {
        "this till has no request with that number; one that is still on its way may come: settle it once more in ten minutes, or call it off"
    } else {
        "this till has no request with that number"
    };
    let field = Some("/out_request_no".to_owned());
    Answer::told(Report { message: message.into(), field, in_doubt: may_come, ..Report::new(Code::Request) })
}
