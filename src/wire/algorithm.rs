//! The signature algorithms of WeChat Pay, and how a request names its own.

use crate::mode::Mode;

/// A signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 and keys of 2048 bits.
    RsaSha256,
}

impl Algorithm {
    /// The first word of the `Authorization` header. It names mode and algorithm.
    pub fn scheme(self, mode: Mode) -> &'static str {
        match (mode, self) {
            (Mode::Partner, Algorithm::RsaSha256) => "WECHATPAY2-SHA256-RSA2048",
            // A till signs nothing.
            (Mode::Brand | Mode::Till, Algorithm::RsaSha256) => "WECHATPAY-BRAND-SHA256-RSA2048",
        }
    }
}
