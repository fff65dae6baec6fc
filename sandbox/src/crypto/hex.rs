//! Hexadecimal digits.

use std::fmt::Write as _;

/// In upper case.
pub(crate) fn upper(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}
