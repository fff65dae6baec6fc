//! A file system for `SQLite` in the memory of a world: it loses what was not flushed, fails when the adversary says so, and
//! goes dead for a process that was killed, in the middle of a write too.

mod calls;
pub mod files;

use crate::adversary::Move;
use crate::world::{MachineId, ProcessId, World, try_with};
use rusqlite::ffi;
use std::ffi::{CStr, c_int};
use std::sync::Once;

/// Its name among `SQLite`'s file systems.
pub const NAME: &CStr = c"world";
/// The journal's path on every machine.
pub const JOURNAL: &str = "/journal";

/// An open file of a process.
struct Open {
    handle: u64,
    machine: MachineId,
    process: ProcessId,
    epoch: u32,
    name: String,
    delete_on_close: bool,
}

/// As `SQLite` sees it.
#[repr(C)]
struct Handle {
    methods: *const ffi::sqlite3_io_methods,
    open: *mut Open,
}

/// What goes wrong with a write or a flush.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    Full,
    Error,
}

impl Open {
    /// Looks at the files of the machine, while the process lives.
    fn alive<T>(&self, look: impl FnOnce(&mut World) -> T) -> Option<T> {
        try_with(|world| {
            let process = &world.processes[self.process];
            let lives = process.epoch == self.epoch && !world.is_doomed(self.process);
            lives.then(|| look(world))
        })
        .flatten()
    }

    /// Whatever became of the process.
    fn anyway<T>(&self, look: impl FnOnce(&mut files::Files) -> T) -> Option<T> {
        try_with(|world| look(&mut world.machines[self.machine].disk.files))
    }
}

impl World {
    /// Whether something goes wrong with a write, or a flush, of what runs; it may be killed at it.
    fn wrong(&mut self, process: ProcessId, flushes: bool) -> Wrong {
        let key = self.next_key();
        if self.adversary.takes(Move::Kill, key, 30) {
            let now = self.now;
            self.story.tell(now, || format!("process {process} is killed in the middle of a write"));
            self.doom(process);
            return Wrong::Error;
        }
        if !self.write_may_fail {
            return Wrong::Nothing;
        }
        let failed = self.faulty(key, flushes);
        if failed != Wrong::Nothing {
            self.note_failure();
        }
        failed
    }

    fn faulty(&mut self, key: u64, flushes: bool) -> Wrong {
        if flushes {
            let fails = self.adversary.takes(Move::DiskErrorAfter, key, 4);
            return if fails { Wrong::Error } else { Wrong::Nothing };
        }
        if self.adversary.takes(Move::DiskFull, key, 8) {
            return Wrong::Full;
        }
        if self.adversary.takes(Move::DiskErrorBefore, key, 8) { Wrong::Error } else { Wrong::Nothing }
    }
}

/// Makes the file system known to `SQLite`, once for the whole program.
pub fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let vfs = Box::leak(Box::new(calls::vfs()));
        // SAFETY: the structure is complete and lives as long as the program.
        let registered = unsafe { ffi::sqlite3_vfs_register(vfs, 1) };
        assert_eq!(registered, ffi::SQLITE_OK, "SQLite takes another file system");
    });
    // SAFETY: asks for no bytes, which makes SQLite forget its seed, so that it asks this world for one.
    unsafe { ffi::sqlite3_randomness(0, std::ptr::null_mut()) };
}

const fn ok_or(fine: bool, code: c_int) -> c_int {
    if fine { ffi::SQLITE_OK } else { code }
}
