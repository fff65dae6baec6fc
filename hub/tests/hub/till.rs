//! A till of the tests, written from docs/hub-protocol.md alone: with another HTTP and another HMAC than the hub has.

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sha::sha256;
use openssl::sign::Signer;
use openssl::ssl::{SslConnector, SslMethod};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

pub fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let key = PKey::hmac(key).unwrap();
    let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
    signer.update(text.as_bytes()).unwrap();
    signer.sign_to_vec().unwrap()
}

pub fn now_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

pub fn nonce() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let seed = format!("{nanos} {} {}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    hex(&sha256(seed.as_bytes()))[..32].to_owned()
}

/// How a hub is reached.
#[derive(Debug, Clone)]
pub enum At {
    Plain(String),
    /// Address, and the authority's certificate.
    Tls(String, PathBuf),
}

/// A request as it goes out.
#[derive(Debug, Clone)]
pub struct Sent {
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Came {
    pub http: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Came {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Whether the hub that has this key gave this answer to this nonce.
    pub fn is_proven(&self, key: &[u8], nonce: &str) -> bool {
        let Some(mac) = self.header("wxcoupon-mac") else { return false };
        let text = format!(
            "wxcoupon-hub answer 1\n{nonce}\n{}\n{}\n{}\n{}\n",
            self.http,
            self.header("wxcoupon-time").unwrap(),
            self.header("wxcoupon-proven-at").unwrap_or_default(),
            hex(&sha256(self.body.as_bytes())),
        );
        hex(&hmac(key, &text)) == mac
    }
}

trait Line: Read + Write {}
impl<T: Read + Write> Line for T {}

pub fn send(at: &At, sent: &Sent) -> std::io::Result<Came> {
    let mut head = format!("{} {} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n", sent.method, sent.target);
    for (name, value) in &sent.headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    write!(head, "content-length: {}\r\n\r\n", sent.body.len()).unwrap();
    let connect = |address: &str| {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok::<_, std::io::Error>(stream)
    };
    let mut line: Box<dyn Line> = match at {
        At::Plain(address) => Box::new(connect(address)?),
        At::Tls(address, ca) => Box::new(tls(connect(address)?, ca)?),
    };
    line.write_all((head + &sent.body).as_bytes())?;
    read(line)
}

fn tls(stream: TcpStream, ca: &Path) -> std::io::Result<openssl::ssl::SslStream<TcpStream>> {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_ca_file(ca).unwrap();
    connector.build().connect("localhost", stream).map_err(|error| std::io::Error::other(error.to_string()))
}

fn read(line: impl Read) -> std::io::Result<Came> {
    let mut line = BufReader::new(line);
    let mut status = String::new();
    line.read_line(&mut status)?;
    let http = status.split(' ').nth(1).and_then(|http| http.parse().ok());
    let http = http.ok_or_else(|| std::io::Error::other(format!("no HTTP: {status:?}")))?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        line.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    line.read_exact(&mut body)?;
    Ok(Came { http, headers, body: String::from_utf8(body).unwrap() })
}

/// A till with its key.
#[derive(Debug, Clone)]
pub struct Till {
    pub name: String,
    pub generation: i64,
    pub key: Vec<u8>,
    pub at: At,
}

/// A proven answer.
#[derive(Debug)]
pub struct Told {
    pub http: u16,
    pub json: Value,
    pub time_s: i64,
    pub proven_at_s: Option<i64>,
}

impl Told {
    pub fn name(&self) -> &str {
        self.json["name"].as_str().unwrap().strip_prefix("WXCOUPON_").unwrap()
    }

    pub fn status(&self) -> i64 {
        self.json["status"].as_i64().unwrap()
    }

    /// Why the hub refused.
    pub fn hub(&self) -> &str {
        self.json["hub"].as_str().unwrap_or_default()
    }
}

/// The key of a one-time code.
pub fn key_of_code(code: &str, name: &str) -> Vec<u8> {
    let code = code.replace('-', "");
    hmac(&sha256(code.as_bytes()), &format!("wxcoupon-hub code 1\n{name}\n"))
}

impl Till {
    /// Trades a code.
    pub fn enroll(at: &At, name: &str, code: &str) -> Result<Till, Came> {
        Till::enroll_with(at, name, code, &nonce())
    }

    pub fn enroll_with(at: &At, name: &str, code: &str, nonce: &str) -> Result<Till, Came> {
        let key = key_of_code(code, name);
        let trader = Till { name: name.into(), generation: 0, key, at: at.clone() };
        let came = send(at, &trader.signed("POST", "/v1/enroll", "", now_s(), nonce)).unwrap();
        if came.http != 200 {
            return Err(came);
        }
        assert!(came.is_proven(&trader.key, nonce), "{came:?}");
        let data = came.json()["data"].clone();
        let (generation, salt) = (data["generation"].as_i64().unwrap(), data["salt"].as_str().unwrap());
        let text = format!("wxcoupon-hub key 1\n{name}\n{generation}\n{nonce}\n{salt}\n");
        Ok(Till { key: hmac(&trader.key, &text), generation, ..trader })
    }

    pub fn signed(&self, method: &'static str, target: &str, body: &str, time_s: i64, nonce: &str) -> Sent {
        let Till { name, generation, key, .. } = self;
        let digest = hex(&sha256(body.as_bytes()));
        let text = format!(
            "wxcoupon-hub request 1\n{method}\n{target}\n{name}\n{generation}\n{time_s}\n{nonce}\n{digest}\n"
        );
        Sent {
            method,
            target: target.to_owned(),
            headers: vec![
                ("wxcoupon-till", name.clone()),
                ("wxcoupon-key", generation.to_string()),
                ("wxcoupon-time", time_s.to_string()),
                ("wxcoupon-nonce", nonce.to_owned()),
                ("wxcoupon-mac", hex(&hmac(key, &text))),
            ],
            body: body.to_owned(),
        }
    }

    /// Calls an operation. The answer must be proven.
    pub fn ask(&self, operation: &str, request: &Value) -> Told {
        self.exchange("POST", &format!("/v1/{operation}"), &request.to_string())
    }

    /// The same without a body.
    pub fn call(&self, operation: &str) -> Told {
        self.exchange("POST", &format!("/v1/{operation}"), "")
    }

    pub fn exchange(&self, method: &'static str, target: &str, body: &str) -> Told {
        let nonce = nonce();
        let came = send(&self.at, &self.signed(method, target, body, now_s(), &nonce)).unwrap();
        assert!(came.is_proven(&self.key, &nonce), "{came:?}");
        told(&came)
    }

    pub fn events(&self, after: i64) -> Value {
        let told = self.exchange("GET", &format!("/v1/events?after={after}"), "");
        assert_eq!(told.http, 200, "{}", told.json);
        told.json["data"].clone()
    }

    pub fn pending(&self) -> Value {
        let told = self.call("pending");
        assert_eq!(told.http, 200, "{}", told.json);
        told.json["data"].clone()
    }
}

pub fn told(came: &Came) -> Told {
    let number = |name: &str| came.header(name).map(|text| text.parse().unwrap());
    Told {
        http: came.http,
        json: came.json(),
        time_s: number("wxcoupon-time").unwrap(),
        proven_at_s: number("wxcoupon-proven-at"),
    }
}
