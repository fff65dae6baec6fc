//! The hub's own certificate, read again when its files change.

use crate::config::Config;
use crate::log;
use crate::mistake::Mistake;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

#[cfg(feature = "aws-lc-rs")]
use rustls::crypto::aws_lc_rs as backend;
#[cfg(not(feature = "aws-lc-rs"))]
use rustls::crypto::ring as backend;

/// What the files said last.
#[derive(Debug, Clone)]
struct Loaded {
    config: Arc<ServerConfig>,
    ends_s: i64,
    stamps: [Option<SystemTime>; 2],
}

/// The certificate.
#[derive(Debug)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    loaded: RwLock<Loaded>,
}

impl Tls {
    /// `None`: the hub speaks no TLS itself.
    pub fn open(config: &Config) -> Result<Option<Tls>, Mistake> {
        let tills = &config.tills;
        let (Some(_), Some(certificate), Some(key)) = (tills.listen, &tills.certificate, &tills.key) else {
            return Ok(None);
        };
        let loaded = RwLock::new(load(certificate, key)?);
        Ok(Some(Tls { certificate: certificate.clone(), key: key.clone(), loaded }))
    }

    /// For a new connection.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner).config)
    }

    /// When the certificate ends, in seconds since 1970.
    pub fn ends_s(&self) -> i64 {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).ends_s
    }

    /// Reads changed files again. What cannot be used is told, and the old one stays.
    pub fn look_again(&self) {
        let known = self.loaded.read().unwrap_or_else(PoisonError::into_inner).stamps;
        let stamps = stamps(&self.certificate, &self.key);
        if stamps == known {
            return;
        }
        match load(&self.certificate, &self.key) {
            Ok(fresh) => {
                log::line(wxcoupon::log::INFO, "certificate", serde_json::json!({ "ends_s": fresh.ends_s }));
                *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = fresh;
            }
            Err(mistake) => log::error("certificate", &format!("the old one stays: {mistake}")),
        }
    }
}

fn stamps(certificate: &Path, key: &Path) -> [Option<SystemTime>; 2] {
    [certificate, key].map(|path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
}

fn load(certificate: &Path, key: &Path) -> Result<Loaded, Mistake> {
    let stamps = stamps(certificate, key);
    let unreadable = |member: &str, path: &Path, why: &dyn std::fmt::Display| {
        let path = path.display();
        Mistake::new(
            format!("tills.{member}: {path}: {why}"),
            format!("tills.{member}：{path} 无法使用（{why}）"),
        )
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
    let chain = chain.map_err(|error| unreadable("certificate", certificate, &error))?;
    let first = chain
        .first()
        .ok_or_else(|| unreadable("certificate", certificate, &"there is no certificate in it"))?;
    let ends_s = Certificate::from_der(first)
        .map(|read| read.tbs_certificate().validity().not_after.to_unix_duration().as_secs())
        .map_err(|error| unreadable("certificate", certificate, &error))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable("key", key, &error))?;
    let config = ServerConfig::builder_with_provider(Arc::new(backend::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unreadable("certificate", certificate, &error))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| unreadable("key", key, &error))?;
    Ok(Loaded { config: Arc::new(config), ends_s: i64::try_from(ends_s).unwrap_or(i64::MAX), stamps })
}
