//! What a coupon is worth: every rule, every boundary, and what must hold for any input.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod amounts;
mod asking;
mod bundles;
mod coupons;
mod document;
mod properties;
mod rules;
mod times;
