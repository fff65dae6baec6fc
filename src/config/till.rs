//! A till of a hub: its name and its key, in place of everything that is the merchant's.

use super::Identity;
use super::credentials::read_file;
use super::fields::Fields;
use crate::error::{Error, Result};
use crate::mode::Mode;
use crate::status::Code;
use crate::wire::hub::{Key, TillKey, is_till};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Members that a hub has in place of its tills.
const MERCHANT_S: [&str; 18] = [
    "mchid",
    "brand_id",
    "merchant_serial_no",
    "private_key_path",
    "private_key_pem",
    "private_key_passphrase",
    "merchant_certificate_path",
    "merchant_certificate_pem",
    "wechatpay_public_key_id",
    "wechatpay_public_key_path",
    "wechatpay_public_key_pem",
    "platform_certificates",
    "apiv3_key",
    "apiv2_key",
    "apiv2_sign_type",
    "apiv2_appid",
    "base_urls",
    "directory",
];
/// Members of a till alone.
const TILL_S: [&str; 5] = ["hub_urls", "till_id", "till_key", "till_key_path", "till_code"];

/// A till of a hub.
#[derive(Debug, Clone)]
pub struct Till {
    /// Its name.
    pub id: String,
    /// How it proves itself.
    pub secret: TillSecret,
}

/// How a till proves itself.
#[derive(Clone)]
pub enum TillSecret {
    /// With its key.
    Key(TillKey),
    /// It has a one-time code, which the first call trades for the key that is then kept in a file.
    Code {
        /// The key that the code leads to.
        key: Key,
        /// Where the till's key will be.
        path: PathBuf,
    },
}

impl std::fmt::Debug for TillSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            TillSecret::Key(_) => "Key",
            TillSecret::Code { .. } => "Code",
        })
    }
}

fn wrong(field: &str, message: impl Into<String>) -> Error {
    Error::at(Code::Config, format!("/{field}"), message)
}

/// Reads the name, and refuses what is not a till's.
pub(super) fn identity(fields: &mut Fields) -> Result<Identity> {
    for name in MERCHANT_S {
        if fields.has(name) {
            let message = format!("a till of a hub has no key of the merchant's: {name} belongs to the hub");
            return Err(wrong(name, message));
        }
    }
    let id = fields.required_name("till_id")?;
    if !is_till(&id) {
        return Err(wrong("till_id", "till_id must have 1 to 40 of 0-9 A-Z a-z _ - ."));
    }
    Ok(Identity { mode: Mode::Till, id })
}

/// Refuses the members of a till in the other modes.
pub(super) fn refuse_elsewhere(fields: &Fields) -> Result<()> {
    match TILL_S.into_iter().find(|name| fields.has(name)) {
        None => Ok(()),
        Some(name) => Err(wrong(name, format!("{name} is for tills of a hub: \"mode\": \"till\""))),
    }
}

impl Till {
    pub(super) fn read(fields: &mut Fields, id: &str) -> Result<Till> {
        let given = fields.text("till_key")?.map(Zeroizing::new);
        let path = fields.path("till_key_path", Some("till_key"))?;
        let code = fields.text("till_code")?.map(Zeroizing::new);
        let key_of = |field: &str, text: &str| {
            let expected = "expected the key's generation, a colon and 64 hexadecimal digits";
            TillKey::read(text).map(TillSecret::Key).ok_or_else(|| {
                Error::at(Code::Key, format!("/{field}"), format!("{field} is not a till's key: {expected}"))
            })
        };
        let secret = match (given, path, code) {
            (Some(_), Some(_), _) => {
                return Err(wrong("till_key", "give till_key or till_key_path, not both"));
            }
            (Some(_), None, Some(_)) => {
                return Err(wrong("till_code", "till_code is of no use beside till_key"));
            }
            (Some(key), None, None) => key_of("till_key", &key)?,
            (None, Some(path), Some(code)) if !Path::new(&path).exists() => TillSecret::Code {
                key: Key::of_code(&code, id).ok_or_else(|| {
                    let message = "till_code must have 20 digits, as the hub shows them";
                    Error::at(Code::Key, "/till_code", message)
                })?,
                path: std::path::absolute(&path).unwrap_or_else(|_| PathBuf::from(&path)),
            },
            // The code was traded before.
            (None, Some(path), _) => {
                let file = Zeroizing::new(read_file("till_key_path", &path)?);
                key_of("till_key_path", std::str::from_utf8(&file).unwrap_or_default())?
            }
            (None, None, Some(_)) => {
                return Err(wrong(
                    "till_key_path",
                    "till_key_path is missing: the file that keeps the key which till_code is traded for",
                ));
            }
            (None, None, None) => {
                return Err(wrong("till_key_path", "till_key_path (or till_key) is missing: the till's key"));
            }
        };
        Ok(Till { id: id.to_owned(), secret })
    }
}
