//! Chooses the cryptography: rustls' provider, for signing, verifying, TLS and random numbers. It is `ring`, or AWS-LC with
//! the feature `aws-lc-rs`.

use once_cell::sync::Lazy;
use rustls::crypto::CryptoProvider;
use std::sync::Arc;

#[cfg(feature = "aws-lc-rs")]
use rustls::crypto::aws_lc_rs as backend;
#[cfg(not(feature = "aws-lc-rs"))]
use rustls::crypto::ring as backend;

/// The provider.
pub fn provider() -> &'static Arc<CryptoProvider> {
    static PROVIDER: Lazy<Arc<CryptoProvider>> = Lazy::new(|| Arc::new(backend::default_provider()));
    &PROVIDER
}
