//! The example receiver in C, from the wire to the confirmed coupon.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    reason = "a test stops at the first surprise, and uses a part of what others use too"
)]

mod http;
mod issued;
#[path = "../notification/post.rs"]
mod post;
mod receiver;
#[path = "../support/mod.rs"]
mod support;
