//! Product coupons and stocks, and who may touch them.

use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::refusal::{Reason, Refusal};

/// The app id linked to the brand.
pub const APPID: &str = "wx233544546545989";
/// The brand that has authorised the service provider.
pub const BRAND_ID: &str = "120344";
/// A brand that exists but has not: every call about it is `NO_AUTH`.
pub const UNAUTHORISED_BRAND_ID: &str = "120345";
/// The product coupon of the seeded single-use coupons.
pub const PRODUCT_COUPON_ID: &str = "1000000013";
/// The stock of the seeded single-use coupons.
pub const STOCK_ID: &str = "1000000013001";
/// The product coupon of the seeded bundle.
pub const BUNDLE_PRODUCT_COUPON_ID: &str = "1000000014";
/// The stocks of the seeded bundle's rungs.
pub const BUNDLE_STOCK_IDS: [&str; 3] = ["1000000014001", "1000000014002", "1000000014003"];
/// The brand's stores.
pub const STORE_IDS: [&str; 2] = ["500001", "500002"];

const DAY: i64 = 86_400;
const PICTURE: &str = "https://wxpaylogo.qpic.cn/wxpaylogo/sandbox/0";

/// How often a coupon of a stock can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Single,
    /// One rung of a bundle.
    Bundle {
        rung: u32,
        total: u32,
    },
}

/// One stock with the texts that go into answers.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "the API calls it stock_id")]
pub(crate) struct Stock {
    pub(crate) product_coupon_id: &'static str,
    pub(crate) stock_id: &'static str,
    pub(crate) mode: Mode,
    /// `product_coupon` as answers show it.
    pub(crate) product: Value,
    /// `stock` as answers show it.
    pub(crate) details: Value,
}

/// The four ids every request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) product_coupon_id: String,
    pub(crate) stock_id: String,
    pub(crate) appid: String,
    pub(crate) brand_id: String,
}

/// All stocks.
#[derive(Debug)]
pub(crate) struct Catalogue {
    stocks: Vec<Stock>,
    /// Validity of coupons that have none of their own.
    pub(crate) valid_begin: i64,
    pub(crate) valid_end: i64,
}

impl Catalogue {
    pub(crate) fn seeded(now: i64) -> Self {
        let midnight = now - (now + 8 * 3600).rem_euclid(DAY);
        let begin = midnight - 30 * DAY;
        let end = midnight + 300 * DAY - 1;
        let total = 3;
        let rungs = BUNDLE_STOCK_IDS.into_iter().zip(0..).map(|(stock_id, rung)| Stock {
            product_coupon_id: BUNDLE_PRODUCT_COUPON_ID,
            stock_id,
            mode: Mode::Bundle { rung, total },
            product: bundle_product(total),
            details: bundle_stock(stock_id, rung, begin, end),
        });
        let single = Stock {
            product_coupon_id: PRODUCT_COUPON_ID,
            stock_id: STOCK_ID,
            mode: Mode::Single,
            product: single_product(),
            details: single_stock(begin, end),
        };
        Self { stocks: std::iter::once(single).chain(rungs).collect(), valid_begin: begin, valid_end: end }
    }

    pub(crate) fn stock(&self, index: u16) -> Option<&Stock> {
        self.stocks.get(usize::from(index))
    }

    pub(crate) fn find_stock(&self, stock_id: &str) -> Option<u16> {
        self.stocks.iter().zip(0_u16..).find(|(stock, _)| stock.stock_id == stock_id).map(|(_, index)| index)
    }

    /// Whether the caller may act on these objects, and which stock it is.
    pub(crate) fn check(&self, ids: &Ids) -> Result<u16, Refusal> {
        if ids.brand_id == UNAUTHORISED_BRAND_ID {
            return Err(Refusal::because(Reason::NoAuthority, "brand has not authorised this mchid"));
        }
        if ids.brand_id != BRAND_ID {
            return Err(Refusal::because(Reason::ObjectAbsent, "no such brand_id"));
        }
        if ids.appid != APPID {
            return Err(Refusal::because(Reason::AppidNotLinked, "appid is not linked to the brand"));
        }
        if !self.stocks.iter().any(|stock| stock.product_coupon_id == ids.product_coupon_id) {
            return Err(Refusal::because(Reason::ObjectAbsent, "no such product_coupon_id"));
        }
        self.find_stock(&ids.stock_id)
            .filter(|index| {
                self.stock(*index).is_some_and(|stock| stock.product_coupon_id == ids.product_coupon_id)
            })
            .ok_or_else(|| Refusal::because(Reason::ObjectAbsent, "no such stock_id in this product coupon"))
    }

    /// Whether the brand has this store.
    pub(crate) fn has_store(store_id: &str) -> bool {
        STORE_IDS.contains(&store_id)
    }
}

fn display_info(name: &str) -> Value {
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

fn single_stock(begin: i64, end: i64) -> Value {
    let rule = json!({ "coupon_available_period": available_period(begin, end) });
    let stock = stock_base(PRODUCT_COUPON_ID, STOCK_ID, "沙箱单券批次");
    with(stock, "single_usage_rule", rule)
}

fn bundle_stock(stock_id: &str, rung: u32, begin: i64, end: i64) -> Value {
    let rule = json!({
        "coupon_available_period": available_period(begin, end),
        "normal_coupon": { "threshold": 3000, "discount_amount": 500 + 100 * rung },
    });
    let place = json!({ "stock_bundle_id": "712315129419284901", "stock_bundle_index": rung });
    let stock = stock_base(BUNDLE_PRODUCT_COUPON_ID, stock_id, "沙箱多次优惠批次");
    let stock = with(stock, "progressive_bundle_usage_rule", rule);
    with(stock, "stock_bundle_info", place)
}
