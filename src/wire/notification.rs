//! A notification of WeChat Pay: its signature headers, its envelope, and the encrypted resource in it.

use super::cipher::{self, DecryptError, Sealed};
use super::verify::SignatureHeaders;
use crate::error::{Error, Result};
use crate::hex;
use crate::json::{self, bytes_without_mark};
use crate::status::Code;
use percent_encoding::{AsciiSet, percent_encode};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// Longest body that is accepted. Notifications have a few kilobytes. No limit is documented.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Events that the product-coupon pages name. In service-provider mode the names contain `_SP`.
const EVENTS: [&str; 4] = ["SEND", "USE", "RETURN", "IMAGE_GENERATION"];
/// The only event of 商家券: a user has received one (page 4015190128, 2025-08-18). `COUPON.USE` is another product's.
const BUSIFAVOR_SEND: &str = "COUPON.SEND";

/// The headers of a notification that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// The signature of the body.
    pub signature: SignatureHeaders,
    /// `Request-ID`; WeChat Pay's support asks for it.
    pub request_id: Option<String>,
    /// The name of a header that came twice with different values, so that neither can be trusted.
    pub ambiguous: Option<&'static str>,
}

impl Headers {
    /// Reads the caller's JSON: an object of names to texts or lists of texts, or a list of pairs. Names may have any case,
    /// or the form of CGI and WSGI. Other headers may hold anything.
    pub fn from_json(text: &str) -> Result<Headers> {
        let mut headers = Headers::default();
        match json::parse(text)? {
            Value::Object(members) => {
                for (name, value) in &members {
                    headers.take(name, value, &json::pointer("", name))?;
                }
            }
            Value::Array(pairs) => {
                for (index, pair) in pairs.iter().enumerate() {
                    let field = format!("/{index}");
                    match pair.as_array().map(Vec::as_slice) {
                        Some([Value::String(name), value]) => headers.take(name, value, &field)?,
                        _ => return Err(Error::at(Code::Request, field, "expected [name, value]")),
                    }
                }
            }
            other => {
                let message = format!("expected an object of headers, found {}", json::kind(&other));
                return Err(Error::new(Code::Json, message));
            }
        }
        Ok(headers)
    }

    fn take(&mut self, name: &str, value: &Value, field: &str) -> Result<()> {
        let Some((name, slot)) = self.slot(name) else { return Ok(()) };
        let values = match value {
            Value::Array(values) => values.as_slice(),
            // Some hosts list all headers that they look for, with null for those that are missing.
            Value::Null => &[],
            single => std::slice::from_ref(single),
        };
        let mut differs = false;
        for value in values {
            let Value::String(value) = value else {
                let message = format!("header {name}: expected a text, found {}", json::kind(value));
                return Err(Error::at(Code::Request, field, message));
            };
            // Blanks around a value are not part of it (RFC 9110).
            let value = value.trim_matches([' ', '\t']);
            differs |= slot.get_or_insert_with(|| value.to_owned()) != value;
        }
        if differs {
            self.ambiguous = Some(name);
        }
        Ok(())
    }

    fn slot(&mut self, name: &str) -> Option<(&'static str, &mut Option<String>)> {
        let signature = &mut self.signature;
        [
            ("Wechatpay-Timestamp", &mut signature.timestamp),
            ("Wechatpay-Nonce", &mut signature.nonce),
            ("Wechatpay-Signature", &mut signature.signature),
            ("Wechatpay-Serial", &mut signature.serial),
            ("Request-ID", &mut self.request_id),
        ]
        .into_iter()
        .find(|(known, _)| is_header(name, known))
    }
}

/// CGI and its descendants write `Wechatpay-Nonce` as `HTTP_WECHATPAY_NONCE` (RFC 3875).
fn is_header(name: &str, known: &str) -> bool {
    let same = |name: &str| {
        let plain = |byte: u8| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
        name.bytes().map(plain).eq(known.bytes().map(plain))
    };
    let without_prefix = || {
        name.split_at_checked("HTTP_".len()).filter(|(prefix, _)| {
            prefix.eq_ignore_ascii_case("HTTP_") || prefix.eq_ignore_ascii_case("HTTP-")
        })
    };
    same(name) || without_prefix().is_some_and(|(_, rest)| same(rest))
}

/// The content of a verified notification.
#[derive(Debug, Serialize)]
pub struct Notification {
    /// WeChat Pay's number of this notification.
    pub id: Option<String>,
    /// When it was made, as WeChat Pay wrote it.
    pub create_time: Option<String>,
    /// The event's name as it came.
    pub event_type: String,
    /// The same without mode, and of product coupons without their family. `None`: no page names it.
    pub event: Option<&'static str>,
    /// Whether a page names the event.
    pub known: bool,
    /// A few words for people.
    pub summary: Option<String>,
    /// The type of the resource. The pages print different names for the same type, so do not compare it.
    pub original_type: Option<String>,
    /// The same for every notification of one occurrence, even under another event name.
    pub dedup_key: String,
    /// The decrypted resource, with every member as it came.
    pub resource: Box<RawValue>,
}

/// Why a verified notification cannot be opened.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotificationError {
    /// Not the JSON of a notification.
    #[error("the body is not a notification: {0}")]
    Envelope(String),
    /// The resource cannot be decrypted.
    #[error("the resource cannot be opened: {0}")]
    Decrypt(#[from] DecryptError),
    /// The decrypted resource is not JSON.
    #[error("what was sealed is not JSON")]
    Resource,
}

impl NotificationError {
    /// Short name, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            NotificationError::Envelope(_) => "not_a_notification",
            NotificationError::Decrypt(_) => "not_opened",
            NotificationError::Resource => "resource_not_json",
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default, deserialize_with = "as_text")]
    id: Option<String>,
    event_type: String,
    #[serde(default, deserialize_with = "as_text")]
    create_time: Option<String>,
    #[serde(default, deserialize_with = "as_text")]
    summary: Option<String>,
    resource: Resource,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default, deserialize_with = "as_text")]
    original_type: Option<String>,
    algorithm: String,
    ciphertext: String,
    associated_data: Option<String>,
    nonce: String,
}

/// For optional members: a value that is not a text is reported as its JSON text.
fn as_text<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    })
}

/// The members that distinguish occurrences.
struct Subject {
    coupon_code: Option<String>,
    stock_id: Option<String>,
    brand_id: Option<String>,
    use_request_no: Option<String>,
    return_request_no: Option<String>,
}

impl Subject {
    /// A member of the wrong type counts as missing.
    fn of(resource: &str) -> Subject {
        let wanted = ["/coupon_code", "/stock_id", "/brand_id", "/use_request_no", "/return_request_no"];
        let members = json::read_parts(resource, &wanted).unwrap_or_default();
        let text = |at: &str| json::find(&members, at).and_then(Value::as_str).map(str::to_owned);
        let [coupon_code, stock_id, brand_id, use_request_no, return_request_no] = wanted.map(text);
        Subject { coupon_code, stock_id, brand_id, use_request_no, return_request_no }
    }
}

/// Opens a notification whose signature is verified.
pub fn open(body: &[u8], apiv3_key: &[u8]) -> std::result::Result<Notification, NotificationError> {
    // The parser's error may quote the body, so only the place is reported.
    let envelope: Envelope = serde_json::from_slice(bytes_without_mark(body)).map_err(|error| {
        let kind = if error.is_data() { "a member is missing or of another type" } else { "no JSON" };
        NotificationError::Envelope(format!("{kind}, at line {} column {}", error.line(), error.column()))
    })?;
    let Resource { original_type, algorithm, ciphertext, associated_data, nonce } = envelope.resource;
    let sealed =
        Sealed { algorithm, ciphertext, associated_data: associated_data.unwrap_or_default(), nonce };
    let text =
        String::from_utf8(cipher::open(apiv3_key, &sealed)?).map_err(|_| NotificationError::Resource)?;
    let text = json::without_mark(&text).to_owned();
    let subject = Subject::of(&text);
    let event = event(&envelope.event_type);
    let dedup_key = match &subject.coupon_code {
        Some(coupon) => dedup_key(coupon, &envelope.event_type, event, &subject),
        // Without a coupon the notification's own id is the key, and without both the digest of its content.
        None => envelope.id.as_deref().map_or_else(|| hex::upper(&Sha256::digest(&text)), part),
    };
    Ok(Notification {
        dedup_key,
        event,
        known: event.is_some(),
        id: envelope.id,
        create_time: envelope.create_time,
        event_type: envelope.event_type,
        summary: envelope.summary,
        original_type,
        resource: RawValue::from_string(text).map_err(|_| NotificationError::Resource)?,
    })
}

/// The name after `PRODUCT_COUPON.` or `PRODUCT_COUPON_SP.`. The pages do not agree on which of the two a service provider
/// gets.
fn suffix(event_type: &str) -> Option<&str> {
    let rest = event_type.strip_prefix("PRODUCT_COUPON")?;
    rest.strip_prefix("_SP").unwrap_or(rest).strip_prefix('.')
}

fn event(event_type: &str) -> Option<&'static str> {
    if event_type == BUSIFAVOR_SEND {
        return Some("BUSIFAVOR_SEND");
    }
    let suffix = suffix(event_type)?;
    EVENTS.into_iter().find(|event| *event == suffix)
}

/// The separator of the parts of a key, and the escape character.
const PARTS: &AsciiSet = &AsciiSet::EMPTY.add(b':').add(b'%');

fn part(text: &str) -> String {
    percent_encode(text.as_bytes(), PARTS).to_string()
}

/// The pages say: coupon and event. A returned coupon can be used again, so uses and returns also count by their request
/// number, if they have one. Else stock and brand tell apart what has one code: brands choose codes of their own. The parts are
/// joined by colons and contain none, so two occurrences never share a key.
fn dedup_key(coupon: &str, event_type: &str, event: Option<&str>, subject: &Subject) -> String {
    let number = match event {
        Some("USE") => subject.use_request_no.as_deref(),
        Some("RETURN") => subject.return_request_no.as_deref(),
        _ => None,
    };
    let is_numbered = matches!(event, Some("USE" | "RETURN"));
    let of_stock = [subject.stock_id.as_deref(), subject.brand_id.as_deref()];
    let name =
        suffix(event_type).map_or_else(|| event_type.to_owned(), |suffix| format!("PRODUCT_COUPON.{suffix}"));
    let mut parts = vec![name.as_str(), coupon];
    if let Some(number) = number {
        parts.push(number);
    } else {
        parts.extend(is_numbered.then_some(""));
        parts.extend(of_stock.map(Option::unwrap_or_default));
        while parts.last().is_some_and(|last| last.is_empty()) {
            parts.pop();
        }
    }
    parts.into_iter().map(part).collect::<Vec<_>>().join(":")
}
