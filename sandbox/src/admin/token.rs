//! The token that opens the admin interface and the console.

use std::fmt;

use openssl::sha::sha256;

use crate::crypto::random;
use crate::error::{Error, Result};
use crate::text::Text;

/// A secret in letters that headers, cookies and addresses take as they are.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    pub(crate) fn new(text: &str) -> Result<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if (16..=128).contains(&text.len()) && text.bytes().all(is_plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::Token(Text::new(
            "must have 16 to 128 letters, digits or any of -._~",
            "应有 16 到 128 个字符，只能用字母、数字和 -._~",
        )))
    }

    pub(crate) fn random() -> Result<Self> {
        Ok(Self(random::alphanumeric(32)?))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Takes the same time for every wrong one, whatever is right about it.
    pub(super) fn is(&self, brought: &str) -> bool {
        openssl::memcmp::eq(&sha256(self.0.as_bytes()), &sha256(brought.as_bytes()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_whole_token_is_right() {
        let token = Token::new("0123456789abcdef").unwrap();
        assert!(token.is("0123456789abcdef"));
        for wrong in ["", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "f123456789abcdef"] {
            assert!(!token.is(wrong), "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "Token");
        assert_ne!(Token::random().unwrap().text(), Token::random().unwrap().text());
    }

    #[test]
    fn short_tokens_and_those_with_other_letters_are_refused() {
        let long = "x".repeat(129);
        for wrong in ["", "short", "has a blank inside it", "0123456789abcde;", "令牌令牌令牌令牌", &long]
        {
            assert!(Token::new(wrong).is_err(), "{wrong}");
        }
    }
}
