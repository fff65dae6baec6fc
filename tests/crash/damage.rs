//! A journal that is no journal any more, or cannot be written.

use crate::process::Desk;
use crate::random::Random;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;
use testkit::till::{Till, use_request};
use wxcoupon_sandbox::{Options, Sandbox};

/// A journal with a history of so many redemptions, closed properly, as bytes.
fn history(desk: &Desk, redemptions: u32) -> Vec<u8> {
    let till = Till::new(&desk.config());
    for index in 0..redemptions {
        let told = till.redeem(&use_request(&format!("AUTO_{index}"), &format!("OLD-{index:04}")));
        assert_eq!(told.status, 0, "{}", told.json);
    }
    drop(till);
    std::fs::read(desk.journal()).unwrap()
}

fn refused(config: &Value, what: &str) {
    match Till::try_new(config) {
        Ok(_) => panic!("{what}: it opened"),
        Err(told) => assert_eq!(told.name(), "WXCOUPON_E_JOURNAL", "{what}: {}", told.json),
    }
}

#[test]
fn a_damaged_journal_is_refused_and_left_as_it_is() {
    let mut random = Random::for_test("damage");
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let desk = Desk::set_up(folder.path(), &sandbox.config());
    let whole = history(&desk, 30);
    let pages = whole.len() / 4096;
    assert!(pages > 4, "{pages} pages");
    let page = 1 + random.index(pages - 1);
    let somewhere = [
        ("half of it", whole[..whole.len() / 2].to_vec()),
        ("a page of zeros", with_page(&whole, page, &[0; 4096])),
        ("a page of noise", {
            let noise: Vec<u8> = (0..4096).map(|_| random.next().to_le_bytes()[0]).collect();
            with_page(&whole, page, &noise)
        }),
        ("a page in the place of another", {
            // An empty page in the place of the two numbers about the time is taken for an empty table.
            let has_cells = |at: &usize| whole[at * 4096 + 3..at * 4096 + 5] != [0, 0];
            let other = (page..page + pages).map(|at| 1 + at % (pages - 1)).find(has_cells).unwrap();
            with_page(&whole, page, &whole[other * 4096..(other + 1) * 4096])
        }),
    ];
    let in_front = [
        ("a text", b"these are the accounts of last year\n".repeat(200)),
        ("no header", [vec![0; 100], whole[100..].to_vec()].concat()),
        ("no catalogue", [&whole[..100], &[0; 3996], &whole[4096..]].concat()),
        ("another program's", another_programs(folder.path())),
    ];
    for (what, bytes) in in_front {
        std::fs::write(desk.journal(), &bytes).unwrap();
        refused(&desk.config(), what);
        assert!(std::fs::read(desk.journal()).unwrap() == bytes, "{what}: it was changed");
    }
    // Where it is anywhere else, opening need not find it, and the self-check does.
    // Two empty pages are alike.
    for (what, bytes) in somewhere.into_iter().filter(|(_, bytes)| *bytes != whole) {
        std::fs::write(desk.journal(), &bytes).unwrap();
        match Till::try_new(&desk.config()) {
            Err(told) => {
                assert_eq!(told.name(), "WXCOUPON_E_JOURNAL", "{what}: {}", told.json);
                let left = std::fs::read(desk.journal()).unwrap();
                assert!(but_for_counters(&left) == but_for_counters(&bytes), "{what}: it was changed");
            }
            Ok(till) => {
                let checked = till.check().json;
                let lines = checked["data"]["lines"].as_array().unwrap();
                let line = lines.iter().find(|line| line["name"] == "journal").unwrap();
                assert_eq!(line["ok"], false, "{what}: {checked}");
                till.redeem(&use_request("AUTO_3", "OLD-0003"));
            }
        }
        assert_eq!(sandbox.ledger().len(), 30, "{what}");
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(desk.journal().with_file_name(format!("till.journal{end}")));
        }
    }
    std::fs::write(desk.journal(), &whole).unwrap();
    let requests = sandbox.stats().requests;
    let told = Till::new(&desk.config()).redeem(&use_request("AUTO_3", "OLD-0003"));
    assert_eq!((told.status, sandbox.stats().requests), (0, requests), "whole again, it knows everything");
}

/// A transaction that changed nothing before the damage was met may have been counted in the header (bytes 24 and 92).
fn but_for_counters(journal: &[u8]) -> Vec<u8> {
    let mut left = journal.to_vec();
    for counter in [24..28, 92..96] {
        left.get_mut(counter).into_iter().for_each(|bytes| bytes.fill(0));
    }
    left
}

/// `SQLite` reads what is missing of the last page as zeros, and need not notice.
#[test]
fn a_journal_that_lost_its_last_bytes_redeems_nothing_twice() {
    let mut random = Random::for_test("lost bytes");
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let desk = Desk::set_up(folder.path(), &sandbox.config());
    let whole = history(&desk, 30);
    let (mut opened, mut unknown) = (0, 0);
    for _ in 0..20 {
        let lost = random.index(8192) + 1;
        std::fs::write(desk.journal(), &whole[..whole.len() - lost]).unwrap();
        let till = match Till::try_new(&desk.config()) {
            Ok(till) => till,
            Err(told) => {
                assert_eq!(told.name(), "WXCOUPON_E_JOURNAL", "{}", told.json);
                continue;
            }
        };
        opened += 1;
        for index in 0..30 {
            let told = till.redeem(&use_request(&format!("AUTO_{index}"), &format!("OLD-{index:04}")));
            // A row that something else has changed is in doubt.
            let in_order = told.status == 0 || told.class() == 4 || told.name() == "WXCOUPON_E_JOURNAL";
            assert!(in_order, "{lost} bytes lost: {}", told.json);
            unknown += u32::from(told.status != 0);
        }
    }
    assert_eq!(sandbox.ledger().len(), 30);
    eprintln!("lost bytes: {opened} of 20 opened; {unknown} calls were refused because of the journal");
}

fn with_page(whole: &[u8], page: usize, content: &[u8]) -> Vec<u8> {
    [&whole[..page * 4096], content, &whole[(page + 1) * 4096..]].concat()
}

fn another_programs(folder: &Path) -> Vec<u8> {
    let path = folder.join("theirs.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("CREATE TABLE customers (name TEXT)").unwrap();
    drop(db);
    std::fs::read(path).unwrap()
}

/// Takes the right to write away, from root too, and gives it back.
struct ReadOnly<'a>(&'a Path);

impl<'a> ReadOnly<'a> {
    fn make(path: &'a Path) -> Option<ReadOnly<'a>> {
        // SAFETY: asks the system who this is.
        let done = if unsafe { libc::geteuid() } == 0 { change("+i", path) } else { allow(path, false) };
        done.then_some(ReadOnly(path))
    }
}

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        let _ = change("-i", self.0) || allow(self.0, true);
    }
}

fn change(attribute: &str, path: &Path) -> bool {
    let mut chattr = Command::new("chattr");
    chattr.arg(attribute).arg(path).stderr(Stdio::null());
    chattr.status().is_ok_and(|status| status.success())
}

fn allow(path: &Path, writing: bool) -> bool {
    let folder = if path.is_dir() { 0o111 } else { 0 };
    let mode = if writing { 0o600 } else { 0o400 } | folder;
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).is_ok()
}

#[test]
fn a_journal_that_cannot_be_written_is_refused() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let desk = Desk::set_up(folder.path(), &sandbox.config());
    let whole = history(&desk, 3);
    let journal = desk.journal();
    for (what, path) in [("the file", journal.as_path()), ("the folder", journal.parent().unwrap())] {
        let Some(read_only) = ReadOnly::make(path) else {
            eprintln!("skipped: {what} cannot be made read-only for root here (chattr +i failed)");
            continue;
        };
        refused(&desk.config(), what);
        drop(read_only);
        assert!(std::fs::read(&journal).unwrap() == whole, "{what}: it was changed");
    }
    assert_eq!(Till::new(&desk.config()).redeem(&use_request("AUTO_NEW", "NEW-0001")).status, 0);
}
