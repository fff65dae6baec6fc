//! Signing with RSA, by rustls' provider. It is several times faster than the `rsa` crate, which only reads the key.

use super::Signer;
use crate::error::{Error, Result};
use crate::status::Code;
use crate::wire::algorithm::Algorithm;
use rsa::pkcs8::EncodePrivateKey;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// An RSA key that is ready to sign.
pub struct RsaSigner(Box<dyn rustls::sign::Signer>);

impl std::fmt::Debug for RsaSigner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RsaSigner(…)")
    }
}

impl RsaSigner {
    /// Loads the key into the provider.
    pub fn new(key: &rsa::PrivateKey) -> Result<RsaSigner> {
        let unusable = |error: String| Error::new(Code::Key, format!("the private key cannot sign: {error}"));
        let der = key.to_pkcs8_der().map_err(|error| unusable(error.to_string()))?;
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der.as_bytes().to_vec()));
        let provider = crate::crypto::provider();
        let key = provider.key_provider.load_private_key(der).map_err(|error| unusable(error.to_string()))?;
        key.choose_scheme(&[rustls::SignatureScheme::RSA_PKCS1_SHA256])
            .map(RsaSigner)
            .ok_or_else(|| unusable("not an RSA key".into()))
    }
}

impl Signer for RsaSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RsaSha256
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        self.0.sign(message).map_err(|error| Error::new(Code::Internal, format!("signing failed: {error}")))
    }
}
