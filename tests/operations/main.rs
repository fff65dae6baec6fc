//! What can be asked of WeChat Pay, and how its answers are read: every row of the table of operations (`table`), what
//! people type, paste and save (`typed`), what a coupon is worth (`quote`), notifications, and the verdict on one
//! answer (`outcome`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod notification;
mod outcome;
mod quote;
mod raw;
mod table;
mod typed;
