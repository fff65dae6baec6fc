//! The ledger beside what each caller was told.

mod joined;

use std::cmp::Reverse;
use std::collections::HashSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::Console;
use super::told::{ToldEntry, Words};
use crate::clock::parse_rfc3339;
use crate::protocol::Api;
use crate::state::ledger::{Effect, Record};
use joined::{Happened, Joined, Line, Verdict};

/// Lines that are listed; what is wrong or open comes before everything else.
const MOST: usize = 2000;

/// All of it.
#[derive(Debug, Serialize)]
pub(crate) struct Truth {
    /// Latest first.
    pub(crate) lines: Vec<Line>,
    /// Numbers that have no line, because there are too many.
    pub(crate) left_out: usize,
    pub(crate) counts: Counts,
    /// Whether a journal is read, and why it cannot be.
    pub(crate) journal: Value,
}

/// Counted over everything, not only over the lines.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    differs: usize,
    open: usize,
    agrees: usize,
    unknown: usize,
    /// Redemptions, returned since or not.
    redemptions: usize,
    /// Numbers that took effect more than once.
    twice: usize,
}

pub(crate) fn truth(api: &Api, console: &Console) -> Truth {
    let (mut journal, read) = match &console.journal {
        None => (json!({ "state": "none" }), Words::new()),
        Some(journal) => journal.read(),
    };
    let ledger = api.state.ledger.records();
    let (read, before) = since(console.began(), read, &ledger);
    if before > 0
        && let Some(members) = journal.as_object_mut()
    {
        members.insert("before".to_owned(), json!(before));
    }
    let mut words = console.told.all();
    for (number, read) in read {
        words.entry(number).or_default().extend(read);
    }
    let (lines, left_out, counts) = judged(&ledger, words);
    Truth { lines, left_out, counts, journal }
}

/// Without what the till was told before the ledger began, which an earlier run or a reset has taken along; how many that are.
fn since(began: i64, read: Words, ledger: &[Record]) -> (Words, usize) {
    let known: HashSet<&str> = ledger.iter().map(|record| &*record.number).collect();
    let all = read.len();
    let is_old = |entry: &ToldEntry| parse_rfc3339(&entry.time).is_some_and(|time| time < began);
    let kept: Words = read
        .into_iter()
        .filter(|(number, told)| known.contains(number.as_str()) || !told.iter().all(is_old))
        .collect();
    let left = kept.len();
    (kept, all - left)
}

/// A line with where it stands: in time, in the ledger.
type Placed = (Reverse<i64>, Reverse<Option<usize>>, Line);

fn judged(ledger: &[Record], words: Words) -> (Vec<Line>, usize, Counts) {
    let joined = Joined::new(ledger);
    let nothing = Happened::default();
    let (mut placed, mut counts) = (Vec::<Placed>::new(), Counts::default());
    counts.redemptions = ledger.iter().filter(|record| record.effect == Effect::Used).count();
    let mut told: HashSet<usize> = HashSet::new();
    for (number, words) in words {
        let place = joined.places.get(number.as_str()).copied();
        let happened = place.and_then(|place| joined.happened.get(place)).unwrap_or(&nothing);
        told.extend(place);
        let line = joined.line(happened, &number, words);
        let at = parse_rfc3339(&line.time).unwrap_or(i64::MIN);
        placed.push((Reverse(at), Reverse(place), line));
    }
    // Of those that nobody has spoken of, only as many get a line as are listed; the latest.
    let mut untold = 0;
    for (place, happened) in joined.happened.iter().enumerate().rev() {
        counts.twice += usize::from(happened.effects > 1);
        if told.contains(&place) {
            continue;
        }
        untold += 1;
        if untold <= MOST || happened.effects > 1 {
            let Some(record) = joined.records(happened).next() else { continue };
            let line = joined.line(happened, &record.number, Vec::new());
            placed.push((Reverse(record.at_ms.div_euclid(1000)), Reverse(Some(place)), line));
        } else {
            counts.unknown += 1;
        }
    }
    let mut left_out = counts.unknown;
    for (_, _, line) in &placed {
        *match line.verdict {
            Verdict::Differs => &mut counts.differs,
            Verdict::Open => &mut counts.open,
            Verdict::Agrees => &mut counts.agrees,
            Verdict::Unknown => &mut counts.unknown,
        } += 1;
    }
    let order = |one: &Placed, other: &Placed| {
        (one.0, one.1, &one.2.number).cmp(&(other.0, other.1, &other.2.number))
    };
    placed.sort_by(|one, other| one.2.verdict.cmp(&other.2.verdict).then_with(|| order(one, other)));
    left_out += placed.len().saturating_sub(MOST);
    placed.truncate(MOST);
    placed.sort_by(order);
    (placed.into_iter().map(|(_, _, line)| line).collect(), left_out, counts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::console::told::Told;
    use crate::operation::Operation;

    fn entry(seq: i64, operation: &str, coupon: &str, number: &str, effect: Effect) -> Record {
        let operation = Operation::named(operation).unwrap();
        Record {
            at_ms: (1_754_193_600 + seq) * 1000,
            operation,
            coupon_code: coupon.into(),
            number: number.into(),
            effect,
        }
    }

    fn words(told: &[ToldEntry]) -> Words {
        let mut words = Words::new();
        for word in told {
            words.entry(word.number.clone()).or_default().push(word.clone());
        }
        words
    }

    fn judge(ledger: &[Record], told: &[(&str, Told)]) -> Vec<(String, Verdict)> {
        let told: Vec<_> = told.iter().map(|(number, told)| ToldEntry::new(number, *told)).collect();
        let (lines, left_out, _) = judged(ledger, words(&told));
        assert_eq!(left_out, 0);
        let mut lines: Vec<_> = lines.into_iter().map(|line| (line.number, line.verdict)).collect();
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
        assert_eq!(judge(&ledger, &told), expected.map(|(number, verdict)| (number.to_owned(), verdict)));
    }

    #[test]
    fn what_was_told_before_the_ledger_began_is_not_held_against_it() {
        let ledger = [entry(100, "use", "C1", "A", Effect::Used)];
        let at = |number: &str, after: i64| ToldEntry {
            time: crate::clock::rfc3339(1_754_193_600 + after),
            ..ToldEntry::new(number, Told::Done)
        };
        // `A` was sent before, and is in the ledger all the same.
        let told = words(&[at("A", 40), at("OLD", 49), at("NEW", 50)]);
        let (kept, before) = since(1_754_193_600 + 50, told, &ledger);
        assert_eq!(kept.keys().map(String::as_str).collect::<Vec<_>>(), ["A", "NEW"]);
        assert_eq!(before, 1);
    }

    #[test]
    fn called_off_but_still_redeemed_is_red() {
        let ledger = [entry(1, "use", "C1", "A", Effect::Used)];
        assert_eq!(judge(&ledger, &[("A", Told::Undone)]), [("A".to_owned(), Verdict::Differs)]);
    }

    #[test]
    fn twice_under_one_number_is_red_whatever_was_told() {
        let ledger = [entry(1, "use", "C1", "A", Effect::Used), entry(2, "use", "C1", "A", Effect::Used)];
        assert_eq!(judge(&ledger, &[("A", Told::Done)]), [("A".to_owned(), Verdict::Differs)]);
        // A bundle comes in several coupons under one number.
        let bundle = [
            entry(1, "bundle_send", "C1", "S", Effect::Sent),
            entry(2, "bundle_send", "C2", "S", Effect::Sent),
        ];
        assert_eq!(judge(&bundle, &[("S", Told::Done)]), [("S".to_owned(), Verdict::Agrees)]);
    }

    #[test]
    fn everything_counts_and_what_is_wrong_is_listed_however_long_ago_it_was() {
        let mut ledger = vec![
            entry(0, "use", "C1", "OLD_1", Effect::Used),
            entry(1, "use", "C2", "OLD_2", Effect::Used),
            entry(2, "use", "C3", "OLD_3", Effect::Used),
            entry(3, "use", "C3", "OLD_3", Effect::Used),
        ];
        ledger.extend((10..3010).map(|n| entry(n, "use", &format!("A{n}"), &format!("N{n}"), Effect::Used)));
        let told = [ToldEntry::new("OLD_1", Told::NotDone), ToldEntry::new("OLD_2", Told::Done)];
        let (lines, left_out, counts) = judged(&ledger, words(&told));
        let verdict = |number: &str| lines.iter().find(|line| line.number == number).map(|line| line.verdict);
        assert_eq!(verdict("OLD_1"), Some(Verdict::Differs));
        assert_eq!(verdict("OLD_2"), Some(Verdict::Agrees));
        assert_eq!(verdict("OLD_3"), Some(Verdict::Differs), "twice, and nobody was told");
        assert_eq!((lines.len(), left_out), (MOST, 1003));
        let expected = Counts { differs: 2, open: 0, agrees: 1, unknown: 3000, redemptions: 3004, twice: 1 };
        assert_eq!(counts, expected);
        // Not done at all, however many others were.
        let (_, _, counts) = judged(&ledger, words(&[ToldEntry::new("NEVER", Told::Done)]));
        assert_eq!((counts.differs, counts.unknown), (2, 3002));
    }

    #[test]
    fn another_coupon_or_operation_is_red() {
        let ledger = [
            entry(1, "use", "C1", "A", Effect::Used),
            entry(2, "bundle_send", "C2", "B", Effect::Sent),
            entry(2, "bundle_send", "C3", "B", Effect::Sent),
        ];
        let told = |number: &str, told: Told, operation: &str, coupon: &str| {
            let (operation, coupon_code) = (operation.to_owned(), coupon.to_owned());
            let word = ToldEntry { operation, coupon_code, ..ToldEntry::new(number, told) };
            judged(&ledger, words(&[word])).0.into_iter().find(|line| line.number == number).unwrap().verdict
        };
        assert_eq!(told("A", Told::Done, "use", "C1"), Verdict::Agrees);
        assert_eq!(told("A", Told::Done, "use", "C2"), Verdict::Differs);
        assert_eq!(told("A", Told::InDoubt, "", "C2"), Verdict::Differs);
        assert_eq!(told("A", Told::Done, "send", "C1"), Verdict::Differs);
        assert_eq!(told("B", Told::Done, "bundle_send", "C3"), Verdict::Agrees);
        assert_eq!(told("B", Told::Done, "", "C1"), Verdict::Differs);
    }

    #[test]
    fn tills_that_contradict_each_other_are_both_shown() {
        let ledger = [entry(1, "use", "C1", "A", Effect::Used)];
        let word = |till: &str, told: Told, time: &str| ToldEntry {
            till: till.to_owned(),
            time: time.to_owned(),
            ..ToldEntry::new("A", told)
        };
        let line = |told: &[ToldEntry]| judged(&ledger, words(told)).0.remove(0);
        let red = line(&[
            word("1", Told::Done, "2025-08-03T12:00:02+08:00"),
            word("2", Told::NotDone, "2025-08-03T12:00:01+08:00"),
        ]);
        assert_eq!((red.verdict, red.told.unwrap().till.as_str()), (Verdict::Differs, "2"));
        assert_eq!(red.others[0].till, "1");
        let doubt = word("2", Told::InDoubt, "2025-08-03T12:00:01+08:00");
        let later = word("1", Told::Done, "2025-08-03T12:00:02+08:00");
        assert_eq!(line(&[doubt.clone(), later.clone()]).verdict, Verdict::Agrees, "known since");
        let still = ToldEntry { time: "2025-08-03T12:00:03+08:00".to_owned(), ..doubt };
        assert_eq!(line(&[still, later]).verdict, Verdict::Open);
    }

    #[test]
    fn lines_stand_in_the_same_order_every_time() {
        let told: Vec<_> = (0..200)
            .map(|n| ToldEntry {
                time: "2025-08-03T12:00:00+08:00".to_owned(),
                ..ToldEntry::new(&format!("N{n}"), Told::Done)
            })
            .collect();
        let order = || judged(&[], words(&told)).0.into_iter().map(|line| line.number).collect::<Vec<_>>();
        assert_eq!(order(), order());
        // Of one second the later comes first.
        let ledger = [entry(1, "use", "C1", "A", Effect::Used), entry(1, "use", "C2", "B", Effect::Used)];
        let numbers: Vec<_> = judged(&ledger, Words::new()).0.into_iter().map(|line| line.number).collect();
        assert_eq!(numbers, ["B", "A"]);
    }
}
