//! The keys of a context: configured, downloaded, and kept on the disk.

use crate::config::Config;
use crate::error::Result;
use crate::log;
use crate::mode::Mode;
use crate::report::Report;
use crate::system;
use crate::wire::certificates;
use crate::wire::key_ring::{KeyRing, PUBLIC_KEY_ID_PREFIX};
use crate::wire::keys::Certificate;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;
use zeroize::Zeroizing;

/// A list of certificates has a few kilobytes.
const LARGEST_KEPT: u64 = 1024 * 1024;
/// A till's clock may be two days off; a certificate that ended earlier proves nothing any more.
const CLOCK_S: u64 = 2 * 24 * 60 * 60;

/// The keys of a context.
pub(super) struct Keys {
    /// What the configuration names.
    pub configured: KeyRing,
    pub downloaded: Mutex<Vec<Certificate>>,
    /// Both together.
    pub all: RwLock<Arc<KeyRing>>,
    /// Decrypts downloads. `None`: nothing is downloaded.
    pub apiv3_key: Option<Zeroizing<String>>,
    /// The file that keeps downloads.
    pub file: Option<PathBuf>,
    pub download: Mutex<Download>,
    pub ended: Condvar,
}

#[derive(Default)]
pub(super) struct Download {
    pub running: bool,
    /// No new attempt before this time.
    pub not_before: Option<Instant>,
    /// Why the last download failed.
    pub failed: Option<Report>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Keys").field("all", &self.key_ring().serials().collect::<Vec<_>>()).finish()
    }
}

impl Keys {
    /// The configured keys, and those that an earlier process kept on disk.
    pub fn new(config: &Config) -> Keys {
        let apiv3_key = config.apiv3_key.clone().filter(|_| config.identity.mode == Mode::Partner);
        let keys = Keys {
            configured: config.key_ring.clone(),
            downloaded: Mutex::default(),
            all: RwLock::new(Arc::new(config.key_ring.clone())),
            apiv3_key,
            file: config.certificates_path.clone(),
            download: Mutex::default(),
            ended: Condvar::new(),
        };
        keys.load();
        keys
    }

    /// Takes over the downloads of the context's former configuration, but not its configured keys.
    pub fn adopt(&self, other: &Keys) {
        let downloaded = other.downloaded.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if self.apiv3_key.is_some() && self.apiv3_key == other.apiv3_key && !downloaded.is_empty() {
            self.put(downloaded);
        }
    }

    /// All keys there are now.
    pub fn key_ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.all.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the downloaded certificates.
    pub fn put(&self, downloaded: Vec<Certificate>) {
        let mut kept = self.downloaded.lock().unwrap_or_else(PoisonError::into_inner);
        *self.all.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(self.with(&downloaded));
        *kept = downloaded;
    }

    /// The configured keys and these.
    pub fn with(&self, downloaded: &[Certificate]) -> KeyRing {
        let mut key_ring = self.configured.clone();
        for certificate in downloaded {
            // A certificate with the merchant's own serial number would let the merchant sign answers.
            if !key_ring.is_merchant(&certificate.serial) && key_ring.get(&certificate.serial).is_none() {
                key_ring.insert_certificate(certificate.clone());
            }
        }
        key_ring
    }

    /// Whether a download may bring the key with that serial number.
    pub fn may_find(&self, serial: &str) -> bool {
        self.apiv3_key.is_some() && !serial.starts_with(PUBLIC_KEY_ID_PREFIX)
    }

    /// The certificates in an answer, or in its kept copy, that are valid now.
    pub fn opened(&self, answer: &[u8]) -> Result<Vec<Certificate>> {
        let key = self.apiv3_key.as_deref().map(String::as_str).unwrap_or_default();
        let now = u64::try_from(system::wall_date().unix_timestamp()).unwrap_or(0);
        let mut opened = certificates::open(answer, key)?;
        opened.retain(|certificate| certificate.until.saturating_add(CLOCK_S) > now);
        Ok(opened)
    }

    pub fn load(&self) {
        let (Some(_), Some(file)) = (&self.apiv3_key, &self.file) else { return };
        let Ok(answer) = crate::file::read_whole(file, LARGEST_KEPT) else { return };
        match self.opened(&answer) {
            Ok(certificates) => self.put(certificates),
            // The APIv3 key has changed, or the file is damaged. The next download replaces it.
            Err(error) => {
                log::warn(format_args!("kept platform certificates are not used: {}", error.message));
            }
        }
    }

    pub fn keep(&self, answer: &[u8]) {
        let Some(file) = &self.file else { return };
        if let Err(error) = write_whole(file, answer) {
            log::warn(format_args!("platform certificates could not be kept in {}: {error}", file.display()));
        }
    }

    pub fn download(&self) -> MutexGuard<'_, Download> {
        self.download.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replaces a file atomically: a concurrent reader sees the old or the new content.
pub(super) fn write_whole(file: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    let unique = crate::wire::sign::nonce().map_err(|error| std::io::Error::other(error.message))?;
    name.push(format!(".{unique}"));
    let fresh = PathBuf::from(name);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(&fresh)
        .and_then(|mut open| open.write_all(content).and_then(|()| open.sync_all()))
        .and_then(|()| fs::rename(&fresh, file));
    if written.is_err() {
        // The temporary file is of no use any more.
        let _ = fs::remove_file(&fresh);
    }
    written
}
