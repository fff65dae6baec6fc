//! The form of a request body, as a table of members, and its checks.

use serde_json::Value;

use crate::clock::parse_rfc3339;
use crate::refusal::{Reason, Refusal};
use crate::text::Said;

/// What a member must look like.
pub(in crate::operations) enum Form {
    /// Least and most characters.
    Text(usize, usize),
    /// Least and most.
    Number(i64, i64),
    Time,
    OneOf(&'static [&'static str]),
    Object(&'static [Member]),
    /// At most so many of the form.
    List(usize, &'static Form),
}

/// One member of an object.
pub(in crate::operations) struct Member {
    name: &'static str,
    form: Form,
    /// Why it is refused when it is missing.
    need: Option<Reason>,
}

/// A member that must be there.
pub(in crate::operations) const fn must(name: &'static str, form: Form) -> Member {
    Member { name, form, need: Some(Reason::BadStructure) }
}

/// A member that may be there.
pub(in crate::operations) const fn may(name: &'static str, form: Form) -> Member {
    Member { name, form, need: None }
}

/// An image that must be there.
pub(in crate::operations) const fn image(name: &'static str) -> Member {
    Member { name, form: Form::Text(1, 1024), need: Some(Reason::ImageMissing) }
}

/// Checks the members of an object; others are of no interest.
pub(in crate::operations) fn check_members(
    object: &Value,
    pointer: &str,
    members: &[Member],
) -> Result<(), Refusal> {
    for member in members {
        let pointer = format!("{pointer}/{}", member.name);
        match (object.get(member.name), member.need) {
            (Some(Value::Null) | None, None) => {}
            (Some(Value::Null) | None, Some(reason)) => {
                return Err(Refusal::about(reason, &pointer, &Value::Null, ("is required", "必填"), "body"));
            }
            (Some(value), _) => check(value, &pointer, &member.form)?,
        }
    }
    Ok(())
}

fn check(value: &Value, pointer: &str, form: &Form) -> Result<(), Refusal> {
    let about = |reason, issue: Said| Err(Refusal::about(reason, pointer, value, issue, "body"));
    let range = |reason, english: String, chinese: String| {
        Err(Refusal::about(reason, pointer, value, (english, chinese), "body"))
    };
    match (form, value) {
        (Form::Text(least, most), Value::String(text)) => {
            let length = text.chars().count();
            if length < *least {
                return range(
                    Reason::TooShort,
                    format!("must have at least {least} characters"),
                    format!("至少 {least} 个字符"),
                );
            }
            if length > *most {
                return range(
                    Reason::TooLong,
                    format!("must have at most {most} characters"),
                    format!("最多 {most} 个字符"),
                );
            }
            if text.chars().any(|letter| letter.len_utf8() > 3) {
                return about(
                    Reason::BadValue,
                    (
                        "only UTF-8 characters of 1 to 3 bytes are supported",
                        "只支持 1 到 3 字节的 UTF-8 字符",
                    ),
                );
            }
            Ok(())
        }
        (Form::Number(least, most), Value::Number(number)) => match number.as_i64() {
            Some(number) if (*least..=*most).contains(&number) => Ok(()),
            Some(_) => range(
                Reason::OutOfRange,
                format!("must be {least} to {most}"),
                format!("应为 {least} 到 {most}"),
            ),
            None => about(Reason::BadStructure, ("must be a whole number", "应为整数")),
        },
        (Form::Time, Value::String(text)) => match parse_rfc3339(text) {
            Some(_) => Ok(()),
            None => about(
                Reason::BadValue,
                (
                    "not RFC 3339, e.g. 2025-08-03T12:00:00+08:00",
                    "不符合 RFC 3339，应形如 2025-08-03T12:00:00+08:00",
                ),
            ),
        },
        (Form::OneOf(words), Value::String(text)) => {
            if words.contains(&text.as_str()) {
                return Ok(());
            }
            range(
                Reason::BadValue,
                format!("must be one of {}", words.join(", ")),
                format!("只能是 {}", words.join("、")),
            )
        }
        (Form::Object(members), Value::Object(_)) => check_members(value, pointer, members),
        (Form::List(most, form), Value::Array(items)) => {
            if items.is_empty() {
                return about(Reason::TooShort, ("must not be empty", "不能为空"));
            }
            if items.len() > *most {
                return range(
                    Reason::TooLong,
                    format!("must have at most {most} entries"),
                    format!("最多 {most} 项"),
                );
            }
            items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| check(item, &format!("{pointer}/{index}"), form))
        }
        (Form::Text(..) | Form::Time | Form::OneOf(_), _) => {
            about(Reason::BadStructure, ("must be a string", "应为字符串"))
        }
        (Form::Number(..), _) => about(Reason::BadStructure, ("must be a number", "应为数字")),
        (Form::Object(_), _) => about(Reason::BadStructure, ("must be an object", "应为对象")),
        (Form::List(..), _) => about(Reason::BadStructure, ("must be an array", "应为数组")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::Form::{List, Number, Object, OneOf, Text, Time};
    use super::*;

    const MEMBERS: &[Member] = &[
        must("name", Text(2, 3)),
        image("picture"),
        may("at", Time),
        may("list", List(2, &Object(&[must("kind", OneOf(&["A", "B"])), may("count", Number(1, 9))]))),
    ];

    #[test]
    fn names_the_member_and_the_reason() {
        let good =
            json!({ "name": "名字", "picture": "u", "list": [{ "kind": "A", "count": 9 }], "at": null });
        assert!(check_members(&good, "", MEMBERS).is_ok());
        let wrong = |name: &str, value: Value| {
            let mut body = good.clone();
            body.as_object_mut().unwrap().insert(name.to_owned(), value);
            let refusal = check_members(&body, "", MEMBERS).unwrap_err();
            (refusal.reason, refusal.detail.unwrap()["field"].as_str().unwrap().to_owned())
        };
        let at = |reason, field: &str| (reason, field.to_owned());
        assert_eq!(wrong("name", Value::Null), at(Reason::BadStructure, "/name"));
        assert_eq!(wrong("name", json!(5)), at(Reason::BadStructure, "/name"));
        assert_eq!(wrong("name", json!("a")), at(Reason::TooShort, "/name"));
        assert_eq!(wrong("name", json!("abcd")), at(Reason::TooLong, "/name"));
        assert_eq!(wrong("name", json!("a😀")), at(Reason::BadValue, "/name"));
        assert_eq!(wrong("picture", Value::Null), at(Reason::ImageMissing, "/picture"));
        assert_eq!(wrong("at", json!("today")), at(Reason::BadValue, "/at"));
        assert_eq!(wrong("list", json!([])), at(Reason::TooShort, "/list"));
        assert_eq!(wrong("list", json!([{}])), at(Reason::BadStructure, "/list/0/kind"));
        assert_eq!(wrong("list", json!([{ "kind": "C" }])), at(Reason::BadValue, "/list/0/kind"));
        let count = |count: Value| wrong("list", json!([{ "kind": "A" }, { "kind": "B", "count": count }]));
        assert_eq!(count(json!(10)), at(Reason::OutOfRange, "/list/1/count"));
        assert_eq!(count(json!(1.5)), at(Reason::BadStructure, "/list/1/count"));
        assert_eq!(wrong("list", json!([1, 2, 3])), at(Reason::TooLong, "/list"));
    }
}
