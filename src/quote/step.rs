//! One rule that was looked at, and what came of it.

use super::member::{Member, Unreadable};
use serde::Serialize;
use std::borrow::Cow;

/// Said on the till's screen where a rule could not be understood.
const CANNOT_TELL: &str = "无法计算该券优惠,请人工核对";

/// Every rule that can decide, in the order in which they are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// `product_coupon.usage_mode`: whether the meaning of the rest is known.
    UsageMode,
    /// `coupon_state`
    State,
    /// `valid_begin_time` to `valid_end_time` of this coupon.
    Validity,
    /// `available_begin_time` to `available_end_time` of the stock.
    StockPeriod,
    /// `weekly_available_period`
    WeeklyPeriod,
    /// `irregular_available_period_list`
    IrregularPeriod,
    /// `store_scope`
    Store,
    /// `coupon_usage_method_list`
    UsageMethod,
    /// Whether it is this coupon's turn in its bundle.
    BundleOrder,
    /// `interval_days` between two uses of a bundle.
    BundleInterval,
    /// Threshold and benefit, and where they stand.
    Terms,
    /// Whether the basket has what the coupon is for.
    Product,
    /// For how many pieces a price in exchange stands.
    Quantity,
    /// `threshold`
    Threshold,
    /// What is taken off.
    Discount,
    /// Whether an order is left that a redemption can name.
    Order,
}

impl Rule {
    /// Whether it depends on what is in the basket.
    pub fn is_about_money(self) -> bool {
        matches!(
            self,
            Rule::Terms | Rule::Product | Rule::Quantity | Rule::Threshold | Rule::Discount | Rule::Order
        )
    }

    /// What a cashier is told where it is unchecked: Chinese.
    pub fn caution(self) -> &'static str {
        match self {
            Rule::Store => "本店是否适用未核对",
            Rule::UsageMethod => "该券可能仅限线上使用",
            Rule::BundleOrder => "套券使用顺序未核对",
            Rule::BundleInterval => "套券使用间隔未核对",
            Rule::Product => "适用商品未核对",
            Rule::Quantity => "换购价按1件计算",
            Rule::Order => "应付0元无法生成支付订单,不能核销",
            Rule::UsageMode
            | Rule::State
            | Rule::Validity
            | Rule::StockPeriod
            | Rule::WeeklyPeriod
            | Rule::IrregularPeriod
            | Rule::Terms
            | Rule::Threshold
            | Rule::Discount => "请人工核对",
        }
    }
}

/// What came of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It holds.
    Passes,
    /// It forbids the use now.
    Forbids,
    /// It cannot be understood, so nothing is promised.
    Unknown,
    /// It cannot be looked at offline; WeChat Pay decides when the coupon is redeemed.
    Unchecked,
}

/// One step of a quote.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// Which rule.
    #[serde(rename = "step")]
    pub rule: Rule,
    /// What came of it.
    #[serde(rename = "result")]
    pub finding: Finding,
    /// What the coupon says, or how a number came about.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub found: String,
    /// English: why it does not simply pass.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// JSON pointer in the input of what was found.
    #[serde(rename = "found_at", skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// Chinese, for the till's screen.
    #[serde(skip)]
    pub cashier: Cow<'static, str>,
}

impl Step {
    fn new(rule: Rule, finding: Finding) -> Step {
        Step {
            rule,
            finding,
            found: String::new(),
            message: String::new(),
            field: String::new(),
            cashier: Cow::default(),
        }
    }

    /// The rule holds.
    pub fn passes(rule: Rule, found: impl Into<String>) -> Step {
        Step { found: found.into(), ..Step::new(rule, Finding::Passes) }
    }

    /// The rule forbids the use now.
    pub fn forbids(rule: Rule, message: impl Into<String>, cashier: impl Into<Cow<'static, str>>) -> Step {
        Step { message: message.into(), cashier: cashier.into(), ..Step::new(rule, Finding::Forbids) }
    }

    /// The rule cannot be looked at offline.
    pub fn unchecked(rule: Rule, message: impl Into<String>) -> Step {
        Step { message: message.into(), ..Step::new(rule, Finding::Unchecked) }
    }

    /// The rule cannot be understood.
    pub fn unknown(rule: Rule, why: Unreadable) -> Step {
        Step {
            message: why.message,
            field: why.field,
            cashier: CANNOT_TELL.into(),
            ..Step::new(rule, Finding::Unknown)
        }
    }

    /// Whether the rule holds depends on something that is not documented.
    pub fn undocumented(rule: Rule, message: impl Into<String>) -> Step {
        Step::unknown(rule, Unreadable { field: String::new(), message: message.into() })
    }

    /// The same, with what the coupon says.
    #[must_use]
    pub fn found(self, found: impl Into<String>) -> Step {
        Step { found: found.into(), ..self }
    }

    /// The same, with where the coupon says it.
    #[must_use]
    pub fn at(self, member: &Member<'_>) -> Step {
        Step { field: member.field.clone(), ..self }
    }
}
