//! Other languages: each binding has exactly what the header has, and its example, which does everything a till
//! does, runs against the release build and a sandbox. SDKs of WeChat Pay's in other languages agree with the library.
//!
//! A language that is missing is printed as SKIPPED; where the variable `CI` is true, it fails the test.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a failed test panics")]

mod drift;
mod drift_stdcall;
mod programs;
mod sdks;
mod snippets;
