//! The rules of input: each refusal names the member by JSON pointer and says what was expected.

use super::{Combination, Member, Presence, Rule};
use crate::error::{Error, Result};
use crate::json::{kind, pointer};
use crate::status::Code;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// WeChat Pay's interfaces take characters of one to three bytes in UTF-8: no emoji.
const LARGEST_CHARACTER: usize = 3;

fn refuse(field: &str, message: impl Into<String>) -> Error {
    Error::at(Code::Request, field, message)
}

/// All rules of one object, those over several members last.
pub fn object(
    members: &Map<String, Value>,
    table: &[Member],
    combinations: &[Combination],
    at: &str,
) -> Result<()> {
    for member in table {
        let field = pointer(at, member.name);
        match members.get(member.name) {
            Some(value) => rule(value, &member.rule, member.name, &field)?,
            None if may_be_absent(member.presence) => {}
            None => return Err(refuse(&field, format!("{} is missing", member.name))),
        }
    }
    combinations.iter().try_for_each(|rule| combination(members, rule, at))
}

fn may_be_absent(presence: Presence) -> bool {
    matches!(presence, Presence::Optional | Presence::OptionalOrDefault)
}

fn rule(value: &Value, rule: &Rule, name: &str, field: &str) -> Result<()> {
    match rule {
        Rule::Text => text(value, name, field).map(drop),
        Rule::TextUpTo(longest) => {
            let length = text(value, name, field)?.chars().count();
            if length > *longest {
                return Err(refuse(
                    field,
                    format!("{name} has {length} characters, at most {longest} are allowed"),
                ));
            }
            Ok(())
        }
        Rule::Number(shortest, longest) => {
            number(text(value, name, field)?, *shortest, *longest, name, field)
        }
        Rule::Time => time(text(value, name, field)?, name, field),
        Rule::Whole => match value.as_u64() {
            Some(_) => Ok(()),
            None => Err(refuse(field, format!("{name} must be a whole number, 0 or more, without quotes"))),
        },
        Rule::Object(table, combinations) => match value {
            Value::Object(inner) => object(inner, table, combinations, field),
            other => Err(refuse(field, format!("{name} must be an object, found {}", kind(other)))),
        },
    }
}

fn text<'a>(value: &'a Value, name: &str, field: &str) -> Result<&'a str> {
    match value {
        Value::String(text) if text.is_empty() => Err(refuse(field, format!("{name} is empty"))),
        Value::String(text) => Ok(text),
        other => Err(refuse(field, format!("{name} must be a string, found {}", kind(other)))),
    }
}

fn number(text: &str, shortest: usize, longest: usize, name: &str, field: &str) -> Result<()> {
    if let Some(wrong) = text.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))) {
        return Err(refuse(field, format!("{name} may hold 0-9 A-Z a-z _ and - only, found {wrong:?}")));
    }
    if !(shortest..=longest).contains(&text.len()) {
        return Err(refuse(
            field,
            format!("{name} has {} characters, {shortest} to {longest} are allowed", text.len()),
        ));
    }
    Ok(())
}

/// RFC 3339 as the page writes it: `yyyy-MM-DDTHH:mm:ss+TIMEZONE`. Fractions of a second and `Z` are part of
/// the standard and pass; a time without seconds, which some official examples print, is not.
fn time(text: &str, name: &str, field: &str) -> Result<()> {
    let wrong = |why: &str| {
        refuse(
            field,
            format!("{name} must be RFC 3339 with offset, such as 2025-08-03T12:00:00+08:00: {why}"),
        )
    };
    if text.as_bytes().get(10) != Some(&b'T') {
        return Err(wrong("the date is followed by T"));
    }
    OffsetDateTime::parse(text, &Rfc3339).map(drop).map_err(|error| wrong(&error.to_string()))
}

fn combination(members: &Map<String, Value>, rule: &Combination, at: &str) -> Result<()> {
    let present = |names: &[&'static str]| -> Vec<&'static str> {
        names.iter().copied().filter(|name| members.contains_key(*name)).collect()
    };
    match rule {
        Combination::ExactlyOne(names) => match present(names).as_slice() {
            [_] => Ok(()),
            [] => Err(refuse(&first(at, names), format!("one of {} is missing", names.join(", ")))),
            [_, second, ..] => {
                Err(refuse(&pointer(at, second), format!("give only one of {}", names.join(", "))))
            }
        },
        Combination::AtLeastOne(names) => match present(names).as_slice() {
            [] => Err(refuse(&first(at, names), format!("one of {} is missing", names.join(", ")))),
            _ => Ok(()),
        },
        Combination::Needs(this, that) => {
            if members.contains_key(*this) && !members.contains_key(*that) {
                return Err(refuse(&pointer(at, that), format!("{that} is missing: it goes with {this}")));
            }
            Ok(())
        }
    }
}

fn first(at: &str, names: &[&str]) -> String {
    names.first().map_or_else(|| at.to_owned(), |name| pointer(at, name))
}

/// Characters of every text, keys and members that the table does not know included.
pub fn characters(value: &Value, at: &str) -> Result<()> {
    let narrow = |text: &str, field: &str| match text.chars().find(|c| c.len_utf8() > LARGEST_CHARACTER) {
        Some(wide) => Err(refuse(
            field,
            format!("the character U+{:04X} is not supported by WeChat Pay (no emoji)", u32::from(wide)),
        )),
        None => Ok(()),
    };
    match value {
        Value::String(text) => narrow(text, at),
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(index, item)| characters(item, &format!("{at}/{index}")))
        }
        Value::Object(members) => members.iter().try_for_each(|(key, value)| {
            let field = pointer(at, key);
            narrow(key, &field)?;
            characters(value, &field)
        }),
        _ => Ok(()),
    }
}
