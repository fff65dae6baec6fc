//! What happened under each number, and whether what was told about it is so.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde::Serialize;

use crate::clock::rfc3339;
use crate::console::told::{Told, ToldEntry};
use crate::state::ledger::{Effect, Record};

/// Whether a caller was told the truth; in the order in which lines are kept when there are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// The caller believes something that is not so.
    Differs,
    /// The caller knows that it does not know.
    Open,
    Agrees,
    /// Nobody has said what the caller was told.
    Unknown,
}

/// One number.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) number: String,
    pub(crate) operation: String,
    pub(crate) coupon_code: String,
    /// RFC 3339: of the effect, else of what was told.
    pub(crate) time: String,
    /// How often it took effect: 0 or 1.
    pub(crate) effects: usize,
    /// What happened: `used`, `sent` …
    pub(crate) effect: Option<Effect>,
    /// A redemption that was returned since.
    pub(crate) is_undone: bool,
    /// The word that decided the verdict.
    pub(crate) told: Option<ToldEntry>,
    /// What other tills were told about the same number.
    pub(crate) others: Vec<ToldEntry>,
    pub(crate) verdict: Verdict,
}

/// What happened under one number.
#[derive(Default)]
pub(super) struct Happened {
    /// The ledger's entries, by place.
    entries: Vec<usize>,
    pub(super) effects: usize,
    is_undone: bool,
}

/// By number, in the order of the ledger.
pub(super) struct Joined<'a> {
    ledger: &'a [Record],
    pub(super) places: HashMap<&'a str, usize>,
    pub(super) happened: Vec<Happened>,
}

impl<'a> Joined<'a> {
    pub(super) fn new(ledger: &'a [Record]) -> Self {
        let mut joined = Self { ledger, places: HashMap::new(), happened: Vec::new() };
        // The redemption that stands, of each coupon.
        let mut standing: HashMap<&str, usize> = HashMap::new();
        for (index, record) in ledger.iter().enumerate().filter(|(_, record)| !record.number.is_empty()) {
            let Self { places, happened, .. } = &mut joined;
            let place = *places.entry(&record.number).or_insert_with(|| {
                happened.push(Happened::default());
                happened.len() - 1
            });
            match record.effect {
                Effect::Used => drop(standing.insert(&record.coupon_code, place)),
                Effect::Returned => {
                    let undone = standing.remove(&*record.coupon_code);
                    if let Some(line) = undone.and_then(|place| happened.get_mut(place)) {
                        line.is_undone = true;
                    }
                }
                _ => {}
            }
            if let Some(line) = happened.get_mut(place) {
                // A claim follows its pre-send under the same number; a bundle is sent in several coupons.
                let counts = line.effects == 0 || matches!(record.effect, Effect::Used | Effect::Returned);
                line.effects += usize::from(counts);
                line.entries.push(index);
            }
        }
        joined
    }

    pub(super) fn records(&self, happened: &Happened) -> impl Iterator<Item = &Record> {
        happened.entries.iter().filter_map(|index| self.ledger.get(*index))
    }

    /// Whether one word is true of what happened.
    fn verdict(&self, happened: &Happened, word: &ToldEntry) -> Verdict {
        // Twice under one number is wrong, whatever was told.
        if happened.effects > 1 || happened.effects == 1 && !self.is_about(happened, word) {
            return Verdict::Differs;
        }
        let agrees = match word.told {
            Told::InDoubt => return Verdict::Open,
            Told::Done => happened.effects == 1,
            Told::NotDone => happened.effects == 0,
            Told::Undone => happened.effects == 0 || happened.is_undone,
        };
        if agrees { Verdict::Agrees } else { Verdict::Differs }
    }

    /// Whether the caller means the operation and the coupon that the number stands for.
    fn is_about(&self, happened: &Happened, word: &ToldEntry) -> bool {
        let fits =
            |told: &str, so: &dyn Fn(&Record) -> bool| told.is_empty() || self.records(happened).any(so);
        fits(&word.operation, &|record| record.operation.name() == word.operation)
            && fits(&word.coupon_code, &|record| *record.coupon_code == *word.coupon_code)
    }

    /// The line of a number, the word that decides first.
    pub(super) fn line(&self, happened: &Happened, number: &str, mut words: Vec<ToldEntry>) -> Line {
        let settled = words.iter().filter(|word| word.told != Told::InDoubt).map(ToldEntry::at).max();
        // Whoever was told an end later no longer doubts.
        let doubts = |word: &ToldEntry| word.told == Told::InDoubt && settled.is_none_or(|at| word.at() > at);
        let weigh = |word: &ToldEntry| {
            let is_past = word.told == Told::InDoubt && !doubts(word);
            (is_past, self.verdict(happened, word), Reverse(word.at()))
        };
        words.sort_by_cached_key(weigh);
        let verdict = match words.first() {
            _ if happened.effects > 1 => Verdict::Differs,
            None => Verdict::Unknown,
            Some(word) => self.verdict(happened, word),
        };
        let record = self.records(happened).next();
        let mut words = words.into_iter();
        let told = words.next();
        let said = |what: fn(&ToldEntry) -> &String| told.as_ref().map(what).cloned().unwrap_or_default();
        Line {
            number: number.to_owned(),
            operation: record
                .map_or_else(|| said(|told| &told.operation), |record| record.operation.name().to_owned()),
            coupon_code: record
                .map_or_else(|| said(|told| &told.coupon_code), |record| record.coupon_code.to_string()),
            time: record
                .map_or_else(|| said(|told| &told.time), |record| rfc3339(record.at_ms.div_euclid(1000))),
            effects: happened.effects,
            effect: record.map(|record| record.effect),
            is_undone: happened.is_undone,
            told,
            others: words.collect(),
            verdict,
        }
    }
}
