//! Verdicts and rows that could not be written: what the till is told, and what is found afterwards.

use crate::locked::Holder;
use crate::process::Desk;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use testkit::counter::Counter;
use testkit::till::{until, use_request};
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox};

const E_JOURNAL: i32 = 2003;
const E_UNRECORDED: i32 = 4007;

/// The owner lives and has let go: the row is free for everybody.
#[test]
fn a_row_whose_verdict_could_not_be_written_is_free_for_other_processes() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let desk = Desk::set_up(folder.path(), &sandbox.config());
    let mut config = desk.config();
    config["timeout_ms"] = serde_json::json!(20_000);
    config["attempt_timeout_ms"] = serde_json::json!(20_000);
    let till = Counter::open(&config).unwrap();
    // Refused, and slowly: the file is locked in between.
    assert_eq!(till.redeem(&use_request("AUTO_TAKEN", "TAKER-0001")).status, 0);
    let slow = sandbox.inject(Fault::new(FaultKind::Delay { ms: 4000 }).on("use"));
    std::thread::scope(|scope| {
        let call = scope.spawn(|| till.redeem(&use_request("AUTO_TAKEN", "LATE-0001")));
        until("it was sent", || sandbox.fired(slow) > 0);
        let holder = Holder::start(&desk);
        let told = call.join().unwrap();
        assert_eq!(told.status, E_UNRECORDED, "{}", told.json);
        drop(holder);
    });
    sandbox.clear_faults();
    let mut other = desk.process("one", "LATE-0001", 0, 0);
    assert!(other.status().unwrap().success());
    let settled = crate::books::read_settled(&desk.settled());
    assert_eq!(settled.answers["LATE-0001"], 5002, "not locked: {settled:?}");
    assert_eq!(sandbox.ledger().len(), 1);
    drop(till);
}

/// A library that is loaded before the system's, and answers EIO to flushes and writes of the journal while a file is there.
fn shim(folder: &Path) -> PathBuf {
    let source = folder.join("eio.c");
    fs::write(
        &source,
        r#"#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int fails(int fd, const char *what) {
    char link[64], name[4096], sign[4096];
    ssize_t length;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, name, sizeof name - 1);
    if (length < 0) return 0;
    name[length] = 0;
    if (!strstr(name, "till.journal")) return 0;
    snprintf(sign, sizeof sign, "%s/%s once", getenv("EIO_SIGNS"), what);
    if (unlink(sign) == 0) return 1;
    snprintf(sign, sizeof sign, "%s/%s", getenv("EIO_SIGNS"), what);
    return access(sign, F_OK) == 0;
}
int fdatasync(int fd) {
    static int (*real)(int);
    if (fails(fd, "flush")) { errno = EIO; return -1; }
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return real(fd);
}
int fsync(int fd) {
    static int (*real)(int);
    if (fails(fd, "flush")) { errno = EIO; return -1; }
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    return real(fd);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (fails(fd, "write")) { errno = EIO; return -1; }
    if (!real) real = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    return real(fd, bytes, count, at);
}
"#,
    )
    .unwrap();
    let library = folder.join("eio.so");
    let mut compiler = Command::new("gcc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).arg("-ldl");
    assert!(compiler.status().unwrap().success());
    library
}

/// The role: the disk answers EIO, the till is told so, and dies.
pub fn with_a_broken_disk(desk: &Desk, what: &str) {
    let counter = Counter::open(&desk.config()).unwrap();
    assert_eq!(counter.redeem(&use_request("AUTO_EIO_0", "EIO-0000")).status, 0);
    let sign = desk.0.join(what);
    let mut notes = crate::books::Notes::append_to(&desk.notes());
    for index in 1..4 {
        let number = format!("EIO-{index:04}");
        fs::write(&sign, "").unwrap();
        let told = counter.redeem(&use_request(&format!("AUTO_EIO_{index}"), &number));
        notes.line(&format!("asked {number} AUTO_EIO_{index}"));
        notes.line(&format!("told {number} {}", told.status));
    }
    // SAFETY: dies without closing anything.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
}

#[test]
fn a_flush_that_fails_is_undone_before_class_2_is_told_or_said_to_be_unrecorded() {
    for what in ["flush", "flush once", "write"] {
        let sandbox = Sandbox::start(Options::default()).unwrap();
        let folder = TempDir::new().unwrap();
        let desk = Desk::set_up(folder.path(), &sandbox.config());
        let library = shim(folder.path());
        let mut till = desk.process("broken disk", what, 0, 0);
        till.env("LD_PRELOAD", &library).env("EIO_SIGNS", folder.path());
        let _ = till.status().unwrap();
        let _ = fs::remove_file(desk.0.join(what));
        let requests = sandbox.stats().requests;
        assert_eq!(requests, 1, "{what}: something was sent");
        // Settling must not send what the till was told was not sent.
        let after = Counter::open(&desk.config()).unwrap();
        let asked = crate::books::read_notes(&desk.notes());
        assert_eq!(asked.len(), 3);
        for (number, asked) in &asked {
            let told = asked.told.unwrap();
            assert!(matches!(told, E_JOURNAL | E_UNRECORDED), "{what}: {number} {told}");
            let found = after.settle(Some(number));
            eprintln!("{what}: {number} was told {told}; found {}", found.json["name"]);
            if told == E_JOURNAL {
                assert_eq!(found.json["name"], "WXCOUPON_E_REQUEST", "{what}: {number} is in the journal");
            }
        }
        // Where the next write goes through, it has taken the place of the one that failed.
        if what != "flush" {
            assert!(asked.values().all(|asked| asked.told == Some(E_JOURNAL)), "{asked:?}");
        }
    }
}
