//! Checks the input. Each error names the member by JSON pointer and says what was expected.

use super::{Combination, Member, Presence, Rule, spans};
use crate::error::{Error, Result};
use crate::json::{At, find, kind};
use crate::name::{self, Flaw};
use crate::redact::Quoted;
use crate::status::Code;
use serde_json::{Map, Value};
use std::borrow::Cow;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use ureq::http::Uri;

/// WeChat Pay's interfaces accept characters of one to three bytes in UTF-8, so no emoji.
const LARGEST_CHARACTER: usize = 3;

pub(super) fn refuse(field: &At<'_>, message: impl Into<String>) -> Error {
    Error::at(Code::Request, field.to_string(), message)
}

/// Checks one object: each member, and then the rules over several members.
pub fn object(
    members: &Map<String, Value>,
    table: &[Member],
    combinations: &[Combination],
    at: &At<'_>,
) -> Result<()> {
    for member in table {
        let field = At::Member(at, member.name);
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

fn rule(value: &Value, rule: &Rule, name: &str, field: &At<'_>) -> Result<()> {
    match rule {
        Rule::Text => text(value, name, field).map(drop),
        Rule::TextUpTo(longest) => up_to(text(value, name, field)?, *longest, name, field),
        Rule::Name => named(text(value, name, field)?, name, field),
        Rule::NameUpTo(longest) => {
            let text = text(value, name, field)?;
            named(text, name, field)?;
            up_to(text, *longest, name, field)
        }
        Rule::Number(shortest, longest) => {
            number(text(value, name, field)?, *shortest, *longest, name, field)
        }
        Rule::Chars(shortest, longest) => number(text(value, name, field)?, *shortest, *longest, name, field),
        Rule::Length(shortest, longest) => {
            let length = text(value, name, field)?.chars().count();
            if !(*shortest..=*longest).contains(&length) {
                let message = format!("{name} has {length} characters, {shortest} to {longest} are allowed");
                return Err(refuse(field, message));
            }
            Ok(())
        }
        Rule::Time => time(text(value, name, field)?, name, field),
        Rule::Moment => moment(text(value, name, field)?, name, field),
        Rule::Between(least, most) => match value.as_u64() {
            Some(number) if (*least..=*most).contains(&number) => Ok(()),
            _ => Err(refuse(field, format!("{name} must be a whole number from {least} to {most}"))),
        },
        Rule::Flag if value.is_boolean() => Ok(()),
        Rule::Flag => Err(refuse(field, format!("{name} must be true or false, found {}", kind(value)))),
        Rule::OneOf(documented) => one_of(text(value, name, field)?, documented, name, field),
        Rule::Url(longest) => url(text(value, name, field)?, *longest, name, field),
        Rule::ImageName => image_name(text(value, name, field)?, name, field),
        Rule::List(item, longest) => match value {
            Value::Array(items) if (1..=*longest).contains(&items.len()) => {
                for (index, value) in items.iter().enumerate() {
                    self::rule(value, item, name, &At::Item(field, index))?;
                }
                if matches!(item, Rule::OneOf(_)) { each_once(items, name, field) } else { Ok(()) }
            }
            Value::Array(items) => {
                Err(refuse(field, format!("{name} has {} items, 1 to {longest} are allowed", items.len())))
            }
            other => Err(refuse(field, format!("{name} must be an array, found {}", kind(other)))),
        },
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

fn each_once(items: &[Value], name: &str, field: &At<'_>) -> Result<()> {
    for (index, value) in items.iter().enumerate() {
        if let Some(before) = items.iter().take(index).position(|before| before == value) {
            let message = format!("{name} names {value} twice, as items {before} and {index}");
            return Err(refuse(field, message));
        }
    }
    Ok(())
}

fn text<'a>(value: &'a Value, name: &str, field: &At<'_>) -> Result<&'a str> {
    match value {
        Value::String(text) if text.is_empty() => Err(refuse(field, format!("{name} is empty"))),
        Value::String(text) => Ok(text),
        other => Err(refuse(field, format!("{name} must be a string, found {}", kind(other)))),
    }
}

fn up_to(text: &str, longest: usize, name: &str, field: &At<'_>) -> Result<()> {
    let length = text.chars().count();
    if length > longest {
        return Err(refuse(field, format!("{name} has {length} characters, at most {longest} are allowed")));
    }
    Ok(())
}

/// Refuses a text that cannot be a name.
pub fn named(text: &str, name: &str, field: &At<'_>) -> Result<()> {
    match name::flaw(text) {
        Some(flaw) => {
            Err(refuse(field, format!("{name} has {flaw}")).hint(Flaw::HINT).cashier(Flaw::CASHIER))
        }
        None => Ok(()),
    }
}

fn number(text: &str, shortest: usize, longest: usize, name: &str, field: &At<'_>) -> Result<()> {
    named(text, name, field)?;
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

/// RFC 3339 in the form of the page: `yyyy-MM-DDTHH:mm:ss+TIMEZONE`. The standard also allows fractions of a second and `Z`,
/// but not a time without seconds, which some official examples print.
fn time(text: &str, name: &str, field: &At<'_>) -> Result<()> {
    if is_time(text) {
        return Ok(());
    }
    let found = Quoted(text);
    let message = match in_full(text) {
        Some(full) => format!("{name} must be RFC 3339 with seconds and offset: write {full}, found {found}"),
        None => {
            format!("{name} must be a time in RFC 3339, such as 2025-08-03T12:00:00+08:00, found {found}")
        }
    };
    Err(refuse(field, message))
}

fn is_time(text: &str) -> bool {
    text.as_bytes().get(10) == Some(&b'T') && OffsetDateTime::parse(text, &Rfc3339).is_ok()
}

/// The complete form of a time: with `T`, seconds, and China's offset if none is given.
fn in_full(text: &str) -> Option<String> {
    let (date, rest) = text.trim().split_at_checked("2025-08-03".len())?;
    let rest = rest.strip_prefix(['T', 't', ' '])?.trim_start();
    let (clock, offset) = rest.find(['+', '-', 'Z', 'z']).map_or((rest, ""), |at| rest.split_at(at));
    let seconds = if clock.trim_end().len() == "12:00".len() { ":00" } else { "" };
    let offset = if offset.is_empty() { "+08:00" } else { offset };
    let full =
        format!("{}T{}{seconds}{}", date.replace('/', "-"), clock.trim_end(), offset.to_ascii_uppercase());
    is_time(&full).then_some(full)
}

/// Like [`time`], but the seconds may be missing: official examples print `2025-01-01T00:00+08:00`.
fn moment(text: &str, name: &str, field: &At<'_>) -> Result<()> {
    time(&with_seconds(text), name, field)
}

/// A time with the seconds that it may lack.
pub(super) fn with_seconds(text: &str) -> Cow<'_, str> {
    const TO_THE_MINUTE: usize = "2025-01-01T00:00".len();
    match text.split_at_checked(TO_THE_MINUTE) {
        Some((minute, offset)) if !offset.starts_with(':') => format!("{minute}:00{offset}").into(),
        _ => text.into(),
    }
}

/// WeChat Pay may add values, so an unknown value is accepted if it looks like one. A different spelling of a known value is
/// refused.
fn one_of(text: &str, documented: &[&str], name: &str, field: &At<'_>) -> Result<()> {
    const LONGEST: usize = 64;
    if documented.contains(&text) {
        return Ok(());
    }
    if let Some(meant) = documented.iter().find(|value| value.eq_ignore_ascii_case(text.trim())) {
        return Err(refuse(field, format!("{name} must be spelt {meant}, found {}", Quoted(text))));
    }
    let upper_case = !documented.iter().any(|value| value.bytes().any(|byte| byte.is_ascii_lowercase()));
    let fits = |byte: u8| {
        byte == b'_'
            || byte.is_ascii_digit()
            || byte.is_ascii_uppercase()
            || (!upper_case && byte.is_ascii_lowercase())
    };
    if text.len() <= LONGEST && text.bytes().all(fits) {
        return Ok(());
    }
    let found = Quoted(text);
    Err(refuse(field, format!("{name} must be one of {}, found {found}", documented.join(", "))))
}

fn url(text: &str, longest: usize, name: &str, field: &At<'_>) -> Result<()> {
    let wrong = |why: &str| Err(refuse(field, format!("{name} {why}")));
    let parsed: Option<Uri> = text.parse().ok();
    match parsed {
        _ if text.chars().count() > longest => wrong(&format!("is longer than {longest} characters")),
        Some(uri) if uri.scheme_str() == Some("https") && uri.host().is_some_and(|host| !host.is_empty()) => {
            if uri.query().is_some() || text.contains(['?', '#']) {
                return wrong("must not have a query");
            }
            Ok(())
        }
        _ => wrong("must be an address that begins with https://"),
    }
}

fn image_name(text: &str, name: &str, field: &At<'_>) -> Result<()> {
    if is_image_name(text) {
        return Ok(());
    }
    Err(refuse(field, format!("{name} must name a .jpg, .jpeg or .png file, without a folder")))
}

/// Whether a file name may be in a header line.
pub fn is_image_name(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let odd = |letter: char| {
        letter.is_control() || letter.len_utf8() > LARGEST_CHARACTER || matches!(letter, '/' | '\\' | '"')
    };
    [".jpg", ".jpeg", ".png"].iter().any(|ending| lower.ends_with(ending)) && !text.contains(odd)
}

fn combination(members: &Map<String, Value>, rule: &Combination, at: &At<'_>) -> Result<()> {
    let present = |names: &[&'static str]| -> Vec<&'static str> {
        names.iter().copied().filter(|name| members.contains_key(*name)).collect()
    };
    match rule {
        Combination::ExactlyOne(names) => match present(names).as_slice() {
            [_] => Ok(()),
            [] => Err(refuse(&first(at, names), format!("one of {} is missing", names.join(", ")))),
            [_, second, ..] => {
                Err(refuse(&At::Member(at, second), format!("give only one of {}", names.join(", "))))
            }
        },
        Combination::AtLeastOne(names) => match present(names).as_slice() {
            [] => Err(refuse(&first(at, names), format!("one of {} is missing", names.join(", ")))),
            _ => Ok(()),
        },
        Combination::Needs(this, that) => {
            if members.contains_key(*this) && !members.contains_key(*that) {
                return Err(refuse(&At::Member(at, that), format!("{that} is missing: it goes with {this}")));
            }
            Ok(())
        }
        Combination::Excludes(this, that) => {
            if members.contains_key(*this) && members.contains_key(*that) {
                return Err(refuse(&At::Member(at, that), format!("{that} and {this} exclude each other")));
            }
            Ok(())
        }
        Combination::NeedsWhen { member, is, at: needed } => {
            let holds = match members.get(*member) {
                Some(Value::Array(values)) => values.iter().any(|value| value == is),
                Some(value) => value == is,
                None => false,
            };
            if holds && find(members, needed).is_none_or(Value::is_null) {
                let message =
                    format!("{} is missing: it goes with {member} {is}", needed.trim_start_matches('/'));
                return Err(Error::at(Code::Request, format!("{at}{needed}"), message));
            }
            Ok(())
        }
        Combination::ForbidsWhen { member, is, at: forbidden } => {
            let holds = members.get(*member).is_some_and(|value| value == is);
            if holds && find(members, forbidden).is_some_and(|value| !value.is_null()) {
                let message = format!("{} does not go with {member} {is}", forbidden.trim_start_matches('/'));
                return Err(Error::at(Code::Request, format!("{at}{forbidden}"), message));
            }
            Ok(())
        }
        Combination::NotBoth(pairs) => {
            let [(first, one), (second, other)] = pairs;
            if pairs.iter().all(|(name, value)| members.get(*name).is_some_and(|given| given == value)) {
                let message = format!("{second} {other} does not go with {first} {one}");
                return Err(refuse(&At::Member(at, second), message));
            }
            Ok(())
        }
        Combination::Before(begin, end) => spans::before(members, [begin, end], at),
        Combination::WithinAYear(begin, end) => spans::within_a_year(members, [begin, end], at),
        Combination::Apart(list) => spans::apart(members, list, at),
    }
}

fn first<'a>(at: &'a At<'a>, names: &[&'a str]) -> At<'a> {
    names.first().map_or(*at, |name| At::Member(at, name))
}

/// Checks the characters of every text, including keys and unknown members.
pub fn all_characters(members: &Map<String, Value>, at: &At<'_>) -> Result<()> {
    members.iter().try_for_each(|(key, value)| {
        let field = At::Member(at, key);
        narrow(key, &field)?;
        characters(value, &field)
    })
}

fn narrow(text: &str, field: &At<'_>) -> Result<()> {
    match text.chars().find(|c| c.len_utf8() > LARGEST_CHARACTER) {
        Some(wide) => Err(refuse(
            field,
            format!("the character U+{:04X} is not supported by WeChat Pay (no emoji)", u32::from(wide)),
        )),
        None => Ok(()),
    }
}

fn characters(value: &Value, at: &At<'_>) -> Result<()> {
    match value {
        Value::String(text) => narrow(text, at),
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(index, item)| characters(item, &At::Item(at, index)))
        }
        Value::Object(members) => all_characters(members, at),
        _ => Ok(()),
    }
}
