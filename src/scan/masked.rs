//! Texts of servers, without the payment code that was sent to them.

use super::text::{looks_like_a_payment_code, to_ascii};
use crate::error::Error;

/// What stands for the code.
const MASK: &str = "***";

/// The text, with every copy of the code masked, also where its digits are full-width or have signs or blanks between them.
pub fn masked(text: &str, code: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = if let Some(after) = after(rest, code) {
            told.push_str(MASK);
            after
        } else {
            told.push(first);
            rest.get(first.len_utf8()..).unwrap_or_default()
        };
    }
    told
}

/// A mistake in the question, without what may be a payment code: one that stands where a name belongs is repeated by messages
/// about unknown members.
pub fn without_payment_codes(error: Error) -> Error {
    let hidden = |text: &str| {
        text.split_inclusive(|letter: char| !letter.is_ascii_digit())
            .map(|part| {
                let digits = part.trim_end_matches(|letter: char| !letter.is_ascii_digit());
                let rest = part.get(digits.len()..).unwrap_or_default();
                if looks_like_a_payment_code(digits) { format!("{MASK}{rest}") } else { part.to_owned() }
            })
            .collect::<String>()
    };
    Error { message: hidden(&error.message), field: error.field.map(|field| hidden(&field)), ..error }
}

/// What follows the code, if the text begins with it.
fn after<'a>(text: &'a str, code: &str) -> Option<&'a str> {
    let mut wanted = code.chars().peekable();
    wanted.peek()?;
    for (at, letter) in text.char_indices() {
        let Some(next) = wanted.peek() else { return text.get(at..) };
        if to_ascii(letter) == *next {
            wanted.next();
        } else if at == 0 || letter.is_alphanumeric() {
            return None;
        }
    }
    wanted.peek().is_none().then_some("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_masked_however_it_is_written() {
        let code = "134567890123456789";
        for (text, told) in [
            ("auth_code 134567890123456789 invalid", "auth_code *** invalid"),
            ("134567890123456789", "***"),
            ("1345 6789 0123 4567 89,134567890123456789", "***,***"),
            ("付款码１３４５６７８９０１２３４５６７８９无效", "付款码***无效"),
            ("11345678901234567899", "1***9"),
            ("13456789012345678", "13456789012345678"),
            ("1345678901234567 8x", "1345678901234567 8x"),
            ("", ""),
        ] {
            assert_eq!(masked(text, code), told);
        }
        assert_eq!(masked("anything", ""), "anything");
    }

    #[test]
    fn what_may_be_a_payment_code_is_not_repeated() {
        let error = Error::at(
            crate::status::Code::Request,
            "/134567890123456789",
            "134567890123456789: 13, \"134567890123456788\"",
        );
        let told = without_payment_codes(error);
        assert_eq!((told.field.as_deref(), &*told.message), (Some("/***"), "***: 13, \"***\""));
    }
}
