//! A connection and what comes back on it.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use openssl::ssl::SslStream;
use serde_json::Value;

use super::{Call, Till};

pub trait Wire: Read + Write + Send {}
impl Wire for TcpStream {}
impl Wire for SslStream<TcpStream> {}

/// An open connection.
pub struct Line {
    pub(super) stream: Box<dyn Wire>,
    pub(super) buffer: Vec<u8>,
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
