//! The hub as tills and other people meet it: a process of its own, before WeChat Pay on this machine.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod chain;
mod doubt;
mod examples;
mod hostile;
mod library;
mod line;
mod operated;
mod page;
mod protocol;
mod till;
mod troubles;
