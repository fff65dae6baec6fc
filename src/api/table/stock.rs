//! Stocks (批次): a number of coupons of one product coupon, with their rules, codes and stores.

use super::super::Combination::NeedsWhen;
use super::super::Place::Query;
use super::super::Presence::{Optional, Required};
use super::super::Rule::{List, Name, NameUpTo, Object, OneOf, Whole};
use super::super::{Combination, Expected, Member, Operation, Recovery};
use super::shapes::{COUPON_DISPLAY_ANEW, NOTIFY_ANEW, REMARK_ANEW, SCOPE_ANEW, STOCK, USAGE_DISPLAY_ANEW};
use super::{
    BRAND_ID, BRAND_ID_ASKED, DEACTIVATE_REASON, OUT_REQUEST_NO, PAGE_SIZE, PAGE_TOKEN,
    PRODUCT_COUPON_ID_PATH, STOCK_ID_PATH, body, echoes, member,
};

const STOCKS: &str = "/product-coupons/{product_coupon_id}/stocks";
const ONE_STOCK: &str = "/product-coupons/{product_coupon_id}/stocks/{stock_id}";

const THIS_STOCK: &[Expected] =
    &[echoes("product_coupon_id", "/product_coupon_id"), echoes("stock_id", "/stock_id")];

/// The current values of a budget prevent two changes at once.
pub(super) const BUDGET_MODE: Member =
    body("update_mode", Required, OneOf(&["MAX_COUNT", "MAX_COUNT_PER_DAY"]));
pub(super) const CURRENT: Member = body("current_max_count", Optional, Whole);
pub(super) const TARGET: Member = body("target_max_count", Optional, Whole);
pub(super) const CURRENT_A_DAY: Member = body("current_max_count_per_day", Optional, Whole);
pub(super) const TARGET_A_DAY: Member = body("target_max_count_per_day", Optional, Whole);

/// The names suggest which values belong to which mode. The page's text could not be read.
pub(super) const BUDGET_RULES: &[Combination] = &[
    NeedsWhen { member: "update_mode", is: "MAX_COUNT", at: "/current_max_count" },
    NeedsWhen { member: "update_mode", is: "MAX_COUNT", at: "/target_max_count" },
    NeedsWhen { member: "update_mode", is: "MAX_COUNT_PER_DAY", at: "/current_max_count_per_day" },
    NeedsWhen { member: "update_mode", is: "MAX_COUNT_PER_DAY", at: "/target_max_count_per_day" },
];

/// The allowed number of stores or codes is not known. This is more than fits into 64 KiB.
const MANY: usize = 10_000;

pub(super) const STORES: Member =
    body("store_list", Required, List(&Object(&[body("store_id", Required, Name)], &[]), MANY));

/// 添加商品券批次
pub(super) static CREATE: Operation = Operation {
    proofs: &[echoes("product_coupon_id", "/product_coupon_id")],
    ..Operation::numbered(
        "create_stock",
        "添加商品券批次",
        STOCKS,
        "4015781304 (2025-10-21)",
        &[PRODUCT_COUPON_ID_PATH, BRAND_ID, OUT_REQUEST_NO, body("stock", Required, STOCK)],
    )
};

/// 查询商品券批次列表
pub(super) static LIST: Operation = Operation::get(
    "list_stocks",
    "查询商品券批次列表",
    STOCKS,
    "field list of 2025-11-07",
    &[
        PRODUCT_COUPON_ID_PATH,
        member("state", Query, Optional, OneOf(&["AUDITING", "SENDING", "PAUSED", "STOPPED", "DEACTIVATED"])),
        PAGE_SIZE,
        PAGE_TOKEN,
        BRAND_ID_ASKED,
        member("stock_bundle_id", Query, Optional, Name),
    ],
);

/// 修改商品券指定批次
pub(super) static UPDATE: Operation = Operation {
    method: "PATCH",
    proofs: THIS_STOCK,
    ..Operation::numbered(
        "update_stock",
        "修改商品券指定批次",
        ONE_STOCK,
        "field list of 2025-10-21",
        &[
            PRODUCT_COUPON_ID_PATH,
            STOCK_ID_PATH,
            BRAND_ID,
            OUT_REQUEST_NO,
            REMARK_ANEW,
            USAGE_DISPLAY_ANEW,
            COUPON_DISPLAY_ANEW,
            NOTIFY_ANEW,
            SCOPE_ANEW,
        ],
    )
};

/// 查询商品券指定批次
pub(super) static GET: Operation = Operation {
    proofs: THIS_STOCK,
    ..Operation::get(
        "get_stock",
        "查询商品券指定批次",
        ONE_STOCK,
        "field list of 2025-11-07",
        &[PRODUCT_COUPON_ID_PATH, STOCK_ID_PATH, BRAND_ID_ASKED],
    )
};

/// 失效商品券批次: coupons that were sent stay valid.
pub(super) static DEACTIVATE: Operation = Operation {
    proofs: THIS_STOCK,
    ..Operation::numbered(
        "deactivate_stock",
        "失效商品券批次",
        "/product-coupons/{product_coupon_id}/stocks/{stock_id}/deactivate",
        "field list of 2025-10-21",
        &[PRODUCT_COUPON_ID_PATH, STOCK_ID_PATH, BRAND_ID, OUT_REQUEST_NO, DEACTIVATE_REASON],
    )
};

/// 修改商品券批次发放预算
pub(super) static UPDATE_BUDGET: Operation = Operation {
    combinations: BUDGET_RULES,
    proofs: THIS_STOCK,
    ..Operation::numbered(
        "update_stock_budget",
        "修改商品券批次发放预算",
        "/product-coupons/{product_coupon_id}/stocks/{stock_id}/update-budget",
        "field list of 2025-10-21",
        &[
            PRODUCT_COUPON_ID_PATH,
            STOCK_ID_PATH,
            BRAND_ID,
            OUT_REQUEST_NO,
            BUDGET_MODE,
            CURRENT,
            TARGET,
            CURRENT_A_DAY,
            TARGET_A_DAY,
        ],
    )
};

/// 预上传券Code
pub(super) static UPLOAD_CODES: Operation = Operation::numbered(
    "upload_coupon_codes",
    "预上传券Code",
    "/product-coupons/{product_coupon_id}/stocks/{stock_id}/upload-coupon-codes",
    "field list of 2025-08-04",
    &[
        PRODUCT_COUPON_ID_PATH,
        STOCK_ID_PATH,
        BRAND_ID,
        OUT_REQUEST_NO,
        body("code_list", Required, List(&NameUpTo(40), MANY)),
    ],
);

/// 批次关联门店
pub(super) static ASSOCIATE_STORES: Operation = Operation {
    recovery: Recovery::Idempotent,
    ..Operation::post(
        "associate_stores",
        "批次关联门店",
        "/product-coupons/{product_coupon_id}/stocks/{stock_id}/associate-stores",
        "field list of 2025-08-04",
        &[PRODUCT_COUPON_ID_PATH, STOCK_ID_PATH, BRAND_ID, STORES],
    )
};

/// 查询批次关联门店列表
pub(super) static LIST_STORES: Operation = Operation::get(
    "list_associated_stores",
    "查询批次关联门店列表",
    "/product-coupons/{product_coupon_id}/stocks/{stock_id}/associated-stores",
    "field list of 2025-08-04",
    &[PRODUCT_COUPON_ID_PATH, STOCK_ID_PATH, PAGE_SIZE, PAGE_TOKEN, BRAND_ID_ASKED],
);

/// 批次取消关联门店
pub(super) static DISASSOCIATE_STORES: Operation = Operation {
    recovery: Recovery::Idempotent,
    ..Operation::post(
        "disassociate_stores",
        "批次取消关联门店",
        "/product-coupons/{product_coupon_id}/stocks/{stock_id}/disassociate-stores",
        "field list of 2025-08-04",
        &[PRODUCT_COUPON_ID_PATH, STOCK_ID_PATH, BRAND_ID, STORES],
    )
};
