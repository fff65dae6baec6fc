//! The caller's input of a scan: what was scanned, the basket, and who asks.

use super::masked::without_payment_codes;
use super::text;
use crate::api;
use crate::error::{Error, Result};
use crate::json::{self, At, kind, pointer};
use crate::name::is_merchant_number;
use crate::quote::{self, BASKET, Defaults};
use crate::status::Code;
use serde_json::{Map, Value};
use std::time::Duration;
use time::OffsetDateTime;

/// What there is to find coupons by.
#[derive(Debug)]
pub enum Asked {
    /// What the scanner gave: the code of a coupon, or a payment code.
    Scan(String),
    /// A user who is known already.
    Openid(String),
    /// A payment code, and nothing else.
    PaymentCode(String),
}

/// The members about the merchant who takes the money, for the look-up of a payment code.
#[derive(Debug, Default, Clone)]
pub struct PaymentSide {
    /// The app id of the look-up, if it is not the one of the coupons.
    pub appid: Option<String>,
    /// `sub_appid`
    pub sub_appid: Option<String>,
    /// `sub_mch_id`
    pub sub_mch_id: Option<String>,
}

/// A checked question.
#[derive(Debug)]
pub struct Question {
    /// What there is to find coupons by.
    pub asked: Asked,
    /// The app id of the coupons.
    pub appid: Option<String>,
    /// Only coupons of this brand.
    pub brand_id: Option<String>,
    /// Only coupons of this product coupon.
    pub product_coupon_id: Option<String>,
    /// Only coupons of this stock.
    pub stock_id: Option<String>,
    /// Coupons of the older family (商家券) of stocks of this merchant are listed, too.
    pub belong_merchant: Option<String>,
    /// Who takes the money.
    pub payment_side: PaymentSide,
    /// Limit of this call, in place of the configured one.
    pub timeout: Option<Duration>,
    basket: Map<String, Value>,
    products: Map<String, Value>,
}

/// Members besides those of the basket.
const KNOWN: [&str; 12] = [
    "scan",
    "openid",
    "auth_code",
    "appid",
    "brand_id",
    "product_coupon_id",
    "stock_id",
    "products",
    "apiv2_appid",
    "sub_appid",
    "sub_mch_id",
    "belong_merchant",
];
/// Members of the basket that differ from product coupon to product coupon.
const OF_A_PRODUCT: [&str; 4] =
    ["product_amount", "product_quantity", "product_unit_price", "stock_store_ids"];
/// The documentation gives its type as String(128).
const LONGEST_PAYMENT_CODE: usize = 128;

fn refuse(field: &str, message: impl Into<String>) -> Error {
    Error::at(Code::Request, field, message)
}

impl Question {
    /// Reads and checks the caller's JSON, so that nothing is asked for a basket that cannot be quoted.
    pub fn read(input: &str, defaults: &Defaults<'_>, now: OffsetDateTime) -> Result<Question> {
        Question::parse(input, defaults, now).map_err(without_payment_codes)
    }

    fn parse(input: &str, defaults: &Defaults<'_>, now: OffsetDateTime) -> Result<Question> {
        let mut members = json::parse_object(input)?;
        let timeout = api::take_options(&mut members)?.timeout;
        let mut own = Own(members);
        let asked = own.asked()?;
        let mut question = Question {
            asked,
            appid: own.name("appid")?,
            brand_id: own.name("brand_id")?,
            product_coupon_id: own.name("product_coupon_id")?,
            stock_id: own.name("stock_id")?,
            belong_merchant: own.merchant("belong_merchant")?,
            payment_side: PaymentSide {
                appid: own.name("apiv2_appid")?,
                sub_appid: own.name("sub_appid")?,
                sub_mch_id: own.merchant("sub_mch_id")?,
            },
            timeout,
            products: own.products()?,
            basket: Map::new(),
        };
        question.basket = own.basket()?;
        let has_products =
            !question.products.is_empty() || question.basket.keys().any(|name| is_about_money(name));
        if has_products && !question.has_amount() {
            return Err(refuse("/amount", "amount is missing: the basket has products and no amount"));
        }
        quote::check_basket(question.conditions(question.basket.clone()), defaults, now)?;
        for (id, product) in &question.products {
            let mut basket = question.conditions(question.basket.clone());
            basket.extend(json::into_object(product.clone()).unwrap_or_default());
            quote::check_basket(basket, defaults, now).map_err(|error| {
                let at = error.field.map(|field| format!("{}{field}", pointer("/products", id)));
                Error { field: at, ..error }
            })?;
        }
        Ok(question)
    }

    /// Whether there is something to take a discount off.
    pub fn has_amount(&self) -> bool {
        self.basket.contains_key("amount")
    }

    /// The basket as a quote of a coupon of this product coupon and stock takes it. Without an amount it serves to check
    /// whether the coupon can be used at all.
    pub fn basket_for(&self, product_coupon_id: &str, stock_id: &str) -> Map<String, Value> {
        let mut basket = self.conditions(self.basket.clone());
        let own = self.products.get(stock_id).or_else(|| self.products.get(product_coupon_id));
        basket.extend(own.cloned().and_then(json::into_object).unwrap_or_default());
        basket
    }

    /// The store that the caller names.
    pub fn store_id(&self) -> Option<&str> {
        self.basket.get("store_id").and_then(Value::as_str)
    }

    fn conditions(&self, mut basket: Map<String, Value>) -> Map<String, Value> {
        if !self.has_amount() {
            basket.insert("amount".into(), 0.into());
        }
        basket
    }
}

fn is_about_money(name: &str) -> bool {
    matches!(name, "product_amount" | "product_quantity" | "product_unit_price")
}

/// Takes members out. Those that are left are the basket.
struct Own(Map<String, Value>);

impl Own {
    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.shift_remove(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &str) -> Result<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(Value::String(_)) => Err(refuse(&pointer("", name), format!("{name} is empty"))),
            Some(other) => {
                let message = format!("{name} must be a string, found {}", kind(&other));
                Err(refuse(&pointer("", name), message))
            }
        }
    }

    fn name(&mut self, name: &str) -> Result<Option<String>> {
        let text = self.text(name)?;
        text.iter().try_for_each(|text| api::check_name(text, name, &At::Member(&At::Root, name)))?;
        Ok(text)
    }

    fn merchant(&mut self, name: &str) -> Result<Option<String>> {
        let number = self.name(name)?;
        if number.as_deref().is_none_or(is_merchant_number) {
            return Ok(number);
        }
        Err(refuse(&pointer("", name), format!("{name} must be a merchant's number, digits only")))
    }

    /// Messages about what was scanned never repeat it: it may be a payment code.
    fn asked(&mut self) -> Result<Asked> {
        match (self.text("scan")?, self.name("openid")?, self.text("auth_code")?) {
            (Some(scanned), None, None) => {
                if text::readings(&scanned).iter().all(String::is_empty) {
                    return Err(refuse("/scan", "scan has nothing but line ends"));
                }
                Ok(Asked::Scan(scanned))
            }
            (None, Some(openid), None) => Ok(Asked::Openid(openid)),
            (None, None, Some(code)) => {
                let code = text::readings(&code).pop().unwrap_or_default();
                let is_code = (1..=LONGEST_PAYMENT_CODE).contains(&code.len())
                    && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
                if is_code {
                    return Ok(Asked::PaymentCode(code));
                }
                let message = format!("auth_code must be 1 to {LONGEST_PAYMENT_CODE} digits or letters");
                Err(refuse("/auth_code", message))
            }
            (None, None, None) => {
                Err(refuse("/scan", "scan is missing: give what was scanned, or openid, or auth_code"))
            }
            (Some(_), _, _) => Err(refuse("/scan", "give one of scan, openid and auth_code, not several")),
            (None, _, _) => Err(refuse("/openid", "give one of scan, openid and auth_code, not several")),
        }
    }

    fn products(&mut self) -> Result<Map<String, Value>> {
        let products = match self.take("products") {
            None => return Ok(Map::new()),
            Some(Value::Object(products)) => products,
            Some(other) => {
                let message = format!(
                    "products must be an object whose names are product coupons or stocks, found {}",
                    kind(&other)
                );
                return Err(refuse("/products", message));
            }
        };
        for (id, product) in &products {
            let field = pointer("/products", id);
            let Value::Object(members) = product else {
                let message = format!("must be an object with {}", OF_A_PRODUCT.join(", "));
                return Err(refuse(&field, message));
            };
            if let Some(unknown) = members.keys().find(|name| !OF_A_PRODUCT.contains(&name.as_str())) {
                let known = format!("is not known in products; known are: {}", OF_A_PRODUCT.join(", "));
                return Err(json::unknown_member(Code::Request, &field, unknown, &known));
            }
        }
        Ok(products)
    }

    fn basket(self) -> Result<Map<String, Value>> {
        let mut basket = self.0;
        basket.retain(|_, value| !value.is_null());
        match basket.keys().find(|name| !BASKET.contains(&name.as_str())) {
            None => Ok(basket),
            Some(unknown) => {
                let known = [KNOWN.as_slice(), &BASKET, &["_options"]].concat().join(", ");
                let known = format!("is not known to wxcoupon_scan; known are: {known}");
                Err(json::unknown_member(Code::Request, "", unknown, &known))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(input: &Value) -> Result<Question> {
        let now = OffsetDateTime::UNIX_EPOCH;
        Question::read(&input.to_string(), &Defaults::default(), now)
    }

    fn field(input: &Value) -> String {
        let error = read(input).err().unwrap_or_else(|| panic!("taken: {input}"));
        assert_eq!(error.code, Code::Request, "{}", error.message);
        error.field.unwrap()
    }

    #[test]
    fn one_thing_is_asked_and_a_mistake_is_told_before_anything_is() {
        for (input, wrong) in [
            (json!({}), "/scan"),
            (json!({ "scan": null }), "/scan"),
            (json!({ "scan": "" }), "/scan"),
            (json!({ "scan": "\r\n" }), "/scan"),
            (json!({ "scan": 1 }), "/scan"),
            (json!({ "scan": "a", "openid": "o1" }), "/scan"),
            (json!({ "openid": "o1", "auth_code": "134567890123456789" }), "/openid"),
            (json!({ "openid": "o\u{200B}1" }), "/openid"),
            (json!({ "auth_code": "13 4" }), "/auth_code"),
            (json!({ "auth_code": "1".repeat(129) }), "/auth_code"),
            (json!({ "scan": "a", "brand": "1" }), "/brand"),
            (json!({ "scan": "a", "134567890123456789": "1" }), "/***"),
            (json!({ "scan": "a", "_options": { "134567890123456789": 1 } }), "/_options/***"),
            (json!({ "scan": "a", "coupon": {} }), "/coupon"),
            (json!({ "scan": "a", "amount": "12" }), "/amount"),
            (json!({ "scan": "a", "amount": 1, "product_amount": 2 }), "/product_amount"),
            (json!({ "scan": "a", "product_amount": 2 }), "/amount"),
            (json!({ "scan": "a", "store_id": "1 " }), "/store_id"),
            (json!({ "scan": "a", "sub_appid": 1 }), "/sub_appid"),
            (json!({ "scan": "a", "amount": 1, "rounding": "x" }), "/rounding"),
            (json!({ "scan": "a", "amount": 1, "products": [] }), "/products"),
            (json!({ "scan": "a", "amount": 1, "products": { "7": 1 } }), "/products/7"),
            (json!({ "scan": "a", "amount": 1, "products": { "7": { "amount": 1 } } }), "/products/7/amount"),
            (
                json!({ "scan": "a", "amount": 1, "products": { "7": { "product_amount": 2 } } }),
                "/products/7/product_amount",
            ),
        ] {
            assert_eq!(field(&input), wrong, "{input}");
        }
    }

    #[test]
    fn what_was_scanned_is_not_repeated() {
        for input in [
            json!({ "auth_code": "134567890123456789-" }),
            json!({ "scan": "134567890123456789", "auth_code": "134567890123456789" }),
        ] {
            let error = read(&input).unwrap_err();
            assert!(!error.message.contains("1345"), "{}", error.message);
        }
    }

    #[test]
    fn a_payment_code_is_read_like_a_scan() {
        let question = read(&json!({ "auth_code": "１34567890123456789\r\n" })).unwrap();
        assert!(matches!(question.asked, Asked::PaymentCode(code) if code == "134567890123456789"));
    }

    #[test]
    fn each_product_coupon_has_its_part_of_the_basket() {
        let input = json!({
            "openid": "o1", "amount": 100, "product_amount": 50, "store_id": "5",
            "products": { "10": { "product_amount": 20, "product_quantity": 2 }, "10001": { "product_amount": 7 } },
        });
        let question = read(&input).unwrap();
        let amount = |product, stock| question.basket_for(product, stock)["product_amount"].clone();
        assert_eq!([amount("10", "10001"), amount("10", "10002"), amount("11", "1")], [7, 20, 50]);
        assert_eq!(question.basket_for("10", "10002")["amount"], 100);
        assert_eq!(question.store_id(), Some("5"));
        let bare = read(&json!({ "openid": "o1" })).unwrap();
        assert!(!bare.has_amount());
        assert_eq!(bare.basket_for("10", "1"), json!({ "amount": 0 }).as_object().unwrap().clone());
    }
}
