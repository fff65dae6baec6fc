//! Files of a machine, as its programs see them and as a power cut would leave them; and who holds which lock.

use crate::random::Random;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::c_void;

/// What is written at once, or not at all, when the power goes.
const SECTOR: usize = 512;
/// A region of the memory that `SQLite`'s connections share.
pub const REGION: usize = 32 * 1024;
/// Locks in that memory.
const SHARED_LOCKS: usize = 8;

enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

#[derive(Default)]
struct File {
    now: Vec<u8>,
    /// As of the last flush.
    flushed: Vec<u8>,
    since: Vec<Change>,
    /// By handle: the level of its lock.
    locks: BTreeMap<u64, i32>,
    memory: Memory,
}

#[derive(Default)]
struct Memory {
    /// In words, so that they are aligned as `SQLite` expects.
    regions: Vec<Box<[Cell<u64>]>>,
    /// By handle: the locks that it shares, and those that it has alone.
    holders: BTreeMap<u64, (u8, u8)>,
}

/// All files of a machine.
#[derive(Default)]
pub struct Files {
    files: BTreeMap<String, File>,
    /// Shared memory of before a power cut: whoever had it may still look at it until it is gone itself.
    graves: Vec<Memory>,
}

fn put(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if content.len() < at + bytes.len() {
        content.resize(at + bytes.len(), 0);
    }
    content[at..at + bytes.len()].copy_from_slice(bytes);
}

impl Files {
    pub fn make(&mut self, name: &str) {
        self.files.entry(name.to_owned()).or_default();
    }

    pub fn exists(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    pub fn delete(&mut self, name: &str) -> bool {
        self.files.remove(name).is_some()
    }

    /// Fills the buffer as far as the file goes, and says how far.
    pub fn read(&self, name: &str, at: usize, buffer: &mut [u8]) -> usize {
        let content = self.files.get(name).map_or(&[][..], |file| &file.now);
        let there = content.get(at..).unwrap_or_default();
        let length = there.len().min(buffer.len());
        buffer[..length].copy_from_slice(&there[..length]);
        buffer[length..].fill(0);
        length
    }

    pub fn write(&mut self, name: &str, at: usize, bytes: &[u8]) {
        let Some(file) = self.files.get_mut(name) else { return };
        put(&mut file.now, at, bytes);
        file.since.push(Change::Write { at, bytes: bytes.to_vec() });
    }

    pub fn truncate(&mut self, name: &str, length: usize) {
        let Some(file) = self.files.get_mut(name) else { return };
        file.now.resize(length, 0);
        file.since.push(Change::Truncate(length));
    }

    pub fn len(&self, name: &str) -> usize {
        self.files.get(name).map_or(0, |file| file.now.len())
    }

    pub fn flush(&mut self, name: &str) {
        let Some(file) = self.files.get_mut(name) else { return };
        for change in std::mem::take(&mut file.since) {
            apply(&mut file.flushed, &change, |_| true);
        }
    }

    /// Of what was not flushed, any part may have reached the disk. Says how many changes are lost, in part at least.
    pub fn power_cut(&mut self, chance: u64) -> usize {
        let mut random = Random::new(chance);
        let mut lost = 0;
        for file in self.files.values_mut() {
            // Often the disk has kept up; sometimes nothing has arrived.
            let kept_up = *random.pick(&[0, 500, 900, 1000]);
            for change in std::mem::take(&mut file.since) {
                let mut whole = true;
                apply(&mut file.flushed, &change, |_| {
                    let arrived = random.chance(kept_up);
                    whole &= arrived;
                    arrived
                });
                lost += usize::from(!whole);
            }
            file.now.clone_from(&file.flushed);
            file.locks.clear();
            self.graves.push(std::mem::take(&mut file.memory));
        }
        lost
    }

    /// Takes a lock of that level, unless others hold what forbids it.
    pub fn lock(&mut self, name: &str, handle: u64, level: i32) -> bool {
        const SHARED: i32 = 1;
        const RESERVED: i32 = 2;
        const EXCLUSIVE: i32 = 4;
        let Some(file) = self.files.get_mut(name) else { return true };
        let mut others = file.locks.iter().filter(|(other, _)| **other != handle).map(|(_, level)| *level);
        let free = match level {
            SHARED => others.all(|other| other <= RESERVED),
            RESERVED => others.all(|other| other < RESERVED),
            EXCLUSIVE => others.next().is_none(),
            _ => true,
        };
        if free {
            let held = file.locks.entry(handle).or_insert(0);
            *held = (*held).max(level);
        }
        free
    }

    pub fn unlock(&mut self, name: &str, handle: u64, level: i32) {
        let Some(file) = self.files.get_mut(name) else { return };
        if level == 0 {
            file.locks.remove(&handle);
        } else if let Some(held) = file.locks.get_mut(&handle) {
            *held = (*held).min(level);
        }
    }

    pub fn is_reserved(&self, name: &str) -> bool {
        self.files.get(name).is_some_and(|file| file.locks.values().any(|level| *level >= 2))
    }

    /// A region of the shared memory, made if need be. Who comes when nobody has it finds it empty.
    pub fn region(&mut self, name: &str, handle: u64, index: usize, extend: bool) -> Option<*mut c_void> {
        let memory = &mut self.files.get_mut(name)?.memory;
        if memory.holders.is_empty() {
            memory.regions.clear();
        }
        memory.holders.entry(handle).or_default();
        while extend && memory.regions.len() <= index {
            memory.regions.push(vec![Cell::new(0); REGION / 8].into_boxed_slice());
        }
        memory.regions.get(index).map(|region| region.as_ptr().cast::<c_void>().cast_mut())
    }

    /// Takes or gives back locks in the shared memory.
    pub fn lock_memory(&mut self, name: &str, handle: u64, mask: u8, takes: bool, alone: bool) -> bool {
        let Some(file) = self.files.get_mut(name) else { return true };
        let holders = &mut file.memory.holders;
        if !takes {
            let (shared, own) = holders.entry(handle).or_default();
            (*shared, *own) = (*shared & !mask, *own & !mask);
            return true;
        }
        let hinders = |(other, (shared, own)): (&u64, &(u8, u8))| {
            *other != handle && (own & mask != 0 || alone && shared & mask != 0)
        };
        if holders.iter().any(hinders) {
            return false;
        }
        let (shared, own) = holders.entry(handle).or_default();
        *(if alone { own } else { shared }) |= mask;
        true
    }

    /// The handle is closed, or its process is no more.
    pub fn let_go(&mut self, name: &str, handle: u64) {
        if let Some(file) = self.files.get_mut(name) {
            file.locks.remove(&handle);
            file.memory.holders.remove(&handle);
        }
    }

    pub fn leave_memory(&mut self, name: &str, handle: u64) {
        if let Some(file) = self.files.get_mut(name) {
            file.memory.holders.remove(&handle);
        }
    }
}

/// The locks from that place on.
pub fn mask(first: i32, count: i32) -> u8 {
    let place = |at: i32| 1_u8 << (usize::try_from(at).unwrap_or(0) % SHARED_LOCKS);
    (first..first + count).fold(0, |mask, at| mask | place(at))
}

fn apply(content: &mut Vec<u8>, change: &Change, mut arrives: impl FnMut(usize) -> bool) {
    match change {
        Change::Truncate(length) => {
            if arrives(0) {
                content.resize(*length, 0);
            }
        }
        Change::Write { at, bytes } => {
            let mut from = 0;
            while from < bytes.len() {
                let end = ((at + from) / SECTOR + 1) * SECTOR - at;
                let end = end.min(bytes.len());
                if arrives(from) {
                    put(content, at + from, &bytes[from..end]);
                }
                from = end;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_flushed_survives_and_what_was_not_may_be_torn() {
        let mut files = Files::default();
        files.make("a");
        files.write("a", 0, &[1; 2000]);
        files.flush("a");
        files.write("a", 0, &[2; 2000]);
        assert_eq!(files.len("a"), 2000);
        let mut torn = 0;
        for chance in 0..40 {
            files.write("a", 0, &[2; 2000]);
            files.power_cut(chance);
            let mut found = [0; 2000];
            assert_eq!(files.read("a", 0, &mut found), 2000);
            assert!(found.chunks(SECTOR).all(|sector| sector.iter().all(|byte| *byte == sector[0])));
            torn += usize::from(found.contains(&1) && found.contains(&2));
            files.write("a", 0, &[1; 2000]);
            files.flush("a");
        }
        assert!(torn > 2, "{torn} of 40");
    }

    #[test]
    fn locks_hinder_others_and_go_with_their_handle() {
        let mut files = Files::default();
        files.make("a");
        assert!(files.lock("a", 1, 1) && files.lock("a", 2, 1));
        assert!(files.lock("a", 1, 2) && !files.lock("a", 2, 2) && !files.lock("a", 1, 4));
        files.let_go("a", 2);
        assert!(files.lock("a", 1, 4) && !files.lock("a", 2, 1));
        assert!(files.region("a", 1, 0, true).is_some() && files.region("a", 2, 0, false).is_some());
        assert!(files.lock_memory("a", 1, mask(0, 2), true, true));
        assert!(!files.lock_memory("a", 2, mask(1, 1), true, false));
        files.leave_memory("a", 1);
        assert!(files.lock_memory("a", 2, mask(1, 1), true, true));
    }
}
