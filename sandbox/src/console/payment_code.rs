//! The payment code of a pretend phone.

use openssl::sha::sha256;
use serde::Serialize;

/// How long a code is shown, in seconds.
const LIFE: i64 = 60;

/// 18 digits that begin with 10 to 15, as a till scans them. They are made up, and pay nothing.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PaymentCode {
    pub(crate) code: String,
    /// Until there is a new one.
    pub(crate) seconds_left: i64,
}

impl PaymentCode {
    /// The code of a user in the minute of `now`, in seconds since 1970.
    pub(super) fn new(secret: &str, openid: &str, now: i64) -> Self {
        let digest = sha256(format!("{secret}\n{openid}\n{}", now.div_euclid(LIFE)).as_bytes());
        let number = digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        let code = format!("1{}{:016}", number % 6, number / 6 % 10_u128.pow(16));
        Self { code, seconds_left: LIFE - now.rem_euclid(LIFE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_has_a_new_one_every_minute() {
        let codes: Vec<_> = (0..40).map(|minute| PaymentCode::new("s", "oU", minute * 60 + 5)).collect();
        for code in &codes {
            assert_eq!((code.code.len(), code.seconds_left), (18, 55));
            assert!(("10"..="15").contains(&&code.code[..2]), "{}", code.code);
        }
        assert!(codes.iter().skip(1).zip(&codes).all(|(next, code)| next.code != code.code));
        assert_eq!(PaymentCode::new("s", "oU", 0).code, PaymentCode::new("s", "oU", 59).code);
        assert_ne!(PaymentCode::new("s", "oU", 0).code, PaymentCode::new("s", "oV", 0).code);
    }
}
