//! What a call with a number may do, by what the journal knows of it.

use super::row::{Lease, NewRow, Row, State};
use super::store::{Result, Transaction};
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
    /// The number belongs to something else.
    Reused(String),
}

/// Writes a request down, or finds what is known about its number.
pub fn begin(rows: &mut dyn Transaction, caller: &Caller<'_>, new: NewRow) -> Result<Found> {
    let insert = |rows: &mut dyn Transaction, new: NewRow| {
        let row = Row::new(caller.merchant, caller.mark, new);
        let id = rows.insert(&row.in_work())?;
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
    if matches!(row.state, State::Unresolved | State::Damaged | State::Abandoned) {
        return Ok(Found::Unsettled(row));
    }
    if matches!(row.state, State::Watching | State::Voiding | State::Voided) {
        return Ok(Found::Reused("the request with this number was called off".into()));
    }
    if !same_request(&row, &new) {
        return Ok(Found::Reused(format!(
            "the number stands for another request: {} recorded with other content",
            row.request.operation
        )));
    }
    if row.state == State::Done && !new.ask_again {
        return Ok(Found::Recorded(row));
    }
    let doubt = row.state == State::Pending;
    let state = if row.state == State::Done { State::Done } else { State::Pending };
    Ok(match take_up(rows, Row { state, ..row }, caller)? {
        Some(row) => Found::Claimed { row, doubt },
        None => Found::Running,
    })
}

/// The row with that number, to work on; nothing when somebody else works on it.
pub fn claim(rows: &mut dyn Transaction, caller: &Caller<'_>, number: &str) -> Result<Option<Row>> {
    match rows.find(caller.merchant, number)? {
        Some(row) if !is_held(&row, caller) => take_up(rows, row, caller),
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
        taken.in_work()
    } else {
        taken.clone()
    };
    Ok(rows.replace(&kept, &held)?.then_some(taken))
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
