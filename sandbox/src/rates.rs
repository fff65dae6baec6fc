//! How many requests are allowed.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use crate::mode::Mode;
use crate::options::{Options, Rates};
use crate::stats::RateLimit;
use crate::sync::lock;

/// Operations limited to [`SLOW_PER_S`] each; the others share one limit.
const SLOW: [&str; 7] = [
    "create_product_coupon",
    "create_stock",
    "create_stock_bundle",
    "deactivate_stock",
    "list_stocks",
    "set_notify_config",
    "get_notify_config",
];
const SLOW_PER_S: u32 = 20;
const SHARED_PER_S: u32 = 500;

/// The limits in force.
#[derive(Debug)]
pub(crate) enum RateLimits {
    /// One limit over everything.
    Flat(RateLimit),
    /// A limit per identity and, for some operations, per operation.
    Documented(Mutex<HashMap<(Mode, &'static str), RateLimit>>),
}

impl RateLimits {
    pub(crate) fn new(options: &Options) -> Self {
        match options.rates {
            Rates::Flat => Self::Flat(RateLimit::new(options.rate)),
            Rates::Documented => Self::Documented(Mutex::default()),
        }
    }

    /// Whether one more request is allowed now.
    pub(crate) fn allows(&self, mode: Mode, operation: &str, now: Instant) -> bool {
        match self {
            Self::Flat(limit) => limit.allows(now),
            Self::Documented(limits) => {
                let slow = SLOW.into_iter().find(|slow| *slow == operation);
                let per_second = if slow.is_some() { SLOW_PER_S } else { SHARED_PER_S };
                let mut limits = lock(limits);
                let limit = limits.entry((mode, slow.unwrap_or("shared")));
                limit.or_insert_with(|| RateLimit::new(per_second)).allows(now)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn creating_is_slow_and_everything_else_shares() {
        let limits = RateLimits::new(&Options { rates: Rates::Documented, ..Options::default() });
        let now = Instant::now();
        let allowed = |mode, operations: [&str; 2]| {
            operations.map(|operation| (0..600).filter(|_| limits.allows(mode, operation, now)).count())
        };
        assert_eq!(allowed(Mode::Partner, ["set_notify_config", "create_stock"]), [20, 20]);
        assert_eq!(allowed(Mode::Partner, ["use", "query"]), [500, 0]);
        assert_eq!(allowed(Mode::Brand, ["set_notify_config", "use"]), [20, 500]);
    }
}
