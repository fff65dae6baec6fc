//! The pages: each has a Chinese twin of the same shape, links lead somewhere, names are the library's, and each block of
//! code is run or checked, here or by the test that `blocks` names, or has a reason why it cannot be.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod blocks;
mod commands;
mod diagrams;
mod names;
mod snippets;
mod twins;
