//! Rules about spans of time: each begins before it ends, and those of a list have no time in common.
//!
//! Page doc/brand/4016675772 (2025-11-24). What it does not say is not refused: that one span ends where the next begins.

use super::check::{refuse, with_seconds};
use crate::error::{Error, Result};
use crate::json::At;
use serde_json::{Map, Value};
use std::cmp::Ordering;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// The names that the spans of a list have for their ends.
const ENDS: [&str; 2] = ["begin_time", "end_time"];
/// A span of a day that ends before it begins.
const PAST_MIDNIGHT: &str =
    "What a period past midnight means is not documented. Give two periods: one up to 86399, and one from 0.";

/// Two ends of a span that can be compared.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum End {
    Second(i64),
    Time(OffsetDateTime),
}

impl End {
    /// `None`: it is missing, or no time; the member's own rule says so.
    fn read(value: &Value) -> Option<End> {
        match value {
            Value::String(text) => OffsetDateTime::parse(&with_seconds(text), &Rfc3339).ok().map(End::Time),
            value => value.as_i64().map(End::Second),
        }
    }
}

fn ends(members: &Map<String, Value>, names: [&str; 2]) -> Option<[End; 2]> {
    let [begin, end] = names.map(|name| members.get(name).and_then(End::read));
    Some([begin?, end?])
}

/// Refuses a span that does not begin before it ends.
pub fn before(members: &Map<String, Value>, names: [&str; 2], at: &At<'_>) -> Result<()> {
    let [begin, end] = names;
    match ends(members, names) {
        Some([first, last]) if first >= last => {
            let field = At::Member(at, end);
            let error = refuse(&field, format!("{end} must be after {begin}"));
            Err(if matches!(first, End::Second(_)) { error.hint(PAST_MIDNIGHT) } else { error })
        }
        _ => Ok(()),
    }
}

/// Refuses a span that is longer than a year of the calendar.
pub fn within_a_year(members: &Map<String, Value>, names: [&str; 2], at: &At<'_>) -> Result<()> {
    let [begin, end] = names;
    let Some([End::Time(first), End::Time(last)]) = ends(members, names) else { return Ok(()) };
    // The year of a 29th of February ends with the next 28th.
    let a_year_later =
        first.replace_year(first.year() + 1).ok().or_else(|| first.checked_add(Duration::days(365)));
    if a_year_later.is_some_and(|limit| last > limit) {
        let message =
            format!("{end} is more than a year after {begin}: the window of a stock is a year at most");
        return Err(refuse(&At::Member(at, end), message));
    }
    Ok(())
}

/// Refuses a list of spans of which two have time in common.
pub fn apart(members: &Map<String, Value>, list: &'static str, at: &At<'_>) -> Result<()> {
    let items = members.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut spans: Vec<(usize, [End; 2])> = items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| Some((index, ends(item.as_object()?, ENDS)?)))
        .collect();
    spans.sort_by(|(_, [one, _]), (_, [other, _])| one.partial_cmp(other).unwrap_or(Ordering::Equal));
    // Sorted by their beginning, two that overlap anywhere overlap with a neighbour.
    let overlap = spans.iter().zip(spans.iter().skip(1)).find(|((_, [_, end]), (_, [begin, _]))| begin < end);
    match overlap {
        Some(((one, _), (other, _))) => Err(overlapping(list, (*one).min(*other), (*one).max(*other), at)),
        None => Ok(()),
    }
}

fn overlapping(list: &'static str, first: usize, second: usize, at: &At<'_>) -> Error {
    let list_at = At::Member(at, list);
    let message = format!("the periods {first} and {second} of {list} overlap (counted from 0)");
    refuse(&At::Item(&list_at, second), message)
}
