//! What a brand sets up: bodies and calls of the operations of management,
//! and of sending.
// `manage(…, json!({ … }))` reads well.
#![allow(clippy::needless_pass_by_value)]

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::offset;
use wxcoupon_sandbox::{APPID, BRAND_ID, OPENID, Sandbox};

use super::{Call, Till, coupon_path};

pub const BASE: &str = "/v3/marketing/partner/product-coupon";
const PICTURE: &str = "https://wxpaylogo.qpic.cn/wxpaylogo/test/0";

/// Where a created stock, or one rung of a created bundle, is.
#[derive(Debug, Clone)]
pub struct Offer {
    pub product: String,
    pub stock: String,
    /// Empty for stocks of single coupons.
    pub bundle: String,
}

/// A time some days from now.
pub fn in_days(days: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(super::unix() + days * 86_400).unwrap();
    at.to_offset(offset!(+8)).format(&Rfc3339).unwrap()
}

pub fn display_info() -> Value {
    json!({ "name": "满减券测试", "image_url": PICTURE, "background_url": PICTURE })
}

/// From yesterday, for a hundred days.
pub fn period() -> Value {
    json!({ "available_begin_time": in_days(-1), "available_end_time": in_days(99) })
}

/// The members stock and stock bundle share.
fn stock_base(code_mode: &str) -> Value {
    json!({
        "remark": "测试批次",
        "coupon_code_mode": code_mode,
        "stock_send_rule": { "max_count": 100, "max_count_per_user": 10 },
        "usage_rule_display_info": {
            "coupon_usage_method_list": ["OFFLINE"],
            "usage_description": "到店出示券码",
        },
        "coupon_display_info": { "code_display_mode": "QRCODE", "background_color": "Color010" },
        "notify_config": { "notify_appid": APPID },
        "store_scope": "NONE",
    })
}

pub fn stock_body(code_mode: &str) -> Value {
    with(&stock_base(code_mode), "/single_usage_rule", json!({ "coupon_available_period": period() }))
}

pub fn stock_bundle_body() -> Value {
    let terms: Vec<Value> =
        [500, 500, 700].map(|off| json!({ "threshold": 3000, "discount_amount": off })).into();
    let rule = json!({ "coupon_available_period": period(), "normal_coupon_list": terms });
    with(&stock_base("WECHATPAY"), "/progressive_bundle_usage_rule", rule)
}

pub fn product_body(number: &str, code_mode: &str) -> Value {
    json!({
        "brand_id": BRAND_ID,
        "out_request_no": number,
        "scope": "ALL",
        "type": "NORMAL",
        "usage_mode": "SINGLE",
        "single_usage_info": { "normal_coupon": { "threshold": 10_000, "discount_amount": 2_000 } },
        "display_info": display_info(),
        "out_product_no": "Product_1",
        "stock": stock_body(code_mode),
    })
}

pub fn bundle_product_body(number: &str) -> Value {
    json!({
        "brand_id": BRAND_ID,
        "out_request_no": number,
        "scope": "ALL",
        "type": "NORMAL",
        "usage_mode": "PROGRESSIVE_BUNDLE",
        "progressive_bundle_usage_info": { "count": 3, "interval_days": 0 },
        "display_info": display_info(),
        "stock_bundle": stock_bundle_body(),
    })
}

/// Sets the member a JSON pointer names; null takes it away.
pub fn with(body: &Value, pointer: &str, value: Value) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match body.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}")) {
        Value::Object(members) if value.is_null() => drop(members.remove(name)),
        Value::Object(members) => drop(members.insert(name.into(), value)),
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        other => panic!("{pointer}: {other}"),
    }
    body
}

pub fn create(body: &Value) -> Call {
    Call::new("POST", &format!("{BASE}/product-coupons")).json(body)
}

/// Creates a product coupon with a stock.
pub fn offer(till: &Till, number: &str, code_mode: &str) -> Offer {
    offer_of(till, &product_body(number, code_mode)).remove(0)
}

/// Creates a product coupon; its stock, or those of its bundle.
pub fn offer_of(till: &Till, body: &Value) -> Vec<Offer> {
    let made = till.ok(&create(body));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let product = text(&made["product_coupon_id"]);
    let offer = |stock: &Value, bundle: &Value| Offer {
        product: product.clone(),
        stock: text(&stock["stock_id"]),
        bundle: text(bundle),
    };
    if let Some(stock) = made.get("stock") {
        return vec![offer(stock, &Value::Null)];
    }
    let bundle = &made["stock_bundle"];
    let stocks = bundle["stock_list"].as_array().unwrap();
    stocks.iter().map(|stock| offer(stock, &bundle["stock_bundle_id"])).collect()
}

impl Offer {
    /// The four ids, with a request number.
    fn body(&self, number: &str) -> Value {
        json!({
            "product_coupon_id": self.product,
            "stock_id": self.stock,
            "appid": APPID,
            "brand_id": BRAND_ID,
            "out_request_no": number,
        })
    }

    pub fn stock_path(&self) -> String {
        format!("{BASE}/product-coupons/{}/stocks/{}", self.product, self.stock)
    }

    pub fn bundle_path(&self) -> String {
        format!("{BASE}/product-coupons/{}/stock-bundles/{}", self.product, self.bundle)
    }

    pub fn send(&self, number: &str) -> Call {
        self.send_to(OPENID, number)
    }

    pub fn send_to(&self, openid: &str, number: &str) -> Call {
        self.sending(&format!("{openid}/coupons"), "stock_id", &self.stock, number)
    }

    pub fn pre_send(&self, number: &str) -> Call {
        self.sending(&format!("{OPENID}/pre-send-coupon"), "stock_id", &self.stock, number)
    }

    pub fn bundle_send(&self, number: &str) -> Call {
        self.sending(&format!("{OPENID}/coupon-bundles"), "stock_bundle_id", &self.bundle, number)
    }

    pub fn bundle_pre_send(&self, number: &str) -> Call {
        self.sending(&format!("{OPENID}/pre-send-coupon-bundle"), "stock_bundle_id", &self.bundle, number)
    }

    fn sending(&self, path: &str, name: &str, id: &str, number: &str) -> Call {
        let body = json!({
            "product_coupon_id": self.product,
            name: id,
            "appid": APPID,
            "brand_id": BRAND_ID,
            "send_request_no": number,
        });
        Call::new("POST", &format!("{BASE}/users/{path}")).json(&body)
    }

    /// `confirm`, `return` …
    pub fn on_coupon(&self, code: &str, action: &str, number: &str) -> Call {
        Call::new("POST", &format!("{}/{action}", coupon_path(OPENID, code))).json(&self.body(number))
    }

    pub fn use_call(&self, code: &str, number: &str) -> Call {
        self.on_coupon(code, "use", number)
            .with("use_time", json!(super::USE_TIME))
            .with("associated_order_info", json!({ "transaction_id": "4200000000123456789123456789" }))
    }

    pub fn deactivate(&self, code: &str, number: &str) -> Call {
        self.on_coupon(code, "deactivate", number).with("deactivate_reason", json!("商品已下架"))
    }

    pub fn bundle_deactivate(&self, user_bundle: &str, number: &str) -> Call {
        let body = json!({
            "product_coupon_id": self.product,
            "stock_bundle_id": self.bundle,
            "appid": APPID,
            "brand_id": BRAND_ID,
            "out_request_no": number,
            "deactivate_reason": "商品已下架",
        });
        let path = format!("{BASE}/users/{OPENID}/coupon-bundles/{user_bundle}/deactivate");
        Call::new("POST", &path).json(&body)
    }

    pub fn query(&self, code: &str) -> Call {
        let query = format!(
            "product_coupon_id={}&stock_id={}&appid={APPID}&brand_id={BRAND_ID}",
            self.product, self.stock
        );
        Call::new("GET", &format!("{}?{query}", coupon_path(OPENID, code)))
    }
}

/// An operation of management with a request number.
pub fn manage(method: &str, path: &str, number: &str, more: Value) -> Call {
    let mut body = json!({ "brand_id": BRAND_ID, "out_request_no": number });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Call::new(method, path).json(&body)
}

/// A reading operation of management.
pub fn read(path: &str, query: &str) -> Call {
    Call::new("GET", &format!("{path}?brand_id={BRAND_ID}{query}"))
}

pub fn list(query: &str) -> Call {
    let path = format!("{BASE}/users/{OPENID}/coupons?appid={APPID}&brand_id={BRAND_ID}{query}");
    Call::new("GET", &path)
}

pub fn code(coupon: &Value) -> String {
    coupon["coupon_code"].as_str().unwrap().to_owned()
}

/// What happened: operation and effect in words.
pub fn effects(sandbox: &Sandbox) -> Vec<String> {
    let text = |e: &wxcoupon_sandbox::LedgerEntry| {
        format!("{} {}", e.operation, serde_json::to_value(e.effect).unwrap().as_str().unwrap())
    };
    sandbox.ledger().iter().map(text).collect()
}
