//! Bundles: several stocks to be used in order, and a user's coupons of them.

use super::super::Presence::Required;
use super::super::Rule::{Name, NameUpTo};
use super::super::{Expected, ListPlace, Operation, Place, Recovery, ShownBy};
use super::coupon::{LIST, SENT, TAGS};
use super::shapes::{
    COUPON_DISPLAY_ANEW, NOTIFY_ANEW, REMARK_ANEW, SCOPE_ANEW, STOCK_BUNDLE, USAGE_DISPLAY_ANEW,
};
use super::stock::{BUDGET_MODE, BUDGET_RULES, CURRENT, CURRENT_A_DAY, STORES, TARGET, TARGET_A_DAY};
use super::{
    APPID, ATTACH, BRAND_ID, DEACTIVATE_REASON, OPENID, OUT_REQUEST_NO, PRODUCT_COUPON_ID,
    PRODUCT_COUPON_ID_PATH, SEND_REQUEST_NO, STOCK_BUNDLE_ID_PATH, body, echoes, may_echo, member,
};

const THIS_BUNDLE: &[Expected] = &[echoes("stock_bundle_id", "/stock_bundle_id")];

/// 向用户发放商品券批次组
pub(super) static SEND: Operation = Operation {
    request_no_member: Some("send_request_no"),
    recovery: Recovery::Query { query: &LIST, shown_by: ShownBy::List(&SENT) },
    proofs: &[echoes("send_request_no", "/user_product_coupon_list/0/send_request_no")],
    ..Operation::numbered(
        "bundle_send",
        "向用户发放商品券批次组",
        "/users/{openid}/coupon-bundles",
        "4016280664 (2025-11-20)",
        &[
            OPENID,
            PRODUCT_COUPON_ID,
            body("stock_bundle_id", Required, Name),
            APPID,
            SEND_REQUEST_NO,
            ATTACH,
            BRAND_ID,
            TAGS,
        ],
    )
};

/// 向用户预发放商品券批次组
pub(super) static PRE_SEND: Operation = Operation {
    request_no_member: Some("send_request_no"),
    short_lived: true,
    ..Operation::numbered(
        "bundle_pre_send",
        "向用户预发放商品券批次组",
        "/users/{openid}/pre-send-coupon-bundle",
        "4016280670 (2025-12-16)",
        &[
            OPENID,
            PRODUCT_COUPON_ID,
            body("stock_bundle_id", Required, Name),
            APPID,
            SEND_REQUEST_NO,
            ATTACH,
            BRAND_ID,
        ],
    )
};

static DEACTIVATED: ListPlace =
    ListPlace { list: "user_coupon_list", member: "deactivate_request_no", in_state: Some("DEACTIVATED") };

/// 失效用户商品券组: every coupon of the bundle at once.
pub(super) static DEACTIVATE: Operation = Operation {
    recovery: Recovery::Query { query: &LIST, shown_by: ShownBy::List(&DEACTIVATED) },
    proofs: &[
        echoes("user_coupon_bundle_id", "/user_coupon_bundle_id"),
        may_echo("out_request_no", "/user_product_coupon_list/0/deactivate_request_no"),
    ],
    ..Operation::numbered(
        "bundle_deactivate",
        "失效用户商品券组",
        "/users/{openid}/coupon-bundles/{user_coupon_bundle_id}/deactivate",
        "4016280658 (2025-11-20)",
        &[
            OPENID,
            member("user_coupon_bundle_id", Place::Path, Required, NameUpTo(40)),
            PRODUCT_COUPON_ID,
            body("stock_bundle_id", Required, Name),
            APPID,
            OUT_REQUEST_NO,
            DEACTIVATE_REASON,
            BRAND_ID,
        ],
    )
};

/// 添加商品券批次组
pub(super) static CREATE: Operation = Operation::numbered(
    "create_stock_bundle",
    "添加商品券批次组",
    "/product-coupons/{product_coupon_id}/stock-bundles",
    "4016280622 (2025-11-20)",
    &[PRODUCT_COUPON_ID_PATH, BRAND_ID, OUT_REQUEST_NO, body("stock_bundle", Required, STOCK_BUNDLE)],
);

/// 修改商品券批次组
pub(super) static UPDATE: Operation = Operation {
    method: "PATCH",
    proofs: THIS_BUNDLE,
    ..Operation::numbered(
        "update_stock_bundle",
        "修改商品券批次组",
        "/product-coupons/{product_coupon_id}/stock-bundles/{stock_bundle_id}",
        "4016280633 (2025-11-20)",
        &[
            PRODUCT_COUPON_ID_PATH,
            STOCK_BUNDLE_ID_PATH,
            OUT_REQUEST_NO,
            REMARK_ANEW,
            USAGE_DISPLAY_ANEW,
            COUPON_DISPLAY_ANEW,
            NOTIFY_ANEW,
            SCOPE_ANEW,
            BRAND_ID,
        ],
    )
};

/// 修改商品券批次组发放预算
pub(super) static UPDATE_BUDGET: Operation = Operation {
    combinations: BUDGET_RULES,
    proofs: THIS_BUNDLE,
    ..Operation::numbered(
        "update_stock_bundle_budget",
        "修改商品券批次组发放预算",
        "/product-coupons/{product_coupon_id}/stock-bundles/{stock_bundle_id}/update-budget",
        "4016280642 (2025-11-20)",
        &[
            PRODUCT_COUPON_ID_PATH,
            STOCK_BUNDLE_ID_PATH,
            OUT_REQUEST_NO,
            BUDGET_MODE,
            CURRENT,
            TARGET,
            CURRENT_A_DAY,
            TARGET_A_DAY,
            BRAND_ID,
        ],
    )
};

/// 批次组批量关联门店
pub(super) static ASSOCIATE_STORES: Operation = Operation {
    recovery: Recovery::Idempotent,
    ..Operation::post(
        "bundle_associate_stores",
        "批次组批量关联门店",
        "/product-coupons/{product_coupon_id}/stock-bundles/{stock_bundle_id}/associate-stores",
        "4016280620 (2025-11-20)",
        &[PRODUCT_COUPON_ID_PATH, STOCK_BUNDLE_ID_PATH, BRAND_ID, STORES],
    )
};

/// 批次组批量取消关联门店
pub(super) static DISASSOCIATE_STORES: Operation = Operation {
    recovery: Recovery::Idempotent,
    ..Operation::post(
        "bundle_disassociate_stores",
        "批次组批量取消关联门店",
        "/product-coupons/{product_coupon_id}/stock-bundles/{stock_bundle_id}/disassociate-stores",
        "4016280629 (2025-11-20)",
        &[PRODUCT_COUPON_ID_PATH, STOCK_BUNDLE_ID_PATH, BRAND_ID, STORES],
    )
};
