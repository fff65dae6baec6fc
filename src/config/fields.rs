//! Takes members out of a JSON object one by one. Members that are left at the end are unknown.

use crate::error::{Error, Result};
use crate::json;
use crate::name::{self, Flaw};
use crate::redact::{Quoted, is_key};
use crate::status::Code;
use serde_json::{Map, Value};

/// The members of one object that were not taken yet.
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

    /// Whether a member is there, and says something.
    pub fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
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

    /// A text that names a thing. Blanks around it are removed, because it was typed or pasted.
    pub fn name(&mut self, name: &'static str) -> Result<Option<String>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let cut = text.trim();
        match name::flaw(cut) {
            None => Ok(Some(cut.to_owned())),
            Some(flaw) => {
                let message = format!("{name} has {flaw}");
                Err(Error::at(Code::Config, self.pointer(name), message).hint(Flaw::HINT))
            }
        }
    }

    /// The number of a merchant.
    pub fn merchant(&mut self, name: &'static str) -> Result<Option<String>> {
        let number = self.name(name)?;
        if number.as_deref().is_none_or(name::is_merchant_number) {
            return Ok(number);
        }
        let message = format!("{name} must be a merchant's number, digits only");
        Err(Error::at(Code::Config, self.pointer(name), message))
    }

    /// A name, and it must be there.
    pub fn required_name(&mut self, name: &'static str) -> Result<String> {
        self.name(name)?
            .ok_or_else(|| Error::at(Code::Config, self.pointer(name), format!("{name} is missing")))
    }

    /// The path of a file. `instead`: the member that would take the file's text itself.
    pub fn path(&mut self, name: &'static str, instead: Option<&str>) -> Result<Option<String>> {
        let path = self.text(name)?;
        match path {
            Some(path) => is_path(name, &self.pointer(name), &path, instead).map(|()| Some(path)),
            None => Ok(None),
        }
    }

    /// A whole number within bounds, or the default.
    pub fn number(
        &mut self,
        name: &'static str,
        bounds: std::ops::RangeInclusive<u64>,
        default: u64,
    ) -> Result<u64> {
        self.whole(name, bounds).map(|number| number.unwrap_or(default))
    }

    /// A whole number within bounds.
    pub fn whole(
        &mut self,
        name: &'static str,
        bounds: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let number = value.as_u64().filter(|number| bounds.contains(number));
        number.map(Some).ok_or_else(|| {
            let message =
                format!("{name} must be a whole number from {} to {}", bounds.start(), bounds.end());
            Error::at(Code::Config, self.pointer(name), message)
        })
    }

    /// One of some names, and what it stands for.
    pub fn choice<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> Result<Option<T>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let chosen = choices.iter().find(|(name, _)| *name == text.trim());
        chosen.map(|(_, choice)| Some(*choice)).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let message = format!("{name} must be one of {}, found {}", names.join(", "), Quoted(&text));
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

    /// Refuses members that are left. A mistyped name must not silently mean the default.
    pub fn finish(self) -> Result<()> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(unknown) => {
                let known = format!("is not a known member; known are: {}", self.known.join(", "));
                Err(json::unknown_member(Code::Config, &self.parent, unknown, &known))
            }
        }
    }
}

/// Refuses a text that cannot be a path, before an error message could repeat a key that was pasted in its place.
pub fn is_path(name: &str, field: &str, path: &str, instead: Option<&str>) -> Result<()> {
    let wrong = |message: String| Error::at(Code::Config, field, message);
    if is_key(path) {
        let what = if matches!(name, "private_key_path" | "wechatpay_public_key_path" | "journal_path") {
            "the key itself"
        } else {
            "a key or certificate itself"
        };
        let instead = instead.map_or_else(
            || "save it to a file and give the file's path".to_owned(),
            |instead| format!("use {instead}"),
        );
        return Err(wrong(format!("{name} is to be the path of a file; this is {what}: {instead}")));
    }
    match path.chars().find(|character| character.is_control()) {
        None => Ok(()),
        Some(control) => Err(wrong(format!(
            "{name} has the control character U+{:04X}, which no path has",
            u32::from(control)
        ))
        .hint(
            "In JSON a backslash is written twice: C:\\\\new\\\\key.pem, or C:/new/key.pem; \\n alone is a line end.",
        )),
    }
}
