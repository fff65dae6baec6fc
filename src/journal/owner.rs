//! Who works on a row, and whether that process is still alive.
//!
//! Every context holds a lock on a small file beside the journal. The operating system drops the lock when
//! the process ends, however it ends; so a lock that can be had belongs to nobody alive.

use super::journal_error;
use crate::error::Result;
use crate::system;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The mark of one context in the rows it works on.
#[derive(Debug)]
pub struct Owner {
    id: Arc<str>,
    journal: Option<PathBuf>,
    lock: Option<File>,
}

impl Owner {
    /// A new mark, unlike every other.
    pub fn new(journal: Option<&Path>) -> Result<Owner> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut random = [0_u8; 8];
        if !system::random(&mut random) {
            return Err(journal_error("the system gives no random numbers"));
        }
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}-{count}-{}", std::process::id(), crate::hex::upper(&random));
        let mut owner = Owner { id: id.into(), journal: journal.map(Path::to_owned), lock: None };
        owner.sweep();
        owner.lock = journal.map(|journal| hold(&lock_path(journal, &owner.id))).transpose()?;
        Ok(owner)
    }

    /// Removes the marks of processes that died.
    fn sweep(&self) {
        let Some(journal) = &self.journal else { return };
        let Some(prefix) = journal.file_name().map(|name| format!("{}{MARK}", name.to_string_lossy())) else {
            return;
        };
        let folder =
            journal.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            if let Some(id) = entry.file_name().to_string_lossy().strip_prefix(&prefix) {
                self.is_alive(id);
            }
        }
    }

    /// The mark itself.
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// Whether the context with that mark is still alive, in this process or another.
    pub fn is_alive(&self, id: &str) -> bool {
        if id == &*self.id {
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
            Err(error) => error.kind() != ErrorKind::NotFound,
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Removed while it is still locked, so that nobody else's file goes.
        if let (Some(journal), Some(lock)) = (&self.journal, self.lock.take()) {
            let _ = std::fs::remove_file(lock_path(journal, &self.id));
            drop(lock);
        }
    }
}

const MARK: &str = ".owner-";

fn lock_path(journal: &Path, id: &str) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(format!("{MARK}{id}"));
    PathBuf::from(name)
}

/// Makes the file and locks it. Another process that clears up may take it for a dead one's in between and
/// remove it; so it counts only when it is still there once it is locked.
fn hold(path: &Path) -> Result<File> {
    const TRIES: u32 = 20;
    let failed = |what: &str, why: &dyn std::fmt::Display| {
        journal_error(format!("cannot {what} {}: {why}", path.display()))
    };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    owner_only(&mut options);
    let mut why = failed("lock", &"somebody else keeps taking it");
    for _ in 0..TRIES {
        match options.open(path) {
            Ok(file) => match file.try_lock() {
                Ok(()) if path.exists() => return Ok(file),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(error) => return Err(failed("lock", &error)),
            },
            // Windows gives a name away again only when nobody has the removed file open any more.
            Err(error) if cfg!(windows) && error.kind() == ErrorKind::PermissionDenied => {
                why = failed("create", &error);
            }
            Err(error) => return Err(failed("create", &error)),
        }
        system::sleep(Duration::from_millis(5));
    }
    Err(why)
}

/// Files beside a till's journal are nobody else's business.
pub fn owner_only(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_alive_until_it_is_gone_and_its_mark_goes_with_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let journal = folder.path().join("till.journal");
        let (first, second) = (Owner::new(Some(&journal)).unwrap(), Owner::new(Some(&journal)).unwrap());
        assert!(second.is_alive(first.id()) && second.is_alive(second.id()));
        assert!(!second.is_alive("1-2-NOBODY"));
        let gone = first.id().to_owned();
        drop(first);
        assert!(!second.is_alive(&gone));
    }

    #[test]
    fn marks_of_the_dead_are_swept_and_those_of_the_living_are_not() {
        let folder = tempfile::TempDir::new().unwrap();
        let journal = folder.path().join("till.journal");
        let living = Owner::new(Some(&journal)).unwrap();
        std::fs::write(lock_path(&journal, "1-2-DEAD"), "").unwrap();
        let newcomer = Owner::new(Some(&journal)).unwrap();
        assert!(!lock_path(&journal, "1-2-DEAD").exists());
        assert!(newcomer.is_alive(living.id()));
        assert!(living.is_alive(newcomer.id()));
    }
}
