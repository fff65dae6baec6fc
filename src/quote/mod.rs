//! Says what a coupon takes off, from the queried coupon alone: no network, no context.
//!
//! WeChat Pay takes nothing off at payment. The till does, and reports the redemption afterwards. If WeChat Pay then refuses
//! to redeem the coupon, the shop has lost the discount. So where the documentation is silent, a quote takes the reading that
//! gives away less and says so. A coupon that it does not understand is not quoted.
//!
//! `question` is the caller's input. [`answer`] checks the rules one by one, each as a [`step::Step`]: `period` is about time,
//! `conditions` about state, store and bundle, [`terms`] and [`amount`] about money.

pub mod amount;
mod busifavor;
pub mod choices;
mod conditions;
mod member;
mod moment;
mod period;
mod question;
pub mod step;
pub mod terms;
mod weekly;

use crate::error::Result;
use amount::{ThresholdOn, yuan};
use choices::Choices;
use member::Member;
use moment::Moment;
use period::Times;
use question::Question;
pub use question::{BASKET, Family};
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt::Write as _;
use step::{Finding, Rule, Step};
use terms::{AppliesTo, Benefit, Terms, UsageMode};
use time::OffsetDateTime;

/// A coupon that can be used for less than this many seconds more is announced to the cashier.
const SOON_S: i64 = 120;

/// What a question need not say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Defaults<'a> {
    /// Where the till stands.
    pub store_id: Option<&'a str>,
    /// How to read what is not documented.
    pub choices: Choices,
}

/// The answer to a question.
#[derive(Debug, Serialize)]
pub struct Quote {
    /// Whether the coupon can be used, as far as it can be checked offline. `unchecked` lists the rest.
    pub usable: bool,
    /// The same, with a third answer for "unknown".
    pub verdict: Verdict,
    /// The basket, in fen.
    pub amount: u64,
    /// What is taken off, in fen. 0 unless the coupon is usable.
    pub discount: u64,
    /// The same, as a request of `use` takes it. Only where the coupon is usable; a redemption of a 商家券 has no such
    /// member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved_amount: Option<u64>,
    /// What is left to pay, in fen: always `amount` less `discount`.
    pub payable: u64,
    /// The first rule that forbids the use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forbidden_by: Option<Rule>,
    /// The first rule that cannot be understood, if none forbids the use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_by: Option<Rule>,
    /// English, for the programmer.
    pub message: String,
    /// Chinese, for the till's screen.
    pub cashier: String,
    /// How many fen are missing to the threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_by: Option<u64>,
    /// The terms that were found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Terms>,
    /// The time that the quote is for.
    now: Moment,
    /// If only the time forbids the use: when the coupon becomes usable.
    #[serde(skip_serializing_if = "Option::is_none")]
    usable_from: Option<Moment>,
    /// If the time allows the use: the last second of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    usable_until: Option<Moment>,
    /// The end of the coupon's and its stock's validity.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Moment>,
    /// What only WeChat Pay can decide.
    pub unchecked: Vec<Rule>,
    /// Every rule that was checked, in order.
    pub steps: Vec<Step>,
}

/// Whether a coupon can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// No rule forbids it.
    Usable,
    /// A rule forbids it.
    Forbidden,
    /// No known rule forbids it, but not every rule could be understood.
    Unknown,
}

impl Quote {
    /// What speaks against a use or cannot be known, money aside: for where there is no basket yet.
    pub fn cautions(&self) -> Vec<(Rule, Cow<'static, str>)> {
        let is_open = |step: &&Step| {
            matches!(step.finding, Finding::Unknown | Finding::Unchecked) && !step.rule.is_about_money()
        };
        let caution = |step: &Step| match step.finding {
            Finding::Unknown => step.cashier.clone(),
            _ => step.rule.caution().into(),
        };
        let mut cautions: Vec<_> =
            self.steps.iter().filter(is_open).map(|step| (step.rule, caution(step))).collect();
        if let Some(until) = self.ends_soon() {
            cautions.push((Rule::Validity, format!("该券{}后不可用,请尽快核销", until.clock()).into()));
        }
        cautions
    }

    /// The last second of the use, if it is near.
    fn ends_soon(&self) -> Option<Moment> {
        self.usable_until.filter(|until| self.now.seconds_to(*until) < SOON_S)
    }
}

/// Reads the question and answers it for `now`, unless the question names another time.
pub fn answer(input: &str, defaults: &Defaults<'_>, now: OffsetDateTime) -> Result<Quote> {
    Question::read(input, defaults, now.into())?.answer()
}

/// The same for a coupon and a basket that were read before.
pub fn about(
    coupon: Value,
    basket: Map<String, Value>,
    defaults: &Defaults<'_>,
    now: OffsetDateTime,
) -> Result<Quote> {
    Question::of(coupon, basket, defaults, now.into())?.answer()
}

/// Refuses what would be refused with any coupon.
pub fn check_basket(basket: Map<String, Value>, defaults: &Defaults<'_>, now: OffsetDateTime) -> Result<()> {
    Question::without_coupon(basket, defaults, now.into()).map(drop)
}

impl Question {
    fn answer(&self) -> Result<Quote> {
        let coupon = self.coupon();
        let mut findings = Findings { family: self.family(), ..Findings::default() };
        if findings.family == Family::Busifavor {
            findings.gather_busifavor(self, &coupon)?;
            return Ok(findings.into_quote(self));
        }
        match UsageMode::read(&coupon.get("product_coupon")) {
            Ok(mode) => findings.gather(self, &coupon, mode)?,
            // The meaning of state, validity and terms depends on it.
            Err(why) => findings.steps.push(Step::unknown(Rule::UsageMode, why)),
        }
        Ok(findings.into_quote(self))
    }
}

impl Quote {
    /// When the coupon stops being usable, as far as that is known: in seconds since 1970.
    pub fn ends_s(&self) -> Option<i64> {
        self.usable_until.or(self.valid_until).map(Moment::unix_s)
    }
}

/// The quote so far.
#[derive(Debug, Default)]
struct Findings {
    family: Family,
    steps: Vec<Step>,
    terms: Option<Terms>,
    discount: u64,
    short_by: Option<u64>,
    usable_from: Option<Moment>,
    usable_until: Option<Moment>,
    valid_until: Option<Moment>,
}

impl Findings {
    fn gather(&mut self, question: &Question, coupon: &Member<'_>, mode: UsageMode) -> Result<()> {
        let stock = coupon.get("stock");
        let choices = question.choices;
        let period = stock.at(&[mode.usage_rule(), "coupon_available_period"]);
        let times = Times::read(coupon, &period, &period::PRODUCT_COUPON, choices.past_midnight);

        self.steps.push(conditions::state(coupon, self.family, question.now));
        self.steps.extend(times.steps(question.now));
        self.steps.push(conditions::store(&stock, question));
        self.steps.extend(conditions::usage_method(&stock));
        if mode == UsageMode::ProgressiveBundle {
            self.steps.push(conditions::bundle_order(coupon, choices.bundle_index_base));
            self.steps.extend(conditions::bundle_interval(coupon));
        }
        match Terms::read(coupon, mode) {
            Ok(terms) => self.reckon(question, terms)?,
            Err(why) => self.steps.push(Step::unknown(Rule::Terms, why)),
        }
        self.keep(&times, question);
        Ok(())
    }

    fn gather_busifavor(&mut self, question: &Question, coupon: &Member<'_>) -> Result<()> {
        let period = coupon.at(&["coupon_use_rule", "coupon_available_time"]);
        let times = Times::read(coupon, &period, &period::BUSIFAVOR, question.choices.past_midnight);
        self.steps.push(conditions::state(coupon, self.family, question.now));
        self.steps.extend(times.steps(question.now));
        self.steps.extend(busifavor::usage_method(coupon));
        match busifavor::terms(coupon, question) {
            Ok(terms) => {
                self.steps.extend(busifavor::goods(coupon, &terms));
                self.reckon(question, terms)?;
            }
            Err(why) => self.steps.push(Step::unknown(Rule::Terms, why)),
        }
        self.keep(&times, question);
        Ok(())
    }

    /// Keeps the times at which the coupon can be used.
    fn keep(&mut self, times: &Times, question: &Question) {
        self.valid_until = times.valid_until();
        self.usable_until = times.until(question.now);
        if self.forbidden_by_time_alone() {
            // A PENDING coupon whose time has come must be queried again.
            self.usable_from = times.next(question.now).filter(|next| *next > question.now);
        }
    }

    fn reckon(&mut self, question: &Question, terms: Terms) -> Result<()> {
        self.steps.push(Step::passes(Rule::Terms, "").found(terms.found_at.as_str()));
        let base = match terms.applies_to {
            AppliesTo::Basket => question.amount,
            // Why it cannot be used at all is said first, without a question about the basket.
            AppliesTo::Product
                if question.product_amount.is_none() && self.first(Finding::Forbids).is_some() =>
            {
                self.terms = Some(terms);
                return Ok(());
            }
            AppliesTo::Product => self.products(question, &terms)?,
        };
        let must_reach = must_reach(&terms, question);
        let threshold = threshold(&terms, question, must_reach);
        if threshold.finding == Finding::Forbids {
            self.short_by = terms.threshold.checked_sub(must_reach);
        }
        self.steps.push(threshold);

        let discount = amount::discount(&terms, base, question.choices.rounding.unwrap_or_default());
        self.discount = discount.fen;
        self.steps.push(Step::passes(Rule::Discount, discount.calculation));
        let names_order = self.family == Family::ProductCoupon;
        if names_order && discount.fen > 0 && discount.fen == question.amount {
            let message = "nothing is left to pay, and a redemption must name an order of WeChat Pay";
            self.steps.push(Step::unchecked(Rule::Order, message));
        }
        self.terms = Some(terms);
        Ok(())
    }

    /// What a coupon for some products is taken off. A price in exchange is that of one piece.
    fn products(&mut self, question: &Question, terms: &Terms) -> Result<u64> {
        let products = question.product()?;
        if products == 0 {
            let message = "the basket has nothing that this coupon is for";
            self.steps.push(Step::forbids(Rule::Product, message, "本单没有该券适用的商品"));
            return Ok(products);
        }
        self.steps.push(Step::passes(Rule::Product, format!("{products} fen")));
        if !matches!(terms.benefit, Benefit::Exchange { .. }) {
            return Ok(products);
        }
        if let Some(price) = question.piece_price() {
            self.steps.push(Step::passes(Rule::Quantity, format!("one piece of {price} fen")));
            return Ok(price);
        }
        let message = "one piece is exchanged, and product_amount is taken as the price of one: give product_quantity or \
                       product_unit_price";
        self.steps.push(Step::unchecked(Rule::Quantity, message));
        Ok(products)
    }

    fn first(&self, finding: Finding) -> Option<&Step> {
        self.steps.iter().find(|step| step.finding == finding)
    }

    /// Whether only the time forbids the use, and nothing is unknown. A PENDING coupon waits for its time.
    fn forbidden_by_time_alone(&self) -> bool {
        let of_time = |step: &Step| match step.rule {
            Rule::Validity | Rule::StockPeriod | Rule::WeeklyPeriod | Rule::IrregularPeriod => true,
            Rule::State => step.found == "PENDING",
            _ => false,
        };
        self.first(Finding::Unknown).is_none()
            && self.first(Finding::Forbids).is_some()
            && self.steps.iter().filter(|step| step.finding == Finding::Forbids).all(of_time)
    }

    fn into_quote(self, question: &Question) -> Quote {
        let amount = question.amount;
        let decisive = self.first(Finding::Forbids).or_else(|| self.first(Finding::Unknown));
        let verdict = match decisive.map(|step| step.finding) {
            None => Verdict::Usable,
            Some(Finding::Forbids) => Verdict::Forbidden,
            Some(_) => Verdict::Unknown,
        };
        let is_usable = verdict == Verdict::Usable;
        let discount = if is_usable { self.discount } else { 0 };
        let payable = amount.saturating_sub(discount);
        let unchecked: Vec<Rule> = self
            .steps
            .iter()
            .filter(|step| step.finding == Finding::Unchecked)
            .map(|step| step.rule)
            .collect();
        let (mut message, mut cashier) = match decisive {
            Some(step) => (step.message.clone(), step.cashier.clone().into_owned()),
            None if discount == 0 => {
                ("the coupon can be used but takes nothing off".into(), "本单使用该券无优惠".into())
            }
            None => (
                format!("the coupon takes {discount} fen off {amount} fen"),
                format!("优惠{}元,应付{}元", yuan(discount), yuan(payable)),
            ),
        };
        let decided = decisive.map(|step| step.rule);
        if is_usable {
            for rule in &unchecked {
                cashier.push(';');
                cashier.push_str(rule.caution());
            }
            if !unchecked.is_empty() {
                message.push_str("; what is in unchecked was not checked");
            }
            if let Some(until) = self.usable_until.filter(|until| question.now.seconds_to(*until) < SOON_S) {
                let _ = write!(message, "; it can be used until {until} only");
                let _ = write!(cashier, ";该券{}后不可用,请尽快核销", until.clock());
            }
        }
        Quote {
            usable: is_usable,
            verdict,
            amount,
            discount,
            saved_amount: (is_usable && self.family == Family::ProductCoupon).then_some(discount),
            payable,
            forbidden_by: decided.filter(|_| verdict == Verdict::Forbidden),
            unknown_by: decided.filter(|_| verdict == Verdict::Unknown),
            message,
            cashier,
            short_by: self.short_by,
            rule: self.terms,
            now: question.now,
            usable_from: self.usable_from,
            usable_until: self.usable_until,
            valid_until: self.valid_until,
            unchecked,
            steps: self.steps,
        }
    }
}

/// The amount that must reach the threshold. Where it is not chosen, it is the one that gives less away.
fn must_reach(terms: &Terms, question: &Question) -> u64 {
    match (terms.applies_to, question.choices.threshold_on) {
        (AppliesTo::Basket, _) | (AppliesTo::Product, Some(ThresholdOn::Basket)) => question.amount,
        (AppliesTo::Product, _) => question.product_amount.unwrap_or_default(),
    }
}

fn threshold(terms: &Terms, question: &Question, amount: u64) -> Step {
    let threshold = terms.threshold;
    let found = format!("{amount} of {threshold} fen");
    let Some(missing) = threshold.checked_sub(amount).filter(|missing| *missing > 0) else {
        return Step::passes(Rule::Threshold, found);
    };
    let is_open = terms.applies_to == AppliesTo::Product && question.choices.threshold_on.is_none();
    if is_open && question.amount >= threshold {
        let message = "the basket reaches the threshold, and the products do not. Which of them must is not documented: give \
                       threshold_on";
        return Step::undocumented(Rule::Threshold, message).found(found);
    }
    let of_what = match terms.applies_to {
        AppliesTo::Product if amount != question.amount => "该商品",
        _ => "",
    };
    Step::forbids(
        Rule::Threshold,
        format!("{missing} fen are missing to the threshold of {threshold} fen"),
        format!("{of_what}满{}元可用,还差{}元", yuan(threshold), yuan(missing)),
    )
    .found(found)
}
