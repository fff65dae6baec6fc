//! The HTTP/1.1 client that notifications are sent with: one request a connection.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use openssl::ssl::{SslConnector, SslMethod};
use openssl::x509::X509;

use crate::sync::Flag;
use crate::text::Text;

/// How often a waiting client looks whether the sandbox stops.
const POLL: Duration = Duration::from_millis(100);
/// As much of an answer as is kept.
const MAX_ANSWER: usize = 4096;
const MAX_HEADERS: usize = 64;

pub(crate) struct Request<'a> {
    pub(crate) url: &'a str,
    pub(crate) headers: &'a [(&'static str, String)],
    pub(crate) body: &'a [u8],
}

/// What a receiver answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
}

trait Connection: Read + Write {}
impl<T: Read + Write> Connection for T {}

/// Sends a request within `patience`; receivers with TLS may present a
/// certificate of the sandbox's own authority.
pub(crate) fn send(
    request: &Request<'_>,
    authority: &X509,
    patience: Duration,
    stop: &Flag,
) -> Result<Response, Text> {
    let until = Instant::now() + patience;
    let (scheme, rest) = request.url.split_once("://").ok_or(("not a URL", "不是有效的 URL"))?;
    let (host_and_port, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = match host_and_port.split_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| ("port is not a number", "端口不是数字"))?),
        None if scheme == "https" => (host_and_port, 443),
        None => (host_and_port, 80),
    };
    let mut connection =
        connect(scheme == "https", host, port, authority, patience).map_err(|e| Text::from(&e))?;

    let path = if path.is_empty() { "/" } else { path };
    let mut head = format!("POST {path} HTTP/1.1\r\nHost: {host_and_port}\r\n");
    for (name, value) in request.headers {
        // Writing to a String cannot fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = write!(head, "Content-Length: {}\r\nConnection: close\r\n\r\n", request.body.len());
    let mut message = head.into_bytes();
    message.extend_from_slice(request.body);
    connection
        .write_all(&message)
        .and_then(|()| connection.flush())
        .map_err(|e| during(&e, "while sending", "发送时"))?;
    read_answer(&mut *connection, until, stop)
}

fn connect(
    tls: bool,
    host: &str,
    port: u16,
    authority: &X509,
    patience: Duration,
) -> io::Result<Box<dyn Connection>> {
    let mut addresses = (host, port).to_socket_addrs()?.filter(std::net::SocketAddr::is_ipv4);
    let address = addresses.next().ok_or_else(|| io::Error::other("no address"))?;
    let tcp = TcpStream::connect_timeout(&address, patience)?;
    tcp.set_nodelay(true)?;
    tcp.set_write_timeout(Some(patience))?;
    if !tls {
        tcp.set_read_timeout(Some(POLL))?;
        return Ok(Box::new(tcp));
    }
    tcp.set_read_timeout(Some(patience))?;
    let mut connector = SslConnector::builder(SslMethod::tls_client())?;
    connector.cert_store_mut().add_cert(authority.clone())?;
    let tls = connector.build().connect(host, tcp).map_err(|e| io::Error::other(e.to_string()))?;
    tls.get_ref().set_read_timeout(Some(POLL))?;
    Ok(Box::new(tls))
}

fn during(error: &io::Error, english: &str, chinese: &str) -> Text {
    let text = Text::from(error);
    Text::new(format!("{english}: {}", text.english()), format!("{chinese}{}", text.chinese()))
}

/// Reads until the answer is whole, or cannot become so.
fn read_answer(connection: &mut dyn Connection, until: Instant, stop: &Flag) -> Result<Response, Text> {
    let mut bytes = Vec::new();
    let mut chunk = [0_u8; 1024];
    loop {
        if Instant::now() >= until || stop.is_raised() {
            return parse(&bytes, true)?.ok_or(("no answer in time", "未及时应答").into());
        }
        match connection.read(&mut chunk) {
            Ok(0) => {
                return parse(&bytes, true)?.ok_or(("closed without an answer", "未应答就关闭了连接").into());
            }
            Ok(count) => bytes.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(during(&e, "while waiting for the answer", "等待应答时")),
        }
        if let Some(answer) = parse(&bytes, bytes.len() > MAX_ANSWER)? {
            return Ok(answer);
        }
    }
}

/// The answer, once its body is whole; with `is_all`, once there is a head.
fn parse(bytes: &[u8], is_all: bool) -> Result<Option<Response>, Text> {
    let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut slots);
    let body_at = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(e) => return Err((format!("not an HTTP answer: {e}"), "不是 HTTP 应答").into()),
    };
    let status = head.code.unwrap_or_default();
    let length = head
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| std::str::from_utf8(header.value).ok()?.trim().parse::<usize>().ok());
    let length = if status == 204 { Some(0) } else { length };
    let body = bytes.get(body_at..).unwrap_or_default();
    if !is_all && length.is_none_or(|length| body.len() < length) {
        return Ok(None);
    }
    let body = body.get(..length.unwrap_or(body.len()).min(MAX_ANSWER)).unwrap_or(body);
    Ok(Some(Response { status, body: String::from_utf8_lossy(body).into_owned() }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn knows_when_an_answer_is_whole() {
        let whole = |text: &str, is_all| parse(text.as_bytes(), is_all).unwrap().map(|a| (a.status, a.body));
        assert_eq!(whole("HTTP/1.1 200 OK\r\nContent-Le", true), None);
        assert_eq!(whole("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", false), None);
        assert_eq!(whole("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", false), Some((200, "{}".into())));
        assert_eq!(whole("HTTP/1.1 204 No Content\r\n\r\n", false), Some((204, String::new())));
        assert_eq!(whole("HTTP/1.1 500 Oh\r\n\r\nsorry", false), None);
        assert_eq!(whole("HTTP/1.1 500 Oh\r\n\r\nsorry", true), Some((500, "sorry".into())));
        assert!(parse(b"hello\r\n\r\n", false).is_err());
    }
}
