//! Reading keys and certificates as shops have them, and saying what was found when it does not fit.
//!
//! A file may be PEM with other text around it, PEM squeezed to one line, bare Base64, or DER; with a byte
//! order mark or Windows line ends.

use super::cipher::{Decrypter, Encrypter, RsaOaepDecrypter, RsaOaepEncrypter};
use super::sign::{RsaSigner, Signer};
use super::verify::{RsaVerifier, Verifier};
use crate::error::{Error, Result};
use crate::hex;
use crate::status::Code;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rsa::pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey, EncodeRsaPublicKey};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncryptedPrivateKeyInfoRef};
use rsa::traits::PublicKeyParts;
use std::sync::Arc;
use x509_cert::der::{Decode, Encode};
use zeroize::Zeroizing;

/// WeChat Pay signs and accepts 2048 bits; nothing shorter is taken, nothing longer than providers do.
const BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// A merchant's private key, ready for what it is used for.
#[derive(Debug, Clone)]
pub struct PrivateKey {
    signer: Arc<dyn Signer>,
    decrypter: Arc<dyn Decrypter>,
    public: PublicKey,
}

/// A public key.
#[derive(Clone, Debug)]
pub struct PublicKey {
    /// By which keys are compared.
    der: Arc<[u8]>,
    verifier: Arc<dyn Verifier>,
    encrypter: Arc<dyn Encrypter>,
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &PublicKey) -> bool {
        self.der == other.der
    }
}

/// A platform certificate's serial number and key.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Upper-case hexadecimal, as WeChat Pay writes it.
    pub serial: String,
    /// The key it carries.
    pub key: PublicKey,
    /// Beginning of its validity, in seconds since 1970.
    pub since: u64,
    /// End of its validity, in seconds since 1970.
    pub until: u64,
}

impl PrivateKey {
    /// Reads PKCS#8, encrypted PKCS#8 or PKCS#1.
    pub fn read(file: &[u8], passphrase: Option<&str>) -> Result<PrivateKey> {
        let found = Found::in_file(file)?;
        let wanted = |found: &str| {
            key_error(format!("expected the merchant's private key (PKCS#8 or PKCS#1), found {found}"))
        };
        let key = match found.label.as_str() {
            "PRIVATE KEY" => rsa::PrivateKey::from_pkcs8_der(&found.der)
                .map_err(|error| wanted(&format!("a private key that cannot be read ({error})")))?,
            "RSA PRIVATE KEY" if found.legacy_encryption => {
                return Err(wanted("a PKCS#1 key with OpenSSL's old encryption").hint(
                    "Convert it: openssl pkcs8 -topk8 -in old.pem -out new.pem (add -nocrypt for none).",
                ));
            }
            "RSA PRIVATE KEY" => rsa::PrivateKey::from_pkcs1_der(&found.der)
                .map_err(|error| wanted(&format!("an RSA private key that cannot be read ({error})")))?,
            "ENCRYPTED PRIVATE KEY" => decrypt(&found.der, passphrase)?,
            "" => rsa::PrivateKey::from_pkcs8_der(&found.der)
                .ok()
                .or_else(|| rsa::PrivateKey::from_pkcs1_der(&found.der).ok())
                .map_or_else(
                    || match passphrase {
                        Some(_) => decrypt(&found.der, passphrase),
                        None => Err(wanted(found.describe())),
                    },
                    Ok,
                )?,
            _ => return Err(wanted(found.describe())),
        };
        let public = PublicKey::from_rsa(key.as_public_key())?;
        Ok(PrivateKey::new(Arc::new(RsaSigner::new(&key)?), Arc::new(RsaOaepDecrypter::new(key)), public))
    }

    /// A key whose roles are filled already.
    pub fn new(signer: Arc<dyn Signer>, decrypter: Arc<dyn Decrypter>, public: PublicKey) -> PrivateKey {
        PrivateKey { signer, decrypter, public }
    }

    /// Signs requests.
    pub fn signer(&self) -> &dyn Signer {
        &*self.signer
    }

    /// Decrypts sensitive members of answers.
    pub fn decrypter(&self) -> &dyn Decrypter {
        &*self.decrypter
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }
}

fn decrypt(der: &[u8], passphrase: Option<&str>) -> Result<rsa::PrivateKey> {
    let Some(passphrase) = passphrase else {
        return Err(key_error("the private key is encrypted and private_key_passphrase is missing"));
    };
    let envelope = EncryptedPrivateKeyInfoRef::try_from(der)
        .map_err(|error| key_error(format!("the encrypted private key cannot be read ({error})")))?;
    let plain = envelope.decrypt(passphrase).map_err(|error| {
        key_error(format!("private_key_passphrase does not open the private key ({error})"))
    })?;
    rsa::PrivateKey::from_pkcs8_der(plain.as_bytes())
        .map_err(|error| key_error(format!("inside the encryption is no RSA private key ({error})")))
}

impl PublicKey {
    /// Reads SPKI or PKCS#1.
    pub fn read(file: &[u8]) -> Result<PublicKey> {
        let found = Found::in_file(file)?;
        let wanted =
            |found: &str| key_error(format!("expected WeChat Pay's public key (PUBLIC KEY), found {found}"));
        let key = match found.label.as_str() {
            "PUBLIC KEY" => rsa::PublicKey::from_public_key_der(&found.der)
                .map_err(|error| wanted(&format!("a public key that cannot be read ({error})")))?,
            "RSA PUBLIC KEY" => rsa::PublicKey::from_pkcs1_der(&found.der)
                .map_err(|error| wanted(&format!("an RSA public key that cannot be read ({error})")))?,
            "" => rsa::PublicKey::from_public_key_der(&found.der)
                .ok()
                .or_else(|| rsa::PublicKey::from_pkcs1_der(&found.der).ok())
                .ok_or_else(|| wanted(found.describe()))?,
            "CERTIFICATE" => {
                return Err(wanted("a certificate")
                    .hint("A platform certificate belongs in platform_certificates; the public key is a file of its own."));
            }
            _ => return Err(wanted(found.describe())),
        };
        PublicKey::from_rsa(&key)
    }

    fn from_rsa(key: &rsa::PublicKey) -> Result<PublicKey> {
        let bits = usize::try_from(key.n().bit_width()).unwrap_or(0);
        if !BITS.contains(&bits) {
            return Err(key_error(format!(
                "an RSA key of {bits} bits, expected 2048 (up to {} work)",
                BITS.end()
            )));
        }
        let der = key.to_pkcs1_der().map_err(|error| key_error(error.to_string()))?;
        let pkcs1 = || der.as_bytes().to_vec();
        let verifier = Arc::new(RsaVerifier::new(pkcs1()));
        Ok(PublicKey::new(der.as_bytes(), verifier, Arc::new(RsaOaepEncrypter::new(pkcs1()))))
    }

    /// A key whose roles are filled already; `der` tells it apart from others.
    pub fn new(der: &[u8], verifier: Arc<dyn Verifier>, encrypter: Arc<dyn Encrypter>) -> PublicKey {
        PublicKey { der: der.into(), verifier, encrypter }
    }

    /// Proves answers.
    pub fn verifier(&self) -> &dyn Verifier {
        &*self.verifier
    }

    /// Encrypts sensitive members of requests.
    pub fn encrypter(&self) -> &dyn Encrypter {
        &*self.encrypter
    }
}

impl Certificate {
    /// Reads an X.509 certificate.
    pub fn read(file: &[u8]) -> Result<Certificate> {
        let found = Found::in_file(file)?;
        let wanted = |found: &str| key_error(format!("expected an X.509 certificate, found {found}"));
        if !matches!(found.label.as_str(), "CERTIFICATE" | "") {
            return Err(wanted(found.describe()));
        }
        let certificate =
            x509_cert::Certificate::from_der(&found.der).map_err(|error| match found.label.as_str() {
                "CERTIFICATE" => wanted(&format!("a certificate that cannot be read ({error})")),
                _ => wanted(found.describe()),
            })?;
        let content = certificate.tbs_certificate();
        let key = content
            .subject_public_key_info()
            .to_der()
            .map_err(|error| error.to_string())
            .and_then(|der| rsa::PublicKey::from_public_key_der(&der).map_err(|error| error.to_string()))
            .map_err(|error| wanted(&format!("a certificate without an RSA key ({error})")))?;
        Ok(Certificate {
            serial: hex_serial(content.serial_number().as_bytes()),
            key: PublicKey::from_rsa(&key)?,
            since: content.validity().not_before.to_unix_duration().as_secs(),
            until: content.validity().not_after.to_unix_duration().as_secs(),
        })
    }
}

/// DER writes a leading zero byte where the first bit is set; WeChat Pay does not print it.
fn hex_serial(bytes: &[u8]) -> String {
    let significant = match bytes {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    hex::upper(significant)
}

fn key_error(message: impl Into<String>) -> Error {
    Error::new(Code::Key, message)
}

/// The first object of a file.
struct Found {
    /// PEM label; empty for DER and bare Base64.
    label: String,
    der: Zeroizing<Vec<u8>>,
    legacy_encryption: bool,
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

impl Found {
    fn in_file(file: &[u8]) -> Result<Found> {
        let file = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
        if file.starts_with(b"\xFF\xFE") || file.starts_with(b"\xFE\xFF") {
            return Err(key_error("the file is UTF-16 text; save it as plain ASCII"));
        }
        if file.iter().all(u8::is_ascii_whitespace) {
            return Err(key_error("the file is empty"));
        }
        match std::str::from_utf8(file) {
            Ok(text) if text.contains(BEGIN) => Found::in_pem(text),
            Ok(text) if text.is_ascii() && !file.starts_with(b"\x30") || looks_like_base64(file) => {
                let text = Zeroizing::new(String::from_utf8_lossy(file).into_owned());
                let der = base64_without_space(&text)
                    .ok_or_else(|| key_error("neither PEM nor Base64: the file holds other text"))?;
                Ok(Found { label: String::new(), der, legacy_encryption: false })
            }
            _ => Ok(Found {
                label: String::new(),
                der: Zeroizing::new(file.to_vec()),
                legacy_encryption: false,
            }),
        }
    }

    /// Private keys first: a file from a bank's tool may hold certificates too.
    fn in_pem(text: &str) -> Result<Found> {
        let mut first = None;
        for block in text.split(BEGIN).skip(1) {
            let found = Found::in_block(block)?;
            if found.label.ends_with("PRIVATE KEY") {
                return Ok(found);
            }
            first.get_or_insert(found);
        }
        first.ok_or_else(|| key_error("the PEM text holds no object"))
    }

    fn in_block(block: &str) -> Result<Found> {
        let (label, rest) =
            block.split_once(DASHES).ok_or_else(|| key_error("the PEM header line is cut short"))?;
        let (body, _) = rest
            .split_once("-----END ")
            .ok_or_else(|| key_error(format!("the PEM text has no END line for {label}")))?;
        let legacy_encryption = body.contains("Proc-Type:");
        let der = if legacy_encryption {
            Zeroizing::default()
        } else {
            base64_without_space(body)
                .ok_or_else(|| key_error(format!("the Base64 inside {label} is damaged")))?
        };
        Ok(Found { label: label.trim().to_owned(), der, legacy_encryption })
    }

    /// What it is, for the message when it is the wrong thing.
    fn describe(&self) -> &'static str {
        match self.label.as_str() {
            "CERTIFICATE" => "a certificate",
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => "a certificate request",
            "PUBLIC KEY" | "RSA PUBLIC KEY" => "a public key",
            "PRIVATE KEY" | "RSA PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => "a private key",
            "EC PRIVATE KEY" | "DSA PRIVATE KEY" => "a private key that is not RSA",
            "OPENSSH PRIVATE KEY" => "an OpenSSH key",
            "" => describe_der(&self.der),
            _ => "another kind of PEM object",
        }
    }
}

fn describe_der(der: &[u8]) -> &'static str {
    if is_pkcs12(der) {
        "a PKCS#12 archive (.p12 or .pfx); take the key out of it: openssl pkcs12 -in FILE -nodes -nocerts"
    } else if x509_cert::Certificate::from_der(der).is_ok() {
        "a certificate"
    } else if rsa::PrivateKey::from_pkcs8_der(der).is_ok() || rsa::PrivateKey::from_pkcs1_der(der).is_ok() {
        "a private key"
    } else if rsa::PublicKey::from_public_key_der(der).is_ok() {
        "a public key"
    } else if EncryptedPrivateKeyInfoRef::try_from(der).is_ok() {
        "an encrypted private key without private_key_passphrase"
    } else {
        "bytes that are no key"
    }
}

/// `PFX ::= SEQUENCE { version INTEGER 3, … }` (RFC 7292), whatever the form of the length.
fn is_pkcs12(der: &[u8]) -> bool {
    let Some((0x30, rest)) = der.split_first() else { return false };
    let content = match rest.split_first() {
        Some((length, rest)) if *length < 0x80 => rest,
        Some((length, rest)) => rest.get(usize::from(length & 0x7F)..).unwrap_or_default(),
        None => return false,
    };
    content.starts_with(&[0x02, 0x01, 0x03])
}

fn looks_like_base64(file: &[u8]) -> bool {
    file.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=\r\n\t \\".contains(byte))
}

/// Some tools turn the line ends of PEM into blanks, others into the two characters `\n`.
fn base64_without_space(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = Zeroizing::new(text.replace("\\r", "").replace("\\n", ""));
    let dense: Zeroizing<Vec<u8>> =
        Zeroizing::new(text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
    BASE64.decode(dense.as_slice()).ok().map(Zeroizing::new)
}
