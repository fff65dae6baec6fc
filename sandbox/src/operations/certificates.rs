//! `certificates`: the platform certificates, under the APIv3 key.

use serde_json::{Value, json};

use super::{Call, Success};
use crate::clock::rfc3339;
use crate::crypto::cipher;
use crate::crypto::signing_keys::Listed;
use crate::refusal::{Reason, Refusal};

pub(super) fn list(call: &Call<'_>) -> Result<Success, Refusal> {
    let wanted = call.query.iter().find(|(name, _)| name == "algorithm_type").map(|(_, value)| value);
    if let Some(other) = wanted.filter(|wanted| !["RSA", "ALL"].contains(&wanted.as_str())) {
        let issue = ("must be RSA or ALL; there are no others here", "只能是 RSA 或 ALL，此处没有其他算法");
        return Err(Refusal::about(Reason::BadValue, "algorithm_type", &json!(other), issue, "query"));
    }
    let listed = call.signing_keys.certificates().ok_or(Reason::NoCertificates)?;
    let data: Result<Vec<Value>, Refusal> = listed.iter().map(|listed| call.encrypted(listed)).collect();
    Success::new(&json!({ "data": data? }))
}

impl Call<'_> {
    fn encrypted(&self, listed: &Listed) -> Result<Value, Refusal> {
        let key = &self.keys.apiv3_key;
        let resource = listed
            .identity
            .cert
            .to_pem()
            .and_then(|pem| cipher::resource(key, "certificate", &pem, self.encryption))
            .map_err(|_| Reason::Internal)?;
        Ok(json!({
            "serial_no": listed.key.serial,
            "effective_time": rfc3339(listed.effective),
            "expire_time": rfc3339(listed.expires),
            "encrypt_certificate": resource,
        }))
    }
}
