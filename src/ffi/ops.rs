//! What a till asks WeChat Pay.

use super::ctx::{Ctx, alive};
use super::guard::guard;
use super::text::bytes_of;
use super::{answer, wxcoupon_buf, wxcoupon_ctx};
use crate::api;
use crate::encoding::TextEncoding;
use crate::error::{Error, Result};
use crate::json;
use crate::net::cancel::Cancel;
use crate::report::Report;
use crate::status::{Code, WXCOUPON_E_PANIC};
use std::ffi::c_char;

/// One call of a context: resolve the handle, run, answer in the context's encoding.
pub(super) fn on_ctx(
    ctx: *mut wxcoupon_ctx,
    out_buf: *mut wxcoupon_buf,
    operation: &'static str,
    run: impl FnOnce(&Ctx) -> Result<Report>,
) -> i32 {
    guard(WXCOUPON_E_PANIC, || {
        answer(out_buf, operation, || match alive(ctx) {
            Ok(ctx) => (run(&ctx).unwrap_or_else(Report::from), ctx.encoding),
            Err(error) => (error.into(), TextEncoding::UTF8),
        })
    })
}

/// # Safety
/// `json_in` is NULL or NUL-terminated.
unsafe fn operate(
    ctx: *mut wxcoupon_ctx,
    operation: &'static api::Operation,
    json_in: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    on_ctx(ctx, out_buf, operation.id, |ctx| {
        // SAFETY: NULL or NUL-terminated by the contract above.
        let bytes = unsafe { bytes_of(json_in, "json_in") }?;
        Ok(ctx.client.call(operation, &ctx.encoding.decode(bytes, "json_in")?, &Cancel::never()))
    })
}

/// Redeems a coupon (核销): reports to WeChat Pay that the coupon was used for this order.
///
/// Call it once the order is paid. Give each redemption one out_request_no and keep it with the sale. The
/// request is written down before it leaves, and repeated unchanged within the deadline while its outcome is
/// open. What is still open then (class 4) stays in the journal: settle it, or call again with the same
/// members; nothing is redeemed twice. A number that has succeeded answers its recorded result.
///
/// ctx: the context.
/// json_in: members openid, coupon_code, product_coupon_id, stock_id, appid, brand_id, out_request_no
/// (6 to 40 of 0-9 A-Z a-z _ -), use_time (RFC 3339 with offset; left out: now, in +08:00), and exactly
/// one of associated_order_info {transaction_id, or out_trade_no with mchid and for partner orders
/// sub_mchid} and associated_pay_score_order_info {order_id, or out_order_no with mchid}. Optional:
/// store_id. appid, brand_id and store_id fall back to the configuration's defaults. Members that are not
/// documented are passed on. "_options": {"timeout_ms": 3000} is for this library and is never sent.
/// out_buf: receives the answer; may be NULL.
/// Returns: WXCOUPON_OK when WeChat Pay's signed answer says that this request redeemed this coupon; any
/// other status by its class.
/// Owns: nothing; the text stays the caller's.
/// Threads: any. It blocks up to the deadline (timeout_ms).
///
/// # Safety
/// json_in is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_use(
    ctx: *mut wxcoupon_ctx,
    json_in: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    // SAFETY: passed on unchanged.
    unsafe { operate(ctx, &api::USE, json_in, out_buf) }
}

/// Asks for one coupon of a user: its state, validity, rules and usage.
///
/// ctx: the context.
/// json_in: members openid, coupon_code, product_coupon_id, stock_id, appid, brand_id; appid and brand_id
/// fall back to the configuration's defaults. "_options" as in wxcoupon_use.
/// out_buf: receives the answer; may be NULL.
/// Returns: WXCOUPON_OK with the coupon in data; never class 4, for asking changes nothing.
/// Owns: nothing; the text stays the caller's.
/// Threads: any. It blocks up to the deadline (timeout_ms).
///
/// # Safety
/// json_in is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_query(
    ctx: *mut wxcoupon_ctx,
    json_in: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    // SAFETY: passed on unchanged.
    unsafe { operate(ctx, &api::QUERY, json_in, out_buf) }
}

/// Returns a redeemed coupon (退券): undoes a redemption, so that the user may use the coupon again.
///
/// Report it after the sale was undone. It has a request number of its own; repeat it unchanged like a
/// redemption.
///
/// ctx: the context.
/// json_in: members openid, coupon_code, product_coupon_id, stock_id, appid, brand_id, out_request_no (a
/// number of its own, not the redemption's); appid and brand_id fall back to the configuration's defaults.
/// "_options" as in wxcoupon_use.
/// out_buf: receives the answer; may be NULL.
/// Returns: WXCOUPON_OK when WeChat Pay's signed answer says so; any other status by its class.
/// Owns: nothing; the text stays the caller's.
/// Threads: any. It blocks up to the deadline (timeout_ms).
///
/// # Safety
/// json_in is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_return(
    ctx: *mut wxcoupon_ctx,
    json_in: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    // SAFETY: passed on unchanged.
    unsafe { operate(ctx, &api::RETURN, json_in, out_buf) }
}

/// Signs and sends any other request of API version 3, and proves its answer.
///
/// For interfaces that have no function of their own. What is sent is not checked beyond its form.
///
/// ctx: the context.
/// method: GET, POST, PUT, PATCH or DELETE.
/// path_and_query: begins with "/"; already percent-encoded, sent and signed as it is.
/// json_body: one JSON object, or NULL for none. Its member "_options" is for this library, as in
/// wxcoupon_use; with GET it may hold nothing else.
/// out_buf: receives the answer; may be NULL.
/// Returns: WXCOUPON_OK for a proven 2xx; with GET never class 4; any other status by its class.
/// Owns: nothing; the texts stay the caller's.
/// Threads: any. It blocks up to the deadline (timeout_ms).
///
/// # Safety
/// Each text is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_request(
    ctx: *mut wxcoupon_ctx,
    method: *const c_char,
    path_and_query: *const c_char,
    json_body: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    on_ctx(ctx, out_buf, "request", |ctx| {
        // SAFETY: NULL or NUL-terminated by this function's contract; the same for the two below.
        let method = unsafe { bytes_of(method, "method") }?;
        // SAFETY: as above.
        let target = unsafe { bytes_of(path_and_query, "path_and_query") }?;
        let body = if json_body.is_null() {
            None
        } else {
            // SAFETY: as above.
            Some(unsafe { bytes_of(json_body, "json_body") }?)
        };
        let body = body.map(|bytes| ctx.encoding.decode(bytes, "json_body")).transpose()?;
        Ok(ctx.client.request(
            &ctx.encoding.decode(method, "method")?,
            &ctx.encoding.decode(target, "path_and_query")?,
            body.as_deref(),
            &Cancel::never(),
        ))
    })
}

/// Lists what is not known to be finished: requests in doubt, and calls that are running. Local, no network.
///
/// A till asks at start-up, and before it closes: an empty list means that every redemption is known.
///
/// ctx: the context.
/// out_buf: receives the answer: data.pending and data.watching count, data.requests lists up to 1000 with
/// out_request_no, operation, state ("pending", or "watching" for one that was called off), age_ms,
/// attempts, name and cause of the last doubt.
/// Returns: WXCOUPON_OK, also when there are some; WXCOUPON_E_JOURNAL.
/// Owns: nothing. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_pending(ctx: *mut wxcoupon_ctx, out_buf: *mut wxcoupon_buf) -> i32 {
    on_ctx(ctx, out_buf, "pending", |ctx| Ok(ctx.client.pending()))
}

/// Makes known what may have happened: one request, or everything that is pending.
///
/// Aim "complete" makes true what was asked: the recorded bytes are repeated until WeChat Pay has answered.
/// Aim "void" is for a sale that was called off: WeChat Pay is asked; if this number has redeemed the
/// coupon, the redemption is returned under a number of its own; if not, the request is closed and watched
/// (data.state "watching") as long as a delayed copy could still arrive, about six minutes; settling
/// everything later ends the watch, and returns the coupon if a copy did arrive. A request whose call ended
/// in class 3 is closed: settling never sends what the till was told did not happen.
///
/// ctx: the context.
/// json_in: {"out_request_no": "...", "aim": "complete"}, or NULL for everything, to completion. "_options"
/// as in wxcoupon_use.
/// out_buf: receives the answer; for everything that could be settled, data as in wxcoupon_pending with
/// data.settled. What is left, wxcoupon_pending lists.
/// Returns: one number: the status that the request has now; WXCOUPON_E_REQUEST when the journal does not
/// hold it. Everything: WXCOUPON_OK when nothing is left pending, else the worst status that is left. It
/// stops early while the line is down.
/// Owns: nothing; the text stays the caller's.
/// Threads: any, other processes with the same journal too: no request is settled by two at once. It blocks
/// up to timeout_ms for one number, and up to ten minutes for everything.
///
/// # Safety
/// json_in is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_settle(
    ctx: *mut wxcoupon_ctx,
    json_in: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    on_ctx(ctx, out_buf, "settle", |ctx| {
        let bytes = if json_in.is_null() {
            None
        } else {
            // SAFETY: not NULL, so NUL-terminated by this function's contract.
            Some(unsafe { bytes_of(json_in, "json_in") }?)
        };
        let input = bytes.map(|bytes| ctx.encoding.decode(bytes, "json_in")).transpose()?;
        Ok(ctx.client.settle(input.as_deref(), &Cancel::never()))
    })
}

/// Checks this context: what support asks a shop to run. Local, no network.
///
/// ctx: the context.
/// json_in: NULL or {}.
/// out_buf: receives the answer: data.all_ok, and data.lines with name, ok, found and, where something is
/// not in order, advice. Lines: mchid, merchant_serial_no, verifies_with, journal, pending, clock_offset_s
/// (what is added to this machine's time for signing; learned from WeChat Pay's answers, 0 before the
/// first).
/// Returns: WXCOUPON_OK, also when a line is not in order; a status of class 1 for the text.
/// Owns: nothing; the text stays the caller's. Threads: any.
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
        if !json_in.is_null() {
            // SAFETY: not NULL, so NUL-terminated by this function's contract.
            let bytes = unsafe { bytes_of(json_in, "json_in") }?;
            let members = json::parse_object(&ctx.encoding.decode(bytes, "json_in")?)?;
            if let Some(unknown) = members.keys().next() {
                let message =
                    format!("{unknown} is not known; the self-check of this version takes no members");
                return Err(Error::at(Code::Request, json::pointer("", unknown), message));
            }
        }
        Ok(ctx.client.check())
    })
}
