//! Reads keys and certificates from a file or from a text of the configuration, in all forms that shops have.
//!
//! These are PEM with other text around it, on one line, or with line ends written as `\n` once or twice; bare Base64, also
//! of a whole PEM; and DER. The content decides what an object is, and not its label.

use super::key_error;
use crate::error::{Error, Result};
use crate::json::bytes_without_mark;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use pkcs8::PrivateKeyInfoRef;
use pkcs8::spki::{AlgorithmIdentifierRef, ObjectIdentifier, SubjectPublicKeyInfoRef};
use rsa::pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};
use x509_cert::der::asn1::OctetStringRef;
use x509_cert::der::{Decode, Header, Reader as _, SliceReader};
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// Base64 without its padding is accepted, too.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// PKCS#8.
    PrivateKey,
    /// PKCS#1.
    RsaPrivateKey,
    /// PKCS#8 under a passphrase, with this algorithm.
    EncryptedPrivateKey(ObjectIdentifier),
    /// Encrypted in the format of OpenSSL before 1.0.
    OldEncryption,
    /// `SubjectPublicKeyInfo`.
    PublicKey,
    /// PKCS#1.
    RsaPublicKey,
    Certificate,
    /// A `.p12` or `.pfx`.
    Pkcs12,
    /// Anything else.
    Other,
}

/// One object of a file.
pub(super) struct Object {
    pub kind: Kind,
    pub der: Zeroizing<Vec<u8>>,
    /// The label of PEM; empty for DER and bare Base64.
    label: String,
}

/// All objects of a file. There is at least one.
pub(super) fn objects(file: &[u8]) -> Result<Vec<Object>> {
    in_file(file, true)
}

fn in_file(file: &[u8], may_be_wrapped: bool) -> Result<Vec<Object>> {
    let file = bytes_without_mark(file);
    if let [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [_, 0, _, 0, ..] | [0, _, 0, _, ..] = file {
        return Err(key_error("the file is UTF-16 text; save it as plain ASCII"));
    }
    if file.iter().all(u8::is_ascii_whitespace) {
        return Err(key_error("the file is empty"));
    }
    let is_text = file.is_ascii() || file.windows(BEGIN.len()).any(|window| window == BEGIN.as_bytes());
    if !is_text && length(file).is_some() {
        return Ok(vec![Object::new("", Zeroizing::new(file.to_vec()))]);
    }
    // A comment may be in any encoding; the keys themselves are ASCII.
    let text = visible(&Zeroizing::new(String::from_utf8_lossy(file).into_owned()));
    if text.contains(BEGIN) {
        return in_pem(&text);
    }
    let der = base64(&text).ok_or_else(|| key_error("neither PEM nor Base64: the file holds other text"))?;
    if may_be_wrapped && bytes_without_mark(&der).starts_with(BEGIN.as_bytes()) {
        return in_file(&der, false);
    }
    Ok(vec![Object::new("", der)])
}

/// A damaged object is skipped if there are others.
fn in_pem(text: &str) -> Result<Vec<Object>> {
    let (mut objects, mut damage) = (Vec::new(), None);
    for block in text.split(BEGIN).skip(1) {
        match in_block(block) {
            Ok(object) => objects.push(object),
            Err(error) => drop(damage.get_or_insert(error)),
        }
    }
    match damage {
        Some(error) if objects.is_empty() => Err(error),
        _ => Ok(objects),
    }
}

fn in_block(block: &str) -> Result<Object> {
    let (label, rest) =
        block.split_once(DASHES).ok_or_else(|| key_error("the PEM header line is cut short"))?;
    let label = label.trim();
    // Somebody may have pasted the key itself in place of the label.
    let shown = crate::redact::Quoted(label);
    let (body, _) = rest
        .split_once("-----END ")
        .ok_or_else(|| key_error(format!("the PEM text has no END line for {shown}")))?;
    if body.contains("Proc-Type:") {
        return Ok(Object { kind: Kind::OldEncryption, label: label.to_owned(), der: Zeroizing::default() });
    }
    let der = base64(body).ok_or_else(|| key_error(format!("the Base64 inside {shown} is damaged")))?;
    Ok(Object::new(label, der))
}

impl Object {
    fn new(label: &str, der: Zeroizing<Vec<u8>>) -> Object {
        let label = label.to_owned();
        match first(&der).filter(|first| first.len() < der.len()) {
            // OpenSSL's TRUSTED CERTIFICATE has more data after the certificate.
            Some(first) if x509_cert::Certificate::from_der(first).is_ok() => {
                Object { kind: Kind::Certificate, der: Zeroizing::new(first.to_vec()), label }
            }
            _ => Object { kind: kind(&label, &der), der, label },
        }
    }

    /// A description for error messages.
    pub fn describe(&self) -> &'static str {
        match (self.kind, self.label.as_str()) {
            (Kind::Certificate, _) => "a certificate",
            (Kind::PublicKey | Kind::RsaPublicKey, _) => "a public key",
            (
                Kind::PrivateKey | Kind::RsaPrivateKey | Kind::EncryptedPrivateKey(_) | Kind::OldEncryption,
                _,
            ) => "a private key",
            (Kind::Pkcs12, _) => {
                "a PKCS#12 archive (.p12 or .pfx); take the key out of it: openssl pkcs12 -in FILE -nodes -nocerts"
            }
            (Kind::Other, "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") => "a certificate request",
            (Kind::Other, "EC PRIVATE KEY" | "DSA PRIVATE KEY") => "a private key that is not RSA",
            (Kind::Other, "OPENSSH PRIVATE KEY") => "an OpenSSH key",
            (Kind::Other, "") => "bytes that are no key",
            (Kind::Other, _) => "another kind of PEM object",
        }
    }
}

/// The content decides. If it is damaged, the label decides, so that the error message fits.
fn kind(label: &str, der: &[u8]) -> Kind {
    if let Some(algorithm) = encryption(der) {
        Kind::EncryptedPrivateKey(algorithm)
    } else if PrivateKeyInfoRef::try_from(der).is_ok() {
        Kind::PrivateKey
    } else if RsaPrivateKeyRef::try_from(der).is_ok() {
        Kind::RsaPrivateKey
    } else if SubjectPublicKeyInfoRef::try_from(der).is_ok() {
        Kind::PublicKey
    } else if RsaPublicKeyRef::try_from(der).is_ok() {
        Kind::RsaPublicKey
    } else if x509_cert::Certificate::from_der(der).is_ok() {
        Kind::Certificate
    } else if is_pkcs12(der) {
        Kind::Pkcs12
    } else {
        match label {
            "PRIVATE KEY" => Kind::PrivateKey,
            "RSA PRIVATE KEY" => Kind::RsaPrivateKey,
            "PUBLIC KEY" => Kind::PublicKey,
            "RSA PUBLIC KEY" => Kind::RsaPublicKey,
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Kind::Certificate,
            _ => Kind::Other,
        }
    }
}

/// `EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm, encryptedData OCTET STRING }` (RFC 5958), also with
/// algorithms that cannot be opened here.
fn encryption(der: &[u8]) -> Option<ObjectIdentifier> {
    let mut reader = SliceReader::new(der).ok()?;
    let algorithm = reader.sequence(|inside| {
        let algorithm = AlgorithmIdentifierRef::decode(inside)?;
        <&OctetStringRef>::decode(inside)?;
        Ok::<_, x509_cert::der::Error>(algorithm.oid)
    });
    algorithm.ok()
}

/// Length of the first object, if it is a SEQUENCE that ends within the data.
fn length(der: &[u8]) -> Option<usize> {
    if der.first() != Some(&0x30) {
        return None;
    }
    let mut reader = SliceReader::new(der).ok()?;
    let header = Header::decode(&mut reader).ok()?;
    let whole = usize::try_from(header.length()).ok()? + usize::try_from(reader.position()).ok()?;
    (whole <= der.len()).then_some(whole)
}

fn first(der: &[u8]) -> Option<&[u8]> {
    der.get(..length(der)?)
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

/// Removes invisible characters and replaces unusual blanks, which web pages and chat programs insert.
fn visible(text: &str) -> Zeroizing<String> {
    let seen = text.chars().filter_map(|character| match character {
        '\u{FEFF}' | '\u{200B}'..='\u{200F}' | '\u{2060}' => None,
        other if other.is_whitespace() && !other.is_ascii() => Some(' '),
        other => Some(other),
    });
    let mut visible = Zeroizing::new(String::with_capacity(text.len()));
    visible.extend(seen);
    visible
}

/// Decodes Base64. Some tools replace the line ends of PEM by blanks, others by the two characters `\n`. In JSON or a script
/// the backslash may be doubled.
fn base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut dense = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut after_backslash = false;
    for byte in text.bytes() {
        match byte {
            b'\\' => after_backslash = true,
            b'n' | b'r' | b't' if after_backslash => after_backslash = false,
            _ => {
                after_backslash = false;
                if !byte.is_ascii_whitespace() {
                    dense.push(byte);
                }
            }
        }
    }
    BASE64.decode(dense.as_slice()).ok().map(Zeroizing::new)
}

/// The first object of a wanted kind. The error says what was found instead.
pub(super) fn wanted<'a>(
    objects: &'a [Object],
    expected: &str,
    is_wanted: impl Fn(Kind) -> bool,
) -> Result<&'a Object> {
    objects.iter().find(|object| is_wanted(object.kind)).ok_or_else(|| {
        let found = objects.first().map_or("nothing", Object::describe);
        wrong(expected, found)
    })
}

/// The error for an object of the wrong kind.
pub(super) fn wrong(expected: &str, found: &str) -> Error {
    key_error(format!("expected {expected}, found {found}"))
}
