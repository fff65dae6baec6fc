//! wxcoupon redeems WeChat Pay product coupons (微信支付商品券, service-provider mode) for point-of-sale
//! programs of any age and language.
//!
//! **One coupon, one call, one true answer**: redeemed, not redeemed, or not yet known.
//!
//! # How it is built
//!
//! Data flows one way: `ffi → client → (api, journal, net → wire)`.
//!
//! - [`ffi`] is the C surface: handles, buffers, panics, text. It and `os` are the only places with `unsafe`.
//! - [`client`] runs one call from start to finish: check, record, send until answered, judge, record.
//! - [`journal`] records what may have taken effect, flushed before the first byte leaves.
//! - [`jobs`] executes calls in the background, for programs with one thread.
//! - [`directory`] knows whose coupons were told of, so that a scanned code leads to its owner.
//! - [`api`] has the operations and the rules for their input. It knows no network.
//! - [`quote`] says offline what a coupon takes off. It knows neither network nor context.
//! - [`scan`] has what turns a scanned code into coupons to choose from, but for the requests. [`directory`] knows whose a code is.
//! - [`outcome`] turns an answer, or the lack of one, into one status. It is a pure function.
//! - [`wire`] has the signatures and ciphers of API version 3. It knows no HTTP library.
//! - [`net`] sends a request and reads the response within a deadline, and says whether any byte left.
//!
//! Beside them: [`config`], [`status`] (every status number), [`report`] (the answer's JSON), [`json`] (strict parsing),
//! [`encoding`], [`name`] (characters that no name has), [`log`], [`redact`], [`stats`] (counters) and `os` (locks, files and forks of the system).

#![deny(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

#[cfg(panic = "abort")]
compile_error!("a till must survive a defect of this library: build with panic = \"unwind\"");

pub mod api;
pub mod client;
pub mod config;
pub mod course;
mod crypto;
pub mod directory;
pub mod encoding;
pub mod error;
pub mod evidence;
#[allow(unsafe_code, reason = "the C boundary")]
pub mod ffi;
mod file;
pub mod hex;
pub mod jobs;
pub mod journal;
pub mod json;
mod limits;
pub mod log;
pub mod mode;
pub mod name;
pub mod net;
#[allow(unsafe_code, reason = "calls of the system")]
mod os;
pub mod outcome;
pub mod quote;
pub mod redact;
pub mod report;
pub mod scan;
pub mod stats;
pub mod status;
pub mod system;
pub mod wire;
