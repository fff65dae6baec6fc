//! Until when the exchange on this thread may wait, in any layer of its connection.
//!
//! Each layer gets a limit, and some layers use the same limit again for every byte. A server that sends one byte at a time
//! could hold such a call for hours. So the lowest layer also checks a fixed end.

use crate::limits::LONGEST_CALL_MS;
use crate::system;
use std::cell::Cell;
use std::time::{Duration, Instant};
use ureq::Error;
use ureq::Timeout;
use ureq::unversioned::transport::NextTimeout;

thread_local! {
    static END: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The end of a part of the exchange. The former end holds again when this is dropped.
#[must_use]
#[derive(Debug)]
pub struct End(Option<Instant>);

impl Drop for End {
    fn drop(&mut self) {
        END.set(self.0);
    }
}

/// From now on nothing waits longer than `time`, nor longer than an outer limit allows.
pub fn no_longer_than(time: Duration) -> End {
    let end = system::now() + time.min(Duration::from_millis(LONGEST_CALL_MS));
    End(END.replace(Some(END.get().map_or(end, |outer| outer.min(end)))))
}

/// The limit of one wait: that of the layer, counted from now, and the end of the exchange.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    end: Instant,
    reason: Timeout,
}

impl Limit {
    /// The earlier of both.
    pub fn of(timeout: NextTimeout) -> Limit {
        let longest = Duration::from_millis(LONGEST_CALL_MS);
        let handed = if timeout.after.is_not_happening() { longest } else { longest.min(*timeout.after) };
        let end = system::now() + handed;
        Limit { end: END.get().map_or(end, |outer| outer.min(end)), reason: timeout.reason }
    }

    /// The time that is left, never zero.
    pub fn left(&self) -> Result<Duration, Error> {
        let left = self.end.saturating_duration_since(system::now());
        // Systems do not wait for less, and zero would mean without limit.
        if left < Duration::from_millis(1) { Err(Error::Timeout(self.reason)) } else { Ok(left) }
    }
}

/// Whether the end of the exchange has come.
pub fn is_over() -> bool {
    END.get().is_some_and(|end| end <= system::now())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::unversioned::transport::time::Duration as Time;

    fn handed(milliseconds: u64) -> NextTimeout {
        NextTimeout {
            after: Time::from_millis(milliseconds),
            reason: Timeout::Connect,
            ..NextTimeout::default()
        }
    }

    #[test]
    fn the_inner_end_never_outlives_the_outer_one_and_goes_with_its_part() {
        let whole = no_longer_than(Duration::from_secs(20));
        let part = no_longer_than(Duration::from_secs(5));
        let left = Limit::of(handed(60_000)).left().unwrap();
        assert!(left <= Duration::from_secs(5), "{left:?}");
        let longer = no_longer_than(Duration::from_secs(90));
        assert!(Limit::of(handed(60_000)).left().unwrap() <= Duration::from_secs(5));
        drop(longer);
        drop(part);
        assert!(Limit::of(handed(60_000)).left().unwrap() > Duration::from_secs(5));
        assert!(Limit::of(handed(100)).left().unwrap() <= Duration::from_millis(100));
        let over = no_longer_than(Duration::ZERO);
        assert!(is_over() && matches!(Limit::of(handed(100)).left(), Err(Error::Timeout(Timeout::Connect))));
        drop(over);
        drop(whole);
        assert!(!is_over());
    }
}
