//! Who works on a row, and whether that process is still alive.
//!
//! Every context holds a lock on a small file beside the journal. The operating system drops the lock when
//! the process ends, however it ends; so a lock that can be had belongs to nobody alive.

use crate::hex;
use crate::journal::store;
use crate::system;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Behind the journal's name, before the mark.
const MARK: &str = ".mark-";
/// The same of format 1.
const MARK_OF_FIRST: &str = ".owner-";

/// The contexts that work on one journal.
#[derive(Debug)]
pub struct Owners {
    journal: Option<PathBuf>,
}

/// The mark of one context in the rows it works on.
#[derive(Debug)]
pub struct Mark {
    id: Arc<str>,
    path: Option<PathBuf>,
    /// Held as long as the mark lives.
    lock: Option<File>,
}

impl store::Mark for Mark {
    fn id(&self) -> &Arc<str> {
        &self.id
    }
}

impl Owners {
    /// Of the journal with that path. Removes the marks of processes that died.
    pub fn beside(journal: &Path) -> Owners {
        let owners = Owners { journal: Some(journal.to_owned()) };
        for id in owners.marks(MARK) {
            owners.is_alive(&id);
        }
        owners
    }

    /// Nobody else can have the journal.
    pub fn nowhere() -> Owners {
        Owners { journal: None }
    }

    /// A new mark, unlike every other.
    pub fn enlist(&self) -> Result<Mark, String> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut random = [0_u8; 8];
        if !system::random(&mut random) {
            return Err("the system gives no random numbers".into());
        }
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let id: Arc<str> = format!("{}-{count}-{}", std::process::id(), hex::upper(&random)).into();
        let path = self.path(MARK, &id);
        let lock = path.as_deref().map(hold).transpose()?;
        Ok(Mark { id, path, lock })
    }

    /// Whether the context with that mark is still alive, in this process or another.
    pub fn is_alive(&self, id: &str) -> bool {
        self.path(MARK, id).is_some_and(|path| is_held(&path))
    }

    /// Whether a program with a library of format 1 still works on the journal.
    pub fn has_first_alive(&self) -> bool {
        let held = |id: &String| self.path(MARK_OF_FIRST, id).is_some_and(|path| is_held(&path));
        self.marks(MARK_OF_FIRST).iter().any(held)
    }

    /// The marks that there are, of the living and of the dead.
    fn marks(&self, kind: &str) -> Vec<String> {
        let Some(journal) = &self.journal else { return Vec::new() };
        let Some(name) = journal.file_name() else { return Vec::new() };
        let prefix = format!("{}{kind}", name.to_string_lossy());
        let folder =
            journal.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter_map(|name| name.strip_prefix(&prefix).map(str::to_owned)).collect()
    }

    fn path(&self, kind: &str, id: &str) -> Option<PathBuf> {
        let mut name = self.journal.as_ref()?.as_os_str().to_owned();
        name.push(format!("{kind}{id}"));
        Some(PathBuf::from(name))
    }
}

/// Whether somebody alive holds the lock on that file. One that nobody holds is removed.
fn is_held(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => match file.try_lock() {
            Ok(()) => {
                // It died: nobody will need the file again.
                let _ = std::fs::remove_file(path);
                false
            }
            // Held by somebody alive; or it cannot be told, and then the row is left alone.
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => true,
        },
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        // Removed while it is still locked, so that nobody else's file goes.
        if let (Some(path), Some(lock)) = (&self.path, self.lock.take()) {
            let _ = std::fs::remove_file(path);
            drop(lock);
        }
    }
}

/// Makes the file and locks it. Another process that clears up may take it for a dead one's in between and
/// remove it; so it counts only when it is still there once it is locked.
fn hold(path: &Path) -> Result<File, String> {
    const TRIES: u32 = 20;
    let failed = |what: &str, why: &dyn std::fmt::Display| format!("cannot {what} {}: {why}", path.display());
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

    fn journal(folder: &tempfile::TempDir) -> Owners {
        Owners::beside(&folder.path().join("till.journal"))
    }

    #[test]
    fn a_mark_is_alive_until_it_is_gone_and_its_file_goes_with_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let owners = journal(&folder);
        let (first, second) = (owners.enlist().unwrap(), owners.enlist().unwrap());
        assert!(owners.is_alive(&first.id) && owners.is_alive(&second.id));
        assert!(!owners.is_alive("1-2-NOBODY"));
        let gone = first.id.to_string();
        drop(first);
        assert!(!owners.is_alive(&gone));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn marks_of_the_dead_are_swept_and_those_of_the_living_are_not() {
        let folder = tempfile::TempDir::new().unwrap();
        let living = journal(&folder).enlist().unwrap();
        let dead = journal(&folder).path(MARK, "1-2-DEAD").unwrap();
        std::fs::write(&dead, "").unwrap();
        let newcomer = journal(&folder);
        assert!(!dead.exists());
        assert!(newcomer.is_alive(&living.id));
    }
}
