//! Answers, and how they go over the wire.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::stream::Stream;
use crate::sync::Flag;

/// How the bytes of an answer are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Wire {
    /// Head and body in one write.
    #[default]
    Whole,
    /// One byte at a time.
    Drip(Duration),
    /// The head promises all, half of the body comes, then the end.
    CutBody,
    /// The head breaks off before its empty line.
    HeadWithoutEnd,
    /// Right, in chunked transfer coding.
    Chunked,
    /// Compressed though nobody asked.
    Gzip,
}

/// What happens to the connection after the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// It stays open if the caller likes.
    KeepAlive,
    /// The answer says `Connection: close`, and so it is.
    Close,
    /// It is closed though the answer does not say so.
    CloseSilently,
}

/// A complete answer.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) wire: Wire,
    pub(crate) after: After,
}

impl Response {
    pub(crate) fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let mut response =
            Self { status, headers: Vec::with_capacity(8), body, wire: Wire::Whole, after: After::KeepAlive };
        if !content_type.is_empty() {
            response.header("Content-Type", content_type);
        }
        response
    }

    pub(crate) fn header(&mut self, name: &'static str, value: impl Into<String>) {
        self.headers.push((name, value.into()));
    }

    /// Sends the answer on a connection that may stay idle for that long; says whether it can be used again.
    pub(crate) fn send(&self, stream: &mut Stream, stop: &Flag, idle: Duration) -> io::Result<bool> {
        let body = match self.wire {
            Wire::Gzip => Cow::Owned(gzip(&self.body)?),
            Wire::Chunked => Cow::Owned(chunked(&self.body)?),
            _ => Cow::Borrowed(self.body.as_slice()),
        };
        let mut message = self.head(body.len(), idle).into_bytes();
        match self.wire {
            Wire::CutBody => message.extend_from_slice(body.get(..body.len() / 2).unwrap_or_default()),
            // Take back the empty line and the end of the line before.
            Wire::HeadWithoutEnd => message.truncate(message.len().saturating_sub(4)),
            _ => message.extend_from_slice(&body),
        }
        if let Wire::Drip(pause) = self.wire {
            for byte in message.chunks(1) {
                stream.write_all(byte)?;
                if stop.sleep(pause) {
                    return Ok(false);
                }
            }
        } else {
            stream.write_all(&message)?;
        }
        let whole = !matches!(self.wire, Wire::CutBody | Wire::HeadWithoutEnd);
        Ok(whole && self.after == After::KeepAlive)
    }

    fn head(&self, length: usize, idle: Duration) -> String {
        let mut head = String::with_capacity(1024);
        // Writing to a String cannot fail.
        let _ = write!(head, "HTTP/1.1 {} {}\r\n", self.status, phrase(self.status));
        if self.wire == Wire::Chunked {
            head.push_str("Transfer-Encoding: chunked\r\n");
        } else {
            let _ = write!(head, "Content-Length: {length}\r\n");
        }
        if self.wire == Wire::Gzip {
            head.push_str("Content-Encoding: gzip\r\n");
        }
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if self.after == After::Close {
            head.push_str("Connection: close\r\n");
        } else {
            let seconds = idle.as_secs();
            let _ = write!(head, "Connection: keep-alive\r\nKeep-Alive: timeout={seconds}\r\n");
        }
        head.push_str("\r\n");
        head
    }
}

fn chunked(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut chunks = Vec::with_capacity(body.len() + 64);
    for chunk in body.chunks(1000) {
        write!(chunks, "{:x}\r\n", chunk.len())?;
        chunks.extend_from_slice(chunk);
        chunks.extend_from_slice(b"\r\n");
    }
    chunks.extend_from_slice(b"0\r\n\r\n");
    Ok(chunks)
}

fn gzip(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}
