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

/// Input of `confirm`.
#[derive(Debug, Clone)]
pub(crate) struct ConfirmRequest {
    pub(crate) target: Target,
    pub(crate) number: String,
    pub(crate) digest: Digest,
}

/// Input of `deactivate`.
#[derive(Debug, Clone)]
pub(crate) struct DeactivateRequest {
    pub(crate) target: Target,
    pub(crate) number: String,
    pub(crate) reason: String,
    pub(crate) digest: Digest,
}

/// Input of `bundle_deactivate`.
#[derive(Debug, Clone)]
pub(crate) struct BundleDeactivateRequest {
    pub(crate) openid: String,
    pub(crate) user_coupon_bundle_id: String,
    pub(crate) product_coupon_id: String,
    pub(crate) stock_bundle_id: String,
    pub(crate) appid: String,
    pub(crate) brand_id: String,
    pub(crate) reason: String,
    pub(crate) once: Once,
}

/// What binds a request to its number.
#[derive(Debug, Clone)]
pub(crate) struct Once {
    pub(crate) operation: &'static str,
    pub(crate) number: String,
    pub(crate) digest: Digest,
}
