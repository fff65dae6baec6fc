//! What really happened, in order.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use crate::clock::rfc3339;
use crate::operation::Operation;
use crate::sync::lock;

/// What an effect did to a coupon, or to what coupons are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The coupon was redeemed.
    Used,
    /// The redemption was taken back.
    Returned,
    /// The coupon was issued, by `send`, `bundle_send` or the claim of a token.
    Sent,
    /// A token was made with which the user can claim the coupon.
    PreSent,
    /// The brand confirmed the coupon.
    Confirmed,
    /// The coupon, stock or product coupon was made invalid.
    Deactivated,
    /// A product coupon, stock or stock bundle was made.
    Created,
    /// A product coupon, stock or stock bundle was changed.
    Updated,
}

/// One effect. Every effect appears exactly once, whatever the caller was
/// told about it; a request that only repeats an earlier one adds nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LedgerEntry {
    /// Position in the ledger, from 1.
    pub seq: u64,
    /// When, by the sandbox's business clock (RFC 3339).
    pub time: String,
    /// The operation, e.g. `use`.
    pub operation: &'static str,
    /// The coupon; for the operations of management the id of their object.
    pub coupon_code: String,
    /// The `out_request_no` or `send_request_no`; empty where the operation has none.
    pub number: String,
    /// What happened.
    pub effect: Effect,
}

/// 64 bytes per effect; the texts are shared with the coupon's own record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) at_ms: i64,
    pub(crate) operation: Operation,
    pub(crate) coupon_code: Arc<str>,
    pub(crate) number: Arc<str>,
    pub(crate) effect: Effect,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Vec<Record>>);

impl Ledger {
    pub(crate) fn add(&self, record: Record) {
        lock(&self.0).push(record);
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
                operation: record.operation.name(),
                coupon_code: record.coupon_code.to_string(),
                number: record.number.to_string(),
                effect: record.effect,
            })
            .collect()
    }

    pub(crate) fn len(&self) -> u64 {
        u64::try_from(lock(&self.0).len()).unwrap_or(u64::MAX)
    }

    pub(crate) fn count(&self, effect: Effect) -> u64 {
        lock(&self.0).iter().map(|record| u64::from(record.effect == effect)).sum()
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        lock(&self.0).clone()
    }

    pub(crate) fn restore(&self, records: Vec<Record>) {
        *lock(&self.0) = records;
    }

    pub(crate) fn clear(&self) {
        *lock(&self.0) = Vec::new();
    }
}
