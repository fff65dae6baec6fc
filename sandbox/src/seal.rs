//! Signs answers, rightly or (for faults) wrongly.

use std::fmt::Write as _;

use openssl::base64::encode_block;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::sign::Signer;

use crate::http::reply::Reply;
use crate::keys::KeySet;
use crate::options::SignWith;
use crate::random;

/// How a signature is spoiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
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

/// How to sign one answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seal {
    pub(crate) with_public_key: bool,
    /// The time to put on it.
    pub(crate) timestamp: i64,
    pub(crate) flaw: Option<Flaw>,
}

/// Whether to sign with the public key's key, given the request's
/// `Wechatpay-Serial`.
pub(crate) fn use_public_key(policy: SignWith, keys: &KeySet, wanted: Option<&str>) -> bool {
    match policy {
        SignWith::Auto => wanted == Some(keys.wechatpay_id.as_str()),
        SignWith::PublicKey => true,
        SignWith::Certificate => false,
    }
}

/// `08`, hexadecimal digits, `-`, sub-code.
pub(crate) fn request_id(sub_code: u32) -> String {
    let unique = random::upper_hex(40).unwrap_or_default();
    format!("08{unique}-{sub_code}")
}

/// Adds the signature headers.
pub(crate) fn apply(reply: &mut Reply, seal: &Seal, keys: &KeySet) -> Result<(), ErrorStack> {
    let (key, serial) = if seal.with_public_key {
        (&keys.wechatpay, keys.wechatpay_id.as_str())
    } else {
        (&keys.platform.key, keys.platform_serial.as_str())
    };
    let nonce = random::alphanumeric(32)?;
    let mut message = String::with_capacity(64);
    let _ = write!(message, "{}\n{nonce}\n", seal.timestamp);
    let mut message = message.into_bytes();
    message.extend_from_slice(&reply.body);
    message.push(b'\n');
    if seal.flaw == Some(Flaw::WrongSignature) {
        message.extend_from_slice(b"but not quite");
    }
    let mut signer = Signer::new(MessageDigest::sha256(), key)?;
    let signature = encode_block(&signer.sign_oneshot_to_vec(&message)?);
    let signature = match seal.flaw {
        Some(Flaw::Probe) => format!("WECHATPAY/SIGNTEST/{}", signature.get(..325).unwrap_or_default()),
        _ => signature,
    };
    let serial = match seal.flaw {
        Some(Flaw::UnknownSerial) if seal.with_public_key => format!("PUB_KEY_ID_{}", random::digits(34)?),
        Some(Flaw::UnknownSerial) => format!("7{}", random::upper_hex(39)?),
        Some(Flaw::MerchantSerial) => keys.merchant_serial.clone(),
        _ => serial.to_owned(),
    };
    if seal.flaw == Some(Flaw::TamperedBody) {
        tamper(&mut reply.body);
    }
    reply.header("Wechatpay-Timestamp", seal.timestamp.to_string());
    reply.header("Wechatpay-Nonce", nonce);
    reply.header("Wechatpay-Signature", signature);
    reply.header("Wechatpay-Serial", serial);
    Ok(())
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
