//! Everything by name, any other request, and what may have happened.

use super::ctx::{Ctx, alive};
use super::guard::guard;
use super::text::bytes_of;
use super::{answer, wxcoupon_buf, wxcoupon_ctx};
use crate::api;
use crate::client::Named;
use crate::encoding::TextEncoding;
use crate::error::Result;
use crate::net::cancel::Cancel;
use crate::report::Report;
use crate::status::WXCOUPON_E_PANIC;
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
pub(super) unsafe fn operate(
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

/// Calls any operation of product coupons, or of the older family (busifavor), by its name.
///
/// ctx: the context.
/// operation: its name.
/// json_in: the members of that operation, those of its path included; docs/api.md lists them. For upload_image: file, the path of a JPG or PNG on this machine, and optionally
/// filename.
/// out_buf: receives the answer; may be NULL.
/// Returns: as the function of that name; WXCOUPON_E_OPERATION for a name that is not known. An operation
/// that only reads is never class 4.
/// Owns: nothing; the texts stay the caller's.
/// Threads: any. It blocks up to the deadline (timeout_ms).
///
/// # Safety
/// Each text is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_call(
    ctx: *mut wxcoupon_ctx,
    operation: *const c_char,
    json_in: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    on_ctx(ctx, out_buf, "call", |ctx| {
        // SAFETY: NULL or NUL-terminated by this function's contract; the same below.
        let name = unsafe { bytes_of(operation, "operation") }?;
        let name = ctx.encoding.decode(name, "operation")?;
        let named = Named::find(&name)?;
        // SAFETY: as above.
        let bytes = unsafe { bytes_of(json_in, "json_in") }?;
        Ok(ctx.client.call_named(named, &ctx.encoding.decode(bytes, "json_in")?, &Cancel::never()))
    })
}

/// Signs and sends any other request of API version 3, and proves its answer.
///
/// For interfaces that have no function of their own. What is sent is not checked beyond its form.
///
/// ctx: the context.
/// method: GET, POST, PUT, PATCH or DELETE.
/// path_and_query: begins with "/"; already percent-encoded, sent and signed as it is.
/// json_body: one JSON object, or NULL for none. Its member "_options" is for this library, as in
/// wxcoupon_use; with GET it may hold nothing else. Its member "request_no": "out_refund_no" (or a JSON pointer
/// that begins with "/") names the member of the body that is the request's own number: then the request is
/// journalled, repeated with the same bytes, listed and settled under that number, which answers call out_request_no;
/// without it, a member out_request_no is that number. Name it only where WeChat Pay documents that a repeat
/// under the same number takes effect once. One journal has a number once, whatever the interface. Two more serve interfaces with sensitive
/// fields: "encrypt": ["/user_name"] lists JSON pointers of members that are encrypted for WeChat Pay before
/// the body is sent, "decrypt": ["/data/mobile"] members of the answer that are decrypted, where a step of * stands
/// for every item of a list; what could not be decrypted is named in the answer's undecrypted.
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

/// Lists what is not known to be finished: requests in doubt, and calls that are running. Local, no network; a till of a hub asks
/// the hub, too, and data.hub_answered says whether that answered.
///
/// A till asks at start-up, and before it closes: an empty list means that every redemption is known.
///
/// ctx: the context.
/// out_buf: receives the answer: data.pending and data.watching count, data.requests lists up to 1000 with
/// out_request_no, operation, state ("pending"; "voiding" while it is being called off; "watching" while a
/// delayed copy of what was called off or refused could still arrive; "damaged" where something else has
/// changed the row), age_ms, attempts, name and cause of the last doubt. data.unresolved lists in the same
/// way, with request_ids, what got answers for a day and no evidence: it is not counted, is never sent again,
/// and is asked about once a day.
/// Returns: WXCOUPON_OK, also when there are some; WXCOUPON_E_JOURNAL.
/// Owns: nothing. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_pending(ctx: *mut wxcoupon_ctx, out_buf: *mut wxcoupon_buf) -> i32 {
    on_ctx(ctx, out_buf, "pending", |ctx| Ok(ctx.client.pending()))
}

/// Finds out what became of a request (查清): of one, or of everything that is pending.
///
/// Aim "complete" makes true what was asked: the recorded bytes are repeated until WeChat Pay has answered.
///
/// Aim "void" is for a redemption whose sale was called off: WeChat Pay is asked; if this number has redeemed the
/// coupon, the redemption is returned under a number of its own; if not, the request is closed and watched
/// (data.state "watching") as long as a delayed copy could still arrive, about six minutes; settling
/// everything later ends the watch, and returns the coupon if a copy did arrive. A request whose call ended
/// in class 3 is closed: settling never sends what the till was told did not happen.
///
/// Aim "abandon" records a person's decision that nobody works on a number any more: "note" says who decided
/// it and why (1 to 500 characters). It ends what is pending, being called off, watched, unresolved or
/// damaged; afterwards the number answers WXCOUPON_E_REQUEST_NO_REUSED and is never sent.
///
/// ctx: the context.
/// json_in: {"out_request_no": "...", "aim": "complete"}, with "note" for abandon, or NULL for everything, to
/// completion. "_options" as in wxcoupon_use.
/// out_buf: receives the answer; for everything that could be settled, data as in wxcoupon_pending with
/// data.settled. Where something is left there is no data: wxcoupon_pending lists it. For void and abandon
/// data.state.
/// Returns: one number: the status that the request has now; WXCOUPON_E_REQUEST when the journal does not
/// hold it, or its state does not allow the aim (field "/aim"). Everything: WXCOUPON_OK when nothing is left
/// pending (what is watched or unresolved does not count), else the worst status that is left. It stops early
/// while the line is down.
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
