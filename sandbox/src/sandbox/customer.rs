//! What the customer of a running sandbox does with the phone: claims coupons, shows payment codes.

use super::Sandbox;
use crate::error::Result;
use crate::state::payment_codes::Terms;

impl Sandbox {
    /// Claims a token of `pre_send` or `bundle_pre_send` as the user would;
    /// the codes of the coupons it brought.
    ///
    /// # Errors
    /// When the token is unknown, claimed or too old, or the coupons can no
    /// longer be sent.
    pub fn claim(&self, token: &str) -> Result<Vec<String>> {
        self.control.claim(token)
    }

    /// A payment code that a user shows now: 18 digits, valid for a minute.
    ///
    /// # Errors
    /// When OpenSSL has no random numbers.
    pub fn show_payment_code(&self, openid: &str) -> Result<String> {
        self.control.show_payment_code(openid, Terms::default())
    }

    /// The same, but its first look-ups end with this error of version 2, such as `SYSTEMERROR`.
    ///
    /// # Errors
    /// When OpenSSL has no random numbers.
    pub fn show_failing_payment_code(&self, openid: &str, err_code: &str, times: u32) -> Result<String> {
        let fails = Some((err_code.to_owned(), times));
        self.control.show_payment_code(openid, Terms { fails, ..Terms::default() })
    }

    /// The same, but this merchant has looked it up before: it belongs to nobody else until it refreshes.
    ///
    /// # Errors
    /// When OpenSSL has no random numbers.
    pub fn show_payment_code_of(&self, openid: &str, mch_id: &str) -> Result<String> {
        let mch_id = Some(mch_id.to_owned());
        self.control.show_payment_code(openid, Terms { mch_id, ..Terms::default() })
    }
}
