//! The keys that prove WeChat Pay's answers, by serial number.

use super::keys::{Certificate, PublicKey};
use std::collections::BTreeMap;

/// Every public-key id begins so; a serial number of a certificate is hexadecimal.
pub const PUBLIC_KEY_ID_PREFIX: &str = "PUB_KEY_ID_";

/// Any number of WeChat Pay public keys and platform certificates.
///
/// While a merchant moves from one to the other, answers are signed by either, whatever the request asked
/// for: the answer's serial decides.
#[derive(Debug, Default, Clone)]
pub struct KeyRing {
    keys: BTreeMap<String, Entry>,
    merchant_serial: String,
}

#[derive(Debug, Clone)]
struct Entry {
    key: PublicKey,
    /// Beginning of a certificate's validity, in seconds since 1970; nothing for a public key.
    since: Option<u64>,
}

impl KeyRing {
    /// An empty ring of the merchant with that certificate serial.
    pub fn new(merchant_serial: &str) -> KeyRing {
        KeyRing { keys: BTreeMap::new(), merchant_serial: merchant_serial.to_ascii_uppercase() }
    }

    /// Adds a key under its id or serial number.
    pub fn insert(&mut self, serial: &str, key: PublicKey) {
        self.keys.insert(serial.to_ascii_uppercase(), Entry { key, since: None });
    }

    /// Adds a platform certificate.
    pub fn insert_certificate(&mut self, certificate: Certificate) {
        let Certificate { serial, key, since, .. } = certificate;
        self.keys.insert(serial, Entry { key, since: Some(since) });
    }

    /// The key to encrypt with when there is no public key: the certificate that became valid last.
    pub fn newest_certificate(&self) -> Option<(&str, &PublicKey)> {
        let newest = self.keys.iter().max_by_key(|(_, entry)| entry.since);
        newest.filter(|(_, entry)| entry.since.is_some()).map(|(serial, entry)| (serial.as_str(), &entry.key))
    }

    /// The key with that id or serial number.
    pub fn get(&self, serial: &str) -> Option<&PublicKey> {
        self.keys.get(&serial.to_ascii_uppercase()).map(|entry| &entry.key)
    }

    /// Whether that is the serial number of the merchant's own certificate.
    pub fn is_merchant(&self, serial: &str) -> bool {
        serial.eq_ignore_ascii_case(&self.merchant_serial)
    }

    /// Ids and serial numbers of all keys.
    pub fn serials(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    /// Whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
