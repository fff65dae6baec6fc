//! What is inside a signature, for whoever has the public key.

use openssl::base64::decode_block;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{PKey, Public};
use openssl::rsa::Padding;

use super::signed_text::hex;

/// Bytes of a signature of a 2048-bit key.
const SIGNATURE: usize = 256;
/// The hash, and what stands before it in a signature.
const PREFIXES: [(&str, &[u8]); 6] = [
    (
        "SHA-256",
        &[0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20],
    ),
    ("SHA-1", &[0x30, 0x21, 0x30, 0x09, 0x06, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14]),
    ("MD5", &[0x30, 0x20, 0x30, 0x0c, 0x06, 8, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5, 5, 0, 4, 0x10]),
    (
        "SHA-224",
        &[0x30, 0x2d, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 2, 4, 5, 0, 4, 0x1c],
    ),
    (
        "SHA-384",
        &[0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 2, 2, 5, 0, 4, 0x30],
    ),
    (
        "SHA-512",
        &[0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 2, 3, 5, 0, 4, 0x40],
    ),
];

/// What a signature shows to whoever has the public key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    NotBase64,
    WrongLength(usize),
    /// It was not made with the private key that belongs to this public key.
    OtherKey,
    /// The name of the hash, and its digits.
    Hash(&'static str, String),
    /// The right key, but not the way of signing: its name, and what was found: names and digits only.
    OtherWay(&'static str, String),
}

pub(super) fn open(signature: &str, key: &PKey<Public>) -> Opened {
    // OpenSSL's decoder would pass over white space.
    let Some(mut bytes) =
        decode_block(signature).ok().filter(|_| signature.bytes().all(|b| b.is_ascii_graphic()))
    else {
        return Opened::NotBase64;
    };
    if bytes.len() != SIGNATURE {
        return Opened::WrongLength(bytes.len());
    }
    let opened = look(&bytes, key);
    if opened != Opened::OtherKey {
        return opened;
    }
    // As some cryptographic interfaces of Windows give them.
    bytes.reverse();
    match look(&bytes, key) {
        Opened::OtherKey => Opened::OtherKey,
        Opened::Hash(name, digits) => Opened::OtherWay("reversed", format!("{name} {digits}")),
        other => other,
    }
}

fn look(bytes: &[u8], key: &PKey<Public>) -> Opened {
    let mut block = vec![0; SIGNATURE];
    let opened = key.rsa().and_then(|rsa| rsa.public_decrypt(bytes, &mut block, Padding::NONE));
    if opened.ok() != Some(SIGNATURE) {
        return Opened::OtherKey;
    }
    if let Some(inside) = unpadded(&block) {
        let found = PREFIXES.iter().find_map(|(name, prefix)| Some((*name, inside.strip_prefix(*prefix)?)));
        if let Some((name, hash)) = found {
            return Opened::Hash(name, hex(hash));
        }
        let shown = hex(inside.get(..64).unwrap_or(inside));
        return Opened::OtherWay("no_digest_info", shown);
    }
    let pss = [
        ("SHA-256", MessageDigest::sha256()),
        ("SHA-1", MessageDigest::sha1()),
        ("SHA-384", MessageDigest::sha384()),
        ("SHA-512", MessageDigest::sha512()),
    ];
    let name = pss.into_iter().find_map(|(name, digest)| is_pss(&block, digest).then_some(name));
    name.map_or(Opened::OtherKey, |name| Opened::OtherWay("pss", format!("RSASSA-PSS, {name}")))
}

/// What stands behind `00 01 FF … FF 00`.
fn unpadded(block: &[u8]) -> Option<&[u8]> {
    let rest = block.strip_prefix(&[0, 1])?;
    let padding = rest.iter().take_while(|byte| **byte == 0xff).count();
    rest.get(padding..)?.strip_prefix(&[0]).filter(|_| padding >= 8)
}

/// The form of RFC 8017, 9.1.1.
fn is_pss(block: &[u8], digest: MessageDigest) -> bool {
    let size = digest.size();
    let Some((masked, rest)) = block.split_at_checked(SIGNATURE - size - 1) else { return false };
    let Some((&[0xbc], seed)) = rest.split_last_chunk::<1>().map(|(seed, last)| (last, seed)) else {
        return false;
    };
    let mut mask = Vec::new();
    let mut counter: u32 = 0;
    while mask.len() < masked.len() {
        let Ok(part) = hash(digest, &[seed, &counter.to_be_bytes()[..]].concat()) else { return false };
        mask.extend_from_slice(&part);
        counter += 1;
    }
    let mut plain: Vec<u8> = masked.iter().zip(&mask).map(|(one, other)| one ^ other).collect();
    if let Some(first) = plain.first_mut() {
        *first &= 0x7f;
    }
    // Zeros, 01, the salt. Where it is as long as can be, there are no zeros: another key leads to that once in 30 000 times.
    let zeros = plain.iter().take_while(|byte| **byte == 0).count();
    plain.get(zeros) == Some(&1) && (zeros >= 8 || zeros == 0 && digest == MessageDigest::sha256())
}
