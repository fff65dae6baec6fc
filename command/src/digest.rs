//! SHA-256 as people compare it.

use sha2::{Digest as _, Sha256};
pub use wxcoupon::hex::lower as hex;

/// In lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
