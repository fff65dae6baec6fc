//! The operations' input after validation.

use super::catalogue::Ids;
use super::coupon::Digest;

/// Who and what a request is about.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) openid: String,
    pub(crate) coupon_code: String,
    pub(crate) ids: Ids,
}

/// Input of `use`.
#[derive(Debug, Clone)]
pub(crate) struct UseRequest {
    pub(crate) target: Target,
    pub(crate) number: String,
    pub(crate) use_time: String,
    pub(crate) store_id: Option<String>,
    /// The order object with its name, as JSON text, for the answer.
    pub(crate) order: String,
    pub(crate) digest: Digest,
}

/// Input of `return`.
#[derive(Debug, Clone)]
pub(crate) struct ReturnRequest {
    pub(crate) target: Target,
    pub(crate) number: String,
    pub(crate) digest: Digest,
}
