//! Verifying with RSA, in rustls' provider.

use super::Verifier;

/// An RSA public key.
#[derive(Debug)]
pub struct RsaVerifier {
    /// `RSAPublicKey` of PKCS#1, DER: what a certificate carries in its bit string.
    pkcs1_der: Vec<u8>,
}

impl RsaVerifier {
    /// The key in that form.
    pub fn new(pkcs1_der: Vec<u8>) -> RsaVerifier {
        RsaVerifier { pkcs1_der }
    }
}

impl Verifier for RsaVerifier {
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        crate::crypto::provider()
            .signature_verification_algorithms
            .mapping
            .iter()
            .filter(|(scheme, _)| *scheme == rustls::SignatureScheme::RSA_PKCS1_SHA256)
            .flat_map(|(_, algorithms)| algorithms.iter())
            .any(|algorithm| algorithm.verify_signature(&self.pkcs1_der, message, signature).is_ok())
    }
}
