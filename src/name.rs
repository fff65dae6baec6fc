//! Texts that name a thing: coupon codes, openids, ids, serial numbers, request numbers.
//!
//! Scanners append a line end, spreadsheets and chat programs insert invisible blanks, and an input method in full-width mode
//! produces other letters that look alike. With such a character, a name does not exist at WeChat Pay.

use std::fmt;

/// The first character of a text that is not allowed in a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flaw {
    character: char,
    /// Counted from 1.
    position: usize,
    length: usize,
}

/// Finds the first forbidden character. `None`: the text can be a name.
pub fn flaw(text: &str) -> Option<Flaw> {
    let length = text.chars().count();
    let at_an_end = |position: usize| position == 1 || position == length;
    let mut numbered = (1..).zip(text.chars());
    let (position, character) = numbered.find(|(position, character)| match character {
        ' ' => at_an_end(*position),
        other => what(*other).is_some(),
    })?;
    Some(Flaw { character, position, length })
}

/// Whether it can be the number that WeChat Pay gave a merchant or a brand.
pub fn is_merchant_number(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Flaw {
    /// What to do about it.
    pub const HINT: &str = "Take the character out before the call: a name has no control characters, no blanks around it, \
                            nothing invisible and no full-width letters.";
    /// The same for the cashier.
    pub const CASHIER: &str = "单号或券码含不可见或全角字符,请联系技术支持";
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Flaw { character, position, length } = self;
        let what = what(*character).unwrap_or("a blank");
        write!(formatter, "{what} (U+{:04X}) as character {position} of {length}", u32::from(*character))
    }
}

/// The one kind that a person can see.
const FULL_WIDTH: &str = "a full-width character";

/// The description of a character that is not allowed in a name.
fn what(character: char) -> Option<&'static str> {
    match character {
        '\r' => Some("a carriage return"),
        '\n' => Some("a line feed"),
        '\t' => Some("a tab"),
        '\u{1D}' => Some("a group separator"),
        '\u{A0}' | '\u{2007}' | '\u{202F}' => Some("a no-break space"),
        '\u{3000}' => Some("a full-width space"),
        '\u{FEFF}' | '\u{FFFE}' => Some("a byte order mark"),
        '\u{200B}'..='\u{200D}' | '\u{2060}' => Some("a zero-width character"),
        '\u{FF01}'..='\u{FF60}' | '\u{FFE0}'..='\u{FFE6}' => Some(FULL_WIDTH),
        '\u{AD}'
        | '\u{34F}'
        | '\u{61C}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{17B4}'
        | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200E}'
        | '\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2061}'..='\u{206F}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FFA0}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E0FFF}' => Some("an invisible character"),
        ' ' => None,
        other if other.is_control() => Some("a control character"),
        other if other.is_whitespace() => Some("a blank"),
        _ => None,
    }
}

/// Whether a person can see this character.
pub fn is_visible(character: char) -> bool {
    character != ' ' && what(character).is_none_or(|what| what == FULL_WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_writes_is_visible_and_what_only_takes_room_is_not() {
        assert!("退款Aé！．".chars().all(is_visible));
        assert!(!" \t\r\n\u{A0}\u{3000}\u{200B}\u{FEFF}\u{2060}\u{202E}".chars().any(is_visible));
    }

    fn told(text: &str) -> String {
        flaw(text).map(|flaw| flaw.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_character_and_its_place_are_told() {
        for (text, expected) in [
            ("Code_1\r", "a carriage return (U+000D) as character 7 of 7"),
            ("Code_1\n", "a line feed (U+000A) as character 7 of 7"),
            ("Code\t1", "a tab (U+0009) as character 5 of 6"),
            ("\u{1D}01", "a group separator (U+001D) as character 1 of 3"),
            ("a\u{7F}b", "a control character (U+007F) as character 2 of 3"),
            (" Code_1", "a blank (U+0020) as character 1 of 7"),
            ("Code_1 ", "a blank (U+0020) as character 7 of 7"),
            (" ", "a blank (U+0020) as character 1 of 1"),
            ("券\u{A0}1", "a no-break space (U+00A0) as character 2 of 3"),
            ("1\u{3000}", "a full-width space (U+3000) as character 2 of 2"),
            ("\u{FEFF}Code", "a byte order mark (U+FEFF) as character 1 of 5"),
            ("Co\u{200B}de", "a zero-width character (U+200B) as character 3 of 5"),
            ("\u{FFFE}Code", "a byte order mark (U+FFFE) as character 1 of 5"),
            ("Code\u{2800}", "an invisible character (U+2800) as character 5 of 5"),
            ("wx\u{200E}1", "an invisible character (U+200E) as character 3 of 4"),
            ("Ｃode", "a full-width character (U+FF23) as character 1 of 4"),
            ("a\u{2028}b", "a blank (U+2028) as character 2 of 3"),
        ] {
            assert_eq!(told(text), expected, "{text:?}");
        }
    }

    #[test]
    fn other_odd_names_pass() {
        for text in ["", "Code_1", "a b", "券码一", "../%0D", "\"'<>&", "é—…", "0", "\u{FFFD}"] {
            assert_eq!(told(text), "", "{text:?}");
        }
    }
}
