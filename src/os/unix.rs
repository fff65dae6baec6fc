//! Linux.

use super::{FileInfo, Identity, LockMode, Range};
use std::ffi::CString;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Result};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Opens or creates a file that other users cannot read. It does not block on a pipe, and child programs do not inherit it.
pub fn open(path: &Path) -> Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags)
        .open(path)
}

/// The file behind a name.
pub fn identity_at(path: &Path) -> Result<FileInfo> {
    path.metadata().map(|found| file_info(&found))
}

/// The open file.
pub fn identity(file: &File) -> Result<FileInfo> {
    file.metadata().map(|found| file_info(&found))
}

fn file_info(found: &Metadata) -> FileInfo {
    FileInfo {
        identity: Identity { device: found.dev(), number: found.ino() },
        is_regular: found.is_file(),
        links: found.nlink(),
        length: found.len(),
    }
}

/// Reads the first bytes. It does not use the shared file position.
pub fn read(file: &File, bytes: &mut [u8]) -> Result<()> {
    file.read_exact_at(bytes, 0)
}

/// Writes over the first bytes.
pub fn write(file: &File, bytes: &[u8]) -> Result<()> {
    file.write_all_at(bytes, 0)
}

/// Takes a lock. False: another descriptor has a conflicting one. The lock ends with the last copy of the descriptor.
pub fn lock(file: &File, range: Range, mode: LockMode) -> Result<bool> {
    let kind = if mode == LockMode::Exclusive { libc::F_WRLCK } else { libc::F_RDLCK };
    match control(file, libc::F_OFD_SETLK, range, kind) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::PermissionDenied) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Releases a lock.
pub fn unlock(file: &File, range: Range) -> Result<()> {
    control(file, libc::F_OFD_SETLK, range, libc::F_UNLCK).map(drop)
}

/// Whether another descriptor has a lock there, in this process or another. The descriptor's own do not count.
pub fn is_locked(file: &File, range: Range) -> Result<bool> {
    control(file, libc::F_OFD_GETLK, range, libc::F_WRLCK).map(|found| found != libc::F_UNLCK)
}

fn control(file: &File, what: libc::c_int, range: Range, kind: libc::c_int) -> Result<libc::c_int> {
    let too_far = |_| Error::from(ErrorKind::InvalidInput);
    // SAFETY: a structure of numbers, for which zeros are right: `l_pid` must be 0.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = libc::c_short::try_from(kind).map_err(too_far)?;
    lock.l_whence = libc::c_short::try_from(libc::SEEK_SET).map_err(too_far)?;
    lock.l_start = libc::off_t::try_from(range.at).map_err(too_far)?;
    lock.l_len = libc::off_t::try_from(range.length).map_err(too_far)?;
    // SAFETY: the descriptor is open as long as `file` is borrowed, and the structure is ours.
    let done = unsafe { libc::fcntl(file.as_raw_fd(), what, &raw mut lock) };
    if done == 0 { Ok(libc::c_int::from(lock.l_type)) } else { Err(Error::last_os_error()) }
}

/// Bytes that this user may still write on the disk of that folder.
pub fn free_bytes(folder: &Path) -> Result<u64> {
    let folder = CString::new(folder.as_os_str().as_bytes())?;
    // SAFETY: a structure of numbers, for which zeros are right.
    let mut found: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: a text with its end, and a structure of ours.
    if unsafe { libc::statvfs(folder.as_ptr(), &raw mut found) } != 0 {
        return Err(Error::last_os_error());
    }
    #[allow(clippy::useless_conversion, reason = "the numbers are shorter on some systems")]
    let (blocks, size) = (u64::from(found.f_bavail), u64::from(found.f_frsize));
    Ok(blocks.saturating_mul(size))
}

/// Registers functions that are called when this process is forked: in the forking thread before the fork, and after it in
/// the parent and in the child.
pub fn at_fork(before: extern "C" fn(), in_parent: extern "C" fn(), in_child: extern "C" fn()) -> Result<()> {
    type Handler = unsafe extern "C" fn();
    let [before, in_parent, in_child]: [Handler; 3] = [before, in_parent, in_child];
    // SAFETY: functions of this library, which is never unloaded (`build.rs`).
    let done = unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
    if done == 0 { Ok(()) } else { Err(Error::from_raw_os_error(done)) }
}
