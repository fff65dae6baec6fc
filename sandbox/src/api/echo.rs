//! `echo`: proves that signatures, encrypted fields and notifications work.

use serde_json::{Value, json};

use super::notify_config::notify_url;
use super::{Answer, Call};
use crate::cipher;
use crate::refusal::{Reason, Refusal};
use crate::world::rules::Mark;

/// Longest text in the clear; no limit is documented.
const MESSAGE: usize = 4096;

pub(super) fn run(call: &Call<'_>) -> Result<Answer, Refusal> {
    let message = call.body_text("/echo_message", MESSAGE)?;
    let mut answer = json!({ "echo_message": message });
    let given = |name: &str| call.body.get(name).is_some_and(|value| !value.is_null());
    if given("encrypted_echo_message") {
        let plain = call.decrypted("/encrypted_echo_message")?;
        let key = &call.protocol.engine.keys.0.merchant_public;
        let sealed = cipher::encrypt_field(key, plain.as_bytes()).map_err(|_| Reason::Internal)?;
        if let Some(slot) = answer.as_object_mut() {
            slot.insert("encrypted_echo_message".to_owned(), Value::String(sealed));
        }
    }
    if given("notify_url") {
        let url = notify_url(call)?;
        if call.mark == Mark::Real {
            let engine = call.protocol.engine;
            engine.post.accept_echo(&engine.world, &url, &message);
        }
    }
    Ok(Call::reply(&answer))
}

impl Call<'_> {
    /// A member that the caller encrypted for the key it names in
    /// `Wechatpay-Serial`.
    fn decrypted(&self, pointer: &str) -> Result<String, Refusal> {
        let sealed = self.body_text(pointer, MESSAGE)?;
        let about = |field: &str, value: Value, issue, location| {
            Refusal::about(Reason::BadValue, field, &value, issue, location)
        };
        let serial = self.protocol.request.header("wechatpay-serial").unwrap_or_default();
        let signatory = self.protocol.engine.signing.find(serial).ok_or_else(|| {
            let issue = "must name the key that encrypted fields are for";
            about("Wechatpay-Serial", json!(serial), issue, "header")
        })?;
        cipher::decrypt_field(&signatory.key, &sealed).ok_or_else(|| {
            about(pointer, json!(sealed), "cannot be decrypted with the key Wechatpay-Serial names", "body")
        })
    }
}
