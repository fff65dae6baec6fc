//! Windows.

use super::{FileInfo, Identity, LockMode, Range};
use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::io::{Error, Result};
use std::os::windows::ffi::OsStrExt as _;
use std::os::windows::fs::{FileExt as _, OpenOptionsExt as _};
use std::os::windows::io::AsRawHandle as _;
use std::path::Path;

const SHARE_READ: u32 = 1;
const SHARE_WRITE: u32 = 2;
const SHARE_DELETE: u32 = 4;
/// Needed to open a folder.
const BACKUP_SEMANTICS: u32 = 0x0200_0000;
const FAIL_IMMEDIATELY: u32 = 1;
const EXCLUSIVE: u32 = 2;
const LOCK_VIOLATION: i32 = 33;
const IO_PENDING: i32 = 997;
const TYPE_DISK: u32 = 1;
const ATTRIBUTE_DIRECTORY: u32 = 0x10;

#[repr(C)]
#[derive(Default)]
struct Overlapped {
    internal: usize,
    internal_high: usize,
    offset: u32,
    offset_high: u32,
    event: usize,
}

#[repr(C)]
#[derive(Default)]
struct Information {
    attributes: u32,
    times: [u32; 6],
    volume: u32,
    size_high: u32,
    size_low: u32,
    links: u32,
    index_high: u32,
    index_low: u32,
}

#[link(name = "kernel32")]
unsafe extern "system" {
    fn LockFileEx(
        file: *mut c_void,
        flags: u32,
        reserved: u32,
        length: u32,
        length_high: u32,
        at: *mut Overlapped,
    ) -> i32;
    fn UnlockFileEx(
        file: *mut c_void,
        reserved: u32,
        length: u32,
        length_high: u32,
        at: *mut Overlapped,
    ) -> i32;
    fn GetFileInformationByHandle(file: *mut c_void, information: *mut Information) -> i32;
    fn GetFileType(file: *mut c_void) -> u32;
    fn GetDiskFreeSpaceExW(folder: *const u16, free: *mut u64, total: *mut u64, all_free: *mut u64) -> i32;
}

/// Opens or creates a file. While it is open it cannot be removed or renamed, and child programs do not inherit it.
pub fn open(path: &Path) -> Result<File> {
    let share = SHARE_READ | SHARE_WRITE;
    OpenOptions::new().read(true).write(true).create(true).truncate(false).share_mode(share).open(path)
}

/// The file behind a name.
pub fn identity_at(path: &Path) -> Result<FileInfo> {
    let share = SHARE_READ | SHARE_WRITE | SHARE_DELETE;
    let mut options = OpenOptions::new();
    options.access_mode(0).share_mode(share).custom_flags(BACKUP_SEMANTICS);
    identity(&options.open(path)?)
}

/// The open file.
pub fn identity(file: &File) -> Result<FileInfo> {
    let mut found = Information::default();
    // SAFETY: the handle is open as long as `file` is borrowed, and the structure is ours.
    let (done, kind) = unsafe {
        (GetFileInformationByHandle(file.as_raw_handle(), &raw mut found), GetFileType(file.as_raw_handle()))
    };
    if done == 0 {
        return Err(Error::last_os_error());
    }
    Ok(FileInfo {
        identity: Identity { device: found.volume.into(), number: joined(found.index_high, found.index_low) },
        is_regular: kind == TYPE_DISK && found.attributes & ATTRIBUTE_DIRECTORY == 0,
        links: found.links.into(),
        length: joined(found.size_high, found.size_low),
    })
}

fn joined(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

#[allow(clippy::cast_possible_truncation, reason = "halves of a number")]
fn halves(number: u64) -> (u32, u32) {
    (number as u32, (number >> 32) as u32)
}

fn place(range: Range) -> Overlapped {
    let (offset, offset_high) = halves(range.at);
    Overlapped { offset, offset_high, ..Overlapped::default() }
}

/// Reads the first bytes.
pub fn read(file: &File, bytes: &mut [u8]) -> Result<()> {
    let count = file.seek_read(bytes, 0)?;
    if count == bytes.len() { Ok(()) } else { Err(Error::from(std::io::ErrorKind::UnexpectedEof)) }
}

/// Writes over the first bytes.
pub fn write(file: &File, bytes: &[u8]) -> Result<()> {
    let count = file.seek_write(bytes, 0)?;
    if count == bytes.len() { Ok(()) } else { Err(Error::from(std::io::ErrorKind::WriteZero)) }
}

/// Takes a lock. False: another handle has a conflicting one. The lock ends with the handle.
pub fn lock(file: &File, range: Range, mode: LockMode) -> Result<bool> {
    let flags = FAIL_IMMEDIATELY | if mode == LockMode::Exclusive { EXCLUSIVE } else { 0 };
    let (length, length_high) = halves(range.length);
    let mut at = place(range);
    // SAFETY: the handle is open as long as `file` is borrowed; it is no overlapped one, so the structure is not used later.
    let done = unsafe { LockFileEx(file.as_raw_handle(), flags, 0, length, length_high, &raw mut at) };
    if done != 0 {
        return Ok(true);
    }
    let error = Error::last_os_error();
    if matches!(error.raw_os_error(), Some(LOCK_VIOLATION | IO_PENDING)) { Ok(false) } else { Err(error) }
}

/// Releases a lock.
pub fn unlock(file: &File, range: Range) -> Result<()> {
    let (length, length_high) = halves(range.length);
    let mut at = place(range);
    // SAFETY: as above.
    let done = unsafe { UnlockFileEx(file.as_raw_handle(), 0, length, length_high, &raw mut at) };
    if done == 0 { Err(Error::last_os_error()) } else { Ok(()) }
}

/// Whether another handle has a lock there, in this process or another. Windows has no query for this, so it tries to lock.
pub fn is_locked(file: &File, range: Range) -> Result<bool> {
    let is_free = lock(file, range, LockMode::Exclusive)?;
    if is_free {
        unlock(file, range)?;
    }
    Ok(!is_free)
}

/// Bytes that this user may still write on the disk of that folder.
pub fn free_bytes(folder: &Path) -> Result<u64> {
    let folder: Vec<u16> = folder.as_os_str().encode_wide().chain([0]).collect();
    let (mut free, none) = (0, std::ptr::null_mut());
    // SAFETY: a text with its end, a number of ours, and two that are not asked for.
    let done = unsafe { GetDiskFreeSpaceExW(folder.as_ptr(), &raw mut free, none, none) };
    if done == 0 { Err(Error::last_os_error()) } else { Ok(free) }
}
