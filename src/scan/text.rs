//! What a scanned text can be read as. Nowhere else is a code changed before it is used.

/// What scanners append, by their settings.
const APPENDED: [char; 3] = ['\r', '\n', '\t'];
/// From a full-width character to the ASCII character of the same shape.
const FULL_WIDTH_OFFSET: u32 = 0xFEE0;

/// The readings of a scanned text, in the order in which they are looked for. Upper and lower case and blanks inside stay.
pub fn readings(scanned: &str) -> Vec<String> {
    let cut = scanned.trim_end_matches(APPENDED);
    // A scanner that types through an input method in full-width mode.
    let ascii: String = cut.chars().map(to_ascii).collect();
    if ascii == cut { vec![ascii] } else { vec![cut.to_owned(), ascii] }
}

/// Whether scanners append that character.
pub fn is_appended(character: char) -> bool {
    APPENDED.contains(&character)
}

/// The character as a scanner in half-width mode types it.
pub(super) fn to_ascii(character: char) -> char {
    match character {
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '－' | '＿' => {
            char::from_u32(u32::from(character) - FULL_WIDTH_OFFSET).unwrap_or(character)
        }
        other => other,
    }
}

/// Whether a text has the shape of a payment code: 18 digits of which the first two are 10 to 15 (manual of the payment by
/// payment code, `ImportantParameters`). A coupon code that a brand has chosen may have it, too.
pub fn looks_like_a_payment_code(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1', b'0'..=b'5', rest @ ..] if rest.len() == 16 && rest.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_scanner_appends_is_cut() {
        for (scanned, read) in [
            ("SBX_1", "SBX_1"),
            ("SBX_1\r\n", "SBX_1"),
            ("SBX_1\t", "SBX_1"),
            ("SBX_1\n\r\t\n", "SBX_1"),
            (" a b ", " a b "),
            ("\tx", "\tx"),
            ("a\r\nb", "a\r\nb"),
            ("Code_aB-1", "Code_aB-1"),
            ("\r\n", ""),
        ] {
            assert_eq!(readings(scanned), [read], "{scanned:?}");
        }
    }

    #[test]
    fn full_width_letters_digits_and_hyphens_are_read_as_ascii_once_nobody_knows_them() {
        assert_eq!(readings("ＡＺａｚ０９券－＿\r"), ["ＡＺａｚ０９券－＿", "AZaz09券-_"]);
        assert_eq!(readings("ｃode１\n"), ["ｃode１", "code1"]);
    }

    #[test]
    fn a_payment_code_has_18_digits_and_begins_with_10_to_15() {
        for code in ["100000000000000000", "134567890123456789", "159999999999999999"] {
            assert!(looks_like_a_payment_code(code), "{code}");
        }
        for other in [
            "",
            "1",
            "13456789012345678",
            "1345678901234567890",
            "164567890123456789",
            "284567890123456789",
            "621234567890123456",
            "13456789012345678a",
            "１34567890123456789",
            " 34567890123456789",
        ] {
            assert!(!looks_like_a_payment_code(other), "{other}");
        }
    }
}
