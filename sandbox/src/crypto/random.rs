//! Random texts.

use openssl::error::ErrorStack;
use openssl::rand::rand_bytes;

fn pick(alphabet: &[u8], length: usize) -> Result<String, ErrorStack> {
    let mut bytes = vec![0_u8; length];
    rand_bytes(&mut bytes)?;
    Ok(bytes
        .iter()
        .filter_map(|byte| alphabet.get(usize::from(*byte) % alphabet.len()))
        .map(|letter| char::from(*letter))
        .collect())
}

/// Letters and digits.
pub(crate) fn alphanumeric(length: usize) -> Result<String, ErrorStack> {
    pick(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", length)
}

/// Decimal digits.
pub(crate) fn digits(length: usize) -> Result<String, ErrorStack> {
    pick(b"0123456789", length)
}

/// Upper-case hexadecimal digits.
pub(crate) fn upper_hex(length: usize) -> Result<String, ErrorStack> {
    pick(b"0123456789ABCDEF", length)
}
