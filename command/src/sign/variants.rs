//! The texts that programs sign by mistake.

use super::Request;
use super::header::Header;
use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use std::fmt::Write as _;
use std::io;

/// WeChat Pay's own hosts: a program may have signed another than the configured one.
const HOSTS: [&str; 2] = ["https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com"];
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// A program that asks for the time twice signs another second than it sends.
const SECONDS: i64 = 10;

/// How the lines are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Usual,
    NoLastLineFeed,
    /// Four lines, without the one of the body.
    FourLines,
    CarriageReturns,
    /// The two characters `\n`.
    Written,
    NoLineFeeds,
    TimeFirst,
    LikeAnAnswer,
}

/// A text that may have been signed.
#[derive(Debug, Clone)]
pub struct Signed {
    method: String,
    target: String,
    time: String,
    nonce: String,
    pub body: Vec<u8>,
    frame: Frame,
}

impl Signed {
    /// What is right.
    pub fn of(request: &Request) -> Signed {
        Signed {
            method: request.method.clone(),
            target: request.target.clone(),
            time: request.timestamp.clone(),
            nonce: request.nonce.clone(),
            body: request.body.clone(),
            frame: Frame::Usual,
        }
    }

    /// Its bytes.
    pub fn text(&self) -> Vec<u8> {
        let [method, target, time, nonce] =
            [&self.method, &self.target, &self.time, &self.nonce].map(String::as_bytes);
        let body = self.body.as_slice();
        let ended = |lines: &[&[u8]], end: &[u8]| -> Vec<u8> {
            lines.iter().flat_map(|line| [*line, end]).collect::<Vec<_>>().concat()
        };
        let usual = [method, target, time, nonce, body];
        match self.frame {
            Frame::Usual => ended(&usual, b"\n"),
            Frame::NoLastLineFeed => usual.join(&b"\n"[..]),
            Frame::FourLines => ended(&[method, target, time, nonce], b"\n"),
            Frame::CarriageReturns => ended(&usual, b"\r\n"),
            Frame::Written => ended(&usual, b"\\n"),
            Frame::NoLineFeeds => usual.concat(),
            Frame::TimeFirst => ended(&[time, nonce, method, target, body], b"\n"),
            Frame::LikeAnAnswer => ended(&[time, nonce, body], b"\n"),
        }
    }
}

/// Each of the usual mistakes alone.
pub fn variants(right: &Signed, theirs: &Header, origins: &[String]) -> Vec<(&'static str, Signed)> {
    let mut all = Vec::new();
    if right.frame == Frame::Usual {
        for (name, frame) in [
            ("no_last_line_feed", Frame::NoLastLineFeed),
            ("no_body", Frame::FourLines),
            ("carriage_returns", Frame::CarriageReturns),
            ("written_line_feeds", Frame::Written),
            ("no_line_feeds", Frame::NoLineFeeds),
            ("time_first", Frame::TimeFirst),
            ("like_an_answer", Frame::LikeAnAnswer),
        ] {
            all.push((name, Signed { frame, ..right.clone() }));
        }
    }
    for (name, body) in bodies(&right.body) {
        all.push((name, Signed { body, ..right.clone() }));
    }
    for (name, target) in targets(&right.target, origins) {
        all.push((name, Signed { target, ..right.clone() }));
    }
    let method = |method: String| Signed { method, ..right.clone() };
    all.push(("lower_case_method", method(right.method.to_ascii_lowercase())));
    let others = METHODS.iter().filter(|other| **other != right.method);
    all.extend(others.map(|other| ("another_method", method((*other).to_owned()))));
    let time = |time: String| Signed { time, ..right.clone() };
    all.push(("milliseconds", time(theirs.timestamp.clone())));
    all.push(("milliseconds", time(format!("{}000", right.time))));
    if let Ok(at) = right.time.parse::<i64>() {
        let near = (-SECONDS..=SECONDS).filter(|away| *away != 0);
        all.extend(near.map(|away| ("another_second", time(at.saturating_add(away).to_string()))));
    }
    let nonce = |nonce: String| Signed { nonce, ..right.clone() };
    all.push(("nonce_case", nonce(right.nonce.to_ascii_lowercase())));
    all.push(("nonce_case", nonce(right.nonce.to_ascii_uppercase())));
    all.push(("no_nonce", nonce(String::new())));
    // What changes nothing is no mistake.
    let usual = right.text();
    all.retain(|(_, signed)| signed.text() != usual);
    all
}

fn bodies(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    if body.is_empty() {
        return vec![("body_not_sent", b"{}".to_vec()), ("body_not_sent", b"null".to_vec())];
    }
    let mut bodies = vec![
        ("no_body", Vec::new()),
        ("body_and_line_feed", [body, b"\n"].concat()),
        ("body_and_line_feed", [body, b"\r\n"].concat()),
        ("body_trimmed", body.trim_ascii().to_vec()),
        ("body_and_mark", [b"\xEF\xBB\xBF", body].concat()),
    ];
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return bodies };
    for json in [value.clone(), sorted(value)] {
        let compact = json.to_string();
        let spaced = spaced(&json);
        let escaped = [ascii(&compact), ascii(&spaced)];
        let slashes = compact.replace('/', "\\/");
        bodies.push(("compact_body", compact.into_bytes()));
        bodies.push(("spaced_body", spaced.into_bytes()));
        for indent in ["  ", "    ", "\t"] {
            bodies.push(("spaced_body", pretty(&json, indent)));
        }
        let escaped = escaped.into_iter().chain([ascii(&slashes), slashes]);
        bodies.extend(escaped.map(|text| ("escaped_body", text.into_bytes())));
    }
    bodies
}

fn targets(target: &str, origins: &[String]) -> Vec<(&'static str, String)> {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let joined = |path: &str, query: Option<&str>| {
        query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
    };
    let decoded_query = query.map(percent_decoded);
    let mut targets = vec![
        ("no_query", path.to_owned()),
        ("decoded_target", percent_decoded(target)),
        ("decoded_target", joined(&percent_decoded(path), query)),
        ("decoded_target", joined(path, decoded_query.as_deref())),
        ("escapes_case", lower_escapes(target)),
        ("no_slash", target.trim_start_matches('/').to_owned()),
    ];
    for origin in origins.iter().map(String::as_str).chain(HOSTS) {
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        for origin in [origin.to_owned(), format!("http://{host}"), host.to_owned()] {
            targets.push(("whole_url", format!("{origin}{target}")));
            if query.is_some() {
                targets.push(("whole_url", format!("{origin}{path}")));
            }
        }
    }
    targets
}

fn percent_decoded(target: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = target.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `%E5` as `%e5`.
fn lower_escapes(target: &str) -> String {
    let mut parts = target.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |whole, part| {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        format!("{whole}%{}{rest}", digits.to_ascii_lowercase())
    })
}

/// Members in the order of their names, as some libraries write them.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> =
                members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            members.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// Other characters than ASCII as `\uXXXX`.
fn ascii(json: &str) -> String {
    json.chars().fold(String::new(), |mut text, character| {
        if character.is_ascii() {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to memory cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
        text
    })
}

/// As Python writes it: a blank after each comma and colon.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

fn written(value: &Value, formatter: impl Formatter) -> Vec<u8> {
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut text, formatter));
    text
}

fn spaced(value: &Value) -> String {
    String::from_utf8(written(value, Spaced)).unwrap_or_default()
}

fn pretty(value: &Value, indent: &str) -> Vec<u8> {
    written(value, PrettyFormatter::with_indent(indent.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_that_stand_for_nothing_stay() {
        assert_eq!(percent_decoded("/%E5%88%B8?a=%zz%4"), "/券?a=%zz%4");
        assert_eq!(lower_escapes("/%E5%88?A=%4"), "/%e5%88?A=%4");
    }

    #[test]
    fn bodies_are_written_as_other_languages_write_them() {
        let value: Value = serde_json::from_str("{\"b\":[1,2],\"a\":\"券/\"}").unwrap();
        assert_eq!(spaced(&value), "{\"b\": [1, 2], \"a\": \"券/\"}");
        assert_eq!(ascii("券😀"), "\\u5238\\ud83d\\ude00");
        assert_eq!(sorted(value).to_string(), "{\"a\":\"券/\",\"b\":[1,2]}");
    }
}
