//! The signature of a request.

mod rsa;

pub use rsa::RsaSigner;

use super::algorithm::Algorithm;
use super::keys::PrivateKey;
use crate::error::{Error, Result};
use crate::mode::Mode;
use crate::status::Code;
use crate::system;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The official samples send 32 characters; neither alphabet nor length is documented.
const NONCE_CHARACTERS: usize = 32;

/// A key that signs.
pub trait Signer: Send + Sync + std::fmt::Debug {
    /// Its signature algorithm.
    fn algorithm(&self) -> Algorithm;

    /// The signature over the message.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>>;
}

/// Makes the `Authorization` header, with the identity and key of the merchant.
#[derive(Debug, Clone)]
pub struct Authorizer {
    mode: Mode,
    /// `mchid` or `brand_id`.
    id: String,
    /// Serial number of the merchant API certificate that belongs to the key.
    serial: String,
    key: PrivateKey,
}

/// The five lines that are signed. Each ends with a line feed, also the last one.
pub fn message(method: &str, target: &str, timestamp: i64, nonce: &str, body: &[u8]) -> Vec<u8> {
    let timestamp = timestamp.to_string();
    let lines = [method, target, &timestamp, nonce].map(str::as_bytes);
    lines.into_iter().chain([body]).flat_map(|line| [line, b"\n"]).collect::<Vec<_>>().concat()
}

impl Authorizer {
    /// For that service provider or brand.
    pub fn new(mode: Mode, id: &str, serial: &str, key: PrivateKey) -> Authorizer {
        Authorizer { mode, id: id.to_owned(), serial: serial.to_owned(), key }
    }

    /// The value of the `Authorization` header for exactly these bytes, at this Unix time, with a fresh
    /// nonce.
    ///
    /// `target` is the request target as it stands on the request line: path and query, percent-encoded.
    pub fn authorization(&self, method: &str, target: &str, timestamp: i64, body: &[u8]) -> Result<String> {
        self.authorization_with(method, target, timestamp, &nonce()?, body)
    }

    /// The same with a given nonce, to show how a signature comes about.
    pub fn authorization_with(
        &self,
        method: &str,
        target: &str,
        timestamp: i64,
        nonce: &str,
        body: &[u8],
    ) -> Result<String> {
        let signer = self.key.signer();
        let signature = BASE64.encode(signer.sign(&message(method, target, timestamp, nonce, body))?);
        let scheme = signer.algorithm().scheme(self.mode);
        let member = match self.mode {
            Mode::Partner => "mchid",
            Mode::Brand | Mode::Till => "brand_id",
        };
        let timestamp = timestamp.to_string();
        Ok([
            scheme,
            " ",
            member,
            "=\"",
            &self.id,
            "\",nonce_str=\"",
            nonce,
            "\",timestamp=\"",
            &timestamp,
            "\",serial_no=\"",
            &self.serial,
            "\",signature=\"",
            &signature,
            "\"",
        ]
        .concat())
    }

    /// The merchant's key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// Serial number of the merchant API certificate.
    pub fn serial(&self) -> &str {
        &self.serial
    }
}

/// Random text, 32 hexadecimal digits.
pub fn nonce() -> Result<String> {
    let mut random = [0_u8; NONCE_CHARACTERS / 2];
    if !system::random(&mut random) {
        return Err(Error::new(Code::Internal, "the system gives no random numbers"));
    }
    Ok(crate::hex::upper(&random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_body_still_has_its_line() {
        assert_eq!(
            message("GET", "/v3/certificates", 1_554_208_460, "593BEC", b""),
            b"GET\n/v3/certificates\n1554208460\n593BEC\n\n"
        );
    }

    #[test]
    fn nonces_differ() {
        let nonces: std::collections::HashSet<String> = (0..1000).map(|_| nonce().unwrap()).collect();
        assert_eq!(nonces.len(), 1000);
        assert!(nonces.iter().all(|nonce| nonce.len() == NONCE_CHARACTERS));
    }
}
