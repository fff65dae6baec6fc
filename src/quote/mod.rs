//! Says what a coupon takes off, from the queried coupon alone: no network, no context.
//!
//! WeChat Pay takes nothing off at payment. The till does, and reports the redemption afterwards. If WeChat Pay then refuses
//! to redeem the coupon, the shop has lost the discount. So where the documentation is silent, a quote takes the reading that
//! gives away less and says so. A coupon that it does not understand is not quoted.
//!
//! `question` is the caller's input. [`answer`] checks the rules one by one, each as a [`step::Step`]: `period` is about time,
//! `conditions` about state, store and bundle, [`terms`] and [`amount`] about money.

pub mod amount;
mod conditions;
mod member;
mod moment;
mod period;
mod question;
pub mod step;
pub mod terms;

use crate::error::Result;
use amount::{ThresholdOn, yuan};
use member::Member;
use moment::Moment;
use period::Times;
use question::Question;
use serde::Serialize;
use step::{Finding, Rule, Step};
use terms::{AppliesTo, Terms, UsageMode};
use time::OffsetDateTime;

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

/// Reads the question and answers it for `now`, unless the question names another time.
pub fn answer(input: &str, default_store_id: Option<&str>, now: OffsetDateTime) -> Result<Quote> {
    let question = Question::read(input, default_store_id, now.into())?;
    let coupon = question.coupon();
    let mut findings = Findings::default();
    match UsageMode::read(&coupon.get("product_coupon")) {
        Ok(mode) => findings.gather(&question, &coupon, mode),
        // The meaning of state, validity and terms depends on it.
        Err(why) => findings.steps.push(Step::unknown(Rule::UsageMode, why)),
    }
    Ok(findings.into_quote(&question))
}

/// The quote so far.
#[derive(Debug, Default)]
struct Findings {
    steps: Vec<Step>,
    terms: Option<Terms>,
    discount: u64,
    short_by: Option<u64>,
    usable_from: Option<Moment>,
    valid_until: Option<Moment>,
}

impl Findings {
    fn gather(&mut self, question: &Question, coupon: &Member<'_>, mode: UsageMode) {
        let stock = coupon.get("stock");
        let times = Times::read(coupon, &stock.get(mode.usage_rule()));

        self.steps.push(conditions::state(coupon, question.now));
        self.steps.extend(times.steps(question.now));
        self.steps.push(conditions::store(&stock, question));
        self.steps.extend(conditions::usage_method(&stock));
        if mode == UsageMode::ProgressiveBundle {
            self.steps.push(conditions::bundle_order(coupon, question.bundle_index_base));
            self.steps.extend(conditions::bundle_interval(coupon));
        }
        match Terms::read(coupon, mode) {
            Ok(terms) => self.reckon(question, terms),
            Err(why) => self.steps.push(Step::unknown(Rule::Terms, why)),
        }
        self.valid_until = times.valid_until();
        if self.forbidden_by_time_alone() {
            // A PENDING coupon whose time has come must be queried again.
            self.usable_from = times.next(question.now).filter(|next| *next > question.now);
        }
    }

    fn reckon(&mut self, question: &Question, terms: Terms) {
        self.steps.push(Step::passes(Rule::Terms, "").found(terms.found_at.as_str()));
        let (base, must_reach) = match terms.applies_to {
            AppliesTo::Basket => (question.amount, question.amount),
            AppliesTo::Product => {
                let product = question.product_amount.unwrap_or_default();
                self.steps.push(if product == 0 {
                    let message = "the basket has nothing that this coupon is for";
                    Step::forbids(Rule::Product, message, "本单没有该券适用的商品")
                } else {
                    Step::passes(Rule::Product, format!("{product} fen"))
                });
                let must_reach =
                    if question.threshold_on == ThresholdOn::Basket { question.amount } else { product };
                (product, must_reach)
            }
        };
        self.steps.push(threshold(terms.threshold, must_reach));
        self.short_by = terms.threshold.checked_sub(must_reach).filter(|missing| *missing > 0);

        let discount = amount::discount(&terms, base, question.rounding);
        self.discount = discount.fen;
        self.steps.push(Step::passes(Rule::Discount, discount.calculation));
        if discount.fen > 0 && discount.fen == question.amount {
            let message = "nothing is left to pay, and a redemption must name an order of WeChat Pay";
            self.steps.push(Step::unchecked(Rule::Order, message));
        }
        self.terms = Some(terms);
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
        let discount = if verdict == Verdict::Usable { self.discount } else { 0 };
        let payable = amount.saturating_sub(discount);
        let (message, cashier) = match decisive {
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
        Quote {
            usable: verdict == Verdict::Usable,
            verdict,
            amount,
            discount,
            payable,
            forbidden_by: decided.filter(|_| verdict == Verdict::Forbidden),
            unknown_by: decided.filter(|_| verdict == Verdict::Unknown),
            message,
            cashier,
            short_by: self.short_by,
            rule: self.terms,
            now: question.now,
            usable_from: self.usable_from,
            valid_until: self.valid_until,
            unchecked: self
                .steps
                .iter()
                .filter(|step| step.finding == Finding::Unchecked)
                .map(|step| step.rule)
                .collect(),
            steps: self.steps,
        }
    }
}

fn threshold(threshold: u64, amount: u64) -> Step {
    let found = format!("{amount} of {threshold} fen");
    match threshold.checked_sub(amount) {
        None | Some(0) => Step::passes(Rule::Threshold, found),
        Some(missing) => Step::forbids(
            Rule::Threshold,
            format!("{missing} fen are missing to the threshold of {threshold} fen"),
            format!("满{}元可用,还差{}元", yuan(threshold), yuan(missing)),
        )
        .found(found),
    }
}
