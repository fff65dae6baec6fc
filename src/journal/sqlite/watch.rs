//! Checks that the open files are still those that the journal's path names.
//!
//! Writes to a file that was removed, replaced or truncated while it is open are lost without an error. So the names are
//! checked before every change. Once a file is not the same any more, nothing is written.

use super::files::{SharedFile, WriteLock, beside};
use super::open::BUSY;
use crate::os::{self, Identity};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Sizes of the log's header, and of the header of each page in it.
const LOG_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;
/// The smallest size of the log's index.
const INDEX_BLOCK: u64 = 32 * 1024;

/// The check of one context's files.
#[derive(Debug)]
pub struct Watch {
    file: SharedFile,
    /// Log and index. `None`: the file system does not support them.
    log: Option<[(PathBuf, Identity); 2]>,
    /// The lengths at the last check.
    length: AtomicU64,
    index_length: AtomicU64,
    /// Why nothing is written any more.
    gone: OnceLock<String>,
}

impl Watch {
    /// Begins to watch, after the first change, when all files exist.
    pub fn begin(file: SharedFile, has_log: bool) -> Result<Watch, String> {
        let length = AtomicU64::new(length(file.path())?);
        let log = if has_log && cfg!(unix) {
            let [log, index] = ["-wal", "-shm"].map(|end| beside(file.path(), end));
            file.keep_log(&log, &index)?;
            Some([(log.clone(), identity(&log)?), (index.clone(), identity(&index)?)])
        } else {
            None
        };
        let index_length = AtomicU64::new(INDEX_BLOCK);
        let watch = Watch { file, log, length, index_length, gone: OnceLock::new() };
        watch.names()?;
        Ok(watch)
    }

    /// The watched file.
    pub fn file(&self) -> &SharedFile {
        &self.file
    }

    /// Waits for the write lock. Without a log, `SQLite`'s own locks are used.
    pub fn write(&self) -> Result<Option<WriteLock<'_>>, String> {
        self.write_within(BUSY)
    }

    /// The same with another limit.
    pub fn write_within(&self, limit: Duration) -> Result<Option<WriteLock<'_>>, String> {
        self.log.as_ref().map(|_| self.file.write(limit)).transpose()
    }

    /// Whether nothing is written any more.
    pub fn is_gone(&self) -> bool {
        self.gone.get().is_some()
    }

    /// Checks the names before a change that must not be lost. `SQLite` must not touch a truncated index, because the system
    /// would kill the process.
    pub fn before_change(&self) -> Result<(), String> {
        self.settled(|| self.names())
    }

    /// Checks the open files, which is faster. It notices everything but a file that was moved.
    pub fn before_work(&self) -> Result<(), String> {
        self.settled(|| if cfg!(windows) { self.names() } else { self.lengths(self.file.lengths()?) })
    }

    /// Checks inside a change, while nobody else writes.
    pub fn in_change(&self) -> Result<(), String> {
        self.settled(|| self.log())
    }

    fn settled(&self, look: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        if let Some(why) = self.gone.get() {
            return Err(why.clone());
        }
        look().map_err(|why| {
            let path = self.file.path().display();
            self.gone
                .get_or_init(|| {
                    self.file.give_up_log(self.index_length.load(Ordering::Relaxed));
                    format!(
                        "{path} was removed, replaced or changed by something else while it was open ({why}): make a new \
                         context when it is in order"
                    )
                })
                .clone()
        })
    }

    fn names(&self) -> Result<(), String> {
        // On Windows an open file cannot be removed or renamed.
        let path = self.file.path();
        let now = if cfg!(windows) { length(path)? } else { is_same(path, self.file.identity())? };
        let index = self.log.as_ref().map_or(Ok(INDEX_BLOCK), |[_, index]| is_same(&index.0, index.1))?;
        self.lengths([now, index])
    }

    fn lengths(&self, [now, index]: [u64; 2]) -> Result<(), String> {
        if now < self.length.swap(now, Ordering::Relaxed) {
            // Removed rows make the file shorter, but then its header has the new length.
            let mut head = [0; 32];
            let told = self.file.read(&mut head).map(|()| length_told(&head));
            if told.map_or(true, |told| told > now) {
                return Err(format!("it was cut off to {now} bytes"));
            }
        }
        if self.log.is_some() && index < self.index_length.fetch_max(index, Ordering::Relaxed) {
            return Err("its -shm file was cut off".into());
        }
        Ok(())
    }

    fn log(&self) -> Result<(), String> {
        let Some([log, _]) = &self.log else { return Ok(()) };
        let mut head = [0; 48];
        self.file.read_index(&mut head).map_err(|error| error.to_string())?;
        let (found, needed) = (is_same(&log.0, log.1)?, log_needed(&head));
        if found < needed {
            return Err(format!("its -wal file has {found} bytes of {needed}"));
        }
        Ok(())
    }
}

/// The length of a log with as many pages as its index says (`WalIndexHdr`: `szPage` at 14, `mxFrame` at 16, in this machine's
/// byte order).
fn log_needed(head: &[u8; 48]) -> u64 {
    let [.., page_low, page_high, a, b, c, d] = *head.first_chunk::<20>().unwrap_or(&[0; 20]);
    let page = match u16::from_ne_bytes([page_low, page_high]) {
        1 => 65536,
        page => u64::from(page),
    };
    match u64::from(u32::from_ne_bytes([a, b, c, d])) {
        0 => 0,
        frames => LOG_HEADER + frames * (FRAME_HEADER + page),
    }
}

/// The length of a file by its own header (page size at 16, pages at 28, big-endian).
fn length_told(head: &[u8; 32]) -> u64 {
    let [.., high, low, _, _, _, _, _, _, _, _, _, _, a, b, c, d] = *head;
    let page = match u16::from_be_bytes([high, low]) {
        1 => 65536,
        page => u64::from(page),
    };
    page * u64::from(u32::from_be_bytes([a, b, c, d]))
}

fn identity(path: &Path) -> Result<Identity, String> {
    os::identity_at(path).map(|found| found.identity).map_err(|error| error.to_string())
}

fn length(path: &Path) -> Result<u64, String> {
    std::fs::metadata(path).map(|found| found.len()).map_err(|error| error.to_string())
}

/// Checks that a path still names that file, and returns its length.
fn is_same(path: &Path, identity: Identity) -> Result<u64, String> {
    let name = path.display();
    match os::identity_at(path) {
        Ok(found) if found.identity == identity => Ok(found.length),
        Ok(_) => Err(format!("{name} is another file now")),
        Err(error) => Err(format!("{name}: {error}")),
    }
}
