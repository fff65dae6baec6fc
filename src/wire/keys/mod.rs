//! Reads keys and certificates in all forms that shops have. Errors say what was found. One reader ([`file`]) serves all.

mod certificate;
mod description;
mod encrypted;
mod file;

pub use certificate::{Certificate, authorities};
pub use description::{Description, ObjectKind, describe, fingerprint, opened};

use super::cipher::{Decrypter, Encrypter, RsaOaepDecrypter, RsaOaepEncrypter};
use super::sign::{RsaSigner, Signer};
use super::verify::{RsaVerifier, Verifier};
use crate::error::{Error, Result};
use crate::status::Code;
use file::{Kind, objects, wanted, wrong};
use pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey, EncodeRsaPublicKey};
use rsa::traits::PublicKeyParts;
use std::sync::Arc;

/// WeChat Pay uses 2048 bits. Shorter keys are refused, and keys that are too long for TLS providers.
const BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

const MERCHANT_KEY: &str = "the merchant's private key (PKCS#8 or PKCS#1)";
const WECHATPAY_KEY: &str = "WeChat Pay's public key (PUBLIC KEY)";

/// A merchant's private key, ready to sign and to decrypt.
#[derive(Debug, Clone)]
pub struct PrivateKey {
    signer: Arc<dyn Signer>,
    decrypter: Arc<dyn Decrypter>,
    public: PublicKey,
}

/// A public key.
#[derive(Clone, Debug)]
pub struct PublicKey {
    /// For comparing keys.
    der: Arc<[u8]>,
    verifier: Arc<dyn Verifier>,
    encrypter: Arc<dyn Encrypter>,
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &PublicKey) -> bool {
        self.der == other.der
    }
}

impl PrivateKey {
    /// Reads PKCS#8, encrypted PKCS#8 or PKCS#1.
    pub fn read(file: &[u8], passphrase: Option<&str>) -> Result<PrivateKey> {
        // A file from a bank's tool may also contain certificates.
        let objects = objects(file)?;
        let found = wanted(&objects, MERCHANT_KEY, |kind| {
            matches!(
                kind,
                Kind::PrivateKey | Kind::RsaPrivateKey | Kind::EncryptedPrivateKey(_) | Kind::OldEncryption
            )
        })?;
        let unreadable =
            |what: &str, why: String| wrong(MERCHANT_KEY, &format!("{what} that cannot be read ({why})"));
        let key = match found.kind {
            Kind::EncryptedPrivateKey(algorithm) => encrypted::open(&found.der, algorithm, passphrase)?,
            Kind::OldEncryption => return Err(encrypted::old_encryption()),
            Kind::RsaPrivateKey => rsa::PrivateKey::from_pkcs1_der(&found.der)
                .map_err(|error| unreadable("an RSA private key", error.to_string()))?,
            _ => rsa::PrivateKey::from_pkcs8_der(&found.der)
                .map_err(|error| unreadable("a private key", error.to_string()))?,
        };
        let public = PublicKey::from_rsa(key.as_public_key())?;
        Ok(PrivateKey::new(Arc::new(RsaSigner::new(&key)?), Arc::new(RsaOaepDecrypter::new(key)), public))
    }

    /// A key from its parts.
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

impl PublicKey {
    /// Reads SPKI or PKCS#1.
    pub fn read(file: &[u8]) -> Result<PublicKey> {
        let objects = objects(file)?;
        let found = wanted(&objects, WECHATPAY_KEY, |kind| {
            matches!(kind, Kind::PublicKey | Kind::RsaPublicKey)
        })
        .map_err(|error| match objects.first().map(|object| object.kind) {
            Some(Kind::Certificate) => error.hint(
                "A platform certificate belongs in platform_certificates; the public key is a file of its own.",
            ),
            _ => error,
        })?;
        let key = match found.kind {
            Kind::RsaPublicKey => {
                rsa::PublicKey::from_pkcs1_der(&found.der).map_err(|error| error.to_string())
            }
            _ => rsa::PublicKey::from_public_key_der(&found.der).map_err(|error| error.to_string()),
        }
        .map_err(|why| wrong(WECHATPAY_KEY, &format!("a public key that cannot be read ({why})")))?;
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

    /// A key from its parts. `der` is for comparing keys.
    pub fn new(der: &[u8], verifier: Arc<dyn Verifier>, encrypter: Arc<dyn Encrypter>) -> PublicKey {
        PublicKey { der: der.into(), verifier, encrypter }
    }

    /// Verifies answers.
    pub fn verifier(&self) -> &dyn Verifier {
        &*self.verifier
    }

    /// Encrypts sensitive members of requests.
    pub fn encrypter(&self) -> &dyn Encrypter {
        &*self.encrypter
    }
}

fn key_error(message: impl Into<String>) -> Error {
    Error::new(Code::Key, message)
}
