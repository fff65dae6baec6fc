//! The example program that receives notifications, running.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver as Lines, channel};
use std::time::Duration;
use testkit::library::{Library, with_test_hooks};
use testkit::toolchain::{compile, compiler, have};
use testkit::{root, scratch};

/// The process; it ends with this value.
pub struct Receiver {
    process: Child,
    port: u16,
    printed: Lines<String>,
}

/// An HTTP answer, whole.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// The compiled program; nothing where there is no compiler.
fn program() -> Option<&'static PathBuf> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let build = || {
        let library: &Library = have("gcc").then(with_test_hooks)?;
        let sources = ["03_notifications.c", "http.c"].map(|name| root().join("examples-c").join(name));
        let program = scratch("receiver").join("03_notifications");
        let sources: Vec<_> = sources.iter().map(PathBuf::as_path).collect();
        compile(compiler("gcc", "c99"), &sources, Some(&library.folder), &program).unwrap();
        Some(program)
    };
    PROGRAM.get_or_init(build).as_ref()
}

impl Receiver {
    /// Runs it with that configuration.
    pub fn start(config: &Value) -> Option<Receiver> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let mut process = Command::new(program()?)
            .arg(&file)
            .arg("0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let port = first.strip_prefix("listening on 127.0.0.1:").unwrap().parse().unwrap();
        let (send, printed) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| send.send(line)));
        Some(Receiver { process, port, printed })
    }

    /// Where WeChat Pay is to send to.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/wechatpay", self.port)
    }

    /// Sends bytes as they are, in pieces, and reads to the end.
    pub fn exchange(&self, pieces: &[&[u8]]) -> Reply {
        let mut line = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        line.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        line.set_nodelay(true).unwrap();
        for (index, piece) in pieces.iter().enumerate() {
            if index > 0 {
                std::thread::sleep(Duration::from_millis(20));
            }
            // It may have been refused already.
            if line.write_all(piece).is_err() {
                break;
            }
        }
        let mut answer = Vec::new();
        // What was refused before it was read ends with a reset.
        let _ = line.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let answer = answer.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Sends a notification as WeChat Pay does.
    pub fn post(&self, headers: &Value, body: &[u8]) -> Reply {
        let mut head = format!("POST /wechatpay HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers.as_object().unwrap() {
            head.extend([name, ": ", value.as_str().unwrap(), "\r\n"]);
        }
        head += "\r\n";
        self.exchange(&[head.as_bytes(), body])
    }

    /// Everything that it printed, up to the line with that text: it may answer before it prints.
    pub fn printed_until(&self, text: &str) -> String {
        let mut printed = String::new();
        while !printed.contains(text) {
            let Ok(line) = self.printed.recv_timeout(Duration::from_secs(20)) else {
                panic!("{text:?} is not in: {printed}")
            };
            printed += &line;
            printed.push('\n');
        }
        printed
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // It serves for ever; a process that is gone already is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
