//! Takes members out of a JSON object one by one; what is left at the end nobody knows.

use crate::error::{Error, Result};
use crate::json;
use crate::redact::{Shown, may_be_a_key};
use crate::status::Code;
use serde_json::{Map, Value};

/// The members of one object that are not yet taken.
pub struct Fields {
    members: Map<String, Value>,
    parent: String,
    known: Vec<&'static str>,
}

impl Fields {
    /// All members of the object at that JSON pointer.
    pub fn new(members: Map<String, Value>, parent: &str) -> Fields {
        Fields { members, parent: parent.to_owned(), known: Vec::new() }
    }

    /// JSON pointer of a member.
    pub fn pointer(&self, name: &str) -> String {
        json::pointer(&self.parent, name)
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.members.shift_remove(name).filter(|value| !value.is_null())
    }

    fn wrong(&self, name: &str, expected: &str, found: &Value) -> Error {
        let message = format!("{name} must be {expected}, found {}", json::kind(found));
        Error::at(Code::Config, self.pointer(name), message)
    }

    /// A text that is not empty.
    pub fn text(&mut self, name: &'static str) -> Result<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => {
                Err(Error::at(Code::Config, self.pointer(name), format!("{name} is empty")))
            }
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, "a string", &other)),
        }
    }

    /// The same, and it must be there.
    pub fn required_text(&mut self, name: &'static str) -> Result<String> {
        self.text(name)?
            .ok_or_else(|| Error::at(Code::Config, self.pointer(name), format!("{name} is missing")))
    }

    /// A whole number within bounds, or the default.
    pub fn number(
        &mut self,
        name: &'static str,
        bounds: std::ops::RangeInclusive<u64>,
        default: u64,
    ) -> Result<u64> {
        let Some(value) = self.take(name) else { return Ok(default) };
        value.as_u64().filter(|number| bounds.contains(number)).ok_or_else(|| {
            let message =
                format!("{name} must be a whole number from {} to {}", bounds.start(), bounds.end());
            Error::at(Code::Config, self.pointer(name), message)
        })
    }

    /// True or false, or the default.
    pub fn boolean(&mut self, name: &'static str, default: bool) -> Result<bool> {
        match self.take(name) {
            None => Ok(default),
            Some(Value::Bool(value)) => Ok(value),
            Some(other) => Err(self.wrong(name, "true or false", &other)),
        }
    }

    /// A list of texts.
    pub fn texts(&mut self, name: &'static str) -> Result<Option<Vec<String>>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let Value::Array(items) = value else {
            return Err(self.wrong(name, "an array of strings", &value));
        };
        items
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Ok(text),
                other => Err(self.wrong(name, "an array of strings", &other)),
            })
            .collect::<Result<Vec<String>>>()
            .map(Some)
    }

    /// An object inside.
    pub fn object(&mut self, name: &'static str) -> Result<Fields> {
        match self.take(name) {
            None => Ok(Fields::new(Map::new(), &self.pointer(name))),
            Some(Value::Object(members)) => Ok(Fields::new(members, &self.pointer(name))),
            Some(other) => Err(self.wrong(name, "an object", &other)),
        }
    }

    /// Refuses what nobody took: a mistyped name must not silently mean the default.
    pub fn finish(self) -> Result<()> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(unknown) => {
                let known = self.known.join(", ");
                if may_be_a_key(unknown) {
                    // The pointer would repeat it.
                    let message = format!("{} is the name of a member; known are: {known}", Shown(unknown));
                    return Err(Error::at(Code::Config, self.parent, message));
                }
                let message = format!("{unknown} is not a known member; known are: {known}");
                Err(Error::at(Code::Config, self.pointer(unknown), message))
            }
        }
    }
}
