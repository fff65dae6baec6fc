//! The time for signing requests and for judging answers.
//!
//! WeChat Pay refuses signatures more than five minutes off, and tills have wrong clocks. Every answer over verified TLS
//! has a `Date` header. Its difference to this machine's clock is remembered and added when a request is signed. WeChat
//! Pay's signature does not cover `Date`, so this time is *provisional*: it may decide about the freshness of later
//! answers only, and an answer that is fresh only by it proves less.
//!
//! *Proven* time comes from signed answers. It never runs backwards, and the monotonic clock carries it on. If this
//! machine's clock was set in between, the proven offset is void.

use crate::log;
use crate::system;
use crate::wire::verify::{Proof, WINDOW_S};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

/// A larger offset is not corrected, because TLS would hardly have accepted the connection.
pub const LARGEST_OFFSET_S: i64 = 48 * 60 * 60;
/// Smaller differences mean nothing: `Date` has whole seconds, and the answer took time.
const NOISE_S: i64 = 2;
/// A signature from the future may be accepted until its time has passed, so its own time counts. But one further ahead than
/// this would keep a row in doubt for hours.
pub const FAR_AHEAD_S: i64 = 30 * 60;
/// An oscillator is off by less than one part in this many.
const DRIFT: u64 = 1000;
/// If the clock moved differently from the monotonic time by more than this, it was set.
const STEP_MS: i64 = 5_000;

/// What a journal records about the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownTime {
    /// WeChat Pay's time was at least this, in seconds since 1970.
    pub proven_s: i64,
    /// What is added to this machine's time, in seconds.
    pub offset_s: i64,
}

/// This machine's clock, corrected.
#[derive(Debug, Default)]
pub struct Clock(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// What an answer's `Date` said last.
    provisional_s: i64,
    /// The same, if it is too large to be corrected.
    hopeless_s: Option<i64>,
    /// A signature by proven time was rejected, so the provisional time is used instead.
    follows_date: bool,
    proven: Option<Proven>,
    /// A lower bound of WeChat Pay's time, and when it held.
    floor: Option<(i64, Instant)>,
    /// The same from answers whose freshness was not certain. If one server's clock was ahead, it is wrong. So what is earlier
    /// is not refused, but never certain.
    claimed: Option<(i64, Instant)>,
}

/// What a bound has become by now.
fn by_now((bound_s, at): (i64, Instant)) -> i64 {
    let passed = system::now().saturating_duration_since(at).as_secs();
    // The oscillator may be fast. The bound must not overtake the true time.
    let certain = passed - passed / DRIFT;
    bound_s.saturating_add(i64::try_from(certain).unwrap_or(i64::MAX))
}

#[derive(Debug, Clone, Copy)]
struct Proven {
    offset_s: i64,
    /// Both clocks when it was measured.
    wall_ms: i64,
    at: Instant,
    /// Measured by an earlier process, so the clock may have been set in between.
    is_remembered: bool,
}

impl Proven {
    fn new(offset_s: i64, is_remembered: bool) -> Proven {
        Proven { offset_s, wall_ms: system::wall_ms(), at: system::now(), is_remembered }
    }

    /// Whether this machine's clock was set since.
    fn clock_was_set(&self) -> bool {
        let passed = i64::try_from(system::now().saturating_duration_since(self.at).as_millis());
        let moved = system::wall_ms().saturating_sub(self.wall_ms);
        moved.saturating_sub(passed.unwrap_or(i64::MAX)).saturating_abs() > STEP_MS
    }
}

fn wall_s() -> i64 {
    system::wall_ms().div_euclid(1000)
}

impl State {
    fn proven(&self) -> Option<Proven> {
        self.proven.filter(|proven| !proven.clock_was_set())
    }

    /// The least that WeChat Pay's time can be now.
    fn floor_s(&self) -> Option<i64> {
        self.floor.map(by_now)
    }

    /// Whether something signed at `sent_s` would be stale, if the answers without certainty told the time.
    fn is_before_claim(&self, sent_s: i64) -> bool {
        self.claimed.is_some_and(|claimed| by_now(claimed).saturating_sub(sent_s) >= WINDOW_S)
    }

    /// Whether something signed at `sent_s` is fresh, and whether that is certain. An error has its age.
    fn certainty(&self, sent_s: i64, may_be_provisional: bool) -> Result<bool, i64> {
        let age_by = |offset_s: i64| wall_s().saturating_add(offset_s).saturating_sub(sent_s);
        let is_fresh = |age: i64| age.saturating_abs() < WINDOW_S;
        // Older than the proven lower bound by more than the window: stale by any clock.
        if let Some(floor_s) = self.floor_s().filter(|floor_s| floor_s.saturating_sub(sent_s) >= WINDOW_S) {
            return Err(floor_s.saturating_sub(sent_s));
        }
        let is_before_claim = self.is_before_claim(sent_s);
        let proven = self.proven();
        if let Some(proven) = proven.filter(|_| !is_before_claim) {
            let age = age_by(proven.offset_s);
            // A small offset may come from an answer that was old itself. It must not widen the window.
            if is_fresh(age) && (proven.offset_s.abs() >= WINDOW_S || is_fresh(age_by(0))) {
                return Ok(true);
            }
            // Only WeChat Pay can sign, so a signature from the future refutes the proven offset.
            let is_refuted = age < 0;
            if !proven.is_remembered && !is_refuted {
                return Err(age);
            }
        }
        if is_fresh(age_by(0)) && !is_before_claim {
            return Ok(true);
        }
        let age = age_by(self.provisional_s);
        if may_be_provisional && is_fresh(age) { Ok(false) } else { Err(age) }
    }
}

impl Clock {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over the time that an earlier process recorded.
    pub fn remember(&self, known: KnownTime) {
        let mut state = self.lock();
        state.floor = state.floor.max(Some((known.proven_s, system::now())));
        // Otherwise the time would run backwards, so the clock was set back.
        if wall_s().saturating_add(known.offset_s) >= known.proven_s && state.proven.is_none() {
            state.proven = Some(Proven::new(known.offset_s, true));
            state.provisional_s = known.offset_s;
        }
    }

    /// The time to record. `None` before the first proven answer.
    pub fn known(&self) -> Option<KnownTime> {
        let state = self.lock();
        let offset_s = state.proven()?.offset_s;
        Some(KnownTime { proven_s: state.floor_s()?, offset_s })
    }

    /// WeChat Pay's time, as far as it is known.
    pub fn now(&self) -> OffsetDateTime {
        system::wall_date() + Duration::seconds(self.offset_s())
    }

    /// The same in seconds since 1970.
    pub fn now_s(&self) -> i64 {
        wall_s().saturating_add(self.offset_s())
    }

    /// What is added to this machine's time when a request is signed, in seconds.
    pub fn offset_s(&self) -> i64 {
        let state = self.lock();
        let proven = state.proven().filter(|_| !state.follows_date);
        proven.map_or(state.provisional_s, |proven| proven.offset_s)
    }

    /// How far this machine's clock is behind, in seconds, including an offset that is too large to be corrected.
    pub fn behind_s(&self) -> i64 {
        let hopeless_s = self.lock().hopeless_s;
        hopeless_s.unwrap_or_else(|| self.offset_s())
    }

    /// A signature was rejected, perhaps for its time.
    pub fn was_rejected(&self) {
        self.lock().follows_date = true;
    }

    /// WeChat Pay's proven time now, in seconds since 1970. If this machine's clock was set, its lower bound.
    pub fn proven_s(&self) -> Option<i64> {
        let state = self.lock();
        let by_offset = state.proven().map(|proven| wall_s().saturating_add(proven.offset_s));
        by_offset.max(state.floor_s())
    }

    /// The time to record for a copy with this signature time.
    pub fn time_of_copy(&self, signed_s: i64) -> i64 {
        let proven = self.lock().proven().map(|proven| wall_s().saturating_add(proven.offset_s));
        proven.filter(|now_s| signed_s.saturating_sub(*now_s) > FAR_AHEAD_S).unwrap_or(signed_s)
    }

    /// Whether an answer to our request is fresh, if it was signed at `sent_s`.
    pub fn freshness(&self, sent_s: i64) -> Result<bool, i64> {
        self.lock().certainty(sent_s, true)
    }

    /// The same for a notification, for which provisional time is not enough.
    pub fn freshness_of_notification(&self, sent_s: i64) -> Result<bool, i64> {
        self.lock().certainty(sent_s, false)
    }

    /// Learns from a signed answer. If its freshness is not certain, it may be a replay. Then it proves the time only if it
    /// shows a number that this very call sent for the first time. But every signed answer says that the time is not
    /// earlier. So it ends an offset by which it would come from the future: such an offset came from a replay that looked
    /// fresh on a machine with a slow clock. And nothing earlier is certain any more, until an answer that cannot be a replay
    /// shows that it was the other one's server whose clock was wrong.
    pub fn prove(&self, proof: Proof, shows_new_request_no: bool) {
        let mut state = self.lock();
        let is_believed = proof.is_certain || shows_new_request_no;
        if shows_new_request_no && state.is_before_claim(proof.at_s) {
            state.claimed = None;
        }
        let bound = if is_believed { &mut state.floor } else { &mut state.claimed };
        if bound.is_none_or(|bound| by_now(bound) < proof.at_s) {
            *bound = Some((proof.at_s, system::now()));
        }
        if !is_believed {
            let ahead_s =
                |proven: Proven| proof.at_s.saturating_sub(wall_s().saturating_add(proven.offset_s));
            state.proven = state.proven.filter(|proven| ahead_s(*proven) <= NOISE_S);
            return;
        }
        let offset_s = proof.at_s.saturating_sub(wall_s());
        // An old answer makes the time look earlier. So only an answer that cannot be old may set the offset back.
        let differs = |proven: Proven| {
            let change = offset_s - proven.offset_s;
            change > NOISE_S || change < -NOISE_S && shows_new_request_no
        };
        if state.proven().is_none_or(|proven| proven.is_remembered || differs(proven)) {
            let offset_s = if offset_s.abs() <= NOISE_S { 0 } else { offset_s };
            state.proven = Some(Proven::new(offset_s, false));
        }
        state.follows_date = false;
    }

    /// Learns from the `Date` of an answer over verified TLS, once the answer itself is judged.
    pub fn learn(&self, date: Option<&str>) {
        let Some(theirs) = date.and_then(parse) else { return };
        let difference = theirs.unix_timestamp() - wall_s();
        let mut state = self.lock();
        let known = state.provisional_s;
        let is_hopeless = difference.abs() > LARGEST_OFFSET_S;
        state.hopeless_s = is_hopeless.then_some(difference);
        if is_hopeless || (difference - known).abs() <= NOISE_S {
            return;
        }
        let offset = if difference.abs() <= NOISE_S { 0 } else { difference };
        state.provisional_s = offset;
        drop(state);
        if (offset - known).abs() > 30 {
            log::warn(format_args!(
                "this machine's clock is off: clock_offset_s={offset} is added to its time when a request is signed"
            ));
        }
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, as RFC 9110 has it.
fn parse(date: &str) -> Option<OffsetDateTime> {
    let form = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    PrimitiveDateTime::parse(date, form).ok().map(PrimitiveDateTime::assume_utc)
}

#[cfg(test)]
mod tests;
