//! A till that dies: killed at any moment, on a full disk, with a torn, damaged or locked journal. What it was
//! told, what its journal says later and what really happened must agree.
//!
//! The till is this very program, started again as another process (`process::till_process`); the WeChat Pay
//! stand-in and its ledger live in the test process and survive it. Randomness comes from a seed that is
//! printed; `WXCOUPON_SEED` repeats it. `WXCOUPON_CRASHES` sets the number of kills.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at the first surprise, and says what it saw"
)]

mod books;
mod company;
mod damage;
mod disk;
mod forget;
mod gone;
mod kill;
mod locked;
mod process;
mod random;
mod roles;
mod torn;
mod unwritten;
