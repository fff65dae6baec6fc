//! Files that are removed, replaced, moved or cut off while the journal is open: nothing is sent from then on, until a context
//! is made that has the files there are.

use crate::process::Desk;
use serde_json::Value;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use testkit::till::{Till, use_request};
use wxcoupon_sandbox::{Options, Sandbox};

fn beside(desk: &Desk, end: &str) -> PathBuf {
    desk.journal().with_file_name(format!("till.journal{end}"))
}

fn cut_off(path: &Path, length: u64) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
}

/// The same bytes in another file.
fn replace(path: &Path) {
    let copy = path.with_extension("copy");
    fs::copy(path, &copy).unwrap();
    fs::rename(copy, path).unwrap();
}

fn journal_line(till: &Till) -> Value {
    let checked = till.check().json;
    let lines = checked["data"]["lines"].as_array().unwrap().clone();
    lines.into_iter().find(|line| line["name"] == "journal").unwrap()
}

type Harm = fn(&Desk);

const HARMS: [(&str, Harm); 13] = [
    ("the file removed", |desk| fs::remove_file(beside(desk, "")).unwrap()),
    ("the file replaced", |desk| replace(&beside(desk, ""))),
    ("the file moved", |desk| fs::rename(beside(desk, ""), beside(desk, "-old")).unwrap()),
    ("the file emptied", |desk| cut_off(&beside(desk, ""), 0)),
    ("the file cut off", |desk| cut_off(&beside(desk, ""), 4096)),
    ("the log removed", |desk| fs::remove_file(beside(desk, "-wal")).unwrap()),
    ("the log replaced", |desk| replace(&beside(desk, "-wal"))),
    ("the log emptied", |desk| cut_off(&beside(desk, "-wal"), 0)),
    ("the log cut off", |desk| cut_off(&beside(desk, "-wal"), 5000)),
    ("its index removed", |desk| fs::remove_file(beside(desk, "-shm")).unwrap()),
    ("its index emptied", |desk| cut_off(&beside(desk, "-shm"), 0)),
    ("its index cut off", |desk| cut_off(&beside(desk, "-shm"), 4096)),
    ("the folder moved", |desk| {
        fs::rename(desk.journal().parent().unwrap(), desk.0.join("elsewhere")).unwrap();
        fs::create_dir(desk.journal().parent().unwrap()).unwrap();
    }),
];

#[test]
fn what_happens_to_open_files_is_noticed_before_anything_is_sent() {
    for (harm, happens) in HARMS {
        let sandbox = Sandbox::start(Options::default()).unwrap();
        let folder = TempDir::new().unwrap();
        let desk = Desk::set_up(folder.path(), &sandbox.config());
        // Long enough that there is something to cut off, in the file and in the log.
        let till = Till::new(&desk.config());
        for index in 0..4 {
            let told = till.redeem(&use_request(&format!("AUTO_{index}"), &format!("GONE-{index:04}")));
            assert_eq!(told.status, 0, "{harm}: {}", told.json);
        }
        rusqlite::Connection::open(desk.journal())
            .unwrap()
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            .unwrap();
        assert_eq!(till.redeem(&use_request("AUTO_LAST", "GONE-LAST")).status, 0);
        let requests = sandbox.stats().requests;

        happens(&desk);
        for round in 0..2 {
            let told = till.redeem(&use_request("AUTO_NEW", "GONE-NEW"));
            assert_eq!(told.name(), "WXCOUPON_E_JOURNAL", "{harm}, {round}: {}", told.json);
            let why = told.json["message"].as_str().unwrap();
            assert!(why.contains("new context"), "{harm}: {why}");
        }
        let line = journal_line(&till);
        assert_eq!(line["ok"], false, "{harm}: {line}");
        assert_eq!(sandbox.stats().requests, requests, "{harm}: something was sent");

        // A new context works with what is there, or says what is wrong with it; the old one never does again.
        let with = |till: &Till| till.redeem(&use_request("AUTO_NEW", "GONE-NEW"));
        match Till::try_new(&desk.config()) {
            Ok(other) => {
                let told = with(&other);
                assert!(told.status == 0 || told.name() == "WXCOUPON_E_JOURNAL", "{harm}: {}", told.json);
                assert_eq!(with(&till).name(), "WXCOUPON_E_JOURNAL", "{harm}");
                // Where pages are missing, SQLite may find out at any time.
                drop(till);
                let again = with(&other);
                assert!(again.status == told.status || again.name() == "WXCOUPON_E_JOURNAL", "{harm}");
            }
            Err(told) => assert_eq!(told.name(), "WXCOUPON_E_JOURNAL", "{harm}: {}", told.json),
        }
    }
}

#[test]
fn what_others_may_do_is_no_harm() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let desk = Desk::set_up(folder.path(), &sandbox.config());
    let (till, other) = (Till::new(&desk.config()), Till::new(&desk.config()));
    let redeem = |till: &Till, number: &str| {
        let told = till.redeem(&use_request(&format!("AUTO_{number}"), number));
        assert_eq!(told.status, 0, "{}", told.json);
    };
    for round in 0..30 {
        redeem(&till, &format!("FINE-A{round:03}"));
        redeem(&other, &format!("FINE-B{round:03}"));
        // The log may become shorter, and so may the file.
        for statement in ["PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA journal_mode=DELETE"] {
            let db = rusqlite::Connection::open(desk.journal()).unwrap();
            let _ = db.prepare(statement).and_then(|mut statement| {
                statement.query([]).map(|mut rows| while let Ok(Some(_)) = rows.next() {})
            });
        }
    }
    drop(other);
    redeem(&till, "FINE-LAST");
    assert_eq!(journal_line(&till)["ok"], true);
    drop(till);
    assert!(!beside(&desk, "-wal").exists(), "who closes last removes the log");
    assert_eq!(Till::new(&desk.config()).pending()["pending"], 0);
    assert_eq!(sandbox.ledger().len(), 61);
}
