//! The states of a row.

/// What is known of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// It may have taken effect, or is being sent now.
    Pending = 0,
    /// It is proven that it took effect.
    Done = 1,
    /// WeChat Pay refused it.
    Refused = 2,
    /// The till was told that it had no effect.
    Closed = 3,
    /// Called off and not found at WeChat Pay; a delayed copy could still arrive.
    Watching = 4,
    /// Called off finally: it was undone or had no effect.
    Voided = 5,
    /// Being called off: if it took effect, it must be undone.
    Voiding = 6,
    /// WeChat Pay refused it, and the till was told; a delayed copy could still arrive.
    RefusedWatched = 7,
    /// Answers came for a day, but no evidence.
    Unresolved = 8,
    /// The row was changed by something else than this library.
    Damaged = 9,
    /// A person decided to give it up.
    Abandoned = 10,
}

impl State {
    /// All of them.
    pub const ALL: [State; 11] = [
        State::Pending,
        State::Done,
        State::Refused,
        State::Closed,
        State::Watching,
        State::Voided,
        State::Voiding,
        State::RefusedWatched,
        State::Unresolved,
        State::Damaged,
        State::Abandoned,
    ];

    /// Its name for people and programs.
    pub fn name(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Done => "done",
            State::Refused => "refused",
            State::Closed => "closed",
            State::Watching => "watching",
            State::Voided => "voided",
            State::Voiding => "voiding",
            State::RefusedWatched => "refused_watched",
            State::Unresolved => "unresolved",
            State::Damaged => "damaged",
            State::Abandoned => "abandoned",
        }
    }

    /// Nothing more is to be done.
    pub fn is_finished(self) -> bool {
        matches!(self, State::Done | State::Refused | State::Closed | State::Voided | State::Abandoned)
    }

    /// It may have taken effect, and no caller was told otherwise.
    pub fn is_in_doubt(self) -> bool {
        matches!(self, State::Pending | State::Voiding | State::Unresolved | State::Damaged)
    }

    /// Settling everything is not complete while it is in this state.
    pub fn is_pending(self) -> bool {
        matches!(self, State::Pending | State::Voiding | State::Damaged)
    }

    /// The state with this number in a store.
    pub fn from_number(number: i64) -> Option<State> {
        State::ALL.into_iter().find(|state| *state as i64 == number)
    }
}
