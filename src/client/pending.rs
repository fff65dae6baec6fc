//! The lists of open requests.

use crate::journal::{Row, State};
use crate::status::{Class, Code};
use crate::system::wall_ms;
use serde::Serialize;
use serde_json::{Value, json};

/// At most this many rows are listed one by one.
const LISTED: usize = 1000;

/// The states of open requests, as they are told.
pub(super) const LISTED_STATES: [(&str, &[State]); 5] = [
    ("pending", &[State::Pending]),
    ("voiding", &[State::Voiding]),
    ("watching", &[State::Watching, State::RefusedWatched]),
    ("unresolved", &[State::Unresolved]),
    ("damaged", &[State::Damaged]),
];

#[derive(Serialize)]
struct Listed<'a> {
    out_request_no: &'a str,
    operation: &'a str,
    state: &'static str,
    age_ms: i64,
    attempts: u32,
    name: &'static str,
    cause: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    request_ids: Vec<&'a str>,
}

pub(super) fn lists(rows: &[Row], settled: Option<usize>) -> Value {
    let count = |of: &dyn Fn(State) -> bool| rows.iter().filter(|row| of(row.state)).count();
    let of = |unresolved: bool| -> Vec<Listed<'_>> {
        let rows = rows.iter().filter(|row| (row.state == State::Unresolved) == unresolved);
        rows.take(LISTED).map(listed).collect()
    };
    let mut lists = json!({
        "pending": count(&State::is_pending),
        "watching": count(&|state| matches!(state, State::Watching | State::RefusedWatched)),
        "requests": of(false),
        "unresolved": of(true),
    });
    if let (Some(settled), Some(members)) = (settled, lists.as_object_mut()) {
        members.insert("settled".into(), settled.into());
    }
    lists
}

fn listed(row: &Row) -> Listed<'_> {
    let is_unresolved = row.state == State::Unresolved;
    let ids = row.course.attempts().iter().filter_map(|attempt| attempt.request_id.as_deref());
    Listed {
        out_request_no: &row.request.request_no,
        operation: &row.request.operation,
        state: state_name(row.state),
        age_ms: wall_ms().saturating_sub(row.created_ms).max(0),
        attempts: row.attempts,
        name: told(row).name(),
        cause: &row.cause,
        request_ids: if is_unresolved { ids.collect() } else { Vec::new() },
    }
}

/// What a state is called for the till.
pub(super) fn state_name(state: State) -> &'static str {
    let listed = LISTED_STATES.iter().find(|(_, states)| states.contains(&state));
    listed.map_or(if state.is_finished() { "finished" } else { "pending" }, |(name, _)| name)
}

/// The status that the till got last.
fn told(row: &Row) -> Code {
    match row.state {
        State::RefusedWatched => Code::from_number(row.code).unwrap_or(Code::Refused),
        _ => code_of(row),
    }
}

/// A row without a verdict belongs to a call that is running, or to a process that died.
pub(super) fn code_of(row: &Row) -> Code {
    Code::from_number(row.code)
        .filter(|code| matches!(code.class(), Class::InDoubt | Class::Bug))
        .unwrap_or(Code::ConnectionLost)
}
