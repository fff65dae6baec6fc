//! A till against WeChat Pay's stand-in, through the C functions: what the till is told must be what
//! happened.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod brand;
mod checking;
mod connections;
mod doubt;
mod first_format;
mod hostile;
mod jobs;
mod keys;
mod logging;
mod quotes;
mod redeem;
mod refused_later;
mod requests;
mod sensitive;
mod till;
mod upload;
mod waiting;
