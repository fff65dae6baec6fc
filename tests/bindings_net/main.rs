//! .NET and Object Pascal as callers: both bindings are the header's, and a till in each redeems coupons.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a failed test panics")]

#[path = "../support/mod.rs"]
mod support;

mod dotnet;
mod drift;
mod run;
mod tills;
