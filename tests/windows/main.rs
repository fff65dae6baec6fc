//! The library for Windows, 32-bit and 64-bit, built and run on Linux: what is in the files, what C programs find that
//! Wine runs, and tills in the languages that Windows tills are written in.
//!
//! Wine is not Windows. What it cannot show is whether an old Windows has each imported function; that is a list.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a failed test panics")]

/// Tests that hold for both platforms, each a function of the platform.
macro_rules! on_both {
    ($($test:ident)*) => {
        mod on_windows_x86_64 {
            $(#[test] fn $test() { super::$test(&crate::platform::X86_64); })*
        }
        mod on_windows_x86 {
            $(#[test] fn $test() { super::$test(&crate::platform::X86); })*
        }
    };
}

mod image;
mod journal;
mod platform;
mod programs;
mod quickstart;
mod tills;
