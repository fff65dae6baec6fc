//! A disk that is full, and has room again later.
//!
//! Without any rights: the process may not make files longer than a limit (`RLIMIT_FSIZE`; the signal that
//! comes with it is ignored), so writes fail in the middle of the journal. Where the system lets a process
//! have a file system of its own (root, or user namespaces): a small tmpfs that is really full.

use crate::books::{Counts, E_JOURNAL, Notes, compare, read_notes, read_settled};
use crate::kill::troubled_sandbox;
use crate::process::{Desk, SETTLINGS, redeem, settle, settle_everything, wait};
use crate::random::Random;
use serde_json::json;
use std::ffi::{CStr, CString};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use testkit::counter::Counter;
use testkit::till::{Till, query_request, use_request};

/// Redemptions of each of the two threads.
const ASKED: u64 = 30;

#[test]
fn where_files_cannot_grow_nothing_is_sent_and_nothing_is_lost() {
    let mut random = Random::for_test("small files");
    let sandbox = troubled_sandbox(&mut random);
    let mut counts = Counts::default();
    for round in 0..10 {
        let folder = TempDir::new().unwrap();
        let desk = Desk::set_up(folder.path(), &sandbox.config());
        // Between the journal that has just been made and one with all redemptions in it.
        let limit = random.between(40_000, 400_000);
        let mut till = desk.process("small files", &format!("F{round}"), random.next(), limit);
        run_with_a_voice(&mut till);
        check(&desk, &sandbox, &mut counts);
    }
    eprintln!("small files:{counts}");
    assert!(counts.of("told class 2, not in the journal") > 0, "the limit never mattered");
}

#[test]
fn on_a_full_disk_nothing_is_sent_and_nothing_is_lost() {
    let mut random = Random::for_test("small disk");
    let sandbox = troubled_sandbox(&mut random);
    let mut counts = Counts::default();
    for round in 0..5 {
        let folder = TempDir::new().unwrap();
        let desk = Desk::set_up(folder.path(), &sandbox.config());
        let free_kib = random.between(0, 200);
        let mut till = desk.process("small disk", &format!("D{round}"), random.next(), free_kib);
        on_a_disk_of_its_own(&mut till, desk.journal().parent().unwrap(), c"size=2m,mode=700");
        match till.spawn() {
            Ok(mut till) => wait(&mut till, Duration::from_secs(120)),
            Err(why) => {
                eprintln!("skipped: this system gives a process no file system of its own ({why})");
                return;
            }
        }
        check(&desk, &sandbox, &mut counts);
    }
    eprintln!("small disk:{counts}");
    assert!(counts.of("told class 2, not in the journal") > 0, "the disk was never full");
}

#[test]
fn an_import_that_fills_the_disk_leaves_room_for_redemptions() {
    let sandbox = wxcoupon_sandbox::Sandbox::start(wxcoupon_sandbox::Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let mut config = sandbox.config();
    config["directory"] = json!(true);
    let desk = Desk::set_up(folder.path(), &config);
    let mut text = String::from("coupon_code,stock_id,openid\n");
    for index in 0..120_000 {
        writeln!(text, "FULL_{index},1000000013001,oFull-{index:022}").unwrap();
    }
    std::fs::write(folder.path().join("full.csv"), text).unwrap();
    let mut till = desk.process("imports on a small disk", "", 0, 0);
    run_on_a_disk_of_its_own(&mut till, &desk, c"size=24m,mode=700");
}

#[test]
fn what_the_directory_learns_leaves_room_for_redemptions() {
    let sandbox = wxcoupon_sandbox::Sandbox::start(wxcoupon_sandbox::Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let mut config = sandbox.config();
    config["directory"] = json!(true);
    let desk = Desk::set_up(folder.path(), &config);
    let mut till = desk.process("learns on a small disk", "", 0, 0);
    run_on_a_disk_of_its_own(&mut till, &desk, c"size=24m,mode=700");
}

fn run_on_a_disk_of_its_own(till: &mut Command, desk: &Desk, options: &'static CStr) {
    on_a_disk_of_its_own(till, desk.journal().parent().unwrap(), options);
    match till.spawn() {
        Ok(mut till) => wait(&mut till, Duration::from_secs(120)),
        Err(why) => eprintln!("skipped: this system gives a process no file system of its own ({why})"),
    }
}

/// The role: imports more than the disk can hold, and redeems afterwards.
pub fn import_on_a_small_disk(desk: &Desk) {
    let till = Till::new(&desk.config());
    let told = till.ask("import_coupons", &json!({ "path": desk.0.join("full.csv") })).json;
    assert_eq!(
        (&told["name"], &told["field"]),
        (&json!("WXCOUPON_E_JOURNAL"), &json!("/directory")),
        "{told}"
    );
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("00 rows are imported and stay"), "{message}");
    assert!(!message.contains("; 0 rows"), "{message}");
    let free = free_bytes(desk);
    assert!((6_000_000..20_000_000).contains(&free), "{free} bytes are left for redemptions");
    assert_eq!(length(desk, ".directory-wal"), 0);
    for index in 0..20 {
        let told = till.redeem(&use_request(&format!("AUTO_FULL_{index}"), &format!("FULL-{index:04}")));
        assert_eq!(told.status, 0, "{}", told.json);
    }
}

/// The role: learns of coupons while the disk gets full, and redeems then.
pub fn learn_on_a_small_disk(desk: &Desk) {
    let till = Till::new(&desk.config());
    let learn = |coupons: std::ops::Range<u32>| {
        for index in coupons {
            let told = till.query(&query_request(&format!("AUTO_LEARN_{index}")));
            assert_eq!(told.status, 0, "{}", told.json);
        }
    };
    let redeem = |number: &str| {
        let told = till.redeem(&use_request(&format!("AUTO_SOLD_{number}"), number));
        assert_eq!(told.status, 0, "{}", told.json);
    };
    learn(0..250);
    let log = length(desk, ".directory-wal");
    assert!((100_000..400_000).contains(&log), "the log of 250 coupons has {log} bytes");
    // Full to the last byte: the directory gives up its log.
    let ballast = Ballast::leaving(desk, 0);
    redeem("LEARN-FULL");
    assert_eq!(length(desk, ".directory-wal"), 0);
    ballast.shrink(desk, 1024 * 1024);
    let file = length(desk, ".directory");
    learn(250..400);
    assert_eq!((length(desk, ".directory"), length(desk, ".directory-wal")), (file, 0));
    for index in 0..20 {
        redeem(&format!("LEARN-{index:04}"));
    }
}

/// A file that takes what is free.
struct Ballast(File);

impl Ballast {
    fn leaving(desk: &Desk, free: u64) -> Ballast {
        let mut file = File::create(desk.journal().with_file_name("ballast")).unwrap();
        while free_bytes(desk) > free && file.write(&[0; 4096]).is_ok() {}
        Ballast(file)
    }

    fn shrink(&self, desk: &Desk, free: u64) {
        let length = self.0.metadata().unwrap().len();
        self.0.set_len(length - (free - free_bytes(desk)).next_multiple_of(4096)).unwrap();
    }
}

fn length(desk: &Desk, end: &str) -> u64 {
    std::fs::metadata(desk.journal().with_file_name(format!("till.journal{end}")))
        .map_or(0, |file| file.len())
}

fn free_bytes(desk: &Desk) -> u64 {
    let folder = CString::new(desk.journal().parent().unwrap().to_str().unwrap()).unwrap();
    // SAFETY: a text with its end, and a structure of numbers.
    let found = unsafe {
        let mut found: libc::statvfs = std::mem::zeroed();
        assert_eq!(libc::statvfs(folder.as_ptr(), &raw mut found), 0);
        found
    };
    found.f_bavail * found.f_frsize
}

fn check(desk: &Desk, sandbox: &wxcoupon_sandbox::Sandbox, counts: &mut Counts) {
    let (asked, settled) = (read_notes(&desk.notes()), read_settled(&desk.settled()));
    for asked in asked.values() {
        // Whoever lacks disk space is told so, and no other story of class 2.
        let told = asked.told.unwrap();
        assert!(told / 1000 != 2 || told == E_JOURNAL, "{asked:?}");
        counts.add(format!("status {told}"), 1);
    }
    compare(&asked, &settled, sandbox, counts);
    let left = settled.pending_before_reopening.unwrap();
    counts.add("pending when the disk had room again", left);
    assert_eq!(left, 0, "with room again everything can be settled, without reopening");
}

/// The limit holds for every file, also for one that this test's messages go into; so the process gets a pipe for its own.
fn run_with_a_voice(command: &mut Command) {
    let mut till = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut voice = till.stderr.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || std::io::copy(&mut voice, &mut std::io::stderr()));
        wait(&mut till, Duration::from_secs(120));
    });
}

/// Mounts a tmpfs there, seen by that process only. It goes with the process.
fn on_a_disk_of_its_own(command: &mut Command, folder: &Path, options: &'static CStr) {
    let target = CString::new(folder.to_str().unwrap()).unwrap();
    let checked = |result: libc::c_int| match result {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    };
    // SAFETY: between fork and exec only system calls are made, with texts prepared before.
    unsafe {
        command.pre_exec(move || {
            if libc::unshare(libc::CLONE_NEWNS) != 0 {
                checked(libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS))?;
            }
            let (none, private) = (std::ptr::null(), libc::MS_REC | libc::MS_PRIVATE);
            checked(libc::mount(c"none".as_ptr(), c"/".as_ptr(), none, private, std::ptr::null()))?;
            let options = options.as_ptr().cast();
            checked(libc::mount(c"tmpfs".as_ptr(), target.as_ptr(), c"tmpfs".as_ptr(), 0, options))
        });
    }
}

/// The role: files may not grow beyond `limit` bytes until all calls are over.
pub fn with_small_files(desk: &Desk, seed: u64, limit: u64) {
    let counter = Counter::open(&desk.config()).unwrap();
    set_limit(limit);
    redeem(&counter, desk, &prefix(), seed, ASKED);
    settle_everything(&counter, 1);
    set_limit(libc::RLIM_INFINITY);
    afterwards(counter, desk);
}

/// The role: the disk is full but for `free_kib` until all calls are over.
pub fn with_a_small_disk(desk: &Desk, seed: u64, free_kib: u64) {
    let counter = Counter::open(&desk.config()).unwrap();
    let ballast = desk.journal().with_file_name("ballast");
    let mut file = File::create(&ballast).unwrap();
    let mut length = 0;
    while let Ok(written) = file.write(&[0; 4096]) {
        length += written as u64;
    }
    file.set_len(length.saturating_sub(free_kib * 1024)).unwrap();
    redeem(&counter, desk, &prefix(), seed, ASKED);
    settle_everything(&counter, 1);
    drop(file);
    std::fs::remove_file(ballast).unwrap();
    afterwards(counter, desk);
}

fn afterwards(counter: Counter, desk: &Desk) {
    settle_everything(&counter, SETTLINGS);
    let left = counter.pending();
    drop(counter);
    Notes::append_to(&desk.settled()).line(&format!("pending_before_reopening {left}"));
    settle(&Counter::open(&desk.config()).unwrap(), desk, SETTLINGS);
}

fn prefix() -> String {
    std::env::var("WXCOUPON_TEST_PREFIX").unwrap()
}

fn set_limit(bytes: libc::rlim_t) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a structure of this process, read and written; ignoring a signal has no handler to be safe.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        assert_eq!(libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit), 0);
        limit.rlim_cur = bytes.min(limit.rlim_max);
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit), 0);
    }
}
