//! The keys that verify WeChat Pay's answers, by serial number.

use super::keys::{Certificate, PublicKey};
use super::serial::KeyId;
pub use super::serial::PUBLIC_KEY_ID_PREFIX;
use std::collections::BTreeMap;

/// Any number of WeChat Pay public keys and platform certificates.
///
/// While a merchant changes from certificates to the public key, either may sign an answer, whatever the request asked for.
/// So the serial number in the answer decides.
#[derive(Debug, Clone)]
pub struct KeyRing {
    keys: BTreeMap<KeyId, Entry>,
    merchant: KeyId,
}

#[derive(Debug, Clone)]
struct Entry {
    /// The serial number as its source writes it.
    serial: String,
    key: PublicKey,
    /// Beginning of a certificate's validity, in seconds since 1970. `None` for a public key.
    since: Option<u64>,
}

impl KeyRing {
    /// An empty key ring of the merchant with that certificate serial number.
    pub fn new(merchant_serial: &str) -> KeyRing {
        KeyRing { keys: BTreeMap::new(), merchant: KeyId::new(merchant_serial) }
    }

    /// Adds a key under its id or serial number.
    pub fn insert(&mut self, serial: &str, key: PublicKey) {
        self.put(serial.to_owned(), key, None);
    }

    /// Adds a platform certificate.
    pub fn insert_certificate(&mut self, certificate: Certificate) {
        let Certificate { serial, key, since, .. } = certificate;
        self.put(serial, key, Some(since));
    }

    fn put(&mut self, serial: String, key: PublicKey, since: Option<u64>) {
        self.keys.insert(KeyId::new(&serial), Entry { serial, key, since });
    }

    /// The certificate that became valid last. It is the key to encrypt with when there is no public key.
    pub fn newest_certificate(&self) -> Option<(&str, &PublicKey)> {
        let newest = self.keys.values().max_by_key(|entry| entry.since);
        newest.filter(|entry| entry.since.is_some()).map(|entry| (entry.serial.as_str(), &entry.key))
    }

    /// The key with that id or serial number.
    pub fn get(&self, serial: &str) -> Option<&PublicKey> {
        self.keys.get(&KeyId::new(serial)).map(|entry| &entry.key)
    }

    /// Whether that is the serial number of the merchant's own certificate.
    pub fn is_merchant(&self, serial: &str) -> bool {
        self.merchant == *serial
    }

    /// Ids and serial numbers of all keys.
    pub fn serials(&self) -> impl Iterator<Item = &str> {
        self.keys.values().map(|entry| entry.serial.as_str())
    }

    /// Whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
