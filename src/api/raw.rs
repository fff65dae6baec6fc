//! Requests that are not in the table.

use super::check;
use super::prepare::{Options, Prepared, REQUEST_NO, take_options_with};
use crate::error::{Error, Result};
use crate::json::{self, At};
use crate::redact::Quoted;
use crate::status::Code;
use serde_json::{Map, Value};

/// In the product coupon's interfaces this member is the number that makes a repeat safe.
const USUAL_NUMBER: &str = "out_request_no";

/// Checks the form of a request that is not in the table.
pub fn prepare_raw(method: &str, target: &str, body: Option<&str>) -> Result<Prepared> {
    let method = method.to_ascii_uppercase();
    if !matches!(method.as_str(), "GET" | "POST" | "PUT" | "PATCH" | "DELETE") {
        return Err(Error::new(
            Code::Operation,
            format!("method must be GET, POST, PUT, PATCH or DELETE, found {}", Quoted(&method)),
        ));
    }
    let wrong = |why: &str| Error::at(Code::Request, "/path_and_query", format!("path_and_query {why}"));
    if !target.starts_with('/') || target.starts_with("//") {
        return Err(wrong("must begin with one /"));
    }
    if let Some(byte) =
        target.bytes().find(|byte| !(b'!'..=b'~').contains(byte) || b"\"#<>\\^`{|}".contains(byte))
    {
        return Err(wrong(&format!("must be percent-encoded: byte 0x{byte:02X} may not stand in it")));
    }
    let mut members = body.map(json::parse_object).transpose()?.unwrap_or_default();
    let options = take_options_with(&mut members, &[REQUEST_NO])?;
    if method == "GET" && options.request_no.is_some() {
        let message = "a GET request has no number: it changes nothing and is not recorded";
        return Err(Error::at(Code::Request, "/_options/request_no", message));
    }
    if method == "GET" && !members.is_empty() {
        return Err(Error::at(Code::Request, "/json_body", "a GET request has no body"));
    }
    let request_no = checked_number(&members, &options)?.map(str::to_owned);
    // A POST without a body still sends an empty one.
    let body = match (method.as_str(), body) {
        ("GET", _) | ("DELETE", None) => None,
        (_, None) => Some(Vec::new()),
        (_, Some(_)) => Some(json::bytes(&members)),
    };
    Ok(Prepared { method, body, members, request_no, options, ..Prepared::question(target) })
}

/// The number in a body that may break other rules.
pub fn raw_request_no(body: &str) -> Option<String> {
    let mut members = json::parse_object(body).ok()?;
    let named = members.shift_remove("_options").and_then(|options| options.get(REQUEST_NO).cloned());
    let name = named.as_ref().and_then(Value::as_str).unwrap_or(USUAL_NUMBER);
    find(&members, name)?.as_str().map(str::to_owned)
}

/// The request's number. One that the caller names must be there.
fn checked_number<'a>(members: &'a Map<String, Value>, options: &Options) -> Result<Option<&'a str>> {
    let name = options.request_no.as_deref().unwrap_or(USUAL_NUMBER);
    let pointer = pointer_to(name);
    let wrong = |why: &str| {
        let message = format!("{} {why}: _options.request_no names it as the request's number", Quoted(name));
        Err(Error::at(Code::Request, pointer.as_str(), message))
    };
    let number = match find(members, name) {
        Some(Value::String(number)) => number,
        _ if options.request_no.is_none() => return Ok(None),
        None | Some(Value::Null) => return wrong("is missing"),
        Some(other) => return wrong(&format!("must be a string, found {}", json::kind(other))),
    };
    if number.is_empty() && options.request_no.is_some() {
        return wrong("is empty");
    }
    check::named(number, name, &At::Root).map_err(|error| Error { field: Some(pointer.clone()), ..error })?;
    if options.encrypt.contains(&pointer) {
        let message = "the request's number cannot be encrypted: the journal keeps it as it is";
        return Err(Error::at(Code::Request, "/_options/encrypt", message));
    }
    Ok(Some(number))
}

/// A JSON pointer begins with `/`. Anything else is the name of a member of the body.
fn find<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let Some(steps) = name.strip_prefix('/') else { return members.get(name) };
    let (first, rest) = steps.split_at(steps.find('/').unwrap_or(steps.len()));
    members.get(&first.replace("~1", "/").replace("~0", "~"))?.pointer(rest)
}

fn pointer_to(name: &str) -> String {
    if name.starts_with('/') { name.to_owned() } else { json::pointer("", name) }
}
