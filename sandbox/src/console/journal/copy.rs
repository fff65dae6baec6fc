//! A whole copy of a file that the till may write at any moment.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::crypto::random;
use crate::text::Text;

/// Bytes of the file and of its log that are read; no journal of a till grows like this.
const MOST_BYTES: u64 = 512 * 1024 * 1024;
/// Bytes of the head of a log, in which `SQLite` puts new random numbers whenever it begins the log anew.
const LOG_HEAD: u64 = 32;
/// Bytes of the head of the file, with the counter of its changes.
const FILE_HEAD: u64 = 100;

/// The bytes of the file, and of its log.
type Bytes = (Vec<u8>, Vec<u8>);

/// The file and its log as they were at one moment; `None` when the till wrote in between in a way that would tear them.
///
/// What stands in the log counts more than what stands in the file. The file is read first, then the log: so every page
/// that `SQLite` has moved from the log into the file meanwhile is in the log too, unless the log has been begun anew, which
/// its head shows. A log that breaks off is read up to its last whole transaction.
pub(super) fn copy(journal: &Path) -> Result<Option<Bytes>, Text> {
    let log_path = log(journal);
    // A rollback journal: a transaction is under way.
    if is_there(&beside(journal, "-journal"))? {
        return Ok(None);
    }
    let before = (head(&log_path, LOG_HEAD)?, head(journal, FILE_HEAD)?);
    let file = whole(journal)?;
    let log = whole(&log_path)?;
    let after = (head(&log_path, LOG_HEAD)?, head(journal, FILE_HEAD)?);
    // Without a log the counter in the file's head tells.
    let is_whole = before.0 == after.0 && (!log.is_empty() || before.1 == after.1);
    let is_whole = is_whole && !is_there(&beside(journal, "-journal"))?;
    Ok(is_whole.then_some((file, log)))
}

/// Where `SQLite` keeps the log of a file.
pub(super) fn log(journal: &Path) -> PathBuf {
    beside(journal, "-wal")
}

/// The same path with an ending, as `SQLite` names what belongs to a file.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn is_there(path: &Path) -> Result<bool, Text> {
    fs::exists(path).map_err(|error| Text::from(&error))
}

/// All of a file; of one that is not there, nothing.
fn whole(path: &Path) -> Result<Vec<u8>, Text> {
    head(path, MOST_BYTES)
}

/// The first bytes of a file, as many as there are. Pipes and devices would never end, and files of the system that say
/// they are empty may wait for bytes: so only what is a regular file is opened, and no more is read than its length.
fn head(path: &Path, bytes: u64) -> Result<Vec<u8>, Text> {
    let is_file = match fs::metadata(path) {
        Ok(data) => data.is_file(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err((&error).into()),
    };
    if !is_file {
        return Err(Text::new("not a regular file", "不是普通文件"));
    }
    let mut head = Vec::new();
    match File::open(path) {
        Ok(file) => {
            let length = file.metadata().map_err(|error| Text::from(&error))?.len();
            if length > MOST_BYTES {
                return Err(Text::new(
                    format!("has {length} bytes; a journal of at most {MOST_BYTES} is read"),
                    format!("有 {length} 字节，最多读取 {MOST_BYTES} 字节"),
                ));
            }
            file.take(bytes.min(length)).read_to_end(&mut head).map_err(|error| Text::from(&error))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err((&error).into()),
    }
    Ok(head)
}

/// A folder of our own, for the copy; it has openids in it, so nobody else may look.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new() -> io::Result<Self> {
        let name = format!("wxcoupon-sandbox-journal-{}", random::upper_hex(16).map_err(io::Error::other)?);
        let path = std::env::temp_dir().join(name);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing useful can be done when this fails.
        let _ = fs::remove_dir_all(&self.0);
    }
}
