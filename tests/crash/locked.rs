//! Somebody else holds the journal: a backup program, an editor of databases, a till that hangs.

use crate::process::Desk;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::counter::Counter;
use testkit::till::use_request;
use wxcoupon_sandbox::{Options, Sandbox};

/// The library waits three seconds for a file that is locked; a context that opens may wait twice. Who holds it
/// does so for a minute.
const PATIENCE: Duration = Duration::from_secs(30);

/// The role: holds the journal in an exclusive transaction until it is killed.
pub fn hold(journal: &Path) {
    let db = Connection::open(journal).unwrap();
    db.execute_batch("BEGIN EXCLUSIVE").unwrap();
    std::fs::write(held(journal), "").unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

fn held(journal: &Path) -> PathBuf {
    journal.with_extension("held")
}

pub struct Holder(Child);

impl Holder {
    pub fn start(desk: &Desk) -> Holder {
        let holder = Holder(desk.process("hold", "", 0, 0).spawn().unwrap());
        let start = Instant::now();
        while !held(&desk.journal()).exists() {
            assert!(start.elapsed() < Duration::from_secs(20), "the holder never got the file");
            std::thread::sleep(Duration::from_millis(2));
        }
        holder
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_locked_journal_is_said_so_soon_and_nothing_is_sent() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let desk = Desk::set_up(folder.path(), &sandbox.config());
    let till = Counter::open(&desk.config()).unwrap();
    assert_eq!(till.redeem(&use_request("AUTO_BEFORE", "LOCK-BEFORE")).status, 0);
    let requests = sandbox.stats().requests;

    let holder = Holder::start(&desk);
    let start = Instant::now();
    let refused = Counter::open(&desk.config()).map(|_| ()).unwrap_err();
    eprintln!("locked: opening was refused after {:?}", start.elapsed());
    assert_eq!(refused.json["name"], "WXCOUPON_E_JOURNAL", "{}", refused.json);
    assert!(start.elapsed() < PATIENCE);

    let start = Instant::now();
    std::thread::scope(|scope| {
        let till = &till;
        let calls: Vec<_> = (0..8)
            .map(|index| {
                let request = use_request(&format!("AUTO_LOCKED_{index}"), &format!("LOCK-{index}"));
                scope.spawn(move || (till.redeem(&request), start.elapsed()))
            })
            .collect();
        for call in calls {
            let (told, took) = call.join().unwrap();
            assert_eq!(told.json["name"], "WXCOUPON_E_JOURNAL", "{}", told.json);
            eprintln!("locked: a call with timeout_ms 700 was refused after {took:?}");
            assert!(took < PATIENCE, "{took:?}");
        }
    });
    assert_eq!(sandbox.stats().requests, requests, "nothing may be sent");

    drop(holder);
    assert_eq!(till.pending(), 0);
    // The till's deadline is short, and the machine may be busy.
    let again = std::iter::repeat_with(|| till.redeem(&use_request("AUTO_LOCKED_0", "LOCK-0")));
    let told: Vec<_> = again.take(5).map(|told| (told.status, told.json)).collect();
    assert!(told.iter().any(|(status, _)| *status == 0), "{told:?}");
}
