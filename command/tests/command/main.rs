//! The command against WeChat Pay's stand-in, as a process of its own.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod bundle;
mod calls;
mod checking;
mod line;
mod open;
mod secrets;
mod shop;
mod sign;
