//! The ledger beside what each caller was told.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use super::Console;
use super::told::{Told, ToldEntry};
use crate::protocol::Api;
use crate::state::ledger::{Effect, LedgerEntry};

/// Effects that are looked at; the latest.
const MOST: u64 = 2000;

/// Whether a caller was told the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Agrees,
    /// The caller believes something that is not so.
    Differs,
    /// The caller knows that it does not know.
    Open,
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
    pub(crate) told: Option<ToldEntry>,
    pub(crate) verdict: Verdict,
}

/// All of it.
#[derive(Debug, Serialize)]
pub(crate) struct Truth {
    /// Latest first.
    pub(crate) lines: Vec<Line>,
    /// Whether a journal is read, and why it cannot be.
    pub(crate) journal: Value,
}

pub(crate) fn truth(api: &Api, console: &Console) -> Truth {
    let last = api.state.ledger.len();
    let ledger = api.state.ledger.entries(last.saturating_sub(MOST));
    let reading = console.journal.as_ref().map(super::journal::Journal::read);
    let journal = match &reading {
        None => serde_json::json!({ "state": "none" }),
        Some(Ok(rows)) => serde_json::json!({ "state": "read", "rows": rows.len() }),
        Some(Err(_)) if console.journal.as_ref().is_some_and(|journal| !journal.is_there()) => {
            serde_json::json!({ "state": "absent" })
        }
        Some(Err(issue)) => serde_json::json!({ "state": "failed", "issue": issue }),
    };
    let rows = reading.and_then(Result::ok).unwrap_or_default();
    let mut told: HashMap<String, ToldEntry> =
        rows.into_iter().map(|entry| (entry.number.clone(), entry)).collect();
    // What was said here counts more than what is read.
    told.extend(console.told.all());
    Truth { lines: lines(&ledger, told), journal }
}

fn lines(ledger: &[LedgerEntry], mut told: HashMap<String, ToldEntry>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    // The redemption that stands, of each coupon.
    let mut standing: HashMap<&str, usize> = HashMap::new();
    for entry in ledger.iter().filter(|entry| !entry.number.is_empty()) {
        let place = *places.entry(&entry.number).or_insert_with(|| {
            lines.push(Line {
                number: entry.number.clone(),
                operation: entry.operation.to_owned(),
                coupon_code: entry.coupon_code.clone(),
                time: entry.time.clone(),
                effects: 0,
                effect: Some(entry.effect),
                is_undone: false,
                told: told.remove(&entry.number),
                verdict: Verdict::Unknown,
            });
            lines.len() - 1
        });
        // A claim follows its pre-send under the same number; a bundle is sent in several coupons.
        let is_first = lines.get(place).is_some_and(|line| line.effects == 0);
        let is_redemption = matches!(entry.effect, Effect::Used | Effect::Returned);
        match entry.effect {
            Effect::Used => drop(standing.insert(&entry.coupon_code, place)),
            Effect::Returned => {
                let undone = standing.remove(entry.coupon_code.as_str()).and_then(|use_| lines.get_mut(use_));
                if let Some(line) = undone {
                    line.is_undone = true;
                }
            }
            _ => {}
        }
        if let Some(line) = lines.get_mut(place)
            && (is_first || is_redemption)
        {
            line.effects += 1;
        }
    }
    let untrue = told.into_values().map(|entry| Line {
        number: entry.number.clone(),
        operation: entry.operation.clone(),
        coupon_code: entry.coupon_code.clone(),
        time: entry.time.clone(),
        effects: 0,
        effect: None,
        is_undone: false,
        told: Some(entry),
        verdict: Verdict::Unknown,
    });
    lines.extend(untrue);
    for line in &mut lines {
        line.verdict = verdict(line);
    }
    lines.reverse();
    lines.sort_by(|one, other| other.time.cmp(&one.time));
    lines
}

fn verdict(line: &Line) -> Verdict {
    // Twice under one number is wrong, whatever was told.
    if line.effects > 1 {
        return Verdict::Differs;
    }
    let agrees = match line.told.as_ref().map(|entry| entry.told) {
        None => return Verdict::Unknown,
        Some(Told::InDoubt) => return Verdict::Open,
        Some(Told::Done) => line.effects == 1,
        Some(Told::NotDone) => line.effects == 0,
        Some(Told::Undone) => line.effects == 0 || line.is_undone,
    };
    if agrees { Verdict::Agrees } else { Verdict::Differs }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(seq: u64, operation: &'static str, coupon: &str, number: &str, effect: Effect) -> LedgerEntry {
        let (coupon_code, number) = (coupon.to_owned(), number.to_owned());
        LedgerEntry {
            seq,
            time: format!("2025-08-03T12:00:{seq:02}+08:00"),
            operation,
            coupon_code,
            number,
            effect,
        }
    }

    fn judged(ledger: &[LedgerEntry], told: &[(&str, Told)]) -> Vec<(String, Verdict)> {
        let told = told.iter().map(|(number, told)| ((*number).to_owned(), ToldEntry::new(number, *told)));
        let mut lines: Vec<_> =
            lines(ledger, told.collect()).into_iter().map(|line| (line.number, line.verdict)).collect();
        lines.sort_by(|one, other| one.0.cmp(&other.0));
        lines
    }

    #[test]
    fn each_end_is_held_against_the_ledger() {
        let ledger = [
            entry(1, "use", "C1", "A", Effect::Used),
            entry(2, "use", "C2", "B", Effect::Used),
            entry(3, "use", "C3", "C", Effect::Used),
            entry(4, "return", "C3", "C_R", Effect::Returned),
            entry(5, "use", "C4", "D", Effect::Used),
            entry(6, "use", "C5", "E", Effect::Used),
        ];
        let told = [
            ("A", Told::Done),
            ("B", Told::NotDone),
            ("C", Told::Undone),
            ("D", Told::InDoubt),
            ("F", Told::Done),
            ("G", Told::NotDone),
            ("H", Told::Undone),
        ];
        let expected = [
            ("A", Verdict::Agrees),
            ("B", Verdict::Differs),
            ("C", Verdict::Agrees),
            ("C_R", Verdict::Unknown),
            ("D", Verdict::Open),
            ("E", Verdict::Unknown),
            ("F", Verdict::Differs),
            ("G", Verdict::Agrees),
            ("H", Verdict::Agrees),
        ];
        assert_eq!(judged(&ledger, &told), expected.map(|(number, verdict)| (number.to_owned(), verdict)));
    }

    #[test]
    fn called_off_but_still_redeemed_is_red() {
        let ledger = [entry(1, "use", "C1", "A", Effect::Used)];
        assert_eq!(judged(&ledger, &[("A", Told::Undone)]), [("A".to_owned(), Verdict::Differs)]);
    }

    #[test]
    fn twice_under_one_number_is_red_whatever_was_told() {
        let ledger = [entry(1, "use", "C1", "A", Effect::Used), entry(2, "use", "C1", "A", Effect::Used)];
        assert_eq!(judged(&ledger, &[("A", Told::Done)]), [("A".to_owned(), Verdict::Differs)]);
        // A bundle comes in several coupons under one number.
        let bundle = [
            entry(1, "bundle_send", "C1", "S", Effect::Sent),
            entry(2, "bundle_send", "C2", "S", Effect::Sent),
        ];
        assert_eq!(judged(&bundle, &[("S", Told::Done)]), [("S".to_owned(), Verdict::Agrees)]);
    }
}
