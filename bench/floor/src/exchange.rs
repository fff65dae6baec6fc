//! One redemption: sign, exchange, verify. No layer between the socket and the texts.

use crate::keys::{Keys, SIGNATURE};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// What does not change from call to call.
pub struct Client {
    pub keys: Box<dyn Keys>,
    pub tls: Arc<ClientConfig>,
    pub host: String,
    pub port: u16,
    pub mchid: String,
    pub serial_no: String,
    pub public_key_id: String,
}

/// One connection with its buffers.
pub struct Connection {
    tls: ClientConnection,
    socket: TcpStream,
    answer: Vec<u8>,
    /// The server ends it after this answer.
    closed: bool,
}

impl Client {
    pub fn connect(&self) -> Result<Connection, Box<dyn Error>> {
        let socket = TcpStream::connect((self.host.as_str(), self.port))?;
        socket.set_nodelay(true)?;
        let name = ServerName::try_from(self.host.clone())?;
        Ok(Connection {
            tls: ClientConnection::new(self.tls.clone(), name)?,
            socket,
            answer: Vec::with_capacity(8192),
            closed: false,
        })
    }

    /// The whole request, head and body, with its signature.
    fn request(&self, code: &str) -> String {
        let path = format!(
            "/v3/marketing/partner/product-coupon/users/oSandboxUser0000000000000001/coupons/{code}/use"
        );
        let body = format!(
            concat!(
                r#"{{"product_coupon_id":"1000000013","stock_id":"1000000013001","appid":"wx233544546545989","#,
                r#""brand_id":"120344","out_request_no":"SALE_{}","use_time":"2025-08-03T12:00:00+08:00","#,
                r#""associated_order_info":{{"transaction_id":"4200002812202508031234567890"}}}}"#
            ),
            code
        );
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
        let mut random = [0; 16];
        self.keys.fill(&mut random);
        let nonce = u128::from_ne_bytes(random);
        let mut signature = [0; SIGNATURE];
        self.keys.sign(format!("POST\n{path}\n{now}\n{nonce:032X}\n{body}\n").as_bytes(), &mut signature);
        format!(
            concat!(
                "POST {} HTTP/1.1\r\nHost: {}:{}\r\nAccept: application/json\r\nContent-Type: application/json\r\n",
                "User-Agent: floor\r\nWechatpay-Serial: {}\r\nAuthorization: WECHATPAY2-SHA256-RSA2048 mchid=\"{}\",",
                "nonce_str=\"{:032X}\",timestamp=\"{}\",serial_no=\"{}\",signature=\"{}\"\r\nContent-Length: {}\r\n\r\n{}"
            ),
            path,
            self.host,
            self.port,
            self.public_key_id,
            self.mchid,
            nonce,
            now,
            self.serial_no,
            STANDARD.encode(signature),
            body.len(),
            body
        )
    }

    /// Redeems a coupon: an answer that is not proven, or not about it, is an error.
    pub fn redeem(&self, connection: &mut Connection, code: &str) -> Result<(), Box<dyn Error>> {
        if connection.closed {
            *connection = self.connect()?;
        }
        let (head, body) = connection.exchange(self.request(code).as_bytes())?;
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(format!("{head}{}", String::from_utf8_lossy(body)).into());
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let (time, nonce) = (header(head, "Wechatpay-Timestamp")?, header(head, "Wechatpay-Nonce")?);
        let signature = STANDARD.decode(header(head, "Wechatpay-Signature")?)?;
        let message = [time.as_bytes(), b"\n", nonce.as_bytes(), b"\n", body, b"\n"].concat();
        let proven = header(head, "Wechatpay-Serial")? == self.public_key_id
            && now.abs_diff(time.parse()?) < 300
            && self.keys.verifies(&message, &signature);
        let body = std::str::from_utf8(body)?;
        if !proven {
            return Err("the answer is not proven".into());
        }
        if !body.contains(&format!("\"use_request_no\":\"SALE_{code}\"")) {
            return Err("the answer is about something else".into());
        }
        Ok(())
    }
}

impl Connection {
    /// Sends the request in one write, and reads the answer that follows it.
    fn exchange(&mut self, request: &[u8]) -> Result<(&str, &[u8]), Box<dyn Error>> {
        while self.tls.is_handshaking() {
            self.tls.complete_io(&mut self.socket)?;
        }
        self.tls.writer().write_all(request)?;
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.socket)?;
        }
        self.answer.clear();
        let mut end = None;
        while end.is_none_or(|end| self.answer.len() < end) {
            if self.tls.read_tls(&mut self.socket)? == 0 {
                return Err("the server closed the connection".into());
            }
            let there = self.tls.process_new_packets()?.plaintext_bytes_to_read();
            let old = self.answer.len();
            self.answer.resize(old + there, 0);
            self.tls.reader().read_exact(&mut self.answer[old..])?;
            if end.is_none()
                && let Some(head) = self.answer.windows(4).position(|four| four == b"\r\n\r\n")
            {
                let length = header(std::str::from_utf8(&self.answer[..head + 2])?, "Content-Length")?;
                end = Some(head + 4 + length.parse::<usize>()?);
            }
        }
        let head = self.answer.windows(4).position(|four| four == b"\r\n\r\n").expect("it was found") + 4;
        let (head, body) = (std::str::from_utf8(&self.answer[..head])?, &self.answer[head..]);
        self.closed = header(head, "Connection").is_ok_and(|how| how == "close");
        Ok((head, body))
    }
}

fn header<'a>(head: &'a str, name: &str) -> Result<&'a str, String> {
    head.split("\r\n")
        .filter_map(|line| line.split_once(": "))
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .ok_or_else(|| format!("the answer has no {name}"))
}
