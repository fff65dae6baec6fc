//! The operations: name, method, path and what runs them.

use super::{
    Answer, Call, Operation, confirm_coupon, image_tasks, list_coupons, product_coupons, query_coupon,
    return_coupon, send, stock_bundles, stocks, stores, use_coupon,
};
use crate::refusal::Refusal;

/// Where product coupons live.
macro_rules! at {
    ($rest:literal) => {
        concat!("/v3/marketing/partner/product-coupon/", $rest)
    };
}
type Run = fn(&Call<'_>) -> Result<Answer, Refusal>;

const fn get(name: &'static str, template: &'static str, run: Run) -> Operation {
    Operation { name, method: "GET", template, run }
}

const fn post(name: &'static str, template: &'static str, run: Run) -> Operation {
    Operation { name, method: "POST", template, run }
}

const fn patch(name: &'static str, template: &'static str, run: Run) -> Operation {
    Operation { name, method: "PATCH", template, run }
}

/// All operations; the short names are what faults and logs use.
pub(super) const OPERATIONS: &[Operation] = &[
    post("use", at!("users/{openid}/coupons/{coupon_code}/use"), use_coupon::run),
    get("query", at!("users/{openid}/coupons/{coupon_code}"), query_coupon::run),
    get("list", at!("users/{openid}/coupons"), list_coupons::run),
    post("send", at!("users/{openid}/coupons"), send::send),
    post("pre_send", at!("users/{openid}/pre-send-coupon"), send::pre_send),
    post("confirm", at!("users/{openid}/coupons/{coupon_code}/confirm"), confirm_coupon::confirm),
    post("return", at!("users/{openid}/coupons/{coupon_code}/return"), return_coupon::run),
    post("deactivate", at!("users/{openid}/coupons/{coupon_code}/deactivate"), confirm_coupon::deactivate),
    post("bundle_send", at!("users/{openid}/coupon-bundles"), send::bundle_send),
    post("bundle_pre_send", at!("users/{openid}/pre-send-coupon-bundle"), send::bundle_pre_send),
    post(
        "bundle_deactivate",
        at!("users/{openid}/coupon-bundles/{user_coupon_bundle_id}/deactivate"),
        confirm_coupon::bundle_deactivate,
    ),
    post("create_product_coupon", at!("product-coupons"), product_coupons::create),
    patch("update_product_coupon", at!("product-coupons/{product_coupon_id}"), product_coupons::update),
    get("get_product_coupon", at!("product-coupons/{product_coupon_id}"), product_coupons::get),
    post(
        "deactivate_product_coupon",
        at!("product-coupons/{product_coupon_id}/deactivate"),
        product_coupons::deactivate,
    ),
    post("create_stock", at!("product-coupons/{product_coupon_id}/stocks"), stocks::create),
    get("list_stocks", at!("product-coupons/{product_coupon_id}/stocks"), stocks::list),
    patch("update_stock", at!("product-coupons/{product_coupon_id}/stocks/{stock_id}"), stocks::update),
    get("get_stock", at!("product-coupons/{product_coupon_id}/stocks/{stock_id}"), stocks::get),
    post(
        "deactivate_stock",
        at!("product-coupons/{product_coupon_id}/stocks/{stock_id}/deactivate"),
        stocks::deactivate,
    ),
    post(
        "update_stock_budget",
        at!("product-coupons/{product_coupon_id}/stocks/{stock_id}/update-budget"),
        stocks::update_budget,
    ),
    post(
        "upload_coupon_codes",
        at!("product-coupons/{product_coupon_id}/stocks/{stock_id}/upload-coupon-codes"),
        stocks::upload_codes,
    ),
    post(
        "associate_stores",
        at!("product-coupons/{product_coupon_id}/stocks/{stock_id}/associate-stores"),
        stores::associate,
    ),
    get(
        "list_associated_stores",
        at!("product-coupons/{product_coupon_id}/stocks/{stock_id}/associated-stores"),
        stores::list,
    ),
    post(
        "disassociate_stores",
        at!("product-coupons/{product_coupon_id}/stocks/{stock_id}/disassociate-stores"),
        stores::disassociate,
    ),
    post(
        "create_stock_bundle",
        at!("product-coupons/{product_coupon_id}/stock-bundles"),
        stock_bundles::create,
    ),
    patch(
        "update_stock_bundle",
        at!("product-coupons/{product_coupon_id}/stock-bundles/{stock_bundle_id}"),
        stock_bundles::update,
    ),
    post(
        "update_stock_bundle_budget",
        at!("product-coupons/{product_coupon_id}/stock-bundles/{stock_bundle_id}/update-budget"),
        stock_bundles::update_budget,
    ),
    post(
        "bundle_associate_stores",
        at!("product-coupons/{product_coupon_id}/stock-bundles/{stock_bundle_id}/associate-stores"),
        stores::bundle_associate,
    ),
    post(
        "bundle_disassociate_stores",
        at!("product-coupons/{product_coupon_id}/stock-bundles/{stock_bundle_id}/disassociate-stores"),
        stores::bundle_disassociate,
    ),
    post("submit_image_task", at!("image-generation-tasks"), image_tasks::submit),
    get("get_image_task", at!("image-generation-tasks/{task_id}"), image_tasks::get),
];
