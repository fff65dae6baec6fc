//! Right input for any operation, made from its row: every member, or only those that must be there.

use serde_json::{Map, Value, json};
use std::path::PathBuf;
use wxcoupon::api::{Combination, Member, Operation, Place, Presence, Rule};

/// A year, as official examples print it.
const BEGIN: &str = "2025-01-01T00:00+08:00";
const END: &str = "2026-01-01T00:00+08:00";

/// Every member, as far as they go together.
pub fn full(operation: &Operation) -> Value {
    let mut members = object(operation.members, operation.combinations, true);
    if operation.id == "create_product_coupon" {
        // The withdrawn mode's members go with the withdrawn mode.
        for name in ["sequential_usage_info", "stock_bundle", "progressive_bundle_usage_info"] {
            members.as_object_mut().unwrap().remove(name);
        }
        // Each type has its own terms.
        members["single_usage_info"].as_object_mut().unwrap().remove("discount_coupon");
    }
    members
}

/// What must be there and nothing else.
pub fn least(operation: &Operation) -> Value {
    object(operation.members, operation.combinations, false)
}

fn object(members: &[Member], combinations: &[Combination], everything: bool) -> Value {
    let mut made = Map::new();
    for member in members {
        let optional = matches!(member.presence, Presence::Optional | Presence::OptionalOrDefault);
        if everything || !optional {
            made.insert(member.name.to_owned(), value(member, everything));
        }
    }
    for combination in combinations {
        match combination {
            Combination::ExactlyOne(names) => {
                for name in names.iter().skip(1) {
                    made.remove(*name);
                }
                insert(&mut made, members, names[0], everything);
            }
            Combination::AtLeastOne(names) => insert(&mut made, members, names[0], everything),
            Combination::Excludes(first, second) => {
                if made.contains_key(*second) {
                    made.remove(*first);
                }
            }
            Combination::Needs(..)
            | Combination::ForbidsWhen { .. }
            | Combination::NotBoth(_)
            | Combination::WithinAYear(..)
            | Combination::Apart(_) => {}
            Combination::Before(begin, end) => {
                let is_number = made[*begin].is_number();
                let ends = if is_number { [json!(0), json!(86_400)] } else { [json!(BEGIN), json!(END)] };
                for (name, value) in [begin, end].into_iter().zip(ends) {
                    made.insert((*name).to_owned(), value);
                }
            }
            Combination::NeedsWhen { member, is, at } => {
                let holds = match made.get(*member) {
                    Some(Value::Array(values)) => values.iter().any(|value| value == is),
                    Some(value) => value == is,
                    None => false,
                };
                let mut whole = Value::Object(made);
                if holds && whole.pointer(at).is_none() {
                    put(&mut whole, members, at, everything);
                }
                let Value::Object(again) = whole else { unreachable!() };
                made = again;
            }
        }
    }
    Value::Object(made)
}

fn insert(made: &mut Map<String, Value>, members: &[Member], name: &str, everything: bool) {
    let member = members.iter().find(|member| member.name == name).unwrap();
    made.entry(name).or_insert_with(|| value(member, everything));
}

fn put(whole: &mut Value, members: &[Member], pointer: &str, everything: bool) {
    let mut parts = pointer.split('/').skip(1);
    let name = parts.next().unwrap();
    let member = members.iter().find(|member| member.name == name).unwrap();
    let inner = whole.as_object_mut().unwrap().entry(name).or_insert_with(|| value(member, everything));
    if let (Some(next), Rule::Object(members, _)) = (parts.next(), &member.rule) {
        put(inner, members, &format!("/{next}"), everything);
    }
}

fn value(member: &Member, everything: bool) -> Value {
    match (member.name, member.place) {
        ("file", Place::File) => json!(image()),
        _ => by_rule(&member.rule, everything),
    }
}

fn by_rule(rule: &Rule, everything: bool) -> Value {
    match rule {
        Rule::Text => json!("text"),
        // An odd name, but one.
        Rule::Name => json!("名 /?#\"%0D"),
        Rule::TextUpTo(longest) | Rule::NameUpTo(longest) => json!("券".repeat(*longest)),
        Rule::Number(shortest, longest) | Rule::Chars(shortest, longest) => {
            json!(
                "aZ_-09"
                    .chars()
                    .cycle()
                    .take(if everything { *longest } else { *shortest })
                    .collect::<String>()
            )
        }
        Rule::Length(shortest, longest) => json!("字".repeat(if everything { *longest } else { *shortest })),
        Rule::Time => json!("2025-08-03T12:00:00+08:00"),
        Rule::Moment => json!(BEGIN),
        Rule::Whole => json!(0),
        Rule::Between(least, most) => json!(if everything { *most } else { *least }),
        Rule::Flag => json!(true),
        Rule::OneOf(values) => json!(values[0]),
        Rule::Url(_) => json!("https://pos.example.com/notify"),
        Rule::ImageName => json!("picture.PNG"),
        Rule::List(item, _) => json!([by_rule(item, everything)]),
        Rule::Object(members, combinations) => object(members, combinations, everything),
    }
}

/// A file that begins like a PNG.
pub fn image() -> PathBuf {
    let path = std::env::temp_dir().join(format!("wxcoupon-picture-{}.png", std::process::id()));
    let mut content = b"\x89PNG\r\n\x1a\n".to_vec();
    content.extend_from_slice(b"--wxcoupon\r\nnot really a picture\x00\xff");
    std::fs::write(&path, content).unwrap();
    path
}
