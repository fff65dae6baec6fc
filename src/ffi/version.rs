//! Version of the library and of its ABI, and the statuses in words.

use super::guard::guard;
use crate::status::{Code, class_number};
use std::ffi::c_char;

/// Number of the binary interface that this header describes. It changes only when a program built
/// against an older header would break; wxcoupon_abi_version answers the library's.
pub const WXCOUPON_ABI_VERSION: i32 = 1;

/// Version of this header; wxcoupon_version answers that of the library.
pub const WXCOUPON_VERSION: &str = "0.1.0";

/// WXCOUPON_VERSION as one number: major * 1000000 + minor * 1000 + patch.
pub const WXCOUPON_VERSION_NUMBER: i32 = 1000;

/// Version of the library, such as "0.1.0".
///
/// Returns: a constant text, never NULL; do not free it.
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Number of the library's binary interface. A program that was built with this header works with the
/// library if the answer equals WXCOUPON_ABI_VERSION.
///
/// Returns: the number. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_abi_version() -> i32 {
    WXCOUPON_ABI_VERSION
}

/// Name of a status, such as "WXCOUPON_E_HANDLE".
///
/// status: any number; one that this version does not know is named "WXCOUPON_E_UNKNOWN".
/// Returns: a constant text, never NULL; do not free it.
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_status_name(status: i32) -> *const c_char {
    let unknown = c"WXCOUPON_E_UNKNOWN".as_ptr();
    guard(unknown, || Code::from_number(status).map_or(unknown, |code| code.c_name().as_ptr().cast()))
}

/// What a status means, in one English sentence.
///
/// status: any number.
/// Returns: a constant text, never NULL; do not free it.
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_status_text(status: i32) -> *const c_char {
    let unknown = c"A status that this version does not know; act by its class.".as_ptr();
    guard(unknown, || Code::from_number(status).map_or(unknown, |code| code.c_text().as_ptr().cast()))
}

/// Class of a status: status / 1000, one of WXCOUPON_CLASS_*. Says what the till does.
///
/// status: any number. Returns: the class. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_status_class(status: i32) -> i32 {
    class_number(status)
}
