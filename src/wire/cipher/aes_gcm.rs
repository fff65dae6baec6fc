//! AES-256-GCM: certificates and notifications.

use super::Cipher;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// AES-256-GCM with the tag behind the text.
#[derive(Debug)]
pub struct Aes256Gcm;

impl Cipher for Aes256Gcm {
    fn name(&self) -> &'static str {
        "AEAD_AES_256_GCM"
    }

    fn nonce_len(&self) -> usize {
        NONCE_LEN
    }

    fn open(&self, key: &[u8], nonce: &[u8], associated_data: &[u8], mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = key.open_in_place(nonce, Aad::from(associated_data), &mut sealed).ok()?.len();
        sealed.truncate(opened);
        Some(sealed)
    }
}
