//! Reads requests off a connection.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use super::request::Request;
use super::stream::Stream;
use crate::text::Said;

/// How long one read may take within a request.
const PATIENCE: Duration = Duration::from_secs(20);
const MAX_HEADERS: usize = 64;
const MAX_HEAD: usize = 32 * 1024;
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Why there is no (further) request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The caller closed, or nothing came for too long.
    Quiet,
    /// The connection broke within a request.
    Broken,
    /// What came is not a request this server understands.
    Bad(Said),
}

/// The reading half of a connection; keeps what came too early.
#[derive(Debug)]
pub(crate) struct Reader {
    buffer: Vec<u8>,
    /// How long the connection may stay idle between requests.
    pub(crate) idle: Duration,
}

/// What the head says about the rest.
struct Head {
    request: Request,
    length: usize,
    body_at: usize,
    expects_continue: bool,
}

impl Reader {
    pub(crate) fn new(idle: Duration) -> Self {
        Self { buffer: Vec::new(), idle }
    }

    /// Waits for the next request and reads all of it.
    pub(crate) fn next(&mut self, stream: &mut Stream) -> Result<Request, End> {
        stream.tcp().set_read_timeout(Some(self.idle));
        let head = loop {
            if let Some(head) = parse_head(&self.buffer)? {
                break head;
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(End::Bad(("request head too large", "请求头过大")));
            }
            let nothing_yet = self.buffer.is_empty();
            match self.fill(stream) {
                Ok(()) if nothing_yet => stream.tcp().set_read_timeout(Some(PATIENCE)),
                Ok(()) => {}
                Err(_) if nothing_yet => return Err(End::Quiet),
                Err(end) => return Err(end),
            }
        };
        let Head { mut request, length, body_at, expects_continue } = head;
        if length > MAX_BODY {
            return Err(End::Bad(("request body too large", "请求主体过大")));
        }
        if expects_continue && self.buffer.len() < body_at + length {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").map_err(|_| End::Broken)?;
        }
        while self.buffer.len() < body_at + length {
            self.fill(stream)?;
        }
        let rest = self.buffer.split_off(body_at + length);
        request.body = self.buffer.split_off(body_at);
        self.buffer = rest;
        Ok(request)
    }

    fn fill(&mut self, stream: &mut Stream) -> Result<(), End> {
        let mut chunk = [0_u8; 8192];
        loop {
            match stream.read(&mut chunk) {
                Ok(0) => return Err(End::Broken),
                Ok(count) => {
                    self.buffer.extend_from_slice(chunk.get(..count).unwrap_or_default());
                    return Ok(());
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(End::Broken),
            }
        }
    }
}

/// Parses the head once it is complete.
fn parse_head(buffer: &[u8]) -> Result<Option<Head>, End> {
    let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut slots);
    let body_at = match parsed.parse(buffer) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(End::Bad(("not an HTTP/1.1 request", "不是 HTTP/1.1 请求"))),
    };
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        keep_alive: parsed.version == Some(1),
        ..Request::default()
    };
    for header in parsed.headers.iter() {
        let value = std::str::from_utf8(header.value)
            .map_err(|_| End::Bad(("header is not UTF-8", "请求头不是 UTF-8")))?;
        request.headers.push((header.name.to_owned(), value.trim().to_owned()));
    }
    if request.header("transfer-encoding").is_some() {
        return Err(End::Bad(("request body needs a Content-Length", "有主体的请求须写明 Content-Length")));
    }
    let length = match request.header("content-length") {
        None => 0,
        Some(text) => text
            .parse()
            .map_err(|_| End::Bad(("Content-Length is not a number", "Content-Length 不是数字")))?,
    };
    if let Some(connection) = request.header("connection").map(str::to_ascii_lowercase) {
        request.keep_alive =
            !connection.contains("close") && (request.keep_alive || connection.contains("keep-alive"));
    }
    let expects_continue =
        request.header("expect").is_some_and(|expect| expect.eq_ignore_ascii_case("100-continue"));
    Ok(Some(Head { request, length, body_at, expects_continue }))
}
