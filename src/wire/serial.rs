//! Serial numbers are numbers: neither case nor leading zeros tell two of them apart. The id of a public key is a
//! text, and every letter of it counts.

use std::fmt;

/// Every public-key id begins so; a serial number of a certificate is hexadecimal.
pub const PUBLIC_KEY_ID_PREFIX: &str = "PUB_KEY_ID_";

/// What names a key of WeChat Pay's or of the merchant's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(
    /// Upper-case digits without leading zeros; an id as it stands.
    String,
);

impl KeyId {
    /// A serial number, or the id of a public key.
    pub fn new(text: &str) -> KeyId {
        if is_number(text) {
            let digits = text.trim_start_matches('0');
            KeyId(if digits.is_empty() { "0".to_owned() } else { digits.to_ascii_uppercase() })
        } else {
            KeyId(text.to_owned())
        }
    }

    /// Whether it names a public key of WeChat Pay's and no certificate.
    pub fn is_public_key(&self) -> bool {
        self.0.starts_with(PUBLIC_KEY_ID_PREFIX)
    }
}

/// One 20-byte serial number in 256 begins with a zero byte, which some programs print and others do not.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl PartialEq<str> for KeyId {
    fn eq(&self, other: &str) -> bool {
        *self == KeyId::new(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_compared_as_numbers_and_ids_as_texts() {
        let same = |a: &str, b: &str| KeyId::new(a) == KeyId::new(b);
        assert!(same("00A1B2", "a1b2") && same("0a1", "A1") && same("0", "00"));
        assert!(!same("A10", "A1") && !same("1A", "A1"));
        assert!(same("PUB_KEY_ID_01", "PUB_KEY_ID_01"));
        assert!(!same("PUB_KEY_ID_01", "PUB_KEY_ID_1") && !same("PUB_KEY_ID_0a", "PUB_KEY_ID_0A"));
        assert!(!same("", "0") && !same("0xA1", "A1"));
    }
}
