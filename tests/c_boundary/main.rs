//! What C sees: the header, the binary interface, text encodings, and C and C++ programs against the library as it
//! ships.
//!
//! A tool that is missing is printed as SKIPPED; where the variable `CI` is true, it fails the test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[cfg(target_os = "linux")]
mod abi;
#[cfg(target_os = "linux")]
mod abi_baseline;
#[cfg(unix)]
mod cpp;
mod encoding;
#[cfg(unix)]
mod examples;
mod header;
#[cfg(unix)]
mod programs;
