//! What the till wrote down itself, what its journal answers, and what really happened, side by side.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use wxcoupon_sandbox::{Effect, Sandbox};

pub const E_REQUEST: i32 = 1005;
pub const E_JOURNAL: i32 = 2003;
pub const E_UNRECORDED: i32 = 4007;

/// A file of lines, each on the disk before the next thing happens.
pub struct Notes(File);

impl Notes {
    pub fn append_to(path: &Path) -> Notes {
        Notes(OpenOptions::new().create(true).append(true).open(path).unwrap())
    }

    pub fn line(&mut self, line: &str) {
        self.0.write_all(format!("{line}\n").as_bytes()).unwrap();
        self.0.sync_all().unwrap();
    }
}

/// One number, as its till knows it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub coupon: String,
    /// The answer to the last call; none when the till died first.
    pub told: Option<i32>,
    /// The answer to the call before it.
    pub told_before: Option<i32>,
}

/// Reads a till's notes; a last line that was cut off did not happen.
pub fn read_notes(path: &Path) -> BTreeMap<String, Asked> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut asked = BTreeMap::new();
    for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["asked", number, coupon] => {
                let told_before = asked.get(number).and_then(|asked: &Asked| asked.told);
                asked.insert(number.to_owned(), Asked { coupon: coupon.to_owned(), told: None, told_before });
            }
            ["told", number, status] => asked.get_mut(number).unwrap().told = Some(status.parse().unwrap()),
            _ => panic!("not a line of notes: {line}"),
        }
    }
    asked
}

/// What the journal says after settling.
#[derive(Debug, Default)]
pub struct Settled {
    /// Pending rows when settling gave up or was done.
    pub pending: Option<u64>,
    /// The same in the context that lived through the trouble, where there was one.
    pub pending_before_reopening: Option<u64>,
    pub answers: HashMap<String, i32>,
}

pub fn read_settled(path: &Path) -> Settled {
    let mut settled = Settled::default();
    for line in std::fs::read_to_string(path).unwrap_or_default().lines() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["pending", count] => settled.pending = Some(count.parse().unwrap()),
            ["pending_before_reopening", count] => {
                settled.pending_before_reopening = Some(count.parse().unwrap());
            }
            ["answer", number, status] => {
                settled.answers.insert(number.to_owned(), status.parse().unwrap());
            }
            _ => panic!("not a line of a settlement: {line}"),
        }
    }
    settled
}

/// How often each thing was seen, for the summary.
#[derive(Debug, Default)]
pub struct Counts(BTreeMap<String, u64>);

impl Counts {
    pub fn add(&mut self, what: impl Into<String>, count: u64) {
        *self.0.entry(what.into()).or_default() += count;
    }

    pub fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }
}

/// Numbers that redeemed something, with the coupon. Fails when a coupon was redeemed twice.
pub fn redeemed(sandbox: &Sandbox) -> HashMap<String, String> {
    let (mut by_number, mut coupons) = (HashMap::new(), HashSet::new());
    for entry in sandbox.ledger() {
        assert_eq!(entry.effect, Effect::Used, "nobody returns anything here: {entry:?}");
        assert!(coupons.insert(entry.coupon_code.clone()), "redeemed twice: {entry:?}");
        by_number.insert(entry.number, entry.coupon_code);
    }
    by_number
}

/// Compares the three books, number by number.
pub fn compare(asked: &BTreeMap<String, Asked>, settled: &Settled, sandbox: &Sandbox, counts: &mut Counts) {
    let redeemed = redeemed(sandbox);
    let sent: HashSet<String> = sandbox
        .requests()
        .into_iter()
        .filter(|entry| entry.operation == "use")
        .filter_map(|entry| entry.number)
        .collect();
    assert_eq!(settled.pending, Some(0), "everything must be settled: {settled:?}");
    for (number, asked) in asked {
        let used = match redeemed.get(number) {
            Some(coupon) => {
                assert_eq!(coupon, &asked.coupon, "{number} redeemed another coupon");
                true
            }
            None => false,
        };
        let answer = *settled.answers.get(number).unwrap_or_else(|| panic!("no answer for {number}"));
        let books = format!("{number} {asked:?}: the journal says {answer}, really redeemed: {used}");
        let true_to_the_ledger = match (answer, answer / 1000) {
            (0, _) => used,
            (E_REQUEST, _) => !used && !sent.contains(number),
            (_, 3 | 5 | 6) => !used,
            _ => false,
        };
        assert!(true_to_the_ledger, "the journal contradicts the ledger: {books}");
        let kept = match asked.told {
            None => true,
            Some(0) => answer == 0,
            // Nothing of this call was written down; what an earlier one was told stays.
            Some(E_JOURNAL) => match asked.told_before {
                Some(before) => answer / 1000 == before / 1000,
                None => answer == E_REQUEST,
            },
            Some(told) => match told / 1000 {
                3 | 6 => answer / 1000 == told / 1000,
                5 => answer == told,
                // Nobody could say whether the row was kept, and it was not: nothing was sent.
                4 if told == E_UNRECORDED && answer == E_REQUEST => !used,
                // Anything is true of a doubt but that nobody knows.
                4 => matches!(answer / 1000, 0 | 5),
                _ => false,
            },
        };
        assert!(kept, "the till was told something else: {books}");
        let told = asked.told.map_or("never told".to_owned(), |told| format!("told class {}", told / 1000));
        let found = if answer == E_REQUEST {
            "not in the journal".to_owned()
        } else {
            format!("settled class {}", answer / 1000)
        };
        counts.add(format!("{told}, {found}"), 1);
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (what, count) in &self.0 {
            write!(formatter, "\n  {count:6} {what}")?;
        }
        Ok(())
    }
}
