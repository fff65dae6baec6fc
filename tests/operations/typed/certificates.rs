//! Lists of platform certificates: one odd entry never spoils the rest.

use super::shop::{PLATFORM_SERIAL, folder, openssl, text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};
use wxcoupon::status::Code;
use wxcoupon::wire::certificates::open;

const KEY: &str = "0123456789abcdef0123456789ABCDEF";

fn sealed(text: &str, key: &str) -> Value {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_bytes()).unwrap());
    let mut text = text.as_bytes().to_vec();
    let nonce = Nonce::assume_unique_for_key(*b"j9g1wAzF9Xn1");
    key.seal_in_place_append_tag(nonce, Aad::from(b"certificate"), &mut text).unwrap();
    json!({
        "algorithm": "AEAD_AES_256_GCM", "nonce": "j9g1wAzF9Xn1", "associated_data": "certificate",
        "ciphertext": BASE64.encode(text),
    })
}

fn entry(serial: &str, sealed: Value) -> Value {
    json!({
        "serial_no": serial, "effective_time": "2018-06-08T10:34:56+08:00",
        "expire_time": "2018-12-08T10:34:56+08:00", "encrypt_certificate": sealed,
    })
}

fn good() -> Value {
    entry(PLATFORM_SERIAL, sealed(&text("platform.pem"), KEY))
}

fn list(entries: &[Value]) -> Vec<u8> {
    json!({ "data": entries }).to_string().into_bytes()
}

/// Entries of no use, and what is said where there are no others.
fn odd() -> Vec<(Value, Code, &'static str)> {
    openssl(
        folder(),
        "req -new -x509 -newkey rsa:1024 -nodes -keyout weak_key.pem -set_serial 5 -subj /CN=x -out weak.pem",
    );
    let with = |name: &str, value: Value| {
        let mut entry = good();
        entry[name] = value;
        entry
    };
    let mut sm4 = good();
    sm4["encrypt_certificate"]["algorithm"] = json!("AEAD_SM4_GCM");
    let mut no_nonce = good();
    no_nonce["encrypt_certificate"].as_object_mut().unwrap().remove("nonce");
    let foreign = sealed(&text("platform.pem"), "another key with its 32 letters!");
    vec![
        (entry("77", sealed(&text("ec.pem"), KEY)), Code::ReadFailed, "without an RSA key"),
        (entry("05", sealed(&text("weak.pem"), KEY)), Code::ReadFailed, "1024 bits"),
        (entry(PLATFORM_SERIAL, foreign), Code::Key, "apiv3_key does not open"),
        (sm4, Code::Key, "AEAD_SM4_GCM"),
        (no_nonce, Code::ReadFailed, "missing field `nonce`"),
        (with("encrypt_certificate", Value::Null), Code::ReadFailed, "entry 0"),
        (with("serial_no", json!(7)), Code::ReadFailed, "entry 0"),
        (with("serial_no", json!("FF")), Code::ReadFailed, "is listed as FF"),
        (entry(PLATFORM_SERIAL, sealed("no certificate", KEY)), Code::ReadFailed, "other text"),
        (Value::Null, Code::ReadFailed, "entry 0"),
        (json!("text"), Code::ReadFailed, "entry 0"),
    ]
}

#[test]
fn the_good_ones_serve_whatever_stands_beside_them() {
    for (odd, ..) in odd() {
        for entries in [[odd.clone(), good()], [good(), odd.clone()]] {
            let opened = open(&list(&entries), KEY).unwrap_or_else(|error| panic!("{odd}: {error:?}"));
            assert_eq!(opened.len(), 1, "{odd}");
            assert_eq!(opened[0].serial, PLATFORM_SERIAL);
        }
    }
    let all: Vec<Value> = odd().into_iter().map(|(odd, ..)| odd).chain([good()]).collect();
    assert_eq!(open(&list(&all), KEY).unwrap().len(), 1);
}

#[test]
fn alone_an_odd_one_is_told_for_what_it_is() {
    for (odd, code, message) in odd() {
        let error = open(&list(std::slice::from_ref(&odd)), KEY).unwrap_err();
        assert_eq!(error.code, code, "{error:?}");
        assert!(error.message.contains(message), "{error:?}\n{message}");
    }
    let error = open(&list(&[]), KEY).unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::Config, Some("/wechatpay_public_key_id")));
}

/// A key that is wrong says more than an entry that is odd.
#[test]
fn a_wrong_apiv3_key_is_named_before_anything_else() {
    let entries = [entry("77", sealed(&text("ec.pem"), KEY)), good()];
    let error = open(&list(&entries), "another key with its 32 letters!").unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::Key, Some("/apiv3_key")), "{error:?}");
}

#[test]
fn spellings_of_numbers_and_what_an_editor_adds_do_not_matter() {
    let short = PLATFORM_SERIAL.trim_start_matches('0');
    for serial in [short, &short.to_lowercase(), &format!("00{PLATFORM_SERIAL}")] {
        let mut entry = entry(serial, sealed(&text("platform.pem"), KEY));
        entry["expire_time"] = json!(1_544_236_496);
        let listed = [b"\xEF\xBB\xBF".as_slice(), &list(&[entry])].concat();
        assert_eq!(open(&listed, KEY).unwrap().len(), 1, "{serial}");
    }
    // Sealed without associated data, which may be null then.
    let mut entry = good();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, KEY.as_bytes()).unwrap());
    let mut sealed = text("platform.pem").into_bytes();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(*b"j9g1wAzF9Xn1"), Aad::empty(), &mut sealed)
        .unwrap();
    entry["encrypt_certificate"]["ciphertext"] = json!(BASE64.encode(sealed));
    entry["encrypt_certificate"]["associated_data"] = Value::Null;
    assert_eq!(open(&list(&[entry]), KEY).unwrap().len(), 1);
}
