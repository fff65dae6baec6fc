//! What the buttons of a coupon are called.

use serde::Deserialize;
use serde_json::json;

/// One button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    /// Its validity ended a second ago.
    Expire,
    /// Another redemption is in progress.
    Lock,
    Unlock,
    /// The user deletes it.
    Delete,
    /// Another till redeems it.
    RedeemElsewhere,
    /// Another till takes the redemption back.
    Return,
    /// Only a store may redeem it that could not before.
    OtherStore,
    /// No store is asked for.
    AnyStore,
    /// The brand makes it invalid.
    Deactivate,
    /// Usable again, here and now.
    Renew,
}

impl Act {
    pub(crate) fn named(name: &str) -> Option<Self> {
        serde_json::from_value(json!(name)).ok()
    }
}
