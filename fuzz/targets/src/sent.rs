//! What must hold of every request that leaves.

use crate::bench::{APPID, BRAND, ENCRYPTED, Kind, OURS, SERIAL};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use wxcoupon::api::{Member, Operation, Place, Rule};
use wxcoupon::mode::Mode;
use wxcoupon::wire::sign;

/// A request without its path and body, in bytes: nothing in it is the caller's.
const LONGEST_HEAD: usize = 2048;

/// A request as it left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub method: String,
    pub target: String,
    pub body: Vec<u8>,
    pub authorization: String,
}

/// Reads one, and checks what holds of all: its form, and that it is signed as it stands.
pub fn read(kind: Kind, bytes: &[u8]) -> Sent {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
    let head = std::str::from_utf8(&bytes[..end]).expect("a head is text");
    let body = bytes[end + 4..].to_vec();
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap_or_default();
    assert!(!head.contains(['\0']) && lines.clone().all(|line| !line.contains(['\r', '\n'])), "{head:?}");
    let parts: Vec<&str> = line.split(' ').collect();
    let [method, target, "HTTP/1.1"] = parts.as_slice() else { panic!("not a request line: {line:?}") };
    assert!(head.len() - target.len() <= LONGEST_HEAD, "a long head: {head}");
    let header = |wanted: &str| -> Vec<String> {
        let named = lines.clone().filter_map(|line| line.split_once(": "));
        named
            .filter(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.to_owned())
            .collect()
    };
    let length: Vec<String> = header("Content-Length");
    match length.as_slice() {
        [] => assert!(body.is_empty(), "a body without its length"),
        [length] => assert_eq!(*length, body.len().to_string()),
        more => panic!("{more:?}"),
    }
    let [authorization] = header("Authorization").try_into().expect("one signature");
    let sent = Sent { method: (*method).into(), target: (*target).into(), body, authorization };
    // Of an upload only a part is signed.
    if !header("Content-Type").iter().any(|kind| kind.starts_with("multipart/")) {
        is_signed(kind, &sent, &sent.body);
    }
    sent
}

/// The signature is over these bytes.
pub fn is_signed(kind: Kind, sent: &Sent, signed: &[u8]) {
    let part = |name: &str| {
        let after = sent.authorization.split_once(&format!("{name}=\"")).expect("a part").1;
        after.split('"').next().unwrap_or_default().to_owned()
    };
    let timestamp = part("timestamp").parse().expect("a number");
    let message = sign::message(&sent.method, &sent.target, timestamp, &part("nonce_str"), signed);
    assert_eq!(part("signature"), BASE64.encode(OURS.signature(&message)));
    assert_eq!(part("serial_no"), SERIAL);
    let scheme = sent.authorization.split(' ').next().unwrap_or_default();
    assert_eq!(scheme.contains("BRAND"), kind.mode == Mode::Brand);
}

/// What the caller gave, as it should leave: without options and nulls, what is encrypted in its place.
pub fn expected(operation: Option<&Operation>, input: &Map<String, Value>) -> Map<String, Value> {
    let mut members = input.clone();
    let options = members.shift_remove("_options").unwrap_or_default();
    if let Some(operation) = operation {
        drop_nulls(&mut members, operation.members);
    }
    let mut whole = Value::Object(members);
    for pointer in options["encrypt"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if let Some(member) = whole.pointer_mut(pointer)
            && let Some(text) = member.as_str()
        {
            *member = Value::String(BASE64.encode([ENCRYPTED, text.as_bytes()].concat()));
        }
    }
    match whole {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// WeChat Pay reads null as left out.
fn drop_nulls(members: &mut Map<String, Value>, table: &[Member]) {
    let row = |name: &str| table.iter().find(|row| row.name == name);
    members.retain(|name, value| !value.is_null() || row(name).is_none());
    for (name, value) in members {
        if let (Some(Rule::Object(table, _)), Value::Object(inner)) = (row(name).map(|row| &row.rule), value)
        {
            drop_nulls(inner, table);
        }
    }
}

/// Every member went where it belongs, equal, and nothing else did but what is filled in.
pub fn is_what_was_given(kind: Kind, operation: &Operation, input: &Map<String, Value>, sent: &Sent) {
    let mut given = expected(Some(operation), input);
    if kind.mode == Mode::Brand {
        given.shift_remove("brand_id");
    }
    let (path, query) = sent.target.split_once('?').unwrap_or((&sent.target, ""));
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned();
    let mut in_query = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').expect("name and value");
        assert!(in_query.insert(decoded(name), Value::String(decoded(value))).is_none(), "twice: {name}");
    }
    let in_body: Map<String, Value> = if operation.unknown == Place::Body {
        serde_json::from_slice(&sent.body).expect("the body is an object")
    } else {
        assert!(sent.body.is_empty());
        Map::new()
    };
    let prefix = operation.family.prefix(kind.mode).expect("interfaces in this mode");
    let rest = path.strip_prefix(prefix).expect("the prefix of the mode");
    let (wanted, found): (Vec<&str>, Vec<&str>) =
        (operation.path.split('/').collect(), rest.split('/').collect());
    assert_eq!(wanted.len(), found.len(), "{path}");
    let mut in_path = Map::new();
    for (wanted, found) in wanted.iter().zip(found) {
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => drop(in_path.insert(name.to_owned(), Value::String(decoded(found)))),
            None => assert_eq!(*wanted, found, "{path}"),
        }
    }
    for (name, value) in &given {
        let row = operation.members.iter().find(|row| row.name == name);
        // A number leaves as it was written, and this reader writes exponents in its own way.
        let read = |text: Value| match value {
            Value::String(_) => text,
            _ => serde_json::from_str(text.as_str().unwrap_or_default()).expect("JSON"),
        };
        match row.map_or(operation.unknown, |row| row.place) {
            Place::Query if value.is_null() => {}
            Place::Query => assert_eq!(in_query.shift_remove(name).map(read).as_ref(), Some(value), "{name}"),
            Place::Path => assert_eq!(in_path.shift_remove(name), Some(value.clone()), "{name}"),
            Place::Unsent => assert!(!in_body.contains_key(name), "{name}"),
            _ => assert_eq!(in_body.get(name), Some(value), "{name}"),
        }
    }
    for (name, value) in in_query.iter().chain(&in_path).chain(&in_body) {
        if given.contains_key(name) {
            continue;
        }
        match name.as_str() {
            "appid" => assert_eq!(value, APPID),
            "brand_id" => assert!(value == BRAND && kind.mode == Mode::Partner),
            "use_time" => assert!(value.as_str().is_some_and(|time| time.ends_with("+08:00"))),
            other => panic!("nobody has given {other}"),
        }
    }
    let encrypts = input.get("_options").is_some_and(|options| options.get("encrypt").is_some());
    if !encrypts {
        keeps_limits(operation.members, &given);
    }
}

/// Nothing is longer than its limit.
fn keeps_limits(table: &[Member], members: &Map<String, Value>) {
    for row in table {
        if let Some(value) = members.get(row.name) {
            keeps(&row.rule, value, row.name);
        }
    }
}

fn keeps(rule: &Rule, value: &Value, name: &str) {
    let length = || value.as_str().map(|text| text.chars().count()).expect("a text");
    match rule {
        Rule::Text | Rule::Name | Rule::Time | Rule::Moment | Rule::OneOf(_) | Rule::ImageName => {
            assert!(length() >= 1, "{name}");
        }
        Rule::TextUpTo(most) | Rule::NameUpTo(most) => assert!((1..=*most).contains(&length()), "{name}"),
        Rule::Url(most) => assert!(value.as_str().is_some_and(|url| url.len() <= *most), "{name}"),
        Rule::Number(least, most) | Rule::Length(least, most) | Rule::Chars(least, most) => {
            assert!((*least..=*most).contains(&length()), "{name}");
        }
        Rule::Between(least, most) => {
            assert!(value.as_u64().is_some_and(|number| (*least..=*most).contains(&number)), "{name}");
        }
        Rule::Whole => assert!(value.as_u64().is_some(), "{name}"),
        Rule::Flag => assert!(value.is_boolean(), "{name}"),
        Rule::List(item, most) => {
            let items = value.as_array().expect("a list");
            assert!((1..=*most).contains(&items.len()), "{name}");
            for value in items {
                keeps(item, value, name);
            }
        }
        Rule::Object(table, _) => keeps_limits(table, value.as_object().expect("an object")),
    }
}
