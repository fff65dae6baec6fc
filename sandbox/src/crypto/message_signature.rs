//! Signs what goes out, rightly or (for faults) wrongly.

use std::fmt::Write as _;
use std::sync::Arc;

use openssl::base64::encode_block;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::sign::Signer;

use crate::crypto::keys::KeySet;
use crate::crypto::random;
use crate::crypto::signing_keys::SigningKey;

/// How a signature is spoiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureFault {
    /// A well-formed signature over something else.
    WrongSignature,
    /// One of WeChat Pay's deliberate probes.
    Probe,
    /// A right signature, but the serial names a key nobody has.
    UnknownSerial,
    /// A right signature under the merchant's own serial.
    MerchantSerial,
    /// The body is changed after signing.
    TamperedBody,
}

/// How to sign one message.
#[derive(Debug, Clone)]
pub(crate) struct Signing {
    pub(crate) key: Arc<SigningKey>,
    /// The time to put on it.
    pub(crate) timestamp: i64,
    pub(crate) fault: Option<SignatureFault>,
}

/// `08`, hexadecimal digits, `-`, sub-code.
pub(crate) fn request_id(sub_code: u32) -> String {
    let unique = random::upper_hex(40).unwrap_or_default();
    format!("08{unique}-{sub_code}")
}

/// Signs a body; gives the signature headers. A fault may change the body
/// afterwards.
pub(crate) fn sign(
    body: &mut Vec<u8>,
    signing: &Signing,
    keys: &KeySet,
) -> Result<[(&'static str, String); 5], ErrorStack> {
    let SigningKey { key, serial, is_public_key } = &*signing.key;
    let nonce = random::alphanumeric(32)?;
    let mut message = String::with_capacity(64);
    let _ = write!(message, "{}\n{nonce}\n", signing.timestamp);
    let mut message = message.into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    if signing.fault == Some(SignatureFault::WrongSignature) {
        message.extend_from_slice(b"but not quite");
    }
    let mut signer = Signer::new(MessageDigest::sha256(), key)?;
    let signature = encode_block(&signer.sign_oneshot_to_vec(&message)?);
    let signature = match signing.fault {
        Some(SignatureFault::Probe) => {
            format!("WECHATPAY/SIGNTEST/{}", signature.get(..325).unwrap_or_default())
        }
        _ => signature,
    };
    let serial = match signing.fault {
        Some(SignatureFault::UnknownSerial) if *is_public_key => {
            format!("PUB_KEY_ID_{}", random::digits(34)?)
        }
        Some(SignatureFault::UnknownSerial) => format!("7{}", random::upper_hex(39)?),
        Some(SignatureFault::MerchantSerial) => keys.merchant_serial.clone(),
        _ => serial.clone(),
    };
    if signing.fault == Some(SignatureFault::TamperedBody) {
        tamper(body);
    }
    Ok([
        ("Wechatpay-Timestamp", signing.timestamp.to_string()),
        ("Wechatpay-Nonce", nonce),
        ("Wechatpay-Signature", signature),
        ("Wechatpay-Serial", serial),
        // Documented for notifications; wechatpayv3, which people use, refuses answers without it.
        ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048".to_owned()),
    ])
}

/// Changes one digit of the body (or, failing that, its last byte) so that
/// valid JSON stays valid and the length the same.
fn tamper(body: &mut Vec<u8>) {
    if let Some(digit) = body.iter_mut().rev().find(|byte| byte.is_ascii_digit()) {
        *digit = if *digit == b'9' { b'1' } else { *digit + 1 };
    } else if let Some(last) = body.last_mut() {
        *last = b' ';
    } else {
        body.push(b' ');
    }
}
