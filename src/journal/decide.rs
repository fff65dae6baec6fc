//! What a call with a number may do, by what the journal knows of it.

use super::row::{Lease, NewRow, Row, State};
use super::store::{Result, Transaction};
use crate::system::wall_ms;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Who asks, and who is alive.
pub struct Caller<'a> {
    /// Whose rows.
    pub merchant: &'a Arc<str>,
    /// The mark of the context that asks.
    pub mark: &'a Arc<str>,
    /// Whether the context with that mark still lives.
    pub is_alive: &'a dyn Fn(&str) -> bool,
    /// The latest time at which the caller may sign, in seconds since 1970.
    pub until_s: i64,
}

/// What is known of a number when a call comes with it.
#[derive(Debug)]
pub enum Found {
    /// The caller works on it now.
    Claimed {
        /// As it was before.
        row: Row,
        /// An earlier call, or a process that died, may have sent it.
        doubt: bool,
    },
    /// It is done; this was the answer.
    Recorded(Row),
    /// Nothing is sent under that number any more.
    Unsettled(Row),
    /// Another call is at it.
    Running,
    /// The number stands for this very operation and coupon, which is in doubt, but with other members.
    Differs {
        /// What differs.
        why: String,
        /// The row.
        row: Row,
    },
    /// The number belongs to something else.
    Reused {
        /// To what.
        why: String,
        /// What it belongs to may have happened.
        in_doubt: bool,
    },
}

/// Writes a request down, or finds what is known about its number.
pub fn begin(rows: &mut dyn Transaction, caller: &Caller<'_>, new: NewRow) -> Result<Found> {
    let insert = |rows: &mut dyn Transaction, new: NewRow| {
        let row = Row::new(caller.merchant, caller.mark, new);
        let id = rows.insert(&row.in_work(caller.until_s))?;
        Ok(Found::Claimed { row: Row { id, ..row }, doubt: false })
    };
    let Some(row) = rows.find(caller.merchant, &new.request.number)? else {
        return insert(rows, new);
    };
    if is_held(&row, caller) {
        return Ok(Found::Running);
    }
    // Told "never sent" after which nothing was sent: the number is as good as new.
    if row.state == State::Closed && !row.sent && !same_request(&row, &new) {
        rows.delete(row.id, &row.lease)?;
        return insert(rows, new);
    }
    let reused = |why: String| Ok(Found::Reused { why, in_doubt: row.state.is_in_doubt() });
    if row.state == State::Abandoned {
        return reused("the request with this number was abandoned".into());
    }
    if row.note.is_some() && matches!(row.state, State::Done | State::Refused) {
        // It was damaged, and its number has redeemed something: nothing is sent under it again.
        return Ok(Found::Recorded(row));
    }
    if row.state == State::Refused && row.called_off && same_request(&row, &new) {
        // It happened late, and was returned.
        return Ok(Found::Recorded(row));
    }
    if matches!(row.state, State::Watching | State::Voiding | State::Voided) || row.called_off {
        return reused("the request with this number was called off".into());
    }
    if !same_request(&row, &new) && row.state != State::Damaged {
        let is_same_coupon =
            row.request.operation == new.request.operation && row.coupon == super::row::coupon(&new.members);
        if row.state.is_in_doubt() && is_same_coupon {
            let why = format!(
                "this number is in doubt, and its request had other members: {}",
                differing(&row, &new)
            );
            return Ok(Found::Differs { why, row });
        }
        let code = row.members.get("coupon_code").and_then(Value::as_str);
        let about = code.map(|code| format!(" of coupon {code}")).unwrap_or_default();
        let operation = &row.request.operation;
        return Ok(Found::Reused {
            why: format!(
                "the number stands for another request: {operation}{about} recorded with other content"
            ),
            in_doubt: false,
        });
    }
    if matches!(row.state, State::Unresolved | State::Damaged) {
        return Ok(Found::Unsettled(row));
    }
    if row.state == State::Done && !new.ask_again {
        return Ok(Found::Recorded(row));
    }
    let doubt = matches!(row.state, State::Pending | State::RefusedWatched);
    let state = if row.state == State::Done { State::Done } else { State::Pending };
    Ok(match take_up(rows, Row { state, ..row }, caller)? {
        Some(row) => Found::Claimed { row, doubt },
        None => Found::Running,
    })
}

/// The row with that number, to work on; nothing when somebody else works on it.
pub fn claim(rows: &mut dyn Transaction, caller: &Caller<'_>, number: &str) -> Result<Option<Row>> {
    match rows.find(caller.merchant, number)? {
        Some(row) if !is_held(&row, caller) => take_up(rows, Row { tried_ms: wall_ms(), ..row }, caller),
        _ => Ok(None),
    }
}

fn is_held(row: &Row, caller: &Caller<'_>) -> bool {
    row.lease.owner.as_deref().is_some_and(|owner| (caller.is_alive)(owner))
}

/// Gives a row to the caller. Only a row that may be sent again is written down as one that may arrive late.
fn take_up(rows: &mut dyn Transaction, row: Row, caller: &Caller<'_>) -> Result<Option<Row>> {
    let held = row.lease.clone();
    let owner = Some(Arc::clone(caller.mark));
    let taken = Row { lease: Lease { owner, generation: held.generation + 1, until_ms: None }, ..row };
    let kept = if taken.state == State::Pending || taken.state == State::Done {
        taken.in_work(caller.until_s)
    } else {
        taken.clone()
    };
    Ok(rows.replace(&kept, &held)?.then_some(taken))
}

/// Names of members that are not the same.
fn differing(row: &Row, new: &NewRow) -> String {
    let (known, asked) = (&*row.members, &new.members);
    let names = known.keys().chain(asked.keys().filter(|name| !known.contains_key(*name)));
    let differ = names.filter(|name| known.get(*name) != asked.get(*name));
    let names: Vec<&str> = differ.map(String::as_str).filter(|name| !new.filled_in.contains(name)).collect();
    names.join(", ")
}

/// The order of members does not matter, a time that we filled in is the first call's, and sensitive members
/// may be encrypted for another key by now.
fn same_request(row: &Row, new: &NewRow) -> bool {
    let without_filled = |members: &Map<String, Value>| {
        let mut members = members.clone();
        members.retain(|name, _| name != "_options" && !new.filled_in.contains(&name.as_str()));
        members
    };
    let (known, asked) = (&row.request, &new.request);
    known.operation == asked.operation
        && known.method == asked.method
        && without_filled(&row.members) == without_filled(&new.members)
        && (!new.members.is_empty() || known.body == asked.body)
        && (asked.operation != "request" || known.target == asked.target)
}
