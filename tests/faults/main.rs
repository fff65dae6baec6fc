//! Everything that can go wrong, by the hundred: every fault with every kind of call (`matrix`), random days at a till
//! (`model`), many threads at once (`load`). One story at a time is in `scenarios`; tills that die are in `crash`.
//!
//! These tests keep the machine busy, and what the matrix and the model see depends on time: [`turn`] keeps them apart.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    reason = "a test stops at the first surprise, and says what it measured"
)]

#[cfg(target_os = "linux")]
mod load;
mod matrix;
mod model;
mod turn;
