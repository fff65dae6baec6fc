//! What callers say they were told about their requests.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::clock::{parse_rfc3339, rfc3339};
use crate::operation::{Operation, VERSION_2};
use crate::sync::lock;
use crate::text::Text;

/// Numbers remembered; beyond that nothing new is taken in.
const MOST: usize = 100_000;
/// Tills whose words about one number are remembered.
const MOST_TILLS: usize = 16;
/// Bytes of numbers, codes, names and statuses.
const MOST_TEXT: usize = 128;
/// Bytes of a message.
const MOST_MESSAGE: usize = 1024;

/// The end that a caller was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told {
    /// It took effect.
    Done,
    /// It took no effect: refused, or never sent.
    NotDone,
    /// Nobody knows yet.
    InDoubt,
    /// It was called off: no effect is left of it.
    Undone,
}

/// What one caller was told about one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToldEntry {
    /// The `out_request_no` or `send_request_no`.
    pub(crate) number: String,
    pub(crate) told: Told,
    #[serde(default)]
    pub(crate) operation: String,
    #[serde(default)]
    pub(crate) coupon_code: String,
    /// The caller's status, in its own words.
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) message: String,
    /// Which till.
    #[serde(default)]
    pub(crate) till: String,
    /// `posted`, `journal` or `console`; set by whoever takes the entry in, never by the caller.
    #[serde(default)]
    pub(crate) source: String,
    /// RFC 3339; the time of arrival where the caller says none.
    #[serde(default)]
    pub(crate) time: String,
}

impl ToldEntry {
    pub(super) fn new(number: &str, told: Told) -> Self {
        let none = String::new;
        Self {
            number: number.to_owned(),
            told,
            operation: none(),
            coupon_code: none(),
            status: none(),
            message: none(),
            till: none(),
            source: none(),
            time: none(),
        }
    }

    /// What is wrong with what a caller says.
    pub(crate) fn check(&self) -> Result<(), Text> {
        let at_most = |name: &str, text: &str, most: usize| match text.len() {
            length if length <= most => Ok(()),
            length => Err(Text::new(
                format!("{name} has {length} bytes; {most} are taken"),
                format!("{name} 有 {length} 字节，最多 {most} 字节"),
            )),
        };
        if !self.source.is_empty() {
            return Err(Text::new("unknown field `source`", "未知字段 source"));
        }
        if self.number.is_empty() {
            return Err(Text::new(
                format!("number must have 1 to {MOST_TEXT} bytes"),
                format!("number 必须有 1 到 {MOST_TEXT} 字节"),
            ));
        }
        at_most("number", &self.number, MOST_TEXT)?;
        at_most("coupon_code", &self.coupon_code, MOST_TEXT)?;
        at_most("status", &self.status, MOST_TEXT)?;
        at_most("till", &self.till, MOST_TEXT)?;
        at_most("message", &self.message, MOST_MESSAGE)?;
        let operation = self.operation.as_str();
        if !operation.is_empty() && operation != VERSION_2 && Operation::named(operation).is_none() {
            return Err(Text::new(
                format!("operation: there is no `{operation}`"),
                format!("operation：没有名为 {operation} 的接口"),
            ));
        }
        if !self.time.is_empty() && parse_rfc3339(&self.time).is_none() {
            return Err(Text::new(
                format!("time: `{}` is no RFC 3339 time", self.time),
                format!("time：{} 不符合 RFC 3339 格式", self.time),
            ));
        }
        Ok(())
    }

    /// Seconds since 1970.
    pub(super) fn at(&self) -> i64 {
        parse_rfc3339(&self.time).unwrap_or(i64::MIN)
    }

    fn is_of_same_till(&self, other: &Self) -> bool {
        (&self.source, &self.till) == (&other.source, &other.till)
    }
}

/// The latest word of each till about each number.
pub(crate) type Words = BTreeMap<String, Vec<ToldEntry>>;

#[derive(Debug, Default)]
pub(crate) struct Register {
    words: Mutex<Words>,
    changes: AtomicU64,
}

impl Register {
    /// Takes all of them in, or, when there is no room for all, none.
    pub(crate) fn add(&self, entries: Vec<ToldEntry>, now: i64) -> Result<(), Text> {
        let mut words = lock(&self.words);
        // On a copy of what is there about these numbers: a list is not taken in by half.
        let mut fresh = Words::new();
        for mut entry in entries {
            if entry.time.is_empty() {
                entry.time = rfc3339(now);
            }
            let known = || words.get(&entry.number).cloned().unwrap_or_default();
            let of_number = fresh.entry(entry.number.clone()).or_insert_with(known);
            let tills = of_number.len();
            match of_number.iter_mut().find(|word| word.is_of_same_till(&entry)) {
                // What was said earlier may arrive later.
                Some(word) if word.at() > entry.at() => {}
                Some(word) => *word = entry,
                None if tills >= MOST_TILLS => {
                    return Err(Text::new(
                        format!("{}: words of {MOST_TILLS} tills are remembered", entry.number),
                        format!("{}：最多记录 {MOST_TILLS} 台收银机的说法", entry.number),
                    ));
                }
                None => of_number.push(entry),
            }
        }
        let new = fresh.keys().filter(|number| !words.contains_key(*number)).count();
        if words.len() + new > MOST {
            return Err(Text::new(
                format!("{MOST} numbers are remembered; POST /reset forgets them"),
                format!("最多记录 {MOST} 个单号；POST /reset 可清空"),
            ));
        }
        words.extend(fresh);
        self.changes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn all(&self) -> Words {
        lock(&self.words).clone()
    }

    pub(super) fn restore(&self, entries: Vec<ToldEntry>) {
        let mut words = lock(&self.words);
        words.clear();
        for entry in entries {
            words.entry(entry.number.clone()).or_default().push(entry);
        }
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// How often something has changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    pub(super) fn clear(&self) {
        self.restore(Vec::new());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn word(till: &str, told: Told, time: &str) -> ToldEntry {
        ToldEntry { till: till.to_owned(), time: time.to_owned(), ..ToldEntry::new("A", told) }
    }

    #[test]
    fn the_newer_word_of_a_till_counts_and_tills_are_kept_apart() {
        let register = Register::default();
        let add = |word: ToldEntry| register.add(vec![word], 1_754_193_600).unwrap();
        add(word("1", Told::Done, "2025-08-03T12:00:00+08:00"));
        // Earlier, though it looks later.
        add(word("1", Told::NotDone, "2025-08-03T11:00:00+08:00"));
        add(word("1", Told::NotDone, "2025-08-03T13:00:00+10:00"));
        add(word("2", Told::InDoubt, ""));
        let words = register.all();
        assert_eq!(words["A"].iter().map(|word| word.told).collect::<Vec<_>>(), [Told::Done, Told::InDoubt]);
        assert_eq!(words["A"][1].time, "2025-08-03T12:00:00+08:00");
        for till in 3..=MOST_TILLS {
            add(word(&till.to_string(), Told::Done, ""));
        }
        let both = vec![ToldEntry::new("B", Told::Done), word("one more", Told::Done, "")];
        assert!(register.add(both, 0).is_err());
        assert!(!register.all().contains_key("B"), "all of a list or nothing");
    }

    #[test]
    fn words_that_say_nothing_are_refused() {
        let good = word("1", Told::Done, "2025-08-03T12:00:00+08:00");
        good.check().unwrap();
        let long = "x".repeat(1_000_000);
        for bad in [
            ToldEntry { time: "yesterday".to_owned(), ..good.clone() },
            ToldEntry { time: "2025-08-03 12:00".to_owned(), ..good.clone() },
            ToldEntry { operation: "fly".to_owned(), ..good.clone() },
            ToldEntry { message: long.clone(), ..good.clone() },
            ToldEntry { till: long.clone(), ..good.clone() },
            ToldEntry { status: long.clone(), ..good.clone() },
            ToldEntry { coupon_code: long.clone(), ..good.clone() },
            ToldEntry { number: long, ..good.clone() },
            ToldEntry { number: String::new(), ..good },
        ] {
            assert!(bad.check().is_err());
        }
    }
}
