//! The content of a row.

use super::coupon;
pub use super::state::State;
use crate::course::Course;
use crate::system::wall_ms;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// How long after its signature a request can still arrive. WeChat Pay refuses signatures older than five minutes, and one
/// minute is for differences of the clocks.
pub const DELAYED_ARRIVAL: Duration = Duration::from_secs(360);

/// Enough for the values of most rows without their members. Buffers of longer ones grow.
const USUAL_BYTES: usize = 4096;

/// The request as it is sent. It never changes.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Name of the operation.
    pub operation: String,
    /// The request's own number.
    pub request_no: Arc<str>,
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The body, byte by byte.
    pub body: Option<Vec<u8>>,
}

/// Who holds a row, and how often it was acquired.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lease {
    /// The mark of the context that works on the row. `None`: nobody does.
    pub owner: Option<Arc<str>>,
    /// Increases whenever the row is acquired.
    pub generation: i64,
    /// The end of the lease, in milliseconds since 1970 by the store's clock. Only for stores that cannot tell who is alive;
    /// they set it themselves whenever a row with an owner is written.
    pub until_ms: Option<i64>,
}

impl Lease {
    /// Whether both are the same right to work on a row. A store may have moved its end.
    pub fn is(&self, other: &Lease) -> bool {
        self.owner == other.owner && self.generation == other.generation
    }
}

/// A request that is to be recorded.
#[derive(Debug, Clone)]
pub struct NewRow {
    /// What is sent.
    pub request: Arc<Request>,
    /// The members that were checked.
    pub members: Map<String, Value>,
    /// Members that this library filled in with the current time. They do not make a repeat different.
    pub filled_in: Vec<&'static str>,
    /// The caller's trace id. It does not make a repeat different.
    pub trace: Option<String>,
    /// Whether a recorded success is sent again instead of being answered from the journal.
    pub ask_again: bool,
}

/// A recorded request.
#[derive(Debug, Clone)]
pub struct Row {
    /// Key of the row.
    pub id: i64,
    /// The merchant that it belongs to.
    pub merchant: Arc<str>,
    /// What is sent.
    pub request: Arc<Request>,
    /// The checked members.
    pub members: Arc<Map<String, Value>>,
    /// The coupon that it is about. Later requests about the same coupon are found by it.
    pub coupon: Option<Arc<str>>,
    /// For a row whose user was forgotten: keyed digests of what was taken out of its request.
    pub content: Option<Vec<u8>>,
    /// The caller's trace id of the call that recorded it.
    pub trace: Option<String>,
    /// When it was recorded, in milliseconds since 1970 by this machine's clock.
    pub created_ms: i64,
    /// What is known about it.
    pub state: State,
    /// Its sale was called off. If it took effect, the effect is undone.
    pub called_off: bool,
    /// Status of the last attempt.
    pub code: i32,
    /// Its message.
    pub cause: String,
    /// Why it was abandoned.
    pub note: Option<String>,
    /// The number of attempts to send it.
    pub attempts: u32,
    /// When it last changed.
    pub updated_ms: i64,
    /// When it was first in doubt, by this machine's clock.
    pub doubted_ms: Option<i64>,
    /// When settling last tried it, by this machine's clock. 0: never.
    pub tried_ms: i64,
    /// Bytes of it have left this machine.
    pub sent: bool,
    /// Time of the latest signature that may still arrive, in seconds since 1970. 0: none can.
    pub signed_s: i64,
    /// WeChat Pay's time of the verdict, in seconds since 1970, if an answer proved it.
    pub verdict_s: Option<i64>,
    /// For a finished row: the key of the latest row when the verdict was written. Rows with a higher key began after the
    /// verdict. For a row that was finished and started again: the same for that start.
    pub verdict_row: i64,
    /// The recorded answer.
    pub answer: Option<Arc<str>>,
    /// HTTP status of the recorded answer.
    pub http_status: Option<u16>,
    /// `Request-ID` of the last answer.
    pub request_id: Option<String>,
    /// Host that gave it.
    pub host: Option<String>,
    /// Its first and last attempts.
    pub course: Course,
    /// Who works on it.
    pub lease: Lease,
}

impl Row {
    /// A new row, which that context works on.
    pub fn new(merchant: &Arc<str>, owner: &Arc<str>, new: NewRow) -> Row {
        let now = wall_ms();
        Row {
            id: 0,
            merchant: Arc::clone(merchant),
            coupon: coupon::key(&new.request.operation, &new.members),
            request: new.request,
            members: Arc::new(new.members),
            content: None,
            trace: new.trace,
            created_ms: now,
            state: State::Pending,
            called_off: false,
            code: 0,
            cause: String::new(),
            note: None,
            attempts: 0,
            updated_ms: now,
            doubted_ms: None,
            tried_ms: 0,
            sent: false,
            signed_s: 0,
            verdict_s: None,
            verdict_row: 0,
            answer: None,
            http_status: None,
            request_id: None,
            host: None,
            course: Course::default(),
            lease: Lease { owner: Some(Arc::clone(owner)), generation: 1, until_ms: None },
        }
    }

    /// The form that the store has while a context works on the row. If the context dies, the request may have been signed
    /// until `until_s`.
    #[must_use]
    pub fn in_work(&self, until_s: i64) -> Row {
        Row { sent: true, signed_s: self.signed_s.max(until_s), ..self.clone() }
    }

    /// No call has recorded a result since it began.
    pub fn has_no_verdict(&self) -> bool {
        let is_in_doubt = self.code / 1000 == crate::status::WXCOUPON_CLASS_IN_DOUBT;
        self.state == State::Pending && !is_in_doubt
    }

    /// The user whom it was about was forgotten. What was sent is gone, so it is never sent again.
    pub fn is_forgotten(&self) -> bool {
        self.content.is_some() && self.state.is_finished()
    }

    /// Rows with a higher key began after this row. If it is finished, they began after its verdict.
    pub fn began_after(&self) -> i64 {
        self.id.max(self.verdict_row)
    }

    /// Whether it began, or started again, after that row.
    pub fn is_later_than(&self, other: &Row) -> bool {
        self.id > other.id || self.verdict_row >= other.id
    }

    /// Until when a delayed copy can arrive, in milliseconds since 1970. 0: none can.
    pub fn watch_until_ms(&self) -> i64 {
        if self.signed_s == 0 {
            return 0;
        }
        let delay = i64::try_from(DELAYED_ARRIVAL.as_secs()).unwrap_or(i64::MAX);
        self.signed_s.saturating_add(delay).saturating_mul(1000)
    }

    /// A row that something else has changed: what a lookup and a replacement need, without texts that may be wrong.
    #[must_use]
    pub(super) fn damaged(self) -> Row {
        Row {
            state: State::Damaged,
            cause: String::new(),
            trace: None,
            note: None,
            answer: None,
            http_status: None,
            request_id: None,
            host: None,
            course: Course::default(),
            ..self
        }
    }

    /// A digest of the whole row. With it a store detects that something else has changed the row.
    pub fn digest(&self, members: &str, course: &str) -> [u8; 16] {
        // Digested at once, which is faster than piece by piece.
        let mut whole = Vec::with_capacity(USUAL_BYTES + members.len());
        let mut put = |value: Option<&[u8]>| {
            // Each value has its length in front, so that moving bytes between columns changes the digest.
            let length = value.map_or(-1, |value| i64::try_from(value.len()).unwrap_or(i64::MAX));
            whole.extend_from_slice(&length.to_le_bytes());
            whole.extend_from_slice(value.unwrap_or_default());
        };
        let request = &*self.request;
        for text in
            [&*self.merchant, &request.operation, &*request.request_no, &request.method, &request.target]
        {
            put(Some(text.as_bytes()));
        }
        put(request.body.as_deref());
        for text in [members, &self.cause, course] {
            put(Some(text.as_bytes()));
        }
        let texts = [
            self.coupon.as_deref(),
            self.trace.as_deref(),
            self.note.as_deref(),
            self.answer.as_deref(),
            self.request_id.as_deref(),
            self.host.as_deref(),
            self.lease.owner.as_deref(),
        ];
        for text in texts {
            put(text.map(str::as_bytes));
        }
        put(self.content.as_deref());
        let numbers = [
            Some(self.created_ms),
            Some(self.state as i64),
            Some(i64::from(self.called_off)),
            Some(i64::from(self.code)),
            Some(i64::from(self.attempts)),
            Some(self.updated_ms),
            self.doubted_ms,
            Some(self.tried_ms),
            Some(i64::from(self.sent)),
            Some(self.signed_s),
            self.verdict_s,
            Some(self.verdict_row),
            self.http_status.map(i64::from),
            Some(self.lease.generation),
            self.lease.until_ms,
        ];
        for number in numbers {
            put(number.map(i64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice));
        }
        let whole: [u8; 32] = Sha256::digest(&whole).into();
        let mut first = [0; 16];
        first.copy_from_slice(whole.split_at(16).0);
        first
    }
}

/// The result of a call about a request.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What is known now.
    pub state: State,
    /// The status that the caller got.
    pub code: i32,
    /// Its message.
    pub cause: String,
    /// Attempts of this call.
    pub attempts: u32,
    /// Bytes of it have left this machine, in this call or before.
    pub sent: bool,
    /// Time of the latest signature that may still arrive, in seconds since 1970. 0: none can.
    pub signed_s: i64,
    /// WeChat Pay's time of the verdict, if an answer proved it.
    pub verdict_s: Option<i64>,
    /// The proven answer.
    pub answer: Option<Arc<str>>,
    /// Its HTTP status.
    pub http_status: Option<u16>,
    /// Its `Request-ID`.
    pub request_id: Option<String>,
    /// The host that gave it.
    pub host: Option<String>,
    /// The result of each attempt.
    pub course: Course,
}

impl Row {
    /// The same row with this result, and without an owner.
    #[must_use]
    pub fn judged(self, verdict: Verdict) -> Row {
        let now = wall_ms();
        let in_doubt = verdict.state.is_in_doubt() || verdict.state == State::RefusedWatched;
        Row {
            state: verdict.state,
            code: verdict.code,
            cause: verdict.cause,
            attempts: self.attempts.saturating_add(verdict.attempts),
            updated_ms: now,
            doubted_ms: self.doubted_ms.or(in_doubt.then_some(now)),
            sent: verdict.sent,
            signed_s: verdict.signed_s,
            verdict_s: verdict.verdict_s.or(self.verdict_s),
            answer: verdict.answer.or(self.answer),
            http_status: verdict.http_status.or(self.http_status),
            request_id: verdict.request_id.or(self.request_id),
            host: verdict.host.or(self.host),
            course: self.course.followed_by(verdict.course),
            lease: Lease { owner: None, until_ms: None, ..self.lease },
            ..self
        }
    }
}

#[cfg(test)]
impl NewRow {
    /// A minimal redemption.
    pub(super) fn plain(request_no: &str) -> NewRow {
        NewRow::with_body(request_no, None)
    }

    /// The same with a body.
    pub(super) fn with_body(request_no: &str, body: Option<&str>) -> NewRow {
        let request = Request {
            operation: "use".into(),
            request_no: request_no.into(),
            method: "POST".into(),
            target: "/".into(),
            body: body.map(Into::into),
        };
        NewRow {
            request: Arc::new(request),
            members: Map::new(),
            filled_in: Vec::new(),
            trace: None,
            ask_again: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_notices_every_column() {
        let row = Row::new(&"m".into(), &"owner".into(), NewRow::with_body("SALE-0001", Some("{}")));
        let digest = |row: &Row| row.digest("{}", "[]");
        let right = digest(&row);
        let changes: [&dyn Fn(&mut Row); 12] = [
            &|row| row.merchant = "n".into(),
            &|row| row.created_ms += 1,
            &|row| row.state = State::Done,
            &|row| row.called_off = true,
            &|row| row.code = 1,
            &|row| row.cause.push('x'),
            &|row| row.signed_s += 1,
            &|row| row.verdict_s = Some(0),
            &|row| row.answer = Some("".into()),
            &|row| row.lease.generation += 1,
            &|row| row.lease.owner = None,
            &|row| row.request = Arc::new(Request { body: None, ..(*row.request).clone() }),
        ];
        for change in changes {
            let mut other = row.clone();
            change(&mut other);
            assert_ne!(digest(&other), right);
        }
        assert_ne!(row.digest("{ }", "[]"), right);
        assert_ne!(row.digest("{}[]", ""), right);
    }
}
