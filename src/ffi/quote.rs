//! What a coupon is worth, without asking anybody.

use super::ops::on_ctx;
use super::text::bytes_of;
use super::{wxcoupon_buf, wxcoupon_ctx};
use std::ffi::c_char;

/// Says whether a queried coupon can be used now, and what it takes off this basket. Local, no network.
///
/// WeChat Pay takes nothing off at payment: the till does, and reports the redemption with wxcoupon_use. All
/// amounts are whole fen. Rules that cannot be checked here are listed in data.unchecked; WeChat Pay decides
/// them when the coupon is redeemed. A coupon whose rules this version does not understand is not quoted.
///
/// ctx: the context. Its clock, corrected by WeChat Pay's answers, says what time it is, and its defaults
/// say which store this is.
/// json_in: members coupon (the answer of wxcoupon_query, whole or its data) and amount (the basket without
/// the coupon). product_amount is what the products cost that the coupon is for, 0 when the basket has none
/// of them; a coupon whose scope is SINGLE needs it. Optional: product_quantity and product_unit_price (one
/// piece is exchanged), store_id, stock_store_ids (array: the stores associated with the stock), now (RFC
/// 3339), and what the documentation leaves open, which the configuration may say once as "quote": rounding
/// of a percentage ("down", "half_up", "up"; left out: down, never more off than the rule says),
/// threshold_on ("product", "basket": what must reach the threshold when the scope is SINGLE), past_midnight
/// ("following_day", "same_day"), bundle_index_base (0 or 1: the index of a bundle's first coupon).
/// "_options" is accepted and has no effect; other members are refused.
/// out_buf: receives the answer: data.usable, data.discount, data.payable, data.forbidden_by with
/// data.message and data.cashier, data.unchecked, data.usable_until, data.saved_amount for the request of
/// wxcoupon_use, and data.steps with each rule that was looked at; may be NULL.
/// Returns: WXCOUPON_OK, also for a coupon that cannot be used; a status of class 1 when the text or a
/// member of it is wrong.
/// Owns: nothing; the text stays the caller's. Threads: any.
///
/// # Safety
/// json_in is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_quote(
    ctx: *mut wxcoupon_ctx,
    json_in: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    on_ctx(ctx, out_buf, "quote", |ctx| {
        // SAFETY: NULL or NUL-terminated by this function's contract.
        let bytes = unsafe { bytes_of(json_in, "json_in") }?;
        Ok(ctx.client.quote(&ctx.encoding.decode(bytes, "json_in")?))
    })
}
