//! What makes two requests the same.

use openssl::sha::Sha256;
use serde_json::Value;

use crate::state::request_number::Digest;

/// A digest over texts and a JSON body, in which member order does not count.
pub(super) fn of(texts: [&str; 2], body: &Value) -> Digest {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update(text.as_bytes());
        hasher.update(b"\n");
    }
    add(&mut hasher, body);
    let mut digest = Digest::default();
    digest.iter_mut().zip(hasher.finish()).for_each(|(short, byte)| *short = byte);
    digest
}

fn add(hasher: &mut Sha256, value: &Value) {
    match value {
        Value::Object(members) => {
            // Sorted here, whichever order serde_json was built to keep.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            hasher.update(b"{");
            for (name, member) in members {
                add(hasher, &Value::String(name.clone()));
                add(hasher, member);
            }
            hasher.update(b"}");
        }
        Value::Array(items) => {
            hasher.update(b"[");
            for item in items {
                add(hasher, item);
            }
            hasher.update(b"]");
        }
        // Texts come quoted and numbers apart, so nothing can run together.
        simple => {
            hasher.update(simple.to_string().as_bytes());
            hasher.update(b",");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_order_does_not_count_but_everything_else_does() {
        let digest = |text: &str| of(["u", "c"], &text.parse().unwrap_or_default());
        let first = digest(r#"{"a":1,"b":{"c":"x","d":[1,2]}}"#);
        assert_eq!(first, digest(r#"{ "b":{"d":[1,2],"c":"x"}, "a":1 }"#));
        for other in [
            r#"{"a":2,"b":{"c":"x","d":[1,2]}}"#,
            r#"{"a":1,"b":{"c":"x","d":[2,1]}}"#,
            r#"{"a":1,"b":{"c":"x","d":[12]}}"#,
            r#"{"a":1,"b":{"c":"x","d":[1,2],"e":null}}"#,
            r#"{"a":"1","b":{"c":"x","d":[1,2]}}"#,
        ] {
            assert_ne!(first, digest(other), "{other}");
        }
        assert_ne!(of(["u", "c"], &Value::Null), of(["uc", ""], &Value::Null));
    }
}
