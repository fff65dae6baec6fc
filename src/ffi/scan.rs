//! From a scan to coupons.

use super::ops::on_ctx;
use super::text::bytes_of;
use super::{wxcoupon_buf, wxcoupon_ctx};
use crate::client::Named;
use crate::net::cancel::Cancel;
use std::ffi::c_char;

/// Finds the coupons that a scan leads to, with what each takes off the basket and the request that redeems it. Nothing is redeemed.
///
/// A scanned code is looked for among the coupons that this machine was told of ("directory": true), and every one that is found
/// is asked for at WeChat Pay. An unknown text in the shape of a payment code is taken for one and looked up (apiv2_key); then,
/// and for an openid, all coupons of the user are listed. After a look-up the payment code can be charged by this merchant
/// only, until it refreshes within a minute: look up, choose, charge, redeem, all with one scan.
///
/// ctx: the context.
/// json_in: exactly one of scan (what the scanner gave), openid and auth_code (a payment code); optionally the basket as for
/// wxcoupon_quote (amount and the rest, without coupon), products (an object: product coupon or stock to product_amount,
/// product_quantity, product_unit_price, stock_store_ids of its own), appid and brand_id, which fall back to the configuration's
/// defaults, product_coupon_id and stock_id (only these), belong_merchant (coupons of the older family (busifavor) of this merchant's stocks are listed, too), and for payment codes apiv2_appid, sub_appid, sub_mch_id. "_options"
/// as in wxcoupon_use; other members are refused.
/// out_buf: receives the answer: data.kind ("coupon_code", "openid", "auth_code"), data.coupons, the best for the customer
/// first, each with coupon, quote (null without a basket), operation ("use", "busifavor_use") and use (its request, which lacks only
/// the number and the order), data.unusable with coupon, reason and cashier, data.cashier for the whole, data.read_as where the
/// text was read otherwise than it came, data.openid for a payment code; may be NULL.
/// Returns: WXCOUPON_OK, also where no coupon can be used; WXCOUPON_E_NOT_FOUND for a code that nobody knows; never class 4.
/// What is answered is whole: a coupon with the scanned code that got no answer is in data.unusable (reason "unanswered", or
/// "other_coupon" where the answer is about another one). If none got an answer, or a page of a list is missing, the call fails.
/// Owns: nothing; the text stays the caller's.
/// Threads: any. It blocks up to the deadline (timeout_ms).
///
/// # Safety
/// json_in is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_scan(
    ctx: *mut wxcoupon_ctx,
    json_in: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    on_ctx(ctx, out_buf, "scan", |ctx| {
        // SAFETY: NULL or NUL-terminated by this function's contract.
        let bytes = unsafe { bytes_of(json_in, "json_in") }?;
        let input = ctx.encoding.decode(bytes, "json_in")?;
        Ok(ctx.client.call_named(Named::find("scan")?, &input, &Cancel::never()))
    })
}
