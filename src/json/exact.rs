//! Reads JSON into values that keep every number's digits as written, and refuses duplicate keys.
//!
//! `serde_json` also keeps a number's digits, but normalises its exponent. So each value is first taken as its piece of text,
//! and a number keeps that text.

use super::USUAL_MEMBERS;
use crate::redact::Quoted;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::fmt;

/// `serde_json` treats an object with only this key as a number.
const NUMBER: &str = "$serde_json::private::Number";

/// Which numbers are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    /// All that JSON has.
    Any,
    /// Numbers that fit into the usual types, so that WeChat Pay can read them.
    Readable,
}

/// Reads one value of at most `levels` levels.
pub(super) fn read(text: &str, levels: usize, numbers: Numbers) -> Result<Value, String> {
    let reader = Reader { text, levels, numbers };
    let begin = text.trim_start_matches([' ', '\t', '\r', '\n']);
    if begin.starts_with(['{', '[']) {
        return reader.value(text, begin.as_bytes().first(), 1);
    }
    let whole: &RawValue = serde_json::from_str(text).map_err(|error| error.to_string())?;
    reader.value(whole.get(), whole.get().as_bytes().first(), 1)
}

struct Reader<'t> {
    text: &'t str,
    levels: usize,
    numbers: Numbers,
}

impl Reader<'_> {
    /// A piece of the text that begins with this byte, blanks aside.
    fn value(&self, piece: &str, first: Option<&u8>, level: usize) -> Result<Value, String> {
        match first {
            Some(b'"') => self.read::<Cow<'_, str>>(piece).map(|text| Value::String(text.into_owned())),
            Some(b'{' | b'[') if level > self.levels => {
                Err(format!("nested deeper than {} levels{}", self.levels, self.place(piece)))
            }
            Some(first @ (b'{' | b'[')) => {
                let inside = Inside { reader: self, level };
                let mut reader = serde_json::Deserializer::from_str(piece);
                let value = match first {
                    b'{' => reader.deserialize_map(inside),
                    _ => reader.deserialize_seq(inside),
                };
                value
                    .and_then(|value| reader.end().map(|()| value))
                    .map_err(|error| if level == 1 { error.to_string() } else { self.told(piece, &error) })
            }
            Some(b'-' | b'0'..=b'9') if self.numbers == Numbers::Readable && !is_readable(piece) => {
                Err(format!("number too large for any reader; write it as a string{}", self.place(piece)))
            }
            // Hidden in its crate's documentation; reading it in the documented way would write `1E2` as `1e+2`.
            Some(b'-' | b'0'..=b'9') => Ok(Value::Number(Number::from_string_unchecked(piece.to_owned()))),
            _ => self.read(piece),
        }
    }

    fn inner<E: serde::de::Error>(&self, piece: &RawValue, level: usize) -> Result<Value, E> {
        self.value(piece.get(), piece.get().as_bytes().first(), level + 1).map_err(E::custom)
    }

    fn read<'p, T: serde::Deserialize<'p>>(&self, piece: &'p str) -> Result<T, String> {
        serde_json::from_str(piece).map_err(|error| self.told(piece, &error))
    }

    /// The error of a piece with its place in the whole text.
    fn told(&self, piece: &str, error: &serde_json::Error) -> String {
        let why = error.to_string();
        match why.split_once(" at line ") {
            // The place is that of an inner piece.
            Some(_) if error.is_data() => why,
            Some((why, _)) => format!("{why}{}", self.place(piece)),
            None => why,
        }
    }

    fn place(&self, piece: &str) -> String {
        let offset = piece.as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
        let before = self.text.get(..offset).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, str::len) + 1;
        format!(" at line {line} column {column}")
    }
}

/// Whether a number is an integer of 64 bits or, with a fraction or an exponent, a finite double.
fn is_readable(number: &str) -> bool {
    if number.contains(['.', 'e', 'E']) {
        number.parse::<f64>().is_ok_and(f64::is_finite)
    } else {
        number.parse::<u64>().is_ok() || number.parse::<i64>().is_ok()
    }
}

/// The members of an object, or the items of an array.
struct Inside<'a> {
    reader: &'a Reader<'a>,
    level: usize,
}

impl<'de> Visitor<'de> for Inside<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element::<&RawValue>()? {
            array.push(self.reader.inner(item, self.level)?);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = if self.level == 1 { Map::with_capacity(USUAL_MEMBERS) } else { Map::new() };
        while let Some(name) = members.next_key::<String>()? {
            let member: &RawValue = members.next_value()?;
            let wrong = |why: fmt::Arguments<'_>| {
                A::Error::custom(format_args!("{why}{}", self.reader.place(member.get())))
            };
            if name == NUMBER {
                return Err(wrong(format_args!("the key {NUMBER} is reserved")));
            }
            match object.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(self.reader.inner(member, self.level)?);
                }
                Entry::Occupied(there) => {
                    return Err(wrong(format_args!("duplicate key {}", Quoted(there.key()))));
                }
            }
        }
        Ok(Value::Object(object))
    }
}
