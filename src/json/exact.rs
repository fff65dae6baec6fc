//! JSON as values in which every number has the digits that were written, and no key comes twice.
//!
//! `serde_json` keeps a number's digits too, but writes its exponent in one way. So each value is first taken as the
//! piece of text that it is, and a number stays that.

use crate::redact::Quoted;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::map::Entry;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::fmt;

/// In texts that `serde_json` writes and reads, an object with this one key is a number.
const NUMBER: &str = "$serde_json::private::Number";

/// Reads one value of at most so many levels.
pub(super) fn read(text: &str, levels: usize) -> Result<Value, String> {
    let whole: &RawValue = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Reader { text, levels }.value(whole.get(), 1)
}

struct Reader<'t> {
    text: &'t str,
    levels: usize,
}

impl Reader<'_> {
    fn value(&self, piece: &str, level: usize) -> Result<Value, String> {
        match piece.as_bytes().first() {
            Some(b'"') => self.string(piece).map(Value::String),
            Some(b'{' | b'[') if level > self.levels => {
                Err(format!("nested deeper than {} levels{}", self.levels, self.place(piece)))
            }
            Some(b'{') => self.object(piece, level).map(Value::Object),
            Some(b'[') => {
                let items: Vec<&RawValue> = self.read(piece)?;
                items.into_iter().map(|item| self.value(item.get(), level + 1)).collect()
            }
            // Hidden in its crate's documentation; reading it in the documented way would write `1E2` as `1e+2`.
            Some(b'-' | b'0'..=b'9') => Ok(Value::Number(Number::from_string_unchecked(piece.to_owned()))),
            _ => self.read(piece),
        }
    }

    fn object(&self, piece: &str, level: usize) -> Result<Map<String, Value>, String> {
        let mut reader = serde_json::Deserializer::from_str(piece);
        let pieces = reader.deserialize_map(Members).map_err(|error| self.told(piece, &error))?;
        let mut members = Map::with_capacity(pieces.len());
        for (name, member) in pieces {
            if name == NUMBER {
                return Err(format!("the key {NUMBER} is reserved{}", self.place(piece)));
            }
            match members.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(self.value(member.get(), level + 1)?);
                }
                Entry::Occupied(there) => {
                    let key = Quoted(there.key());
                    return Err(format!("duplicate key {key}{}", self.place(member.get())));
                }
            }
        }
        Ok(members)
    }

    fn string(&self, piece: &str) -> Result<String, String> {
        self.read::<Cow<'_, str>>(piece).map(Cow::into_owned)
    }

    fn read<'p, T: serde::Deserialize<'p>>(&self, piece: &'p str) -> Result<T, String> {
        serde_json::from_str(piece).map_err(|error| self.told(piece, &error))
    }

    /// What is wrong with a piece, and where that stands in the whole.
    fn told(&self, piece: &str, error: &serde_json::Error) -> String {
        let why = error.to_string();
        let why = why.split(" at line ").next().unwrap_or_default();
        format!("{why}{}", self.place(piece))
    }

    fn place(&self, piece: &str) -> String {
        let offset = piece.as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
        let before = self.text.get(..offset).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, str::len) + 1;
        format!(" at line {line} column {column}")
    }
}

/// The members of an object as pieces of text, in their order.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut pieces = Vec::with_capacity(super::USUAL_MEMBERS);
        while let Some(member) = members.next_entry()? {
            pieces.push(member);
        }
        Ok(pieces)
    }
}
