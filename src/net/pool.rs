//! The connections of one context: agents of ureq's, each for one call at a time and with one connection to a host.
//!
//! An agent keeps its idle connections behind one lock, and asks the system under it whether they are still open.
//! Where there are more threads than cores, a thread is put aside with the lock in its hand and the others wait for
//! it: with 64 threads on two cores every fortieth redemption waited for more than 5 ms, some for 180. Here the lock
//! is held for as long as it takes to put something on a stack.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use ureq::Agent;

/// WeChat Pay's servers announce `Keep-Alive: timeout=8`; a connection idle for longer may be closed under a request.
pub const IDLE: Duration = Duration::from_secs(7);
/// Agents that are kept when nobody uses them.
const MOST_IDLE: usize = 64;

/// Agents whose connections are idle, the one that was used last at the end.
pub struct Pool {
    idle: Mutex<VecDeque<Idle>>,
    new_agent: Box<dyn Fn() -> Agent + Send + Sync>,
}

struct Idle {
    agent: Agent,
    since: Instant,
}

impl Pool {
    /// A pool that makes agents in this way. They have to share what all connections have in common.
    pub fn new(new_agent: impl Fn() -> Agent + Send + Sync + 'static) -> Pool {
        Pool { idle: Mutex::default(), new_agent: Box::new(new_agent) }
    }

    /// Runs an exchange with the agent that was used last. Its connection is the likeliest to be open still; after a
    /// failure it has none, and the next attempt makes a new one instead of trying others that may be dead as well.
    pub fn with_agent<T>(&self, exchange: impl FnOnce(&Agent) -> T) -> T {
        let idle = self.idle().pop_back();
        let agent = idle.map_or_else(&self.new_agent, |idle| idle.agent);
        let result = exchange(&agent);
        self.give_back(agent, Instant::now());
        result
    }

    fn give_back(&self, agent: Agent, now: Instant) {
        let mut idle = self.idle();
        idle.push_back(Idle { agent, since: now });
        let old = idle.iter().take_while(|idle| now.duration_since(idle.since) > IDLE).count();
        let old = old.max(idle.len().saturating_sub(MOST_IDLE));
        let closed: Vec<Idle> = idle.drain(..old).collect();
        drop(idle);
        // Closing takes its time, too.
        drop(closed);
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn counted() -> (Pool, Arc<AtomicUsize>) {
        let made = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&made);
        let new_agent = move || {
            counter.fetch_add(1, Ordering::Relaxed);
            Agent::new_with_defaults()
        };
        (Pool::new(new_agent), made)
    }

    #[test]
    fn one_call_after_the_other_has_the_same_agent_and_calls_at_the_same_time_have_one_each() {
        let (pool, made) = counted();
        for _ in 0..3 {
            pool.with_agent(|_| ());
        }
        assert_eq!(made.load(Ordering::Relaxed), 1);
        pool.with_agent(|_| pool.with_agent(|_| ()));
        pool.with_agent(|_| pool.with_agent(|_| ()));
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn the_agent_that_was_used_last_is_used_next() {
        let (pool, _) = counted();
        let start = Instant::now();
        let later = start + Duration::from_millis(1);
        pool.give_back(Agent::new_with_defaults(), start);
        pool.give_back(Agent::new_with_defaults(), later);
        pool.with_agent(|_| assert_eq!(pool.idle().front().map(|idle| idle.since), Some(start)));
    }

    #[test]
    fn what_was_idle_for_too_long_is_closed_and_so_are_those_beyond_the_number() {
        let (pool, _) = counted();
        let start = Instant::now();
        let many = 3;
        for _ in 0..MOST_IDLE + many {
            pool.give_back(Agent::new_with_defaults(), start);
        }
        assert_eq!(pool.idle().len(), MOST_IDLE);
        pool.give_back(Agent::new_with_defaults(), start + IDLE);
        assert_eq!(pool.idle().len(), MOST_IDLE);
        pool.give_back(Agent::new_with_defaults(), start + IDLE + Duration::from_millis(1));
        assert_eq!(pool.idle().len(), 2);
    }
}
