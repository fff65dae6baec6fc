//! System calls that the standard library does not have: locks on single bytes of a file, the identity of a file,
//! what is free on a disk, and forks.
//!
//! On Linux these are locks of an *open file description* (`F_OFD_SETLK`, since Linux 3.15). Older locks belong to a process
//! and a file. They are lost as soon as the process closes any descriptor of that file. These belong to the descriptor, and
//! end with it and its copies. On Windows a lock belongs to a handle, and `LockFileEx` has no such trap.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{at_fork, free_bytes, identity, identity_at, is_locked, lock, open, read, unlock, write};
#[cfg(windows)]
pub use windows::{free_bytes, identity, identity_at, is_locked, lock, open, read, unlock, write};

/// The identity of a file, whatever its name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Its file system.
    pub device: u64,
    /// Its number there.
    pub number: u64,
}

/// What the system says about a file.
#[derive(Debug, Clone, Copy)]
pub struct FileInfo {
    /// Which one.
    pub identity: Identity,
    /// It is a file, and not a folder, pipe or device.
    pub is_regular: bool,
    /// The number of its names (hard links).
    pub links: u64,
    /// Its length in bytes.
    pub length: u64,
}

/// A range of bytes of a file. It may be behind the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub at: u64,
    /// How many.
    pub length: u64,
}

/// Whether others may have a lock on the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// Nobody.
    Exclusive,
    /// Others who share it.
    Shared,
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTE: Range = Range { at: 1 << 62, length: 1 };

    #[test]
    fn a_lock_is_seen_through_another_descriptor_and_ends_with_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let (one, other) = (open(&path).unwrap(), open(&path).unwrap());
        assert!(!is_locked(&other, BYTE).unwrap());
        assert!(lock(&one, BYTE, LockMode::Exclusive).unwrap());
        assert!(is_locked(&other, BYTE).unwrap());
        assert!(!lock(&other, BYTE, LockMode::Exclusive).unwrap());
        let next = Range { at: BYTE.at + 1, ..BYTE };
        assert!(!is_locked(&other, next).unwrap(), "one byte is locked, and not the next");
        // What somebody else closes takes nothing away.
        drop(open(&path).unwrap());
        assert!(is_locked(&other, BYTE).unwrap());
        unlock(&one, BYTE).unwrap();
        assert!(!is_locked(&other, BYTE).unwrap());
        assert!(lock(&one, BYTE, LockMode::Exclusive).unwrap());
        drop(one);
        assert!(!is_locked(&other, BYTE).unwrap());
    }

    #[test]
    fn shared_locks_keep_others_from_having_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let (one, other) = (open(&path).unwrap(), open(&path).unwrap());
        for file in [&one, &other] {
            assert!(lock(file, BYTE, LockMode::Shared).unwrap());
        }
        assert!(!lock(&one, BYTE, LockMode::Exclusive).unwrap());
    }

    #[test]
    fn a_file_is_the_same_under_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("file"), folder.path().join("other"));
        let file = open(&path).unwrap();
        std::fs::hard_link(&path, &other).unwrap();
        let (found, by_name) = (identity(&file).unwrap(), identity_at(&other).unwrap());
        assert_eq!((found.identity, found.links, found.is_regular), (by_name.identity, 2, true));
        assert!(!identity_at(folder.path()).unwrap().is_regular);
        assert_ne!(identity(&open(&folder.path().join("third")).unwrap()).unwrap().identity, found.identity);
    }
}
