//! Serial numbers are compared as numbers: case and leading zeros do not matter. The id of a public key is a text, and every
//! letter matters.

use crate::redact::Quoted;
use std::fmt;

/// Every public-key id begins like this. A serial number of a certificate is hexadecimal.
pub const PUBLIC_KEY_ID_PREFIX: &str = "PUB_KEY_ID_";

/// The name of a key of WeChat Pay or of the merchant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(
    /// Upper-case digits without leading zeros. An id unchanged.
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

    /// Whether it names a public key of WeChat Pay, and not a certificate.
    pub fn is_public_key(&self) -> bool {
        self.0.starts_with(PUBLIC_KEY_ID_PREFIX)
    }
}

/// An unverified serial number for a message. Anything may stand in its place.
#[derive(Debug)]
pub struct DisplaySerial<'a>(pub &'a str);

impl fmt::Display for DisplaySerial<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.0.strip_prefix(PUBLIC_KEY_ID_PREFIX).unwrap_or(self.0);
        if self.0.len() <= LONGEST_SHOWN && is_number(id) {
            return formatter.write_str(self.0);
        }
        let beginning: String = self.0.chars().take(LONGEST_SHOWN).collect();
        Quoted(&beginning).fmt(formatter)
    }
}

/// Longest serial number that is shown whole, in characters.
const LONGEST_SHOWN: usize = 64;

/// Of 256 serial numbers one begins with a zero byte, which some programs print and others do not.
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
    fn a_message_repeats_what_may_be_a_serial_number_and_of_others_a_part() {
        for fine in ["5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "PUB_KEY_ID_0114232134912410000000000000"] {
            assert_eq!(DisplaySerial(fine).to_string(), fine);
        }
        assert_eq!(DisplaySerial("mine").to_string(), "\"mine\"");
        for odd in ["1\n2", "-----BEGIN", &"A1".repeat(40)] {
            let told = DisplaySerial(odd).to_string();
            assert!(told.starts_with("a text of ") && !told.contains(odd), "{told}");
        }
    }

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
