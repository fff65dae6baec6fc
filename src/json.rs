//! Reading the caller's JSON strictly: one object, no duplicate keys, bounded size and depth.

use crate::error::{Error, Result};
use crate::redact::Shown;
use crate::status::Code;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer as _};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::fmt;

/// Longest text that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// Deepest nesting that is read; the outer object is the first level.
pub const MAX_LEVELS: usize = 32;

/// As much as most requests, and the answers' envelopes, need and little more; longer ones grow.
const USUAL_BYTES: usize = 1024;
/// The same for the members of a request.
const USUAL_MEMBERS: usize = 14;

/// Largest magnitude below which every whole number has a floating-point value of its own (2^53).
const EXACT_IN_DOUBLE: f64 = 9_007_199_254_740_992.0;

/// Reads one JSON object and nothing after it.
pub fn parse_object(text: &str) -> Result<Map<String, Value>> {
    match parse(text)? {
        Value::Object(members) => Ok(members),
        other => Err(Error::new(Code::Json, format!("expected one JSON object, found {}", kind(&other)))),
    }
}

/// Reads one JSON value of any kind and nothing after it.
pub fn parse(text: &str) -> Result<Value> {
    if text.len() > MAX_BYTES {
        return Err(Error::new(Code::Json, format!("the text is longer than {MAX_BYTES} bytes")));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    Strict { level: 1 }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| Error::new(Code::Json, error.to_string()))
}

/// Members as the text of one object.
pub fn bytes<'a>(members: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Vec<u8> {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    // Strings as keys and a vector to write to: nothing can fail.
    let _ = serde_json::Serializer::new(&mut text).collect_map(members);
    text
}

/// A value as JSON, in a text with room for so many bytes more. For values whose keys are strings: nothing can fail.
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

/// What is at a JSON pointer without escapes, through objects alone.
pub fn find<'a>(members: &'a Map<String, Value>, pointer: &str) -> Option<&'a Value> {
    let mut names = pointer.split('/').skip(1);
    let first = members.get(names.next()?)?;
    names.try_fold(first, |value, name| value.get(name))
}

/// Where a value stands. It becomes a JSON pointer only when it is written, which is when something is refused.
#[derive(Debug, Clone, Copy)]
pub enum At<'a> {
    /// The whole text.
    Root,
    /// A member of the object there.
    Member(&'a At<'a>, &'a str),
    /// An item of the array there.
    Item(&'a At<'a>, usize),
}

impl fmt::Display for At<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Root => Ok(()),
            At::Member(parent, key) => write!(formatter, "{parent}{}", pointer("", key)),
            At::Item(parent, index) => write!(formatter, "{parent}/{index}"),
        }
    }
}

/// Reads an object but for the members that nobody asks for: those are only checked for their form. Of
/// members with the same name the last one counts.
pub fn read_members(text: &str, wanted: &[&str]) -> serde_json::Result<Map<String, Value>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let members = reader.deserialize_map(Wanted(wanted))?;
    reader.end().map(|()| members)
}

struct Wanted<'a>(&'a [&'a str]);

/// Borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut members: A,
    ) -> std::result::Result<Map<String, Value>, A::Error> {
        let mut read = Map::with_capacity(self.0.len());
        while let Some(Name(name)) = members.next_key()? {
            if self.0.contains(&&*name) {
                read.insert(name.into_owned(), members.next_value()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(read)
    }
}

#[derive(Clone, Copy)]
struct Strict {
    level: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> std::result::Result<Strict, E> {
        if self.level > MAX_LEVELS {
            return Err(E::custom(format_args!("nested deeper than {MAX_LEVELS} levels")));
        }
        Ok(Strict { level: self.level + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> std::result::Result<Value, E> {
        // A whole number that came here was too long for 64 bits: passing it on would change it.
        if value.abs() >= EXACT_IN_DOUBLE {
            return Err(E::custom("number too large to be passed on exactly; write it as a string"));
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> std::result::Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = if self.level == 1 { Map::with_capacity(USUAL_MEMBERS) } else { Map::new() };
        while let Some(key) = entries.next_key::<String>()? {
            match object.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(entries.next_value_seed(inner)?);
                }
                Entry::Occupied(there) => {
                    return Err(A::Error::custom(format_args!("duplicate key {}", Shown(there.key()))));
                }
            }
        }
        Ok(Value::Object(object))
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
    fn refuses_what_two_readers_could_read_differently() {
        assert!(refusal(r#"{"a":1,"a":2}"#).contains("duplicate key \"a\""));
        assert!(refusal(r#"{"o":{"x":{},"x":{}}}"#).contains("duplicate key"));
        assert!(refusal("{} {}").contains("trailing"));
        assert!(refusal("[]").contains("expected one JSON object, found an array"));
        assert!(refusal("").contains("EOF"));
        assert!(refusal(r#"{"n":18446744073709551616}"#).contains("as a string"));
        assert!(refusal(r#"{"n":1e999}"#).contains("number"));
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
    }

    #[test]
    fn members_that_nobody_asks_for_are_skipped_but_must_be_json() {
        let read = |text: &str| read_members(text, &["a", "b"]);
        let members = read(r#"{"x":[{"a":1}],"\u0061":{"y":2},"b":0,"b":1.50}"#).unwrap();
        assert_eq!(Value::Object(members).to_string(), r#"{"a":{"y":2},"b":1.5}"#);
        assert!(read("[]").unwrap_err().is_data() && read("\"a\"").unwrap_err().is_data());
        for broken in ["", "{", r#"{"x":}"#, r#"{"x":"\q"}"#, r#"{"x":[1}"#, "{} {}"] {
            assert!(!read(broken).unwrap_err().is_data(), "{broken}");
        }
    }
}
