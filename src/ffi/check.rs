//! The self-check and warming up.

use super::ops::on_ctx;
use super::text::bytes_of;
use super::{wxcoupon_buf, wxcoupon_ctx};
use crate::net::cancel::Cancel;
use std::ffi::c_char;

/// Checks this context: what support asks a shop to run.
///
/// ctx: the context.
/// json_in: NULL or {}: local, no network. {"online": true} also looks up each host, connects to it, and
/// sends a signed question that changes nothing. "_options" as in wxcoupon_use.
/// out_buf: receives the answer: data.all_ok, and data.lines with name, ok, found and, where something is
/// not in order, advice. Lines: mode, mchid or brand_id, merchant_serial_no, merchant_certificate,
/// apiv3_key, verifies_with, journal, pending, clock_offset_s (what is added to this machine's time for
/// signing; learned from WeChat Pay's answers, 0 before the first); online for each host "dns HOST", "tls
/// HOST" and "echo HOST" (both signatures). A till of a hub has mode, till_id, till_key, and online for each hub "hub HOST" in place
/// of echo, with what the hub says about itself.
/// Returns: WXCOUPON_OK, also when a line is not in order; a status of class 1 when json_in is wrong.
/// Owns: nothing; the text stays the caller's.
/// Threads: any. Online it blocks up to the deadline (timeout_ms).
///
/// # Safety
/// json_in is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_check(
    ctx: *mut wxcoupon_ctx,
    json_in: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    on_ctx(ctx, out_buf, "check", |ctx| {
        let bytes = if json_in.is_null() {
            None
        } else {
            // SAFETY: not NULL, so NUL-terminated by this function's contract.
            Some(unsafe { bytes_of(json_in, "json_in") }?)
        };
        let input = bytes.map(|bytes| ctx.encoding.decode(bytes, "json_in")).transpose()?;
        Ok(ctx.client.check(input.as_deref(), &Cancel::never()))
    })
}

/// Connects now, so that the next call needs no look-up and no handshake.
///
/// A till calls it when it starts and when a sale begins; WeChat Pay closes a connection that is idle for
/// about eight seconds. It asks a signed question that changes nothing, so that a wrong key, serial number
/// or clock shows before the first customer, and learns the clock's offset and, where they are needed, the
/// platform certificates.
///
/// ctx: the context.
/// out_buf: receives the answer; may be NULL.
/// Returns: WXCOUPON_OK when a connection is open; a status of class 2, 3 or 5 that says what is wrong.
/// Owns: nothing.
/// Threads: any. It blocks up to the deadline (timeout_ms).
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_warm(ctx: *mut wxcoupon_ctx, out_buf: *mut wxcoupon_buf) -> i32 {
    on_ctx(ctx, out_buf, "warm", |ctx| Ok(ctx.client.warm(&Cancel::never())))
}
