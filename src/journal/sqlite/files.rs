//! The journal files that this process has open, and the liveness of contexts of all processes.
//!
//! Each living context holds a lock on one byte of the journal file, at a random offset far behind everything that `SQLite`
//! reads, writes or locks. The system drops the lock when the process ends in any way. The lock belongs to the open file, so
//! it does not matter by which path the file was opened.
//!
//! `SQLite`'s own locks are of the older kind, which are lost when the process closes *any* descriptor of the file. So each
//! file is opened once in a process, for all contexts, and closed when no connection uses it any more. That descriptor also
//! holds two shared locks. `SQLite` takes them exclusively before it removes or empties an unused log. So the log stays, even
//! if the host opens and closes the file itself, for example to copy it.
//!
//! A forked child has copies of the descriptors, which would keep the locks after the parent has ended. So the child closes
//! them at once ([`after_fork_in_child`]). Contexts that the child makes have locks of their own.

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
/// The write lock among the contexts of all processes. `SQLite`'s own lock may be lost in the middle of a change.
const WRITER: Range = Range { at: MARKS - 1, length: 1 };
/// Pause between attempts to get the write lock.
const AGAIN: Duration = Duration::from_millis(1);
/// What `SQLite` locks in the file (`SHARED_FIRST`, `SHARED_SIZE`): shared while a connection reads, and exclusively before it
/// removes the log.
const IN_USE: Range = Range { at: 0x4000_0002, length: 510 };
/// What it locks in the index of the log (`UNIX_SHM_DMS`): shared while a connection uses it, and exclusively before it empties
/// the index.
pub(super) const INDEX_IN_USE: Range = Range { at: 128, length: 1 };

/// Size of the index's header: two copies of its description, and how far the log was copied into the file.
const INDEX_HEAD: usize = 136;

static OPEN: Mutex<Vec<OpenFile>> = Mutex::new(Vec::new());

/// One open file.
#[derive(Debug)]
struct OpenFile {
    identity: Identity,
    /// The descriptor that has the locks, and others that must stay open as long.
    files: Vec<File>,
    /// The log (`-wal`) and its index (`-shm`).
    log: Option<File>,
    index: Option<File>,
    /// Offsets of the contexts of this process.
    marks: Vec<u64>,
    /// The number of connections that use it.
    users: usize,
    /// One of them is writing.
    is_written: bool,
}

fn all() -> MutexGuard<'static, Vec<OpenFile>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The right to have a connection to a file. It must live longer than the connection.
#[derive(Debug)]
pub struct SharedFile {
    identity: Identity,
    path: PathBuf,
}

/// The mark of a context.
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
    /// Opens or creates the file. The path must be absolute and without links.
    pub fn open(path: &Path) -> Result<SharedFile, String> {
        let mut all = all();
        // Checked first, because a file that is open already must not be opened and closed again.
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
            let (files, log, index, marks) = (vec![file], None, None, Vec::new());
            all.push(OpenFile { identity, files, log, index, marks, users: 1, is_written: false });
        }
        Ok(SharedFile { identity, path: path.to_owned() })
    }

    /// The identity of the file.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// The path with which it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file's header says that changes go into a log (`write version` and `read version` at 18).
    pub fn has_log(&self) -> bool {
        let mut head = [0; 20];
        self.read(&mut head).is_ok_and(|()| head.ends_with(&[2, 2]))
    }

    /// Prevents others from locking the file exclusively.
    pub fn share(&self) -> Result<(), String> {
        let shared_now = self.with(|open| open.files.first().map_or(Ok(true), |file| shared(file, IN_USE)));
        match shared_now {
            Ok(true) => Ok(()),
            Ok(false) => Err("somebody else has the file alone".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Allows exclusive locks again, unless another context of this process needs the file.
    pub fn unshare(&self) {
        // If it fails, others time out with an error.
        let _ = self.with(|open| match open.files.first() {
            Some(file) if open.users == 1 => os::unlock(file, IN_USE),
            _ => Ok(()),
        });
    }

    /// Protects a log that is in use, even if `SQLite`'s own locks are lost. Not needed on Windows.
    pub fn keep_log(&self, log: &Path, index: &Path) -> Result<(), String> {
        if cfg!(windows) {
            return Ok(());
        }
        self.with(|open| {
            for (held, path) in [(&mut open.log, log), (&mut open.index, index)] {
                let found = os::identity_at(path)?;
                match held {
                    Some(file) if os::identity(file)?.identity == found.identity => {}
                    Some(_) => return Err(std::io::Error::other("a file beside it was replaced")),
                    None => *held = Some(os::open(path)?),
                }
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

    /// The lengths of the file and of the log's index. An error if the file, its log or the index was removed or replaced.
    pub fn lengths(&self) -> Result<[u64; 2], String> {
        let length = |file: Option<&File>| {
            let Some(file) = file else { return Ok(0) };
            match os::identity(file)? {
                FileInfo { links: 0, .. } => Err(std::io::Error::other("it has no name any more")),
                found => Ok(found.length),
            }
        };
        let looked = self.with(|open| {
            let [file, log, index] = [open.files.first(), open.log.as_ref(), open.index.as_ref()];
            length(log)?;
            Ok([length(file)?, length(index)?])
        });
        looked.map_err(|error| error.to_string())
    }

    /// Before a connection is closed: lets `SQLite` remove the log if nobody else needs it.
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

    /// When something else has changed file, log or index: makes the next user rebuild the index from the log. A truncated index
    /// is extended first, because the system would kill a process that reads behind its end.
    pub fn give_up_log(&self, index_length: u64) {
        let given_up = self.with(|open| {
            open.log = None;
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

    /// Waits for the write lock, up to the limit.
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
                return Err("it is locked: another program writes for too long".into());
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

    /// A new, unique mark.
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
        // Anything else was never a living mark. Rows of an older format have none.
        let Some(at) = u64::from_str_radix(mark, 16).ok().filter(|at| *at >= MARKS) else { return false };
        let locked = self.with(|open| match open.files.first() {
            _ if open.marks.contains(&at) => Ok(true),
            Some(file) => os::is_locked(file, Range { at, length: 1 }),
            None => Ok(true),
        });
        // If unknown, it counts as alive.
        locked.unwrap_or(true)
    }

    fn with<T>(&self, work: impl FnOnce(&mut OpenFile) -> std::io::Result<T>) -> std::io::Result<T> {
        let mut all = all();
        let open = all.iter_mut().find(|open| open.identity == self.identity);
        open.map_or_else(|| Err(std::io::Error::other("the file was closed by a fork")), work)
    }
}

/// Whether this process has that file open as a journal or directory, or as the log or index of one. `SQLite`'s locks end when
/// anybody in the process closes it.
pub fn is_open(found: Identity) -> bool {
    let is_it = |file: &File| os::identity(file).is_ok_and(|file| file.identity == found);
    all().iter().any(|open| open.files.iter().chain(&open.log).chain(&open.index).any(is_it))
}

/// The path with a suffix, as the log (`-wal`) and its index (`-shm`) have.
pub fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// The write lock. Dropping it releases it.
#[derive(Debug)]
pub struct WriteLock<'a>(&'a SharedFile);

impl Drop for WriteLock<'_> {
    fn drop(&mut self) {
        // If it fails, others time out with an error.
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
        // SQLite names the log after the path. With two names, one file would have two logs.
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
                // If it fails, the rows stay with this process until it ends.
                let _ = os::unlock(file, Range { at: self.at, length: 1 });
            }
        }
    }
}

thread_local! {
    static FORKING: RefCell<Option<MutexGuard<'static, Vec<OpenFile>>>> = const { RefCell::new(None) };
}

/// Before a fork: waits until no thread is in the middle of a change.
pub fn before_fork() {
    let _ = FORKING.try_with(|held| *held.borrow_mut() = Some(all()));
}

/// In the parent, everything goes on.
pub fn after_fork_in_parent() {
    let _ = FORKING.try_with(|held| held.borrow_mut().take());
}

/// In the child, closes everything, because its copies of the descriptors would keep the parent's locks.
pub fn after_fork_in_child() {
    let _ = FORKING.try_with(|held| {
        if let Some(mut all) = held.borrow_mut().take() {
            all.clear();
        }
    });
}

#[cfg(test)]
mod tests;
