//! What becomes of each coupon: offered with its quote and the request that redeems it, or told why it cannot be used. The best
//! for the customer comes first.

use super::Question;
use crate::quote::step::Rule;
use crate::quote::{self, Defaults, Quote, Verdict};
use crate::report::{Report, WechatError};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::HashSet;
use time::OffsetDateTime;

/// Whose coupon it is, and under which names it is asked for and redeemed.
#[derive(Debug, Clone, Default)]
pub struct Owner {
    /// The user.
    pub openid: String,
    /// The app id that the openid belongs to.
    pub appid: Option<String>,
    /// The brand. In brand mode requests do not name it.
    pub brand_id: Option<String>,
    /// Where the till stands.
    pub store_id: Option<String>,
}

/// Of a coupon about which nothing came.
pub const UNANSWERED: Reason = Reason::Other("unanswered");
const INCOMPLETE: &str = "券信息不完整,请人工核对";

/// Where a family's coupon has its names, and what redeems it.
#[derive(Debug)]
pub struct Names {
    operation: &'static str,
    product: Option<&'static str>,
    stock: &'static str,
    /// Members of the redemption besides code, stock, owner and app id.
    takes_brand_and_store: bool,
    takes_saved_amount: bool,
}

/// 商品券
pub static PRODUCT_COUPON: Names = Names {
    operation: "use",
    product: Some("/product_coupon/product_coupon_id"),
    stock: "/stock/stock_id",
    takes_brand_and_store: true,
    takes_saved_amount: true,
};

/// 商家券
pub static BUSIFAVOR: Names = Names {
    operation: "busifavor_use",
    product: None,
    stock: "/stock_id",
    takes_brand_and_store: false,
    takes_saved_amount: false,
};

/// A coupon that the customer may choose.
#[derive(Debug, Serialize)]
pub struct Offer {
    /// The operation that takes `use`.
    operation: &'static str,
    coupon: Value,
    /// Null where there is no basket, or the basket does not say enough.
    quote: Option<Quote>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unquoted: Option<Unquoted>,
    /// Without a basket: the rules about state, time and place that nobody can be sure of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unchecked: Vec<Rule>,
    /// The same in Chinese, for the till's screen.
    #[serde(skip)]
    caution: String,
    /// The request that redeems it, complete but for its number and the order.
    r#use: Map<String, Value>,
}

/// Why there is no quote although there is a basket.
#[derive(Debug, Serialize)]
struct Unquoted {
    field: Option<String>,
    message: String,
    cashier: &'static str,
}

/// A coupon that cannot be used.
#[derive(Debug, Serialize)]
pub struct Unusable {
    /// As WeChat Pay has it, or the names by which this machine knows it.
    pub coupon: Value,
    /// The rule that forbids the use.
    pub reason: Reason,
    /// English, for the programmer.
    pub message: String,
    /// Chinese, for the till's screen.
    pub cashier: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<Quote>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wechat: Option<WechatError>,
}

/// Why a coupon cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Reason {
    /// A rule of the quote.
    Rule(Rule),
    /// Something else.
    Other(&'static str),
}

/// What came of one coupon.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a few in a call")]
pub enum Outcome {
    /// It may be chosen.
    Offered(Offer),
    /// It cannot be used.
    Unusable(Unusable),
}

/// All coupons of a scan.
#[derive(Debug, Default, Serialize)]
pub struct Offers {
    /// Those that may be chosen.
    pub coupons: Vec<Offer>,
    /// Those that cannot be used.
    pub unusable: Vec<Unusable>,
}

/// A member of a coupon that names it.
fn name<'a>(coupon: &'a Value, pointer: &str) -> Option<&'a str> {
    coupon.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

impl Unusable {
    /// For a reason that no quote has found.
    pub fn new(
        coupon: Value,
        reason: &'static str,
        message: impl Into<String>,
        cashier: &'static str,
    ) -> Unusable {
        Unusable {
            coupon,
            reason: Reason::Other(reason),
            message: message.into(),
            cashier: cashier.into(),
            quote: None,
            wechat: None,
        }
    }

    /// WeChat Pay refuses to tell of it.
    pub fn refused(coupon: Value, reason: Reason, report: Report) -> Unusable {
        let message = if report.message.is_empty() { report.code.text().into() } else { report.message };
        let cashier = report.cashier.unwrap_or(Cow::Borrowed(report.code.cashier()));
        Unusable { wechat: report.wechat, reason, cashier, ..Unusable::new(coupon, "", message, "") }
    }
}

/// What becomes of a coupon as WeChat Pay has just told it.
pub fn assess(
    coupon: Value,
    names: &Names,
    owner: &Owner,
    question: &Question,
    defaults: &Defaults<'_>,
    now: OffsetDateTime,
) -> Outcome {
    let stock = name(&coupon, names.stock);
    let product = names.product.map(|at| name(&coupon, at));
    let (Some(code), Some(stock), Some(Some(_)) | None) = (name(&coupon, "/coupon_code"), stock, product)
    else {
        let product = if names.product.is_some() { ", product coupon" } else { "" };
        let message =
            format!("the coupon does not say its code{product} and stock, which a redemption must name");
        return Outcome::Unusable(Unusable::new(coupon, "incomplete", message, INCOMPLETE));
    };
    let product = product.flatten();
    let place = |value: &'_ Option<String>| value.clone().filter(|_| names.takes_brand_and_store);
    let members = [
        ("openid", Some(owner.openid.clone()).filter(|openid| !openid.is_empty())),
        ("coupon_code", Some(code.to_owned())),
        ("product_coupon_id", product.map(str::to_owned)),
        ("stock_id", Some(stock.to_owned())),
        ("appid", owner.appid.clone()),
        ("brand_id", place(&owner.brand_id)),
        ("store_id", place(&owner.store_id)),
    ];
    let mut request: Map<String, Value> =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
    let basket = question.basket_for(product.unwrap_or(stock), stock);
    let quoted = quote::about(coupon.clone(), basket, defaults, now);
    let offer = |quote, unquoted, request| Offer {
        operation: names.operation,
        coupon: coupon.clone(),
        quote,
        unquoted,
        unchecked: Vec::new(),
        caution: String::new(),
        r#use: request,
    };
    match quoted {
        Ok(quote) if forbids(&quote, question.has_amount()) => Outcome::Unusable(Unusable {
            reason: quote.forbidden_by.map_or(Reason::Other("forbidden"), Reason::Rule),
            message: quote.message.clone(),
            cashier: quote.cashier.clone().into(),
            quote: Some(quote).filter(|_| question.has_amount()),
            wechat: None,
            coupon,
        }),
        Ok(quote) if question.has_amount() => {
            let saved = quote.saved_amount.filter(|_| names.takes_saved_amount);
            request.extend(saved.map(|saved| ("saved_amount".to_owned(), saved.into())));
            Outcome::Offered(offer(Some(quote), None, request))
        }
        Err(error) if question.has_amount() => {
            let (message, field) = (error.message, error.field);
            let is_of_coupon = field.as_deref().is_some_and(|field| field.starts_with("/coupon"));
            let cashier =
                if is_of_coupon { INCOMPLETE } else { "请录入该券适用商品的金额后试算" };
            Outcome::Offered(offer(None, Some(Unquoted { field, message, cashier }), request))
        }
        // Without a basket a quote serves only to see what forbids any use, and what may.
        Ok(quote) => {
            let (unchecked, cautions): (Vec<Rule>, Vec<_>) = quote.cautions().into_iter().unzip();
            Outcome::Offered(Offer { unchecked, caution: joined(cautions), ..offer(None, None, request) })
        }
        Err(_) => {
            let caution = INCOMPLETE.to_owned();
            Outcome::Offered(Offer { unchecked: vec![Rule::State], caution, ..offer(None, None, request) })
        }
    }
}

/// Each caution once.
fn joined(mut cautions: Vec<Cow<'static, str>>) -> String {
    let mut seen = HashSet::new();
    cautions.retain(|caution| seen.insert(caution.clone()));
    cautions.join(";")
}

/// Whether the coupon cannot be used. Without a basket nothing that is about money counts.
fn forbids(quote: &Quote, has_amount: bool) -> bool {
    quote.verdict == Verdict::Forbidden
        && (has_amount || quote.forbidden_by.is_some_and(|rule| !rule.is_about_money()))
}

impl Offers {
    /// One more coupon.
    pub fn push(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Offered(offer) => self.coupons.push(offer),
            Outcome::Unusable(unusable) => self.unusable.push(unusable),
        }
    }

    /// Takes out what is not to be offered: `why` gives the number of a redemption of the coupon that is in doubt.
    pub fn hold_back(&mut self, why: impl Fn(&'static str, &Map<String, Value>) -> Option<String>) {
        for offer in std::mem::take(&mut self.coupons) {
            match why(offer.operation, &offer.r#use) {
                None => self.coupons.push(offer),
                Some(number) => {
                    let message = format!(
                        "a redemption of this coupon is in doubt: settle {number}, or repeat it unchanged, and use no new number"
                    );
                    let cashier = "该券有一笔核销结果待确认,请勿重复核销";
                    self.unusable.push(Unusable::new(offer.coupon, "in_doubt", message, cashier));
                }
            }
        }
    }

    /// The best for the customer first: what leaves the least to pay, then what ends first. What is not known comes after what
    /// is, and what leaves no order to redeem it with before that. Without a basket the order stays WeChat Pay's.
    pub fn rank(&mut self) {
        self.coupons.sort_by_key(|offer| {
            let known = offer.quote.as_ref().filter(|quote| quote.usable);
            let has_no_order = known.is_some_and(|quote| quote.unchecked.contains(&Rule::Order));
            let ends_s = offer.quote.as_ref().and_then(Quote::ends_s).unwrap_or(i64::MAX);
            (known.is_none(), has_no_order, known.map_or(0, |quote| quote.payable), ends_s)
        });
    }

    /// What a cashier is told of the whole. A coupon that got no answer may be the very one that the customer has.
    pub fn cashier(&self) -> Cow<'_, str> {
        let unanswered = self.unusable.iter().filter(|unusable| unusable.reason == UNANSWERED).count();
        let refused = self.unusable.len() - unanswered;
        let told: Cow<'_, str> = match (self.coupons.as_slice(), self.unusable.as_slice()) {
            ([only], _) => match (&only.quote, &only.unquoted) {
                (Some(quote), _) => quote.cashier.as_str().into(),
                (None, Some(unquoted)) => unquoted.cashier.into(),
                (None, None) if only.caution.is_empty() => "有1张可用的优惠券".into(),
                (None, None) => format!("有1张优惠券待核对:{}", only.caution).into(),
            },
            ([], [only]) => only.cashier.as_ref().into(),
            ([], []) => "没有可用的优惠券".into(),
            ([], _) if unanswered > 0 => format!("{refused}张优惠券不可用").into(),
            ([], several) => format!("{}张优惠券均不可用", several.len()).into(),
            (several, _) => format!("有{}张优惠券,请顾客选择", several.len()).into(),
        };
        match (unanswered, self.coupons.len() + refused) {
            (0, _) | (_, 0) => told,
            _ => format!("{told};另有{unanswered}张未能查询,请稍后重试").into(),
        }
    }
}

/// The names by which a coupon is known, where WeChat Pay has not told more of it.
pub fn known_by(
    coupon_code: &str,
    stock_id: &str,
    product_coupon_id: Option<&str>,
    brand_id: Option<&str>,
) -> Value {
    let product = product_coupon_id.map(|id| ("product_coupon", json!({ "product_coupon_id": id })));
    let members = [("coupon_code", json!(coupon_code)), ("stock", json!({ "stock_id": stock_id }))];
    let optional = product.into_iter().chain(brand_id.map(|id| ("brand_id", json!(id))));
    Value::Object(members.into_iter().chain(optional).map(|(name, value)| (name.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests;
