//! What is fuzzed, and what must hold whatever comes.
//!
//! Each target takes bytes and drives the C surface, over connections, keys and a clock of its own ([`bench`]). A bug is
//! a panic: of the target itself, where an invariant of [`said`] or [`sent`] is broken, or class 9 of the library.
//! `docs/fuzzing.md` says how to run them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a fuzz target stops at the first surprise"
)]

mod answers;
mod bench;
mod certificates;
mod config;
mod coupons;
mod journal_rows;
mod keys;
mod line;
mod multipart;
mod notification;
mod payment_code;
mod quote;
mod requests;
mod said;
mod sealed;
mod sent;

/// One thing to fuzz.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Of its binary and of its folder in `fuzz/corpus`.
    pub name: &'static str,
    /// Panics where an invariant is broken.
    pub run: fn(&[u8]),
}

/// All of them.
pub const ALL: [Target; 11] = [
    Target { name: "answers", run: answers::run },
    Target { name: "certificates", run: certificates::run },
    Target { name: "config", run: config::run },
    Target { name: "coupons", run: coupons::run },
    Target { name: "journal_rows", run: journal_rows::run },
    Target { name: "keys", run: keys::run },
    Target { name: "multipart", run: multipart::run },
    Target { name: "notification", run: notification::run },
    Target { name: "payment_code", run: payment_code::run },
    Target { name: "quote", run: quote::run },
    Target { name: "requests", run: requests::run },
];

/// Runs the target of that name.
///
/// # Panics
/// Where an invariant is broken.
pub fn run(name: &str, input: &[u8]) {
    let target = ALL.iter().find(|target| target.name == name);
    (target.expect("a known target").run)(input);
}
