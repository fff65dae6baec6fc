//! Private keys under a passphrase.

use super::key_error;
use crate::error::{Error, Result};
use pkcs8::spki::ObjectIdentifier;
use pkcs8::{DecodePrivateKey, EncryptedPrivateKeyInfoRef};

const CONVERT: &str = "Encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -in old.pem -out new.pem (OpenSSL 3 opens the old \
                       one with -provider legacy -provider default; -nocrypt in place of -v2 aes-256-cbc leaves it open).";

/// PBES2: PBKDF2 or scrypt with AES or 3DES.
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");

/// The algorithms of `openssl pkcs8 -v1`, by their names there. No maintained crate decrypts them.
const NOT_OPENED: [(ObjectIdentifier, &str); 12] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.1"), "PBE-MD2-DES"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.3"), "PBE-MD5-DES"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.4"), "PBE-MD2-RC2-64"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.6"), "PBE-MD5-RC2-64"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.10"), "PBE-SHA1-DES"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.11"), "PBE-SHA1-RC2-64"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.1"), "PBE-SHA1-RC4-128"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.2"), "PBE-SHA1-RC4-40"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3"), "PBE-SHA1-3DES"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.4"), "PBE-SHA1-2DES"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.5"), "PBE-SHA1-RC2-128"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6"), "PBE-SHA1-RC2-40"),
];

/// Decrypts the key.
pub(super) fn open(
    der: &[u8],
    algorithm: ObjectIdentifier,
    passphrase: Option<&str>,
) -> Result<rsa::PrivateKey> {
    if algorithm != PBES2 {
        let name = NOT_OPENED.iter().find(|(oid, _)| *oid == algorithm).map(|(_, name)| (*name).to_owned());
        return Err(not_opened(&name.unwrap_or_else(|| algorithm.to_string())));
    }
    let Some(passphrase) = passphrase else {
        return Err(key_error("the private key is encrypted and private_key_passphrase is missing"));
    };
    let envelope =
        EncryptedPrivateKeyInfoRef::try_from(der).map_err(|error| not_opened(&error.to_string()))?;
    let plain = envelope.decrypt(passphrase).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(
            pkcs8::pkcs5::Error::UnsupportedAlgorithm { oid }
            | pkcs8::pkcs5::Error::AlgorithmParametersInvalid { oid },
        ) => not_opened(&oid.to_string()),
        error => key_error(format!("private_key_passphrase does not open the private key ({error})")),
    })?;
    rsa::PrivateKey::from_pkcs8_der(plain.as_bytes())
        .map_err(|error| key_error(format!("inside the encryption is no RSA private key ({error})")))
}

fn not_opened(algorithm: &str) -> Error {
    key_error(format!("the private key is encrypted in a way that is not read here: {algorithm}"))
        .hint(CONVERT)
}

/// PEM with `Proc-Type: 4,ENCRYPTED`.
pub(super) fn old_encryption() -> Error {
    key_error(
        "expected the merchant's private key (PKCS#8 or PKCS#1), found a key with OpenSSL's old encryption \
         (Proc-Type: 4,ENCRYPTED)",
    )
    .hint("Convert it: openssl pkcs8 -topk8 -in old.pem -out new.pem (add -nocrypt for none).")
}
