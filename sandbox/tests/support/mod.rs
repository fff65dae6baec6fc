//! An independent client: OpenSSL for keys and TLS, HTTP written by hand.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
// `till.use_request(…)` reads well, and a till is what makes requests.
#![allow(clippy::unused_self)]

pub mod offers;

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use openssl::base64::{decode_block, encode_block};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private, Public};
use openssl::sign::{Signer, Verifier};
use openssl::ssl::{SslConnector, SslMethod, SslStream};
use openssl::x509::X509;
use serde_json::{Value, json};
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
    mchid: String,
    serial: String,
    key: PKey<Private>,
    known_keys: HashMap<String, PKey<Public>>,
    pub public_key_id: String,
    pub platform_serial: String,
    connector: SslConnector,
}

impl Till {
    pub fn new(sandbox: &Sandbox) -> Self {
        Self::from_folder(sandbox.dir())
    }

    pub fn from_folder(dir: &Path) -> Self {
        let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
        let config: Value = serde_json::from_slice(&read("config.json")).unwrap();
        let text = |name: &str| config[name].as_str().unwrap().to_owned();
        let file = |name: &str| std::fs::read(config[name].as_str().unwrap()).unwrap();
        let platform = X509::from_pem(&read("platform_cert.pem")).unwrap();
        let platform_serial = platform.serial_number().to_bn().unwrap().to_hex_str().unwrap().to_string();
        let public_key_id = text("wechatpay_public_key_id");
        let public_key = PKey::public_key_from_pem(&file("wechatpay_public_key_path")).unwrap();
        let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
        connector.set_ca_file(config["ca_path"].as_str().unwrap()).unwrap();
        Self {
            urls: [0, 1].map(|n| config["base_urls"][n].as_str().unwrap().to_owned()),
            mchid: text("mchid"),
            serial: text("merchant_serial_no"),
            key: PKey::private_key_from_pem(&file("private_key_path")).unwrap(),
            known_keys: HashMap::from([
                (public_key_id.clone(), public_key),
                (platform_serial.clone(), platform.public_key().unwrap()),
            ]),
            public_key_id,
            platform_serial,
            connector: connector.build(),
        }
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
        message.extend_from_slice(&call.body);
        message.push(b'\n');
        let signature = self.sign(&message);
        format!(
            r#"WECHATPAY2-SHA256-RSA2048 mchid="{}",nonce_str="{nonce}",timestamp="{timestamp}",serial_no="{}",signature="{signature}""#,
            self.mchid, self.serial
        )
    }

    /// Checks an answer's signature; says which key made it.
    pub fn verify(&self, got: &Got) -> Result<String, String> {
        let header = |name: &str| got.header(name).ok_or_else(|| format!("{name} is missing"));
        let serial = header("wechatpay-serial")?;
        let key = self.known_keys.get(serial).ok_or_else(|| format!("unknown serial {serial}"))?;
        let timestamp = header("wechatpay-timestamp")?;
        let age = unix() - timestamp.parse::<i64>().map_err(|e| e.to_string())?;
        if age.abs() >= 300 {
            return Err(format!("signed {age} s ago"));
        }
        let mut message = format!("{timestamp}\n{}\n", header("wechatpay-nonce")?).into_bytes();
        message.extend_from_slice(&got.body);
        message.push(b'\n');
        let signature = header("wechatpay-signature")?;
        let signature = decode_block(signature).map_err(|_| format!("not Base64: {signature}"))?;
        let right = Verifier::new(MessageDigest::sha256(), key)
            .and_then(|mut verifier| verifier.verify_oneshot(&signature, &message))
            .map_err(|e| e.to_string())?;
        if right { Ok(serial.to_owned()) } else { Err("wrong signature".into()) }
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

pub trait Wire: Read + Write + Send {}
impl Wire for TcpStream {}
impl Wire for SslStream<TcpStream> {}

/// An open connection.
pub struct Line {
    stream: Box<dyn Wire>,
    buffer: Vec<u8>,
}

impl Line {
    pub fn exchange(&mut self, till: &Till, call: &Call) -> io::Result<Got> {
        self.write(&call.bytes(till))?;
        self.read_answer()
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16384];
        let count = self.stream.read(&mut chunk)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.buffer.extend_from_slice(&chunk[..count]);
        Ok(())
    }

    /// Insists on exactly these bytes.
    pub fn expect(&mut self, bytes: &[u8]) {
        while self.buffer.len() < bytes.len() {
            self.fill().unwrap();
        }
        assert_eq!(self.buffer.drain(..).collect::<Vec<u8>>(), bytes);
    }

    pub fn read_answer(&mut self) -> io::Result<Got> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            self.fill()?;
        };
        let head = String::from_utf8(self.buffer.drain(..end).collect()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut got = Got { status, headers, body: Vec::new() };
        if got.header("transfer-encoding") == Some("chunked") {
            got.body = self.read_chunks()?;
        } else {
            let length: usize = got.header("content-length").unwrap().parse().unwrap();
            while self.buffer.len() < length {
                self.fill()?;
            }
            got.body = self.buffer.drain(..length).collect();
        }
        Ok(got)
    }

    fn read_chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                if let Some(at) = self.buffer.windows(2).position(|w| w == b"\r\n") {
                    break at;
                }
                self.fill()?;
            };
            let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
            let size = usize::from_str_radix(std::str::from_utf8(&line[..end]).unwrap(), 16).unwrap();
            while self.buffer.len() < size + 2 {
                self.fill()?;
            }
            body.extend(self.buffer.drain(..size));
            self.buffer.drain(..2);
            if size == 0 {
                return Ok(body);
            }
        }
    }
}

/// An answer.
pub struct Got {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Got {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn sub_code(&self) -> u32 {
        let id = self.header("request-id").expect("Request-ID");
        assert!(id.starts_with("08"), "{id}");
        id.rsplit('-').next().unwrap().parse().unwrap()
    }
}
