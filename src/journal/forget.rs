//! Forgets a user: takes an openid out of finished rows.
//!
//! What was sent is gone then, so nothing sends such a row again. A repeat is still recognised: each member that was taken out
//! leaves a digest, keyed with a random number of the row.

use super::returns::Returns;
use super::row::{Lease, NewRow, Request, Row, State};
use super::store::{Durability, Result, StoreError, Transaction};
use super::{Journal, decide, journal_error};
use crate::error;
use crate::json;
use crate::system;
use percent_encoding::percent_decode_str;
use ring::hmac;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Rows that one step looks at, because others wait during a step.
const STEP: u32 = 50;
/// A shorter text may stand in another one by chance.
const SHORTEST_PART: usize = 8;
/// Bytes of the key, and of each digest.
const PIECE: usize = 16;
/// What stands in the place of the openid.
const GONE: &str = "***";
/// The operation of a request that no table describes.
const RAW: &str = "request";
/// The name under which a target has its digest.
const TARGET: &str = "/target";

type Piece = [u8; PIECE];

/// What forgetting has done.
#[derive(Debug, Default)]
pub struct Forgotten {
    /// Rows that have lost the openid.
    pub rows: u64,
    /// Rows that still hold it.
    pub held: Vec<StillHeld>,
    /// It ended early.
    pub is_partial: bool,
}

/// A row that still holds the openid.
#[derive(Debug)]
pub struct StillHeld {
    /// The row.
    pub row: Row,
    /// Why.
    pub why: &'static str,
}

/// What became of one row.
enum Step {
    Rewritten,
    Held(Box<StillHeld>),
    /// It does not name the user.
    Other,
}

impl Journal {
    /// Takes the openid out of all finished rows, in short steps, as long as `goes_on`, and then out of the store's unused bytes.
    pub fn forget_user(&self, openid: &str, goes_on: impl Fn() -> bool) -> error::Result<Forgotten> {
        let (mut forgotten, mut after) = (Forgotten::default(), Some(0));
        while let Some(from) = after {
            if !goes_on() {
                return Ok(Forgotten { is_partial: true, ..forgotten });
            }
            let merchant = Arc::clone(&self.merchant);
            let (mut rows, next) =
                self.run(Durability::Reading, move |rows| rows.following(&merchant, from, STEP))?;
            rows.retain(|row| names(row, openid));
            if !rows.is_empty() {
                for step in self.forget_in(rows, openid)? {
                    match step {
                        Step::Rewritten => forgotten.rows += 1,
                        Step::Held(held) => forgotten.held.push(*held),
                        Step::Other => {}
                    }
                }
            }
            after = next;
        }
        self.store.clean().map_err(journal_error)?;
        Ok(forgotten)
    }

    fn forget_in(&self, found: Vec<Row>, openid: &str) -> error::Result<Vec<Step>> {
        let mut key = [0; PIECE];
        if !system::random(&mut key) {
            return Err(journal_error(StoreError::NotWritten("the system gives no random numbers".into())));
        }
        let (merchant, openid, store) =
            (Arc::clone(&self.merchant), openid.to_owned(), Arc::clone(&self.store));
        self.run(Durability::Flushed, move |rows| {
            // All are read before the first is written: the store in memory has no rollback.
            let mut current = Vec::with_capacity(found.len());
            for row in &found {
                current.extend(rows.find(&merchant, &row.request.request_no)?);
            }
            let is_alive = |mark: &str| store.is_alive(mark);
            current.into_iter().map(|row| forget_row(rows, row, &openid, &key, &is_alive)).collect()
        })
    }
}

fn forget_row(
    rows: &mut dyn Transaction,
    row: Row,
    openid: &str,
    key: &Piece,
    is_alive: &dyn Fn(&str) -> bool,
) -> Result<Step> {
    if !names(&row, openid) {
        return Ok(Step::Other);
    }
    if let Some(why) = needed_for(rows, &row, is_alive)? {
        return Ok(Step::Held(Box::new(StillHeld { row, why })));
    }
    let held = row.lease.clone();
    // Who has read the row before does not get it any more.
    let lease = Lease { owner: None, until_ms: None, generation: held.generation + 1 };
    let anew = Row { lease, ..without(&row, openid, key) };
    if rows.rewrite(&anew, &held)? {
        Ok(Step::Rewritten)
    } else {
        Ok(Step::Held(Box::new(StillHeld { row, why: "it has just changed: forget the user again" })))
    }
}

/// Why a row must keep its content.
fn needed_for(
    rows: &mut dyn Transaction,
    row: &Row,
    is_alive: &dyn Fn(&str) -> bool,
) -> Result<Option<&'static str>> {
    let why = match row.state {
        State::Damaged => {
            "something else than this library has changed the row: settle or abandon it, then forget the user again"
        }
        State::Unresolved => {
            "it may have taken effect, and no answer said so: settle or abandon it, then forget the user again"
        }
        State::Watching | State::RefusedWatched => {
            "a delayed copy of it could still arrive, and would be undone: settle everything in some minutes, then forget \
             the user again"
        }
        state if !state.is_finished() => {
            "it may have taken effect, and settling it needs the openid: settle it, then forget the user again"
        }
        _ if decide::is_held(rows, row, is_alive)? => {
            "a call is working on it: forget the user again when that has ended"
        }
        _ if Returns::after(rows, row)?.are_damaged => {
            "a return of its coupon is damaged, and only the coupon can say whether it stands: settle or abandon that \
             return, then forget the user again"
        }
        _ => return Ok(None),
    };
    Ok(Some(why))
}

/// Whether a text is the openid, or has it in itself.
fn has(text: &str, openid: &str) -> bool {
    text == openid || openid.len() >= SHORTEST_PART && text.contains(openid)
}

fn value_has(value: &Value, openid: &str) -> bool {
    match value {
        Value::String(text) => has(text, openid),
        Value::Array(items) => items.iter().any(|item| value_has(item, openid)),
        Value::Object(members) => {
            members.iter().any(|(name, value)| has(name, openid) || value_has(value, openid))
        }
        _ => false,
    }
}

fn json_has(text: &str, openid: &str) -> bool {
    json::parse_any(text).map_or_else(|| has(text, openid), |value| value_has(&value, openid))
}

fn body_of(request: &Request) -> Option<String> {
    request.body.as_deref().map(|body| String::from_utf8_lossy(body).into_owned())
}

fn target_has(target: &str, openid: &str) -> bool {
    without_in_target(target, openid) != target
}

/// Whether a row names the user anywhere.
fn names(row: &Row, openid: &str) -> bool {
    let texts = [Some(row.cause.as_str()), row.note.as_deref(), row.trace.as_deref()];
    target_has(&row.request.target, openid)
        || row.members.iter().any(|(name, value)| has(name, openid) || value_has(value, openid))
        || body_of(&row.request).is_some_and(|body| json_has(&body, openid))
        || row.answer.as_deref().is_some_and(|answer| json_has(answer, openid))
        || texts.into_iter().flatten().any(|text| has(text, openid))
}

/// The same row without the openid.
fn without(row: &Row, openid: &str, fresh: &Piece) -> Row {
    let (key, mut digests) = row.content.as_deref().and_then(pieces).unwrap_or((*fresh, Vec::new()));
    let request = &*row.request;
    let mut members = Map::clone(&row.members);
    members.retain(|name, value| {
        let stays = !has(name, openid) && !value_has(value, openid);
        if !stays && name != "_options" {
            digests.push(digest(&key, name, &canonical(value)));
        }
        stays
    });
    let target = without_in_target(&request.target, openid);
    // The target of any other operation follows from its members.
    if request.operation == RAW && target != request.target {
        digests.push(digest(&key, TARGET, &request.target));
    }
    let names_user = body_of(request).is_some_and(|body| json_has(&body, openid));
    let body = if names_user {
        without_in_json(&body_of(request).unwrap_or_default(), openid)
    } else {
        request.body.clone()
    };
    digests.sort_unstable();
    let content: Vec<u8> = key.into_iter().chain(digests.into_iter().flatten()).collect();
    let in_text = |text: &str| if has(text, openid) { text.replace(openid, GONE) } else { text.to_owned() };
    let answer = row.answer.as_deref().and_then(|answer| {
        if json_has(answer, openid) {
            without_in_json(answer, openid).and_then(|answer| String::from_utf8(answer).ok())
        } else {
            Some(answer.to_owned())
        }
    });
    Row {
        request: Arc::new(Request { target, body, ..request.clone() }),
        members: Arc::new(members),
        content: Some(content),
        answer: answer.map(Into::into),
        cause: in_text(&row.cause),
        note: row.note.as_deref().map(in_text),
        trace: row.trace.as_deref().map(in_text),
        ..row.clone()
    }
}

/// A target without the parts that name the user, however they are encoded.
fn without_in_target(target: &str, openid: &str) -> String {
    let mut rest = target;
    let mut left = String::with_capacity(target.len());
    while !rest.is_empty() {
        let end = rest.find(['/', '?', '&', '=', '#']).unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        let names_user = has(&percent_decode_str(part).decode_utf8_lossy(), openid);
        left.push_str(if names_user { GONE } else { part });
        let mut separator = behind.chars();
        left.extend(separator.next());
        rest = separator.as_str();
    }
    left
}

/// JSON without the members that name the user. `None`: it is no JSON.
fn without_in_json(text: &str, openid: &str) -> Option<Vec<u8>> {
    let mut value = json::parse_any(text)?;
    take_out(&mut value, openid);
    Some(json::text(&value, 0).into_bytes())
}

fn take_out(value: &mut Value, openid: &str) {
    match value {
        Value::Object(members) => {
            members.retain(|name, value| {
                !has(name, openid) && !matches!(&*value, Value::String(text) if has(text, openid))
            });
            members.values_mut().for_each(|value| take_out(value, openid));
        }
        Value::Array(items) => {
            items.retain(|item| !matches!(item, Value::String(text) if has(text, openid)));
            for item in items {
                take_out(item, openid);
            }
        }
        Value::String(text) if has(text, openid) => *value = Value::Null,
        _ => {}
    }
}

/// A value as text, whatever the order of its members is.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            let members: Vec<String> = members
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}

fn digest(key: &Piece, name: &str, value: &str) -> Piece {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    context.update(&name.len().to_le_bytes());
    context.update(name.as_bytes());
    context.update(value.as_bytes());
    let whole = context.sign();
    let mut piece = [0; PIECE];
    piece.iter_mut().zip(whole.as_ref()).for_each(|(to, from)| *to = *from);
    piece
}

/// The key, and the digests under it.
fn pieces(content: &[u8]) -> Option<(Piece, Vec<Piece>)> {
    let (pieces, rest) = content.as_chunks::<PIECE>();
    let (key, digests) = pieces.split_first().filter(|_| rest.is_empty())?;
    Some((*key, digests.to_vec()))
}

/// Whether a request is the one that a row stood for before its user was forgotten.
pub(super) fn is_same(row: &Row, new: &NewRow) -> bool {
    let Some((key, mut left)) = row.content.as_deref().and_then(pieces) else { return false };
    let mut was = |name: &str, value: &str| {
        let found = left.iter().position(|known| *known == digest(&key, name, value));
        found.map(|at| left.swap_remove(at)).is_some()
    };
    let counts = |name: &str| name != "_options" && !new.filled_in.contains(&name);
    let (known, asked) = (&*row.request, &*new.request);
    let mut asked_members = new.members.iter().filter(|(name, _)| counts(name));
    let are_known = asked_members.all(|(name, value)| match row.members.get(name) {
        Some(known) => known == value,
        None => was(name, &canonical(value)),
    });
    let mut clear = row.members.keys().filter(|name| counts(name));
    let are_asked = clear.all(|name| new.members.contains_key(name));
    let is_same_body = !new.members.is_empty() || known.body == asked.body;
    let is_same_target = asked.operation != RAW || known.target == asked.target || was(TARGET, &asked.target);
    known.operation == asked.operation
        && known.method == asked.method
        && are_known
        && are_asked
        && is_same_body
        && is_same_target
        && left.is_empty()
}

#[cfg(test)]
mod tests;
