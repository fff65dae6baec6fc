//! Reads the caller's memory within bounds.

use crate::error::{Error, Result};
use crate::json;
use crate::status::Code;
use std::ffi::{c_char, c_void};

/// The caller's bytes up to the NUL, at most [`json::MAX_BYTES`] of them.
///
/// # Safety
/// `text` is NULL or points to readable memory up to and including a NUL, or to more than
/// [`json::MAX_BYTES`] readable bytes; nobody writes to it while the result lives.
pub unsafe fn bytes_of<'a>(text: *const c_char, argument: &str) -> Result<&'a [u8]> {
    if text.is_null() {
        return Err(null(argument));
    }
    let limit = json::MAX_BYTES + 1;
    // SAFETY: readable up to the NUL or the limit, whichever comes first, by the contract above.
    let length = unsafe { libc::strnlen(text, limit) };
    if length == limit {
        return Err(Error::new(
            Code::Json,
            format!("{argument} is longer than {} bytes, or has no NUL at its end", json::MAX_BYTES),
        ));
    }
    // SAFETY: `length` bytes were just read; they stay unchanged by the contract above.
    Ok(unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length) })
}

/// The caller's bytes: at most `most + 1`, so that the caller can detect too many. NULL is allowed if `length` is 0.
///
/// # Safety
/// `data` is NULL or points to `length` readable bytes; nobody writes to them while the result lives.
pub unsafe fn raw_bytes<'a>(
    data: *const c_void,
    length: u32,
    most: usize,
    argument: &str,
) -> Result<&'a [u8]> {
    match (data.is_null(), length) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(null(argument)),
        (false, length) => {
            let length = usize::try_from(length).unwrap_or(usize::MAX).min(most.saturating_add(1));
            // SAFETY: not NULL, and that many bytes are readable by the contract above.
            Ok(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) })
        }
    }
}

/// The error for a NULL argument.
pub fn null(argument: &str) -> Error {
    Error::new(Code::Null, format!("{argument} is NULL"))
}
