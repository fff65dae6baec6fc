//! RSA-OAEP with SHA-1 and MGF1-SHA-1, as the sensitive members of API version 3 are encrypted.

use super::{Decrypter, Encrypter};
use rsa::pkcs1::DecodeRsaPublicKey;
use sha1::Sha1;

/// WeChat Pay's public key. It is read for each text: hardly any request has one.
#[derive(Debug)]
pub struct RsaOaepEncrypter {
    pkcs1_der: Vec<u8>,
}

impl RsaOaepEncrypter {
    /// The key as PKCS#1, DER.
    pub fn new(pkcs1_der: Vec<u8>) -> RsaOaepEncrypter {
        RsaOaepEncrypter { pkcs1_der }
    }
}

impl Encrypter for RsaOaepEncrypter {
    fn encrypt(&self, text: &[u8]) -> Option<Vec<u8>> {
        rsa::PublicKey::from_pkcs1_der(&self.pkcs1_der).ok()?.oaep_encrypt::<Sha1>(text).ok()
    }
}

/// The merchant's private key; wipes itself. The provider that signs has no decryption.
pub struct RsaOaepDecrypter(rsa::PrivateKey);

impl RsaOaepDecrypter {
    /// The key.
    pub fn new(key: rsa::PrivateKey) -> RsaOaepDecrypter {
        RsaOaepDecrypter(key)
    }
}

impl std::fmt::Debug for RsaOaepDecrypter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RsaOaepDecrypter(…)")
    }
}

impl Decrypter for RsaOaepDecrypter {
    fn decrypt(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.0.oaep_decrypt::<Sha1>(text).ok()
    }
}
