//! In which order to try the addresses of a name: healthy ones first.
//!
//! A name has several addresses. One of them may be dead, or of a kind that this machine cannot reach. Each address gets a
//! short time first. Only if none answers, each gets a long time. The results are remembered, as they are for hosts: an
//! address that failed while another was reached has a cool-down that grows, and the one that was reached is tried first.

use super::transport_error::ConnectionError;
use super::{TransportErrorKind, in_flight, waiting};
use crate::system;
use once_cell::sync::Lazy;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use ureq::Error;
use ureq::unversioned::transport::NextTimeout;
use waiting::Limit;

/// How long to try an address before the next one is tried (the time is from RFC 8305).
const FIRST_PATIENCE: Duration = Duration::from_millis(250);
/// An address that was reached before may take this many times as long as then, up to `LONGEST_FIRST_PATIENCE`.
const AS_BEFORE: u32 = 3;
const LONGEST_FIRST_PATIENCE: Duration = Duration::from_secs(2);
/// The first cool-down of an address that failed, and the longest.
const FIRST_COOLDOWN: Duration = Duration::from_secs(60);
const LONGEST_COOLDOWN: Duration = Duration::from_secs(30 * 60);
/// While one connection tries it again, others do not.
const TRIAL: Duration = Duration::from_secs(3);
/// How often a job that can be cancelled checks whether it was.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// At most this many addresses are remembered. A dozen exist. A name service that invents more must not fill the memory.
const MOST_KNOWN: usize = 256;

#[derive(Debug, Default, Clone)]
struct AddressRecord {
    failures: u32,
    cooldown_until: Option<Instant>,
    /// How long the last connection took.
    took: Option<Duration>,
}

struct Memory(Mutex<BTreeMap<SocketAddr, AddressRecord>>);

static MEMORY: Lazy<Memory> = Lazy::new(|| Memory(Mutex::default()));

/// A connection to the first address that can be reached.
pub fn connect(addresses: &[SocketAddr], timeout: NextTimeout) -> Result<TcpStream, Error> {
    MEMORY.connect(addresses, timeout)
}

impl Memory {
    fn connect(&self, addresses: &[SocketAddr], timeout: NextTimeout) -> Result<TcpStream, Error> {
        let limit = Limit::of(timeout);
        let mut tries = Tries { limit, failed: Vec::new(), silent: Vec::new(), why: None };
        let ordered = self.in_order(addresses, system::now());
        let mut reached = None;
        if let [_, _, ..] = ordered.as_slice() {
            for (address, patience) in &ordered {
                reached = tries.connect(*address, *patience)?;
                if reached.is_some() {
                    break;
                }
            }
        } else {
            tries.silent.extend(ordered.iter().map(|(address, _)| *address));
        }
        if reached.is_none() {
            // No address has accepted the connection yet. A slow network may need more time.
            let silent = std::mem::take(&mut tries.silent);
            for (index, address) in silent.iter().enumerate() {
                let left = limit.left()?;
                let last = index + 1 == silent.len();
                reached = tries.connect(*address, if last { left } else { left.mul_f64(0.6) })?;
                if reached.is_some() {
                    break;
                }
            }
        }
        let Some((address, stream, took)) = reached else {
            let why = tries.why.unwrap_or_else(|| "there is no address".into());
            return Err(ConnectionError { kind: TransportErrorKind::Connect, text: why }.into());
        };
        self.learn(address, took, &tries.failed, system::now());
        Ok(stream)
    }

    /// The addresses in the order in which to try them, each with the time for its first try.
    fn in_order(&self, addresses: &[SocketAddr], now: Instant) -> Vec<(SocketAddr, Duration)> {
        let mut known = self.lock();
        let cooldown = |known: &BTreeMap<SocketAddr, AddressRecord>, address| {
            known.get(&address).and_then(|known| known.cooldown_until).filter(|until| *until > now)
        };
        let mut ordered = addresses.to_vec();
        ordered.sort_by_key(|address| cooldown(&known, *address));
        if let Some(first) = ordered.first().and_then(|first| known.get_mut(first))
            && first.failures > 0
        {
            first.cooldown_until = Some(first.cooldown_until.unwrap_or(now).max(now + TRIAL));
        }
        let patience = |address: SocketAddr| {
            let took = known.get(&address).and_then(|known| known.took).unwrap_or_default();
            (took * AS_BEFORE).clamp(FIRST_PATIENCE, LONGEST_FIRST_PATIENCE)
        };
        ordered.into_iter().map(|address| (address, patience(address))).collect()
    }

    fn learn(&self, reached: SocketAddr, took: Duration, failed: &[SocketAddr], now: Instant) {
        let mut known = self.lock();
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(reached, AddressRecord { took: Some(took), ..AddressRecord::default() });
        for address in failed.iter().filter(|address| **address != reached) {
            let known = known.entry(*address).or_default();
            let cooldown = FIRST_COOLDOWN.saturating_mul(1 << known.failures.min(10)).min(LONGEST_COOLDOWN);
            known.failures = known.failures.saturating_add(1);
            known.cooldown_until = Some(now + cooldown);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, AddressRecord>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The results of the tries of one connection.
struct Tries {
    limit: Limit,
    failed: Vec<SocketAddr>,
    /// Those that did not answer.
    silent: Vec<SocketAddr>,
    /// Why the last one failed.
    why: Option<String>,
}

impl Tries {
    fn connect(
        &mut self,
        address: SocketAddr,
        patience: Duration,
    ) -> Result<Option<(SocketAddr, TcpStream, Duration)>, Error> {
        in_flight::check_cancelled()?;
        let (began, mut left) = (system::now(), patience.min(self.limit.left()?));
        loop {
            // A new try does no harm: the system itself repeats its first packet after a second.
            let part = if in_flight::is_cancellable() { left.min(LOOK_AGAIN) } else { left };
            let error = match TcpStream::connect_timeout(&address, part) {
                Ok(stream) => {
                    return Ok(Some((address, stream, system::now().saturating_duration_since(began))));
                }
                Err(error) => error,
            };
            if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) {
                in_flight::check_cancelled()?;
                left = left.saturating_sub(part);
                if !left.is_zero() {
                    continue;
                }
                self.silent.push(address);
                self.why.get_or_insert_with(|| format!("{address} does not answer"));
            } else {
                self.why = Some(format!("{address}: {error}"));
            }
            if !self.failed.contains(&address) {
                self.failed.push(address);
            }
            return Ok(None);
        }
    }
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::cancel::Cancel;
    use std::net::TcpListener;
    use ureq::Timeout;
    use ureq::unversioned::transport::time::Duration as Time;

    fn limit(milliseconds: u64) -> NextTimeout {
        NextTimeout {
            after: Time::from_millis(milliseconds),
            reason: Timeout::Connect,
            ..NextTimeout::default()
        }
    }

    /// An address whose queue of connections is full, so that it is silent; and what keeps it so.
    #[allow(unsafe_code, reason = "no safe function makes a queue shorter")]
    fn dead(address: &str) -> (SocketAddr, impl Sized) {
        use std::os::fd::AsRawFd as _;
        let listener = TcpListener::bind(address).unwrap();
        // SAFETY: an open socket that listens already.
        assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
        let at = listener.local_addr().unwrap();
        let within = Duration::from_millis(200);
        let held: Vec<_> = (0..8).map_while(|_| TcpStream::connect_timeout(&at, within).ok()).collect();
        assert!(held.len() < 8, "the queue is full");
        (at, (listener, held))
    }

    #[test]
    fn a_dead_first_address_costs_one_connection_a_moment_and_the_next_ones_nothing() {
        let (dead, _held) = dead("127.0.0.7:0");
        let well = TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = [dead, well.local_addr().unwrap()];
        let memory = Memory(Mutex::default());
        let mut took = Vec::new();
        for _ in 0..4 {
            let began = Instant::now();
            let stream = memory.connect(&addresses, limit(3000)).unwrap();
            assert_eq!(stream.peer_addr().unwrap(), addresses[1]);
            took.push(began.elapsed());
        }
        assert!(took[0] >= FIRST_PATIENCE && took[0] < Duration::from_secs(1), "{took:?}");
        assert!(took[1..].iter().all(|took| *took < Duration::from_millis(100)), "{took:?}");
    }

    #[test]
    fn an_address_that_failed_is_tried_by_one_connection_after_a_rest_that_grows() {
        let memory = Memory(Mutex::default());
        let [six, four] = ["[2001:db8::1]:443", "192.0.2.1:443"].map(|text| text.parse().unwrap());
        let (soon, start) = (Duration::from_millis(1), Instant::now());
        let first = |now| memory.in_order(&[six, four], now)[0].0;
        assert_eq!(first(start), six);
        memory.learn(four, soon, &[six], start);
        assert_eq!(first(start + FIRST_COOLDOWN.mul_f64(0.9)), four);
        assert_eq!(
            [first(start + FIRST_COOLDOWN), first(start + FIRST_COOLDOWN)],
            [six, four],
            "one tries it"
        );
        memory.learn(four, soon, &[six], start);
        assert_eq!(first(start + FIRST_COOLDOWN.mul_f64(1.9)), four);
        memory.learn(six, soon, &[], start);
        assert_eq!(first(start), six, "by its place in the list again");
    }

    /// Whether it fails at once or is silent depends on the machine's network; that the other one is reached does not.
    #[test]
    fn without_a_way_to_the_first_kind_of_address_the_other_kind_is_tried_and_remembered() {
        let well = TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = ["[2001:db8::1]:443".parse().unwrap(), well.local_addr().unwrap()];
        let memory = Memory(Mutex::default());
        let stream = memory.connect(&addresses, limit(3000)).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addresses[1]);
        assert_eq!(memory.in_order(&addresses, Instant::now())[0].0, addresses[1]);
    }

    #[test]
    fn calling_off_ends_the_wait_for_an_address() {
        let (dead, _held) = dead("127.0.0.9:0");
        let (cancel, began) = (Cancel::new(), Instant::now());
        let other = cancel.clone();
        let waiting = std::thread::spawn(move || {
            in_flight::begin(true, &other);
            Memory(Mutex::default()).connect(&[dead], limit(30_000)).map(drop)
        });
        std::thread::sleep(Duration::from_millis(100));
        cancel.cancel();
        assert!(waiting.join().unwrap().unwrap_err().to_string().contains("called off"));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }

    #[test]
    fn one_that_took_long_before_has_its_time_and_all_end_within_the_limit() {
        let memory = Memory(Mutex::default());
        let (dead, _held) = dead("127.0.0.8:0");
        memory.learn(dead, Duration::from_millis(300), &[], Instant::now());
        assert_eq!(memory.in_order(&[dead], Instant::now())[0].1, Duration::from_millis(900));
        let began = Instant::now();
        let error = memory.connect(&[dead, dead], limit(700)).unwrap_err();
        assert!(began.elapsed() < Duration::from_millis(1500), "{error:?} {:?}", began.elapsed());
        let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = memory.connect(&[refused], limit(700)).unwrap_err();
        assert!(error.to_string().contains(&refused.to_string()), "{error}");
    }
}
