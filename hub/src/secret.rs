//! Keys of 32 bytes, what is made with them, and random numbers.

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt;
pub use wxcoupon::hex::lower as hex;
use zeroize::Zeroizing;

/// Length of every key.
pub const KEY_BYTES: usize = 32;

/// A secret of 32 bytes. It is wiped from memory, and in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// The system has no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandom;

/// Random bytes.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandom)?;
    Ok(bytes)
}

impl Key {
    /// A new one.
    pub fn random() -> Result<Key, NoRandom> {
        random().map(Key::of)
    }

    /// These bytes.
    pub fn of(bytes: [u8; KEY_BYTES]) -> Key {
        Key(Zeroizing::new(bytes))
    }

    /// `None`: not 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Key> {
        bytes.try_into().ok().map(Key::of)
    }

    /// The bytes, for sealing.
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// HMAC-SHA256 of a text.
    pub fn mac(&self, text: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &*self.0), text);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    /// Whether a MAC is right. It takes the same time for every wrong one.
    pub fn proves(&self, text: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &*self.0), text, mac).is_ok()
    }

    /// The key that a text leads to.
    pub fn derived(&self, text: &[u8]) -> Key {
        Key::of(self.mac(text))
    }
}

/// SHA-256.
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    digest
}

/// `None`: not hexadecimal.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some((nibble(*high)? << 4) | nibble(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2, with its key filled up to a whole key: HMAC pads short keys with zeros.
    #[test]
    fn the_mac_is_hmac_sha256() {
        let mut bytes = [0; KEY_BYTES];
        bytes[..4].copy_from_slice(b"Jefe");
        let key = Key::from_bytes(&bytes).unwrap();
        let mac = key.mac(b"what do ya want for nothing?");
        assert_eq!(hex(&mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(key.proves(b"what do ya want for nothing?", &mac));
        assert!(!key.proves(b"what do ya want for nothing!", &mac));
        assert!(!key.proves(b"what do ya want for nothing?", &mac[..31]));
        assert_eq!(format!("{key:?}"), "Key");
    }

    #[test]
    fn hexadecimal_goes_both_ways() {
        assert_eq!(unhex("00ff1a").map(|bytes| hex(&bytes)).as_deref(), Some("00ff1a"));
        assert_eq!(unhex("0"), None);
        assert_eq!(unhex("0g"), None);
        assert_eq!(unhex("é"), None);
    }
}
