//! The journal files that this process has open, and which contexts of any process are alive.
//!
//! Ownership belongs to the open file, not to a name: a context is a lock on one byte of the journal itself, at a random
//! place far behind everything that `SQLite` reads, writes or locks. The system drops the lock when the process ends, however
//! it ends, and the file may have been found by a relative path, through a link or under another name.
//!
//! `SQLite`'s own locks are of the older kind, which are lost when the process closes *any* descriptor of the file. So each file
//! is opened once in a process, for all contexts, and closed when no connection has it any more. That descriptor also
//! shares two locks that `SQLite` takes alone before it removes or empties a log that nobody uses: should the host close the
//! file after reading it, with a copy program or an `SQLite` of its own, the log stays all the same.
//!
//! A forked child has copies of the descriptors, which would keep the locks when the parent is dead; so it closes them at
//! once ([`after_fork_in_child`]). It has locks of its own when it makes contexts of its own.

use crate::hex;
use crate::journal::store;
use crate::os::{self, FileInfo, Identity, LockMode, Range};
use crate::system;
use std::cell::RefCell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Behind a file's largest size (2^48 bytes), and behind the bytes at 2^30 that `SQLite` locks.
const MARKS: u64 = 1 << 62;
/// Who writes, among the contexts of all processes: `SQLite`'s own lock may be lost in the middle of a change.
const WRITER: Range = Range { at: MARKS - 1, length: 1 };
/// How soon to try again to be the one.
const AGAIN: Duration = Duration::from_millis(1);
/// What `SQLite` locks in the file (`SHARED_FIRST`, `SHARED_SIZE`) as long as a connection reads, and alone before it removes
/// the log.
const IN_USE: Range = Range { at: 0x4000_0002, length: 510 };
/// What it locks in the index of the log (`UNIX_SHM_DMS`) as long as a connection has it, and alone before it empties it.
const INDEX_IN_USE: Range = Range { at: 128, length: 1 };

/// What stands before the index itself: twice what it is about, and how far the log is copied.
const INDEX_HEAD: usize = 136;

static OPEN: Mutex<Vec<OpenFile>> = Mutex::new(Vec::new());

/// One file.
#[derive(Debug)]
struct OpenFile {
    identity: Identity,
    /// The descriptor that has the locks; and others that must stay open as long as this one.
    files: Vec<File>,
    /// Of the index of the log (`-shm`).
    index: Option<File>,
    /// Where the contexts of this process are.
    marks: Vec<u64>,
    /// Connections that have it.
    users: usize,
    /// One of them writes.
    is_written: bool,
}

fn all() -> MutexGuard<'static, Vec<OpenFile>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The right to have a connection to a file. Lives longer than the connection.
#[derive(Debug)]
pub struct SharedFile {
    identity: Identity,
    path: PathBuf,
}

/// A context.
#[derive(Debug)]
pub struct Mark {
    id: Arc<str>,
    file: Identity,
    at: u64,
}

impl store::Mark for Mark {
    fn id(&self) -> &Arc<str> {
        &self.id
    }
}

impl SharedFile {
    /// Opens or makes the file; its path is absolute and free of links.
    pub fn open(path: &Path) -> Result<SharedFile, String> {
        let mut all = all();
        // Looked at first: what is open already must not be opened and closed again.
        let known = match os::identity_at(path) {
            Ok(found) => Some(accepted(&found)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.to_string()),
        };
        if let Some(open) = all.iter_mut().find(|open| Some(open.identity) == known) {
            open.users += 1;
            return Ok(SharedFile { identity: open.identity, path: path.to_owned() });
        }
        let file = os::open(path).map_err(|error| error.to_string())?;
        let identity = accepted(&os::identity(&file).map_err(|error| error.to_string())?)?;
        if let Some(open) = all.iter_mut().find(|open| open.identity == identity) {
            open.users += 1;
            open.files.push(file);
        } else {
            let (files, marks) = (vec![file], Vec::new());
            all.push(OpenFile { identity, files, index: None, marks, users: 1, is_written: false });
        }
        Ok(SharedFile { identity, path: path.to_owned() })
    }

    /// Which file it is.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// As it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file's head says that changes go into a log (`write version` and `read version` at 18).
    pub fn has_log(&self) -> bool {
        let mut head = [0; 20];
        self.read(&mut head).is_ok_and(|()| head.ends_with(&[2, 2]))
    }

    /// Keeps everybody from taking the file alone.
    pub fn share(&self) -> Result<(), String> {
        let shared_now = self.with(|open| open.files.first().map_or(Ok(true), |file| shared(file, IN_USE)));
        match shared_now {
            Ok(true) => Ok(()),
            Ok(false) => Err("somebody else has the file alone".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Lets others take it, unless another context of this process needs it.
    pub fn unshare(&self) {
        // Where it fails, the file is waited for in vain, and that is told.
        let _ = self.with(|open| match open.files.first() {
            Some(file) if open.users == 1 => os::unlock(file, IN_USE),
            _ => Ok(()),
        });
    }

    /// Once the log is in use: keeps it, whatever becomes of `SQLite`'s own locks. Windows needs none of it.
    pub fn keep_log(&self, index: &Path) -> Result<(), String> {
        if cfg!(windows) {
            return Ok(());
        }
        self.with(|open| {
            let found = os::identity_at(index)?;
            let is_same = match &open.index {
                Some(index) => os::identity(index)?.identity == found.identity,
                None => false,
            };
            if !is_same && open.index.is_some() {
                return Err(std::io::Error::other("the file beside it was replaced"));
            }
            if open.index.is_none() {
                open.index = Some(os::open(index)?);
            }
            let in_use = open.files.first().is_none_or(|file| !matches!(shared(file, IN_USE), Ok(true)));
            let index =
                open.index.as_ref().is_none_or(|file| !matches!(shared(file, INDEX_IN_USE), Ok(true)));
            if in_use || index {
                return Err(std::io::Error::other("somebody else has it alone"));
            }
            Ok(())
        })
        .map_err(|error| format!("the log cannot be kept: {error}"))
    }

    /// Before a connection is closed: `SQLite` removes the log when nobody else needs it.
    pub fn let_go_of_log(&self) {
        let done = self.with(|open| {
            if open.users > 1 {
                return Ok(());
            }
            let [file, index] = [open.files.first(), open.index.as_ref()];
            file.map_or(Ok(()), |file| os::unlock(file, IN_USE))?;
            index.map_or(Ok(()), |file| os::unlock(file, INDEX_IN_USE))
        });
        if let Err(error) = done {
            crate::log::warn(format_args!("the journal's log stays: {error}"));
        }
    }

    /// When something else has changed file, log or index: whoever opens them next reads the index anew from the log. As
    /// long as it is shorter than it was, who looks into it is ended by the system.
    pub fn give_up_log(&self, index_length: u64) {
        let given_up = self.with(|open| {
            let Some(index) = open.index.take() else { return Ok(()) };
            if os::identity(&index)?.length < index_length {
                index.set_len(index_length)?;
            }
            os::write(&index, &[0; INDEX_HEAD])
        });
        if let Err(error) = given_up {
            crate::log::warn(format_args!("the index of the journal's log is left as it is: {error}"));
        }
    }

    /// Waits for its turn to write, so long at most.
    pub fn write(&self, limit: Duration) -> Result<WriteLock<'_>, String> {
        let began = system::now();
        loop {
            let is_ours = self.with(|open| {
                let is_free = !open.is_written;
                open.is_written = is_free
                    && open
                        .files
                        .first()
                        .map_or(Ok(true), |file| os::lock(file, WRITER, LockMode::Exclusive))?
                    || open.is_written;
                Ok(is_free && open.is_written)
            });
            if is_ours.map_err(|error| error.to_string())? {
                return Ok(WriteLock(self));
            }
            if system::now().saturating_duration_since(began) >= limit {
                return Err("the journal is locked: another program writes for too long".into());
            }
            system::sleep(AGAIN);
        }
    }

    /// The first bytes of the file.
    pub fn read(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        self.with(|open| open.files.first().map_or(Ok(()), |file| os::read(file, bytes)))
    }

    /// The first bytes of the log's index.
    pub fn read_index(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        self.with(|open| open.index.as_ref().map_or(Ok(()), |index| os::read(index, bytes)))
    }

    /// A new mark, unlike every other.
    pub fn enlist(&self) -> Result<Mark, String> {
        const TRIES: u32 = 20;
        for _ in 0..TRIES {
            let mut random = [0_u8; 8];
            if !system::random(&mut random) {
                return Err("the system gives no random numbers".into());
            }
            let at = MARKS | u64::from_le_bytes(random) >> 2;
            let locked = self.with(|open| {
                let locked = match open.files.first() {
                    Some(file) => os::lock(file, Range { at, length: 1 }, LockMode::Exclusive)?,
                    None => false,
                };
                let is_new = locked && !open.marks.contains(&at);
                if is_new {
                    open.marks.push(at);
                }
                Ok(is_new)
            });
            if locked.map_err(|error| format!("cannot lock {}: {error}", self.path.display()))? {
                return Ok(Mark { id: hex::upper(&at.to_be_bytes()).into(), file: self.identity, at });
            }
        }
        Err(format!("cannot lock {}", self.path.display()))
    }

    /// Whether the context with that mark is alive, in this process or another.
    pub fn is_alive(&self, mark: &str) -> bool {
        // What is no mark was never alive: rows of an older format have none.
        let Some(at) = u64::from_str_radix(mark, 16).ok().filter(|at| *at >= MARKS) else { return false };
        let locked = self.with(|open| match open.files.first() {
            _ if open.marks.contains(&at) => Ok(true),
            Some(file) => os::is_locked(file, Range { at, length: 1 }),
            None => Ok(true),
        });
        // Where it cannot be told, the row is left alone.
        locked.unwrap_or(true)
    }

    fn with<T>(&self, work: impl FnOnce(&mut OpenFile) -> std::io::Result<T>) -> std::io::Result<T> {
        let mut all = all();
        let open = all.iter_mut().find(|open| open.identity == self.identity);
        open.map_or_else(|| Err(std::io::Error::other("the file was closed by a fork")), work)
    }
}

/// Whether anybody has the log of that file in use, where no connection of this process has it.
pub fn has_index_in_use(path: &Path) -> std::io::Result<bool> {
    let index = beside(path, "-shm");
    if cfg!(windows) || !index.exists() {
        return Ok(false);
    }
    os::is_locked(&os::open(&index)?, INDEX_IN_USE)
}

/// The log (`-wal`) and its index (`-shm`) have the file's name and an end.
pub fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// The right to write. Given back when dropped.
#[derive(Debug)]
pub struct WriteLock<'a>(&'a SharedFile);

impl Drop for WriteLock<'_> {
    fn drop(&mut self) {
        // Should it fail, others wait in vain, and that is told.
        let _ = self.0.with(|open| {
            open.is_written = false;
            open.files.first().map_or(Ok(()), |file| os::unlock(file, WRITER))
        });
    }
}

fn shared(file: &File, range: Range) -> std::io::Result<bool> {
    os::lock(file, range, LockMode::Shared)
}

fn accepted(found: &FileInfo) -> Result<Identity, String> {
    if !found.is_regular {
        return Err("not a file".into());
    }
    if found.links > 1 {
        // SQLite names the log after the name it was given: under two names there would be two logs of one file.
        return Err(format!("the file has {} names (hard links); a journal may have one", found.links));
    }
    Ok(found.identity)
}

impl Drop for SharedFile {
    fn drop(&mut self) {
        let mut all = all();
        if let Some(at) = all.iter().position(|open| open.identity == self.identity)
            && let Some(open) = all.get_mut(at)
        {
            open.users = open.users.saturating_sub(1);
            if open.users == 0 {
                all.swap_remove(at);
            }
        }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let mut all = all();
        if let Some(open) = all.iter_mut().find(|open| open.identity == self.file) {
            open.marks.retain(|at| *at != self.at);
            if let Some(file) = open.files.first() {
                // Should it fail, the rows stay this process's until it ends.
                let _ = os::unlock(file, Range { at: self.at, length: 1 });
            }
        }
    }
}

thread_local! {
    static FORKING: RefCell<Option<MutexGuard<'static, Vec<OpenFile>>>> = const { RefCell::new(None) };
}

/// Before a fork: nobody is in the middle of a change.
pub fn before_fork() {
    let _ = FORKING.try_with(|held| *held.borrow_mut() = Some(all()));
}

/// In the parent everything goes on.
pub fn after_fork_in_parent() {
    let _ = FORKING.try_with(|held| held.borrow_mut().take());
}

/// The child has nothing open: its copies of the descriptors would keep the parent's locks alive.
pub fn after_fork_in_child() {
    let _ = FORKING.try_with(|held| {
        if let Some(mut all) = held.borrow_mut().take() {
            all.clear();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(folder: &tempfile::TempDir) -> SharedFile {
        SharedFile::open(&folder.path().canonicalize().unwrap().join("till.journal")).unwrap()
    }

    #[test]
    fn a_mark_is_alive_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (held(&folder), held(&folder));
        let (first, second) = (one.enlist().unwrap(), other.enlist().unwrap());
        for held in [&one, &other] {
            assert!(held.is_alive(&first.id) && held.is_alive(&second.id));
            for nobody in ["", "1-2-NOBODY", "4000000000000000", "0", "7FFFFFFFFFFFFFFF"] {
                assert!(!held.is_alive(nobody), "{nobody}");
            }
        }
        let gone = Arc::clone(&first.id);
        drop(first);
        assert!(!one.is_alive(&gone) && one.is_alive(&second.id));
        drop(one);
        assert!(other.is_alive(&second.id));
    }

    #[test]
    fn a_file_is_opened_once_and_closed_with_the_last_connection() {
        let folder = tempfile::tempdir().unwrap();
        let one = held(&folder);
        let other = held(&folder);
        assert_eq!(one.with(|open| Ok((open.files.len(), open.users))).unwrap(), (1, 2));
        let identity = one.identity();
        drop(one);
        drop(other);
        assert!(all().iter().all(|open| open.identity != identity));
    }

    #[test]
    fn what_is_no_file_and_what_has_two_names_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        assert_eq!(SharedFile::open(&path).unwrap_err(), "not a file");
        drop(held(&folder));
        std::fs::hard_link(path.join("till.journal"), path.join("other")).unwrap();
        let refused = SharedFile::open(&path.join("other")).unwrap_err();
        assert!(refused.contains("2 names"), "{refused}");
    }
}
