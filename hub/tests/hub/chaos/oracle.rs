//! What every till was told against what really happened.

use super::record::{Book, Deed, Entry, Sale, Verdict};
use crate::till::hex;
use openssl::sha::sha256;
use std::collections::{BTreeMap, HashMap};
use wxcoupon_sandbox::{Effect, LedgerEntry};

/// A line of the sandbox's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    pub coupon: String,
    pub number: String,
    /// Redeemed; else returned.
    pub is_use: bool,
}

impl Happened {
    pub fn of(entry: &LedgerEntry) -> Happened {
        assert!(matches!(entry.effect, Effect::Used | Effect::Returned), "{entry:?}");
        let (coupon, number) = (entry.coupon_code.clone(), entry.number.clone());
        Happened { coupon, number, is_use: entry.effect == Effect::Used }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub number: String,
    pub coupon: String,
    pub what: String,
    /// It may end by itself: a redemption that was called off came late, and is to be returned.
    pub may_end: bool,
}

/// The number under which the library returns what was called off (docs/doubt.md).
fn return_of(number: &str) -> String {
    format!("V{}", &hex(&sha256(format!("void {number}").as_bytes())).to_uppercase()[..38])
}

/// What became of the coupons.
#[derive(Default)]
struct Truth<'a> {
    /// By number, the coupon.
    used: HashMap<&'a str, &'a str>,
    returned: HashMap<&'a str, &'a str>,
    /// By coupon, the number by which it is redeemed now.
    stands: HashMap<&'a str, &'a str>,
    violations: Vec<Violation>,
}

impl<'a> Truth<'a> {
    fn of(ledger: &'a [Happened]) -> Truth<'a> {
        let mut truth = Truth::default();
        for happened in ledger {
            let Happened { coupon, number, is_use } = happened;
            let (numbers, what) =
                if *is_use { (&mut truth.used, "redeemed") } else { (&mut truth.returned, "returned") };
            if numbers.insert(number, coupon).is_some() {
                truth.violate(number, coupon, format!("one number has {what} twice"));
            }
            if *is_use {
                if let Some(earlier) = truth.stands.insert(coupon, number) {
                    truth.violate(number, coupon, format!("the coupon is redeemed already, by {earlier}"));
                }
            } else if truth.stands.remove(coupon.as_str()).is_none() {
                truth.violate(number, coupon, "what is returned was not redeemed".to_owned());
            }
        }
        truth
    }

    fn violate(&mut self, number: &str, coupon: &str, what: String) {
        let (number, coupon) = (number.to_owned(), coupon.to_owned());
        self.violations.push(Violation { number, coupon, what, may_end: false });
    }
}

/// Everything that is wrong. Nothing, if all is as it was told.
pub fn violations(books: &[Book], ledger: &[Happened]) -> Vec<Violation> {
    let mut truth = Truth::of(ledger);
    let mut sales: BTreeMap<&str, &Sale> = BTreeMap::new();
    for (number, sale) in books.iter().flat_map(|book| &book.sales) {
        sales.insert(number, sale);
    }
    let own_returns: HashMap<String, &str> =
        sales.keys().map(|number| (return_of(number), *number)).collect();
    for happened in ledger {
        let asked = sales.get(happened.number.as_str());
        let is_right =
            asked.is_some_and(|sale| sale.is_return != happened.is_use && sale.coupon == happened.coupon);
        let is_own = !happened.is_use && own_returns.contains_key(&happened.number);
        if !is_right && !is_own {
            truth.violate(&happened.number, &happened.coupon, "no till has asked for this".to_owned());
        }
    }
    for (number, sale) in &sales {
        let what =
            if sale.is_return { wrong_return(number, sale, &truth) } else { wrong_use(number, sale, &truth) };
        if let Some(what) = what.or_else(|| wrong_answer(number, sale, &truth)) {
            truth.violate(number, &sale.coupon, what);
            if let Some(last) = truth.violations.last_mut() {
                last.may_end = sale.verdict == Verdict::CalledOff;
            }
        }
    }
    for (at, book) in books.iter().enumerate() {
        if book.ended.is_none_or(|(pending, _)| pending > 0) {
            truth.violate(&format!("till {at}"), "", format!("pending at the end: {:?}", book.ended));
        }
    }
    truth.violations
}

fn wrong_use(number: &str, sale: &Sale, truth: &Truth<'_>) -> Option<String> {
    let is_used = truth.used.contains_key(number);
    let is_undone = truth.returned.contains_key(return_of(number).as_str());
    match sale.verdict {
        Verdict::Open => Some("is still in doubt".to_owned()),
        Verdict::Done if !is_used => Some("was told done, and is not".to_owned()),
        Verdict::Done if is_undone => Some("was told done, and was called off".to_owned()),
        // What came late was returned by the watch.
        Verdict::NotDone if is_used && !is_undone => Some("was told not done, and is".to_owned()),
        Verdict::CalledOff if is_used && !is_undone => Some("was called off, and stands".to_owned()),
        _ => None,
    }
}

fn wrong_return(number: &str, sale: &Sale, truth: &Truth<'_>) -> Option<String> {
    let is_returned = truth.returned.contains_key(number);
    match sale.verdict {
        Verdict::Open => Some("is still in doubt".to_owned()),
        Verdict::Done if !is_returned => Some("was told returned, and is not".to_owned()),
        Verdict::NotDone if is_returned => Some("was told not returned, and is".to_owned()),
        Verdict::CalledOff => Some("a return was called off".to_owned()),
        _ => None,
    }
}

/// What the library says in the end is what is true in the end.
fn wrong_answer(number: &str, sale: &Sale, truth: &Truth<'_>) -> Option<String> {
    let answer = sale.answer.as_ref()?;
    let stands = if sale.is_return {
        truth.returned.contains_key(number)
    } else {
        truth.stands.get(sale.coupon.as_str()) == Some(&number)
    };
    let wrong = || format!("is answered {} {:?} in the end; stands: {stands}", answer.name, answer.state);
    (answer.is_done() != stands).then(wrong)
}

/// What a till was told of a number, for people.
pub fn told(sale: &Sale) -> String {
    let mut course = String::new();
    for entry in &sale.course {
        let line = match entry {
            Entry::Asked { at_ms, deed, .. } => format!("  {at_ms} asked {deed:?}\n"),
            Entry::Told { at_ms, deed, told, .. } => format!(
                "  {at_ms} told {deed:?}: {} {}{} by {} {} {}\n",
                told.status,
                told.name,
                if told.in_doubt { " in doubt" } else { "" },
                told.host.as_deref().unwrap_or("nobody"),
                told.state.as_deref().unwrap_or_default(),
                told.message
            ),
            other => format!("  {other:?}\n"),
        };
        course += &line;
    }
    course
}

/// How numbers have ended, and those that were told to be in doubt apart.
pub fn ends(books: &[Book]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    let mut add = |what: String, count: u64| *counts.entry(what).or_default() += count;
    for sale in books.iter().flat_map(|book| book.sales.values()) {
        let name = if sale.is_return { "returns" } else { "redemptions" };
        add(format!("{name} that ended as {:?}", sale.verdict), 1);
        if sale.first_doubt_ms().is_some() {
            add(format!("… of these told in doubt, or told nothing, before: {name}, {:?}", sale.verdict), 1);
        }
        let told =
            sale.course.iter().filter(|entry| matches!(entry, Entry::Told { told, .. } if told.in_doubt));
        add("answers that were in doubt".to_owned(), told.count() as u64);
    }
    counts
}

/// How long doubt lasted, and how long it took until somebody redeemed after the database was back.
pub fn times(books: &[Book], back: &[u64]) -> Vec<(&'static str, u64)> {
    let mut times = Vec::new();
    let mut done = Vec::new();
    for sale in books.iter().flat_map(|book| book.sales.values()) {
        if let (Some(began), Some(ended)) = (sale.first_doubt_ms(), sale.ended_ms()) {
            times.push(("from doubt to its end", ended - began));
        }
        done.extend(sale.course.iter().filter_map(|entry| match entry {
            Entry::Told { at_ms, told, deed: Deed::Use, .. } if told.is_done() => Some(*at_ms),
            _ => None,
        }));
    }
    for back in back {
        if let Some(first) = done.iter().filter(|at| *at >= back).min() {
            times.push(("from the database's return to the next redemption", first - back));
        }
    }
    times
}
