//! Who works on a row, and whether that process is still alive.
//!
//! Every context holds a lock on a small file beside the journal. The operating system drops the lock when
//! the process ends, however it ends; so a lock that can be had belongs to nobody alive.

use super::journal_error;
use crate::error::Result;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The mark of one context in the rows it works on.
#[derive(Debug)]
pub struct Owner {
    id: String,
    journal: Option<PathBuf>,
    lock: Option<File>,
}

impl Owner {
    /// A new mark, unlike every other.
    pub fn new(journal: Option<&Path>) -> Result<Owner> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut random = [0_u8; 8];
        crate::wire::provider()
            .secure_random
            .fill(&mut random)
            .map_err(|_| journal_error("the system gives no random numbers"))?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}-{count}-{}", std::process::id(), crate::wire::hex(&random));
        let lock = match journal {
            None => None,
            Some(journal) => Some(hold(&lock_path(journal, &id))?),
        };
        Ok(Owner { id, journal: journal.map(Path::to_owned), lock })
    }

    /// The mark itself.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the context with that mark is still alive, in this process or another.
    pub fn is_alive(&self, id: &str) -> bool {
        if id == self.id {
            return true;
        }
        let Some(journal) = &self.journal else { return false };
        let path = lock_path(journal, id);
        match File::open(&path) {
            Ok(file) => match file.try_lock() {
                Ok(()) => {
                    // It died: nobody will need the file again.
                    let _ = std::fs::remove_file(&path);
                    false
                }
                // Held by somebody alive; or it cannot be told, and then the row is left alone.
                Err(TryLockError::WouldBlock | TryLockError::Error(_)) => true,
            },
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let (Some(journal), Some(lock)) = (&self.journal, self.lock.take()) {
            let _ = std::fs::remove_file(lock_path(journal, &self.id));
            drop(lock);
        }
    }
}

fn lock_path(journal: &Path, id: &str) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(format!(".owner-{id}"));
    PathBuf::from(name)
}

fn hold(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    owner_only(&mut options);
    let failed = |what: &str, why: &dyn std::fmt::Display| {
        journal_error(format!("cannot {what} {}: {why}", path.display()))
    };
    let file = options.open(path).map_err(|error| failed("create", &error))?;
    file.try_lock().map_err(|error| failed("lock", &error))?;
    Ok(file)
}

/// Files beside a till's journal are nobody else's business.
pub fn owner_only(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}
