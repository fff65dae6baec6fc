//! Exports for the C tests alone; compiled only with the feature `test-hooks`.

use super::{answer, wxcoupon_buf};
use crate::encoding::TextEncoding;

/// Panics inside a call, with a message that must not leave the library.
#[unsafe(no_mangle)]
#[allow(clippy::panic, reason = "that is what it is for")]
pub extern "C" fn wxcoupon_test_panic(out_buf: *mut wxcoupon_buf) -> i32 {
    super::guard::guard(crate::status::WXCOUPON_E_PANIC, || {
        answer(out_buf, "test_panic", || -> (crate::report::Report, TextEncoding) { panic!("secret=42") })
    })
}
