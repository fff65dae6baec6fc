//! The connections of one context: ureq agents, each with one connection to one host, each used by one call at a time.
//!
//! An agent keeps its idle connections behind one lock, and asks the system under that lock whether they are still open.
//! With more threads than cores, a thread is preempted while it holds the lock, and the others wait: with 64 threads on
//! two cores every fortieth redemption waited for more than 5 ms, some for 180 ms. Here the lock is held only to push or
//! pop an entry.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use ureq::Agent;

/// How long a connection may stay idle if its server announces nothing. WeChat Pay's servers announce eight seconds.
pub const IDLE: Duration = Duration::from_secs(7);
/// Longest idle time, even if the server announces more: a router in between may drop a connection silently.
pub const LONGEST_IDLE: Duration = Duration::from_secs(60);
/// At most this many unused agents are kept.
const MOST_IDLE: usize = 64;

/// Agents whose connections are idle, the one that was used last at the end.
pub struct Pool {
    idle: Mutex<Vec<Idle>>,
    new_agent: Box<dyn Fn() -> Agent + Send + Sync>,
}

struct Idle {
    agent: Agent,
    origin: Box<str>,
    until: Instant,
}

impl Pool {
    /// A pool that makes its agents with this function.
    pub fn new(new_agent: impl Fn() -> Agent + Send + Sync + 'static) -> Pool {
        Pool { idle: Mutex::default(), new_agent: Box::new(new_agent) }
    }

    /// The agent that was used last for that origin, and until when its connection may be used. Or a new agent.
    pub fn take(&self, origin: &str, now: Instant) -> (Agent, Option<Instant>) {
        let mut idle = self.idle();
        let old = take_old(&mut idle, now);
        let last = idle.iter().rposition(|idle| *idle.origin == *origin).map(|at| idle.remove(at));
        drop(idle);
        // Closing connections takes time, so it happens outside the lock.
        drop(old);
        last.map_or_else(|| ((self.new_agent)(), None), |last| (last.agent, Some(last.until)))
    }

    /// After a failed exchange: the next attempt makes a new connection, because the kept ones may be dead, too.
    pub fn start_anew(&self, origin: &str, now: Instant) {
        self.give_back((self.new_agent)(), origin, now, IDLE);
    }

    /// Keeps an agent for the next call, for as long as its connection may be idle.
    pub fn give_back(&self, agent: Agent, origin: &str, now: Instant, idle_time: Duration) {
        let new = Idle { agent, origin: origin.into(), until: now + idle_time.min(LONGEST_IDLE) };
        let mut idle = self.idle();
        let old = take_old(&mut idle, now);
        idle.push(new);
        let oldest = if idle.len() > MOST_IDLE { Some(idle.remove(0)) } else { None };
        drop(idle);
        drop((old, oldest));
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those that were idle for too long.
fn take_old(idle: &mut Vec<Idle>, now: Instant) -> Vec<Idle> {
    idle.extract_if(.., |idle| idle.until <= now).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);
    const HOST: &str = "https://api.mch.weixin.qq.com";
    const OTHER_HOST: &str = "https://api2.mch.weixin.qq.com";

    fn pool() -> Pool {
        Pool::new(Agent::new_with_defaults)
    }

    impl Pool {
        fn keep(&self, origin: &str, now: Instant, idle_time: Duration) {
            self.give_back(Agent::new_with_defaults(), origin, now, idle_time);
        }

        /// Until when the connection of the next call may be used, counted from `start`; nothing for a new one.
        fn taken(&self, origin: &str, start: Instant, after: Duration) -> Option<Duration> {
            self.take(origin, start + after).1.map(|until| until - start)
        }
    }

    #[test]
    fn the_agent_that_was_used_last_for_an_origin_is_used_next_and_each_by_one_call_at_a_time() {
        let (pool, start) = (pool(), Instant::now());
        pool.keep(HOST, start, 3 * MOMENT);
        pool.keep(HOST, start, 2 * MOMENT);
        pool.keep(OTHER_HOST, start, 4 * MOMENT);
        let taken = |origin| pool.taken(origin, start, MOMENT);
        assert_eq!([taken(HOST), taken(HOST), taken(HOST)], [Some(2 * MOMENT), Some(3 * MOMENT), None]);
        assert_eq!([taken(OTHER_HOST), taken(OTHER_HOST)], [Some(4 * MOMENT), None]);
    }

    #[test]
    fn each_is_kept_for_as_long_as_its_server_keeps_it_and_none_for_too_long() {
        let (pool, start) = (pool(), Instant::now());
        for idle_time in [Duration::ZERO, IDLE, 2 * LONGEST_IDLE, IDLE] {
            pool.keep(HOST, start, idle_time);
        }
        assert_eq!(pool.taken(HOST, start, MOMENT), Some(IDLE));
        assert_eq!(pool.taken(HOST, start, IDLE), Some(LONGEST_IDLE));
        assert_eq!(pool.taken(HOST, start, IDLE), None);
        pool.keep(HOST, start, 2 * LONGEST_IDLE);
        assert_eq!(pool.taken(HOST, start, LONGEST_IDLE), None);
        pool.keep(HOST, start, Duration::ZERO);
        assert_eq!(pool.taken(HOST, start, Duration::ZERO), None);
    }

    #[test]
    fn the_oldest_make_room_for_new_ones_and_none_while_there_are_expired_ones() {
        let (pool, start) = (pool(), Instant::now());
        pool.keep(HOST, start, IDLE);
        for _ in 1..MOST_IDLE {
            pool.keep(OTHER_HOST, start, MOMENT);
        }
        pool.keep(OTHER_HOST, start + MOMENT, IDLE);
        assert_eq!(pool.idle().len(), 2);
        for _ in 0..MOST_IDLE {
            pool.keep(OTHER_HOST, start + MOMENT, IDLE);
        }
        assert_eq!(pool.idle().len(), MOST_IDLE);
        assert_eq!(pool.taken(HOST, start, MOMENT), None);
    }
}
