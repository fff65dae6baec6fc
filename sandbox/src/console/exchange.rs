//! One request and its answer, looked at closely.

use serde::Serialize;
use serde_json::Value;

use crate::protocol::Api;
use crate::protocol::request_log::RequestEntry;
use crate::protocol::signature_report::{self, AnswerReport, RequestReport};
use crate::text::Text;

#[derive(Debug, Serialize)]
pub(crate) struct Exchange {
    entry: RequestEntry,
    /// Base URL of the host.
    url: String,
    /// Why it was refused, where the answer says so.
    issue: Option<Text>,
    signature: Option<RequestReport>,
    answer: Option<AnswerReport>,
    /// Where the first request of the same number stands, and what differs from it.
    first: Option<First>,
}

#[derive(Debug, Serialize)]
struct First {
    seq: u64,
    differences: Vec<Difference>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Difference {
    /// A JSON pointer into the body; `target` for the path.
    place: String,
    first: Value,
    now: Value,
}

/// The logged request at this position, if it is still remembered.
pub(crate) fn find(api: &Api, seq: u64) -> Option<RequestEntry> {
    api.request_log.first(|entry| entry.seq == seq)
}

/// Everything about one request.
pub(crate) fn look(api: &Api, seq: u64) -> Option<Exchange> {
    let entry = find(api, seq)?;
    let is_request = !entry.method.is_empty();
    let first = entry.number.as_ref().and_then(|number| {
        api.request_log.first(|other| {
            other.seq < seq && other.number.as_ref() == Some(number) && other.operation == entry.operation
        })
    });
    Some(Exchange {
        issue: entry.issue.clone().filter(|issue| says(&entry.response_body, issue)),
        url: url(api, entry.host),
        signature: is_request.then(|| signature_report::of_request(&entry, &api.keys.0)).flatten(),
        answer: signature_report::of_answer(&entry, &api.keys.0, &api.signing_keys),
        first: first.map(|first| First { seq: first.seq, differences: differences(&first, &entry) }),
        entry,
    })
}

/// Whether an answer has it: a fault may have put something else in its place.
fn says(body: &str, issue: &Text) -> bool {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    body.pointer("/detail/issue").and_then(Value::as_str) == Some(issue.english())
}

/// Base URL of a host; extra listeners are reached as the first.
pub(super) fn url(api: &Api, host: usize) -> String {
    let urls = api.urls.get();
    urls.and_then(|urls| urls.get(host).or_else(|| urls.first())).cloned().unwrap_or_default()
}

fn differences(first: &RequestEntry, now: &RequestEntry) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut add = |place: &str, first: &Value, now: &Value| {
        found.push(Difference { place: place.to_owned(), first: first.clone(), now: now.clone() });
    };
    if first.target != now.target {
        add("target", &Value::String(first.target.clone()), &Value::String(now.target.clone()));
    }
    let json = |entry: &RequestEntry| {
        serde_json::from_str(&entry.body).unwrap_or_else(|_| Value::String(entry.body.clone()))
    };
    compare("", &json(first), &json(now), &mut add);
    found
}

fn compare(place: &str, first: &Value, now: &Value, add: &mut impl FnMut(&str, &Value, &Value)) {
    match (first, now) {
        (Value::Object(one), Value::Object(other)) => {
            for (name, value) in one {
                let place = format!("{place}/{name}");
                compare(&place, value, other.get(name).unwrap_or(&Value::Null), add);
            }
            for (name, value) in other.iter().filter(|(name, _)| !one.contains_key(*name)) {
                add(&format!("{place}/{name}"), &Value::Null, value);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (first, now)) in one.iter().zip(other).enumerate() {
                compare(&format!("{place}/{index}"), first, now, add);
            }
        }
        _ if first == now => {}
        _ => add(place, first, now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_differs_is_pointed_at() {
        let mut found = Vec::new();
        let first = json!({ "a": 1, "b": { "c": [1, 2] }, "gone": true, "same": "x" });
        let now = json!({ "same": "x", "b": { "c": [1, 3] }, "a": "1", "new": null, "more": 2 });
        compare("", &first, &now, &mut |place: &str, _: &Value, _: &Value| found.push(place.to_owned()));
        found.sort();
        assert_eq!(found, ["/a", "/b/c/1", "/gone", "/more", "/new"]);
    }
}
