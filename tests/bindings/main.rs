//! The bindings: each has exactly what the header has, and its example, which does everything a till does, runs
//! against the release build and a sandbox.
//!
//! A language that is missing is printed as SKIPPED; where the variable `CI` is true, it fails the test.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed test panics")]

#[path = "../support/mod.rs"]
mod support;

mod drift;
mod programs;
