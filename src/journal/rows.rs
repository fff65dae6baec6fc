//! What stands in a row, and who may work on it.

use super::Holders;
use crate::limits::LONGEST_CALL_MS;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// How long a request can still arrive after it was sent: WeChat Pay refuses a signature that is more than
/// five minutes old, and a minute is for its clock and ours.
pub const DELAYED_ARRIVAL: Duration = Duration::from_secs(360);

/// What is known of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It may have happened, or is happening now.
    Pending = 0,
    /// It happened, proven.
    Done = 1,
    /// WeChat Pay refused it.
    Refused = 2,
    /// The till was told that it did not happen.
    Closed = 3,
    /// Called off and not found at WeChat Pay; a delayed copy could still arrive.
    Watching = 4,
    /// Called off for good: undone, or never happened.
    Voided = 5,
    /// Being called off: it may have happened, and is to be undone.
    Voiding = 6,
}

impl State {
    pub(super) fn is_finished(self) -> bool {
        matches!(self, State::Done | State::Refused | State::Closed | State::Voided)
    }

    pub(super) fn from_number(number: i64) -> State {
        match number {
            1 => State::Done,
            2 => State::Refused,
            3 => State::Closed,
            4 => State::Watching,
            5 => State::Voided,
            6 => State::Voiding,
            _ => State::Pending,
        }
    }
}

/// What is sent, as often as it takes; it never changes.
#[derive(Debug)]
pub struct Request {
    /// Name of the operation.
    pub operation: String,
    /// The request's own number.
    pub number: Arc<str>,
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The frozen bytes.
    pub body: Option<Vec<u8>>,
}

/// A request to be written down.
#[derive(Debug, Clone)]
pub struct NewRow {
    /// What is sent.
    pub request: Arc<Request>,
    /// The members that were checked.
    pub members: Map<String, Value>,
    /// Members that this library filled in with the present time: they do not make a repeat different.
    pub filled_in: Vec<&'static str>,
    /// Whether a recorded success is sent again instead of being answered from here.
    pub ask_again: bool,
}

#[cfg(test)]
impl NewRow {
    /// A redemption with as little as there can be.
    pub(super) fn plain(number: &str) -> NewRow {
        NewRow::with_body(number, None)
    }

    /// The same with a body.
    pub(super) fn with_body(number: &str, body: Option<&str>) -> NewRow {
        let request = Request {
            operation: "use".into(),
            number: number.into(),
            method: "POST".into(),
            target: "/".into(),
            body: body.map(Into::into),
        };
        NewRow { request: Arc::new(request), members: Map::new(), filled_in: Vec::new(), ask_again: false }
    }
}

/// A request as it stands in the journal.
#[derive(Debug, Clone)]
pub struct Row {
    /// Key of the row.
    pub id: i64,
    /// What is sent.
    pub request: Arc<Request>,
    /// The members as they were checked.
    pub members: Map<String, Value>,
    /// What is known.
    pub state: State,
    /// Status of the last attempt.
    pub code: i32,
    /// Its message.
    pub cause: String,
    /// How often it was sent, or tried to be sent.
    pub attempts: u32,
    /// When it was written down, in milliseconds since 1970 by this machine's clock.
    pub created_ms: i64,
    /// When it last changed.
    pub updated_ms: i64,
    /// Until when a delayed copy could arrive.
    pub watch_until_ms: i64,
    /// The recorded answer.
    pub answer: Option<Arc<str>>,
    /// HTTP status of the recorded answer.
    pub http_status: Option<u16>,
    /// `Request-ID` of the last answer.
    pub request_id: Option<String>,
    /// Host that gave it.
    pub host: Option<String>,
}

/// What became of a request.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What is known now.
    pub state: State,
    /// The status that was told.
    pub code: i32,
    /// Its message.
    pub cause: String,
    /// Attempts of this call.
    pub attempts: u32,
    /// Until when a delayed copy could arrive; 0 where none could.
    pub watch_until_ms: i64,
    /// The proven answer.
    pub answer: Option<Arc<str>>,
    /// Its HTTP status.
    pub http_status: Option<u16>,
    /// Its `Request-ID`.
    pub request_id: Option<String>,
    /// The host that gave it.
    pub host: Option<String>,
}

/// What is known of a number when a call comes with it.
#[derive(Debug)]
pub enum Begin {
    /// Send the claimed row's bytes.
    Go(super::Claim),
    /// It is done; this was the answer.
    Recorded(Row),
    /// Another call is at it.
    Running,
    /// The number belongs to something else.
    Reused(String),
}

/// The same without the claim.
pub(super) enum Found {
    Claimed { row: Row, doubt: bool },
    Recorded(Row),
    Running,
    Reused(String),
}

/// This machine's time, in milliseconds since 1970.
pub use crate::system::wall_ms as now_ms;

/// How far forgetting old rows goes at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Every row is read, so that a file with a damaged one is found out.
    Whole,
    /// To the first row that is to be kept: a redemption waits meanwhile.
    Old,
}

/// Where rows are kept: in a file, or in memory.
pub(super) trait Rows {
    /// The row with that number, and who works on it.
    fn by_number(&mut self, mchid: &str, number: &str) -> rusqlite::Result<Option<(Row, Option<Arc<str>>)>>;

    /// A new row that its owner works on, with its members as they are kept.
    fn insert(
        &mut self,
        mchid: &str,
        owner: &Arc<str>,
        new: NewRow,
        members: Box<str>,
    ) -> rusqlite::Result<Row>;

    /// Gives a row to an owner, in another state where one is named.
    fn take_up(
        &mut self,
        id: i64,
        owner: &Arc<str>,
        state: Option<State>,
        watch_at_least_until_ms: i64,
    ) -> rusqlite::Result<()>;

    /// Records what became of a row, and that nobody works on it.
    fn finish(&mut self, id: i64, verdict: Verdict) -> rusqlite::Result<()>;

    /// Nobody works on the row any more.
    fn release(&mut self, id: i64) -> rusqlite::Result<()>;

    /// The row is being called off.
    fn call_off(&mut self, id: i64) -> rusqlite::Result<()>;

    /// Forgets a row.
    fn delete(&mut self, id: i64) -> rusqlite::Result<()>;

    /// Forgets finished rows that have not changed for so long.
    fn prune(&mut self, mchid: &str, keep: Duration, reach: Reach) -> rusqlite::Result<()>;

    /// Everything that is not known to be finished, oldest first.
    fn unfinished(&mut self, mchid: &str) -> rusqlite::Result<Vec<Row>>;
}

pub(super) fn begin(
    rows: &mut dyn Rows,
    mchid: &str,
    holders: &Holders,
    new: NewRow,
    members: Box<str>,
) -> rusqlite::Result<Found> {
    let owner = holders.owner.id();
    let Some((row, holder)) = rows.by_number(mchid, &new.request.number)? else {
        return Ok(Found::Claimed { row: rows.insert(mchid, owner, new, members)?, doubt: false });
    };
    if holders.hold(row.id, holder.as_deref()) {
        return Ok(Found::Running);
    }
    // Told "never sent" after which nothing was sent: the number is as good as new.
    if row.state == State::Closed && row.watch_until_ms == 0 && !same_request(&row, &new) {
        rows.delete(row.id)?;
        return Ok(Found::Claimed { row: rows.insert(mchid, owner, new, members)?, doubt: false });
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
    let claimed = Row { state: if row.state == State::Done { State::Done } else { State::Pending }, ..row };
    rows.take_up(claimed.id, owner, Some(claimed.state), latest_arrival())?;
    Ok(Found::Claimed { row: claimed, doubt })
}

impl Row {
    /// A new request, written down now.
    pub(super) fn of(id: i64, new: NewRow) -> Row {
        let now = now_ms();
        Row {
            id,
            request: new.request,
            members: new.members,
            state: State::Pending,
            code: 0,
            cause: String::new(),
            attempts: 0,
            created_ms: now,
            updated_ms: now,
            watch_until_ms: 0,
            answer: None,
            http_status: None,
            request_id: None,
            host: None,
        }
    }
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

pub(super) fn claim(
    rows: &mut dyn Rows,
    mchid: &str,
    number: &str,
    holders: &Holders,
) -> rusqlite::Result<Option<Row>> {
    let Some((row, holder)) = rows.by_number(mchid, number)? else { return Ok(None) };
    if holders.hold(row.id, holder.as_deref()) {
        return Ok(None);
    }
    let watch = if row.state == State::Pending { latest_arrival() } else { row.watch_until_ms };
    rows.take_up(row.id, holders.owner.id(), None, watch)?;
    Ok(Some(row))
}

/// Until when a copy of what is sent from now on could arrive, should this process die before it can say
/// better: the longest call and the longest delay after it.
pub(super) fn latest_arrival() -> i64 {
    let longest = DELAYED_ARRIVAL + Duration::from_millis(LONGEST_CALL_MS);
    now_ms().saturating_add(i64::try_from(longest.as_millis()).unwrap_or(i64::MAX))
}

/// The moment that long ago, in milliseconds since 1970.
pub(super) fn ago_ms(time: Duration) -> i64 {
    now_ms().saturating_sub(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}
