//! The terms of a coupon: its threshold and its benefit, and where the coupon has them.

use super::member::{Member, Unreadable};
use serde::Serialize;

/// The documentation's range of `percent_off`.
const PERCENT: std::ops::RangeInclusive<u64> = 1..=99;

/// Members that have terms, by the coupon's type.
const COUPONS: [&str; 3] = ["normal_coupon", "discount_coupon", "exchange_coupon"];
/// Members of terms.
const TERMS: [&str; 4] = ["threshold", "discount_amount", "percent_off", "exchange_price"];

/// The terms of one use.
#[derive(Debug, Clone, Serialize)]
pub struct Terms {
    /// The benefit.
    #[serde(flatten)]
    pub benefit: Benefit,
    /// In fen. 0: there is no threshold.
    pub threshold: u64,
    /// What it is taken off.
    pub applies_to: AppliesTo,
    /// JSON pointer in the input.
    pub found_at: String,
}

/// The benefit, by `product_coupon.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Benefit {
    /// 满减
    Normal {
        /// Taken off, in fen.
        discount_amount: u64,
    },
    /// 折扣
    Discount {
        /// Percent taken off: 30 means that 70 % are paid.
        percent_off: u64,
    },
    /// 换购
    Exchange {
        /// Paid for the product, in fen.
        exchange_price: u64,
    },
}

/// What the benefit is taken off, by `product_coupon.scope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AppliesTo {
    /// The whole basket: scope ALL.
    Basket,
    /// Some products: scope SINGLE, officially 部分商品可用券.
    Product,
}

/// How often a coupon can be used, by `product_coupon.usage_mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageMode {
    /// Once.
    Single,
    /// One use of several, each with a coupon and a stock of its own.
    ProgressiveBundle,
}

impl UsageMode {
    /// Reads the mode. The withdrawn mode SEQUENTIAL is not supported: there one code serves all uses, the coupon's state and
    /// validity are not those of the next use, and nothing says which use is next.
    pub fn read(product: &Member<'_>) -> Result<UsageMode, Unreadable> {
        let member = product.get("usage_mode");
        match member.text()? {
            "SINGLE" => Ok(UsageMode::Single),
            "PROGRESSIVE_BUNDLE" => Ok(UsageMode::ProgressiveBundle),
            _ => Err(member.unreadable("SINGLE or PROGRESSIVE_BUNDLE")),
        }
    }

    /// The member of the stock that has the rule of this use.
    pub fn usage_rule(self) -> &'static str {
        match self {
            UsageMode::Single => "single_usage_rule",
            UsageMode::ProgressiveBundle => "progressive_bundle_usage_rule",
        }
    }
}

impl Terms {
    /// Reads the terms from their documented place.
    pub fn read(coupon: &Member<'_>, mode: UsageMode) -> Result<Terms, Unreadable> {
        let product = coupon.get("product_coupon");
        let scope = product.get("scope");
        let applies_to = match scope.text()? {
            "ALL" => AppliesTo::Basket,
            "SINGLE" => AppliesTo::Product,
            _ => return Err(scope.unreadable("ALL or SINGLE")),
        };
        let rule = coupon.at(&["stock", mode.usage_rule()]);
        let holder = match (mode, applies_to) {
            (UsageMode::Single, AppliesTo::Basket) => product.get("single_usage_info"),
            _ => rule.clone(),
        };
        product.get("single_usage_info").has_only(&COUPONS)?;
        product.get("progressive_bundle_usage_info").has_only(&["count", "interval_days"])?;
        rule.has_only(&[&COUPONS[..], &["coupon_available_period"]].concat())?;
        let kind = product.get("type");
        let (benefit, place) = match kind.text()? {
            "NORMAL" => {
                let place = holder.get("normal_coupon");
                (Benefit::Normal { discount_amount: place.get("discount_amount").whole()? }, place)
            }
            "DISCOUNT" => {
                let place = holder.get("discount_coupon");
                let percent = place.get("percent_off");
                let percent_off = percent.whole()?;
                if !PERCENT.contains(&percent_off) {
                    return Err(percent.unreadable("1 to 99"));
                }
                (Benefit::Discount { percent_off }, place)
            }
            "EXCHANGE" if applies_to == AppliesTo::Basket => {
                return Err(scope.unreadable("SINGLE: a coupon of type EXCHANGE is for some products"));
            }
            "EXCHANGE" => {
                let place = holder.get("exchange_coupon");
                (Benefit::Exchange { exchange_price: place.get("exchange_price").whole()? }, place)
            }
            _ => return Err(kind.unreadable("NORMAL, DISCOUNT or EXCHANGE")),
        };
        place.has_only(&TERMS)?;
        Ok(Terms { benefit, threshold: place.get("threshold").whole()?, applies_to, found_at: place.field })
    }
}
