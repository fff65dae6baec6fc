//! RSA-OAEP with SHA-1 and MGF1-SHA-1, as the sensitive members of API version 3 are encrypted.

use super::{Decrypter, Encrypter};
use crate::system;
use rsa::BoxedUint;
use rsa::hazmat::rsa_decrypt_and_check;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::traits::PublicKeyParts;
use sha1::{Digest, Sha1};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

/// Length of a SHA-1 digest, and of the seed.
const DIGEST: usize = 20;

/// WeChat Pay's public key. It is parsed for each text, because hardly any request needs it.
#[derive(Debug)]
pub struct RsaOaepEncrypter {
    pkcs1_der: Vec<u8>,
}

impl RsaOaepEncrypter {
    /// The key as PKCS#1, DER.
    pub fn new(pkcs1_der: Vec<u8>) -> RsaOaepEncrypter {
        RsaOaepEncrypter { pkcs1_der }
    }
}

impl Encrypter for RsaOaepEncrypter {
    fn encrypt(&self, text: &[u8]) -> Option<Vec<u8>> {
        rsa::PublicKey::from_pkcs1_der(&self.pkcs1_der).ok()?.oaep_encrypt::<Sha1>(text).ok()
    }
}

/// The merchant's private key, which is zeroised on drop. The provider that signs has no decryption.
///
/// The padding is checked here, because the crate does not check its first byte.
pub struct RsaOaepDecrypter(rsa::PrivateKey);

impl RsaOaepDecrypter {
    /// The key.
    pub fn new(key: rsa::PrivateKey) -> RsaOaepDecrypter {
        RsaOaepDecrypter(key)
    }
}

impl std::fmt::Debug for RsaOaepDecrypter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RsaOaepDecrypter(…)")
    }
}

impl Decrypter for RsaOaepDecrypter {
    fn decrypt(&self, text: &[u8]) -> Option<Vec<u8>> {
        let size = self.0.size();
        // The length is no secret.
        if text.len() != size {
            return None;
        }
        let number = BoxedUint::from_be_slice(text, self.0.n_bits_precision()).ok()?;
        let number = rsa_decrypt_and_check(&self.0, Some(&mut Blinding), &number).ok()?;
        let bytes = Zeroizing::new(number.to_be_bytes());
        let mut padded = Zeroizing::new(bytes.get(bytes.len().checked_sub(size)?..)?.to_vec());
        unpadded(&mut padded)
    }
}

/// Removes the padding (RFC 8017, 7.1.2). Every failure looks the same and takes the same time.
fn unpadded(padded: &mut [u8]) -> Option<Vec<u8>> {
    let (first, rest) = padded.split_first_mut()?;
    let (seed, block) = rest.split_at_mut_checked(DIGEST)?;
    mask(seed, block);
    mask(block, seed);
    let (digest, message) = block.split_at_checked(DIGEST)?;

    // Zeros, a one, the text.
    let mut is_right = first.ct_eq(&0) & digest.ct_eq(Sha1::digest(b"").as_slice());
    let (mut is_before, mut begin) = (Choice::from(1), 0_u32);
    for (index, byte) in (1_u32..).zip(message) {
        let is_one = byte.ct_eq(&1);
        begin.conditional_assign(&index, is_before & is_one);
        is_right &= !is_before | is_one | byte.ct_eq(&0);
        is_before &= !is_one;
    }
    is_right &= !is_before;
    if bool::from(is_right) { Some(message.get(usize::try_from(begin).ok()?..)?.to_vec()) } else { None }
}

/// Exclusive or with what MGF1 makes of the seed.
fn mask(target: &mut [u8], seed: &[u8]) {
    for (counter, chunk) in (0_u32..).zip(target.chunks_mut(DIGEST)) {
        let digest = Sha1::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize();
        chunk.iter_mut().zip(digest).for_each(|(byte, mask)| *byte ^= mask);
    }
}

/// Random numbers for RSA blinding, which hides the key from timing attacks.
struct Blinding;

/// The system gives no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
struct NoRandom;

impl TryRng for Blinding {
    type Error = NoRandom;

    fn try_next_u32(&mut self) -> Result<u32, NoRandom> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, NoRandom> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_ne_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), NoRandom> {
        if system::random(bytes) { Ok(()) } else { Err(NoRandom) }
    }
}

impl TryCryptoRng for Blinding {}
