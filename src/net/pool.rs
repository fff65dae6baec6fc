//! The connections of one context: agents of ureq's, each for one call at a time and with the connection that it used
//! last.
//!
//! An agent keeps its idle connections behind one lock, and asks the system under it whether they are still open.
//! Where there are more threads than cores, a thread is put aside with the lock in its hand and the others wait for
//! it: with 64 threads on two cores every fortieth redemption waited for more than 5 ms, some for 180. Here the lock
//! is held for as long as it takes to put something on a stack.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use ureq::Agent;

/// How long a connection is kept idle where its server announces nothing. WeChat Pay's announce eight seconds.
pub const IDLE: Duration = Duration::from_secs(7);
/// And whatever it announces: what stands between may forget a connection without a word.
pub const LONGEST_IDLE: Duration = Duration::from_secs(60);
/// Agents that are kept when nobody uses them.
const MOST_IDLE: usize = 64;

/// Agents whose connections are idle, the one that was used last at the end.
pub struct Pool {
    idle: Mutex<Vec<Idle>>,
    new_agent: Box<dyn Fn() -> Agent + Send + Sync>,
}

struct Idle {
    agent: Agent,
    until: Instant,
}

impl Pool {
    /// A pool that makes agents in this way. They have to share what all connections have in common.
    pub fn new(new_agent: impl Fn() -> Agent + Send + Sync + 'static) -> Pool {
        Pool { idle: Mutex::default(), new_agent: Box::new(new_agent) }
    }

    /// The agent that was used last, to be given back. Its connection is the likeliest to be open still; after a
    /// failure it has none, and the next attempt makes a new one instead of trying others that may be dead as well.
    pub fn take(&self, now: Instant) -> Agent {
        let mut idle = self.idle();
        let closed = take_old(&mut idle, now, MOST_IDLE);
        let last = idle.pop();
        drop(idle);
        // Closing takes its time, and nobody has to wait for it.
        drop(closed);
        last.map_or_else(&self.new_agent, |last| last.agent)
    }

    /// Keeps an agent for the next call, for as long as its connection may be idle.
    pub fn give_back(&self, agent: Agent, now: Instant, idle_time: Duration) {
        let mut idle = self.idle();
        let closed = take_old(&mut idle, now, MOST_IDLE - 1);
        idle.push(Idle { agent, until: now + idle_time.min(LONGEST_IDLE) });
        drop(idle);
        drop(closed);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those that were idle for too long, and the oldest where there are more than so many.
fn take_old(idle: &mut Vec<Idle>, now: Instant, most: usize) -> Vec<Idle> {
    let mut too_many = idle.len().saturating_sub(most);
    let is_old = |idle: &mut Idle| {
        let is_old = idle.until < now || too_many > 0;
        too_many = too_many.saturating_sub(usize::from(is_old));
        is_old
    };
    idle.extract_if(.., is_old).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);

    fn pool() -> Pool {
        Pool::new(Agent::new_with_defaults)
    }

    impl Pool {
        /// Until when each is kept, counted from `start`.
        fn kept(&self, start: Instant) -> Vec<Duration> {
            self.idle().iter().map(|idle| idle.until - start).collect()
        }
    }

    #[test]
    fn the_agent_that_was_used_last_is_used_next_and_each_by_one_call_at_a_time() {
        let (pool, start) = (pool(), Instant::now());
        let (first, second) = (pool.take(start), pool.take(start));
        pool.give_back(first, start, 2 * IDLE);
        pool.give_back(second, start, IDLE);
        let last = pool.take(start);
        assert_eq!(pool.kept(start), [2 * IDLE]);
        pool.give_back(last, start + MOMENT, IDLE);
        assert_eq!(pool.kept(start), [2 * IDLE, IDLE + MOMENT]);
    }

    #[test]
    fn each_is_kept_for_as_long_as_its_server_keeps_it_and_none_for_too_long() {
        let (pool, start) = (pool(), Instant::now());
        for idle in [2 * LONGEST_IDLE, Duration::ZERO, IDLE] {
            pool.give_back(Agent::new_with_defaults(), start, idle);
        }
        assert_eq!(pool.kept(start), [LONGEST_IDLE, Duration::ZERO, IDLE]);
        let agent = pool.take(start + IDLE + MOMENT);
        assert!(pool.kept(start).is_empty());
        pool.give_back(agent, start, 2 * LONGEST_IDLE);
        let _new = pool.take(start + LONGEST_IDLE + MOMENT);
        assert!(pool.kept(start).is_empty());
    }

    #[test]
    fn the_oldest_make_room() {
        let (pool, start) = (pool(), Instant::now());
        for at in 0..MOST_IDLE + 3 {
            pool.give_back(Agent::new_with_defaults(), start, IDLE + MOMENT * u32::try_from(at).unwrap());
        }
        let kept = pool.kept(start);
        assert_eq!((kept.len(), kept[0]), (MOST_IDLE, IDLE + 3 * MOMENT));
    }
}
