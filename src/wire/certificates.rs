//! The answer of `/v3/certificates`: platform certificates, each encrypted with the APIv3 key.

use super::cipher::{self, DecryptError, Sealed};
use super::keys::Certificate;
use super::serial::{DisplaySerial, KeyId};
use crate::error::{Error, Result};
use crate::json::bytes_without_mark;
use crate::log;
use crate::status::Code;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Listed {
    serial_no: String,
    encrypt_certificate: Sealed,
}

/// Why an entry of the list is skipped.
enum Skipped {
    Undecryptable(String, DecryptError),
    Malformed(String),
}

/// The usable certificates of an answer, or of its copy on disk. Decrypting them proves that their sender has the APIv3 key,
/// which only the merchant and WeChat Pay have.
///
/// WeChat Pay may list others among them: of another algorithm, or still encrypted with a former key. Those are skipped. It
/// is an error only if all are skipped, and the first one says why.
pub fn open(answer: &[u8], apiv3_key: &str) -> Result<Vec<Certificate>> {
    let unreadable = |why: String| Error::new(Code::ReadFailed, format!("/v3/certificates: {why}"));
    let answer: Answer<'_> =
        serde_json::from_slice(bytes_without_mark(answer)).map_err(|error| unreadable(error.to_string()))?;
    let (mut opened, mut skipped) = (Vec::new(), Vec::new());
    for (index, entry) in answer.data.iter().enumerate() {
        match open_one(entry.get(), apiv3_key) {
            Ok(certificate) => opened.push(certificate),
            Err(why) => skipped.push((index, why)),
        }
    }
    if opened.is_empty() {
        // A wrong key is the most likely explanation.
        let shut =
            skipped.iter().position(|(_, why)| matches!(why, Skipped::Undecryptable(_, DecryptError::Wrong)));
        return Err(match skipped.into_iter().nth(shut.unwrap_or(0)) {
            Some((_, Skipped::Undecryptable(serial, why))) => Error::at(
                Code::Key,
                "/apiv3_key",
                format!("apiv3_key does not open platform certificate {}: {why}", DisplaySerial(&serial)),
            )
            .hint("Set apiv3_key to the APIv3 key that the merchant console shows as the present one."),
            Some((index, Skipped::Malformed(why))) => unreadable(format!("entry {index}: {why}")),
            None => Error::at(
                Code::Config,
                "/wechatpay_public_key_id",
                "/v3/certificates lists no platform certificate: this merchant has none",
            )
            .hint(
                "Set wechatpay_public_key_id and wechatpay_public_key_path: the merchant console offers both.",
            ),
        });
    }
    for (index, why) in skipped {
        match why {
            Skipped::Undecryptable(serial, why) => {
                log::warn(format_args!(
                    "platform certificate {} is passed over: {why}",
                    DisplaySerial(&serial)
                ));
            }
            Skipped::Malformed(why) => {
                log::warn(format_args!("/v3/certificates entry {index} is passed over: {why}"));
            }
        }
    }
    Ok(opened)
}

fn open_one(entry: &str, apiv3_key: &str) -> std::result::Result<Certificate, Skipped> {
    let odd = |error: &dyn std::fmt::Display| Skipped::Malformed(error.to_string());
    let listed: Listed = serde_json::from_str(entry).map_err(|error| odd(&error))?;
    let serial = listed.serial_no;
    let text = cipher::open(apiv3_key.as_bytes(), &listed.encrypt_certificate)
        .map_err(|why| Skipped::Undecryptable(serial.clone(), why))?;
    let certificates = Certificate::read_all(&text).map_err(|error| odd(&error.message))?;
    let wanted = KeyId::new(&serial);
    let other = certificates.first().map(|certificate| certificate.serial.clone()).unwrap_or_default();
    certificates
        .into_iter()
        .find(|certificate| KeyId::new(&certificate.serial) == wanted)
        .ok_or_else(|| odd(&format_args!("certificate {other} is listed as {}", DisplaySerial(&serial))))
}
