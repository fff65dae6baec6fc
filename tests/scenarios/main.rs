//! A till against WeChat Pay's stand-in, through the C functions: what the till is told must be what
//! happened.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use testkit::{notified, till};

mod brand;
mod brand_questions;
mod busifavor;
mod busifavor_anothers;
mod busifavor_doubt;
mod checking;
mod clock_set_back;
mod connections;
mod directory;
mod directory_import;
mod doubt;
mod endless;
mod evidence;
mod evidence_adversary;
mod evidence_later;
mod evidence_numbers;
mod evidence_open;
mod evidence_order;
mod evidence_puzzles;
mod evidence_returns;
mod evidence_shop;
mod evidence_time;
mod evidence_told;
mod first_format;
mod forgotten;
mod hostile;
mod jobs;
mod journal;
mod keys;
mod log_file;
mod logging;
mod networks;
mod quotes;
mod raw;
mod raw_numbers;
mod redeem;
mod refused_later;
mod requests;
mod scanned;
mod scanned_busifavor;
mod secrets;
mod sensitive;
mod settled_all;
mod settled_one;
mod settled_returns;
mod short_serials;
mod stats;
mod truth;
mod unasked;
mod upload;
mod verdicts;
mod voids;
mod waiting;
