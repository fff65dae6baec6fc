//! Keys and certificates, in whatever form.

use crate::bench::alone;
use wxcoupon::error::Error;
use wxcoupon::wire::keys::{Certificate, PrivateKey, PublicKey, authorities};

/// No message is longer, in bytes.
const LONGEST_MESSAGE: usize = 1024;

/// The first line is the passphrase.
pub fn run(input: &[u8]) {
    let _turn = alone();
    let line = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (first, file) = input.split_at(line);
    let file = file.strip_prefix(b"\n").unwrap_or(file);
    let passphrase = std::str::from_utf8(first).ok().filter(|text| !text.is_empty());
    match PrivateKey::read(file, passphrase) {
        Ok(key) => {
            let signature = key.signer().sign(b"message").expect("a key that was read signs");
            assert!(key.public().verifier().verifies(b"message", &signature), "and proves");
            let sealed = key.public().encrypter().encrypt(b"text").expect("and encrypts");
            assert_eq!(key.decrypter().decrypt(&sealed).as_deref(), Some(&b"text"[..]), "and decrypts");
        }
        Err(error) => told(&error, file),
    }
    match PublicKey::read(file) {
        Ok(key) => drop(key.encrypter().encrypt(b"text").expect("a key that was read encrypts")),
        Err(error) => told(&error, file),
    }
    match Certificate::read_all(file) {
        Ok(certificates) => {
            assert!(!certificates.is_empty());
            for certificate in certificates {
                assert!(certificate.serial.bytes().all(|byte| byte.is_ascii_hexdigit()));
                // RFC 5280 allows 20 bytes; whoever has more has them told.
                assert!(!certificate.serial.is_empty() && !certificate.serial.starts_with("00"));
            }
        }
        Err(error) => told(&error, file),
    }
    match authorities(file) {
        Ok(found) => assert!(found.iter().all(|der| !der.is_empty())),
        Err(error) => told(&error, file),
    }
}

fn told(error: &Error, file: &[u8]) {
    let hint = error.hint.as_deref().unwrap_or_default();
    for text in [&*error.message, hint] {
        assert!(text.len() <= LONGEST_MESSAGE, "{} bytes", text.len());
        assert!(!text.chars().any(char::is_control), "{text:?}");
        let runs = text.as_bytes().split(|byte| !(byte.is_ascii_alphanumeric() || b"+/=".contains(byte)));
        for run in runs.filter(|run| run.len() >= 40) {
            assert!(!file.windows(run.len()).any(|window| window == run), "a part of the key: {text}");
        }
    }
}
