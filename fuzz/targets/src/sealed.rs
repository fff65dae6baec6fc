//! What WeChat Pay seals and signs, made with the keys of the bench.

use crate::bench::{APIV3_KEY, NOW_S, PUBLIC_KEY_ID, THEIRS};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};
use wxcoupon::wire::verify;

const NONCE: &str = "j9g1wAzF9Xn1";

/// A sealed text, as it stands in notifications and lists of certificates.
pub fn seal(plain: &[u8], associated_data: &str) -> Value {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, APIV3_KEY.as_bytes()).unwrap());
    let mut text = plain.to_vec();
    let nonce = Nonce::assume_unique_for_key(*NONCE.as_bytes().first_chunk().unwrap());
    key.seal_in_place_append_tag(nonce, Aad::from(associated_data.as_bytes()), &mut text).unwrap();
    json!({
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": BASE64.encode(text),
        "associated_data": associated_data,
        "nonce": NONCE,
    })
}

/// The signature headers of a body, so many seconds off.
pub fn signature(body: &[u8], off_s: i64) -> [(&'static str, String); 4] {
    let timestamp = i64::try_from(NOW_S).unwrap().saturating_add(off_s).to_string();
    let nonce = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS";
    let signature = BASE64.encode(THEIRS.signature(&verify::message(&timestamp, nonce, body)));
    [
        ("Wechatpay-Timestamp", timestamp),
        ("Wechatpay-Nonce", nonce.into()),
        ("Wechatpay-Signature", signature),
        ("Wechatpay-Serial", PUBLIC_KEY_ID.into()),
    ]
}
