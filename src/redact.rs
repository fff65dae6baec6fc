//! Personal data leaves this library only masked. What may be a secret never leaves it.

use std::fmt;

/// Shows the first two and the last two characters of an identifier, enough for support to recognise it.
pub fn mask(identifier: &str) -> String {
    let characters: Vec<char> = identifier.chars().collect();
    match characters.as_slice() {
        [a, b, middle @ .., y, z] if middle.len() >= 4 => format!("{a}{b}***{y}{z}"),
        _ => "***".into(),
    }
}

/// The longest text that a message repeats, in bytes.
const LONGEST_SHOWN: usize = 260;
/// This many characters of Base64 in a row may be a part of a key.
const KEY_RUN: usize = 40;

/// The caller's text in a message: quoted, unless it may be a key or contain a password.
///
/// People paste keys into members that want something else, most often the path of the key's file. And messages are sent to
/// other people who help.
#[derive(Debug)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if may_be_a_key(self.0) {
            return write!(
                formatter,
                "a text of {} bytes, not shown here because it may be a key",
                self.0.len()
            );
        }
        match without_credentials(self.0) {
            Some(rest) => write!(formatter, "{rest:?}"),
            None => write!(formatter, "{:?}", self.0),
        }
    }
}

/// Whether a text must not be repeated: it looks like a key, has several lines, or is longer than any name.
pub fn may_be_a_key(text: &str) -> bool {
    text.len() > LONGEST_SHOWN || text.chars().any(char::is_control) || is_key(text)
}

/// Whether a text looks like a key or certificate: parts of PEM, or long Base64.
pub fn is_key(text: &str) -> bool {
    // No key begins like this, but paths do, and in a path the slash separates names.
    let is_path = text.starts_with(['/', '.', '~', '\\']) || text.get(1..2) == Some(":");
    // The URL alphabet differs only in dashes and underscores, which are common in paths and names.
    let is_base64 =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"+=".contains(byte) || (*byte == b'/' && !is_path);
    let longest_run = text.as_bytes().split(|byte| !is_base64(byte)).map(<[u8]>::len).max();
    text.contains("-----") || text.contains("BEGIN ") || longest_run.is_some_and(|run| run >= KEY_RUN)
}

/// A URL with `***` in place of the user and password. A raw slash in a password does not end it, and the scheme may be
/// missing.
fn without_credentials(text: &str) -> Option<String> {
    let (before, place) = text.rsplit_once('@')?;
    match before.split_once("://") {
        Some((scheme, _)) => Some(format!("{scheme}://***@{place}")),
        None if before.contains(':') => Some(format!("***@{place}")),
        None => None,
    }
}

/// A request target without personal data and without the query, formatted only when it is written.
#[derive(Debug)]
pub struct Target<'a> {
    /// The path, and perhaps a query.
    pub target: &'a str,
    /// Whether it is from the table of operations, where openids follow `users`. In others anything may be personal.
    pub known: bool,
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.target.split(['?', '#']).next().unwrap_or_default();
        let mut before = None;
        for segment in path.split('/') {
            if before.is_some() {
                formatter.write_str("/")?;
            }
            if if self.known { before != Some("users") } else { is_word(segment) } {
                formatter.write_str(segment)?;
            } else {
                formatter.write_str(&mask(segment))?;
            }
            before = Some(segment);
        }
        Ok(())
    }
}

/// Whether a segment is a word of an interface, such as `v3`, `pay-score` or `jsapi`.
fn is_word(segment: &str) -> bool {
    let is_version = segment
        .strip_prefix('v')
        .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_digit()));
    is_version
        || segment.len() <= 24
            && segment.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openids_are_masked() {
        assert_eq!(mask("oh-394z-6CGkNoJrsDLTTUKiAnp4"), "oh***p4");
        assert_eq!(mask("short"), "***");
        let path = "/v3/marketing/partner/product-coupon/users/oh-394z-6CGkNoJrsDLTTUKiAnp4/coupons/Code_1?appid=wx1";
        let masked = |known| Target { target: path, known }.to_string();
        assert_eq!(masked(true), "/v3/marketing/partner/product-coupon/users/oh***p4/coupons/Code_1");
        assert_eq!(masked(false), "/v3/marketing/partner/product-coupon/users/oh***p4/coupons/***");
    }

    #[test]
    fn in_a_path_of_the_callers_own_only_words_are_shown() {
        for (target, shown) in [
            ("/v3/payscore/openid/oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "/v3/payscore/openid/oU***6o"),
            ("/v3/x/us%65rs/oUpF8uMuAJO_M2pxb1Q9zNjWeS6o/y", "/v3/x/***/oU***6o/y"),
            ("/v3/x/13800138000#oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "/v3/x/13***00"),
        ] {
            assert_eq!(Target { target, known: false }.to_string(), shown);
        }
    }

    #[test]
    fn nothing_that_may_be_a_key_is_repeated() {
        let line = "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDBZqGFn8Z6cEBq";
        let long = "/".repeat(LONGEST_SHOWN + 1);
        for secret in [
            "-----BEGIN PRIVATE KEY-----",
            "BEGIN RSA PRIVATE KEY",
            "MII\nEvg",
            "two\r",
            "key\u{1b}[2J",
            &long,
            line,
            &line[..40],
        ] {
            let shown = Quoted(secret).to_string();
            assert!(!shown.contains("MII") && shown.starts_with("a text of "), "{shown}");
        }
        for fine in [
            "/etc/wxcoupon/apiclient_key.pem",
            "/home/administrator/documents/wechatpay/merchant/key",
            "C:\\till\\证书\\key.pem",
            "C:/users/administrator/documents/wechatpay/merchant/key",
            "./deep/down/in/folders/of/the/wechatpay/merchant/key",
            &line[..39],
            &long[..40].replace('/', "."),
        ] {
            assert_eq!(Quoted(fine).to_string(), format!("{fine:?}"));
        }
        assert_eq!(Quoted("https://me:se/cr@et@host:1/v3").to_string(), "\"https://***@host:1/v3\"");
        assert_eq!(Quoted("me:secret@host:1").to_string(), "\"***@host:1\"", "its scheme was forgotten");
    }

    #[test]
    fn a_version_has_one_digit() {
        assert!(is_word("v3") && is_word("pay-score") && is_word("jsapi"));
        assert!(!is_word("v12") && !is_word("oUser1") && !is_word(&"a".repeat(25)));
    }
}
