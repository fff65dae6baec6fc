//! Texts that callers sign by mistake.

use std::fmt::Write as _;

use openssl::sha::sha256;
use serde_json::Value;

use super::json_forms::forms;
use crate::http::request::decode;

/// Two mistakes at once are only looked for in bodies up to this size.
const SMALL: usize = 64 * 1024;
/// Members of a query that are put into every order.
const FEW: usize = 5;

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// The parts of the five lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) timestamp: &'a str,
    pub(super) nonce: &'a str,
    pub(super) body: &'a [u8],
    /// The header `Host`.
    pub(super) host: &'a str,
}

/// The name of a mistake, and what it makes of a part.
type Change = (&'static str, Vec<u8>);
/// Method, target, timestamp, nonce, body.
type Five<'a> = [&'a [u8]; 5];
/// How the parts are put together.
type Layout = (&'static str, fn(&Five<'_>) -> Vec<u8>);

const LAYOUTS: [Layout; 7] = [
    ("no_last_newline", |parts| parts.join(&b"\n"[..])),
    ("crlf", |parts| ended(parts, b"\r\n")),
    ("no_newlines", |parts| parts.concat()),
    ("literal_newlines", |parts| ended(parts, b"\\n")),
    ("nonce_first", |[method, target, timestamp, nonce, body]| {
        ended(&[method, target, nonce, timestamp, body], b"\n")
    }),
    ("three_lines", |[_, _, timestamp, nonce, body]| ended(&[timestamp, nonce, body], b"\n")),
    ("body_alone", |[.., body]| body.to_vec()),
];

/// Each part with this end.
fn ended(parts: &[&[u8]], end: &[u8]) -> Vec<u8> {
    let mut text = parts.join(end);
    text.extend_from_slice(end);
    text
}

impl Parts<'_> {
    fn five(&self) -> Five<'_> {
        let Self { method, target, timestamp, nonce, body, .. } = self;
        [method.as_bytes(), target.as_bytes(), timestamp.as_bytes(), nonce.as_bytes(), body]
    }

    /// The five lines as they must be signed.
    pub(super) fn message(&self) -> Vec<u8> {
        ended(&self.five(), b"\n")
    }

    /// The mistake that leads to a text with this SHA-256, or two of them, as far as they are known.
    pub(super) fn mistakes(&self, signed: &str) -> Vec<&'static str> {
        let is_it = |text: &[u8]| hex(&sha256(text)) == signed;
        let right = self.five();
        let changes = [(0, self.methods()), (1, self.targets()), (4, self.bodies())];
        for (name, layout) in LAYOUTS {
            if is_it(&layout(&right)) {
                return vec![name];
            }
        }
        for (place, changed) in &changes {
            for (name, part) in changed {
                if is_it(&ended(&with(right, *place, part), b"\n")) {
                    return vec![name];
                }
            }
        }
        if self.body.len() > SMALL {
            return Vec::new();
        }
        for (nth, (place, changed)) in changes.iter().enumerate() {
            for (name, part) in changed {
                let one = with(right, *place, part);
                if let Some((other, _)) = LAYOUTS.iter().find(|(_, layout)| is_it(&layout(&one))) {
                    return vec![name, other];
                }
                for (place, changed) in changes.iter().skip(nth + 1) {
                    let found =
                        changed.iter().find(|(_, part)| is_it(&ended(&with(one, *place, part), b"\n")));
                    if let Some((other, _)) = found {
                        return vec![name, other];
                    }
                }
            }
        }
        Vec::new()
    }

    fn methods(&self) -> Vec<Change> {
        let others =
            ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().filter(|other| *other != self.method);
        let others = others.map(|other| ("other_method", other.as_bytes().to_vec()));
        others.chain([("lower_method", self.method.to_ascii_lowercase().into_bytes())]).collect()
    }

    fn targets(&self) -> Vec<Change> {
        let Self { target, host, .. } = self;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut targets = vec![
            ("path_only", path.to_owned()),
            ("decoded_target", decode(target)),
            ("plus_for_space", target.replace("%20", "+")),
            ("plus_for_space", target.replace('+', "%20")),
            ("no_slash", target.trim_start_matches('/').to_owned()),
            ("whole_url", format!("https://{host}{target}")),
            ("whole_url", format!("http://{host}{target}")),
        ];
        for query in orders(query) {
            targets.push(("query_order", format!("{path}?{query}")));
        }
        targets.retain(|(_, changed)| changed != target);
        targets.into_iter().map(|(name, target)| (name, target.into_bytes())).collect()
    }

    fn bodies(&self) -> Vec<Change> {
        let body = self.body;
        let mut bodies = vec![
            ("empty_body", Vec::new()),
            ("body_with_newline", [body, b"\n"].concat()),
            ("body_with_newline", [body, b"\r\n"].concat()),
            ("body_trimmed", body.trim_ascii().to_vec()),
        ];
        if let Ok(value) = serde_json::from_slice::<Value>(body) {
            bodies.extend(forms(&value).into_iter().map(|form| ("body_written_anew", form)));
        }
        bodies.retain(|(_, changed)| changed != body);
        bodies.sort();
        bodies.dedup();
        bodies
    }
}

fn with<'a>(mut parts: Five<'a>, place: usize, part: &'a [u8]) -> Five<'a> {
    if let Some(slot) = parts.get_mut(place) {
        *slot = part;
    }
    parts
}

/// The members of a query in other orders: every one of a few, by name and backwards of many.
fn orders(query: &str) -> Vec<String> {
    let members: Vec<&str> = query.split('&').collect();
    let mut orders = if members.len() <= FEW { permutations(&members) } else { Vec::new() };
    let mut sorted = members.clone();
    sorted.sort_unstable();
    orders.push(sorted);
    orders.push(members.into_iter().rev().collect());
    orders.into_iter().map(|order| order.join("&")).collect()
}

fn permutations<'a>(members: &[&'a str]) -> Vec<Vec<&'a str>> {
    if members.is_empty() {
        return vec![Vec::new()];
    }
    let mut found = Vec::new();
    for (nth, first) in members.iter().enumerate() {
        let mut rest = members.to_vec();
        rest.remove(nth);
        for mut tail in permutations(&rest) {
            tail.insert(0, first);
            found.push(tail);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: Parts<'_> = Parts {
        method: "POST",
        target: "/v3/x%20y?a=1",
        timestamp: "1754193600",
        nonce: "NONCE",
        body: "{\"b\":\"券\",\"a\":[1,2]}".as_bytes(),
        host: "127.0.0.1:1",
    };

    fn mistakes(text: &str) -> Vec<&'static str> {
        PARTS.mistakes(&hex(&sha256(text.as_bytes())))
    }

    #[test]
    fn known_mistakes_are_named() {
        let body = "{\"b\":\"券\",\"a\":[1,2]}";
        let head = "POST\n/v3/x%20y?a=1\n1754193600\nNONCE\n";
        let told = [
            (format!("{head}{body}"), "no_last_newline"),
            (format!("{head}\n"), "empty_body"),
            (format!("{head}{body}\n\n"), "body_with_newline"),
            (format!("POST\n/v3/x%20y\n1754193600\nNONCE\n{body}\n"), "path_only"),
            (format!("POST\n/v3/x y?a=1\n1754193600\nNONCE\n{body}\n"), "decoded_target"),
            (format!("POST\nhttps://127.0.0.1:1/v3/x%20y?a=1\n1754193600\nNONCE\n{body}\n"), "whole_url"),
            (format!("post\n/v3/x%20y?a=1\n1754193600\nNONCE\n{body}\n"), "lower_method"),
            (format!("POST\n/v3/x%20y?a=1\nNONCE\n1754193600\n{body}\n"), "nonce_first"),
            (format!("1754193600\nNONCE\n{body}\n"), "three_lines"),
            (format!("{head}{{\"b\": \"券\", \"a\": [1, 2]}}\n"), "body_written_anew"),
            (format!("{head}{{\"b\": \"\\u5238\", \"a\": [1, 2]}}\n"), "body_written_anew"),
            (format!("{head}{{\"a\":[1,2],\"b\":\"券\"}}\n"), "body_written_anew"),
            (format!("{head}{{\"b\":\"\\u5238\",\"a\":[1,2]}}\n"), "body_written_anew"),
            (
                format!("{head}{{\r\n  \"b\": \"券\",\r\n  \"a\": [\r\n    1,\r\n    2\r\n  ]\r\n}}\n"),
                "body_written_anew",
            ),
            (format!("GET\n/v3/x%20y?a=1\n1754193600\nNONCE\n{body}\n"), "other_method"),
            (format!("POST\n/v3/x+y?a=1\n1754193600\nNONCE\n{body}\n"), "plus_for_space"),
            (format!("POST\\n/v3/x%20y?a=1\\n1754193600\\nNONCE\\n{body}\\n"), "literal_newlines"),
        ];
        for (text, expected) in told {
            assert_eq!(mistakes(&text), [expected], "{text}");
        }
        assert_eq!(mistakes("something else"), [""; 0]);
    }

    #[test]
    fn two_mistakes_at_once_are_both_named() {
        let told = [
            ("POST\n/v3/x%20y\n1754193600\nNONCE\n\n", ["path_only", "empty_body"]),
            (
                "GET\n/v3/x y?a=1\n1754193600\nNONCE\n{\"b\":\"券\",\"a\":[1,2]}\n",
                ["other_method", "decoded_target"],
            ),
            (
                "POST\n/v3/x%20y?a=1\n1754193600\nNONCE\n{\"b\": \"券\", \"a\": [1, 2]}",
                ["body_written_anew", "no_last_newline"],
            ),
        ];
        for (text, expected) in told {
            assert_eq!(mistakes(text), expected, "{text}");
        }
    }

    #[test]
    fn what_json_libraries_escape_is_known() {
        let body = "{\"u\":\"http://x/?a=1&b=<2>\",\"n\":{\"z\":\"券\",\"a\":\"'\"}}";
        let parts = Parts { body: body.as_bytes(), target: "/v3/x?b=2&a=1&c=3", ..PARTS };
        let found = |target: &str, body: &str| {
            parts.mistakes(&hex(&sha256(format!("POST\n{target}\n1754193600\nNONCE\n{body}\n").as_bytes())))
        };
        for form in [
            body.replace('/', "\\/"),
            body.replace('/', "\\/").replace('券', "\\u5238"),
            body.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"),
            body.replace('<', "\\u003C")
                .replace('>', "\\u003E")
                .replace('&', "\\u0026")
                .replace('\'', "\\u0027")
                .replace('券', "\\u5238"),
            "{\"n\":{\"a\":\"'\",\"z\":\"券\"},\"u\":\"http://x/?a=1&b=<2>\"}".to_owned(),
        ] {
            assert_eq!(found(parts.target, &form), ["body_written_anew"], "{form}");
        }
        assert_eq!(found("/v3/x?a=1&b=2&c=3", body), ["query_order"]);
        assert_eq!(found("/v3/x?c=3&b=2&a=1", body), ["query_order"]);
    }
}
