//! What a signature was made with: the public key opens it, and the padding says which digest is inside.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use wxcoupon::wire::keys::{PublicKey, opened};

/// How a text was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    Sha256,
    Sha1,
    Sha224,
    Sha384,
    Sha512,
    Md5,
}

/// What is inside.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// A digest under PKCS#1 v1.5, which is what WeChat Pay verifies.
    Digest(Hash, Vec<u8>),
    /// Padding of RSASSA-PSS with SHA-256: digest and salt are behind it.
    Pss { digest: Vec<u8>, salt: Vec<u8> },
    /// Right padding, and no digest that is named: somebody signed without hashing.
    Bare,
}

/// The beginnings of `DigestInfo` (RFC 8017, 9.2), each followed by its digest.
const DIGESTS: [(Hash, &[u8], usize); 6] = [
    (Hash::Sha256, b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20", 32),
    (Hash::Sha1, b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14", 20),
    (Hash::Sha224, b"\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04\x1c", 28),
    (Hash::Sha384, b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30", 48),
    (Hash::Sha512, b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40", 64),
    (Hash::Md5, b"\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10", 16),
];

impl Hash {
    pub fn name(self) -> &'static str {
        match self {
            Hash::Sha256 => "SHA-256",
            Hash::Sha1 => "SHA-1",
            Hash::Sha224 => "SHA-224",
            Hash::Sha384 => "SHA-384",
            Hash::Sha512 => "SHA-512",
            Hash::Md5 => "MD5",
        }
    }

    /// The digest of a text.
    pub fn of(self, text: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha256 => Sha256::digest(text).to_vec(),
            Hash::Sha1 => Sha1::digest(text).to_vec(),
            Hash::Sha224 => Sha224::digest(text).to_vec(),
            Hash::Sha384 => Sha384::digest(text).to_vec(),
            Hash::Sha512 => Sha512::digest(text).to_vec(),
            Hash::Md5 => Md5::digest(text).to_vec(),
        }
    }
}

impl Content {
    /// Opens it. `None`: it was made with another key.
    pub fn of(key: &PublicKey, signature: &[u8]) -> Option<Content> {
        let block = opened(key, signature)?;
        under_pkcs1(&block).or_else(|| under_pss(&block))
    }

    /// How the text was hashed, and whether the padding is what WeChat Pay verifies.
    pub fn made_with(&self) -> &'static str {
        match self {
            Content::Digest(hash, _) => hash.name(),
            Content::Pss { .. } => "RSASSA-PSS",
            Content::Bare => "-",
        }
    }

    pub fn is_usual(&self) -> bool {
        matches!(self, Content::Digest(Hash::Sha256, _))
    }

    /// Whether it is a signature of that text.
    pub fn is_of(&self, text: &[u8]) -> bool {
        match self {
            Content::Digest(hash, digest) => hash.of(text) == *digest,
            Content::Pss { digest, salt } => {
                Sha256::digest([&[0; 8], Sha256::digest(text).as_slice(), salt].concat()).as_slice()
                    == digest.as_slice()
            }
            Content::Bare => false,
        }
    }
}

fn under_pkcs1(block: &[u8]) -> Option<Content> {
    let rest = block.strip_prefix(&[0, 1])?;
    let filled = rest.iter().take_while(|byte| **byte == 0xFF).count();
    let content = rest.get(filled..)?.strip_prefix(&[0])?;
    if filled < 8 {
        return None;
    }
    let digest = DIGESTS.iter().find_map(|(hash, begin, length)| {
        let digest = content.strip_prefix(*begin)?;
        (digest.len() == *length).then(|| Content::Digest(*hash, digest.to_vec()))
    });
    Some(digest.unwrap_or(Content::Bare))
}

/// EMSA-PSS with SHA-256 for the text and for the mask (RFC 8017, 9.1.2), with a salt of any length.
fn under_pss(block: &[u8]) -> Option<Content> {
    const DIGEST: usize = 32;
    let block = block.strip_suffix(&[0xBC])?;
    let (masked, digest) = block.split_at_checked(block.len().checked_sub(DIGEST)?)?;
    let blocks = (0_u32..).map(|count| Sha256::digest([digest, &count.to_be_bytes()].concat()));
    let mask = blocks.flat_map(|block| block.to_vec());
    let mut plain: Vec<u8> = masked.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    // A modulus is a whole number of bytes here, so the first bit is not part of it.
    *plain.first_mut()? &= 0x7F;
    let zeros = plain.iter().take_while(|byte| **byte == 0).count();
    let salt = plain.get(zeros..)?.strip_prefix(&[1])?;
    Some(Content::Pss { digest: digest.to_vec(), salt: salt.to_vec() })
}
