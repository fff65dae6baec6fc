//! Callers that Windows tills are written in: each binding is the header's, and a till in .NET and in Object Pascal
//! redeems coupons.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a failed test panics")]

#[path = "../support/mod.rs"]
mod support;

#[allow(dead_code, reason = "these callers need a part of it")]
#[path = "../windows/platform.rs"]
mod platform;

mod dotnet;
mod pascal;
mod run;
mod stdcall;
mod tills;
mod windows;
