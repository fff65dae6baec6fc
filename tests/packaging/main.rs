//! What ships, and what somebody else makes of it: the archives, `make install`, and the libraries for all kinds of Linux.
//!
//! A tool that is missing is printed as SKIPPED; where the variable `CI` is true, it fails the test.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod archives;
mod install;
mod linux;
