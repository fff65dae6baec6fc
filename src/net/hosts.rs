//! Which access point to use: the first healthy one.
//!
//! A host that failed has a cool-down that grows with every failure. After the cool-down one call tries the host while the
//! others still use another one. Once it answers, it is preferred again, by its place in the list.

use crate::config::Host;
use crate::system;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const FIRST_COOLDOWN: Duration = Duration::from_secs(5);
const LONGEST_COOLDOWN: Duration = Duration::from_secs(300);

/// The hosts of a context and their health.
#[derive(Debug)]
pub struct Hosts {
    list: Vec<Host>,
    health: Mutex<Vec<Health>>,
    /// How long a trial may take. During that time no other call tries the host.
    trial: Duration,
}

#[derive(Debug, Clone, Default)]
struct Health {
    failures: u32,
    cooldown_until: Option<Instant>,
}

impl Hosts {
    /// All hosts start as healthy.
    pub fn new(list: Vec<Host>, trial: Duration) -> Hosts {
        let health = Mutex::new(vec![Health::default(); list.len()]);
        Hosts { list, health, trial }
    }

    /// All of them.
    pub fn all(&self) -> &[Host] {
        &self.list
    }

    /// The host for the next attempt. One that this call has tried is used again only if all others are cooling down or
    /// were tried too.
    pub fn pick(&self, tried: &[usize]) -> (usize, &Host) {
        let now = system::now();
        let mut health = self.lock();
        let is_cooling_down = |host: &Health| host.cooldown_until.is_some_and(|until| until > now);
        // Healthy before cooling down, then fewest tries in this call, then the order of the list.
        let order = |index: usize, host: &Health| {
            let before = tried.iter().filter(|earlier| **earlier == index).count();
            (is_cooling_down(host), before, host.cooldown_until.filter(|until| *until > now))
        };
        let best = health.iter().enumerate().min_by_key(|(index, host)| order(*index, host));
        let index = best.map_or(0, |(index, _)| index);
        if let Some(chosen) = health.get_mut(index)
            && chosen.failures > 0
        {
            // Other calls avoid the host while this one tries it.
            chosen.cooldown_until = Some(chosen.cooldown_until.unwrap_or(now).max(now + self.trial));
        }
        drop(health);
        let fallback = &FALLBACK;
        (index, self.list.get(index).unwrap_or(fallback))
    }

    /// The host answered.
    pub fn mark_healthy(&self, index: usize) {
        if let Some(host) = self.lock().get_mut(index).filter(|host| host.failures > 0) {
            *host = Health::default();
        }
    }

    /// The host could not be reached, or left a request without an answer.
    pub fn mark_failed(&self, index: usize) {
        if let Some(host) = self.lock().get_mut(index) {
            host.failures = host.failures.saturating_add(1);
            let cooldown =
                FIRST_COOLDOWN.saturating_mul(1 << (host.failures - 1).min(10)).min(LONGEST_COOLDOWN);
            host.cooldown_until = Some(system::now() + cooldown);
        }
    }

    /// Each host with its failures in a row, and how long it is avoided from now on.
    pub fn health(&self) -> impl Iterator<Item = (&str, u32, Duration)> {
        let now = system::now();
        let health = self.lock().clone();
        self.list.iter().zip(health).map(move |(host, health)| {
            let until = health.cooldown_until.unwrap_or(now);
            (host.name.as_str(), health.failures, until.saturating_duration_since(now))
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Health>> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Never used, because the configuration refuses an empty list. It makes a panic impossible.
static FALLBACK: Host = Host { origin: String::new(), name: String::new() };

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        let host = |name: &str| Host { origin: format!("https://{name}"), name: name.into() };
        Hosts::new(vec![host("a"), host("b")], Duration::from_secs(60))
    }

    #[test]
    fn the_first_well_host_is_preferred() {
        let hosts = hosts();
        assert_eq!(hosts.pick(&[]).0, 0);
        hosts.mark_failed(0);
        assert_eq!(hosts.pick(&[]).0, 1);
        hosts.mark_healthy(0);
        assert_eq!(hosts.pick(&[]).0, 0);
    }

    #[test]
    fn a_call_goes_round_before_it_comes_back() {
        let hosts = hosts();
        assert_eq!(hosts.pick(&[0]).0, 1);
        assert_eq!(hosts.pick(&[0, 1]).0, 0);
    }

    #[test]
    fn when_all_rest_the_one_that_has_rested_longest_is_tried() {
        let hosts = hosts();
        hosts.mark_failed(1);
        hosts.mark_failed(0);
        assert_eq!(hosts.pick(&[]).0, 1);
    }

    #[test]
    fn after_its_rest_one_call_tries_a_host_and_the_others_wait_for_it() {
        let hosts = hosts();
        hosts.mark_failed(0);
        hosts.lock()[0].cooldown_until = Some(Instant::now());
        assert_eq!(hosts.pick(&[]).0, 0, "the trial");
        assert_eq!(hosts.pick(&[]).0, 1, "meanwhile");
    }
}
