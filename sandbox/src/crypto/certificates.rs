//! Key pairs and X.509 certificates.

use std::net::IpAddr;

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rand::rand_bytes;
use openssl::rsa::Rsa;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509NameBuilder};

const DAY: i64 = 86_400;

/// A certificate and the private key that belongs to it.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) key: PKey<Private>,
    pub(crate) cert: X509,
}

/// A fresh 2048-bit RSA key.
pub(crate) fn rsa_key() -> Result<PKey<Private>, ErrorStack> {
    PKey::from_rsa(Rsa::generate(2048)?)
}

/// A fresh P-256 key: quick to make and quick in handshakes.
fn ec_key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

/// Bytes of a serial number, as most certificates of WeChat Pay's have them.
pub(crate) const SERIAL_BYTES: usize = 20;

/// Starts a certificate: subject, issuer, validity relative to now, and a
/// serial number of so many bytes.
fn builder(
    name: &str,
    key: &PKey<Private>,
    issuer: Option<&Identity>,
    from_day: i64,
    to_day: i64,
    now: i64,
    serial_bytes: usize,
) -> Result<X509Builder, ErrorStack> {
    let mut subject = X509NameBuilder::new()?;
    subject.append_entry_by_nid(Nid::COUNTRYNAME, "CN")?;
    subject.append_entry_by_nid(Nid::ORGANIZATIONNAME, "wxcoupon sandbox")?;
    subject.append_entry_by_nid(Nid::COMMONNAME, name)?;
    let subject = subject.build();

    let mut serial = vec![0_u8; serial_bytes];
    rand_bytes(&mut serial)?;
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x3f) | 0x40;
    }

    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*BigNum::from_slice(&serial)?.to_asn1_integer()?)?;
    builder.set_subject_name(&subject)?;
    match issuer {
        Some(issuer) => builder.set_issuer_name(issuer.cert.subject_name())?,
        None => builder.set_issuer_name(&subject)?,
    }
    builder.set_pubkey(key)?;
    builder.set_not_before(&*Asn1Time::from_unix(now + from_day * DAY)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(now + to_day * DAY)?)?;
    Ok(builder)
}

/// A certificate authority that signs itself.
pub(crate) fn authority(name: &str, now: i64) -> Result<Identity, ErrorStack> {
    let key = ec_key()?;
    let mut cert = builder(name, &key, None, -1, 3650, now, SERIAL_BYTES)?;
    cert.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    cert.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
    let subject_id = SubjectKeyIdentifier::new().build(&cert.x509v3_context(None, None))?;
    cert.append_extension(subject_id)?;
    cert.sign(&key, MessageDigest::sha256())?;
    Ok(Identity { key, cert: cert.build() })
}

/// What a server certificate should be good for.
#[derive(Clone, Copy)]
pub(crate) enum ServerNames<'a> {
    /// This machine, under these names and addresses.
    Here(&'a [String]),
    /// Some other host.
    Elsewhere,
}

/// When a host's certificate is valid.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Validity {
    Now,
    Lately,
    LongAgo,
    Later,
}

/// A TLS server certificate signed by `issuer`.
pub(crate) fn server(
    issuer: &Identity,
    names: ServerNames<'_>,
    validity: Validity,
    now: i64,
) -> Result<Identity, ErrorStack> {
    let key = ec_key()?;
    let (from_day, to_day) = match validity {
        Validity::Now => (-1, 800),
        Validity::Lately => (-30, -2),
        Validity::LongAgo => (-4000, -3650),
        Validity::Later => (3650, 4000),
    };
    let name = "wxcoupon sandbox host";
    let mut cert = builder(name, &key, Some(issuer), from_day, to_day, now, SERIAL_BYTES)?;
    let mut alt = SubjectAlternativeName::new();
    match names {
        ServerNames::Here(names) => {
            for name in names {
                if name.parse::<IpAddr>().is_ok() {
                    alt.ip(name)
                } else {
                    alt.dns(name)
                };
            }
        }
        ServerNames::Elsewhere => {
            alt.dns("elsewhere.invalid");
        }
    }
    let alt = alt.build(&cert.x509v3_context(Some(&issuer.cert), None))?;
    cert.append_extension(alt)?;
    finish_leaf(cert, issuer, &key, true)
}

/// A certificate for an API key (merchant or platform), signed by `issuer`.
pub(crate) fn api(
    issuer: &Identity,
    name: &str,
    key: &PKey<Private>,
    now: i64,
    serial_bytes: usize,
) -> Result<Identity, ErrorStack> {
    let cert = builder(name, key, Some(issuer), -1, 1826, now, serial_bytes)?;
    finish_leaf(cert, issuer, key, false)
}

fn finish_leaf(
    mut cert: X509Builder,
    issuer: &Identity,
    key: &PKey<Private>,
    tls: bool,
) -> Result<Identity, ErrorStack> {
    cert.append_extension(BasicConstraints::new().critical().build()?)?;
    cert.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
    if tls {
        cert.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
    }
    let authority_id =
        AuthorityKeyIdentifier::new().keyid(true).build(&cert.x509v3_context(Some(&issuer.cert), None))?;
    cert.append_extension(authority_id)?;
    cert.sign(&issuer.key, MessageDigest::sha256())?;
    Ok(Identity { key: key.clone(), cert: cert.build() })
}

/// The serial number as WeChat Pay writes it: upper-case hex digits, two for each byte.
pub(crate) fn serial_of(cert: &X509) -> Result<String, ErrorStack> {
    Ok(cert.serial_number().to_bn()?.to_hex_str()?.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn serials_have_forty_upper_case_hex_digits() {
        let ca = authority("test", 1_754_193_600).unwrap();
        let serial = serial_of(&ca.cert).unwrap();
        assert_eq!(serial.len(), 40);
        assert!(serial.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)));
    }

    #[test]
    fn a_short_serial_has_thirty_eight() {
        let ca = authority("test", 1_754_193_600).unwrap();
        let short = api(&ca, "test", &rsa_key().unwrap(), 1_754_193_600, 19).unwrap();
        assert_eq!(serial_of(&short.cert).unwrap().len(), 38);
    }

    #[test]
    fn leaf_is_signed_by_its_authority() {
        let ca = authority("test", 1_754_193_600).unwrap();
        let names = ["127.0.0.1", "localhost", "pos.shop.example"].map(str::to_owned);
        let leaf = server(&ca, ServerNames::Here(&names), Validity::Now, 1_754_193_600).unwrap();
        assert!(leaf.cert.verify(&ca.key).unwrap());
        assert_eq!(leaf.cert.subject_alt_names().unwrap().len(), 3);
    }
}
