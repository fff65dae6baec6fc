//! Sensitive members: encrypted for WeChat Pay before a request is sent, decrypted in its answer.

use super::Client;
use crate::api::Prepared;
use crate::error::{Error, Result};
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::{JsonText, Report};
use crate::status::Code;
use crate::wire::cipher;
use ring::pbkdf2;
use serde_json::{Map, Value, json};
use std::num::NonZeroU32;

/// In the recorded members: the key that the body's sensitive members are encrypted for.
pub(super) const ENCRYPTED_FOR: &str = "encrypted_for";
/// Beside it: what makes the digests of one request unlike those of any other.
const SALT: &str = "salt";
/// Some ten milliseconds: nobody tries all telephone numbers against a stolen journal in a hurry.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(50_000).unwrap();

impl Client {
    /// Encrypts what `_options.encrypt` names. Every encryption gives another text; so in the members that are
    /// compared and recorded stands a digest, and a request that the journal knows keeps its recorded bytes.
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
        let known = match &request.number {
            Some(number) => self.journal.find(number).map_err(boxed)?,
            None => None,
        };
        let salt = match known.as_ref().and_then(|row| row.members.get("_options")?.get(SALT)?.as_str()) {
            Some(salt) => salt.to_owned(),
            None => crate::wire::sign::nonce().map_err(boxed)?,
        };
        let plain = request.body.as_deref().filter(|_| request.multipart.is_none()).unwrap_or_default();
        let plain: Value = serde_json::from_slice(plain).unwrap_or_default();
        let blinded = blinded(request, &plain, &salt).map_err(boxed)?;
        if let Some(row) = known.filter(|row| is_same(&row.members, &blinded)) {
            (request.body, request.members) = (row.request.body.clone(), Map::clone(&row.members));
            return Ok(());
        }
        if self.config.public_key_id.is_none() {
            self.have_keys(deadline, cancel)?;
        }
        let (body, serial) = self.encrypted(request, plain).map_err(boxed)?;
        request.body = Some(body.to_string().into_bytes());
        request.members = blinded;
        request.members.insert("_options".into(), json!({ ENCRYPTED_FOR: serial, SALT: salt }));
        Ok(())
    }

    fn encrypted(&self, request: &Prepared, mut body: Value) -> Result<(Value, String)> {
        let ring = self.keys.ring();
        let (serial, key) = match &self.config.public_key_id {
            Some(id) => ring.get(id).map(|key| (id.as_str(), key)),
            None => ring.newest_certificate(),
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

    /// Decrypts what `_options.decrypt` names in a successful answer. What cannot be decrypted stays as it
    /// came and is named: the request has succeeded all the same.
    pub(super) fn decrypt(&self, report: Report, pointers: &[String]) -> Report {
        let Some(data) = report.data.as_ref().filter(|_| !pointers.is_empty()) else { return report };
        let Ok(mut answer) = serde_json::from_str::<Value>(data.get()) else { return report };
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

    /// Whether everything at this place was decrypted. What is absent needs no decryption.
    fn decrypt_at(&self, value: &mut Value, parts: &[&str]) -> bool {
        match (parts.split_first(), value) {
            (None, Value::String(text)) => match cipher::decrypt(self.config.authorizer.key(), text) {
                Some(plain) => {
                    *text = plain;
                    true
                }
                None => false,
            },
            (None, Value::Null) => true,
            (None, _) => false,
            (Some((&"*", rest)), Value::Array(items)) => {
                // Every item is decrypted, also after one that cannot be.
                items.iter_mut().filter_map(|item| (!self.decrypt_at(item, rest)).then_some(())).count() == 0
            }
            (Some((index, rest)), Value::Array(items)) => {
                let item = index.parse().ok().and_then(|index: usize| items.get_mut(index));
                item.is_none_or(|item| self.decrypt_at(item, rest))
            }
            (Some((name, rest)), Value::Object(members)) => {
                let name = name.replace("~1", "/").replace("~0", "~");
                members.get_mut(&name).is_none_or(|member| self.decrypt_at(member, rest))
            }
            (Some(_), _) => true,
        }
    }
}

fn wrong(pointer: &str, why: &str) -> Error {
    Error::at(Code::Request, pointer, format!("cannot encrypt {pointer}: {why}"))
}

fn text_at<'a>(body: &'a Value, pointer: &str) -> Result<&'a str> {
    let member = body.pointer(pointer).ok_or_else(|| wrong(pointer, "the body has no such member"))?;
    member.as_str().ok_or_else(|| wrong(pointer, "it is not a text"))
}

/// The members with a digest in place of each sensitive one.
fn blinded(request: &Prepared, plain: &Value, salt: &str) -> Result<Map<String, Value>> {
    let mut members = Value::Object(request.members.clone());
    for pointer in &request.options.encrypt {
        let mut digest = [0; 32];
        let text = text_at(plain, pointer)?.as_bytes();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ITERATIONS, salt.as_bytes(), text, &mut digest);
        if let Some(member) = members.pointer_mut(pointer) {
            *member = Value::String(crate::hex::upper(&digest));
        }
    }
    match members {
        Value::Object(members) => Ok(members),
        _ => Ok(Map::new()),
    }
}

fn is_same(recorded: &Map<String, Value>, blinded: &Map<String, Value>) -> bool {
    let mut recorded = recorded.clone();
    recorded.shift_remove("_options");
    recorded == *blinded
}
