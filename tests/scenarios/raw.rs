//! Servers that do to a connection what no server should: bytes, records and pauses one by one.

use crate::till::config_with;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use wxcoupon_sandbox::Sandbox;

/// Accepts connections and plays a part on each, on a thread of its own.
pub struct Raw {
    pub address: SocketAddr,
    opened: Arc<AtomicUsize>,
}

impl Raw {
    /// The part is told which connection it is, from 0.
    pub fn start(play: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> Raw {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (opened, play) = (Arc::new(AtomicUsize::new(0)), Arc::new(play));
        let counted = Arc::clone(&opened);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, play) = (stream.unwrap(), Arc::clone(&play));
                let index = counted.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || play(index, stream));
            }
        });
        Raw { address, opened }
    }

    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }
}

/// Reads the head of a request, or of CONNECT.
pub fn read_head(stream: &mut impl Read) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    Some(String::from_utf8(head).unwrap())
}

/// Reads a whole request; answers its first line.
pub fn read_request(stream: &mut impl Read) -> Option<String> {
    let head = read_head(stream)?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
    });
    stream.read_exact(&mut vec![0; length.unwrap_or(0)]).ok()?;
    head.lines().next().map(str::to_owned)
}

/// An answer of WeChat Pay's shape without a signature, padded to so many bytes of body.
pub fn refusal(status: u16, code: &str, length: usize) -> Vec<u8> {
    let padding = "x".repeat(length.saturating_sub(40));
    let body = json!({ "code": code, "message": padding }).to_string();
    let head = format!(
        "HTTP/1.1 {status} Refused\r\nContent-Type: application/json\r\nKeep-Alive: timeout=20\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// TLS for 127.0.0.1 under an authority of its own.
pub struct Authority {
    folder: tempfile::TempDir,
    pub server: Arc<ServerConfig>,
}

impl Authority {
    pub fn new() -> Authority {
        let folder = tempfile::tempdir().unwrap();
        let openssl = |arguments: &str| {
            let output = Command::new("openssl")
                .args(arguments.split(' '))
                .current_dir(folder.path())
                .output()
                .unwrap();
            assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        };
        let curve = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        openssl(&format!("req -x509 {curve} -keyout ca.key -out ca.pem -days 30 -subj /CN=raw"));
        openssl(&format!("req {curve} -keyout key.pem -out leaf.csr -subj /CN=leaf"));
        std::fs::write(folder.path().join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
        openssl(
            "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out leaf.pem",
        );
        let certificate = CertificateDer::from_pem_file(folder.path().join("leaf.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.path().join("key.pem")).unwrap();
        let mut server =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_protocol_versions(rustls::ALL_VERSIONS)
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate], key)
                .unwrap();
        // The first bytes may come with the end of the handshake, before the client has said anything.
        server.send_half_rtt_data = true;
        Authority { folder, server: Arc::new(server) }
    }

    /// The sandbox's configuration, which trusts this authority too and knows these hosts.
    pub fn config(&self, sandbox: &Sandbox, urls: &[String], changes: &Value) -> Value {
        let mut config = config_with(sandbox, changes);
        let theirs = std::fs::read_to_string(config["ca_path"].as_str().unwrap()).unwrap();
        let own = std::fs::read_to_string(self.folder.path().join("ca.pem")).unwrap();
        let both: &Path = &self.folder.path().join("both.pem");
        std::fs::write(both, theirs + &own).unwrap();
        config["ca_path"] = json!(both);
        config["base_urls"] = json!(urls);
        config
    }
}

/// Shakes hands on a connection.
pub fn accept(server: &Arc<ServerConfig>, stream: TcpStream) -> Server {
    Server { tls: ServerConnection::new(Arc::clone(server)).unwrap(), stream }
}

/// The server's end of a TLS connection. What is written is a record of its own and leaves at once.
pub struct Server {
    pub tls: ServerConnection,
    pub stream: TcpStream,
}

impl Server {
    /// The bytes of TLS that are to leave, which the caller sends as it likes.
    pub fn sealed(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut bytes).unwrap();
        }
        bytes
    }
}

impl Read for Server {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        rustls::Stream::new(&mut self.tls, &mut self.stream).read(buffer)
    }
}

impl Write for Server {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = rustls::Stream::new(&mut self.tls, &mut self.stream).write(bytes)?;
        self.flush()?;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        rustls::Stream::new(&mut self.tls, &mut self.stream).flush()
    }
}
