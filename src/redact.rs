//! Personal data leaves this library only masked.

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

#[cfg(test)]
mod tests {
    use super::*;

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
