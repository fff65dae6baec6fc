//! The proof that an answer or a notification comes from WeChat Pay, over its raw bytes, before anything is
//! parsed.

mod rsa;

pub use rsa::RsaVerifier;

use super::key_ring::KeyRing;
use super::serial::DisplaySerial;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// An answer is fresh when it is less than five minutes from our clock, either way.
pub const WINDOW_S: i64 = 300;

/// WeChat Pay signs a tiny share of answers wrongly on purpose, to see who checks. The text is not Base64.
const PROBE_PREFIX: &str = "WECHATPAY/SIGNTEST/";

/// The headers that carry a signature, as they came.
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

/// Why an answer or a notification is not proven.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// There is no signature, and no time or nonce for one.
    #[error("there is no signature")]
    Unsigned,
    /// Some of the signature headers are missing.
    #[error("there is no {0} header")]
    MissingHeader(&'static str),
    /// A deliberately wrong signature of WeChat Pay's own.
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
        /// What the ring holds.
        known: String,
    },
    /// Too old, or from the future.
    #[error("the signed time and this machine's differ by {seconds} s; it must be less than {WINDOW_S}")]
    Stale {
        /// Our time minus the answer's.
        seconds: i64,
    },
    /// The timestamp is no number, or the signature no Base64.
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

/// The three lines that are signed, each ended by a line feed, the last included.
pub fn message(timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    [timestamp.as_bytes(), b"\n", nonce.as_bytes(), b"\n", body, b"\n"].concat()
}

/// When an answer was given, and how that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Its `Wechatpay-Timestamp`.
    pub at_s: i64,
    /// Its freshness rests on proven time, and not on what an unsigned header said of the clock.
    pub is_certain: bool,
}

/// Whether an answer that was signed at this time is fresh, and whether that is certain; or by how many seconds it is
/// older than now.
pub type Freshness<'a> = &'a dyn Fn(i64) -> Result<bool, i64>;

/// Fresh at this Unix time and around it.
pub fn fresh_at(now: i64) -> impl Fn(i64) -> Result<bool, i64> {
    move |sent| {
        let age = now.saturating_sub(sent);
        if age.saturating_abs() < WINDOW_S { Ok(true) } else { Err(age) }
    }
}

/// Whether the answer is WeChat Pay's, and fresh.
///
/// The probe is told apart for the diagnosis only: it fails like every other wrong signature.
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
    // The key comes last: nobody who makes up a serial number with an old time sets a download going.
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
