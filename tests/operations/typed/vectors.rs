//! Public vectors: `JSONTestSuite`'s verdicts, Wycheproof's against implementations that accept too much, and the
//! values that WeChat Pay's official SDKs for Java and Go test themselves with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use std::sync::Arc;
use wxcoupon::encoding::TextEncoding;
use wxcoupon::json;
use wxcoupon::report::JsonText;
use wxcoupon::wire::cipher::{self, Aes256Gcm, Cipher, Sealed};
use wxcoupon::wire::key_ring::KeyRing;
use wxcoupon::wire::keys::{Certificate, PrivateKey, PublicKey};
use wxcoupon::wire::verify::{SignatureHeaders, fresh_at, verify};
use wxcoupon::wire::{certificates, notification};
use wycheproof::TestResult;

/// Name, how often the third column stands before the fourth, and both, with `\xNN` for bytes that are not printable.
/// From github.com/nst/JSONTestSuite at 1ef36fa (MIT, Nicolas Seriot): `y_` is JSON, `n_` is not, `i_` may be either.
const JSON_TEST_SUITE: &str = include_str!("json_test_suite.txt");

fn unescaped(text: &str) -> Vec<u8> {
    let mut pieces = text.split("\\x");
    let mut bytes = pieces.next().unwrap().as_bytes().to_vec();
    for piece in pieces {
        let (byte, rest) = piece.split_at(2);
        bytes.push(u8::from_str_radix(byte, 16).unwrap());
        bytes.extend_from_slice(rest.as_bytes());
    }
    bytes
}

fn json_test_suite() -> Vec<(&'static str, Vec<u8>)> {
    JSON_TEST_SUITE
        .lines()
        .map(|line| {
            let [name, times, piece, end] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let repeated = unescaped(piece).repeat(times.parse().unwrap());
            (name, [repeated, unescaped(end)].concat())
        })
        .collect()
}

#[test]
fn what_json_is_the_test_suite_says() {
    // The same key twice is JSON; two readers could read it differently.
    let refused_all_the_same = ["y_object_duplicated_key", "y_object_duplicated_key_and_value"];
    let (mut accepted, mut refused, mut either) = (0, 0, 0);
    for (name, bytes) in json_test_suite() {
        let text = TextEncoding::UTF8.decode(&bytes, "json_in");
        let read = text.as_ref().ok().and_then(|text| json::parse(text).ok());
        let passed_on = text.ok().and_then(|text| JsonText::read(&Arc::from(&*text)));
        match name.as_bytes()[0] {
            b'y' if refused_all_the_same.contains(&name) => {
                assert!(read.is_none() && passed_on.is_some(), "{name}");
                refused += 1;
            }
            b'y' => {
                let read = read.unwrap_or_else(|| panic!("{name} is refused"));
                assert!(passed_on.is_some(), "{name}");
                // What was read is what was written.
                let again = serde_json::to_string(&read).unwrap();
                assert_eq!(json::parse(&again).unwrap(), read, "{name}");
                if name.starts_with("y_number") {
                    let written: Vec<u8> =
                        bytes.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
                    assert_eq!(again.as_bytes(), written, "{name}");
                }
                accepted += 1;
            }
            b'n' => {
                assert!(read.is_none() && passed_on.is_none(), "{name} is accepted");
                refused += 1;
            }
            _ => either += 1,
        }
    }
    assert_eq!((accepted, refused, either), (93, 190, 35));
}

#[test]
fn a_signature_that_wycheproof_calls_invalid_proves_nothing() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    let mut tested = 0;
    for name in [TestName::Rsa2048Sha256, TestName::Rsa3072Sha256, TestName::Rsa4096Sha256] {
        for group in TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::read(&group.asn_key).unwrap();
            for test in group.tests {
                let proven = key.verifier().verifies(&test.msg, &test.sig);
                assert_eq!(
                    proven,
                    test.result == TestResult::Valid,
                    "{name:?} {}: {}",
                    test.tc_id,
                    test.comment
                );
                tested += 1;
            }
        }
    }
    assert!(tested > 700, "{tested}");
}

#[test]
fn what_wycheproof_calls_wrongly_padded_is_not_decrypted() {
    use wycheproof::rsa_oaep::{TestName, TestSet};
    let (mut opened, mut shut) = (0, 0);
    for group in TestSet::load(TestName::Rsa2048Sha1Mgf1Sha1).unwrap().test_groups {
        let key = PrivateKey::read(&group.pkcs8, None).unwrap();
        for test in group.tests {
            // WeChat Pay's texts have no label.
            let is_right = test.result == TestResult::Valid && test.label.is_empty();
            let expected = is_right.then(|| test.pt.to_vec());
            assert_eq!(key.decrypter().decrypt(&test.ct), expected, "{}: {}", test.tc_id, test.comment);
            if is_right { opened += 1 } else { shut += 1 }
        }
    }
    assert!(opened >= 10 && shut >= 10, "{opened} {shut}");
}

#[test]
fn what_wycheproof_calls_changed_does_not_open() {
    use wycheproof::aead::{TestName, TestSet};
    let (mut opened, mut shut) = (0, 0);
    for group in TestSet::load(TestName::AesGcm).unwrap().test_groups {
        for test in group.tests {
            let is_ours = (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128);
            let is_right = is_ours && test.result == TestResult::Valid;
            let sealed = [test.ct.to_vec(), test.tag.to_vec()].concat();
            let found = Aes256Gcm.open(&test.key, &test.nonce, &test.aad, sealed);
            assert_eq!(found, is_right.then(|| test.pt.to_vec()), "{}: {}", test.tc_id, test.comment);
            if is_right { opened += 1 } else { shut += 1 }
        }
    }
    assert!(opened >= 30 && shut >= 100, "{opened} {shut}");
}

/// Values of `wechatpay-java` (`RSAVerifierTest`, `RSAPrivacyDecryptorTest`, `AeadAesCipherTest`, `TestConfig`) and
/// `wechatpay-go` (`notify_test.go`).
fn sdk(name: &str) -> Value {
    serde_json::from_str::<Value>(include_str!("sdk_vectors.json")).unwrap()[name].clone()
}

fn text<'a>(vectors: &'a Value, name: &str) -> &'a str {
    vectors[name].as_str().unwrap()
}

#[test]
fn the_java_sdk_signs_seals_and_decrypts_alike() {
    let java = sdk("java");
    let key = PrivateKey::read(text(&java, "private_key").as_bytes(), None).unwrap();
    let signature = BASE64.encode(key.signer().sign(b"message").unwrap());
    assert_eq!(signature, text(&java, "signature_over_message"));
    let certificate = Certificate::read(text(&java, "certificate").as_bytes()).unwrap();
    assert_eq!(certificate.serial, text(&java, "serial"));
    assert!(certificate.key == *key.public());
    assert!(certificate.key.verifier().verifies(b"message", &BASE64.decode(signature).unwrap()));
    assert_eq!(cipher::decrypt(&key, text(&java, "oaep_of_plaintext")).as_deref(), Some("plaintext"));

    let apiv3_key = text(&java, "apiv3_key");
    let sealed: Sealed = serde_json::from_value(java["sealed_message"].clone()).unwrap();
    assert_eq!(cipher::open(apiv3_key.as_bytes(), &sealed).unwrap(), b"message");
    let listed = certificates::open(java["certificates"].to_string().as_bytes(), apiv3_key).unwrap();
    assert_eq!(listed[0].serial, "5DEA10EF55877E3CF6C33255C2E7DEFFF7E427EC");
}

#[test]
fn the_go_sdk_proves_the_same_notification() {
    const NOW: i64 = 1_624_523_846;
    let go = sdk("go");
    let mut key_ring = KeyRing::new("1");
    key_ring.insert_certificate(Certificate::read(text(&go, "certificate").as_bytes()).unwrap());
    let header = |name: &str| Some(text(&go, name).to_owned());
    let headers = SignatureHeaders {
        timestamp: header("timestamp"),
        nonce: header("nonce"),
        signature: header("signature"),
        serial: header("serial"),
    };
    let body = text(&go, "body");
    let at = fresh_at(NOW);
    assert!(verify(&key_ring, &headers, body.as_bytes(), &at).is_ok());
    assert!(verify(&key_ring, &headers, body.replace("签约", "解约").as_bytes(), &at).is_err());
    let named = notification::Headers::from_json(
        &json!({
            "HTTP_WECHATPAY_TIMESTAMP": go["timestamp"], "HTTP_WECHATPAY_NONCE": go["nonce"],
            "HTTP_WECHATPAY_SIGNATURE": go["signature"], "HTTP_WECHATPAY_SERIAL": go["serial"],
        })
        .to_string(),
    );
    assert_eq!(named.unwrap().signature, headers);
    // Its test seals with a key of 16 bytes, which no APIv3 key has.
    let opened = notification::open(body.as_bytes(), b"testMchAPIv3Key0");
    assert_eq!(opened.unwrap_err().name(), "not_opened");
}
