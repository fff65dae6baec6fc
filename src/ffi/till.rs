//! A coupon at the till: ask, redeem, return; and what precedes it: list, send, confirm, deactivate.

use super::ops::operate;
use super::{wxcoupon_buf, wxcoupon_ctx};
use crate::api;
use std::ffi::c_char;

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

/// Asks for one coupon of a user (查券): its state, validity, rules and usage.
///
/// ctx: the context.
/// json_in: members openid, coupon_code, product_coupon_id, stock_id, appid, brand_id; appid and brand_id
/// fall back to the configuration's defaults. "_options" as in wxcoupon_use.
/// out_buf: receives the answer; may be NULL.
/// Returns: WXCOUPON_OK with the coupon in data; never class 4, because asking changes nothing.
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
/// Call it once the sale is undone. It has a request number of its own; repeat it unchanged like a redemption.
///
/// ctx: the context.
/// json_in: members openid, coupon_code, product_coupon_id, stock_id, appid, brand_id, out_request_no (a
/// number of its own, not the redemption's); sequential_coupon_index only for coupons of the withdrawn mode
/// SEQUENTIAL. appid and brand_id fall back to the configuration's defaults.
/// "_options" as in wxcoupon_use.
/// out_buf: receives the answer; may be NULL.
/// Returns: WXCOUPON_OK when WeChat Pay's signed answer says that the coupon was given back; any other status
/// by its class.
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

/// Lists the coupons of a user (查询用户的券): the only way to find them from an openid alone.
///
/// ctx: the context.
/// json_in: members openid, appid, brand_id; optional: product_coupon_id, stock_id, coupon_state,
/// user_coupon_bundle_id, page_size (1 to 50), page_token (next_page_token of the page before). appid and
/// brand_id fall back to the configuration's defaults. "_options" as in wxcoupon_use.
/// out_buf: receives the answer; may be NULL.
/// Returns: WXCOUPON_OK with data.user_coupon_list, data.total_count and, where there is more,
/// data.next_page_token; never class 4, because asking changes nothing.
/// Owns: nothing; the text stays the caller's.
/// Threads: any. It blocks up to the deadline (timeout_ms).
///
/// # Safety
/// json_in is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_list(
    ctx: *mut wxcoupon_ctx,
    json_in: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    // SAFETY: passed on unchanged.
    unsafe { operate(ctx, &api::LIST, json_in, out_buf) }
}

/// Sends a coupon to a user (发券).
///
/// The coupon is usable once it is confirmed: wxcoupon_confirm.
///
/// ctx: the context.
/// json_in: members openid, product_coupon_id, stock_id, appid, brand_id, send_request_no (6 to 128 of
/// 0-9 A-Z a-z _ -): the number by which a repeat is recognised; out_request_no names it in the answer and
/// for wxcoupon_settle. coupon_code if and only if the stock's coupon_code_mode is API_ASSIGN. Optional:
/// attach (up to 150 characters), coupon_tag_info. appid and brand_id fall back to the configuration's
/// defaults. "_options" as in wxcoupon_use.
/// out_buf: receives the answer; may be NULL.
/// Returns: WXCOUPON_OK with the coupon in data; any other status by its class.
/// Owns: nothing; the text stays the caller's.
/// Threads: any. It blocks up to the deadline (timeout_ms).
///
/// # Safety
/// json_in is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_send(
    ctx: *mut wxcoupon_ctx,
    json_in: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    // SAFETY: passed on unchanged.
    unsafe { operate(ctx, &api::SEND, json_in, out_buf) }
}

/// Confirms a coupon that was sent (确认发券). Without it no coupon becomes usable, whatever channel it came
/// through.
///
/// ctx: the context.
/// json_in: members openid, coupon_code, product_coupon_id, stock_id, appid, brand_id, out_request_no (a
/// number of its own); appid and brand_id fall back to the configuration's defaults. "_options" as in
/// wxcoupon_use.
/// out_buf: receives the answer; may be NULL.
/// Returns: WXCOUPON_OK with the coupon in data; any other status by its class.
/// Owns: nothing; the text stays the caller's.
/// Threads: any. It blocks up to the deadline (timeout_ms).
///
/// # Safety
/// json_in is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_confirm(
    ctx: *mut wxcoupon_ctx,
    json_in: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    // SAFETY: passed on unchanged.
    unsafe { operate(ctx, &api::CONFIRM, json_in, out_buf) }
}

/// Makes a coupon of a user invalid (使券失效), for good.
///
/// ctx: the context.
/// json_in: members openid, coupon_code, product_coupon_id, stock_id, appid, brand_id, out_request_no (a
/// number of its own), deactivate_reason (up to 150 characters); appid and brand_id fall back to the
/// configuration's defaults. "_options" as in wxcoupon_use.
/// out_buf: receives the answer; may be NULL.
/// Returns: WXCOUPON_OK with the coupon in data; any other status by its class.
/// Owns: nothing; the text stays the caller's.
/// Threads: any. It blocks up to the deadline (timeout_ms).
///
/// # Safety
/// json_in is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_deactivate(
    ctx: *mut wxcoupon_ctx,
    json_in: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    // SAFETY: passed on unchanged.
    unsafe { operate(ctx, &api::DEACTIVATE, json_in, out_buf) }
}
