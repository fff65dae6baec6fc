//! Notifications as WeChat Pay posts them: sealed with ring, signed with a key of the `openssl` command.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};
use std::ffi::{CStr, CString};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};
use wxcoupon::client::Client;
use wxcoupon::config::Config;
use wxcoupon::ffi;
use wxcoupon::wire::keys::PrivateKey;
use wxcoupon::wire::verify::message;

/// The key that seals the text.
pub const API_KEY: &[u8; 32] = b"0123456789abcdef0123456789ABCDEF";
/// The name of the key that signs.
pub const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0114232134912410000000000000000001";
/// The merchant's own certificate.
pub const MERCHANT_SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";

struct Keys {
    wechatpay: PrivateKey,
    wechatpay_public: String,
    merchant: String,
}

/// What the `openssl` command makes of its input.
pub fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    use std::process::Stdio;
    let mut process = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(input).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}");
    output.stdout
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let generate = || openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], b"");
        let (wechatpay, merchant) = (generate(), generate());
        Keys {
            wechatpay_public: String::from_utf8(openssl(&["pkey", "-pubout"], &wechatpay)).unwrap(),
            wechatpay: PrivateKey::read(&wechatpay, None).unwrap(),
            merchant: String::from_utf8(merchant).unwrap(),
        }
    })
}

/// A configuration that has every key.
pub fn config() -> Value {
    json!({
        "mchid": "1900000001",
        "merchant_serial_no": MERCHANT_SERIAL,
        "private_key_pem": keys().merchant,
        "wechatpay_public_key_id": PUBLIC_KEY_ID,
        "wechatpay_public_key_pem": keys().wechatpay_public,
        "apiv3_key": std::str::from_utf8(API_KEY).unwrap(),
        // It holds for every context of the test's process.
        "max_rate_per_s": 100_000,
    })
}

/// A context in Rust.
pub fn client(config: &Value) -> Client {
    Client::new(Config::from_json(&config.to_string()).unwrap()).unwrap()
}

/// Seconds since 1970.
pub fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// A context and a buffer, as C has them.
pub struct Context {
    ctx: *mut ffi::wxcoupon_ctx,
    buf: *mut ffi::wxcoupon_buf,
}

impl Context {
    /// With a configuration that is accepted.
    pub fn new(config: &Value) -> Context {
        let (mut ctx, buf) = (std::ptr::null_mut(), ffi::wxcoupon_buf_new());
        let config = CString::new(config.to_string()).unwrap();
        // SAFETY: a terminated text and a writable pointer.
        assert_eq!(unsafe { ffi::wxcoupon_ctx_new(config.as_ptr(), &raw mut ctx, buf) }, 0);
        Context { ctx, buf }
    }

    /// The answer's bytes, in the context's encoding.
    pub fn open(&self, headers: &[u8], body: &[u8]) -> Vec<u8> {
        let headers = CString::new(headers).unwrap();
        let length = u32::try_from(body.len()).unwrap();
        // SAFETY: a terminated text, and as many bytes as said.
        unsafe {
            let body = body.as_ptr().cast();
            ffi::wxcoupon_notification_open(self.ctx, headers.as_ptr(), body, length, self.buf);
            CStr::from_ptr(ffi::wxcoupon_buf_data(self.buf)).to_bytes().to_vec()
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        ffi::wxcoupon_ctx_free(self.ctx);
        ffi::wxcoupon_buf_free(self.buf);
    }
}

/// What is sealed, and with what.
pub struct Sealing {
    /// What will be read.
    pub text: Vec<u8>,
    /// The key.
    pub key: [u8; 32],
    /// The envelope's member of that name.
    pub associated_data: Value,
}

impl Sealing {
    /// As the page prints it: the associated data has 17 bytes.
    pub fn of(text: &str) -> Sealing {
        Sealing { text: text.into(), key: *API_KEY, associated_data: json!("product_coupon_sp") }
    }
}

/// The body that page 4016435717 (2025-12-05) prints, with a text sealed in it.
pub fn envelope(event_type: &str, sealing: &Sealing) -> Value {
    let mut text = sealing.text.clone();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &sealing.key).unwrap());
    let aad = Aad::from(sealing.associated_data.as_str().unwrap_or_default().as_bytes());
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(*b"j9g1wAzF9Xn1"), aad, &mut text).unwrap();
    json!({
        "id": "8b33f79f-8869-5ae5-b41b-3c0b59f957d0",
        "create_time": "2020-07-13T23:27:38+08:00",
        "resource_type": "encrypt-resource",
        "event_type": event_type,
        "summary": "商品券领券通知",
        "resource": {
            "original_type": "coupon",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": BASE64.encode(text),
            "associated_data": sealing.associated_data,
            "nonce": "j9g1wAzF9Xn1",
        }
    })
}

/// The headers that prove a body.
pub fn sign(body: &[u8], timestamp: i64) -> Value {
    let (timestamp, nonce) = (timestamp.to_string(), "5K8264ILTKCH16CQ2502SI8ZNMTM67VS");
    let signature = keys().wechatpay.signer().sign(&message(&timestamp, nonce, body)).unwrap();
    json!({
        "Content-Type": "application/json",
        "Request-ID": "08F7C1BEC306-0",
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": BASE64.encode(signature),
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Wechatpay-Serial": PUBLIC_KEY_ID,
    })
}

/// One HTTP request of WeChat Pay's.
#[derive(Clone)]
pub struct Post {
    /// Names and values, as JSON.
    pub headers: Value,
    /// The bytes.
    pub body: Vec<u8>,
}

impl Post {
    /// A right one of that type with that text.
    pub fn of(event_type: &str, text: &str) -> Post {
        Post::enveloped(&envelope(event_type, &Sealing::of(text)))
    }

    /// Signed at that time.
    pub fn at(timestamp: i64, text: &str) -> Post {
        let body = envelope("PRODUCT_COUPON_SP.SEND", &Sealing::of(text)).to_string();
        Post::signed(body.into_bytes(), timestamp)
    }

    /// With that envelope, signed now.
    pub fn enveloped(envelope: &Value) -> Post {
        Post::signed(envelope.to_string().into_bytes(), now())
    }

    /// With that body, signed at that time.
    pub fn signed(body: Vec<u8>, timestamp: i64) -> Post {
        Post { headers: sign(&body, timestamp), body }
    }

    /// Takes a header out.
    pub fn without(&mut self, name: &str) -> Option<Value> {
        self.headers.as_object_mut().unwrap().remove(name)
    }

    /// The text of the answer of a context that has every key.
    pub fn text(&self) -> String {
        static CLIENT: OnceLock<Client> = OnceLock::new();
        let client = CLIENT.get_or_init(|| client(&config()));
        client.notification_open(&self.headers.to_string(), &self.body).to_json()
    }

    /// The same, read.
    pub fn open(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }
}
