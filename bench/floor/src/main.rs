//! The least that a redemption can cost: one RSA signature, one exchange over TLS, one verification. The connection
//! is kept for as long as the server keeps it.
//!
//! ```text
//! floor ring|aws-lc CONFIG THREADS WARMUP CALLS FIRST COUNT
//! ```
//!
//! The arguments after the first, and the line that is printed, are those of all contestants: bench/README.md.

mod exchange;
mod keys;
#[path = "../../measure.rs"]
mod measure;

use exchange::Client;
use measure::{Numbers, measure};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

fn client(package: &str, config: &Path) -> Result<Client, Box<dyn Error>> {
    let config: Value = serde_json::from_slice(&std::fs::read(config)?)?;
    let text = |pointer: &str| config.pointer(pointer).and_then(Value::as_str).ok_or(format!("no {pointer}"));
    let (keys, provider) = keys::load(
        package,
        Path::new(text("/private_key_path")?),
        Path::new(text("/wechatpay_public_key_path")?),
    )?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(text("/ca_path")?)? {
        roots.add(certificate?)?;
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (host, port) = text("/base_urls/0")?
        .trim_start_matches("https://")
        .rsplit_once(':')
        .ok_or("base_urls has no port")?;
    Ok(Client {
        keys,
        tls: Arc::new(tls),
        host: host.to_owned(),
        port: port.parse()?,
        mchid: text("/mchid")?.to_owned(),
        serial_no: text("/merchant_serial_no")?.to_owned(),
        public_key_id: text("/wechatpay_public_key_id")?.to_owned(),
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [package, config, numbers @ ..] = arguments.as_slice() else { return Err("see the source".into()) };
    let numbers = Numbers::parse(numbers).ok_or("five numbers")?;
    let client = client(package, Path::new(config))?;
    let connect = || client.connect().expect("a connection");
    measure(&numbers, connect, |connection, code| client.redeem(connection, code).expect("redeemed"));
    Ok(())
}
