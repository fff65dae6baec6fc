//! Reads parts of an answer, without building values for the rest.

use super::without_mark;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;

/// Reads only what is at these JSON pointers, which have no escapes, and the objects around it. The rest is only checked for
/// valid JSON. Of members with the same name the last one counts.
pub fn read_parts(text: &str, pointers: &[&str]) -> serde_json::Result<Map<String, Value>> {
    let wanted: Vec<&str> = pointers.iter().filter_map(|pointer| pointer.strip_prefix('/')).collect();
    read_wanted(without_mark(text), &wanted)
}

/// Wanted pointers come without their first slash.
fn read_wanted(text: &str, wanted: &[&str]) -> serde_json::Result<Map<String, Value>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let members = reader.deserialize_map(WantedMembers(wanted))?;
    reader.end()?;
    let mut read = Map::with_capacity(members.len());
    for (name, value) in members {
        let value = value.get();
        let inner: Vec<&str> = wanted.iter().filter_map(|pointer| inside(pointer, &name)).collect();
        let is_partly_wanted = value.starts_with('{') && !wanted.contains(&&*name);
        let value = if is_partly_wanted {
            read_wanted(value, &inner).map(Value::Object)
        } else {
            serde_json::from_str(value)
        };
        read.insert(name.into_owned(), value?);
    }
    Ok(read)
}

/// What is left of a pointer inside that member.
fn inside<'p>(pointer: &'p str, name: &str) -> Option<&'p str> {
    pointer.strip_prefix(name)?.strip_prefix('/')
}

/// Borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Finds the members of which something is wanted.
struct WantedMembers<'a>(&'a [&'a str]);

impl<'de> Visitor<'de> for WantedMembers<'_> {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::with_capacity(self.0.len());
        while let Some(Name(name)) = members.next_key()? {
            if self.0.iter().any(|pointer| *pointer == name || inside(pointer, &name).is_some()) {
                found.push((name, members.next_value()?));
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_nobody_asks_for_are_skipped_but_must_be_json() {
        let read = |text: &str| read_parts(text, &["/a", "/b", "/c/d", "/c/e/f"]);
        let members = read(r#"{"x":[{"a":1}],"\u0061":{"y":2},"b":0,"b":1.50}"#).unwrap();
        assert_eq!(Value::Object(members).to_string(), r#"{"a":{"y":2},"b":1.50}"#);
        let members = read(r#"{"c": {"d":[1], "e":{"f":1, "x":2}, "x":{}} , "cc":1, "d":2}"#).unwrap();
        assert_eq!(Value::Object(members).to_string(), r#"{"c":{"d":[1],"e":{"f":1}}}"#);
        for inner in ["null", "1.50", "\"d\"", "[{\"d\":1}]", "{}"] {
            let members = read(&format!("{{\"c\":{inner}}}")).unwrap();
            assert_eq!(Value::Object(members).to_string(), format!("{{\"c\":{inner}}}"));
        }
        assert!(read("[]").unwrap_err().is_data() && read("\"a\"").unwrap_err().is_data());
        for broken in ["", "{", r#"{"x":}"#, r#"{"x":"\q"}"#, r#"{"x":[1}"#, "{} {}"] {
            assert!(!read(broken).unwrap_err().is_data(), "{broken}");
        }
    }
}
