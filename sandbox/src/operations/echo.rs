//! `echo`: proves that signatures, encrypted fields and notifications work.

use serde_json::{Value, json};

use super::notify_config::notify_url;
use super::{Call, Execution, Success};
use crate::crypto::cipher;
use crate::refusal::{Reason, Refusal};
use crate::text::Said;

/// Longest text in the clear; no limit is documented.
const MESSAGE: usize = 4096;

pub(super) fn echo(call: &Call<'_>) -> Result<Success, Refusal> {
    let message = call.body_text("/echo_message", MESSAGE)?;
    let mut answer = json!({ "echo_message": message });
    let given = |name: &str| call.body.get(name).is_some_and(|value| !value.is_null());
    if given("encrypted_echo_message") {
        let plain = call.decrypted("/encrypted_echo_message")?;
        let key = &call.keys.merchant_public;
        let encrypted = cipher::encrypt_field(key, plain.as_bytes()).map_err(|_| Reason::Internal)?;
        if let Some(slot) = answer.as_object_mut() {
            slot.insert("encrypted_echo_message".to_owned(), Value::String(encrypted));
        }
    }
    if given("notify_url") {
        let url = notify_url(call)?;
        if call.execution == Execution::Commit {
            call.webhooks.accept_echo(&url, &message);
        }
    }
    Success::new(&answer)
}

impl Call<'_> {
    /// A member that the caller encrypted for the key it names in
    /// `Wechatpay-Serial`.
    fn decrypted(&self, pointer: &str) -> Result<String, Refusal> {
        let encrypted = self.body_text(pointer, MESSAGE)?;
        let about = |field: &str, value: Value, issue: Said, location| {
            Refusal::about(Reason::BadValue, field, &value, issue, location)
        };
        let serial = self.request.header("wechatpay-serial").unwrap_or_default();
        let key = self.signing_keys.find(serial).ok_or_else(|| {
            let issue = ("must name the key that encrypted fields are for", "应写明加密字段所用的密钥");
            about("Wechatpay-Serial", json!(serial), issue, "header")
        })?;
        cipher::decrypt_field(&key.key, &encrypted).ok_or_else(|| {
            about(
                pointer,
                json!(encrypted),
                (
                    "cannot be decrypted with the key Wechatpay-Serial names",
                    "用 Wechatpay-Serial 所指的密钥无法解密",
                ),
                "body",
            )
        })
    }
}
