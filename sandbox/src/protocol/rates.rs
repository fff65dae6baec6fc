//! How many requests are allowed.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use crate::mode::Mode;
use crate::operation::Operation;
use crate::options::{Options, Rates};
use crate::sync::lock;

/// Operations limited to [`SLOW_PER_S`] each; the others share one limit.
const SLOW: [Operation; 7] = [
    Operation::CreateProductCoupon,
    Operation::CreateStock,
    Operation::CreateStockBundle,
    Operation::DeactivateStock,
    Operation::ListStocks,
    Operation::SetNotifyConfig,
    Operation::GetNotifyConfig,
];
/// Questions about a brand have limits of their own.
const OWN: [(Operation, u32); 3] =
    [(Operation::ProductAuthorities, 10), (Operation::ListBrandStores, 5), (Operation::GetBrandStore, 5)];
const SLOW_PER_S: u32 = 20;
const SHARED_PER_S: u32 = 500;

/// The limits in force.
#[derive(Debug)]
pub(crate) enum RateLimits {
    /// One limit over everything.
    Flat(RateLimit),
    /// A limit per identity and, for some operations, per operation.
    Documented(Mutex<HashMap<(Mode, Option<Operation>), RateLimit>>),
}

impl RateLimits {
    pub(crate) fn new(options: &Options) -> Self {
        match options.rates {
            Rates::Flat => Self::Flat(RateLimit::new(options.rate)),
            Rates::Documented => Self::Documented(Mutex::default()),
        }
    }

    /// Whether one more request is allowed now.
    pub(crate) fn allows(&self, mode: Mode, operation: Option<Operation>, now: Instant) -> bool {
        match self {
            Self::Flat(limit) => limit.allows(now),
            Self::Documented(limits) => {
                let slow = operation.filter(|operation| SLOW.contains(operation));
                let own = OWN.iter().find(|(one, _)| Some(*one) == operation);
                let slow = own.map(|(one, _)| *one).or(slow);
                let per_second = match own {
                    Some((_, per_second)) => *per_second,
                    None if slow.is_some() => SLOW_PER_S,
                    None => SHARED_PER_S,
                };
                let mut limits = lock(limits);
                limits.entry((mode, slow)).or_insert_with(|| RateLimit::new(per_second)).allows(now)
            }
        }
    }
}

/// At most so many requests per second.
#[derive(Debug)]
pub(crate) struct RateLimit {
    /// 0 = no limit.
    per_second: u32,
    window: Mutex<Option<(Instant, u32)>>,
}

impl RateLimit {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, window: Mutex::new(None) }
    }

    /// Whether one more request is allowed now.
    pub(crate) fn allows(&self, now: Instant) -> bool {
        if self.per_second == 0 {
            return true;
        }
        let mut window = lock(&self.window);
        match window.as_mut() {
            Some((start, count)) if now.duration_since(*start).as_secs() == 0 => {
                if *count >= self.per_second {
                    return false;
                }
                *count += 1;
            }
            _ => *window = Some((now, 1)),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn creating_is_slow_and_everything_else_shares() {
        let limits = RateLimits::new(&Options { rates: Rates::Documented, ..Options::default() });
        let now = Instant::now();
        let allowed = |mode, operations: [Operation; 2]| {
            operations.map(|operation| (0..600).filter(|_| limits.allows(mode, Some(operation), now)).count())
        };
        assert_eq!(allowed(Mode::Partner, [Operation::SetNotifyConfig, Operation::CreateStock]), [20, 20]);
        assert_eq!(allowed(Mode::Partner, [Operation::Use, Operation::Query]), [500, 0]);
        assert_eq!(allowed(Mode::Brand, [Operation::SetNotifyConfig, Operation::Use]), [20, 500]);
    }

    #[test]
    fn limits_per_second() {
        let limit = RateLimit::new(3);
        let start = Instant::now();
        let allowed = |at: Duration| limit.allows(start + at);
        assert_eq!([0, 1, 2, 3].map(|ms| allowed(Duration::from_millis(ms))), [true, true, true, false]);
        assert!(allowed(Duration::from_secs(1)));
        assert!(RateLimit::new(0).allows(start));
    }
}
