//! What a coupon takes off, and a stock of the sandbox's own for each worth that somebody asks for.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::seeded::{self, display_info};
use super::stock::Stock;
use super::{Catalogue, Product, UsageMode, set};
use crate::identities::BRAND_ID;
use crate::text::Text;

/// Largest amount, in fen.
const MAX_FEN: u64 = 10_000_000_000;
/// Marks the product coupons that are made here.
const OUT_PRODUCT_NO: &str = "Sandbox_Worth";

/// Type and value of a coupon; amounts in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub enum Worth {
    /// 满减: an amount off.
    Normal {
        /// From which price on; 0 = any.
        #[serde(default)]
        threshold: u64,
        /// What is taken off, from 1.
        discount_amount: u64,
    },
    /// 折扣: a share off.
    Discount {
        /// From which price on; 0 = any.
        #[serde(default)]
        threshold: u64,
        /// 1 to 99; 20 takes a fifth off.
        percent_off: u64,
    },
    /// 兑换: one product for another price.
    Exchange {
        /// From which price on; 0 = any.
        #[serde(default)]
        threshold: u64,
        /// What is still to be paid.
        exchange_price: u64,
    },
}

impl Worth {
    pub(crate) fn check(&self) -> Result<(), Text> {
        let in_range = |name: &str, value: u64, least: u64, most: u64| {
            let issue = || {
                Text::new(
                    format!("worth: {name} is {value}; it must be {least} to {most}"),
                    format!("worth：{name} 为 {value}，必须在 {least} 到 {most} 之间"),
                )
            };
            (least..=most).contains(&value).then_some(()).ok_or_else(issue)
        };
        let (threshold, (name, value, least, most)) = match *self {
            Self::Normal { threshold, discount_amount } => {
                (threshold, ("discount_amount", discount_amount, 1, MAX_FEN))
            }
            Self::Discount { threshold, percent_off } => (threshold, ("percent_off", percent_off, 1, 99)),
            Self::Exchange { threshold, exchange_price } => {
                (threshold, ("exchange_price", exchange_price, 0, MAX_FEN))
            }
        };
        in_range("threshold", threshold, 0, MAX_FEN)?;
        in_range(name, value, least, most)
    }

    /// Name and content of the member that the API keeps it in.
    fn terms(&self) -> (&'static str, Value) {
        match *self {
            Self::Normal { threshold, discount_amount } => {
                ("normal_coupon", json!({ "threshold": threshold, "discount_amount": discount_amount }))
            }
            Self::Discount { threshold, percent_off } => {
                ("discount_coupon", json!({ "threshold": threshold, "percent_off": percent_off }))
            }
            Self::Exchange { threshold, exchange_price } => {
                ("exchange_coupon", json!({ "threshold": threshold, "exchange_price": exchange_price }))
            }
        }
    }

    fn of(product: &Product, stock: &Stock) -> Option<Self> {
        let kind = product.text("type");
        let member = match kind {
            "NORMAL" => "normal_coupon",
            "DISCOUNT" => "discount_coupon",
            _ => "exchange_coupon",
        };
        let places = [
            product.details.get("single_usage_info"),
            stock.details.get("single_usage_rule"),
            stock.details.get("progressive_bundle_usage_rule"),
        ];
        let mut terms = places.into_iter().flatten().find_map(|place| place.get(member)).cloned()?;
        set(&mut terms, "type", json!(kind));
        serde_json::from_value(terms).ok()
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Normal { .. } => "沙箱满减券",
            Self::Discount { .. } => "沙箱折扣券",
            Self::Exchange { .. } => "沙箱兑换券",
        }
    }

    /// A product coupon for the whole shop; exchange is for one product alone, and its terms stand in the stock.
    fn product(&self) -> Value {
        let (member, terms) = self.terms();
        let mut display = display_info(self.name());
        let mut product = json!({
            "scope": "ALL",
            "type": member.trim_end_matches("_coupon").to_ascii_uppercase(),
            "usage_mode": "SINGLE",
            "state": "EFFECTIVE",
            "out_product_no": OUT_PRODUCT_NO,
            "brand_id": BRAND_ID,
        });
        if let Self::Exchange { threshold, exchange_price } = *self {
            let price = threshold.max(exchange_price);
            let choice = json!({ "name": "沙箱商品", "price": price, "count": 1 });
            set(&mut display, "original_price", json!(price));
            set(
                &mut display,
                "combo_package_list",
                json!([{ "name": "沙箱套餐", "pick_count": 1, "choice_list": [choice] }]),
            );
            set(&mut product, "scope", json!("SINGLE"));
        } else {
            set(&mut product, "single_usage_info", json!({ member: terms }));
        }
        set(&mut product, "display_info", display);
        product
    }
}

impl Catalogue {
    /// What coupons of a stock take off.
    pub(crate) fn worth(&self, stock: &Stock) -> Option<Worth> {
        Worth::of(self.product(stock.product)?, stock)
    }

    /// Whether a stock was made for a worth, and not over the API.
    pub(crate) fn is_made_for_worth(&self, stock: &Stock) -> bool {
        self.product(stock.product).is_some_and(|product| product.text("out_product_no") == OUT_PRODUCT_NO)
    }

    /// A stock whose coupons are worth that, made if there is none yet.
    pub(crate) fn stock_worth(&mut self, worth: &Worth, now: i64) -> Option<u16> {
        let fits = |stock: &Stock| self.is_made_for_worth(stock) && self.worth(stock).as_ref() == Some(worth);
        if let Some(known) = self.stocks_where(fits).first() {
            return Some(*known);
        }
        let product = self.add_product(worth.product())?;
        let product_coupon_id = self.product(product)?.product_coupon_id.clone();
        let stock_id = format!("{product_coupon_id}001");
        let mut details =
            seeded::single_stock(&product_coupon_id, &stock_id, self.valid_begin, self.valid_end);
        if let Worth::Exchange { .. } = worth {
            let (member, terms) = worth.terms();
            set(details.get_mut("single_usage_rule")?, member, terms);
        }
        let stock = seeded::stock(product, &stock_id, UsageMode::Single, details, now)?;
        self.add_stock(product, |_| stock)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: i64 = 1_754_193_600;

    #[test]
    fn each_worth_has_one_stock() {
        let mut catalogue = Catalogue::seeded(NOW);
        let worths = [
            Worth::Normal { threshold: 5000, discount_amount: 1000 },
            Worth::Discount { threshold: 0, percent_off: 50 },
            Worth::Exchange { threshold: 0, exchange_price: 990 },
        ];
        for worth in worths {
            let made = catalogue.stock_worth(&worth, NOW).unwrap();
            assert_eq!(catalogue.stock_worth(&worth, NOW), Some(made));
            let stock = catalogue.stock(made).unwrap();
            assert_eq!(catalogue.worth(stock), Some(worth));
            assert_eq!(catalogue.find_stock(&stock.stock_id), Some(made));
        }
    }

    #[test]
    fn seeded_stocks_have_theirs() {
        let catalogue = Catalogue::seeded(NOW);
        let worth = |index| catalogue.worth(catalogue.stock(index).unwrap());
        assert_eq!(worth(0), Some(Worth::Discount { threshold: 10_000, percent_off: 20 }));
        assert_eq!(worth(2), Some(Worth::Normal { threshold: 3000, discount_amount: 600 }));
    }

    #[test]
    fn values_have_their_ranges() {
        assert!(Worth::Normal { threshold: 0, discount_amount: 0 }.check().is_err());
        assert!(Worth::Discount { threshold: 0, percent_off: 100 }.check().is_err());
        assert!(Worth::Exchange { threshold: MAX_FEN + 1, exchange_price: 0 }.check().is_err());
        assert!(Worth::Exchange { threshold: 0, exchange_price: 0 }.check().is_ok());
    }
}
