//! The result buffer.

use super::guard::guard;
#[cfg(unix)]
use super::registry::Held;
use super::registry::{Kind, Registry};
use super::wxcoupon_buf;
use crate::encoding::TextEncoding;
use crate::report::Report;
use crate::status::{WXCOUPON_E_HANDLE, WXCOUPON_E_NULL, WXCOUPON_E_PANIC};
use std::ffi::c_char;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

static BUFS: Registry<Buf> = Registry::new(Kind::Buf);

/// What stands behind a `wxcoupon_buf`.
pub(super) struct Buf(Mutex<Content>);

struct Content {
    /// The text with its NUL.
    bytes: Vec<u8>,
    encoding: TextEncoding,
    status: i32,
    in_doubt: bool,
}

impl Buf {
    fn new() -> Buf {
        // Not filled yet. A till that reads the wrong buffer must not see a success.
        let content = Content {
            bytes: vec![0],
            encoding: TextEncoding::UTF8,
            status: WXCOUPON_E_HANDLE,
            in_doubt: false,
        };
        Buf(Mutex::new(content))
    }

    pub(super) fn fill(&self, report: &Report, encoding: TextEncoding) {
        let mut bytes = encoding.encode_json(report.to_json());
        bytes.push(0);
        *self.content() =
            Content { bytes, encoding, status: report.code.number(), in_doubt: report.in_doubt };
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The buffer behind an optional argument: NULL is allowed, anything else must be alive.
pub(super) fn optional(buf: *mut wxcoupon_buf) -> Result<Option<Arc<Buf>>, i32> {
    if buf.is_null() {
        return Ok(None);
    }
    BUFS.get(buf as usize).map(Some).ok_or(WXCOUPON_E_HANDLE)
}

pub(super) fn live() -> u32 {
    BUFS.live()
}

#[cfg(unix)]
pub(super) fn hold() -> Held<'static, Buf> {
    BUFS.hold()
}

fn with_content<R>(buf: *const wxcoupon_buf, absent: R, read: impl FnOnce(&Content) -> R) -> R {
    match BUFS.get(buf as usize) {
        Some(buf) => read(&buf.content()),
        None => absent,
    }
}

/// Makes a result buffer.
///
/// A buffer is made once, filled by any number of calls and freed once. Each call replaces what the call
/// before left in it.
///
/// Returns: the buffer, or NULL when more buffers are alive than fit (about a million, on 32-bit systems 16384).
/// Owns: the caller; free it with wxcoupon_buf_free.
/// Threads: any. Give each thread a buffer of its own: two calls that fill one buffer at the same time
/// are safe, but only the later answer stays.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_buf_new() -> *mut wxcoupon_buf {
    guard(ptr::null_mut(), || BUFS.insert(Buf::new()).map_or(ptr::null_mut(), |key| key as *mut wxcoupon_buf))
}

/// The text that the last call left in the buffer: one JSON object, ended by NUL.
///
/// buf: the buffer; NULL and stale handles give "".
/// Returns: never NULL. The text belongs to the buffer and is valid until the next call that fills or
/// frees it. Callers with a garbage collector should use wxcoupon_buf_copy.
/// Threads: any, but the text must not be read while another thread fills or frees the buffer.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_buf_data(buf: *const wxcoupon_buf) -> *const c_char {
    let nothing = c"".as_ptr();
    guard(nothing, || with_content(buf, nothing, |content| content.bytes.as_ptr().cast()))
}

/// Length of the text in bytes, without the NUL.
///
/// buf: the buffer; NULL and stale handles give 0.
/// Returns: the length.
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_buf_len(buf: *const wxcoupon_buf) -> u32 {
    guard(0, || with_content(buf, 0, |content| saturating_u32(content.bytes.len() - 1)))
}

/// Copies the text to the caller's memory, like snprintf.
///
/// buf: the buffer; NULL and stale handles give an empty text.
/// dst: where to write, or NULL to ask for the length only.
/// cap: size of dst in bytes. When it is not 0, dst is always ended by NUL, if need be shortened. A
/// shortened text may end within a character: compare the result with cap.
/// Returns: length of the whole text in bytes, without the NUL.
/// Owns: nothing. Threads: any.
///
/// # Safety
/// dst is NULL or points to cap writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_buf_copy(buf: *const wxcoupon_buf, dst: *mut c_char, cap: u32) -> u32 {
    guard(0, || {
        let copy = |bytes: &[u8]| {
            // SAFETY: dst is NULL or points to cap writable bytes, by this function's contract.
            unsafe { copy_terminated(bytes, dst.cast::<u8>(), cap) }
        };
        with_content(buf, None, |content| content.bytes.split_last().map(|(_, text)| copy(text)))
            .unwrap_or_else(|| copy(&[]))
    })
}

/// Copies the text to the caller's memory as UTF-16, for .NET, VB6, Delphi and Windows.
///
/// buf, dst, cap: as in wxcoupon_buf_copy; cap counts 16-bit units.
/// Returns: length of the whole text in 16-bit units, without the NUL.
/// Owns: nothing. Threads: any.
///
/// # Safety
/// dst is NULL or points to cap writable 16-bit units.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_buf_copy_utf16(buf: *const wxcoupon_buf, dst: *mut u16, cap: u32) -> u32 {
    guard(0, || {
        let units: Vec<u16> = with_content(buf, Vec::new(), |content| {
            let text = content.bytes.split_last().map_or(&[][..], |(_, text)| text);
            content.encoding.decode(text, "buf").map_or(Vec::new(), |text| text.encode_utf16().collect())
        });
        // SAFETY: dst is NULL or points to cap writable units, by this function's contract.
        unsafe { copy_terminated(&units, dst, cap) }
    })
}

/// # Safety
/// `dst` is NULL or points to `cap` writable items.
unsafe fn copy_terminated<T: Copy + Default>(text: &[T], dst: *mut T, cap: u32) -> u32 {
    if !dst.is_null() && cap > 0 {
        let room = usize::try_from(cap - 1).unwrap_or(usize::MAX);
        let length = text.len().min(room);
        // SAFETY: `length + 1 <= cap` items are written to memory of the caller, which cannot overlap ours;
        // alignment is not assumed.
        unsafe {
            for (index, item) in text.iter().take(length).enumerate() {
                dst.add(index).write_unaligned(*item);
            }
            dst.add(length).write_unaligned(T::default());
        }
    }
    saturating_u32(text.len())
}

fn saturating_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Status of the call that filled the buffer: the same number that the call returned.
///
/// buf: the buffer.
/// Returns: the status; WXCOUPON_E_NULL or WXCOUPON_E_HANDLE when buf is not a live buffer, and
/// WXCOUPON_E_HANDLE while no call has filled it.
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_buf_status(buf: *const wxcoupon_buf) -> i32 {
    if buf.is_null() {
        return WXCOUPON_E_NULL;
    }
    guard(WXCOUPON_E_PANIC, || with_content(buf, WXCOUPON_E_HANDLE, |content| content.status))
}

/// Whether what the call asked for may have happened without being proven.
///
/// buf: the buffer; NULL and stale handles give 0.
/// Returns: 1 if it may have happened (class 4, and class 9 after the request was sent), else 0.
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_buf_in_doubt(buf: *const wxcoupon_buf) -> i32 {
    guard(0, || with_content(buf, 0, |content| i32::from(content.in_doubt)))
}

/// Frees a buffer. Its text is gone with it.
///
/// buf: the buffer; NULL and stale handles are ignored.
/// Threads: any, during a call that fills the buffer too: that call finishes normally.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_buf_free(buf: *mut wxcoupon_buf) {
    guard((), || drop(BUFS.remove(buf as usize)));
}
