//! Every operation of the product coupon's family: its row against the documented facts, every rule of its
//! input, and its life against the sandbox.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod document;
mod facts;
mod life;
mod rules;
mod sample;
mod shop;
#[path = "../scenarios/till.rs"]
#[allow(dead_code, reason = "the scenarios use the rest")]
mod till;
