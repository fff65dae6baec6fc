//! The caller's input: a coupon, a basket, a time, and how to read what is not documented.

use super::Defaults;
use super::choices::{Choices, MIDNIGHTS, ROUNDINGS, THRESHOLDS};
use super::member::Member;
use super::moment::Moment;
use crate::api;
use crate::error::{Error, Result};
use crate::json::{self, At, pointer};
use crate::status::Code;
use serde_json::{Map, Value};

/// Members that may be given besides the coupon.
pub const BASKET: [&str; 11] = [
    "amount",
    "product_amount",
    "product_quantity",
    "product_unit_price",
    "store_id",
    "stock_store_ids",
    "now",
    "rounding",
    "threshold_on",
    "past_midnight",
    "bundle_index_base",
];

/// The family of a coupon, known by its members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Family {
    /// 商品券: it has `product_coupon`.
    #[default]
    ProductCoupon,
    /// 商家券: it has `coupon_use_rule`.
    Busifavor,
}

/// A checked question.
#[derive(Debug)]
pub struct Question {
    answer: Value,
    /// The basket, in fen.
    pub amount: u64,
    /// The part of it that a coupon for some products is about, in fen.
    pub product_amount: Option<u64>,
    /// The number of pieces that `product_amount` is for.
    product_quantity: Option<u64>,
    /// The price of one of them, in fen.
    product_unit_price: Option<u64>,
    /// Where the till stands.
    pub store_id: Option<String>,
    /// The stores that are associated with the stock, if the caller knows them.
    pub stock_store_ids: Option<Vec<String>>,
    /// The time of the quote.
    pub now: Moment,
    /// How to read what is not documented.
    pub choices: Choices,
}

fn refuse(field: &str, message: impl Into<String>) -> Error {
    Error::at(Code::Request, field, message)
}

impl Question {
    /// Reads the caller's JSON. Unknown members are refused, because this input is for this library only.
    pub fn read(input: &str, defaults: &Defaults<'_>, now: Moment) -> Result<Question> {
        // The coupon has many members that nobody reads here, whatever their numbers are.
        let mut members = json::parse_object_of_any_numbers(input)?;
        // Callers may pass it to every function. This one has no use for it, because it never waits.
        api::take_options(&mut members)?;
        let coupon = members.shift_remove("coupon").filter(|coupon| !coupon.is_null());
        let coupon = coupon.ok_or_else(|| refuse("/coupon", "coupon is missing"))?;
        Question::of(coupon, members, defaults, now)
    }

    /// The same from its parts.
    pub fn of(
        coupon: Value,
        basket: Map<String, Value>,
        defaults: &Defaults<'_>,
        now: Moment,
    ) -> Result<Question> {
        let question = Question { answer: coupon, ..Question::without_coupon(basket, defaults, now)? };
        question.check_coupon()?;
        Ok(question)
    }

    /// A basket, checked before there is a coupon.
    pub fn without_coupon(
        basket: Map<String, Value>,
        defaults: &Defaults<'_>,
        now: Moment,
    ) -> Result<Question> {
        let mut members = Members(basket);
        let question = Question {
            answer: Value::Null,
            amount: members.amount("amount")?.ok_or_else(|| refuse("/amount", "amount is missing"))?,
            product_amount: members.amount("product_amount")?,
            product_quantity: members.read("product_quantity", "a whole number, 1 or more", |value| {
                value.as_u64().filter(|pieces| *pieces > 0)
            })?,
            product_unit_price: members.amount("product_unit_price")?,
            store_id: members.name("store_id")?.or_else(|| defaults.store_id.map(str::to_owned)),
            stock_store_ids: members.names("stock_store_ids")?,
            now: members.moment("now")?.unwrap_or(now),
            choices: Choices {
                rounding: members.choice("rounding", &ROUNDINGS)?,
                threshold_on: members.choice("threshold_on", &THRESHOLDS)?,
                past_midnight: members.choice("past_midnight", &MIDNIGHTS)?,
                bundle_index_base: members.base("bundle_index_base")?,
            }
            .or(defaults.choices),
        };
        members.finish()?;
        question.check_amounts()?;
        Ok(question)
    }

    /// The coupon: the `data` of an answer, or the whole answer, which a program without a JSON parser passes on unchanged.
    pub fn coupon(&self) -> Member<'_> {
        let given = Member::new(&self.answer, "/coupon");
        let data = given.get("data");
        if data.is_object() && !given.get("coupon_state").is_present() { data } else { given }
    }

    /// The family of the coupon.
    pub fn family(&self) -> Family {
        let coupon = self.coupon();
        let is_busifavor =
            coupon.get("coupon_use_rule").is_object() && !coupon.get("product_coupon").is_present();
        if is_busifavor { Family::Busifavor } else { Family::ProductCoupon }
    }

    /// Checks what every coupon has. Anything deeper comes from WeChat Pay and is not the caller's fault.
    fn check_coupon(&self) -> Result<()> {
        let coupon = self.coupon();
        let kind = match self.family() {
            Family::ProductCoupon => coupon.get("product_coupon"),
            Family::Busifavor => coupon.get("coupon_use_rule"),
        };
        for (member, is_right, expected) in [
            (&coupon, coupon.is_object(), "an object: the data of a query's answer"),
            (&coupon.get("coupon_state"), coupon.get("coupon_state").text().is_ok(), "a string"),
            (&kind, kind.is_object(), "an object"),
        ] {
            if !is_right {
                let hint =
                    "Pass the whole answer of wxcoupon_query or busifavor_query, or its data, as coupon.";
                return Err(refuse(&member.field, member.unreadable(expected).message).hint(hint));
            }
        }
        Ok(())
    }

    fn check_amounts(&self) -> Result<()> {
        let part = self.product_amount.unwrap_or(self.amount);
        if part > self.amount {
            let message = format!("product_amount {part} is more than the whole basket, {}", self.amount);
            return Err(refuse("/product_amount", message));
        }
        match self.product_unit_price {
            Some(price) if price > part => {
                let message = format!("product_unit_price {price} is more than all of the products, {part}");
                Err(refuse("/product_unit_price", message))
            }
            _ => Ok(()),
        }
    }

    /// What the products cost that a coupon for some products is for.
    pub fn product(&self) -> Result<u64> {
        self.product_amount.ok_or_else(|| {
            refuse(
                "/product_amount",
                "product_amount is missing: this coupon is for some products (scope SINGLE, or a 商家券 of type EXCHANGE); give what those in the basket \
                 cost without the coupon, in fen, or 0 if it has none of them",
            )
        })
    }

    /// The price of one piece, if the caller has said enough. Pieces of different prices are taken at their average, without
    /// the rest, so that nothing is given away.
    pub fn piece_price(&self) -> Option<u64> {
        let average = || self.product_amount?.checked_div(self.product_quantity?);
        self.product_unit_price.or_else(average)
    }
}

/// Takes members out. Members that are left at the end are unknown.
struct Members(Map<String, Value>);

impl Members {
    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.shift_remove(name).filter(|value| !value.is_null())
    }

    fn amount(&mut self, name: &str) -> Result<Option<u64>> {
        self.read(name, "a whole number of fen, 0 or more, without quotes", Value::as_u64)
    }

    fn base(&mut self, name: &str) -> Result<Option<u64>> {
        self.read(name, "0 or 1", |value| value.as_u64().filter(|base| *base <= 1))
    }

    fn name(&mut self, name: &str) -> Result<Option<String>> {
        let text = self.read(name, "a string that is not empty", filled_text)?;
        text.iter().try_for_each(|text| api::check_name(text, name, &At::Member(&At::Root, name)))?;
        Ok(text)
    }

    fn names(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        let texts: Option<Vec<String>> = self
            .read(name, "an array of strings", |value| value.as_array()?.iter().map(filled_text).collect())?;
        for (index, text) in texts.iter().flatten().enumerate() {
            api::check_name(text, name, &At::Item(&At::Member(&At::Root, name), index))?;
        }
        Ok(texts)
    }

    fn moment(&mut self, name: &str) -> Result<Option<Moment>> {
        let expected = "a time of RFC 3339 with offset, such as 2025-08-03T12:00:00+08:00";
        self.read(name, expected, |value| Moment::parse(value.as_str()?))
    }

    fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Result<Option<T>> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        self.read(name, &format!("one of {}", names.join(", ")), |value| {
            choices.iter().find(|(name, _)| value == *name).map(|(_, choice)| *choice)
        })
    }

    fn read<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let found = read(&value);
        let member = Member::new(&value, pointer("", name));
        found.map(Some).ok_or_else(|| refuse(&member.field, member.unreadable(expected).message))
    }

    fn finish(self) -> Result<()> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(unknown) => {
                let known = format!(
                    "is not known to wxcoupon_quote; known are: coupon, {}, _options",
                    BASKET.join(", ")
                );
                Err(json::unknown_member(Code::Request, "", unknown, &known))
            }
        }
    }
}

fn filled_text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}
