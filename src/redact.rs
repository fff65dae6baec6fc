//! Personal data leaves this library only masked.

/// Shows the first two and the last two characters of an identifier, enough for support to recognise it.
pub fn mask(identifier: &str) -> String {
    let characters: Vec<char> = identifier.chars().collect();
    match characters.as_slice() {
        [a, b, middle @ .., y, z] if middle.len() >= 4 => format!("{a}{b}***{y}{z}"),
        _ => "***".into(),
    }
}

/// The request target with the path segment after `users` masked and without the query.
pub fn target(target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let mut after_users = false;
    path.split('/')
        .map(|segment| {
            let shown = if after_users { mask(segment) } else { segment.to_owned() };
            after_users = segment == "users";
            shown
        })
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openids_are_masked() {
        assert_eq!(mask("oh-394z-6CGkNoJrsDLTTUKiAnp4"), "oh***p4");
        assert_eq!(mask("short"), "***");
        assert_eq!(
            target(
                "/v3/marketing/partner/product-coupon/users/oh-394z-6CGkNoJrsDLTTUKiAnp4/coupons/Code_1?appid=wx1"
            ),
            "/v3/marketing/partner/product-coupon/users/oh***p4/coupons/Code_1"
        );
    }
}
