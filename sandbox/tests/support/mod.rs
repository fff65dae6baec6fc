//! An independent client: OpenSSL for keys and TLS, HTTP written by hand.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
// `till.use_request(…)` reads well, and a till is what makes requests.
#![allow(clippy::unused_self)]

pub mod admin;
pub mod desk;
pub mod offers;
pub mod receiver;
pub mod secrets;
mod wire;

use std::collections::HashMap;
use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use openssl::base64::{decode_block, encode_block};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private, Public};
use openssl::sign::{Signer, Verifier};
use openssl::ssl::{SslConnector, SslMethod};
use openssl::x509::X509;
use serde_json::{Value, json};
pub use wire::{Got, Line, Wire};
use wxcoupon_sandbox::{APPID, BRAND_ID, OPENID, Options, PRODUCT_COUPON_ID, STOCK_ID, Sandbox};

pub const USE_TIME: &str = "2025-08-03T12:00:00+08:00";

pub fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).unwrap()
}

pub fn unix() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// What a till knows: keys and identities, read from the sandbox's folder.
pub struct Till {
    pub urls: [String; 2],
    /// Scheme of `Authorization`, and the member that says who signs.
    scheme: [&'static str; 2],
    identity: String,
    serial: String,
    pub key: PKey<Private>,
    known_keys: HashMap<String, PKey<Public>>,
    pub public_key_id: String,
    pub platform_serial: String,
    /// The APIv3 key, or the brand's.
    pub symmetric: String,
    connector: SslConnector,
}

impl Till {
    pub fn new(sandbox: &Sandbox) -> Self {
        Self::from_folder(sandbox.dir())
    }

    /// The brand itself.
    pub fn brand(sandbox: &Sandbox) -> Self {
        Self::from_config(sandbox.dir(), "brand_config.json")
    }

    pub fn from_folder(dir: &Path) -> Self {
        Self::from_config(dir, "config.json")
    }

    fn from_config(dir: &Path, config: &str) -> Self {
        let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
        let config: Value = serde_json::from_slice(&read(config)).unwrap();
        let text = |name: &str| config[name].as_str().unwrap().to_owned();
        let file = |name: &str| std::fs::read(config[name].as_str().unwrap()).unwrap();
        let platform = X509::from_pem(&read("platform_cert.pem")).unwrap();
        let platform_serial = platform.serial_number().to_bn().unwrap().to_hex_str().unwrap().to_string();
        let public_key_id = text("wechatpay_public_key_id");
        let public_key = PKey::public_key_from_pem(&file("wechatpay_public_key_path")).unwrap();
        let scheme = match config["mode"].as_str() {
            Some("brand") => ["WECHATPAY-BRAND-SHA256-RSA2048", "brand_id"],
            _ => ["WECHATPAY2-SHA256-RSA2048", "mchid"],
        };
        let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
        connector.set_ca_file(config["ca_path"].as_str().unwrap()).unwrap();
        Self {
            urls: [0, 1].map(|n| config["base_urls"][n].as_str().unwrap().to_owned()),
            scheme,
            identity: text(scheme[1]),
            serial: text("merchant_serial_no"),
            key: PKey::private_key_from_pem(&file("private_key_path")).unwrap(),
            known_keys: HashMap::from([
                (public_key_id.clone(), public_key),
                (platform_serial.clone(), platform.public_key().unwrap()),
            ]),
            public_key_id,
            platform_serial,
            connector: connector.build(),
            symmetric: text("apiv3_key"),
        }
    }

    /// Trusts another platform certificate.
    pub fn learn(&mut self, serial: &str, certificate: &X509) {
        self.known_keys.insert(serial.to_owned(), certificate.public_key().unwrap());
    }

    pub fn public_key(&self, serial: &str) -> &PKey<Public> {
        &self.known_keys[serial]
    }

    /// A `use` request with everything right.
    pub fn use_request(&self, code: &str, number: &str) -> Call {
        Call::new("POST", &format!("{}/use", coupon_path(OPENID, code))).json(&use_body(number))
    }

    pub fn return_request(&self, code: &str, number: &str) -> Call {
        let body = json!({
            "product_coupon_id": PRODUCT_COUPON_ID,
            "stock_id": STOCK_ID,
            "appid": APPID,
            "brand_id": BRAND_ID,
            "out_request_no": number,
        });
        Call::new("POST", &format!("{}/return", coupon_path(OPENID, code))).json(&body)
    }

    pub fn query_request(&self, code: &str) -> Call {
        let query = format!(
            "product_coupon_id={PRODUCT_COUPON_ID}&stock_id={STOCK_ID}&appid={APPID}&brand_id={BRAND_ID}"
        );
        Call::new("GET", &format!("{}?{query}", coupon_path(OPENID, code)))
    }

    /// Signs and sends on a fresh connection to the first host.
    pub fn send(&self, call: &Call) -> io::Result<Got> {
        self.send_to(&self.urls[0], call)
    }

    pub fn send_to(&self, url: &str, call: &Call) -> io::Result<Got> {
        self.connect(url)?.exchange(self, call)
    }

    /// Sends, and insists on a good answer.
    pub fn ok(&self, call: &Call) -> Value {
        let got = self.send(call).unwrap();
        assert_eq!(got.status, 200, "{}", got.text());
        self.verify(&got).unwrap();
        got.json()
    }

    /// Sends, and insists on a refusal with this sub-code.
    pub fn refused(&self, call: &Call, sub_code: u32) -> Got {
        let got = self.send(call).unwrap();
        assert!(got.status >= 400, "{}", got.text());
        assert_eq!(got.sub_code(), sub_code, "{}", got.text());
        self.verify(&got).unwrap();
        got
    }

    pub fn connect(&self, url: &str) -> io::Result<Line> {
        let (scheme, address) = url.split_once("://").unwrap();
        let tcp = TcpStream::connect(address)?;
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(Duration::from_secs(15)))?;
        let stream: Box<dyn Wire> = if scheme == "https" {
            let tls =
                self.connector.connect("127.0.0.1", tcp).map_err(|e| io::Error::other(e.to_string()))?;
            Box::new(tls)
        } else {
            Box::new(tcp)
        };
        Ok(Line { stream, buffer: Vec::new() })
    }

    pub fn sign(&self, message: &[u8]) -> String {
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key).unwrap();
        encode_block(&signer.sign_oneshot_to_vec(message).unwrap())
    }

    /// The `Authorization` header for a call.
    pub fn authorization(&self, call: &Call) -> String {
        let timestamp = call.timestamp.unwrap_or_else(unix);
        let nonce = "593BEC0C930BF1AFEB40B4A08C8FB242";
        let mut message = format!("{}\n{}\n{timestamp}\n{nonce}\n", call.method, call.target).into_bytes();
        message.extend_from_slice(call.signed.as_ref().unwrap_or(&call.body));
        message.push(b'\n');
        let signature = self.sign(&message);
        format!(
            r#"{} {}="{}",nonce_str="{nonce}",timestamp="{timestamp}",serial_no="{}",signature="{signature}""#,
            self.scheme[0], self.scheme[1], self.identity, self.serial
        )
    }

    /// Checks an answer's signature; says which key made it.
    pub fn verify(&self, got: &Got) -> Result<String, String> {
        self.verify_message(|name| got.header(name), &got.body)
    }

    /// Checks the signature of an answer or a notification.
    pub fn verify_message<'a>(
        &self,
        header: impl Fn(&str) -> Option<&'a str>,
        body: &[u8],
    ) -> Result<String, String> {
        let header = |name: &str| header(name).ok_or_else(|| format!("{name} is missing"));
        let serial = header("wechatpay-serial")?;
        let key = self.known_keys.get(serial).ok_or_else(|| format!("unknown serial {serial}"))?;
        let timestamp = header("wechatpay-timestamp")?;
        let age = unix() - timestamp.parse::<i64>().map_err(|e| e.to_string())?;
        if age.abs() >= 300 {
            return Err(format!("signed {age} s ago"));
        }
        let mut message = format!("{timestamp}\n{}\n", header("wechatpay-nonce")?).into_bytes();
        message.extend_from_slice(body);
        message.push(b'\n');
        let signature = header("wechatpay-signature")?;
        let signature = decode_block(signature).map_err(|_| format!("not Base64: {signature}"))?;
        let right = Verifier::new(MessageDigest::sha256(), key)
            .and_then(|mut verifier| verifier.verify_oneshot(&signature, &message))
            .map_err(|e| e.to_string())?;
        if right { Ok(serial.to_owned()) } else { Err("wrong signature".into()) }
    }
}

/// Waits for what must come, however slow the machine is.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub fn coupon_path(openid: &str, code: &str) -> String {
    format!("/v3/marketing/partner/product-coupon/users/{openid}/coupons/{code}")
}

pub fn use_body(number: &str) -> Value {
    json!({
        "product_coupon_id": PRODUCT_COUPON_ID,
        "stock_id": STOCK_ID,
        "appid": APPID,
        "brand_id": BRAND_ID,
        "use_time": USE_TIME,
        "out_request_no": number,
        "associated_order_info": { "transaction_id": "4200000000123456789123456789" },
    })
}

/// A request before signing.
#[derive(Clone)]
pub struct Call {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// What counts as the body in the signature, if that is not the body.
    pub signed: Option<Vec<u8>>,
    pub timestamp: Option<i64>,
}

impl Call {
    pub fn new(method: &str, target: &str) -> Self {
        let headers = [("Host", "127.0.0.1"), ("Accept", "application/json"), ("User-Agent", "till/1.0")];
        Self {
            method: method.into(),
            target: target.into(),
            headers: headers.map(|(n, v)| (n.into(), v.into())).into(),
            body: Vec::new(),
            signed: None,
            timestamp: None,
        }
    }

    pub fn json(self, body: &Value) -> Self {
        self.body(body.to_string().into_bytes()).header("Content-Type", "application/json")
    }

    pub fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// Changes members of the JSON body; null removes one.
    pub fn with(self, name: &str, value: Value) -> Self {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap();
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(name)),
            value => drop(body.as_object_mut().unwrap().insert(name.into(), value)),
        }
        self.body(body.to_string().into_bytes())
    }

    /// Sets a header; the empty text removes it.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(header, _)| !header.eq_ignore_ascii_case(name));
        if !value.is_empty() {
            self.headers.push((name.into(), value.into()));
        }
        self
    }

    pub fn signed(mut self, signed: &[u8]) -> Self {
        self.signed = Some(signed.to_vec());
        self
    }

    pub fn at(mut self, timestamp: i64) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// The bytes of the request, signed unless it has its own signature.
    pub fn bytes(&self, till: &Till) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut line = |line: String| {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        };
        line(format!("{} {} HTTP/1.1", self.method, self.target));
        for (name, value) in &self.headers {
            line(format!("{name}: {value}"));
        }
        if !self.headers.iter().any(|(name, _)| name == "Authorization") {
            line(format!("Authorization: {}", till.authorization(self)));
        }
        if !self.body.is_empty() || self.method == "POST" {
            line(format!("Content-Length: {}", self.body.len()));
        }
        line(String::new());
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
