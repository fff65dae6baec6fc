//! How to read what the documentation leaves open. The caller chooses, with a question or once in the configuration.

use super::amount::{Rounding, ThresholdOn};

/// What a daily period means that goes on past midnight: one that ends before it begins, or after the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastMidnight {
    /// It goes on into the following day, and its day of the week is the one on which it begins.
    FollowingDay,
    /// It stays within its day: until midnight, and from midnight on.
    SameDay,
}

/// The choices of a question or of the configuration. `None`: not chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choices {
    /// How a percentage is rounded to whole fen.
    pub rounding: Option<Rounding>,
    /// Which amount must reach the threshold of a coupon for some products.
    pub threshold_on: Option<ThresholdOn>,
    /// What a period past midnight means.
    pub past_midnight: Option<PastMidnight>,
    /// The index of a bundle's first coupon.
    pub bundle_index_base: Option<u64>,
}

/// Names of [`Choices::rounding`].
pub const ROUNDINGS: [(&str, Rounding); 3] =
    [("down", Rounding::Down), ("half_up", Rounding::HalfUp), ("up", Rounding::Up)];
/// Names of [`Choices::threshold_on`].
pub const THRESHOLDS: [(&str, ThresholdOn); 2] =
    [("product", ThresholdOn::Product), ("basket", ThresholdOn::Basket)];
/// Names of [`Choices::past_midnight`].
pub const MIDNIGHTS: [(&str, PastMidnight); 2] =
    [("following_day", PastMidnight::FollowingDay), ("same_day", PastMidnight::SameDay)];

impl Choices {
    /// These, and the others where nothing was chosen.
    #[must_use]
    pub fn or(self, others: Choices) -> Choices {
        Choices {
            rounding: self.rounding.or(others.rounding),
            threshold_on: self.threshold_on.or(others.threshold_on),
            past_midnight: self.past_midnight.or(others.past_midnight),
            bundle_index_base: self.bundle_index_base.or(others.bundle_index_base),
        }
    }
}
