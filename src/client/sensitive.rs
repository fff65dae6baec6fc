//! Sensitive members: encrypted for WeChat Pay in requests, decrypted in answers.

use super::Client;
use crate::api::Prepared;
use crate::error::{Error, Result};
use crate::journal::Row;
use crate::json;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::redact::{Quoted, may_be_a_key};
use crate::report::{JsonText, Report};
use crate::status::Code;
use crate::wire::cipher;
use crate::wire::sign::Authorizer;
use ring::{hmac, pbkdf2};
use serde_json::{Map, Value, json as object};
use sha2::{Digest as _, Sha256};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// In the recorded members: the key that the body's sensitive members are encrypted for.
pub(super) const ENCRYPTED_FOR: &str = "encrypted_for";
/// Beside it: the salt of the digests of this request.
const SALT: &str = "salt";
/// Beside it: the name of the key of the digests.
const KEYED_BY: &str = "keyed_by";
/// The text that is signed to derive that key.
const DERIVED_FOR: &str =
    "wxcoupon: digests of sensitive members in the journal, for merchant serial number ";
/// For the digests of version 0.1.0, which used no key.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(50_000).unwrap();

/// Makes the digests that the journal keeps in place of sensitive members.
enum MemberDigests {
    /// With a key of the merchant. The journal alone is not enough to guess the texts.
    Keyed(hmac::Key),
    /// As in version 0.1.0: PBKDF2 without a key.
    Unkeyed,
}

impl MemberDigests {
    /// The key is derived from the merchant's private key and its serial number. A signature of PKCS #1 v1.5 over a fixed
    /// text is always the same, and only the owner of the key can make it.
    fn of(authorizer: &Authorizer) -> Result<MemberDigests> {
        let message = format!("{DERIVED_FOR}{}", authorizer.serial());
        let signature = Zeroizing::new(authorizer.key().signer().sign(message.as_bytes())?);
        let secret: Zeroizing<[u8; 32]> = Zeroizing::new(Sha256::digest(&*signature).into());
        Ok(MemberDigests::Keyed(hmac::Key::new(hmac::HMAC_SHA256, &*secret)))
    }

    /// A name for the key that reveals nothing about it.
    fn name(&self) -> Option<String> {
        match self {
            MemberDigests::Keyed(key) => {
                hmac::sign(key, b"which key").as_ref().first_chunk::<8>().map(|tag| crate::hex::upper(tag))
            }
            MemberDigests::Unkeyed => None,
        }
    }

    fn digest(&self, salt: &str, text: &str) -> String {
        match self {
            MemberDigests::Keyed(key) => {
                // The salt has a fixed length.
                crate::hex::upper(hmac::sign(key, [salt, text].concat().as_bytes()).as_ref())
            }
            MemberDigests::Unkeyed => {
                let (algorithm, mut digest) = (pbkdf2::PBKDF2_HMAC_SHA256, [0; 32]);
                pbkdf2::derive(algorithm, ITERATIONS, salt.as_bytes(), text.as_bytes(), &mut digest);
                crate::hex::upper(&digest)
            }
        }
    }
}

impl Client {
    /// Encrypts what `_options.encrypt` names. Every encryption gives another text. So the members that are compared and
    /// recorded have a digest instead, and a request that the journal knows keeps its recorded bytes.
    pub(super) fn encrypt(
        &self,
        request: &mut Prepared,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> std::result::Result<(), Box<Report>> {
        if request.options.encrypt.is_empty() {
            return Ok(());
        }
        let boxed = |error: Error| Box::new(Report::from(error));
        let known = match &request.request_no {
            Some(request_no) => self.journal.find(request_no).map_err(boxed)?,
            None => None,
        };
        let plain = request.body.as_deref().filter(|_| request.multipart.is_none()).unwrap_or_default();
        let plain = std::str::from_utf8(plain).ok().and_then(json::parse_any).unwrap_or_default();
        let digests = self.config.authorizer().and_then(MemberDigests::of).map_err(boxed)?;
        if let Some(row) = known
            && is_same(&row, request, &plain, &digests).map_err(boxed)?
        {
            (request.body, request.members) = (row.request.body.clone(), Map::clone(&row.members));
            return Ok(());
        }
        let salt = crate::wire::sign::nonce().map_err(boxed)?;
        let mut members = with_digests(request, &plain, &salt, &digests).map_err(boxed)?;
        if self.config.public_key_id.is_none() {
            self.have_keys(deadline, cancel)?;
        }
        let (body, serial) = self.encrypted(request, plain).map_err(boxed)?;
        request.body = Some(body.to_string().into_bytes());
        let sealed = object!({ ENCRYPTED_FOR: serial, SALT: salt, KEYED_BY: digests.name() });
        members.insert("_options".into(), sealed);
        request.members = members;
        Ok(())
    }

    fn encrypted(&self, request: &Prepared, mut body: Value) -> Result<(Value, String)> {
        let key_ring = self.keys.key_ring();
        let (serial, key) = match &self.config.public_key_id {
            Some(id) => key_ring.get(id).map(|key| (id.as_str(), key)),
            None => key_ring.newest_certificate(),
        }
        .ok_or_else(|| Error::new(Code::Key, "there is no key of WeChat Pay's to encrypt with"))?;
        for pointer in &request.options.encrypt {
            let plain = text_at(&body, pointer)?;
            let text = cipher::encrypt(key, plain).ok_or_else(|| wrong(pointer, "it is too long"))?;
            if let Some(member) = body.pointer_mut(pointer) {
                *member = Value::String(text);
            }
        }
        Ok((body, serial.to_owned()))
    }

    /// Decrypts what `_options.decrypt` names in a successful answer. What cannot be decrypted stays as it is and is listed
    /// in the report, because the request itself has succeeded.
    pub(super) fn decrypt(&self, report: Report, pointers: &[String]) -> Report {
        let Some(data) = report.data.as_ref().filter(|_| !pointers.is_empty()) else { return report };
        let Some(mut answer) = json::parse_any(data.get()) else {
            // It is valid JSON, but nested too deep or with a duplicate key. Nothing is decrypted.
            return Report { undecrypted: pointers.to_vec(), ..report };
        };
        let mut undecrypted = Vec::new();
        for pointer in pointers {
            let parts: Vec<&str> = pointer.split('/').skip(1).collect();
            if !self.decrypt_at(&mut answer, &parts) {
                undecrypted.push(pointer.clone());
            }
        }
        let data = Some(JsonText::proven(&answer.to_string()));
        Report { undecrypted, data, ..report }
    }

    /// Decrypts everything at this place. False if something could not be decrypted. An absent member is no failure.
    fn decrypt_at(&self, value: &mut Value, parts: &[&str]) -> bool {
        match (parts.split_first(), value) {
            (None, Value::String(text)) => match self
                .config
                .authorizer()
                .ok()
                .and_then(|authorizer| cipher::decrypt(authorizer.key(), text))
            {
                Some(plain) => {
                    *text = plain;
                    true
                }
                None => false,
            },
            (_, Value::Null) => true,
            (Some((&"*", rest)), Value::Array(items)) => {
                // Every item is tried, also after a failure.
                items.iter_mut().filter_map(|item| (!self.decrypt_at(item, rest)).then_some(())).count() == 0
            }
            (Some((index, rest)), Value::Array(items)) => {
                // The pointer has a name where the answer has a list, so nothing in it is decrypted.
                let Ok(index) = index.parse::<usize>() else { return items.is_empty() };
                items.get_mut(index).is_none_or(|item| self.decrypt_at(item, rest))
            }
            (Some((&"*", _)), Value::Object(members)) if !members.contains_key("*") => members.is_empty(),
            (Some((name, rest)), Value::Object(members)) => {
                let name = name.replace("~1", "/").replace("~0", "~");
                members.get_mut(&name).is_none_or(|member| self.decrypt_at(member, rest))
            }
            // Not a text, or a text where the pointer goes on.
            _ => false,
        }
    }
}

fn wrong(pointer: &str, why: &str) -> Error {
    if may_be_a_key(pointer) {
        return Error::at(
            Code::Request,
            "/_options/encrypt",
            format!("cannot encrypt {}: {why}", Quoted(pointer)),
        );
    }
    Error::at(Code::Request, pointer, format!("cannot encrypt {pointer}: {why}"))
}

fn text_at<'a>(body: &'a Value, pointer: &str) -> Result<&'a str> {
    let member = body.pointer(pointer).ok_or_else(|| wrong(pointer, "the body has no such member"))?;
    member.as_str().ok_or_else(|| wrong(pointer, "it is not a text"))
}

/// The members with a digest in place of each sensitive one.
fn with_digests(
    request: &Prepared,
    plain: &Value,
    salt: &str,
    digests: &MemberDigests,
) -> Result<Map<String, Value>> {
    let mut members = Value::Object(request.members.clone());
    for pointer in &request.options.encrypt {
        let digest = digests.digest(salt, text_at(plain, pointer)?);
        if let Some(member) = members.pointer_mut(pointer) {
            *member = Value::String(digest);
        }
    }
    Ok(object(members))
}

/// Whether the journal holds the same request. Without the key of its digests the sensitive members cannot be compared.
/// Then an open request counts as the same, so that its doubt can end.
fn is_same(row: &Row, request: &Prepared, plain: &Value, digests: &MemberDigests) -> Result<bool> {
    let option = |name: &str| row.members.get("_options")?.get(name)?.as_str();
    let Some(salt) = option(SALT) else { return Ok(false) };
    let mut recorded = Map::clone(&row.members);
    recorded.shift_remove("_options");
    let digests = match option(KEYED_BY) {
        None => &MemberDigests::Unkeyed,
        Some(name) if digests.name().as_deref() == Some(name) => digests,
        Some(_) if row.state.is_finished() => return Ok(false),
        Some(_) => {
            let hidden = |members: Map<String, Value>| {
                let mut members = Value::Object(members);
                for pointer in &request.options.encrypt {
                    if let Some(member) = members.pointer_mut(pointer) {
                        *member = Value::Null;
                    }
                }
                object(members)
            };
            return Ok(hidden(recorded) == hidden(request.members.clone()));
        }
    };
    Ok(recorded == with_digests(request, plain, salt, digests)?)
}

fn object(members: Value) -> Map<String, Value> {
    match members {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
