//! Our signatures and proofs against the `openssl` command: the same key and message give the same bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use wxcoupon::mode::Mode;
use wxcoupon::wire::key_ring::KeyRing;
use wxcoupon::wire::keys::{PrivateKey, PublicKey};
use wxcoupon::wire::sign::{Authorizer, message};
use wxcoupon::wire::verify::{
    Proof, SignatureHeaders, VerifyError, fresh_at, message as signed_message, verify,
};

const NOW: i64 = 1_754_193_600;
const PROOF: Proof = Proof { at_s: NOW, is_certain: true };
const SERIAL: &str = "PUB_KEY_ID_0114232134912410000000000000000001";
const MERCHANT_SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";

fn openssl(folder: &Path, arguments: &[&str]) {
    let done = Command::new("openssl").args(arguments).current_dir(folder).output().expect("openssl runs");
    assert!(done.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

struct Keys {
    folder: TempDir,
}

impl Keys {
    fn new() -> Keys {
        let folder = TempDir::new().unwrap();
        openssl(
            folder.path(),
            &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "key.pem"],
        );
        openssl(folder.path(), &["pkey", "-in", "key.pem", "-pubout", "-out", "pub.pem"]);
        Keys { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.file(name)).unwrap()
    }

    fn private(&self) -> PrivateKey {
        PrivateKey::read(&self.read("key.pem"), None).unwrap()
    }

    fn openssl_signature(&self, message: &[u8]) -> Vec<u8> {
        std::fs::write(self.file("message"), message).unwrap();
        openssl(self.folder.path(), &["dgst", "-sha256", "-sign", "key.pem", "-out", "signature", "message"]);
        self.read("signature")
    }
}

#[test]
fn our_signature_is_openssls_byte_for_byte_and_the_rsa_crates() {
    use rsa::pkcs8::DecodePrivateKey;
    use rsa::signature::{SignatureEncoding, Signer as _};
    let keys = Keys::new();
    let pem = String::from_utf8(keys.read("key.pem")).unwrap();
    let reference =
        rsa::pkcs1v15::SigningKey::<sha2::Sha256>::new(rsa::PrivateKey::from_pkcs8_pem(&pem).unwrap());
    let body = "{\"use_time\":\"2025-08-03T12:00:00+08:00\",\"备注\":\"微信支付\"}";
    for body in ["", body] {
        let target = "/v3/marketing/partner/product-coupon/users/o/coupons/C%2F1/use";
        let message = message("POST", target, NOW, "593BEC0C930BF1AFEB40B4A08C8FB242", body.as_bytes());
        let ours = keys.private().signer().sign(&message).unwrap();
        assert_eq!(ours, keys.openssl_signature(&message));
        assert_eq!(ours, reference.sign(&message).to_bytes().as_ref());
    }
}

#[test]
fn the_header_holds_what_was_signed_and_a_fresh_nonce_every_time() {
    let keys = Keys::new();
    let signer = Authorizer::new(Mode::Partner, "1900000001", MERCHANT_SERIAL, keys.private());
    let (target, body) = ("/v3/x?a=b", b"{\"k\":1}");
    let mut nonces = Vec::new();
    for _ in 0..3 {
        let header = signer.authorization("POST", target, NOW, body).unwrap();
        let members = header.strip_prefix("WECHATPAY2-SHA256-RSA2048 ").unwrap();
        let member = |name: &str| {
            let found = members.split(',').find_map(|member| member.strip_prefix(&format!("{name}=\"")));
            found.unwrap().strip_suffix('"').unwrap().to_owned()
        };
        assert_eq!(member("mchid"), "1900000001");
        assert_eq!(member("serial_no"), MERCHANT_SERIAL);
        assert_eq!(member("timestamp"), NOW.to_string());
        let message = message("POST", target, NOW, &member("nonce_str"), body);
        assert_eq!(BASE64.decode(member("signature")).unwrap(), keys.openssl_signature(&message));
        nonces.push(member("nonce_str"));
    }
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 3);
}

struct SignedAnswer {
    key_ring: KeyRing,
    headers: SignatureHeaders,
    body: Vec<u8>,
}

impl SignedAnswer {
    fn new(keys: &Keys) -> SignedAnswer {
        let mut key_ring = KeyRing::new(MERCHANT_SERIAL);
        key_ring.insert(SERIAL, PublicKey::read(&keys.read("pub.pem")).unwrap());
        let body = "{\"coupon_code\":\"Code_123456\",\"名\":\"券\"}".as_bytes().to_vec();
        let (timestamp, nonce) = (NOW.to_string(), "AbC123".to_owned());
        let signature = keys.openssl_signature(&signed_message(&timestamp, &nonce, &body));
        let headers = SignatureHeaders {
            timestamp: Some(timestamp),
            nonce: Some(nonce),
            signature: Some(BASE64.encode(signature)),
            serial: Some(SERIAL.into()),
        };
        SignedAnswer { key_ring, headers, body }
    }

    fn verdict(&self) -> Result<Proof, VerifyError> {
        verify(&self.key_ring, &self.headers, &self.body, &fresh_at(NOW))
    }
}

#[test]
fn what_openssl_signed_is_proven_within_the_window_only() {
    let answer = SignedAnswer::new(&Keys::new());
    assert_eq!(answer.verdict(), Ok(PROOF));
    let at = |now| verify(&answer.key_ring, &answer.headers, &answer.body, &fresh_at(now));
    for inside in [-299, 299] {
        assert_eq!(at(NOW + inside), Ok(PROOF));
    }
    for outside in [-300, 300, 86_400, -86_400] {
        assert_eq!(at(NOW + outside), Err(VerifyError::Stale { seconds: outside }));
    }
}

#[test]
fn every_flipped_bit_of_body_and_signature_is_seen() {
    let keys = Keys::new();
    let good = SignedAnswer::new(&keys);
    for position in 0..good.body.len() {
        let mut body = good.body.clone();
        body[position] ^= 1;
        assert_eq!(
            verify(&good.key_ring, &good.headers, &body, &fresh_at(NOW)),
            Err(VerifyError::WrongSignature)
        );
    }
    let signature = BASE64.decode(good.headers.signature.as_ref().unwrap()).unwrap();
    for position in (0..signature.len()).step_by(17) {
        let mut damaged = signature.clone();
        damaged[position] ^= 0x80;
        let headers = SignatureHeaders { signature: Some(BASE64.encode(damaged)), ..good.headers.clone() };
        assert_eq!(
            verify(&good.key_ring, &headers, &good.body, &fresh_at(NOW)),
            Err(VerifyError::WrongSignature)
        );
    }
    let headers = SignatureHeaders { nonce: Some("AbC124".into()), ..good.headers.clone() };
    assert_eq!(
        verify(&good.key_ring, &headers, &good.body, &fresh_at(NOW)),
        Err(VerifyError::WrongSignature)
    );
}

#[test]
fn each_cause_of_distrust_has_its_own_name() {
    type Damage = fn(&mut SignedAnswer);
    let keys = Keys::new();
    let cases: [(&str, Damage); 10] = [
        ("unsigned", |answer| answer.headers = SignatureHeaders::default()),
        ("missing_header", |answer| answer.headers.timestamp = None),
        ("missing_header", |answer| answer.headers.nonce = None),
        ("missing_header", |answer| answer.headers.signature = None),
        ("missing_header", |answer| answer.headers.serial = None),
        ("signtest_probe", |answer| {
            answer.headers.signature = Some("WECHATPAY/SIGNTEST/abcdef==".into());
        }),
        ("merchant_serial", |answer| answer.headers.serial = Some(MERCHANT_SERIAL.to_lowercase())),
        ("unknown_serial", |answer| answer.headers.serial = Some("PUB_KEY_ID_9".into())),
        ("malformed_header", |answer| answer.headers.timestamp = Some("yesterday".into())),
        ("malformed_header", |answer| answer.headers.signature = Some("*".into())),
    ];
    for (name, damage) in cases {
        let mut answer = SignedAnswer::new(&keys);
        damage(&mut answer);
        assert_eq!(answer.verdict().unwrap_err().name(), name);
    }
}

#[test]
fn a_ring_of_many_keys_picks_by_serial() {
    let (first, second) = (Keys::new(), Keys::new());
    let mut answer = SignedAnswer::new(&first);
    answer.key_ring.insert("5F1E", PublicKey::read(&second.read("pub.pem")).unwrap());
    assert_eq!(answer.verdict(), Ok(PROOF));
    answer.headers.serial = Some("5f1e".into());
    assert_eq!(answer.verdict(), Err(VerifyError::WrongSignature));
}
