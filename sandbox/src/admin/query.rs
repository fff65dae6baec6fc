//! Query strings, and lists that are filtered by them.

use axum::http::Uri;
use serde::Serialize;
use serde_json::Value;

use super::Answer;
use crate::http::request::decode;

/// Names and values of a query string or a form, decoded.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| decode(&text.replace('+', " "));
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

/// The query of a list; its members are checked already.
pub(super) struct Query {
    path: String,
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(super) fn of(uri: &Uri) -> Self {
        Self { path: uri.path().to_owned(), pairs: pairs(uri.query().unwrap_or_default()) }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// The entry behind which the list begins; 0 where it is not given.
    pub(super) fn after(&self) -> u64 {
        self.text("after").and_then(|seq| seq.parse().ok()).unwrap_or(0)
    }

    /// The first entries that have what is asked for, at most `limit` of them (`most` where it is not given). Where more
    /// would follow, the answer links to them; `place` is the member that says where an entry stands.
    pub(super) fn pick(&self, entries: impl Iterator<Item: Serialize>, place: &str, most: usize) -> Answer {
        let limit = self.text("limit").and_then(|limit| limit.parse().ok()).unwrap_or(most);
        let mut fitting = entries
            .filter_map(|entry| serde_json::to_value(entry).ok())
            .filter(|entry| self.pairs.iter().all(|(name, wanted)| has(entry, name, wanted)));
        let picked: Vec<Value> = fitting.by_ref().take(limit).collect();
        let next = picked.last().filter(|_| fitting.next().is_some()).and_then(|last| last.get(place));
        let next = next.map(|place| self.from(&plain(place)));
        Answer { next, ..Answer::ok(picked) }
    }

    /// The same query, from behind another entry.
    fn from(&self, place: &str) -> String {
        let others = self.pairs.iter().filter(|(name, _)| name != "after");
        let mut from = format!("{}?after={}", self.path, escaped(place));
        for (name, value) in others {
            from.extend(["&", name.as_str(), "=", &escaped(value)]);
        }
        from
    }
}

fn has(entry: &Value, name: &str, wanted: &str) -> bool {
    matches!(name, "after" | "limit") || entry.get(name).is_some_and(|member| plain(member) == wanted)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn pick(query: &str) -> (Value, Option<String>) {
        let entries =
            (1..=5).map(|seq| json!({ "seq": seq, "name": "a b", "even": seq % 2 == 0, "none": null }));
        let answer = Query::of(&format!("/list?{query}").parse().unwrap()).pick(entries, "seq", 4);
        (answer.body.as_array().unwrap().iter().map(|entry| entry["seq"].clone()).collect(), answer.next)
    }

    #[test]
    fn entries_are_picked_and_the_rest_is_linked() {
        assert_eq!(pick("limit=5"), (json!([1, 2, 3, 4, 5]), None));
        assert_eq!(pick("").1.unwrap(), "/list?after=4");
        assert_eq!(pick("even=true"), (json!([2, 4]), None));
        let (first, next) = pick("limit=2&name=a%20b&even=false&none=");
        assert_eq!(
            (first, next.as_deref()),
            (json!([1, 3]), Some("/list?after=3&limit=2&name=a%20b&even=false&none="))
        );
        assert_eq!(pick("name=a+b&limit=1").0, json!([1]));
        assert_eq!(pick("name=c"), (json!([]), None));
    }
}
