//! The functions that `SQLite` calls.

#![allow(
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "lengths and offsets of files are never negative, and small"
)]

use super::files::{REGION, mask};
use super::{Handle, NAME, Open, Wrong, ok_or};
use crate::world::{MS, try_with};
use rusqlite::ffi;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::slice;

const DAY_MS: i64 = 86_400_000;
/// The beginning of 1970 in the day numbers that `SQLite` counts in, in milliseconds.
const UNIX_EPOCH_MS: i64 = 24_405_875 * DAY_MS / 10;

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

pub fn vfs() -> ffi::sqlite3_vfs {
    ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: size_of::<Handle>() as c_int,
        mxPathname: 512,
        pNext: ptr::null_mut(),
        zName: NAME.as_ptr(),
        pAppData: ptr::null_mut(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(last_error),
        xCurrentTimeInt64: Some(current_time_ms),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

/// What stands behind a file of `SQLite`'s.
fn behind<'a>(file: *mut ffi::sqlite3_file) -> &'a Open {
    // SAFETY: SQLite hands in files that `open` has filled, between `open` and `close`, and every other function of
    // this file system only reads what stands behind them.
    unsafe { &*(*file.cast::<Handle>()).open }
}

fn text(name: *const c_char) -> String {
    // SAFETY: SQLite's file names end with a NUL.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let handle = file.cast::<Handle>();
    // SAFETY: SQLite gives room for a handle. Without methods it will not close it.
    unsafe { (*handle).methods = ptr::null() };
    let opened = try_with(|world| {
        let process = world.process()?;
        let machine = world.processes[process].machine;
        world.handles += 1;
        let number = world.handles;
        let name = if name.is_null() { format!("/temporary-{number}") } else { text(name) };
        let files = &mut world.machines[machine].disk.files;
        if !files.exists(&name) && flags & ffi::SQLITE_OPEN_CREATE == 0 {
            return None;
        }
        files.make(&name);
        let epoch = world.processes[process].epoch;
        let delete_on_close = flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0;
        Some(Open { handle: number, machine, process, epoch, name, delete_on_close })
    });
    let Some(opened) = opened.flatten() else { return ffi::SQLITE_CANTOPEN };
    // SAFETY: as above; `out` is null or has room for the flags.
    unsafe {
        (*handle).open = Box::into_raw(Box::new(opened));
        (*handle).methods = &raw const METHODS;
        if !out.is_null() {
            *out = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: made by `open`, and closed once.
    let open = unsafe { Box::from_raw((*file.cast::<Handle>()).open) };
    open.anyway(|files| {
        files.let_go(&open.name, open.handle);
        if open.delete_on_close {
            files.delete(&open.name);
        }
    });
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, to: *mut c_void, length: c_int, at: i64) -> c_int {
    let open = behind(file);
    // SAFETY: SQLite gives room for so many bytes.
    let buffer = unsafe { slice::from_raw_parts_mut(to.cast::<u8>(), length as usize) };
    let read = open.alive(|world| {
        world.machines[open.machine].disk.files.read(&open.name, at as usize, buffer) == length as usize
    });
    read.map_or(ffi::SQLITE_IOERR_READ, |whole| ok_or(whole, ffi::SQLITE_IOERR_SHORT_READ))
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    length: c_int,
    at: i64,
) -> c_int {
    let open = behind(file);
    // SAFETY: SQLite hands in so many bytes.
    let bytes = unsafe { slice::from_raw_parts(from.cast::<u8>(), length as usize) };
    let written = open.alive(|world| match world.wrong(open.process, false) {
        Wrong::Full => ffi::SQLITE_FULL,
        Wrong::Error => ffi::SQLITE_IOERR_WRITE,
        Wrong::Nothing => {
            world.machines[open.machine].disk.files.write(&open.name, at as usize, bytes);
            ffi::SQLITE_OK
        }
    });
    written.unwrap_or(ffi::SQLITE_IOERR_WRITE)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: i64) -> c_int {
    let open = behind(file);
    let cut = open.alive(|world| {
        world.machines[open.machine].disk.files.truncate(&open.name, length as usize);
    });
    ok_or(cut.is_some(), ffi::SQLITE_IOERR_TRUNCATE)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    let open = behind(file);
    let flushed = open.alive(|world| match world.wrong(open.process, true) {
        Wrong::Nothing => {
            world.machines[open.machine].disk.files.flush(&open.name);
            true
        }
        _ => false,
    });
    ok_or(flushed == Some(true), ffi::SQLITE_IOERR_FSYNC)
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    let open = behind(file);
    let length = open.alive(|world| world.machines[open.machine].disk.files.len(&open.name));
    // SAFETY: SQLite gives room for the size.
    unsafe { *size = length.unwrap_or(0) as i64 };
    ok_or(length.is_some(), ffi::SQLITE_IOERR_FSTAT)
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    let open = behind(file);
    let locked =
        open.alive(|world| world.machines[open.machine].disk.files.lock(&open.name, open.handle, level));
    locked.map_or(ffi::SQLITE_IOERR_LOCK, |free| ok_or(free, ffi::SQLITE_BUSY))
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    let open = behind(file);
    open.anyway(|files| files.unlock(&open.name, open.handle, level));
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, reserved: *mut c_int) -> c_int {
    let open = behind(file);
    let held = open.anyway(|files| files.is_reserved(&open.name)).unwrap_or(false);
    // SAFETY: SQLite gives room for the answer.
    unsafe { *reserved = c_int::from(held) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    512
}

/// As `SQLite` has it for the file systems of Linux and Windows: bytes beside a write survive a power cut.
unsafe extern "C" fn characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    index: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    let open = behind(file);
    debug_assert_eq!(size as usize, REGION, "SQLite's regions have another size");
    let region = open.alive(|world| {
        let files = &mut world.machines[open.machine].disk.files;
        files.region(&open.name, open.handle, index as usize, extend != 0)
    });
    let address = region.flatten().unwrap_or(ptr::null_mut());
    // SAFETY: SQLite gives room for the address. The region is boxed and stays where it is while anybody has it.
    unsafe { *out = address };
    ok_or(region.is_some(), ffi::SQLITE_IOERR_SHMMAP)
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    let open = behind(file);
    let takes = flags & ffi::SQLITE_SHM_LOCK != 0;
    let alone = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
    let free =
        open.anyway(|files| files.lock_memory(&open.name, open.handle, mask(first, count), takes, alone));
    ok_or(free.unwrap_or(true), ffi::SQLITE_BUSY)
}

unsafe extern "C" fn shm_barrier(_: *mut ffi::sqlite3_file) {}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    let open = behind(file);
    open.anyway(|files| files.leave_memory(&open.name, open.handle));
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, _: c_int) -> c_int {
    let name = text(name);
    let deleted = try_with(|world| {
        let process = world.process()?;
        // One that is killed deletes nothing any more.
        if !world.processes[process].is_alive() || world.is_doomed(process) {
            return None;
        }
        let machine = world.processes[process].machine;
        Some(world.machines[machine].disk.files.delete(&name))
    });
    match deleted.flatten() {
        None => ffi::SQLITE_IOERR_DELETE,
        Some(there) => ok_or(there, ffi::SQLITE_IOERR_DELETE_NOENT),
    }
}

unsafe extern "C" fn access(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _: c_int,
    out: *mut c_int,
) -> c_int {
    let name = text(name);
    let there = try_with(|world| {
        let machine = world.processes[world.process()?].machine;
        Some(world.machines[machine].disk.files.exists(&name))
    });
    // SAFETY: SQLite gives room for the answer.
    unsafe { *out = c_int::from(there.flatten().unwrap_or(false)) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_pathname(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: the name ends with a NUL, and SQLite gives so much room for it.
    unsafe {
        let length = CStr::from_ptr(name).to_bytes_with_nul().len();
        if length > room as usize {
            return ffi::SQLITE_CANTOPEN;
        }
        ptr::copy_nonoverlapping(name, out, length);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, length: c_int, out: *mut c_char) -> c_int {
    // SAFETY: SQLite gives room for so many bytes.
    let bytes = unsafe { slice::from_raw_parts_mut(out.cast::<u8>(), length as usize) };
    bytes.fill(0);
    let _ = try_with(|world| world.random_bytes(bytes));
    length
}

/// Nobody waits inside a transaction: who holds what is asked for will not let go meanwhile.
unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

fn wall_ms() -> i64 {
    let passed = try_with(|world| {
        let now = world.now;
        world.machine().wall(now).as_micros() as i64 / MS as i64
    });
    UNIX_EPOCH_MS + passed.unwrap_or(0)
}

unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: SQLite gives room for the time.
    unsafe { *out = wall_ms() as f64 / DAY_MS as f64 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn current_time_ms(_: *mut ffi::sqlite3_vfs, out: *mut i64) -> c_int {
    // SAFETY: SQLite gives room for the time.
    unsafe { *out = wall_ms() };
    ffi::SQLITE_OK
}

unsafe extern "C" fn last_error(_: *mut ffi::sqlite3_vfs, _: c_int, _: *mut c_char) -> c_int {
    0
}
