//! Decides what a call with a number may do, from what the journal knows.

use super::forget;
use super::returns::Returns;
use super::row::{Lease, NewRow, Row, State, Verdict};
use super::store::{Result, Transaction};
use crate::api;
use crate::system::wall_ms;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Why a redemption that the till was told about stays open.
const UNDER_RETURN: &str = "it was redeemed, and a return of the coupon may have undone it since: settle it";

/// The context that asks, and which contexts are alive.
pub struct Caller<'a> {
    /// The merchant whose rows it uses.
    pub merchant: &'a Arc<str>,
    /// The mark of the context that asks.
    pub mark: &'a Arc<str>,
    /// Whether the context with that mark is alive.
    pub is_alive: &'a dyn Fn(&str) -> bool,
    /// The latest time at which the caller may sign, in seconds since 1970.
    pub until_s: i64,
}

/// What a call with a number may do.
#[derive(Debug)]
pub enum Begin<C> {
    /// Send the row's bytes. The caller holds the row now.
    Go(C),
    /// It is finished. The row has the result.
    Recorded(Row),
    /// Nothing is sent with that number any more.
    Unsettled(Row),
    /// Another call is working on it.
    Running,
    /// The number is in doubt for the same operation and coupon, but with other members.
    Differs {
        /// What differs.
        why: String,
        /// The row.
        row: Row,
    },
    /// The number belongs to something else.
    Reused {
        /// What it belongs to.
        why: String,
        /// That other request may have taken effect.
        in_doubt: bool,
    },
}

impl<C> Begin<C> {
    /// The same with another form of the right to send.
    pub fn map<D>(self, claimed: impl FnOnce(C) -> D) -> Begin<D> {
        match self {
            Begin::Go(claim) => Begin::Go(claimed(claim)),
            Begin::Recorded(row) => Begin::Recorded(row),
            Begin::Unsettled(row) => Begin::Unsettled(row),
            Begin::Running => Begin::Running,
            Begin::Differs { why, row } => Begin::Differs { why, row },
            Begin::Reused { why, in_doubt } => Begin::Reused { why, in_doubt },
        }
    }
}

/// A row that the caller holds now.
#[derive(Debug)]
pub struct Acquired {
    /// As it was before.
    pub row: Row,
    /// An earlier call, or a process that died, may have sent it.
    pub doubt: bool,
    /// Later returns of its coupon in the journal.
    pub returns: Returns,
}

/// Records a request, or finds what is known about its number.
pub fn begin(rows: &mut dyn Transaction, caller: &Caller<'_>, new: NewRow) -> Result<Begin<Acquired>> {
    let insert = |rows: &mut dyn Transaction, new: NewRow| {
        let row = Row::new(caller.merchant, caller.mark, new);
        let id = rows.insert(&row.in_work(caller.until_s))?;
        Ok(Begin::Go(Acquired { row: Row { id, ..row }, doubt: false, returns: Returns::default() }))
    };
    let Some(row) = rows.find(caller.merchant, &new.request.request_no)? else {
        return insert(rows, new);
    };
    if is_held(rows, &row, caller.is_alive)? {
        return Ok(Begin::Running);
    }
    // Nothing was ever sent with this number, and the till knows that. So it may be used for another request.
    if row.state == State::Closed && !row.sent && !same_request(&row, &new) {
        rows.delete(row.id, &row.lease)?;
        return insert(rows, new);
    }
    let reused = |why: String| Ok(Begin::Reused { why, in_doubt: row.state.is_in_doubt() });
    if row.state == State::Abandoned {
        return reused("the request with this number was abandoned".into());
    }
    if row.note.is_some() && matches!(row.state, State::Done | State::Refused) {
        // It was damaged, or it is a return whose redemption does not stand any more. Nothing is sent with it again.
        return Ok(Begin::Recorded(row));
    }
    if row.state == State::Refused && row.called_off && same_request(&row, &new) {
        // It took effect late and was returned.
        return Ok(Begin::Recorded(row));
    }
    if matches!(row.state, State::Watching | State::Voiding | State::Voided) || row.called_off {
        return reused("the request with this number was called off".into());
    }
    if !same_request(&row, &new) && row.state != State::Damaged {
        let is_same_coupon = row.request.operation == new.request.operation
            && row.coupon == super::coupon::key(&row.request.operation, &new.members);
        if row.state.is_in_doubt() && is_same_coupon {
            let why = format!(
                "this number is in doubt, and its request had other members: {}",
                differing(&row, &new)
            );
            return Ok(Begin::Differs { why, row });
        }
        let code = row.members.get("coupon_code").and_then(Value::as_str);
        let about = code.map(|code| format!(" of coupon {code}")).unwrap_or_default();
        let operation = &row.request.operation;
        return Ok(Begin::Reused {
            why: format!(
                "the number stands for another request: {operation}{about} recorded with other content"
            ),
            in_doubt: false,
        });
    }
    if matches!(row.state, State::Unresolved | State::Damaged) {
        return Ok(Begin::Unsettled(row));
    }
    if row.is_forgotten() {
        // Its bytes are gone. Where nothing took effect, the caller's own request takes its place.
        if row.state == State::Closed {
            rows.delete(row.id, &row.lease)?;
            return insert(rows, new);
        }
        return Ok(Begin::Recorded(row));
    }
    if row.state == State::Done && !new.ask_again && !Returns::after(rows, &row)?.are_damaged {
        return Ok(Begin::Recorded(row));
    }
    let doubt = matches!(row.state, State::Pending | State::RefusedWatched);
    let row = match row.state {
        State::Done | State::Pending => row,
        _ => restarted(rows, row)?,
    };
    Ok(match acquire(rows, row, caller)? {
        Some(row) => Begin::Go(Acquired { returns: Returns::after(rows, &row)?, row, doubt }),
        None => Begin::Running,
    })
}

/// Starts a finished row again. The order of rows shows which redemption a return has undone, so a restarted return becomes
/// the latest row.
fn restarted(rows: &mut dyn Transaction, row: Row) -> Result<Row> {
    let row = Row { state: State::Pending, verdict_row: rows.latest()?, ..row };
    if !api::is_return(&row.request.operation) {
        return Ok(row);
    }
    rows.delete(row.id, &row.lease)?;
    let id = rows.insert(&row)?;
    Ok(Row { id, ..row })
}

/// The row with that number, to work on. `None`: somebody else works on it, or has acquired it since it had that generation.
pub fn claim(
    rows: &mut dyn Transaction,
    caller: &Caller<'_>,
    request_no: &str,
    generation: i64,
) -> Result<Option<Acquired>> {
    let found = rows.find(caller.merchant, request_no)?;
    let Some(row) = found.filter(|row| row.lease.generation == generation) else { return Ok(None) };
    if is_held(rows, &row, caller.is_alive)? {
        return Ok(None);
    }
    let Some(row) = acquire(rows, Row { tried_ms: wall_ms(), ..row }, caller)? else { return Ok(None) };
    let doubt = row.state.is_in_doubt() || row.state == State::RefusedWatched;
    Ok(Some(Acquired { returns: Returns::after(rows, &row)?, row, doubt }))
}

/// The row with its result. `returns` are those at the time when it was acquired.
pub fn judged(rows: &mut dyn Transaction, row: Row, verdict: Verdict, returns: &Returns) -> Result<Row> {
    let (was, began_after, proven_s) = (row.state, row.verdict_row, row.verdict_s);
    if !verdict.state.is_finished() {
        return Ok(row.judged(verdict));
    }
    let latest = rows.latest()?;
    if verdict.state == State::Done
        && row.began_after() < latest
        && returns.may_have_undone(rows, &row, verdict.verdict_s)?
    {
        let state = match was {
            State::Done => State::Done,
            open if open.is_in_doubt() => open,
            _ => State::Pending,
        };
        return Ok(row.judged(Verdict { state, cause: UNDER_RETURN.into(), ..verdict }));
    }
    let judged = row.judged(verdict);
    // A success without a new proof is as old as before.
    let stays = was == State::Done && judged.state == State::Done && judged.verdict_s == proven_s;
    Ok(Row { verdict_row: if stays { began_after } else { latest }, ..judged })
}

/// No lease is longer. An end that lies further ahead was written by a clock that was wrong.
const LONGEST_LEASE_MS: i64 = 60 * 60 * 1000;

/// Whether somebody works on the row: whoever is alive, or whoever has a lease that has not ended by the store's clock.
pub(super) fn is_held(
    rows: &mut dyn Transaction,
    row: &Row,
    is_alive: &dyn Fn(&str) -> bool,
) -> Result<bool> {
    let Some(owner) = row.lease.owner.as_deref() else { return Ok(false) };
    Ok(match (row.lease.until_ms, rows.now_ms()?) {
        (Some(until_ms), Some(now_ms)) => (1..LONGEST_LEASE_MS).contains(&until_ms.saturating_sub(now_ms)),
        _ => is_alive(owner),
    })
}

/// Gives a row to the caller. Only a row that may be sent again is recorded as one that may arrive late.
fn acquire(rows: &mut dyn Transaction, row: Row, caller: &Caller<'_>) -> Result<Option<Row>> {
    let held = row.lease.clone();
    let owner = Some(Arc::clone(caller.mark));
    let acquired = Row { lease: Lease { owner, generation: held.generation + 1, until_ms: None }, ..row };
    let kept = if acquired.state == State::Pending || acquired.state == State::Done {
        acquired.in_work(caller.until_s)
    } else {
        acquired.clone()
    };
    Ok(rows.replace(&kept, &held)?.then_some(acquired))
}

/// Names of members that are not the same.
fn differing(row: &Row, new: &NewRow) -> String {
    let (known, asked) = (&*row.members, &new.members);
    let names = known.keys().chain(asked.keys().filter(|name| !known.contains_key(*name)));
    let differ = names.filter(|name| known.get(*name) != asked.get(*name));
    let names: Vec<&str> = differ.map(String::as_str).filter(|name| !new.filled_in.contains(name)).collect();
    names.join(", ")
}

/// Whether both are the same request. The order of members does not matter. A time that we filled in stays that of the first
/// call. Sensitive members may be encrypted with another key by now.
fn same_request(row: &Row, new: &NewRow) -> bool {
    if row.is_forgotten() {
        return forget::is_same(row, new);
    }
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
