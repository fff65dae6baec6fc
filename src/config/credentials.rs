//! Keys, certificates and their serial numbers, checked against each other.

use super::Identity;
use super::fields::{Fields, is_path};
use crate::error::{Error, Result};
use crate::hex;
use crate::mode::Mode;
use crate::redact::Quoted;
use crate::status::Code;
use crate::wire::key_ring::KeyRing;
use crate::wire::keys::{Certificate, PrivateKey, PublicKey};
use crate::wire::serial::{KeyId, PUBLIC_KEY_ID_PREFIX};
use crate::wire::sign::Authorizer;
use std::path::Path;
use zeroize::Zeroizing;

/// Length of the APIv3 key, which is an AES-256 key.
const APIV3_KEY_BYTES: usize = 32;
/// Serial numbers of merchant certificates have 20 bytes.
const SERIAL_DIGITS: usize = 40;
/// Of 256 serial numbers one begins with a zero byte. In practice none begins with more than four.
const FEWEST_DIGITS: usize = 32;

/// What was read from the members about keys.
pub struct Credentials {
    pub authorizer: Option<Authorizer>,
    pub key_ring: KeyRing,
    pub public_key_id: Option<String>,
    pub apiv3_key: Option<Zeroizing<String>>,
    pub has_merchant_certificate: bool,
}

impl Credentials {
    /// Those of a till, whose hub has all of them.
    pub fn none() -> Credentials {
        Credentials {
            authorizer: None,
            key_ring: KeyRing::new(""),
            public_key_id: None,
            apiv3_key: None,
            has_merchant_certificate: false,
        }
    }
}

/// Reads all of them.
pub fn read(fields: &mut Fields, identity: &Identity) -> Result<Credentials> {
    let serial = merchant_serial(&fields.required_name("merchant_serial_no")?)?;
    let key = private_key(fields)?;
    let has_merchant_certificate = merchant_certificate(fields, &serial, &key)?;
    let mut key_ring = KeyRing::new(&serial);

    let public_key_id = public_key(fields, &key, &mut key_ring)?;
    let certificates = fields.texts("platform_certificates")?.unwrap_or_default();
    if identity.mode == Mode::Brand && !certificates.is_empty() {
        let message = "platform_certificates are for service providers: a brand's answers are signed with \
                       WeChat Pay's public key only";
        return Err(Error::at(Code::Config, "/platform_certificates", message));
    }
    for (index, path) in certificates.iter().enumerate() {
        let field = format!("/platform_certificates/{index}");
        is_path("platform_certificates", &field, path, None)?;
        let file = read_file(&format!("platform_certificates/{index}"), path)?;
        for certificate in Certificate::read_all(&file).map_err(|error| error.or_at(&field))? {
            if key_ring.is_merchant(&certificate.serial) || certificate.key == *key.public() {
                return Err(Error::at(
                    Code::Key,
                    field,
                    format!(
                        "certificate {} is the merchant's own; expected WeChat Pay's platform certificate, \
                         which is downloaded with the APIv3 key",
                        certificate.serial
                    ),
                ));
            }
            key_ring.insert_certificate(certificate);
        }
    }

    let apiv3_key = fields.text("apiv3_key")?.map(Zeroizing::new);
    if let Some(key) = apiv3_key.as_ref().filter(|key| key.len() != APIV3_KEY_BYTES) {
        let message = format!("apiv3_key has {} bytes, expected exactly {APIV3_KEY_BYTES}", key.len());
        return Err(Error::at(Code::Key, "/apiv3_key", message));
    }
    if identity.mode == Mode::Brand && public_key_id.is_none() {
        let message = "wechatpay_public_key_id and wechatpay_public_key_path are missing: a brand's answers \
                       are signed with WeChat Pay's public key only";
        return Err(Error::at(Code::Config, "/wechatpay_public_key_id", message));
    }
    if key_ring.is_empty() && apiv3_key.is_none() {
        let message = "no way to prove answers: give wechatpay_public_key_id with \
                       wechatpay_public_key_path (or _pem), platform_certificates, or apiv3_key";
        return Err(Error::at(Code::Config, "/wechatpay_public_key_id", message));
    }
    let authorizer = Authorizer::new(identity.mode, &identity.id, &serial, key);
    Ok(Credentials {
        authorizer: Some(authorizer),
        key_ring,
        public_key_id,
        apiv3_key,
        has_merchant_certificate,
    })
}

/// The certificate is not needed to sign. If it is given, it shows that key and serial number belong together.
fn merchant_certificate(fields: &mut Fields, serial: &str, key: &PrivateKey) -> Result<bool> {
    let Some((field, file)) = file_or_text(fields, "merchant_certificate_path", "merchant_certificate_pem")?
    else {
        return Ok(false);
    };
    // The same file may contain the authority's certificate.
    let certificates = Certificate::read_all(&file).map_err(|error| error.or_at(&field))?;
    let own = certificates.iter().find(|certificate| KeyId::new(&certificate.serial) == *serial);
    let Some(certificate) = own.or(certificates.first()) else { return Ok(false) };
    if own.is_none() {
        let message = format!(
            "the merchant certificate has serial number {}, merchant_serial_no is {serial}",
            certificate.serial
        );
        return Err(Error::at(Code::Key, "/merchant_serial_no", message));
    }
    if certificate.key != *key.public() {
        let message = "the private key does not belong to the merchant certificate";
        return Err(Error::at(Code::Key, field, message));
    }
    Ok(true)
}

fn private_key(fields: &mut Fields) -> Result<PrivateKey> {
    let passphrase = fields.text("private_key_passphrase")?.map(Zeroizing::new);
    let Some((field, file)) = file_or_text(fields, "private_key_path", "private_key_pem")? else {
        return Err(Error::at(
            Code::Config,
            "/private_key_path",
            "private_key_path (or private_key_pem) is missing",
        ));
    };
    PrivateKey::read(&file, passphrase.as_deref().map(String::as_str)).map_err(|error| error.or_at(&field))
}

fn public_key(fields: &mut Fields, merchant: &PrivateKey, key_ring: &mut KeyRing) -> Result<Option<String>> {
    let id = fields.name("wechatpay_public_key_id")?;
    let file = file_or_text(fields, "wechatpay_public_key_path", "wechatpay_public_key_pem")?;
    let (id, (field, file)) = match (id, file) {
        (None, None) => return Ok(None),
        (Some(id), Some(file)) => (id, file),
        (Some(_), None) => {
            return Err(Error::at(
                Code::Config,
                "/wechatpay_public_key_path",
                "wechatpay_public_key_id is given without wechatpay_public_key_path (or _pem)",
            ));
        }
        (None, Some((field, _))) => {
            return Err(Error::at(
                Code::Config,
                "/wechatpay_public_key_id",
                format!("{field} is given without wechatpay_public_key_id"),
            ));
        }
    };
    let digits = id.strip_prefix(PUBLIC_KEY_ID_PREFIX).unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let found = if id.len() == SERIAL_DIGITS { "a certificate's serial number" } else { "another text" };
        return Err(Error::at(
            Code::Key,
            "/wechatpay_public_key_id",
            format!("expected {PUBLIC_KEY_ID_PREFIX} and digits, found {found}"),
        ));
    }
    let key = PublicKey::read(&file).map_err(|error| error.or_at(&field))?;
    if key == *merchant.public() {
        return Err(Error::at(
            Code::Key,
            field,
            "this is the merchant's own public key; expected WeChat Pay's, which the merchant console offers for download",
        ));
    }
    key_ring.insert(&id, key);
    Ok(Some(id))
}

/// Reads a member that names a file, or the other member that holds the text itself.
fn file_or_text(
    fields: &mut Fields,
    path_name: &'static str,
    text_name: &'static str,
) -> Result<Option<(String, Zeroizing<Vec<u8>>)>> {
    let path = fields.path(path_name, Some(text_name))?;
    let text = fields.text(text_name)?.map(Zeroizing::new);
    match (path, text) {
        (Some(_), Some(_)) => Err(Error::at(
            Code::Config,
            format!("/{text_name}"),
            format!("give {path_name} or {text_name}, not both"),
        )),
        (Some(path), None) => {
            let file = read_file(path_name, &path)?;
            Ok(Some((format!("/{path_name}"), Zeroizing::new(file))))
        }
        (None, Some(text)) => Ok(Some((format!("/{text_name}"), Zeroizing::new(text.as_bytes().to_vec())))),
        (None, None) => Ok(None),
    }
}

/// The bytes of a file that the configuration names.
pub fn read_file(member: &str, path: &str) -> Result<Vec<u8>> {
    /// A file of keys or certificates; a whole bundle of roots has a quarter of this.
    const LARGEST: u64 = 1024 * 1024;
    crate::file::read_whole(Path::new(path), LARGEST).map_err(|why| {
        Error::at(Code::Config, format!("/{member}"), format!("cannot read {}: {why}", Quoted(path)))
    })
}

/// The serial number in WeChat Pay's form: upper-case hexadecimal. Blanks, colons and `serial=`, which other programs print,
/// are removed.
fn merchant_serial(given: &str) -> Result<String> {
    let dense: String = given
        .chars()
        .filter(|character| !matches!(character, ' ' | ':'))
        .collect::<String>()
        .to_ascii_uppercase();
    let wrong = |message: String| Error::at(Code::Key, "/merchant_serial_no", message);
    if dense.starts_with(PUBLIC_KEY_ID_PREFIX) {
        return Err(wrong(
            "found WeChat Pay's public key id, expected the serial number of the merchant API certificate"
                .into(),
        ));
    }
    let digits =
        ["SERIAL=", "SERIALNUMBER"].iter().find_map(|name| dense.strip_prefix(name)).unwrap_or(&dense);
    let digits = digits.strip_prefix("0X").unwrap_or(digits);
    let number = digits.trim_start_matches('0');
    if number.len() > SERIAL_DIGITS && number.bytes().all(|byte| byte.is_ascii_digit()) {
        let converted = decimal_to_hex(number);
        return Err(wrong(format!(
            "found a decimal serial number, expected {SERIAL_DIGITS} hexadecimal digits: it is {converted}"
        )));
    }
    let is_whole = (FEWEST_DIGITS..=SERIAL_DIGITS).contains(&number.len());
    if !is_whole || !number.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong(format!(
            "found {} characters, expected {SERIAL_DIGITS} hexadecimal digits \
             (openssl x509 -in apiclient_cert.pem -noout -serial)",
            digits.chars().count()
        )));
    }
    Ok(if digits.len() <= SERIAL_DIGITS { digits.to_owned() } else { format!("{number:0>SERIAL_DIGITS$}") })
}

fn decimal_to_hex(decimal: &str) -> String {
    let mut bytes: Vec<u8> = Vec::new();
    for digit in decimal.bytes().map(|byte| u16::from(byte - b'0')) {
        let mut carry = digit;
        for byte in bytes.iter_mut().rev() {
            let value = u16::from(*byte) * 10 + carry;
            *byte = u8::try_from(value & 0xFF).unwrap_or(0);
            carry = value >> 8;
        }
        if carry > 0 {
            bytes.insert(0, u8::try_from(carry).unwrap_or(0));
        }
    }
    hex::upper(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_serial_is_told_and_converted() {
        let error = merchant_serial("464389378319535425530970086054627680253797054689").unwrap_err();
        assert_eq!(error.code, Code::Key);
        assert!(
            error.message.ends_with("it is 5157F09EFDC096DE15EBE81A47057A7232F1B8E1"),
            "{}",
            error.message
        );
    }

    #[test]
    fn decimal_to_hex_carries() {
        assert_eq!(decimal_to_hex("255"), "FF");
        assert_eq!(decimal_to_hex("256"), "0100");
        assert_eq!(
            decimal_to_hex("340282366920938463463374607431768211456"),
            "0100000000000000000000000000000000"
        );
    }

    #[test]
    fn a_serial_number_may_begin_with_zeros_or_leave_them_out() {
        let short = "57F09EFDC096DE15EBE81A47057A7232F1B8E1";
        assert_eq!(merchant_serial(short).unwrap(), short);
        assert_eq!(merchant_serial(&format!("00{short}")).unwrap(), format!("00{short}"));
        assert_eq!(merchant_serial(&format!("0{}", &short[1..])).unwrap(), format!("0{}", &short[1..]));
        assert_eq!(merchant_serial(&format!("0000{short}")).unwrap(), format!("00{short}"));
        assert!(merchant_serial(&"0".repeat(40)).is_err());
    }

    #[test]
    fn other_spellings_of_a_serial_are_understood() {
        let plain = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
        assert_eq!(merchant_serial(plain).unwrap(), plain);
        assert_eq!(merchant_serial(&plain.to_lowercase()).unwrap(), plain);
        assert_eq!(
            merchant_serial("51:57:F0:9E:FD:C0:96:DE:15:EB:E8:1A:47:05:7A:72:32:F1:B8:E1").unwrap(),
            plain
        );
        for printed in [format!("serial={plain}"), format!("Serial Number: {plain}"), format!("0x{plain}")] {
            assert_eq!(merchant_serial(&printed).unwrap(), plain);
        }
        assert!(merchant_serial("5157F09E").is_err());
        assert!(
            merchant_serial("PUB_KEY_ID_0114232134912410000000000000")
                .unwrap_err()
                .message
                .contains("public key id")
        );
    }
}
