//! Plays tills, lines, disks and WeChat Pay against the real client and journal of `wxcoupon`.
//!
//! Everything that the library decides depends on bytes that come, on time, on its store, and on when it is killed. Here all
//! of it comes out of one number: time is virtual, every call is a coroutine on one thread, and an adversary does what lines,
//! machines, customers and WeChat Pay may do. A model of WeChat Pay keeps a ledger, which is the truth; the oracle sees only
//! that ledger and what every call was told. `docs/simulation.md` says what is played and what cannot be seen.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a simulation stops at the first surprise, as a test does, and says what it found"
)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "numbers of a simulation are small"
)]

mod adversary;
mod calm;
mod cli;
mod known;
mod oracle;
#[cfg(test)]
mod page;
mod random;
mod routine;
mod run;
mod shrink;
mod store;
mod story;
mod till;
mod vfs;
mod wechat;
mod world;

pub use cli::main;
