//! Product coupons, stocks and stock bundles, and what has been issued from them.

pub(crate) mod period;
mod seeded;
pub(crate) mod stock;
pub(crate) mod worth;

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::grant::PreSent;
use super::request_number::Receipt;
use crate::identities::{APPID, BRAND_ID, STORE_IDS, UNAUTHORISED_BRAND_ID};
use crate::refusal::{Reason, Refusal};
use stock::Stock;

/// How often a coupon of a stock can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum UsageMode {
    Single,
    /// One rung of a bundle.
    Bundle {
        rung: u32,
        total: u32,
        /// Days that must lie between two uses.
        interval_days: i64,
    },
}

/// One product coupon.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Product {
    pub(crate) product_coupon_id: String,
    /// `product_coupon` as answers show it.
    pub(crate) details: Value,
}

impl Product {
    /// A member of the entity that is a text.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.details.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn is_bundle(&self) -> bool {
        self.text("usage_mode") == "PROGRESSIVE_BUNDLE"
    }

    /// Uses per bundle and the days between them.
    pub(crate) fn bundle_terms(&self) -> (u32, i64) {
        let info = self.details.get("progressive_bundle_usage_info");
        let number = |name: &str| info.and_then(|info| info.get(name)).and_then(Value::as_i64).unwrap_or(0);
        (u32::try_from(number("count")).unwrap_or(0), number("interval_days"))
    }
}

/// The four ids every request about a user coupon names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) product_coupon_id: String,
    pub(crate) stock_id: String,
    pub(crate) appid: String,
    pub(crate) brand_id: String,
}

/// Everything the brand has set up, and what was issued under which number.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Catalogue {
    products: Vec<Product>,
    stocks: Vec<Stock>,
    pub(crate) receipts: HashMap<String, Receipt>,
    /// Tokens of `pre_send` and `bundle_pre_send`.
    pub(crate) tokens: HashMap<String, PreSent>,
    /// Image tasks by type and task id.
    pub(crate) image_tasks: BTreeMap<String, Value>,
    /// Validity of coupons that have none of their own.
    pub(crate) valid_begin: i64,
    pub(crate) valid_end: i64,
}

impl Catalogue {
    pub(crate) fn stock(&self, index: u16) -> Option<&Stock> {
        self.stocks.get(usize::from(index))
    }

    pub(crate) fn stock_mut(&mut self, index: u16) -> Option<&mut Stock> {
        self.stocks.get_mut(usize::from(index))
    }

    pub(crate) fn product(&self, index: u16) -> Option<&Product> {
        self.products.get(usize::from(index))
    }

    pub(crate) fn product_mut(&mut self, index: u16) -> Option<&mut Product> {
        self.products.get_mut(usize::from(index))
    }

    pub(crate) fn find_stock(&self, stock_id: &str) -> Option<u16> {
        self.stocks.iter().zip(0_u16..).find(|(stock, _)| stock.stock_id == stock_id).map(|(_, index)| index)
    }

    /// The stocks that fulfil a condition, in the order they were made.
    pub(crate) fn stocks_where(&self, wanted: impl Fn(&Stock) -> bool) -> Vec<u16> {
        self.stocks.iter().zip(0_u16..).filter(|(stock, _)| wanted(stock)).map(|(_, index)| index).collect()
    }

    /// Whether the caller may act for a brand at all.
    pub(crate) fn check_brand(brand_id: &str) -> Result<(), Refusal> {
        match brand_id {
            UNAUTHORISED_BRAND_ID => Err(Refusal::because(
                Reason::NoAuthority,
                ("brand has not authorised this mchid", "品牌未授权此商户号"),
            )),
            BRAND_ID => Ok(()),
            _ => Err(Refusal::because(Reason::ObjectAbsent, ("no such brand_id", "没有这个 brand_id"))),
        }
    }

    /// The brand, and the app linked to it.
    pub(crate) fn check_app(brand_id: &str, appid: &str) -> Result<(), Refusal> {
        Self::check_brand(brand_id)?;
        if appid == APPID {
            Ok(())
        } else {
            Err(Refusal::because(
                Reason::AppidNotLinked,
                ("appid is not linked to the brand", "appid 未与品牌关联"),
            ))
        }
    }

    pub(crate) fn find_product(&self, product_coupon_id: &str) -> Result<u16, Refusal> {
        self.products
            .iter()
            .zip(0_u16..)
            .find(|(product, _)| product.product_coupon_id == product_coupon_id)
            .map(|(_, index)| index)
            .ok_or_else(|| {
                Refusal::because(
                    Reason::ObjectAbsent,
                    ("no such product_coupon_id", "没有这个 product_coupon_id"),
                )
            })
    }

    /// A stock of a product coupon.
    pub(crate) fn stock_of(&self, product_coupon_id: &str, stock_id: &str) -> Result<u16, Refusal> {
        let product = self.find_product(product_coupon_id)?;
        self.find_stock(stock_id)
            .filter(|index| self.stock(*index).is_some_and(|stock| stock.product == product))
            .ok_or_else(|| {
                Refusal::because(
                    Reason::ObjectAbsent,
                    ("no such stock_id in this product coupon", "该商品券下没有这个 stock_id"),
                )
            })
    }

    /// The stocks of a stock bundle, first rung first.
    pub(crate) fn bundle_of(
        &self,
        product_coupon_id: &str,
        stock_bundle_id: &str,
    ) -> Result<Vec<u16>, Refusal> {
        let product = self.find_product(product_coupon_id)?;
        let stocks = self.stocks_where(|stock| {
            stock.product == product && stock.stock_bundle_id.as_deref() == Some(stock_bundle_id)
        });
        if stocks.is_empty() {
            let issue =
                ("no such stock_bundle_id in this product coupon", "该商品券下没有这个 stock_bundle_id");
            return Err(Refusal::because(Reason::ObjectAbsent, issue));
        }
        Ok(stocks)
    }

    /// Whether the caller may act on these objects, and which stock it is.
    pub(crate) fn check(&self, ids: &Ids) -> Result<u16, Refusal> {
        Self::check_app(&ids.brand_id, &ids.appid)?;
        self.stock_of(&ids.product_coupon_id, &ids.stock_id)
    }

    /// Whether the brand has this store.
    pub(crate) fn has_store(store_id: &str) -> bool {
        STORE_IDS.contains(&store_id)
    }

    /// Takes a new product coupon in; gives it its id.
    pub(crate) fn add_product(&mut self, mut details: Value) -> Option<u16> {
        let index = u16::try_from(self.products.len()).ok()?;
        let product_coupon_id = format!("{}", FIRST_CREATED_ID + u64::from(index));
        set(&mut details, "product_coupon_id", json!(product_coupon_id));
        self.products.push(Product { product_coupon_id, details });
        Some(index)
    }

    /// Takes a new stock in; `make` gets its id.
    pub(crate) fn add_stock(&mut self, product: u16, make: impl FnOnce(String) -> Stock) -> Option<u16> {
        let index = u16::try_from(self.stocks.len()).ok()?;
        let siblings = self.stocks.iter().filter(|stock| stock.product == product).count();
        let stock_id = format!("{}{:03}", self.product(product)?.product_coupon_id, siblings + 1);
        let stock = make(stock_id);
        self.stocks.push(stock);
        Some(index)
    }

    /// An id for a stock bundle about to be made.
    pub(crate) fn next_stock_bundle_id(&self) -> String {
        let stocks = u64::try_from(self.stocks.len()).unwrap_or(0);
        format!("{}", FIRST_STOCK_BUNDLE_ID + stocks)
    }
}

/// Created product coupons count from here.
const FIRST_CREATED_ID: u64 = 1_000_000_100;
const FIRST_STOCK_BUNDLE_ID: u64 = 712_315_129_419_285_000;

/// Sets a member of a JSON object.
pub(crate) fn set(object: &mut Value, name: &str, member: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), member);
    }
}
