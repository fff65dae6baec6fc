//! Reading the caller's JSON strictly: one object, no duplicate keys, bounded size and depth. Numbers stay as they
//! were written, to the last digit.

mod exact;
mod parts;

pub use parts::read_parts;

use crate::error::{Error, Result};
use crate::redact::{Quoted, may_be_a_key};
use crate::status::Code;
use exact::Numbers;
use serde::{Serialize, Serializer as _};
use serde_json::{Map, Value};
use std::fmt;

/// Longest text that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// Deepest nesting that is read; the outer object is the first level.
pub const MAX_LEVELS: usize = 32;

/// The same for answers and for recorded JSON.
const MAX_LEVELS_OF_OTHERS: usize = 128;

/// The members of an object. `None` for any other value.
pub fn into_object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// Enough for most requests and for the envelopes of answers. Buffers of longer ones grow.
const USUAL_BYTES: usize = 1024;
/// The same for the members of an object.
const USUAL_MEMBERS: usize = 14;

/// Notepad and other editors of Windows begin a file with it. It is not part of the text.
const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// The text behind a byte order mark.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// The bytes behind a byte order mark.
pub fn bytes_without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}

/// Reads one JSON object and nothing after it.
pub fn parse_object(text: &str) -> Result<Map<String, Value>> {
    object(parse(text)?)
}

/// The same with numbers of any size. Whoever reads one checks it.
pub fn parse_object_of_any_numbers(text: &str) -> Result<Map<String, Value>> {
    object(parse_with(text, Numbers::Any)?)
}

fn object(value: Value) -> Result<Map<String, Value>> {
    match value {
        Value::Object(members) => Ok(members),
        other => Err(Error::new(Code::Json, format!("expected one JSON object, found {}", kind(&other)))),
    }
}

/// What to do about UTF-16.
pub const PASS_UTF8: &str = "Pass UTF-8 (Delphi: UTF8String; C#: Encoding.UTF8.GetBytes; C++: WideCharToMultiByte with CP_UTF8), \
                             or set text_encoding to gbk and pass the system's ANSI text.";

/// Reads one JSON value of any kind and nothing after it.
pub fn parse(text: &str) -> Result<Value> {
    parse_with(text, Numbers::Readable)
}

fn parse_with(text: &str, numbers: Numbers) -> Result<Value> {
    // In C, a UTF-16 text ends after its first letter, because the other byte of the letter is zero.
    if matches!(text, "{" | "[") {
        let message = format!("the text ends after its first character {text}: it looks like UTF-16");
        return Err(Error::new(Code::Json, message).hint(PASS_UTF8));
    }
    if text.len() > MAX_BYTES {
        return Err(Error::new(Code::Json, format!("the text is longer than {MAX_BYTES} bytes")));
    }
    exact::read(without_mark(text), MAX_LEVELS, numbers).map_err(|why| refusal(&why))
}

/// Reads one JSON value of any length, from an answer or the journal. `None`: it is not valid.
pub fn parse_any(text: &str) -> Option<Value> {
    exact::read(without_mark(text), MAX_LEVELS_OF_OTHERS, Numbers::Any).ok()
}

/// The error for invalid JSON, with a hint for the most common mistakes.
fn refusal(why: &str) -> Error {
    let error = Error::new(Code::Json, why);
    let begins = |causes: &[&str]| causes.iter().any(|cause| why.starts_with(cause));
    if begins(&["invalid escape", "lone leading surrogate", "unexpected end of hex escape"]) {
        return error.hint(
            "In JSON a backslash is written twice. A Windows path is C:\\\\pos\\\\key.pem, or C:/pos/key.pem.",
        );
    }
    if begins(&["control character"]) {
        return error.hint("Inside a JSON text a line end is written \\n and a tab \\t.");
    }
    error
}

/// Members as the text of one object.
pub fn bytes<'a>(members: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Vec<u8> {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    // Strings as keys and a vector to write to: nothing can fail.
    let _ = serde_json::Serializer::new(&mut text).collect_map(members);
    text
}

/// A value as JSON text, with capacity for `room` more bytes. Keys must be strings, so nothing can fail.
pub fn text(value: &impl Serialize, room: usize) -> String {
    let mut text = Vec::with_capacity(USUAL_BYTES + room);
    let written = serde_json::to_writer(&mut text, value);
    debug_assert!(written.is_ok(), "{written:?}");
    String::from_utf8(text).unwrap_or_default()
}

/// What a value is, in the words of the JSON standard.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// One more step of a JSON pointer (RFC 6901).
pub fn pointer(parent: &str, key: &str) -> String {
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The error for an unknown member. Message and pointer repeat its name, unless it may be a key in the wrong place.
pub fn unknown_member(code: Code, parent: &str, name: &str, known: &str) -> Error {
    if may_be_a_key(name) {
        Error::at(code, parent, format!("{} is the name of a member and {known}", Quoted(name)))
    } else {
        Error::at(code, pointer(parent, name), format!("{name} {known}"))
    }
}

/// What is at a JSON pointer without escapes.
pub fn find<'a>(members: &'a Map<String, Value>, pointer: &str) -> Option<&'a Value> {
    let mut names = pointer.split('/').skip(1);
    let first = members.get(names.next()?)?;
    names.try_fold(first, |value, name| match value {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        value => value.get(name),
    })
}

/// The place of a value. It becomes a JSON pointer only in an error. The pointer ends before a name that may be a key.
#[derive(Debug, Clone, Copy)]
pub enum At<'a> {
    /// The whole text.
    Root,
    /// A member of the object there.
    Member(&'a At<'a>, &'a str),
    /// An item of the array there.
    Item(&'a At<'a>, usize),
}

impl At<'_> {
    /// Writes the pointer. False: it was cut before a name that may be a key.
    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> std::result::Result<bool, fmt::Error> {
        match self {
            At::Root => Ok(true),
            At::Member(parent, key) => {
                let whole = parent.write(formatter)? && !may_be_a_key(key);
                if whole {
                    formatter.write_str(&pointer("", key))?;
                }
                Ok(whole)
            }
            At::Item(parent, index) => {
                let whole = parent.write(formatter)?;
                if whole {
                    write!(formatter, "/{index}")?;
                }
                Ok(whole)
            }
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(formatter).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let error = parse_object(text).unwrap_err();
        assert_eq!(error.code, Code::Json);
        error.message
    }

    #[test]
    fn keeps_members_in_order_and_numbers_exact() {
        let object = parse_object(r#"{"z":18446744073709551615,"a":-9223372036854775808,"m":1.5}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&object).unwrap(),
            r#"{"z":18446744073709551615,"a":-9223372036854775808,"m":1.5}"#
        );
    }

    #[test]
    fn numbers_stay_as_they_were_written() {
        for number in [
            "1e-400",
            "1E2",
            "1e+2",
            "0.12345678901234567890",
            "-0",
            "-0.0",
            "18446744073709551615",
            "-9223372036854775808",
            "1.10",
            "9007199254740993.5",
            "1E22",
        ] {
            let text = format!("{{\"n\":{number},\"l\":[{number}]}}");
            let members = parse_object(&text).unwrap();
            assert_eq!(String::from_utf8(bytes(&members)).unwrap(), text);
        }
    }

    /// That is how the reader marks numbers, and a text that looks like one is none.
    #[test]
    fn no_object_passes_for_a_number() {
        for object in [
            r#"{"$serde_json::private::Number":"1"}"#,
            r#"{"\u0024serde_json::private::Number":"1"}"#,
            r#"{"n":{"$serde_json::private::Number":1}}"#,
        ] {
            assert!(refusal(object).contains("reserved"), "{object}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        assert_eq!(parse_object("\u{FEFF}{\"a\":1}").unwrap().len(), 1);
        assert_eq!(read_parts("\u{FEFF}{\"a\":1}", &["/a"]).unwrap().len(), 1);
        assert!(parse_object("{\u{FEFF}}").is_err() && parse_object("\u{FEFF}\u{FEFF}{}").is_err());
    }

    #[test]
    fn a_windows_path_with_single_backslashes_gets_the_hint() {
        for text in [r#"{"p":"C:\pos\key.pem"}"#, r#"{"p":"C:\users\key.pem"}"#, r#"{"p":"D:\ud800\x"}"#] {
            let error = parse_object(text).unwrap_err();
            assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("C:/pos/key.pem")), "{error:?}");
        }
        let error = parse_object("{\"p\":\"-----BEGIN\nMII\"}").unwrap_err();
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains(r"\n")), "{error:?}");
    }

    #[test]
    fn a_text_that_ends_with_its_first_letter_looks_like_utf16() {
        for text in ["{", "["] {
            let error = parse(text).unwrap_err();
            assert!(error.message.contains("looks like UTF-16") && error.hint.is_some(), "{error:?}");
        }
    }

    #[test]
    fn a_key_that_may_be_a_secret_is_not_repeated() {
        let key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
        let told = refusal(&format!("{{\"{key}\":1,\"{key}\":2}}"));
        assert!(told.contains("duplicate key") && !told.contains("MII"), "{told}");
    }

    #[test]
    fn refuses_what_two_readers_could_read_differently() {
        assert!(refusal(r#"{"a":1,"a":2}"#).contains("duplicate key \"a\""));
        assert!(refusal(r#"{"o":{"x":{},"x":{}}}"#).contains("duplicate key"));
        assert!(refusal("{} {}").contains("trailing"));
        assert!(refusal("[]").contains("expected one JSON object, found an array"));
        assert!(refusal("").contains("EOF"));
        assert!(refusal(r#"{"n":18446744073709551616}"#).contains("as a string"));
        assert!(refusal(r#"{"n":1e999}"#).contains("number"));
        assert!(refusal(r#"{"n":-9223372036854775809}"#).contains("as a string at line 1 column 6"));
        assert!(
            refusal(r#"{"s":"\ud800"}"#).contains("surrogate")
                || refusal(r#"{"s":"\ud800"}"#).contains("escape")
        );
    }

    #[test]
    fn depth_is_bounded_exactly() {
        let nested =
            |levels: usize| format!("{{\"a\":{}1{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        assert!(parse_object(&nested(MAX_LEVELS)).is_ok());
        assert!(refusal(&nested(MAX_LEVELS + 1)).contains("32 levels"));
        assert!(refusal(&nested(200)).contains("32 levels"));
    }

    #[test]
    fn size_is_bounded_exactly() {
        let sized = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        assert_eq!(sized(MAX_BYTES).len(), MAX_BYTES);
        assert!(parse_object(&sized(MAX_BYTES)).is_ok());
        assert!(refusal(&sized(MAX_BYTES + 1)).contains("longer"));
    }

    #[test]
    fn pointers_are_escaped() {
        assert_eq!(pointer("/a", "b/c~d"), "/a/b~1c~0d");
        let (list, item) = (At::Member(&At::Root, "a"), 3);
        let item = At::Item(&list, item);
        assert_eq!(At::Member(&item, "b/c~d").to_string(), "/a/3/b~1c~0d");
        assert_eq!(At::Root.to_string(), "");
        for key in ["-----BEGIN PRIVATE KEY-----", "two\nlines", &"A1".repeat(20)] {
            let secret = At::Member(&item, key);
            assert_eq!(At::Member(&secret, "below").to_string(), "/a/3");
        }
    }
}
