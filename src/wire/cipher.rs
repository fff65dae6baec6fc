//! What WeChat Pay seals: notifications and platform certificates with AES-256-GCM under the APIv3 key, single
//! sensitive members with RSA-OAEP.

use super::keys::{PrivateKey, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

/// The only algorithm that `algorithm` names.
pub const ALGORITHM: &str = "AEAD_AES_256_GCM";

/// A sealed text as it stands in certificates and notifications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// [`ALGORITHM`].
    pub algorithm: String,
    /// Base64 of the ciphertext and the 16 bytes of its tag.
    pub ciphertext: String,
    /// Its bytes are authenticated too; may be missing or empty.
    #[serde(default)]
    pub associated_data: String,
    /// Its twelve bytes are used as they stand.
    pub nonce: String,
}

/// Why a sealed text stays shut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Shut {
    /// Another algorithm.
    #[error("the algorithm is {0:?}, expected {ALGORITHM}")]
    Algorithm(String),
    /// The Base64 or the nonce is damaged.
    #[error("its {0} is malformed")]
    Malformed(&'static str),
    /// Another key, or changed on the way.
    #[error("it was not sealed with this key, or was changed")]
    Wrong,
}

/// Opens a sealed text with the 32 bytes of the APIv3 key.
pub fn open(apiv3_key: &[u8], sealed: &Sealed) -> Result<Vec<u8>, Shut> {
    if sealed.algorithm != ALGORITHM {
        return Err(Shut::Algorithm(sealed.algorithm.chars().take(64).collect()));
    }
    let key = UnboundKey::new(&AES_256_GCM, apiv3_key).map_err(|_| Shut::Wrong)?;
    let nonce: [u8; NONCE_LEN] = sealed.nonce.as_bytes().try_into().map_err(|_| Shut::Malformed("nonce"))?;
    let mut text = BASE64.decode(&sealed.ciphertext).map_err(|_| Shut::Malformed("ciphertext"))?;
    let aad = Aad::from(sealed.associated_data.as_bytes());
    let opened = LessSafeKey::new(key)
        .open_in_place(Nonce::assume_unique_for_key(nonce), aad, &mut text)
        .map_err(|_| Shut::Wrong)?
        .len();
    text.truncate(opened);
    Ok(text)
}

/// A sensitive member for WeChat Pay's eyes: Base64 of RSA-OAEP. Nothing where the text is too long for the
/// key (214 bytes for 2048 bits).
pub fn encrypt(key: &PublicKey, plain: &str) -> Option<String> {
    key.encrypt(plain.as_bytes()).map(|text| BASE64.encode(text))
}

/// A member that WeChat Pay encrypted for the merchant certificate. Nothing where it is not that.
pub fn decrypt(key: &PrivateKey, encrypted: &str) -> Option<String> {
    String::from_utf8(key.decrypt(&BASE64.decode(encrypted).ok()?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789ABCDEF";

    fn sealed(plain: &str, associated_data: &str) -> Sealed {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, KEY).unwrap());
        let mut text = plain.as_bytes().to_vec();
        let nonce = Nonce::assume_unique_for_key(*b"j9g1wAzF9Xn1");
        key.seal_in_place_append_tag(nonce, Aad::from(associated_data.as_bytes()), &mut text).unwrap();
        Sealed {
            algorithm: ALGORITHM.into(),
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
        assert_eq!(open(KEY, &changed), Err(Shut::Wrong));
        assert_eq!(open(b"0123456789abcdef0123456789ABCDEf", &right), Err(Shut::Wrong));
        assert_eq!(open(b"short", &right), Err(Shut::Wrong));
        let nonce = Sealed { nonce: "short".into(), ..right.clone() };
        assert_eq!(open(KEY, &nonce), Err(Shut::Malformed("nonce")));
        let text = Sealed { ciphertext: "xxx".into(), ..right.clone() };
        assert_eq!(open(KEY, &text), Err(Shut::Malformed("ciphertext")));
        let short = Sealed { ciphertext: BASE64.encode("short"), ..right.clone() };
        assert_eq!(open(KEY, &short), Err(Shut::Wrong));
        let other = Sealed { algorithm: "AEAD_SM4_GCM".into(), ..right };
        assert_eq!(open(KEY, &other), Err(Shut::Algorithm("AEAD_SM4_GCM".into())));
    }
}
