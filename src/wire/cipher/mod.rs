//! Decryption of notifications and platform certificates (AES-256-GCM with the APIv3 key), and encryption of single sensitive
//! members (RSA-OAEP).

mod aes_gcm;
mod rsa_oaep;

pub use aes_gcm::Aes256Gcm;
pub use rsa_oaep::{RsaOaepDecrypter, RsaOaepEncrypter};

use super::keys::{PrivateKey, PublicKey};
use crate::redact::Quoted;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize};

/// Opens what was sealed with a key that both sides have (AEAD).
pub trait Cipher: Send + Sync + std::fmt::Debug {
    /// Its name in the member `algorithm`.
    fn name(&self) -> &'static str;

    /// Bytes of a nonce.
    fn nonce_len(&self) -> usize;

    /// The text, if key, nonce, associated data and tag fit.
    fn open(&self, key: &[u8], nonce: &[u8], associated_data: &[u8], sealed: Vec<u8>) -> Option<Vec<u8>>;
}

/// Encrypts for the owner of a public key.
pub trait Encrypter: Send + Sync + std::fmt::Debug {
    /// `None`: the text is too long for the key.
    fn encrypt(&self, text: &[u8]) -> Option<Vec<u8>>;
}

/// Reverses an [`Encrypter`].
pub trait Decrypter: Send + Sync + std::fmt::Debug {
    /// `None`: the text was not encrypted for this key.
    fn decrypt(&self, text: &[u8]) -> Option<Vec<u8>>;
}

/// All ciphers that a member `algorithm` may name.
const CIPHERS: [&dyn Cipher; 1] = [&Aes256Gcm];

/// A sealed text as it stands in certificates and notifications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Name of the [`Cipher`].
    pub algorithm: String,
    /// Base64 of the ciphertext and the 16 bytes of its tag.
    pub ciphertext: String,
    /// Its bytes are authenticated too; may be missing, null or empty.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub associated_data: String,
    /// Its bytes are used as they stand.
    pub nonce: String,
}

fn null_is_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Why a sealed text cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// Another algorithm.
    #[error("the algorithm is {}, expected AEAD_AES_256_GCM", Quoted(.0))]
    Algorithm(String),
    /// The Base64 or the nonce is damaged.
    #[error("its {0} is malformed")]
    Malformed(&'static str),
    /// Sealed with another key, or changed on the way.
    #[error("it was not sealed with this key, or was changed")]
    Wrong,
}

/// Opens a sealed text with the 32 bytes of the APIv3 key.
pub fn open(apiv3_key: &[u8], sealed: &Sealed) -> Result<Vec<u8>, DecryptError> {
    let unknown = || DecryptError::Algorithm(sealed.algorithm.chars().take(64).collect());
    let cipher = CIPHERS.into_iter().find(|cipher| cipher.name() == sealed.algorithm).ok_or_else(unknown)?;
    let nonce = sealed.nonce.as_bytes();
    if nonce.len() != cipher.nonce_len() {
        return Err(DecryptError::Malformed("nonce"));
    }
    let text = BASE64.decode(&sealed.ciphertext).map_err(|_| DecryptError::Malformed("ciphertext"))?;
    cipher.open(apiv3_key, nonce, sealed.associated_data.as_bytes(), text).ok_or(DecryptError::Wrong)
}

/// Encrypts a sensitive member for WeChat Pay, as Base64 of RSA-OAEP. `None`: the text is too long for the key (214 bytes for
/// 2048 bits).
pub fn encrypt(key: &PublicKey, plain: &str) -> Option<String> {
    key.encrypter().encrypt(plain.as_bytes()).map(|text| BASE64.encode(text))
}

/// Decrypts a member that WeChat Pay encrypted for the merchant certificate. `None`: it was not encrypted for it.
pub fn decrypt(key: &PrivateKey, encrypted: &str) -> Option<String> {
    String::from_utf8(key.decrypter().decrypt(&BASE64.decode(encrypted).ok()?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

    const KEY: &[u8] = b"0123456789abcdef0123456789ABCDEF";

    fn sealed(plain: &str, associated_data: &str) -> Sealed {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, KEY).unwrap());
        let mut text = plain.as_bytes().to_vec();
        let nonce = Nonce::assume_unique_for_key(*b"j9g1wAzF9Xn1");
        key.seal_in_place_append_tag(nonce, Aad::from(associated_data.as_bytes()), &mut text).unwrap();
        Sealed {
            algorithm: Aes256Gcm.name().into(),
            ciphertext: BASE64.encode(text),
            associated_data: associated_data.into(),
            nonce: "j9g1wAzF9Xn1".into(),
        }
    }

    #[test]
    fn what_was_sealed_opens_whatever_the_associated_data() {
        for associated_data in ["", "certificate", "product_coupon_sp"] {
            assert_eq!(open(KEY, &sealed("券", associated_data)).unwrap(), "券".as_bytes());
        }
        assert_eq!(open(KEY, &sealed("", "x")).unwrap(), b"");
    }

    #[test]
    fn every_change_is_noticed() {
        let right = sealed("{}", "certificate");
        let mut changed = right.clone();
        changed.associated_data.push('x');
        assert_eq!(open(KEY, &changed), Err(DecryptError::Wrong));
        assert_eq!(open(b"0123456789abcdef0123456789ABCDEf", &right), Err(DecryptError::Wrong));
        assert_eq!(open(b"short", &right), Err(DecryptError::Wrong));
        let nonce = Sealed { nonce: "short".into(), ..right.clone() };
        assert_eq!(open(KEY, &nonce), Err(DecryptError::Malformed("nonce")));
        let text = Sealed { ciphertext: "xxx".into(), ..right.clone() };
        assert_eq!(open(KEY, &text), Err(DecryptError::Malformed("ciphertext")));
        let short = Sealed { ciphertext: BASE64.encode("short"), ..right.clone() };
        assert_eq!(open(KEY, &short), Err(DecryptError::Wrong));
        let other = Sealed { algorithm: "AEAD_SM4_GCM".into(), ..right };
        assert_eq!(open(KEY, &other), Err(DecryptError::Algorithm("AEAD_SM4_GCM".into())));
    }
}
