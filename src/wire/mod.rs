//! The signature scheme of WeChat Pay's API version 3. Knows no HTTP library and no network.
//!
//! Private and public RSA operations run in rustls' cryptography provider, which TLS uses too: `ring`, or
//! AWS-LC with the feature `aws-lc-rs`. The `rsa` crate reads keys.

pub mod certificates;
pub mod cipher;
pub mod keys;
pub mod notification;
pub mod ring;
pub mod sign;
pub mod verify;

use once_cell::sync::Lazy;
use rustls::crypto::CryptoProvider;
use std::sync::Arc;

#[cfg(feature = "aws-lc-rs")]
use rustls::crypto::aws_lc_rs as backend;
#[cfg(not(feature = "aws-lc-rs"))]
use rustls::crypto::ring as backend;

/// The one place that chooses the cryptography.
pub fn provider() -> &'static Arc<CryptoProvider> {
    static PROVIDER: Lazy<Arc<CryptoProvider>> = Lazy::new(|| Arc::new(backend::default_provider()));
    &PROVIDER
}

/// Upper-case hexadecimal, as WeChat Pay writes serial numbers and nonces.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| DIGITS.get(usize::from(value)).map_or('0', |digit| char::from(*digit));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
