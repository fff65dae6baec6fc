//! Name look-up with a cache and a few threads of its own.
//!
//! ureq asks the name service on every call, and with a time limit it starts a thread for each question. Here an answer is
//! kept for a minute, all callers of one name share one question, and a name service that hangs blocks at most
//! [`MAX_THREADS`] threads of the process, even if many calls are waiting. If the name service fails, an older answer is
//! used: TLS verifies who is at the address.

use super::in_flight;
use super::socket::LOOK_AGAIN;
use super::waiting::Limit;
use crate::system;
use once_cell::sync::Lazy;
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

const FRESH: Duration = Duration::from_secs(60);
const USABLE: Duration = Duration::from_secs(24 * 60 * 60);
const MAX_THREADS: usize = 4;
const IDLE_THREAD: Duration = Duration::from_secs(5);
const MAX_ADDRESSES: usize = 8;

/// Looks names up for all contexts of the process.
#[derive(Debug)]
pub struct CachingResolver {
    /// Behind a proxy nothing is resolved here: the proxy resolves its targets, and its own name is resolved elsewhere.
    pub proxied: bool,
}

impl Resolver for CachingResolver {
    fn resolve(&self, uri: &Uri, _: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut resolved = self.empty();
        if self.proxied {
            return Ok(resolved);
        }
        let host = uri.host().ok_or(Error::HostNotFound)?;
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        for address in addresses(bare, timeout)?.into_iter().take(MAX_ADDRESSES) {
            resolved.push(SocketAddr::new(address, port));
        }
        Ok(resolved)
    }
}

/// The addresses of a name. An address in place of a name (without brackets) is returned as it is.
pub fn addresses(host: &str, timeout: NextTimeout) -> Result<Vec<IpAddr>, Error> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![address]);
    }
    LOOKUPS.resolve(host, Limit::of(timeout).left()?, system_lookup).map_err(|why| match why {
        Unresolved::TimedOut => Error::Timeout(ureq::Timeout::Resolve),
        Unresolved::NotFound => Error::HostNotFound,
    })
}

/// Makes the next call resolve the name again, because nothing answered at the known addresses.
pub fn forget(name: &str) {
    LOOKUPS.forget(name);
}

/// The addresses of an origin's host, for the self-check.
pub fn look_up(origin: &str, limit: Duration) -> Result<Vec<IpAddr>, String> {
    let uri: Uri = origin.parse().map_err(|_| "not a URL".to_owned())?;
    let bare = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![address]);
    }
    LOOKUPS.resolve(bare, limit, system_lookup).map_err(|why| match why {
        Unresolved::TimedOut => format!("the name service did not answer within {} ms", limit.as_millis()),
        Unresolved::NotFound => "the name is not known".to_owned(),
    })
}

fn system_lookup(name: &str) -> Vec<IpAddr> {
    (name, 0).to_socket_addrs().map_or(Vec::new(), |found| found.map(|address| address.ip()).collect())
}

#[derive(Debug, PartialEq, Eq)]
enum Unresolved {
    TimedOut,
    NotFound,
}

#[derive(Default)]
struct Name {
    addresses: Vec<IpAddr>,
    found_at: Option<Instant>,
    /// When nothing answered at the addresses.
    failed_at: Option<Instant>,
    asking: bool,
    /// Counts finished questions, so that a waiting caller sees its own one end.
    answered: u64,
}

impl Name {
    fn within(&self, age: Duration) -> Option<Vec<IpAddr>> {
        let found = self.found_at?;
        (system::now().saturating_duration_since(found) < age && !self.addresses.is_empty())
            .then(|| self.addresses.clone())
    }

    fn fresh(&self) -> Option<Vec<IpAddr>> {
        let failed_since =
            self.failed_at.is_some_and(|failed| self.found_at.is_some_and(|found| failed > found));
        if failed_since { None } else { self.within(FRESH) }
    }
}

/// Asks the name service and waits for its answer without a limit.
type Lookup = fn(&str) -> Vec<IpAddr>;

struct State {
    names: HashMap<String, Name>,
    queue: VecDeque<(String, Lookup)>,
    threads: usize,
    idle: usize,
}

struct Lookups {
    state: Mutex<State>,
    asked: Condvar,
    answered: Condvar,
}

static LOOKUPS: Lazy<Lookups> = Lazy::new(Lookups::new);

impl Lookups {
    fn new() -> Lookups {
        Lookups {
            state: Mutex::new(State { names: HashMap::new(), queue: VecDeque::new(), threads: 0, idle: 0 }),
            asked: Condvar::new(),
            answered: Condvar::new(),
        }
    }

    fn forget(&self, name: &str) {
        if let Some(known) = self.lock().names.get_mut(name) {
            known.failed_at = Some(system::now());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn resolve(
        &'static self,
        name: &str,
        limit: Duration,
        lookup: Lookup,
    ) -> Result<Vec<IpAddr>, Unresolved> {
        let start = system::now();
        let mut state = self.lock();
        let known = state.names.entry(name.to_owned()).or_default();
        if let Some(addresses) = known.fresh() {
            return Ok(addresses);
        }
        let mine = known.answered;
        if !known.asking {
            known.asking = true;
            state.queue.push_back((name.to_owned(), lookup));
            self.wake_a_thread(&mut state);
        }
        loop {
            let known = state.names.entry(name.to_owned()).or_default();
            if known.answered != mine {
                return known.fresh().or_else(|| known.within(USABLE)).ok_or(Unresolved::NotFound);
            }
            let left = limit.saturating_sub(system::now().saturating_duration_since(start));
            if left.is_zero() {
                return known.within(USABLE).ok_or(Unresolved::TimedOut);
            }
            if in_flight::check_cancelled().is_err() {
                return Err(Unresolved::TimedOut);
            }
            let wait = if in_flight::is_cancellable() { left.min(LOOK_AGAIN) } else { left };
            state = self.answered.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn wake_a_thread(&'static self, state: &mut State) {
        if state.queue.len() > state.idle && state.threads < MAX_THREADS {
            let started =
                std::thread::Builder::new().name("wxcoupon-dns".into()).spawn(move || self.work()).is_ok();
            state.threads += usize::from(started);
        }
        self.asked.notify_one();
    }

    fn work(&'static self) {
        let mut state = self.lock();
        loop {
            if let Some((name, lookup)) = state.queue.pop_front() {
                drop(state);
                let addresses = std::panic::catch_unwind(|| lookup(&name)).unwrap_or_default();
                state = self.lock();
                let known = state.names.entry(name).or_default();
                known.asking = false;
                known.answered += 1;
                if !addresses.is_empty() {
                    known.addresses = addresses;
                    known.found_at = Some(system::now());
                }
                self.answered.notify_all();
                continue;
            }
            state.idle += 1;
            let (woken, waited) =
                self.asked.wait_timeout(state, IDLE_THREAD).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if waited.timed_out() && state.queue.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::cancel::Cancel;
    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const SOON: Duration = Duration::from_secs(20);

    fn fresh() -> &'static Lookups {
        Box::leak(Box::new(Lookups::new()))
    }

    #[test]
    fn an_answer_is_kept() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        fn lookup(_: &str) -> Vec<IpAddr> {
            ASKED.fetch_add(1, Ordering::SeqCst);
            vec![Ipv4Addr::LOCALHOST.into()]
        }
        let lookups = fresh();
        for _ in 0..3 {
            assert_eq!(lookups.resolve("kept.test", SOON, lookup).unwrap(), [Ipv4Addr::LOCALHOST]);
        }
        assert_eq!(ASKED.load(Ordering::SeqCst), 1);
        lookups.forget("kept.test");
        lookups.resolve("kept.test", SOON, lookup).unwrap();
        assert_eq!(ASKED.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_name_service_that_hangs_ends_at_the_limit_and_holds_few_threads() {
        fn lookup(_: &str) -> Vec<IpAddr> {
            std::thread::sleep(Duration::from_secs(60));
            Vec::new()
        }
        let (lookups, start) = (fresh(), Instant::now());
        let callers: Vec<_> = (0..32)
            .map(|caller| {
                std::thread::spawn(move || {
                    lookups.resolve(&format!("hang{}.test", caller % 16), Duration::from_millis(100), lookup)
                })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.join().unwrap(), Err(Unresolved::TimedOut));
        }
        assert!(start.elapsed() < Duration::from_secs(20));
        assert!(lookups.lock().threads <= MAX_THREADS);
    }

    #[test]
    fn calling_off_ends_the_wait_for_a_name() {
        fn lookup(_: &str) -> Vec<IpAddr> {
            std::thread::sleep(Duration::from_secs(4));
            Vec::new()
        }
        let (lookups, cancel, start) = (fresh(), Cancel::new(), Instant::now());
        let other = cancel.clone();
        let waiting = std::thread::spawn(move || {
            in_flight::begin(true, &other);
            lookups.resolve("off.test", Duration::from_secs(3), lookup)
        });
        std::thread::sleep(Duration::from_millis(100));
        cancel.cancel();
        assert_eq!(waiting.join().unwrap(), Err(Unresolved::TimedOut));
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }

    #[test]
    fn an_old_answer_survives_a_name_service_that_fails() {
        fn found(_: &str) -> Vec<IpAddr> {
            vec![Ipv4Addr::LOCALHOST.into()]
        }
        let lookups = fresh();
        lookups.resolve("old.test", SOON, found).unwrap();
        lookups.forget("old.test");
        assert_eq!(lookups.resolve("old.test", SOON, |_| Vec::new()).unwrap(), [Ipv4Addr::LOCALHOST]);
        assert_eq!(lookups.resolve("never.test", SOON, |_| Vec::new()), Err(Unresolved::NotFound));
    }
}
