//! A member of the coupon: its value, and its JSON pointer in the caller's input.

use super::moment::Moment;
use crate::json::{kind, pointer};
use crate::redact::{Quoted, may_be_a_key};
use serde_json::Value;

static ABSENT: Value = Value::Null;
/// Longest list that is read. No documented list is longer.
const MOST_ITEMS: usize = 100;

/// A member that may be absent. WeChat Pay leaves null members out, so null counts as absent.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    value: &'a Value,
    /// JSON pointer (RFC 6901) in the input.
    pub field: String,
}

/// Why this version does not understand a member of the coupon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Which member.
    pub field: String,
    /// What was expected and what was found.
    pub message: String,
}

impl<'a> Member<'a> {
    /// A value at that place.
    pub fn new(value: &'a Value, field: impl Into<String>) -> Member<'a> {
        Member { value, field: field.into() }
    }

    /// The member of this object with that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Member<'a> {
        Member::new(self.value.get(name).unwrap_or(&ABSENT), pointer(&self.field, name))
    }

    /// The member at the end of those names.
    #[must_use]
    pub fn at(&self, names: &[&str]) -> Member<'a> {
        names.iter().fold(self.clone(), |member, name| member.get(name))
    }

    /// Whether it is there.
    pub fn is_present(&self) -> bool {
        !self.value.is_null()
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        self.value.is_object()
    }

    /// The items of a list. An absent list counts as empty.
    pub fn items(&self) -> Result<Vec<Member<'a>>, Unreadable> {
        match self.value {
            Value::Null => Ok(Vec::new()),
            Value::Array(items) if items.len() > MOST_ITEMS => Err(self.unreadable("a shorter array")),
            Value::Array(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(index, item)| Member::new(item, format!("{}/{index}", self.field)))
                .collect()),
            _ => Err(self.unreadable("an array")),
        }
    }

    /// A text.
    pub fn text(&self) -> Result<&'a str, Unreadable> {
        self.value.as_str().ok_or_else(|| self.unreadable("a string"))
    }

    /// A whole number, not negative: an amount in fen, a count.
    pub fn whole(&self) -> Result<u64, Unreadable> {
        self.value.as_u64().ok_or_else(|| self.unreadable("a whole number, 0 or more"))
    }

    /// A time.
    pub fn moment(&self) -> Result<Moment, Unreadable> {
        Moment::parse(self.text()?).ok_or_else(|| self.unreadable("a time of RFC 3339"))
    }

    /// An error if it has other members than these. A new one may limit what the others promise.
    pub fn has_only(&self, known: &[&str]) -> Result<(), Unreadable> {
        let members = self.value.as_object().into_iter().flatten();
        let new =
            members.into_iter().find(|(name, value)| !value.is_null() && !known.contains(&name.as_str()));
        match new {
            None => Ok(()),
            Some((name, _)) => Err(Unreadable {
                field: if may_be_a_key(name) { self.field.clone() } else { pointer(&self.field, name) },
                message: format!("{} is not known to this version, and may limit the coupon", Quoted(name)),
            }),
        }
    }

    /// The JSON text.
    pub fn json(&self) -> String {
        self.value.to_string()
    }

    /// This member is not what was expected.
    pub fn unreadable(&self, expected: &str) -> Unreadable {
        let name = self.field.rsplit('/').next().unwrap_or_default();
        let message = if self.is_present() {
            format!("{name} should be {expected}, found {}", self.found())
        } else {
            format!("{name} is missing")
        };
        Unreadable { field: self.field.clone(), message }
    }

    /// Short values as they are, others by kind.
    fn found(&self) -> String {
        match self.value {
            Value::Number(number) => number.to_string(),
            Value::String(text) if text.chars().count() <= 40 => Quoted(text).to_string(),
            other => kind(other).to_owned(),
        }
    }
}
