//! What travels encrypted: resources under the APIv3 key, fields under RSA.

use openssl::base64::{decode_block, encode_block};
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private, Public};
use openssl::rsa::Padding;
use openssl::symm::{Cipher, encrypt_aead};
use serde_json::{Value, json};

use crate::crypto::random;

/// How the encryption of a resource is spoiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EncryptionFault {
    /// It is done under a key nobody has.
    WrongKey,
    /// The ciphertext is damaged.
    Damaged,
}

const TAG_BYTES: usize = 16;
const NONCE_LETTERS: usize = 12;

/// Encrypts under a 32-character key; the members every encrypted resource
/// has. `fault` may spoil it.
pub(crate) fn resource(
    key: &str,
    associated_data: &str,
    plain: &[u8],
    fault: Option<EncryptionFault>,
) -> Result<Value, ErrorStack> {
    let stranger;
    let key = if fault == Some(EncryptionFault::WrongKey) {
        stranger = random::alphanumeric(32)?;
        stranger.as_str()
    } else {
        key
    };
    let nonce = random::alphanumeric(NONCE_LETTERS)?;
    let mut tag = [0_u8; TAG_BYTES];
    let mut encrypted = encrypt_aead(
        Cipher::aes_256_gcm(),
        key.as_bytes(),
        Some(nonce.as_bytes()),
        associated_data.as_bytes(),
        plain,
        &mut tag,
    )?;
    encrypted.extend_from_slice(&tag);
    if let (Some(EncryptionFault::Damaged), Some(first)) = (fault, encrypted.first_mut()) {
        *first ^= 1;
    }
    Ok(json!({
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": nonce,
        "associated_data": associated_data,
        "ciphertext": encode_block(&encrypted),
    }))
}

/// RSA-OAEP with SHA-1, Base64.
pub(crate) fn encrypt_field(key: &PKey<Public>, plain: &[u8]) -> Result<String, ErrorStack> {
    let rsa = key.rsa()?;
    let mut encrypted = vec![0_u8; usize::try_from(rsa.size()).unwrap_or_default()];
    let length = rsa.public_encrypt(plain, &mut encrypted, Padding::PKCS1_OAEP)?;
    encrypted.truncate(length);
    Ok(encode_block(&encrypted))
}

/// Undoes [`encrypt_field`]; `None` for whatever does not decrypt to a text.
pub(crate) fn decrypt_field(key: &PKey<Private>, encrypted: &str) -> Option<String> {
    let encrypted = decode_block(encrypted).ok()?;
    let rsa = key.rsa().ok()?;
    let mut plain = vec![0_u8; usize::try_from(rsa.size()).ok()?];
    let length = rsa.private_decrypt(&encrypted, &mut plain, Padding::PKCS1_OAEP).ok()?;
    plain.truncate(length);
    String::from_utf8(plain).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::crypto::certificates;
    use openssl::symm::decrypt_aead;

    const KEY: &str = "0123456789abcdef0123456789ABCDEF";

    fn decrypt(encrypted: &Value) -> Option<Vec<u8>> {
        let text = |name: &str| encrypted.get(name).and_then(Value::as_str).unwrap_or_default();
        let bytes = decode_block(text("ciphertext")).ok()?;
        let (body, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        let (nonce, aad) = (text("nonce").as_bytes(), text("associated_data").as_bytes());
        decrypt_aead(Cipher::aes_256_gcm(), KEY.as_bytes(), Some(nonce), aad, body, tag).ok()
    }

    #[test]
    fn resources_open_with_the_right_key_unless_spoiled() {
        assert_eq!(decrypt(&resource(KEY, "aad", b"text", None).unwrap()).unwrap(), b"text");
        for fault in [EncryptionFault::WrongKey, EncryptionFault::Damaged] {
            assert_eq!(decrypt(&resource(KEY, "aad", b"text", Some(fault)).unwrap()), None, "{fault:?}");
        }
    }

    #[test]
    fn fields_go_there_and_back() {
        let key = certificates::rsa_key().unwrap();
        let public = PKey::public_key_from_pem(&key.public_key_to_pem().unwrap()).unwrap();
        let encrypted = encrypt_field(&public, "券".as_bytes()).unwrap();
        assert_eq!(decrypt_field(&key, &encrypted).unwrap(), "券");
        assert_eq!(decrypt_field(&certificates::rsa_key().unwrap(), &encrypted), None);
        assert_eq!(decrypt_field(&key, "????"), None);
    }
}
