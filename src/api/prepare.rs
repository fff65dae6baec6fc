//! Turns the caller's JSON into a request: takes the options out, fills defaults in, checks the rules, and puts members into
//! path, query or body.

use super::multipart::{self, Multipart};
use super::{Defaults, Member, Operation, Place, Presence, Rule, check};
use crate::error::{Error, Result};
use crate::json::{self, At};
use crate::limits::LONGEST_CALL_MS;
use crate::mode::Mode;
use crate::redact::may_be_a_key;
use crate::status::Code;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use std::time::Duration;
use time::OffsetDateTime;
use time::macros::{format_description, offset};

/// All characters except the unreserved ones of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Longest trace id that is taken, in bytes: one of version 00 has 55.
const LONGEST_TRACE: usize = 128;

/// A checked request that only has to be signed and sent.
#[derive(Debug)]
pub struct Prepared {
    /// HTTP method.
    pub method: String,
    /// Path and query, percent-encoded.
    pub target: String,
    /// The bytes of the body. Every attempt sends exactly these.
    pub body: Option<Vec<u8>>,
    /// `Content-Type` and signed part of a body that is not JSON.
    pub multipart: Option<Multipart>,
    /// The checked members, with defaults and filled-in time.
    pub members: Map<String, Value>,
    /// Members that were filled in with the current time.
    pub filled_in: Vec<&'static str>,
    /// The request's own number.
    pub request_no: Option<String>,
    /// The caller's options for this call.
    pub options: Options,
}

/// The member `_options` of a request.
#[derive(Debug, Default, Clone)]
pub struct Options {
    /// Limit of this call, in place of the configured one.
    pub timeout: Option<Duration>,
    /// JSON pointers of members of the body that are encrypted before they are sent.
    pub encrypt: Vec<String>,
    /// JSON pointers of members of the answer that are decrypted. A `*` means every item of a list.
    pub decrypt: Vec<String>,
    /// The caller's trace id, for log and journal.
    pub trace: Option<String>,
    /// The member of a request outside of the table that is its number: a name, or a JSON pointer.
    pub request_no: Option<String>,
    /// Asks WeChat Pay although an answer is kept.
    pub fresh: bool,
}

/// The option that names a request's number.
pub const REQUEST_NO: &str = "request_no";
/// The option that asks anew.
pub const FRESH: &str = "fresh";

/// The mode of the context, and its defaults.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Service provider, or brand.
    pub mode: Mode,
    /// The configuration's values for members that the caller leaves out. In brand mode `brand_id` is the context's own
    /// identity, and is never sent.
    pub defaults: &'a Defaults,
}

/// The current time in the format of `use_time`.
pub fn use_time(now: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+08:00");
    now.to_offset(offset!(+8)).format(&format).unwrap_or_default()
}

impl Prepared {
    /// A GET without members.
    pub fn question(target: &str) -> Prepared {
        Prepared {
            method: "GET".into(),
            target: target.to_owned(),
            body: None,
            multipart: None,
            members: Map::new(),
            filled_in: Vec::new(),
            request_no: None,
            options: Options::default(),
        }
    }
}

impl Prepared {
    /// The echo of this text.
    pub fn echo(text: &str) -> Prepared {
        let members = Map::from_iter([("echo_message".to_owned(), Value::String(text.to_owned()))]);
        Prepared {
            method: "POST".into(),
            body: Some(json::bytes(&members)),
            members,
            ..Prepared::question("/v3/security/echo")
        }
    }
}

/// Checks the input of an operation and builds its request.
pub fn prepare(
    operation: &Operation,
    input: &str,
    scope: Scope<'_>,
    now: OffsetDateTime,
) -> Result<Prepared> {
    let Some(prefix) = operation.family.prefix(scope.mode) else {
        return Err(without_brands(operation));
    };
    let mut members = json::parse_object(input)?;
    let options = take_options(&mut members)?;
    drop_nulls(&mut members, operation.members);
    let filled_in = fill_in(&mut members, operation, scope.defaults, now);
    check::object(&members, operation.members, operation.combinations, &At::Root)?;
    check::all_characters(&members, &At::Root)?;

    if scope.mode == Mode::Brand {
        leave_brand_out(&mut members, scope.defaults)?;
    }
    let (mut query, mut body, mut meta) = (Vec::new(), Vec::new(), Map::new());
    for (name, value) in &members {
        let row = operation.members.iter().find(|member| member.name == name);
        match row.map_or(operation.unknown, |row| row.place) {
            Place::Query if value.is_null() => {}
            Place::Path | Place::File | Place::Unsent => {}
            Place::Meta => {
                meta.insert(name.clone(), value.clone());
            }
            Place::Query => query.push(format!("{}={}", encoded(name), encoded(&plain(value)))),
            Place::Body => {
                body.push((name, value));
            }
        }
    }
    let mut target = path(prefix, operation.path, &members)?;
    if !query.is_empty() {
        target = format!("{target}?{}", query.join("&"));
    }
    let (body, multipart) = match operation.unknown {
        Place::Body => (Some(json::bytes(body)), None),
        Place::Meta => {
            let (body, multipart) = multipart::build(&members, meta)?;
            (Some(body), Some(multipart))
        }
        Place::Path | Place::Query | Place::File | Place::Unsent => (None, None),
    };
    let request_no =
        operation.request_no_member.and_then(|name| members.get(name)?.as_str().map(str::to_owned));
    Ok(Prepared {
        method: operation.method.into(),
        target,
        body,
        multipart,
        members,
        filled_in,
        request_no,
        options,
    })
}

/// Takes the member `_options` out.
pub fn take_options(members: &mut Map<String, Value>) -> Result<Options> {
    take_options_with(members, &[])
}

/// The same for a call that knows more options.
pub fn take_options_with(members: &mut Map<String, Value>, more: &[&str]) -> Result<Options> {
    let given = match members.shift_remove("_options") {
        None | Some(Value::Null) => return Ok(Options::default()),
        Some(Value::Object(given)) => given,
        Some(other) => {
            let message = format!("_options must be an object, found {}", json::kind(&other));
            return Err(Error::at(Code::Request, "/_options", message));
        }
    };
    let mut options = Options::default();
    for (name, value) in given {
        let field = json::pointer("/_options", &name);
        match name.as_str() {
            "timeout_ms" => {
                let limit = value.as_u64().filter(|ms| (1..=LONGEST_CALL_MS).contains(ms));
                options.timeout = Some(Duration::from_millis(limit.ok_or_else(|| {
                    let message = format!("timeout_ms must be a whole number from 1 to {LONGEST_CALL_MS}");
                    Error::at(Code::Request, field, message)
                })?));
            }
            "encrypt" => options.encrypt = pointers(&value, &field)?,
            "decrypt" => options.decrypt = pointers(&value, &field)?,
            "trace" => options.trace = Some(traceparent(&value, &field)?),
            REQUEST_NO if more.contains(&REQUEST_NO) => options.request_no = member_name(value, field)?,
            FRESH if more.contains(&FRESH) => {
                let wrong = || Error::at(Code::Request, field, "fresh must be true or false");
                options.fresh = value.as_bool().ok_or_else(wrong)?;
            }
            _ => {
                let known = [&["timeout_ms", "encrypt", "decrypt", "trace"], more].concat().join(", ");
                let known = format!("is not a known option; known are: {known}");
                return Err(json::unknown_member(Code::Request, "/_options", &name, &known));
            }
        }
    }
    Ok(options)
}

/// A `traceparent` of the W3C's Trace Context: version, trace id, parent id and flags, in lower-case hexadecimal. Version `ff`
/// and ids of zeros are invalid. A later version may have more after the flags, of the same letters.
fn traceparent(value: &Value, field: &str) -> Result<String> {
    let is_hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |part: &str, digits: usize| is_hex(part, digits) && part.bytes().any(|byte| byte != b'0');
    let is_right = |text: &str| match text.split('-').collect::<Vec<_>>().as_slice() {
        [version, trace, parent, flags, more @ ..] => {
            is_hex(version, 2)
                && *version != "ff"
                && is_id(trace, 32)
                && is_id(parent, 16)
                && is_hex(flags, 2)
                && (more.is_empty() || *version != "00")
                && more.iter().all(|part| is_hex(part, part.len()))
        }
        _ => false,
    };
    let text = value.as_str().filter(|text| text.len() <= LONGEST_TRACE && is_right(text));
    text.map(str::to_owned).ok_or_else(|| {
        let message = "trace must be a traceparent: 00-, 32 digits, -, 16 digits, -, 2 digits, in lower-case hexadecimal, \
                       neither id all zeros";
        Error::at(Code::Request, field, message)
    })
}

/// The name of a member. `null` names none.
fn member_name(value: Value, field: String) -> Result<Option<String>> {
    match value {
        Value::Null => Ok(None),
        Value::String(name) if !matches!(name.as_str(), "" | "/") && !may_be_a_key(&name) => Ok(Some(name)),
        _ => {
            let message =
                "request_no must name the member that is the request's number, such as \"out_refund_no\"";
            Err(Error::at(Code::Request, field, message))
        }
    }
}

fn pointers(value: &Value, field: &str) -> Result<Vec<String>> {
    let wrong =
        || Error::at(Code::Request, field, "must be a list of JSON pointers such as [\"/user_name\"]");
    let items = value.as_array().ok_or_else(wrong)?;
    items
        .iter()
        .map(|item| item.as_str().filter(|text| text.starts_with('/')).map(str::to_owned).ok_or_else(wrong))
        .collect()
}

fn without_brands(operation: &Operation) -> Error {
    let (id, title) = (operation.id, operation.family.title);
    let message = format!(
        "{id} is an interface of {title}, which WeChat Pay offers to merchants and service providers only, and this context \
         signs as a brand"
    );
    Error::new(Code::Operation, message)
        .hint("Use a context whose configuration has mchid and not brand_id.")
        .cashier("品牌直连不支持商家券,请联系技术支持")
}

/// In brand mode the signature names the brand, so the member is removed.
fn leave_brand_out(members: &mut Map<String, Value>, defaults: &Defaults) -> Result<()> {
    match members.shift_remove("brand_id") {
        Some(other) if other.as_str() != defaults.get("brand_id") => Err(Error::at(
            Code::Request,
            "/brand_id",
            "brand_id is another brand than the one that this context belongs to",
        )),
        _ => Ok(()),
    }
}

/// WeChat Pay treats a member that is null as left out, and so do the rules.
fn drop_nulls(members: &mut Map<String, Value>, table: &[Member]) {
    let known = |name: &str| table.iter().find(|row| row.name == name);
    let is_dropped = |name: &str, value: &Value| value.is_null() && known(name).is_some();
    if members.iter().any(|(name, value)| is_dropped(name, value)) {
        members.retain(|name, value| !is_dropped(name, value));
    }
    for (name, value) in members {
        if let Value::Object(inner) = value
            && let Some(Rule::Object(table, _)) = known(name).map(|row| &row.rule)
        {
            drop_nulls(inner, table);
        }
    }
}

/// Puts in the configuration's values and the time where the caller leaves them out. Says where it put in the time.
pub fn fill_in(
    members: &mut Map<String, Value>,
    operation: &Operation,
    defaults: &Defaults,
    now: OffsetDateTime,
) -> Vec<&'static str> {
    let mut with_time = Vec::new();
    for row in operation.members {
        let value = match row.presence {
            Presence::Required | Presence::Optional => continue,
            _ if members.contains_key(row.name) => continue,
            Presence::RequiredOrDefault | Presence::OptionalOrDefault => {
                defaults.get(row.name).map(str::to_owned)
            }
            Presence::RequiredOrNow => {
                with_time.push(row.name);
                Some(use_time(now))
            }
        };
        if let Some(value) = value {
            members.insert(row.name.to_owned(), Value::String(value));
        }
    }
    with_time
}

fn path(prefix: &str, template: &str, members: &Map<String, Value>) -> Result<String> {
    let mut path = String::with_capacity(prefix.len() + template.len() + 128);
    path.push_str(prefix);
    for segment in template.split('/').skip(1) {
        path.push('/');
        let Some(name) = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) else {
            path.push_str(segment);
            continue;
        };
        let value = members.get(name).and_then(Value::as_str).unwrap_or_default();
        // Proxies would normalise such a segment away.
        if matches!(value, "" | "." | "..") {
            let field = json::pointer("", name);
            return Err(Error::at(Code::Request, field, format!("{name} cannot be {value:?}")));
        }
        path.extend(utf8_percent_encode(value, RESERVED));
    }
    Ok(path)
}

/// A text as a part of a path or query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The form of a value in the query string: a text as it is, anything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
