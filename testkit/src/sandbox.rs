//! WeChat Pay on this machine, as a process of its own.

use super::library::build;
use super::{run, scratch, target_dir};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// A running sandbox. It ends when this process does: its standard input ends then.
pub struct Sandbox {
    /// Configuration for contexts.
    pub config: PathBuf,
    /// Address of the admin interface, as host and port.
    pub admin: String,
    _process: Child,
}

impl Sandbox {
    /// Asks the admin interface; the answer, which must be a success.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(&self.admin).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}",
            self.admin
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{method} {path}: {answer}");
        serde_json::from_str(body).unwrap()
    }
}

/// Queries of coupons with this prefix take [`SLOW_MS`]; tests/c/threads.c relies on it.
const SLOW_CODES: &str = "AUTO_SLOW";
const SLOW_MS: u32 = 800;

/// The one sandbox of this test run.
pub fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| {
        let slow = format!("delay,ms={SLOW_MS},on=query,coupon={SLOW_CODES}");
        with("sandbox", &["--fault", &slow])
    })
}

/// One more, in a folder of its own, with these options.
pub fn with(folder: &str, options: &[&str]) -> Sandbox {
    start(program(), folder, options)
}

fn program() -> PathBuf {
    run(&mut build(&["--bin", "wxcoupon-sandbox"])).unwrap();
    target_dir().join("debug/wxcoupon-sandbox")
}

fn start(program: PathBuf, folder: &str, options: &[&str]) -> Sandbox {
    let mut process = Command::new(program)
        .arg("--dir")
        .arg(scratch(folder))
        .args(["--rate", "0", "--quiet", "--exit-with-stdin"])
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let config = ready.trim_end().rsplit_once(" config=").map(|(_, path)| PathBuf::from(path));
    assert!(ready.starts_with("READY "), "the sandbox said: {ready}");
    let admin = ready.split(' ').find_map(|word| word.strip_prefix("control=http://")).unwrap().to_owned();
    let config = config.unwrap();
    forget_journal(&config);
    Sandbox { config, admin, _process: process }
}

/// The tests' programs share the configuration, and no journal; who wants one names it.
fn forget_journal(path: &Path) {
    let mut config: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    config.as_object_mut().unwrap().remove("journal_path").unwrap();
    std::fs::write(path, config.to_string()).unwrap();
}
