//! Callers that Windows tills are written in: each binding is the header's, and a till in .NET and in Object Pascal
//! redeems coupons.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a failed test panics")]

#[path = "../support/mod.rs"]
mod support;

mod dotnet;
mod drift;
mod run;
mod stdcall;
mod tills;
