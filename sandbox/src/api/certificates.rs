//! `certificates`: the platform certificates, under the APIv3 key.

use serde_json::{Value, json};

use super::{Answer, Call};
use crate::cipher;
use crate::clock::rfc3339;
use crate::refusal::{Reason, Refusal};
use crate::signing::Listed;

pub(super) fn run(call: &Call<'_>) -> Result<Answer, Refusal> {
    let wanted = call.query.iter().find(|(name, _)| name == "algorithm_type").map(|(_, value)| value);
    if let Some(other) = wanted.filter(|wanted| !["RSA", "ALL"].contains(&wanted.as_str())) {
        let issue = "must be RSA or ALL; there are no others here";
        return Err(Refusal::about(Reason::BadValue, "algorithm_type", &json!(other), issue, "query"));
    }
    let listed = call.protocol.engine.signing.certificates().ok_or(Reason::NoCertificates)?;
    let data: Result<Vec<Value>, Refusal> = listed.iter().map(|listed| call.encrypted(listed)).collect();
    Ok(Call::reply(&json!({ "data": data? })))
}

impl Call<'_> {
    fn encrypted(&self, listed: &Listed) -> Result<Value, Refusal> {
        let key = &self.protocol.engine.keys.0.apiv3_key;
        let resource = listed
            .identity
            .cert
            .to_pem()
            .and_then(|pem| cipher::resource(key, "certificate", &pem, self.protocol.fault))
            .map_err(|_| Reason::Internal)?;
        Ok(json!({
            "serial_no": listed.signatory.serial,
            "effective_time": rfc3339(listed.effective),
            "expire_time": rfc3339(listed.expires),
            "encrypt_certificate": resource,
        }))
    }
}
