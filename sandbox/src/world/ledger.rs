//! What really happened, in order.

use std::sync::{Arc, Mutex};

use serde::Serialize;

use crate::clock::rfc3339;
use crate::sync::lock;

/// What an effect did to a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The coupon was redeemed.
    Used,
    /// The redemption was taken back.
    Returned,
}

impl Effect {
    /// The operation that has this effect.
    #[must_use]
    pub fn operation(self) -> &'static str {
        match self {
            Self::Used => "use",
            Self::Returned => "return",
        }
    }
}

/// One effect. Every effect appears exactly once, whatever the caller was
/// told about it; a request that only repeats an earlier one adds nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LedgerEntry {
    /// Position in the ledger, from 1.
    pub seq: u64,
    /// When, by the sandbox's clock (RFC 3339).
    pub time: String,
    /// The operation: `use` or `return`.
    pub operation: &'static str,
    /// The coupon.
    pub coupon_code: String,
    /// The `out_request_no`.
    pub number: String,
    /// What happened.
    pub effect: Effect,
}

/// 48 bytes per effect; the texts are shared with the coupon's own record.
#[derive(Debug)]
struct Record {
    at_ms: i64,
    coupon_code: Arc<str>,
    number: Arc<str>,
    effect: Effect,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Vec<Record>>);

impl Ledger {
    pub(crate) fn add(&self, at_ms: i64, coupon_code: &Arc<str>, number: &Arc<str>, effect: Effect) {
        lock(&self.0).push(Record {
            at_ms,
            coupon_code: Arc::clone(coupon_code),
            number: Arc::clone(number),
            effect,
        });
    }

    /// The entries after position `after` (0 = all).
    pub(crate) fn entries(&self, after: u64) -> Vec<LedgerEntry> {
        lock(&self.0)
            .iter()
            .zip(1_u64..)
            .filter(|(_, seq)| *seq > after)
            .map(|(record, seq)| LedgerEntry {
                seq,
                time: rfc3339(record.at_ms.div_euclid(1000)),
                operation: record.effect.operation(),
                coupon_code: record.coupon_code.to_string(),
                number: record.number.to_string(),
                effect: record.effect,
            })
            .collect()
    }

    pub(crate) fn count(&self, effect: Effect) -> u64 {
        lock(&self.0).iter().map(|record| u64::from(record.effect == effect)).sum()
    }

    pub(crate) fn clear(&self) {
        *lock(&self.0) = Vec::new();
    }
}
