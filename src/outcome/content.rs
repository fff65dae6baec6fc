//! What a successful answer says about its request.

use super::{Ask, Said};
use crate::api::{Expected, Trace};
use crate::evidence::{self, Evidence};
use crate::json;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What a successful answer is compared with.
#[derive(Debug, Clone)]
pub struct Sent<'a> {
    /// The members of the request.
    pub members: &'a Map<String, Value>,
    /// Its own number.
    pub request_no: Option<&'a str>,
    /// From its first signature until now, in seconds since 1970.
    pub within_s: RangeInclusive<i64>,
}

/// By how many seconds a time that WeChat Pay prints may lie before the first signature or after now.
const CLOCKS_DIFFER_S: i64 = 300;

/// What a successful answer says about its request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Content {
    /// It shows that the request took effect.
    #[default]
    Fits,
    /// It is about something else, or does not say.
    Elsewhere(String),
    /// It is about this very coupon, but does not show the request.
    Asks(Ask, String),
}

/// What a successful answer says about this request.
pub fn content(proofs: &[Expected], sent: &Sent<'_>, said: &Said) -> Content {
    if proofs.is_empty() {
        return Content::Fits;
    }
    let Ok(Some(answer)) = said else {
        return Content::Elsewhere("the signed answer does not say what it is about".into());
    };
    let found = proofs.iter().map(|proof| match proof {
        Expected::Echoes { member, at, always } => {
            let Some(expected) = sent.members.get(*member) else { return Content::Fits };
            match json::find(answer, at) {
                Some(found) if found == expected => Content::Fits,
                Some(_) => {
                    Content::Elsewhere(format!("the signed answer's {at} is not this request's {member}"))
                }
                None if *always => Content::Elsewhere(format!("the signed answer has no {at}")),
                None => Content::Fits,
            }
        }
        Expected::SaysSomething { at } => {
            let said = at.iter().any(|at| json::find(answer, at).is_some_and(Value::is_string));
            if said {
                Content::Fits
            } else {
                Content::Elsewhere(format!("the signed answer has none of {}", at.join(", ")))
            }
        }
        Expected::Shows(trace) => shown(trace, sent.request_no.unwrap_or_default(), answer),
        Expected::Happened { at } => happened(at, &sent.within_s, answer),
    });
    found.into_iter().find(|content| *content != Content::Fits).unwrap_or_default()
}

fn shown(trace: &Trace, request_no: &str, coupon: &Map<String, Value>) -> Content {
    let asks = |why: String| Content::Asks(Ask::Contradicts, why);
    match evidence::of_coupon(trace, request_no, coupon) {
        Evidence::Done => Content::Fits,
        Evidence::Unnamed(state) => {
            Content::Asks(Ask::Unnamed, format!("the signed answer says {state} and names no number"))
        }
        Evidence::Other(other) => {
            asks(format!("the signed answer shows number {other:?}, not this request's"))
        }
        Evidence::NotDone { state, .. } => {
            asks(format!("the signed answer says {state} and does not show this number"))
        }
        Evidence::Undone => asks("the signed answer shows this number, and that it was undone".into()),
        Evidence::Absent | Evidence::Nothing => asks("the signed answer shows no state that is known".into()),
    }
}

/// An answer that has only a time. One of another time is about another request.
fn happened(at: &str, within_s: &RangeInclusive<i64>, answer: &Map<String, Value>) -> Content {
    let text = json::find(answer, at).and_then(Value::as_str);
    let Some(time) = text.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok()) else {
        return Content::Asks(Ask::Contradicts, format!("the signed answer has no time at {at}"));
    };
    let (from_s, to_s) = (within_s.start() - CLOCKS_DIFFER_S, within_s.end() + CLOCKS_DIFFER_S);
    if (from_s..=to_s).contains(&time.unix_timestamp()) {
        let why = "the signed answer names neither coupon nor number".to_owned();
        return Content::Asks(Ask::NamesNothing, why);
    }
    Content::Elsewhere(format!("the signed answer's {at} is not a time of this request"))
}
