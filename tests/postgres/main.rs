//! The journal in PostgreSQL. Each test starts servers of its own, on loopback, and stops them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[cfg(unix)]
mod answers;
#[cfg(unix)]
mod company;
#[cfg(unix)]
mod down;
#[cfg(unix)]
mod leases;
#[cfg(unix)]
mod pooler;
#[cfg(unix)]
mod relay;
#[cfg(unix)]
mod schema;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod standby;
#[cfg(unix)]
mod till;
#[cfg(unix)]
mod tls;
