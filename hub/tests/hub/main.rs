//! The hub as tills and other people meet it: a process of its own, before WeChat Pay on this machine.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

/// The tests of a module that hold with either store: once more with PostgreSQL.
macro_rules! with_postgres_too {
    ($($test:ident),* $(,)?) => {
        #[cfg(feature = "postgres")]
        mod with_postgres {
            $(#[test]
            fn $test() {
                crate::chain::with_postgres(super::$test);
            })*
        }
    };
}

mod archive;
mod chain;
#[cfg(feature = "postgres")]
mod chaos;
mod copies;
#[cfg(feature = "postgres")]
mod database;
mod doubt;
mod examples;
mod hostile;
mod library;
mod line;
mod matrix;
mod operated;
mod page;
mod protocol;
/// What the tests of the journal in PostgreSQL have.
#[cfg(feature = "postgres")]
#[allow(dead_code, reason = "the journal's tests use more of it")]
#[path = "../../../tests/postgres/relay.rs"]
mod relay;
#[cfg(feature = "postgres")]
#[allow(dead_code, reason = "the journal's tests use more of it")]
#[path = "../../../tests/postgres/server.rs"]
mod server;
mod till;
mod troubles;
#[cfg(feature = "postgres")]
mod two_hubs;
