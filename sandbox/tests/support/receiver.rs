//! A receiver of notifications.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver as Inbox};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::Till;
use super::secrets::open;

/// Listens on a loopback port and answers as told.
pub struct Receiver {
    pub url: String,
    inbox: Inbox<Letter>,
}

/// A notification as it arrived.
pub struct Letter {
    pub request_line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Receiver {
    /// Answers with these statuses in turn, the last one for ever; 0 = not
    /// at all.
    pub fn answering(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/notify", listener.local_addr().unwrap());
        let (arrived, inbox) = mpsc::channel();
        let statuses = statuses.to_vec();
        thread::spawn(move || {
            let mut silent = Vec::new();
            for (nth, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let status = statuses[nth.min(statuses.len() - 1)];
                let letter = Letter::read(&mut stream);
                let answer = match status {
                    0 => String::new(),
                    204 => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
                    200 => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned(),
                    _ => {
                        let body = r#"{"code":"FAIL","message":"no"}"#;
                        format!("HTTP/1.1 {status} No\r\nContent-Length: {}\r\n\r\n{body}", body.len())
                    }
                };
                if answer.is_empty() {
                    silent.push(stream);
                } else {
                    let _ = stream.write_all(answer.as_bytes());
                }
                if arrived.send(letter).is_err() {
                    return;
                }
            }
        });
        Self { url, inbox }
    }

    pub fn next(&self) -> Letter {
        self.inbox.recv_timeout(Duration::from_secs(10)).expect("a notification")
    }

    /// Insists that nothing comes for a while.
    pub fn nothing(&self) {
        assert!(self.inbox.recv_timeout(Duration::from_millis(300)).is_err(), "an unexpected notification");
    }
}

impl Letter {
    fn read(stream: &mut TcpStream) -> Self {
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
            if let Some(body_at) = end {
                let head = String::from_utf8(bytes[..body_at].to_vec()).unwrap();
                let mut lines = head.split("\r\n");
                let request_line = lines.next().unwrap().to_owned();
                let headers: Vec<(String, String)> = lines
                    .filter_map(|line| line.split_once(": "))
                    .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                    .collect();
                let mut letter = Self { request_line, headers, body: bytes[body_at..].to_vec() };
                if letter.body.len() == letter.header("content-length").unwrap().parse::<usize>().unwrap() {
                    letter.headers.retain(|(name, _)| name != "content-length");
                    return letter;
                }
            }
            let count = stream.read(&mut chunk).unwrap();
            assert!(count > 0, "a notification breaks off");
            bytes.extend_from_slice(&chunk[..count]);
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn verify(&self, till: &Till) -> Result<String, String> {
        till.verify_message(|name| self.header(name), &self.body)
    }

    /// The payload.
    pub fn resource(&self, till: &Till) -> Option<Value> {
        open(&self.json()["resource"], &till.symmetric).map(|plain| serde_json::from_slice(&plain).unwrap())
    }
}
