//! What is to be issued to whom: the input of sending, and what a token of a pre-send stands for.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::operation::Operation;

/// Coupons to be issued to a user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) openid: String,
    pub(crate) appid: String,
    pub(crate) brand_id: String,
    pub(crate) product_coupon_id: String,
    pub(crate) from: Source,
    pub(crate) send_request_no: String,
    pub(crate) attach: Option<String>,
    pub(crate) coupon_tag_info: Option<Value>,
}

/// What they are issued from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Source {
    Stock { stock_id: String, coupon_code: Option<String> },
    Bundle { stock_bundle_id: String },
}

/// A token of a pre-send.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PreSent {
    /// `pre_send` or `bundle_pre_send`.
    pub(crate) operation: Operation,
    pub(crate) grant: Grant,
    /// First second at which it is void.
    pub(crate) expires: i64,
    pub(crate) claimed: bool,
}
