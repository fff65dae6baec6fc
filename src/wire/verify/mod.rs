//! Verifies that an answer or a notification comes from WeChat Pay, over its raw bytes and before anything is parsed.

mod rsa;

pub use rsa::RsaVerifier;

use super::key_ring::KeyRing;
use super::serial::DisplaySerial;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// An answer is fresh if its time and ours differ by less than five minutes.
pub const WINDOW_S: i64 = 300;

/// WeChat Pay signs a few answers wrongly on purpose, to find clients that do not verify. The text is not Base64.
const PROBE_PREFIX: &str = "WECHATPAY/SIGNTEST/";

/// The signature headers as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignatureHeaders {
    /// `Wechatpay-Timestamp`
    pub timestamp: Option<String>,
    /// `Wechatpay-Nonce`
    pub nonce: Option<String>,
    /// `Wechatpay-Signature`
    pub signature: Option<String>,
    /// `Wechatpay-Serial`
    pub serial: Option<String>,
}

/// A public key of WeChat Pay's.
pub trait Verifier: Send + Sync + std::fmt::Debug {
    /// Whether the signature over the message was made by this key's owner.
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool;
}

/// Why an answer or a notification cannot be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// There is no signature, and no timestamp or nonce either.
    #[error("there is no signature")]
    Unsigned,
    /// Some of the signature headers are missing.
    #[error("there is no {0} header")]
    MissingHeader(&'static str),
    /// WeChat Pay's deliberately wrong signature.
    #[error("there is a WECHATPAY/SIGNTEST/ probe instead of a signature")]
    Probe,
    /// The serial is that of the merchant's own certificate.
    #[error(
        "Wechatpay-Serial is the merchant certificate's own serial number; WeChat Pay never signs with it"
    )]
    MerchantSerial,
    /// No key with that serial.
    #[error(
        "the signature is of key {}, which is not configured (configured: {known})",
        DisplaySerial(serial)
    )]
    UnknownSerial {
        /// The answer's serial.
        serial: String,
        /// The serial numbers in the key ring.
        known: String,
    },
    /// Too old, or from the future.
    #[error("the signed time and this machine's differ by {seconds} s; it must be less than {WINDOW_S}")]
    Stale {
        /// Our time minus the answer's.
        seconds: i64,
    },
    /// The timestamp is not a number, or the signature is not Base64.
    #[error("the {0} header is malformed")]
    Malformed(&'static str),
    /// The signature does not fit the bytes.
    #[error("the signature does not fit the bytes")]
    WrongSignature,
}

impl VerifyError {
    /// Short name, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            VerifyError::Unsigned => "unsigned",
            VerifyError::MissingHeader(_) => "missing_header",
            VerifyError::Probe => "signtest_probe",
            VerifyError::MerchantSerial => "merchant_serial",
            VerifyError::UnknownSerial { .. } => "unknown_serial",
            VerifyError::Stale { .. } => "stale",
            VerifyError::Malformed(_) => "malformed_header",
            VerifyError::WrongSignature => "wrong_signature",
        }
    }
}

/// The three lines that are signed. Each ends with a line feed, also the last one.
pub fn message(timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    [timestamp.as_bytes(), b"\n", nonce.as_bytes(), b"\n", body, b"\n"].concat()
}

/// The verified time of an answer, and how certain it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Its `Wechatpay-Timestamp`.
    pub at_s: i64,
    /// Its freshness depends on proven time, and not on an unsigned `Date` header.
    pub is_certain: bool,
}

/// Whether an answer that was signed at this time is fresh. `Ok` says whether that is certain, `Err` has its age in seconds.
pub type Freshness<'a> = &'a dyn Fn(i64) -> Result<bool, i64>;

/// The freshness of answers at this Unix time.
pub fn fresh_at(now: i64) -> impl Fn(i64) -> Result<bool, i64> {
    move |sent| {
        let age = now.saturating_sub(sent);
        if age.saturating_abs() < WINDOW_S { Ok(true) } else { Err(age) }
    }
}

/// Verifies that the answer comes from WeChat Pay and is fresh.
///
/// The probe has an error of its own for the diagnosis only. It fails like every other wrong signature.
pub fn verify(
    key_ring: &KeyRing,
    headers: &SignatureHeaders,
    body: &[u8],
    fresh: Freshness<'_>,
) -> Result<Proof, VerifyError> {
    let SignatureHeaders { timestamp, nonce, signature, serial } = headers;
    if timestamp.is_none() && nonce.is_none() && signature.is_none() {
        return Err(VerifyError::Unsigned);
    }
    let timestamp = timestamp.as_deref().ok_or(VerifyError::MissingHeader("Wechatpay-Timestamp"))?;
    let nonce = nonce.as_deref().ok_or(VerifyError::MissingHeader("Wechatpay-Nonce"))?;
    let signature = signature.as_deref().ok_or(VerifyError::MissingHeader("Wechatpay-Signature"))?;
    let serial = serial.as_deref().ok_or(VerifyError::MissingHeader("Wechatpay-Serial"))?;

    if signature.starts_with(PROBE_PREFIX) {
        return Err(VerifyError::Probe);
    }
    // The key is checked last, so that an invented serial number with an old time causes no download.
    let sent: i64 = timestamp.parse().map_err(|_| VerifyError::Malformed("Wechatpay-Timestamp"))?;
    let is_certain = fresh(sent).map_err(|seconds| VerifyError::Stale { seconds })?;
    let signature = BASE64.decode(signature).map_err(|_| VerifyError::Malformed("Wechatpay-Signature"))?;
    let key = key_ring.get(serial).ok_or_else(|| {
        if key_ring.is_merchant(serial) {
            VerifyError::MerchantSerial
        } else {
            let known = key_ring.serials().collect::<Vec<_>>().join(", ");
            VerifyError::UnknownSerial { serial: serial.to_owned(), known }
        }
    })?;
    if key.verifier().verifies(&message(timestamp, nonce, body), &signature) {
        Ok(Proof { at_s: sent, is_certain })
    } else {
        Err(VerifyError::WrongSignature)
    }
}
