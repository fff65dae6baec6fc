//! The C surface, in the order of the header.
//!
//! Every exported function that could panic goes through [`guard::guard`]; every handle is looked up in a
//! [`registry::Registry`]; caller memory is read by [`text`] and written by [`buf`] and [`ctx`] alone.

#![allow(
    clippy::doc_markdown,
    clippy::doc_link_with_quotes,
    reason = "these comments become the C header, which has no markdown"
)]

mod buf;
mod check;
mod ctx;
#[cfg(unix)]
mod fork;
mod fpu;
mod guard;
mod jobs;
mod log;
mod notification;
mod ops;
mod quote;
mod registry;
#[cfg(windows)]
mod resident;
mod scan;
mod stats;
#[cfg(any(windows, test))]
#[cfg_attr(test, allow(dead_code, reason = "called from Windows programs alone"))]
mod stdcall;
mod text;
mod till;
mod version;

#[cfg(feature = "test-hooks")]
mod test_hooks;

pub use buf::*;
pub use check::*;
pub use ctx::*;
pub use jobs::*;
pub use log::*;
pub use notification::*;
pub use ops::*;
pub use quote::*;
pub use scan::*;
pub use stats::*;
#[cfg(windows)]
pub use stdcall::*;
pub use till::*;
pub use version::*;

use crate::encoding::TextEncoding;
use crate::report::Report;
use crate::status::Code;
use buf::optional;
use std::ffi::{c_char, c_void};

/// Keys, hosts and connections of one merchant. Made by wxcoupon_ctx_new.
#[allow(non_camel_case_types, reason = "the name in C")]
#[derive(Debug)]
pub struct wxcoupon_ctx {
    _opaque: [u8; 0],
}

/// Holds the answer of the last call that was given it. Made by wxcoupon_buf_new.
#[allow(non_camel_case_types, reason = "the name in C")]
#[derive(Debug)]
pub struct wxcoupon_buf {
    _opaque: [u8; 0],
}

/// A call that was started and goes on by itself. Made by wxcoupon_start.
#[allow(non_camel_case_types, reason = "the name in C")]
#[derive(Debug)]
pub struct wxcoupon_job {
    _opaque: [u8; 0],
}

/// A log sink. user_data is what wxcoupon_log_set was given, level one of WXCOUPON_LOG_*. message is UTF-8,
/// ended by NUL, and valid during the call; message_len is its length in bytes without the NUL. The sink is
/// called on the thread that is inside a function of the library. It must not throw or jump out.
#[allow(non_camel_case_types, reason = "the name in C")]
pub type wxcoupon_log_fn = Option<
    unsafe extern "C" fn(user_data: *mut c_void, level: i32, message: *const c_char, message_len: u32),
>;

/// Runs a call and puts its report into the buffer. The buffer is checked first.
fn answer(
    out_buf: *mut wxcoupon_buf,
    operation: &'static str,
    run: impl FnOnce() -> (Report, TextEncoding),
) -> i32 {
    let buf = match optional(out_buf) {
        Ok(buf) => buf,
        Err(status) => return status,
    };
    let mut encoding = TextEncoding::UTF8;
    let mut report = contained(|| {
        let (report, spoken) = run();
        encoding = spoken;
        report
    });
    report.operation.get_or_insert(operation);
    if let Some(buf) = buf {
        buf.fill(&report, encoding);
    }
    report.code.number()
}

/// Turns a panic inside the call into a report that says whether a request was on its way.
fn contained(run: impl FnOnce() -> Report) -> Report {
    crate::net::in_flight::clear();
    guard::caught(None, || Some(run())).unwrap_or_else(|| {
        let in_doubt = crate::net::in_flight::write_was_sent();
        Report { in_doubt, ..Report::new(Code::Panic) }
    })
}
