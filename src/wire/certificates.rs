//! The answer of `/v3/certificates`: platform certificates, each sealed under the APIv3 key.

use super::cipher::{self, Sealed};
use super::keys::Certificate;
use crate::error::{Error, Result};
use crate::status::Code;
use serde::Deserialize;

#[derive(Deserialize)]
struct Answer {
    data: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    serial_no: String,
    encrypt_certificate: Sealed,
}

/// All certificates of an answer, or of its copy on disk: opening them proves that who sealed them has the
/// APIv3 key, which is the merchant and WeChat Pay.
pub fn open(answer: &[u8], apiv3_key: &str) -> Result<Vec<Certificate>> {
    let unreadable = |why: String| Error::new(Code::ReadFailed, format!("/v3/certificates: {why}"));
    let answer: Answer = serde_json::from_slice(answer).map_err(|error| unreadable(error.to_string()))?;
    let opened = answer.data.iter().map(|listed| {
        let shut = |why: &dyn std::fmt::Display| {
            let message = format!("apiv3_key does not open platform certificate {}: {why}", listed.serial_no);
            Error::at(Code::Key, "/apiv3_key", message)
                .hint("Set apiv3_key to the APIv3 key that the merchant console shows as the present one.")
        };
        let text =
            cipher::open(apiv3_key.as_bytes(), &listed.encrypt_certificate).map_err(|error| shut(&error))?;
        let certificate = Certificate::read(&text).map_err(|error| unreadable(error.message))?;
        if !certificate.serial.eq_ignore_ascii_case(&listed.serial_no) {
            return Err(unreadable(format!(
                "certificate {} is listed as {}",
                certificate.serial, listed.serial_no
            )));
        }
        Ok(certificate)
    });
    opened.collect()
}
