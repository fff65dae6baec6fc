//! The roles of till processes in strange company: what `company` tests, and what goes on beside a till that is killed.

use crate::books::Notes;
use crate::company::NUMBER;
use crate::process::Desk;
use crate::random::Random;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use testkit::counter::Counter;
use testkit::till::{until, use_request};

const E_HANDLE: i32 = 1002;
/// As a till of the same shop has it.
const COUPON: &str = "AUTO_COMPANY";

/// The role: settles the number that is the prefix.
pub fn one(desk: &Desk, number: &str) {
    let status = Counter::open(&desk.config()).unwrap().settle(Some(number)).status;
    Notes::append_to(&desk.settled()).line(&format!("answer {number} {status}"));
}

/// The role: sends a redemption, and does meanwhile what `meanwhile` does.
pub fn redeem_and(desk: &Desk, number: &str, meanwhile: impl FnOnce(&Counter)) {
    let counter = Counter::open(&desk.config()).unwrap();
    std::thread::scope(|scope| {
        let counter = &counter;
        scope.spawn(move || counter.redeem(&use_request(COUPON, number)));
        // Its row is there before anything is sent.
        until("the row is written", || counter.pending() > 0);
        meanwhile(counter);
    });
}

/// The role: closes the file again and again, as a copy program in the till's own process does.
pub fn close_the_file(desk: &Desk) {
    for end in ["", "-shm", "-wal"] {
        let path = desk.journal().with_file_name(format!("till.journal{end}"));
        fs::read(path).unwrap();
    }
    Notes::append_to(&desk.notes()).line("closed");
}

/// The role: goes to work in another folder.
pub fn change_folder(desk: &Desk) {
    std::env::set_current_dir(&desk.0).unwrap();
    Notes::append_to(&desk.notes()).line("moved");
}

/// The role: forks a child that uses the parent's context, frees it and exits, or stays until it is killed.
pub fn fork(counter: &Counter, desk: &Desk, stays: bool) {
    // SAFETY: the child ends by `_exit`; what it calls before is what this test is about.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let mut notes = Notes::append_to(&desk.notes());
        let told = counter.redeem(&use_request("AUTO_CHILD", "CHILD-0001"));
        let settled = counter.settle(Some(NUMBER));
        let freed = counter.free();
        if (told.status, settled.status, freed) == (E_HANDLE, E_HANDLE, E_HANDLE) {
            notes.line("child was refused");
        }
        if stays {
            loop {
                std::thread::sleep(Duration::from_secs(1));
            }
        }
        // SAFETY: ends the child without running what belongs to the parent.
        unsafe { libc::_exit(0) };
    }
    if !stays {
        // SAFETY: waits for the child of this process.
        unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    }
    let mut notes = Notes::append_to(&desk.notes());
    notes.line(&format!("child {child}"));
    notes.line("forked");
}

/// As long as a till is at work: children of it that come and go and free what they have, some of which outlive it; second
/// contexts; programs that read the file and close it; and another folder to work in.
pub fn disturb(till: &Counter, desk: &Desk, seed: u64, is_over: &AtomicBool) {
    let mut random = Random::seeded(seed);
    let config = desk.config();
    let is_absolute = config["journal_path"].as_str().unwrap().starts_with('/');
    while !is_over.load(Ordering::Relaxed) {
        match random.below(5) {
            0 | 1 => {
                let stays = random.one_in(4);
                // SAFETY: as below: the child ends by `_exit`.
                let child = unsafe { libc::fork() };
                if child == 0 {
                    let refused = till.redeem(&use_request("AUTO_CHILD", "CHILD-0001")).status == E_HANDLE;
                    let refused = refused && till.free() == E_HANDLE;
                    if !refused {
                        Notes::append_to(&desk.notes()).line("a child was not refused");
                    }
                    std::thread::sleep(Duration::from_millis(if stays { 1500 } else { 0 }));
                    // SAFETY: ends the child without running what belongs to the parent.
                    unsafe { libc::_exit(0) };
                }
                if !stays {
                    // SAFETY: waits for the child of this process.
                    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
                }
            }
            2 if is_absolute => {
                drop(Counter::open(&config));
            }
            3 => {
                // Not the index of the log: an SQLite of the host's own that closes it in the middle of a change is a limit.
                let _ = fs::read(desk.journal());
            }
            _ if is_absolute => {
                let folder = if random.one_in(2) { desk.0.as_path() } else { Path::new("/") };
                std::env::set_current_dir(folder).unwrap();
            }
            _ => {}
        }
        std::thread::sleep(Duration::from_millis(random.between(1, 20)));
    }
}

/// The role: a child makes a context of its own, and both redeem.
pub fn fork_two_tills(desk: &Desk) {
    let counter = Counter::open(&desk.config()).unwrap();
    assert_eq!(counter.redeem(&use_request("AUTO_BEFORE", "BEFORE-0001")).status, 0);
    // SAFETY: as above.
    let child = unsafe { libc::fork() };
    let who = if child == 0 { "CHILD" } else { "PARENT" };
    let own = Counter::open(&desk.config()).unwrap();
    let mut notes = Notes::append_to(&desk.notes());
    for index in 0..30 {
        let (coupon, number) = (format!("AUTO_{who}_{index}"), format!("{who}-{index:04}"));
        let told = own.redeem(&use_request(&coupon, &number));
        notes.line(&format!("{number} {}", told.status));
    }
    let pending = own.pending();
    notes.line(&format!("{who} pending {pending}"));
    if child == 0 {
        assert_eq!(counter.redeem(&use_request("AUTO_X", "CHILD-X")).status, E_HANDLE);
        drop(own);
        notes.line("CHILD done");
        // SAFETY: as above.
        unsafe { libc::_exit(0) };
    }
    // SAFETY: as above.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    assert_eq!(counter.redeem(&use_request("AUTO_AFTER", "AFTER-0001")).status, 0);
}
