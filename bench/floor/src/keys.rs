//! One RSA signature and one verification, as fast as each package does them.

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use std::error::Error;
use std::path::Path;

/// What stands before the RSA key in the public key of 2048 bits.
const SPKI_PREFIX: usize = 24;
/// Of RSA with 2048 bits.
pub const SIGNATURE: usize = 256;

pub trait Keys: Send + Sync {
    fn sign(&self, message: &[u8], signature: &mut [u8; SIGNATURE]);
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool;
    fn fill(&self, random: &mut [u8]);
}

struct Ring {
    private: ring::signature::RsaKeyPair,
    public: ring::signature::UnparsedPublicKey<Vec<u8>>,
    random: ring::rand::SystemRandom,
}

impl Keys for Ring {
    fn sign(&self, message: &[u8], signature: &mut [u8; SIGNATURE]) {
        self.private
            .sign(&ring::signature::RSA_PKCS1_SHA256, &self.random, message, signature)
            .expect("a key of 2048 bits signs");
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.public.verify(message, signature).is_ok()
    }

    fn fill(&self, random: &mut [u8]) {
        ring::rand::SecureRandom::fill(&self.random, random).expect("the system has random numbers");
    }
}

struct AwsLc {
    private: aws_lc_rs::signature::RsaKeyPair,
    public: aws_lc_rs::signature::ParsedPublicKey,
    random: aws_lc_rs::rand::SystemRandom,
}

impl Keys for AwsLc {
    fn sign(&self, message: &[u8], signature: &mut [u8; SIGNATURE]) {
        self.private
            .sign(&aws_lc_rs::signature::RSA_PKCS1_SHA256, &self.random, message, signature)
            .expect("a key of 2048 bits signs");
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.public.verify_sig(message, signature).is_ok()
    }

    fn fill(&self, random: &mut [u8]) {
        aws_lc_rs::rand::SecureRandom::fill(&self.random, random).expect("the system has random numbers");
    }
}

/// The keys, and the same package as TLS uses it.
pub fn load(
    package: &str,
    private: &Path,
    public: &Path,
) -> Result<(Box<dyn Keys>, CryptoProvider), Box<dyn Error>> {
    let private = PrivatePkcs8KeyDer::from_pem_file(private)?;
    let public = SubjectPublicKeyInfoDer::from_pem_file(public)?;
    let (private, public) = (private.secret_pkcs8_der(), &public[SPKI_PREFIX..]);
    Ok(match package {
        "ring" => (
            Box::new(Ring {
                private: ring::signature::RsaKeyPair::from_pkcs8(private)
                    .map_err(|error| error.to_string())?,
                public: ring::signature::UnparsedPublicKey::new(
                    &ring::signature::RSA_PKCS1_2048_8192_SHA256,
                    public.to_vec(),
                ),
                random: ring::rand::SystemRandom::new(),
            }),
            rustls::crypto::ring::default_provider(),
        ),
        "aws-lc" => (
            Box::new(AwsLc {
                private: aws_lc_rs::signature::RsaKeyPair::from_pkcs8(private)
                    .map_err(|error| error.to_string())?,
                public: aws_lc_rs::signature::ParsedPublicKey::new(
                    &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256,
                    public,
                )
                .map_err(|error| error.to_string())?,
                random: aws_lc_rs::rand::SystemRandom::new(),
            }),
            rustls::crypto::aws_lc_rs::default_provider(),
        ),
        other => return Err(format!("no package {other}: ring or aws-lc").into()),
    })
}
