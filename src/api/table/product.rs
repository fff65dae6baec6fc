//! Product coupons: what a brand offers.

use super::super::Combination::{ForbidsWhen, NeedsWhen, NotBoth};
use super::super::Presence::{Optional, Required};
use super::super::Rule::{Between, NameUpTo, Object, OneOf};
use super::super::{Operation, Rule};
use super::shapes::{DISCOUNT, NORMAL, PRODUCT_DISPLAY, STOCK, STOCK_BUNDLE};
use super::{
    BRAND_ID, BRAND_ID_ASKED, DEACTIVATE_REASON, OUT_REQUEST_NO, PRODUCT_COUPON_ID_PATH, body, echoes,
};

const PRODUCTS: &str = "/product-coupons";
const PRODUCT: &str = "/product-coupons/{product_coupon_id}";

/// `CATEGORY` is known from a third party of 2026-07 only.
pub(super) const SCOPES: Rule = OneOf(&["ALL", "SINGLE", "CATEGORY"]);
pub(super) const TYPES: Rule = OneOf(&["NORMAL", "DISCOUNT", "EXCHANGE"]);

const SINGLE_INFO: Rule =
    Object(&[body("normal_coupon", Optional, NORMAL), body("discount_coupon", Optional, DISCOUNT)], &[]);

const BUNDLE_INFO: Rule =
    Object(&[body("count", Required, Between(3, 15)), body("interval_days", Optional, Between(0, 7))], &[]);

/// The withdrawn usage mode.
const SEQUENTIAL_INFO: Rule = Object(
    &[
        body("type", Required, OneOf(&["INCREMENTAL", "EQUAL"])),
        body("count", Required, Between(1, 15)),
        body("available_days", Required, Between(3, 365)),
        body("interval_days", Optional, Between(0, 7)),
    ],
    &[],
);

/// 创建商品券, with its first stock or bundle of stocks.
///
/// The field list that could be read mixes the newest model with the withdrawn `SEQUENTIAL` one; in the newest,
/// a coupon of mode `PROGRESSIVE_BUNDLE` is made with `stock_bundle` in place of `stock`.
pub(super) static CREATE: Operation = Operation {
    combinations: &[
        NeedsWhen { member: "usage_mode", is: "SINGLE", at: "/stock" },
        NeedsWhen { member: "usage_mode", is: "SEQUENTIAL", at: "/stock" },
        NeedsWhen { member: "usage_mode", is: "SEQUENTIAL", at: "/sequential_usage_info" },
        NeedsWhen { member: "usage_mode", is: "PROGRESSIVE_BUNDLE", at: "/stock_bundle" },
        NeedsWhen { member: "usage_mode", is: "PROGRESSIVE_BUNDLE", at: "/progressive_bundle_usage_info" },
        NeedsWhen { member: "scope", is: "SINGLE", at: "/display_info/original_price" },
        NeedsWhen { member: "scope", is: "SINGLE", at: "/display_info/combo_package_list" },
        NotBoth([("scope", "ALL"), ("type", "EXCHANGE")]),
        ForbidsWhen { member: "type", is: "NORMAL", at: "/single_usage_info/discount_coupon" },
        ForbidsWhen { member: "type", is: "DISCOUNT", at: "/single_usage_info/normal_coupon" },
        ForbidsWhen { member: "type", is: "EXCHANGE", at: "/single_usage_info/normal_coupon" },
        ForbidsWhen { member: "type", is: "EXCHANGE", at: "/single_usage_info/discount_coupon" },
    ],
    ..Operation::numbered(
        "create_product_coupon",
        "创建商品券",
        PRODUCTS,
        "4016434630 (2025-12-31)",
        &[
            BRAND_ID,
            OUT_REQUEST_NO,
            body("scope", Required, SCOPES),
            body("type", Required, TYPES),
            body("usage_mode", Required, OneOf(&["SINGLE", "PROGRESSIVE_BUNDLE", "SEQUENTIAL"])),
            body("single_usage_info", Optional, SINGLE_INFO),
            body("progressive_bundle_usage_info", Optional, BUNDLE_INFO),
            body("sequential_usage_info", Optional, SEQUENTIAL_INFO),
            body("display_info", Required, PRODUCT_DISPLAY),
            body("out_product_no", Optional, NameUpTo(40)),
            body("stock", Optional, STOCK),
            body("stock_bundle", Optional, STOCK_BUNDLE),
        ],
    )
};

/// 修改商品券
pub(super) static UPDATE: Operation = Operation {
    method: "PATCH",
    proofs: &[echoes("product_coupon_id", "/product_coupon_id")],
    ..Operation::numbered(
        "update_product_coupon",
        "修改商品券",
        PRODUCT,
        "field list of 2025-11-07",
        &[PRODUCT_COUPON_ID_PATH, BRAND_ID, OUT_REQUEST_NO, body("display_info", Required, PRODUCT_DISPLAY)],
    )
};

/// 查询商品券
pub(super) static GET: Operation = Operation {
    proofs: &[echoes("product_coupon_id", "/product_coupon_id")],
    ..Operation::get(
        "get_product_coupon",
        "查询商品券",
        PRODUCT,
        "field list of 2025-11-07",
        &[PRODUCT_COUPON_ID_PATH, BRAND_ID_ASKED],
    )
};

/// 失效商品券
pub(super) static DEACTIVATE: Operation = Operation {
    proofs: &[echoes("product_coupon_id", "/product_coupon_id")],
    ..Operation::numbered(
        "deactivate_product_coupon",
        "失效商品券",
        "/product-coupons/{product_coupon_id}/deactivate",
        "4016434631 (2025-11-07)",
        &[PRODUCT_COUPON_ID_PATH, BRAND_ID, OUT_REQUEST_NO, DEACTIVATE_REASON],
    )
};
