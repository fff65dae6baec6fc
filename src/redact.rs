//! Personal data leaves this library only masked, and what may be a secret not at all.

use std::fmt;

/// Shows the first two and the last two characters of an identifier, enough for support to recognise it.
pub fn mask(identifier: &str) -> String {
    let characters: Vec<char> = identifier.chars().collect();
    match characters.as_slice() {
        [a, b, middle @ .., y, z] if middle.len() >= 4 => format!("{a}{b}***{y}{z}"),
        _ => "***".into(),
    }
}

/// A request target with the path segment after `users` masked and without the query; made when it is written.
#[derive(Debug)]
pub struct Target<'a>(pub &'a str);

impl fmt::Display for Target<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.split('?').next().unwrap_or_default();
        let mut before = None;
        for segment in path.split('/') {
            if before.is_some() {
                formatter.write_str("/")?;
            }
            if before == Some("users") {
                formatter.write_str(&mask(segment))?;
            } else {
                formatter.write_str(segment)?;
            }
            before = Some(segment);
        }
        Ok(())
    }
}

/// Longest text that a message quotes: as long as a path of Windows.
const LONGEST_QUOTE: usize = 260;
/// So many characters of Base64 in a row may be those of a key.
const KEY_RUN: usize = 40;

/// A caller's text in quotes, or why it is not repeated.
#[derive(Debug)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0;
        if is_key(text) {
            formatter.write_str("(not shown: it looks like a key)")
        } else if has_credentials(text) {
            formatter.write_str("(not shown: it holds a user or password)")
        } else if text.len() > LONGEST_QUOTE {
            write!(formatter, "(not shown: it has {} bytes)", text.len())
        } else if let Some(control) = text.chars().find(|character| character.is_control()) {
            write!(formatter, "(not shown: it has the control character U+{:04X})", u32::from(control))
        } else {
            write!(formatter, "{text:?}")
        }
    }
}

/// Whether a message may repeat the text.
pub fn is_quotable(text: &str) -> bool {
    let secret = is_key(text) || has_credentials(text);
    !secret && text.len() <= LONGEST_QUOTE && !text.contains(char::is_control)
}

/// Whether the text is that of a key or certificate, or may well be: PEM, or a long run of Base64.
pub fn is_key(text: &str) -> bool {
    if text.contains("-----BEGIN") || text.contains("-----END") {
        return true;
    }
    // Base64 has slashes too, but what begins like a path is one.
    let is_path = text.starts_with(['/', '.', '~', '\\']) || text.get(1..2) == Some(":");
    let in_key = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '+' | '=') || character == '/' && !is_path
    };
    text.split(|character| !in_key(character)).any(|run| run.len() >= KEY_RUN)
}

/// `user:password@` of a URL, or what may be that.
fn has_credentials(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| rest.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_quoted_and_paths_are() {
        let base64 = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj/wIBAAKCAQEA7";
        let long = format!("/{}", "pos/".repeat(65));
        for (text, expected) in [
            (base64, "(not shown: it looks like a key)"),
            (&*format!("key {base64}"), "(not shown: it looks like a key)"),
            ("-----BEGIN PRIVATE KEY-----", "(not shown: it looks like a key)"),
            ("https://shop:pa/ss@proxy", "(not shown: it holds a user or password)"),
            ("http://shop@proxy", "(not shown: it holds a user or password)"),
            (r"C:\pos\new", r#""C:\\pos\\new""#),
            ("C:\n", "(not shown: it has the control character U+000A)"),
            (&*long, "(not shown: it has 261 bytes)"),
            (
                "/home/runner/work/project/target/tmp/fixtures/key.pem",
                r#""/home/runner/work/project/target/tmp/fixtures/key.pem""#,
            ),
            ("partnr", r#""partnr""#),
            ("门店", r#""门店""#),
        ] {
            assert_eq!(Quoted(text).to_string(), expected);
            assert_eq!(is_quotable(text), expected.starts_with('"'), "{text}");
        }
    }

    #[test]
    fn openids_are_masked() {
        assert_eq!(mask("oh-394z-6CGkNoJrsDLTTUKiAnp4"), "oh***p4");
        assert_eq!(mask("short"), "***");
        assert_eq!(
            Target(
                "/v3/marketing/partner/product-coupon/users/oh-394z-6CGkNoJrsDLTTUKiAnp4/coupons/Code_1?appid=wx1"
            )
            .to_string(),
            "/v3/marketing/partner/product-coupon/users/oh***p4/coupons/Code_1"
        );
    }
}
