//! The list of platform certificates.

use crate::bench::{APIV3_KEY, Bench, Kind, NOW_S, alone, for_c};
use crate::line::{Reply, Script};
use crate::said;
use crate::sealed::seal;
use arbitrary::{Arbitrary, Unstructured};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::LazyLock;
use wxcoupon::ffi;
use wxcoupon::wire::keys::PrivateKey;
use wxcoupon::wire::{certificates, verify};

const QUERY: &str = r#"{"openid":"oUser1","coupon_code":"Code_1","product_coupon_id":"1000000013","stock_id":"1000000013001"}"#;

#[derive(Debug, Arbitrary)]
enum List<'a> {
    Any(&'a [u8]),
    Entries(Vec<Entry<'a>>),
}

#[derive(Debug, Arbitrary)]
enum Entry<'a> {
    /// As it stands.
    Any(&'a str),
    /// A right seal around anything.
    Sealed { serial: &'a str, associated: &'a str, content: &'a [u8] },
    /// The same around a certificate.
    Certificate { serial: Option<&'a str>, changed: Option<(u16, u8)> },
    /// A member that is of another kind.
    Odd { serial: bool, member: u8 },
}

/// A certificate that is good for ten years from 2026 on. Nobody else has it.
const CERTIFICATE: &str = include_str!("certificate.pem");
const PRIVATE_KEY: &[u8] = include_bytes!("certificate.key");
const CERTIFICATE_SERIAL: &str = include_str!("certificate.serial");

impl Entry<'_> {
    fn json(&self) -> Value {
        let listed = |serial: &str, sealed: Value| json!({"serial_no": serial, "effective_time": "2026-01-01T00:00:00+08:00", "encrypt_certificate": sealed});
        match self {
            Entry::Any(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
            Entry::Sealed { serial, associated, content } => listed(serial, seal(content, associated)),
            Entry::Certificate { serial, changed } => {
                let mut content = CERTIFICATE.as_bytes().to_vec();
                if let Some((at, byte)) = changed {
                    let at = usize::from(*at) % content.len();
                    content[at] = *byte;
                }
                listed(serial.unwrap_or(CERTIFICATE_SERIAL.trim()), seal(&content, "certificate"))
            }
            Entry::Odd { serial, member } => {
                let mut entry =
                    listed(CERTIFICATE_SERIAL.trim(), seal(CERTIFICATE.as_bytes(), "certificate"));
                let odd = [json!(null), json!(1), json!([]), json!("")][usize::from(*member) % 4].clone();
                if *serial {
                    entry["serial_no"] = odd;
                } else {
                    entry["encrypt_certificate"]["nonce"] = odd;
                }
                entry
            }
        }
    }

    /// Nothing is wrong with it.
    fn is_good(&self) -> bool {
        matches!(self, Entry::Certificate { serial: None, changed: None })
    }
}

pub fn run(input: &[u8]) {
    let _turn = alone();
    let Ok(list) = List::arbitrary_take_rest(Unstructured::new(input)) else { return };
    let (body, good) = match &list {
        List::Any(bytes) => (bytes.to_vec(), false),
        List::Entries(entries) => {
            let data: Vec<Value> = entries.iter().take(8).map(Entry::json).collect();
            (json!({ "data": data }).to_string().into_bytes(), entries.iter().take(8).any(Entry::is_good))
        }
    };
    // The dictionary has the key. What is already in the answer may be repeated from it.
    let is_quoted = body.windows(APIV3_KEY.len()).any(|part| part == APIV3_KEY.as_bytes());
    match certificates::open(&body, APIV3_KEY) {
        Ok(opened) => {
            assert!(!opened.is_empty());
            // One odd entry never spoils the rest.
            assert!(!good || opened.iter().any(|found| found.serial == CERTIFICATE_SERIAL.trim()));
        }
        Err(error) => {
            assert!(!good, "one entry is good: {error:?}");
            assert!(is_quoted || !error.message.contains(APIV3_KEY));
        }
    }
    // Two keys under one number: which of them signs, nobody can say.
    let twice = matches!(&list, List::Entries(entries) if entries.iter().any(|entry| !entry.is_good()));
    asked_for(&body, good && !twice, is_quoted);
}

/// The signature headers, by the key of the certificate.
fn signed(body: &[u8]) -> String {
    static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::read(PRIVATE_KEY, None).unwrap());
    let message = verify::message(&NOW_S.to_string(), "nonce", body);
    let signature = BASE64.encode(KEY.signer().sign(&message).unwrap());
    let headers = [
        ("Timestamp", NOW_S.to_string()),
        ("Nonce", "nonce".into()),
        ("Signature", signature),
        ("Serial", CERTIFICATE_SERIAL.trim().into()),
    ];
    headers.map(|(name, value)| format!("Wechatpay-{name}: {value}\r\n")).concat()
}

/// The same where a question cannot be judged without it.
fn asked_for(body: &[u8], good: bool, is_quoted: bool) {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n", body.len(), signed(body));
    let reply = Reply { bytes: [head.as_bytes(), body].concat(), stays_open: true };
    let script = Script { replies: VecDeque::from([reply]), step: 0 };
    let bench = Bench::new(Kind { has_key: false, ..Kind::default() }, script);
    let text = for_c(QUERY.as_bytes()).unwrap();
    // SAFETY: a text that ends with NUL.
    let status = unsafe { ffi::wxcoupon_query(bench.ctx, text.as_ptr(), bench.buf) };
    let quoted = [APIV3_KEY.as_bytes()];
    let answer = said::answer(&bench, status, if is_quoted { &quoted } else { &[] });
    assert!(matches!(status / 1000, 2 | 3 | 5 | 6), "{answer}");
    assert!(is_quoted || !answer.to_string().contains(APIV3_KEY), "{answer}");
    let sent = bench.wire.sent();
    assert!(sent[0].starts_with(b"GET /v3/certificates "), "asked for first");
    if good {
        assert!(
            sent.iter().any(|sent| sent.starts_with(b"GET /v3/marketing/")),
            "then the question: {answer}"
        );
    }
}
