//! The members of a request, from arguments, files and standard input.
//!
//! `name=value` is a text, or what the table of operations says that the member is. `a.b=value` is member `b` of the object
//! `a`. `name:=JSON` is any value, and `name:=@FILE` one from a file. `@FILE` alone is a file with a whole object, and `-`
//! stands for standard input in both places. Later ones replace earlier ones.

use crate::failure::Failure;
use crate::screen::{Screen, harmless};
use crate::setup;
use crate::texts::words as w;
use serde_json::{Map, Value};
use std::path::Path;
use wxcoupon::api::{self, Member, Rule};
use wxcoupon::error::Error;
use wxcoupon::redact::{Quoted, may_be_a_key};

/// Members of the questions that this library answers itself, as far as they are not texts.
const OWN: [&str; 7] = [
    "amount",
    "product_amount",
    "product_quantity",
    "product_unit_price",
    "bundle_index_base",
    "coupon",
    "stock_store_ids",
];

/// The object that the arguments describe.
pub fn read<'a>(
    screen: &Screen,
    operation: &str,
    arguments: impl Iterator<Item = &'a String>,
) -> Result<Map<String, Value>, Failure> {
    let mut members = Map::new();
    for argument in arguments {
        if argument == "-" || argument.starts_with('@') {
            let file = argument.strip_prefix('@').unwrap_or("-");
            match from_file(screen, file)? {
                Value::Object(read) => members.extend(read),
                _ => return Err(Failure::misuse(screen, w::NOT_AN_OBJECT, &[("file", file)])),
            }
        } else if let Some((name, value)) = split(argument, ":=") {
            let value = match value.strip_prefix('@') {
                Some(file) => from_file(screen, file)?,
                None if value == "-" => from_file(screen, value)?,
                None => strict(screen, name, value.as_bytes())?,
            };
            put(&mut members, name, value);
        } else if let Some((name, value)) = split(argument, "=") {
            let value = if is_json(operation, name) { parse(value) } else { None }
                .unwrap_or_else(|| Value::String(value.to_owned()));
            put(&mut members, name, value);
        } else {
            return Err(Failure::misuse(screen, w::NOT_A_MEMBER, &[]));
        }
    }
    if let Some(operation) = api::by_id(operation) {
        let is_known =
            |name: &str| name == "_options" || operation.members.iter().any(|member| member.name == name);
        for name in members.keys().filter(|name| !is_known(name)) {
            screen.remark(
                &screen.with(w::NOT_IN_TABLE, &[("name", &shown(name)), ("operation", operation.id)]),
            );
        }
    }
    Ok(members)
}

/// The name of a member may be a key that was pasted.
fn shown(name: &str) -> String {
    if may_be_a_key(name) { Quoted(name).to_string() } else { harmless(name) }
}

/// A value may have any sign in it, so the first one counts.
fn split<'a>(argument: &'a str, sign: &str) -> Option<(&'a str, &'a str)> {
    let (name, value) = argument.split_once(sign)?;
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
    };
    is_name(name).then_some((name, value))
}

fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

fn from_file(screen: &Screen, file: &str) -> Result<Value, Failure> {
    let bytes = setup::read(screen, Path::new(file))?;
    strict(screen, file, &bytes)
}

/// As strict as the library: a name that is there twice would leave it open which value counts.
fn strict(screen: &Screen, what: &str, bytes: &[u8]) -> Result<Value, Failure> {
    let values = [("what", what)];
    let text = wxcoupon::json::bytes_without_mark(bytes);
    if text.trim_ascii().is_empty() {
        return Err(Failure::misuse(screen, w::IS_EMPTY, &values));
    }
    let is_utf16 = matches!(text, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, _, ..] | [_, 0, ..]);
    let Some(text) = std::str::from_utf8(text).ok().filter(|_| !is_utf16) else {
        return Err(Failure::misuse(screen, w::NOT_UTF8, &values));
    };
    wxcoupon::json::parse(text).map_err(|error| {
        let why = screen.with(w::BAD_JSON, &[("what", what), ("why", &error.message)]);
        Failure::Library(Box::new(Error { message: why, ..error }.into()))
    })
}

fn put(members: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            members.insert(path.to_owned(), value);
        }
        Some((name, rest)) => {
            let inner = members.entry(name).or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Some(inner) = inner.as_object_mut() {
                put(inner, rest, value);
            }
        }
    }
}

/// Whether the member is something else than a text.
fn is_json(operation: &str, path: &str) -> bool {
    if path == "_options.timeout_ms" {
        return true;
    }
    let Some(operation) = api::by_id(operation) else { return OWN.contains(&path) };
    let mut table: &[Member] = operation.members;
    let mut names = path.split('.').peekable();
    while let Some(name) = names.next() {
        match table.iter().find(|member| member.name == name).map(|member| &member.rule) {
            Some(Rule::Object(inner, _)) if names.peek().is_some() => table = inner,
            Some(Rule::Whole | Rule::Between(..) | Rule::Flag | Rule::List(..) | Rule::Object(..)) => {
                return true;
            }
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use serde_json::json;

    fn members(operation: &str, arguments: &[&str]) -> Value {
        let screen = Screen::new(Language::English, false);
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        Value::Object(read(&screen, operation, arguments.iter()).unwrap())
    }

    #[test]
    fn the_table_says_what_is_a_number_and_what_a_text() {
        assert_eq!(
            members("list", &["openid=123", "page_size=20", "page_token=7"]),
            json!({ "openid": "123", "page_size": 20, "page_token": "7" })
        );
        assert_eq!(
            members("use", &["associated_order_info.transaction_id=42", "attach=a=b:=c"]),
            json!({ "associated_order_info": { "transaction_id": "42" }, "attach": "a=b:=c" })
        );
        assert_eq!(
            members("quote", &["amount=3000", "store_id=7"]),
            json!({ "amount": 3000, "store_id": "7" })
        );
        assert_eq!(members("use", &["x:=[1]", "x:={\"a\":null}"]), json!({ "x": { "a": null } }));
    }

    #[test]
    fn a_file_gives_many_and_later_ones_replace_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("request.json");
        std::fs::write(&file, "\u{FEFF}{\"openid\": \"o\", \"stock_id\": \"1\"}").unwrap();
        let at = format!("@{}", file.display());
        assert_eq!(members("query", &[&at, "stock_id=2"]), json!({ "openid": "o", "stock_id": "2" }));
        let coupon = format!("coupon:={at}");
        assert_eq!(members("quote", &[&coupon])["coupon"]["stock_id"], "1");
    }

    #[test]
    fn input_that_cannot_be_read_is_told_apart() {
        let screen = Screen::new(Language::English, false);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("request.json");
        for (content, why) in [
            (&b""[..], "is empty"),
            (b"{\"a\":", "EOF"),
            (b"{\"a\":1,\"a\":2}", "a"),
            (b"\xC8\xCC{}", "not UTF-8"),
            (b"{\0}\0", "not UTF-8"),
            (&vec![b' '; 70_000], "is empty"),
            (&vec![b'['; 70_000], "longer than"),
        ] {
            std::fs::write(&file, content).unwrap();
            let failure = read(&screen, "use", [format!("@{}", file.display())].iter()).unwrap_err();
            assert!(failure.message().contains(why), "{why}: {}", failure.message());
        }
        let twice = read(&screen, "use", ["x:={\"a\":1,\"a\":2}".to_owned()].iter()).unwrap_err();
        assert!(twice.message().starts_with("WXCOUPON_E_JSON"), "{}", twice.message());
    }

    #[test]
    fn what_is_no_member_is_refused() {
        let screen = Screen::new(Language::English, false);
        for wrong in ["openid", "=x", "a b=c", "x:=nonsense", "@/nowhere/at/all"] {
            assert!(read(&screen, "use", [wrong.to_owned()].iter()).is_err(), "{wrong}");
        }
    }
}
