//! What a coupon is worth: every rule, every boundary, and what must hold for any input.

mod amounts;
mod asking;
mod bundles;
mod busifavor;
mod coupons;
mod document;
mod properties;
mod rules;
mod times;
