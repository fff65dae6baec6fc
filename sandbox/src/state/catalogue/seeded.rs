//! The product coupons and stocks every sandbox starts with.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use super::period::Period;
use super::stock::{CodeMode, Codes, Sent, Stock, china_day};
use super::{Catalogue, Product, UsageMode};
use crate::clock::rfc3339;
use crate::identities::{
    APPID, BRAND_ID, BUNDLE_PRODUCT_COUPON_ID, BUNDLE_STOCK_IDS, PRODUCT_COUPON_ID, STOCK_BUNDLE_ID, STOCK_ID,
};

const DAY: i64 = 86_400;
const RUNGS: u32 = 3;
const PICTURE: &str = "https://wxpaylogo.qpic.cn/wxpaylogo/sandbox/0";

impl Catalogue {
    pub(crate) fn seeded(now: i64) -> Self {
        let midnight = now - (now + 8 * 3600).rem_euclid(DAY);
        let begin = midnight - 30 * DAY;
        let end = midnight + 300 * DAY - 1;
        let mut catalogue = Self {
            products: vec![
                Product { product_coupon_id: PRODUCT_COUPON_ID.to_owned(), details: single_product() },
                Product {
                    product_coupon_id: BUNDLE_PRODUCT_COUPON_ID.to_owned(),
                    details: bundle_product(RUNGS),
                },
            ],
            stocks: Vec::new(),
            receipts: HashMap::new(),
            tokens: HashMap::new(),
            image_tasks: BTreeMap::new(),
            valid_begin: begin,
            valid_end: end,
        };
        catalogue.stocks.extend(stock(
            0,
            STOCK_ID,
            UsageMode::Single,
            single_stock(PRODUCT_COUPON_ID, STOCK_ID, begin, end),
            now,
        ));
        for (stock_id, rung) in BUNDLE_STOCK_IDS.into_iter().zip(0..) {
            let mode = UsageMode::Bundle { rung, total: RUNGS, interval_days: 0 };
            catalogue.stocks.extend(stock(1, stock_id, mode, bundle_stock(stock_id, rung, begin, end), now));
        }
        catalogue
    }
}

/// A seeded stock: a hundred of its thousand uploaded codes are gone.
pub(super) fn stock(
    product: u16,
    stock_id: &str,
    mode: UsageMode,
    details: Value,
    now: i64,
) -> Option<Stock> {
    let rule = match mode {
        UsageMode::Single => "single_usage_rule",
        UsageMode::Bundle { .. } => "progressive_bundle_usage_rule",
    };
    let text = |name: &str| details.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let bundle = details.get("stock_bundle_info").and_then(|info| info.get("stock_bundle_id"));
    let mut codes = Codes::default();
    for number in 101..=1000 {
        codes.add(&format!("SBX_CODE_{stock_id}_{number:04}"));
    }
    codes.total = 1000;
    Some(Stock {
        product,
        product_coupon_id: text("product_coupon_id"),
        stock_id: stock_id.to_owned(),
        mode,
        stock_bundle_id: bundle.and_then(Value::as_str).map(str::to_owned),
        period: Period::read(details.get(rule)?.get("coupon_available_period")?)?,
        code_mode: CodeMode::Upload,
        rule: serde_json::from_value(details.get("stock_send_rule")?.clone()).ok()?,
        sent: Sent { total: 100, day: china_day(now), today: 1, ..Sent::default() },
        codes,
        stores: BTreeSet::new(),
        details,
    })
}

pub(super) fn display_info(name: &str) -> Value {
    json!({
        "name": name,
        "image_url": PICTURE,
        "background_url": PICTURE,
        "detail_image_url_list": [PICTURE],
    })
}

fn single_product() -> Value {
    json!({
        "product_coupon_id": PRODUCT_COUPON_ID,
        "scope": "ALL",
        "type": "DISCOUNT",
        "usage_mode": "SINGLE",
        "single_usage_info": { "discount_coupon": { "threshold": 10_000, "percent_off": 20 } },
        "display_info": display_info("全场满100立打8折"),
        "state": "EFFECTIVE",
        "out_product_no": "Product_1234567890",
        "brand_id": BRAND_ID,
    })
}

fn bundle_product(total: u32) -> Value {
    json!({
        "product_coupon_id": BUNDLE_PRODUCT_COUPON_ID,
        "scope": "ALL",
        "type": "NORMAL",
        "usage_mode": "PROGRESSIVE_BUNDLE",
        "progressive_bundle_usage_info": { "count": total, "interval_days": 0 },
        "display_info": display_info("三次满减,次次更优惠"),
        "state": "EFFECTIVE",
        "out_product_no": "Product_1234567891",
        "brand_id": BRAND_ID,
    })
}

fn available_period(begin: i64, end: i64) -> Value {
    json!({
        "available_begin_time": rfc3339(begin),
        "available_end_time": rfc3339(end),
        "available_days": 30,
    })
}

/// The members both kinds of stock share.
fn stock_base(product_coupon_id: &str, stock_id: &str, remark: &str) -> Value {
    json!({
        "product_coupon_id": product_coupon_id,
        "stock_id": stock_id,
        "remark": remark,
        "coupon_code_mode": "UPLOAD",
        "coupon_code_count_info": { "total_count": 1000, "available_count": 900 },
        "stock_send_rule": { "max_count": 10_000_000, "max_count_per_user": 1 },
        "usage_rule_display_info": {
            "coupon_usage_method_list": ["OFFLINE", "MINI_PROGRAM", "PAYMENT_CODE"],
            "mini_program_appid": "wx1234567890",
            "mini_program_path": "/pages/index/product",
            "usage_description": "到店出示券码,由收银员核销",
            "coupon_available_store_info": {
                "description": "所有门店可用,可使用小程序查看门店列表",
                "mini_program_appid": "wx1234567890",
                "mini_program_path": "/pages/index/store-list",
            },
        },
        "coupon_display_info": {
            "code_display_mode": "QRCODE",
            "background_color": "Color010",
            "entrance_mini_program": {
                "appid": "wx1234567890",
                "path": "/pages/index/product",
                "entrance_wording": "欢迎选购",
                "guidance_wording": "获取更多优惠",
            },
            "entrance_official_account": { "appid": "wx1234567890" },
            "entrance_finder": {
                "finder_id": "gh_12345678",
                "finder_video_id": "UDFsdf24df34dD456Hdf34",
                "finder_video_cover_image_url": PICTURE,
            },
        },
        "notify_config": { "notify_appid": APPID },
        "store_scope": "NONE",
        "sent_count_info": { "total_count": 100, "today_count": 1 },
        "state": "SENDING",
        "brand_id": BRAND_ID,
    })
}

fn with(mut object: Value, name: &str, member: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), member);
    }
    object
}

pub(super) fn single_stock(product_coupon_id: &str, stock_id: &str, begin: i64, end: i64) -> Value {
    let rule = json!({ "coupon_available_period": available_period(begin, end) });
    let stock = stock_base(product_coupon_id, stock_id, "沙箱单券批次");
    with(stock, "single_usage_rule", rule)
}

fn bundle_stock(stock_id: &str, rung: u32, begin: i64, end: i64) -> Value {
    let rule = json!({
        "coupon_available_period": available_period(begin, end),
        "normal_coupon": { "threshold": 3000, "discount_amount": 500 + 100 * rung },
    });
    let place = json!({ "stock_bundle_id": STOCK_BUNDLE_ID, "stock_bundle_index": rung });
    let stock = stock_base(BUNDLE_PRODUCT_COUPON_ID, stock_id, "沙箱多次优惠批次");
    let stock = with(stock, "progressive_bundle_usage_rule", rule);
    with(stock, "stock_bundle_info", place)
}
