//! What travels encrypted, seen from the client's side.

use openssl::base64::{decode_block, encode_block};
use openssl::pkey::{PKey, Private, Public};
use openssl::rsa::Padding;
use openssl::symm::{Cipher, decrypt_aead};
use serde_json::Value;

/// Opens an encrypted resource; `None` if key or ciphertext are wrong.
pub fn open(resource: &Value, key: &str) -> Option<Vec<u8>> {
    assert_eq!(resource["algorithm"], "AEAD_AES_256_GCM");
    let text = |name: &str| resource[name].as_str().unwrap();
    assert_eq!(text("nonce").len(), 12);
    let bytes = decode_block(text("ciphertext")).unwrap();
    let (body, tag) = bytes.split_at(bytes.len() - 16);
    let (nonce, aad) = (text("nonce").as_bytes(), text("associated_data").as_bytes());
    decrypt_aead(Cipher::aes_256_gcm(), key.as_bytes(), Some(nonce), aad, body, tag).ok()
}

/// RSA-OAEP with SHA-1.
pub fn encrypt(key: &PKey<Public>, plain: &str) -> String {
    let mut sealed = vec![0; 256];
    let length = key.rsa().unwrap().public_encrypt(plain.as_bytes(), &mut sealed, Padding::PKCS1_OAEP);
    assert_eq!(length.unwrap(), 256);
    encode_block(&sealed)
}

pub fn decrypt(key: &PKey<Private>, sealed: &str) -> String {
    let sealed = decode_block(sealed).unwrap();
    let mut plain = vec![0; 256];
    let length = key.rsa().unwrap().private_decrypt(&sealed, &mut plain, Padding::PKCS1_OAEP).unwrap();
    plain.truncate(length);
    String::from_utf8(plain).unwrap()
}
