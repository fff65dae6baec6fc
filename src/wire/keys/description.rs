//! Says what a key file holds, for people who have several and do not know which is which. No key itself is in it.

use super::certificate::Certificate;
use super::file::{Kind, Object, objects};
use super::{PublicKey, encrypted};
use crate::error::Result;
use crate::hex;
use pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::BoxedUint;
use rsa::pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey};
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256};
use x509_cert::der::Decode;

/// The kinds of objects in key files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A private key, which a merchant signs with.
    PrivateKey,
    /// The same under a passphrase.
    EncryptedPrivateKey,
    /// A public key, such as WeChat Pay's.
    PublicKey,
    /// An X.509 certificate.
    Certificate,
    /// A `.p12` or `.pfx`.
    Pkcs12,
    /// Something else.
    Other,
}

/// What is known about one object.
#[derive(Debug, Clone)]
pub struct Description {
    /// What it is.
    pub kind: ObjectKind,
    /// The same in words.
    pub what: &'static str,
    /// Size of the RSA key, in bits.
    pub bits: Option<u32>,
    /// SHA-256 of the public key in the form of PKCS#1, as upper-case hexadecimal. Equal where the keys belong together.
    pub fingerprint: Option<String>,
    /// The certificate, if it is one that can be used.
    pub certificate: Option<Certificate>,
    /// Who a certificate is for, and who issued it.
    pub names: Option<(String, String)>,
    /// Why it cannot be used, if so.
    pub problem: Option<String>,
}

/// Every object of a file, in their order. There is at least one.
pub fn describe(file: &[u8], passphrase: Option<&str>) -> Result<Vec<Description>> {
    Ok(objects(file)?.iter().map(|object| described(object, passphrase)).collect())
}

fn described(object: &Object, passphrase: Option<&str>) -> Description {
    let blank = Description {
        kind: kind(object.kind),
        what: object.describe(),
        bits: None,
        fingerprint: None,
        certificate: None,
        names: None,
        problem: None,
    };
    let names = match object.kind {
        Kind::Certificate => names(object),
        _ => None,
    };
    match key(object, passphrase) {
        Ok(None) => Description { names, ..blank },
        Err(problem) => Description { names, problem: Some(problem), ..blank },
        Ok(Some(key)) => {
            let usable = PublicKey::from_rsa(&key);
            let certificate = match object.kind {
                Kind::Certificate => Certificate::of(object).ok(),
                _ => None,
            };
            Description {
                bits: Some(key.n().bit_width()),
                fingerprint: usable.as_ref().ok().map(fingerprint),
                problem: usable.err().map(|error| error.message),
                certificate,
                names,
                ..blank
            }
        }
    }
}

fn kind(kind: Kind) -> ObjectKind {
    match kind {
        Kind::PrivateKey | Kind::RsaPrivateKey => ObjectKind::PrivateKey,
        Kind::EncryptedPrivateKey(_) | Kind::OldEncryption => ObjectKind::EncryptedPrivateKey,
        Kind::PublicKey | Kind::RsaPublicKey => ObjectKind::PublicKey,
        Kind::Certificate => ObjectKind::Certificate,
        Kind::Pkcs12 => ObjectKind::Pkcs12,
        Kind::Other => ObjectKind::Other,
    }
}

/// The public half of the key in it, if it has one.
fn key(object: &Object, passphrase: Option<&str>) -> std::result::Result<Option<rsa::PublicKey>, String> {
    let der = object.der.as_slice();
    let public = |key: &rsa::PrivateKey| key.as_public_key().clone();
    let found = match object.kind {
        Kind::PrivateKey => {
            rsa::PrivateKey::from_pkcs8_der(der).map(|key| public(&key)).map_err(|error| error.to_string())
        }
        Kind::RsaPrivateKey => {
            rsa::PrivateKey::from_pkcs1_der(der).map(|key| public(&key)).map_err(|error| error.to_string())
        }
        Kind::EncryptedPrivateKey(algorithm) => encrypted::open(&object.der, algorithm, passphrase)
            .map(|key| public(&key))
            .map_err(|error| error.message),
        Kind::OldEncryption => Err(encrypted::old_encryption().message),
        Kind::PublicKey => rsa::PublicKey::from_public_key_der(der).map_err(|error| error.to_string()),
        Kind::RsaPublicKey => rsa::PublicKey::from_pkcs1_der(der).map_err(|error| error.to_string()),
        Kind::Certificate => super::certificate::rsa_key(object).map_err(|error| error.message),
        Kind::Pkcs12 | Kind::Other => return Ok(None),
    };
    found.map(Some)
}

fn names(object: &Object) -> Option<(String, String)> {
    let certificate = x509_cert::Certificate::from_der(&object.der).ok()?;
    let content = certificate.tbs_certificate();
    Some((content.subject().to_string(), content.issuer().to_string()))
}

/// What a signature of that key holds: the padded digest, which shows what was hashed, and how. For explaining signatures,
/// and never for trusting them. `None`: it is no signature of a key of this size.
pub fn opened(key: &PublicKey, signature: &[u8]) -> Option<Vec<u8>> {
    let key = rsa::PublicKey::from_pkcs1_der(&key.der).ok()?;
    if signature.len() != key.size() {
        return None;
    }
    let signature = BoxedUint::from_be_slice(signature, key.n_bits_precision()).ok()?;
    let block = rsa::hazmat::rsa_encrypt(&key, &signature).ok()?.to_be_bytes();
    let at = block.len().checked_sub(key.size())?;
    block.get(at..).map(<[u8]>::to_vec)
}

/// A name of a key that may be shown to anybody.
pub fn fingerprint(key: &PublicKey) -> String {
    let digest: [u8; 32] = Sha256::digest(&key.der).into();
    hex::upper(&digest)
}
