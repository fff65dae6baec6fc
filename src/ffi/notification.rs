//! What WeChat Pay sends by itself.

use super::ctx::{Ctx, alive};
use super::guard::guard;
use super::text::{bytes_of, raw_bytes};
use super::{answer, wxcoupon_buf, wxcoupon_ctx};
use crate::encoding::TextEncoding;
use crate::error::Result;
use crate::report::{Reply, Report};
use crate::status::WXCOUPON_E_PANIC;
use crate::wire::notification::MAX_BYTES;
use std::ffi::{c_char, c_void};

/// Proves and opens a notification that WeChat Pay sent to the program's web server.
///
/// A till of a hub opens none: WeChat Pay sends them to the hub. It uses the network only when a platform certificate must be downloaded to prove it.
///
/// The answer says in "reply" how to answer the HTTP request, when it succeeds and when it fails: {"status",
/// "headers", "body"}, to be sent as they are, within five seconds. Where there is no "reply", answer status
/// 500. WeChat Pay repeats what is not answered with success, and sends the same thing more than once
/// anyway: do each data.dedup_key once. Now and then it sends a wrong signature on purpose, to see who
/// checks; that is refused like any other.
///
/// ctx: the context; its configuration must have apiv3_key.
/// headers_json: the HTTP headers: an object of names to texts or lists of texts, or a list of [name, text]
/// pairs; names in any case, also as CGI writes them (HTTP_WECHATPAY_NONCE), headers that are not needed may stay in.
/// body: the raw bytes of the HTTP body, exactly as they came; no NUL at the end is needed. NULL only with
/// body_len 0.
/// body_len: their number; more than 1 MiB is refused.
/// out_buf: receives the answer; may be NULL. data has id, create_time, event_type, event ("SEND", "USE",
/// "RETURN", "IMAGE_GENERATION", or null for one that this version does not know), known, summary,
/// original_type, dedup_key, and resource: the opened JSON, every member as it came.
/// Returns: WXCOUPON_OK when WeChat Pay's signature proves it and it could be opened, for unknown events
/// too; WXCOUPON_E_NOTIFICATION_UNTRUSTED with "verification" naming the reason; WXCOUPON_E_CONFIG without
/// apiv3_key; a status of class 1 for the arguments.
/// Owns: nothing; text and bytes stay the caller's.
/// Threads: any. Where a certificate must be downloaded, it blocks up to three seconds.
///
/// # Safety
/// headers_json is NULL or NUL-terminated; body is NULL or has body_len readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_notification_open(
    ctx: *mut wxcoupon_ctx,
    headers_json: *const c_char,
    body: *const c_void,
    body_len: u32,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    guard(WXCOUPON_E_PANIC, || {
        answer(out_buf, "notification_open", || {
            let (opened, encoding) = match alive(ctx) {
                // SAFETY: passed on unchanged.
                Ok(ctx) => (unsafe { open(&ctx, headers_json, body, body_len) }, ctx.encoding),
                Err(error) => (Err(error), TextEncoding::UTF8),
            };
            let faulty = |error| Report { reply: Some(Reply::fault()), ..Report::from(error) };
            (opened.unwrap_or_else(faulty), encoding)
        })
    })
}

/// # Safety
/// As [`wxcoupon_notification_open`].
unsafe fn open(ctx: &Ctx, headers_json: *const c_char, body: *const c_void, body_len: u32) -> Result<Report> {
    // SAFETY: NULL or NUL-terminated by this function's contract.
    let headers = unsafe { bytes_of(headers_json, "headers_json") }?;
    // SAFETY: NULL or readable by this function's contract.
    let body = unsafe { raw_bytes(body, body_len, MAX_BYTES, "body") }?;
    Ok(ctx.client.notification_open(&ctx.encoding.decode(headers, "headers_json")?, body))
}
