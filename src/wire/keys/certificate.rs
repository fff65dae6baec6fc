//! Certificates of WeChat Pay's platform, of the merchant, and of authorities that TLS trusts.

use super::file::{Kind, Object, objects, wrong};
use super::{PublicKey, key_error};
use crate::error::Result;
use crate::hex;
use pkcs8::DecodePublicKey;
use x509_cert::der::{Decode, Encode};

const CERTIFICATE: &str = "an X.509 certificate";

/// A certificate's serial number and key.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Upper-case hexadecimal, as WeChat Pay writes it.
    pub serial: String,
    /// The key it carries.
    pub key: PublicKey,
    /// Beginning of its validity, in seconds since 1970.
    pub since: u64,
    /// End of its validity, in seconds since 1970.
    pub until: u64,
}

impl Certificate {
    /// The certificates with an RSA key in a file, in their order. There is at least one.
    pub fn read_all(file: &[u8]) -> Result<Vec<Certificate>> {
        let (mut read, mut first_error) = (Vec::new(), None);
        for object in certificates(file)? {
            match Certificate::of(&object) {
                Ok(certificate) => read.push(certificate),
                Err(error) => drop(first_error.get_or_insert(error)),
            }
        }
        match first_error {
            Some(error) if read.is_empty() => Err(error),
            _ => Ok(read),
        }
    }

    /// The first of them.
    pub fn read(file: &[u8]) -> Result<Certificate> {
        Certificate::read_all(file)?.into_iter().next().ok_or_else(|| key_error("there is no certificate"))
    }

    pub(super) fn of(object: &Object) -> Result<Certificate> {
        let certificate = read(object)?;
        let content = certificate.tbs_certificate();
        let key = rsa_key_of(&certificate)?;
        Ok(Certificate {
            serial: hex_serial(content.serial_number().as_bytes()),
            key: PublicKey::from_rsa(&key)?,
            since: content.validity().not_before.to_unix_duration().as_secs(),
            until: content.validity().not_after.to_unix_duration().as_secs(),
        })
    }
}

/// The RSA key of a certificate, of any size.
pub(super) fn rsa_key(object: &Object) -> Result<rsa::PublicKey> {
    rsa_key_of(&read(object)?)
}

fn read(object: &Object) -> Result<x509_cert::Certificate> {
    x509_cert::Certificate::from_der(&object.der)
        .map_err(|error| wrong(CERTIFICATE, &format!("a certificate that cannot be read ({error})")))
}

fn rsa_key_of(certificate: &x509_cert::Certificate) -> Result<rsa::PublicKey> {
    let der = certificate.tbs_certificate().subject_public_key_info().to_der();
    der.map_err(|error| error.to_string())
        .and_then(|der| rsa::PublicKey::from_public_key_der(&der).map_err(|error| error.to_string()))
        .map_err(|error| wrong(CERTIFICATE, &format!("a certificate without an RSA key ({error})")))
}

/// The certificates of a file as DER, with any kind of key.
pub fn authorities(file: &[u8]) -> Result<Vec<Vec<u8>>> {
    Ok(certificates(file)?.into_iter().map(|object| object.der.to_vec()).collect())
}

fn certificates(file: &[u8]) -> Result<Vec<Object>> {
    let (certificates, others): (Vec<_>, Vec<_>) =
        objects(file)?.into_iter().partition(|object| object.kind == Kind::Certificate);
    match others.first() {
        Some(other) if certificates.is_empty() => Err(wrong(CERTIFICATE, other.describe())),
        _ => Ok(certificates),
    }
}

/// DER adds a leading zero byte if the first bit is set. WeChat Pay does not print it.
fn hex_serial(bytes: &[u8]) -> String {
    let significant = match bytes {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    hex::upper(significant)
}
