//! A coupon from a short form: product coupon, stock and the sending behind it are made as a brand makes them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Console;
use super::ask::ask;
use super::cards::{Card, card};
use crate::clock::rfc3339;
use crate::crypto::random;
use crate::identities::{APPID, BRAND_ID, OPENID};
use crate::operation::Operation;
use crate::protocol::Api;
use crate::state::coupon::{Day, StoreScope};
use crate::text::Text;

const DAY: i64 = 86_400;
const PICTURE: &str = "https://wxpaylogo.qpic.cn/wxpaylogo/sandbox/0";

/// What a coupon takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Kind {
    /// 满减
    Normal,
    /// 折扣
    Discount,
    /// 兑换
    Exchange,
}

/// Days of the week and seconds of the day, in China's time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Weekly {
    days: Vec<Day>,
    from_s: u32,
    to_s: u32,
}

/// The short form. Amounts are in fen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offer {
    #[serde(default = "product_coupon")]
    family: String,
    #[serde(rename = "type")]
    kind: Kind,
    /// From which price on; 0 = any.
    #[serde(default)]
    threshold: u64,
    /// With `NORMAL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    discount_amount: Option<u64>,
    /// With `DISCOUNT`: 20 takes a fifth off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    percent_off: Option<u64>,
    /// With `EXCHANGE`: what is still to be paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exchange_price: Option<u64>,
    /// 3 to 15 letters; left out, the worth in Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    openid: Option<String>,
    /// Left out, 20 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) coupon_code: Option<String>,
    #[serde(default)]
    begins_in_days: i64,
    /// 1 to 365.
    #[serde(default = "month")]
    valid_days: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hours: Option<Weekly>,
    #[serde(default = "no_stores")]
    stores: StoreScope,
}

fn product_coupon() -> String {
    "product_coupon".to_owned()
}

fn month() -> i64 {
    30
}

fn no_stores() -> StoreScope {
    StoreScope::None
}

/// Makes the coupon; it is then in its user's wallet, confirmed.
pub(crate) fn make(api: &Api, console: &Console, offer: &Offer) -> Result<Card, Text> {
    offer.check()?;
    let random = || random::upper_hex(16);
    let product = offer.product(api, &random()?);
    let made = ask(api, Operation::CreateProductCoupon, Vec::new(), &product)?;
    let id = |pointer: &str| made.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (product_id, stock) = (id("/product_coupon_id"), id("/stock/stock_id"));
    if let StoreScope::Specific { stores } = &offer.stores {
        let list: Vec<Value> = stores.iter().map(|store| json!({ "store_id": store })).collect();
        let params = vec![("product_coupon_id", product_id.clone()), ("stock_id", stock.clone())];
        let answer = ask(
            api,
            Operation::AssociateStores,
            params,
            &json!({ "brand_id": BRAND_ID, "store_list": list }),
        )?;
        let failed = answer.pointer("/failed_store_list/0/store_id").and_then(Value::as_str);
        if let Some(store) = failed {
            return Err(Text::new(
                format!("stores: the brand has no store {store}"),
                format!("stores：品牌没有门店 {store}"),
            ));
        }
    }
    let openid = offer.openid.clone().unwrap_or_else(|| OPENID.to_owned());
    let told = |body: &Value, operation: Operation, object: &str| {
        let number =
            body.get("out_request_no").or_else(|| body.get("send_request_no")).and_then(Value::as_str);
        console.told_here(number.unwrap_or_default(), operation, object, api.state.clock.business_now());
    };
    told(&product, Operation::CreateProductCoupon, &product_id);
    let ids =
        json!({ "product_coupon_id": product_id, "stock_id": stock, "appid": APPID, "brand_id": BRAND_ID });
    let mut sending = with(&ids, "send_request_no", json!(format!("SEND_{}", random()?)));
    if let Some(code) = &offer.coupon_code {
        sending = with(&sending, "coupon_code", json!(code));
    }
    let sent = ask(api, Operation::Send, vec![("openid", openid.clone())], &sending)?;
    let code = sent.get("coupon_code").and_then(Value::as_str).unwrap_or_default().to_owned();
    told(&sending, Operation::Send, &code);
    let confirming = with(&ids, "out_request_no", json!(format!("CONFIRM_{}", random()?)));
    let params = vec![("openid", openid), ("coupon_code", code.clone())];
    ask(api, Operation::Confirm, params, &confirming)?;
    told(&confirming, Operation::Confirm, &code);
    console.remember(Offer { coupon_code: Some(code.clone()), ..offer.clone() });
    card(api, &code).ok_or_else(|| Text::new("the coupon was not kept", "券没有保存下来"))
}

fn with(object: &Value, name: &str, member: Value) -> Value {
    let mut object = object.clone();
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), member);
    }
    object
}

impl Offer {
    fn check(&self) -> Result<(), Text> {
        if self.family != product_coupon() {
            return Err(Text::new(
                format!("family: {} is not known; product_coupon is", self.family),
                format!("family：不支持 {}，只支持 product_coupon", self.family),
            ));
        }
        let given = [self.discount_amount, self.percent_off, self.exchange_price];
        let (wanted, name) = match self.kind {
            Kind::Normal => (0, "discount_amount"),
            Kind::Discount => (1, "percent_off"),
            Kind::Exchange => (2, "exchange_price"),
        };
        let fits = given.iter().enumerate().all(|(index, value)| value.is_some() == (index == wanted));
        if !fits {
            return Err(Text::new(
                format!("type goes with {name} and nothing else"),
                format!("这种 type 必须填 {name}，且只能填它"),
            ));
        }
        if !(1..=365).contains(&self.valid_days) || !(-365..=365).contains(&self.begins_in_days) {
            return Err(Text::new(
                "valid_days must be 1 to 365, begins_in_days -365 to 365",
                "valid_days 必须在 1 到 365 之间，begins_in_days 必须在 -365 到 365 之间",
            ));
        }
        Ok(())
    }

    /// The body of `create_product_coupon`.
    fn product(&self, api: &Api, random: &str) -> Value {
        let (kind, member, terms) = self.terms();
        let mut display =
            json!({ "name": self.shown_name(), "image_url": PICTURE, "background_url": PICTURE });
        let mut rule = json!({ "coupon_available_period": self.period(api.state.clock.business_now()) });
        let mut product = json!({
            "brand_id": BRAND_ID,
            "out_request_no": format!("OFFER_{random}"),
            "scope": "ALL",
            "type": kind,
            "usage_mode": "SINGLE",
        });
        // Exchange is for one product alone, whose terms stand in its stock.
        if self.kind == Kind::Exchange {
            let price = self.threshold.max(self.exchange_price.unwrap_or(0)).max(1);
            let choice = json!({ "name": "沙箱商品", "price": price, "count": 1 });
            let combo = json!([{ "name": "沙箱套餐", "pick_count": 1, "choice_list": [choice] }]);
            display = with(&with(&display, "original_price", json!(price)), "combo_package_list", combo);
            rule = with(&rule, member, terms);
            product = with(&product, "scope", json!("SINGLE"));
        } else {
            product = with(&product, "single_usage_info", json!({ member: terms }));
        }
        let scope = match self.stores {
            StoreScope::None => "NONE",
            StoreScope::All => "ALL",
            StoreScope::Specific { .. } => "SPECIFIC",
        };
        let stock = json!({
            "remark": "沙箱控制台",
            "coupon_code_mode": if self.coupon_code.is_some() { "API_ASSIGN" } else { "WECHATPAY" },
            "stock_send_rule": { "max_count": 1000, "max_count_per_user": 100 },
            "single_usage_rule": rule,
            "usage_rule_display_info": {
                "coupon_usage_method_list": ["OFFLINE"],
                "usage_description": "到店出示券码,由收银员核销",
            },
            "coupon_display_info": { "code_display_mode": "QRCODE", "background_color": "Color010" },
            "notify_config": { "notify_appid": APPID },
            "store_scope": scope,
        });
        with(&with(&product, "display_info", display), "stock", stock)
    }

    fn terms(&self) -> (&'static str, &'static str, Value) {
        let threshold = self.threshold;
        match self.kind {
            Kind::Normal => (
                "NORMAL",
                "normal_coupon",
                json!({ "threshold": threshold, "discount_amount": self.discount_amount }),
            ),
            Kind::Discount => (
                "DISCOUNT",
                "discount_coupon",
                json!({ "threshold": threshold, "percent_off": self.percent_off }),
            ),
            Kind::Exchange => (
                "EXCHANGE",
                "exchange_coupon",
                json!({ "threshold": threshold, "exchange_price": self.exchange_price }),
            ),
        }
    }

    fn period(&self, now: i64) -> Value {
        let begin = now + self.begins_in_days * DAY;
        let period = json!({
            "available_begin_time": rfc3339(begin),
            "available_end_time": rfc3339(begin + self.valid_days * DAY - 1),
        });
        let Some(hours) = &self.hours else {
            return period;
        };
        let week = json!({
            "day_list": hours.days,
            "day_period_list": [{ "begin_time": hours.from_s, "end_time": hours.to_s }],
        });
        with(&period, "weekly_available_period", week)
    }

    fn shown_name(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let over = if self.threshold == 0 { String::new() } else { format!("满{}", yuan(self.threshold)) };
        match self.kind {
            Kind::Normal => {
                let off = yuan(self.discount_amount.unwrap_or(0));
                if over.is_empty() { format!("立减{off}元") } else { format!("{over}减{off}") }
            }
            Kind::Discount => {
                let left = 100 - self.percent_off.unwrap_or(0).min(100);
                match left % 10 {
                    0 => format!("{over}打{}折", left / 10),
                    tenths => format!("{over}打{}.{tenths}折", left / 10),
                }
            }
            Kind::Exchange => format!("{over}可{}元换购", yuan(self.exchange_price.unwrap_or(0))),
        }
    }
}

/// Fen as yuan, without zeros that say nothing.
fn yuan(fen: u64) -> String {
    match fen % 100 {
        0 => format!("{}", fen / 100),
        rest => format!("{}.{rest:02}", fen / 100),
    }
}
