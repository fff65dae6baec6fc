//! Sensitive members: encrypted for WeChat Pay before a request is sent, decrypted in its answer.

use super::Client;
use crate::api::Prepared;
use crate::error::{Error, Result};
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::report::Report;
use crate::status::Code;
use crate::wire::cipher;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// In the recorded members: the key that the body's sensitive members are encrypted for.
pub(super) const ENCRYPTED_FOR: &str = "encrypted_for";

impl Client {
    /// Encrypts what `_options.encrypt` names. In the members that are compared and recorded, a digest that
    /// only the merchant's key can make stands in its place: every encryption gives another text.
    pub(super) fn encrypt(
        &self,
        request: &mut Prepared,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> std::result::Result<(), Box<Report>> {
        if request.options.encrypt.is_empty() {
            return Ok(());
        }
        if self.config.public_key_id.is_none() {
            self.have_keys(deadline, cancel)?;
        }
        self.encrypt_members(request).map_err(|error| Box::new(error.into()))
    }

    fn encrypt_members(&self, request: &mut Prepared) -> Result<()> {
        let ring = self.keys.ring();
        let (serial, key) = match &self.config.public_key_id {
            Some(id) => ring.get(id).map(|key| (id.as_str(), key)),
            None => ring.newest_certificate(),
        }
        .ok_or_else(|| Error::new(Code::Key, "there is no key of WeChat Pay's to encrypt with"))?;
        let body = request.body.as_deref().filter(|_| request.multipart.is_none()).unwrap_or_default();
        let mut body: Value = serde_json::from_slice(body).unwrap_or_default();
        let mut members = Value::Object(std::mem::take(&mut request.members));
        for pointer in &request.options.encrypt {
            let wrong =
                |why: &str| Error::at(Code::Request, pointer, format!("cannot encrypt {pointer}: {why}"));
            let member = body.pointer_mut(pointer).ok_or_else(|| wrong("the body has no such member"))?;
            let plain = member.as_str().ok_or_else(|| wrong("it is not a text"))?;
            let text = cipher::encrypt(key, plain).ok_or_else(|| wrong("it is too long"))?;
            let digest = self.digest(plain)?;
            *member = Value::String(text);
            if let Some(recorded) = members.pointer_mut(pointer) {
                *recorded = Value::String(digest);
            }
        }
        request.body = Some(body.to_string().into_bytes());
        if let Value::Object(mut members) = members {
            members.insert("_options".into(), json!({ ENCRYPTED_FOR: serial }));
            request.members = members;
        }
        Ok(())
    }

    /// Signatures of this kind are always the same, and nobody else can make them.
    fn digest(&self, plain: &str) -> Result<String> {
        let signature = self.config.signer.key().sign(format!("sensitive member\n{plain}").as_bytes())?;
        Ok(crate::wire::hex(&Sha256::digest(signature)))
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
        let data = RawValue::from_string(answer.to_string()).ok();
        Report { undecrypted, data, ..report }
    }

    /// Whether everything at this place was decrypted. What is absent needs no decryption.
    fn decrypt_at(&self, value: &mut Value, parts: &[&str]) -> bool {
        match (parts.split_first(), value) {
            (None, Value::String(text)) => match cipher::decrypt(self.config.signer.key(), text) {
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
