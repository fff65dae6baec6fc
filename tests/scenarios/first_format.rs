//! Journals that version 0.1.0 has written: what stands in them keeps its meaning, and the old library writes nothing any more.
//!
//! `every-state.journal` was closed properly and has rows of a service provider and of a brand in every state that 0.1.0 knew;
//! `killed.journal` is the file, with its log, of a till that was killed while a redemption was on its way.

use crate::till::{Till, config_with, query_request, use_request, with_limit};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wxcoupon_sandbox::{Options, Sandbox};

const ROLE: &str = "WXCOUPON_TEST_MIGRATES";

fn written(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journal-format-1").join(name)
}

/// A copy, with its log where there is one.
fn copy(name: &str, folder: &TempDir) -> PathBuf {
    let path = folder.path().join("till.journal");
    fs::copy(written(name), &path).unwrap();
    let log = written(&format!("{name}-wal"));
    if log.exists() {
        fs::copy(log, folder.path().join("till.journal-wal")).unwrap();
    }
    path
}

fn config(sandbox: &Sandbox, journal: &Path) -> Value {
    config_with(sandbox, &json!({ "journal_path": journal, "timeout_ms": 3000 }))
}

fn numbers(pending: &Value) -> BTreeMap<String, String> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let rows = pending["requests"].as_array().unwrap();
    rows.iter().map(|row| (text(row, "out_request_no"), text(row, "state"))).collect()
}

fn listed(rows: &[(&str, &str)]) -> BTreeMap<String, String> {
    rows.iter().map(|(number, state)| ((*number).to_owned(), (*state).to_owned())).collect()
}

#[test]
fn every_row_keeps_its_meaning() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let path = copy("every-state.journal", &folder);
    let till = Till::new(&config(&sandbox, &path));
    let open = [
        ("FIRST-PENDING-USED", "pending"),
        ("FIRST-PENDING", "pending"),
        ("FIRST-VOIDING", "voiding"),
        ("FIRST-WATCHING", "watching"),
        ("FIRST-RAW", "pending"),
    ];
    assert_eq!(numbers(&till.pending()), listed(&open));
    for row in till.pending()["requests"].as_array().unwrap() {
        assert!(row["age_ms"].as_i64().unwrap() > 0 && row["attempts"] == 2, "{row}");
    }
    // Recorded answers, without the network.
    let recorded = |number: &str| till.settle(&json!({ "out_request_no": number }));
    for (number, status) in [
        ("FIRST-RETURN", 0),
        ("FIRST-SEND", 0),
        ("FIRST-TAKER", 0),
        ("FIRST-REFUSED", 5002),
        ("FIRST-BUSY", 6001),
        ("FIRST-UNSENT", 3001),
    ] {
        let answer = recorded(number);
        assert_eq!((answer.status, &answer.json["recorded"]), (status, &json!(true)), "{}", answer.json);
    }
    assert_eq!(recorded("FIRST-TAKER").json["data"]["coupon_code"], "AUTO_TAKEN");
    let again = till.redeem(&use_request("AUTO_TAKEN", "FIRST-TAKER"));
    assert_eq!((again.status, &again.json["recorded"]), (0, &json!(true)), "{}", again.json);
    assert!(sandbox.requests().is_empty());
    // A number that was never sent is free; one that was sent is not.
    assert_eq!(till.redeem(&use_request("AUTO_OTHER", "FIRST-UNSENT")).status, 0);
    for number in ["FIRST-BUSY", "FIRST-TAKER", "FIRST-REFUSED", "FIRST-WATCHING", "FIRST-VOIDED"] {
        let reused = till.redeem(&use_request("AUTO_THIRD", number));
        assert_eq!(reused.name(), "WXCOUPON_E_REQUEST_NO_REUSED", "{number}: {}", reused.json);
    }
    // What is pending is made true with the recorded bytes, a sealed member included.
    for (number, coupon) in [("FIRST-PENDING-USED", "AUTO_LOST"), ("FIRST-PENDING", "AUTO_HELD")] {
        let settled = recorded(number);
        assert_eq!(settled.status, 0, "{}", settled.json);
        assert_eq!(settled.json["data"]["coupon_code"], coupon);
        let sent = sandbox.requests().into_iter().rfind(|sent| sent.operation == "use").unwrap();
        let members: Value = serde_json::from_str(&sent.body).unwrap();
        assert_eq!(members["out_request_no"], number);
        assert_eq!(members["use_time"], "2025-08-03T12:00:00+08:00");
    }
    let ledger = sandbox.ledger();
    for coupon in ["AUTO_LOST", "AUTO_HELD"] {
        assert_eq!(ledger.iter().filter(|entry| entry.coupon_code == coupon).count(), 1, "{coupon}");
    }
    // What was called off stays so.
    let completed = recorded("FIRST-VOIDING");
    assert_eq!((completed.name(), &completed.json["field"]), ("WXCOUPON_E_REQUEST", &json!("/aim")));
    assert_eq!(till.query(&query_request("AUTO_VOIDING")).json["data"]["coupon_state"], "EFFECTIVE");
    drop(till);

    let mut brand: Value =
        serde_json::from_str(&fs::read_to_string(sandbox.brand_config_path()).unwrap()).unwrap();
    brand["journal_path"] = json!(path);
    let till = Till::new(&brand);
    assert_eq!(numbers(&till.pending()), listed(&[("FIRST-BRAND", "pending")]));
    let done = till.settle(&json!({ "out_request_no": "FIRST-DONE" }));
    assert_eq!((done.status, &done.json["data"]["coupon_code"]), (0, &json!("SBX_EFFECTIVE_1")));
}

#[test]
fn a_till_that_was_killed_at_work_is_in_doubt_and_settled() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let path = copy("killed.journal", &folder);
    fs::write(folder.path().join("till.journal.owner-20202-3-52FE35F9B5B0FC10"), "").unwrap();
    let pipe = folder.path().join("till.journal.owner-1-2-PIPE");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let till = Till::new(&config(&sandbox, &path));
    assert_eq!(numbers(&till.pending()), listed(&[("KILLED-HELD", "pending")]));
    assert_eq!(till.settle_all().status, 0);
    assert_eq!(sandbox.ledger().len(), 1);
    let left: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("owner"))
        .collect();
    assert!(left.is_empty(), "marks of the dead stay: {left:?}");
}

/// What the old library does with a file: opening it, and beginning a redemption.
fn as_the_old_library_writes(db: &Connection) -> rusqlite::Result<usize> {
    db.execute(
        "INSERT INTO request (mchid, number, operation, method, target, members, state, created_ms, updated_ms) \
         VALUES ('1900000001', 'OLD-LATE', 'use', 'POST', '/', '{}', 0, 0, 0)",
        [],
    )
}

#[test]
fn the_old_library_can_neither_open_the_new_file_nor_write_to_one_that_it_has_open() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let path = copy("every-state.journal", &folder);
    let old = Connection::open(&path).unwrap();
    assert_eq!(as_the_old_library_writes(&old).unwrap(), 1);
    old.execute("DELETE FROM request WHERE number = 'OLD-LATE'", []).unwrap();

    // Whoever has the file open, by whatever name, is waited for and then named.
    let began = Instant::now();
    let refused = Till::try_new(&config(&sandbox, &path)).err().unwrap();
    assert_eq!(refused.name(), "WXCOUPON_E_JOURNAL", "{}", refused.json);
    assert!(refused.json["message"].as_str().unwrap().contains("open"), "{}", refused.json);
    assert!(began.elapsed() < Duration::from_secs(20));
    drop(old);
    drop(Till::new(&config(&sandbox, &path)));

    let new = Connection::open(&path).unwrap();
    let format: i64 = new.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert!(format > 1, "0.1.0 refuses every format above 1");
    let failed = as_the_old_library_writes(&new).unwrap_err();
    assert!(failed.to_string().contains("no such table"), "{failed}");
}

#[test]
fn a_file_is_not_migrated_under_an_old_context_that_has_lost_its_locks() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let path = copy("every-state.journal", &folder);
    // As 0.1.0 holds it, in a process whose locks on the journal itself are gone.
    let mark = folder.path().join("till.journal.owner-1-2-ALIVE");
    let held = fs::File::create(&mark).unwrap();
    held.try_lock().unwrap();
    let before = fs::read(&path).unwrap();
    let refused = Till::try_new(&config(&sandbox, &path)).err().unwrap();
    assert_eq!(refused.name(), "WXCOUPON_E_JOURNAL", "{}", refused.json);
    assert!(refused.json["message"].as_str().unwrap().contains("older version"), "{}", refused.json);
    assert!(fs::read(&path).unwrap() == before && mark.exists());
    drop(held);
    assert_eq!(Till::new(&config(&sandbox, &path)).pending()["pending"], 4);
}

#[test]
fn a_file_of_a_newer_format_is_refused_and_left_as_it_is() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let path = copy("every-state.journal", &folder);
    drop(Till::new(&config(&sandbox, &path)));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 3).unwrap();
    let before = fs::read(&path).unwrap();
    let refused = Till::try_new(&config(&sandbox, &path)).err().unwrap();
    assert_eq!(refused.name(), "WXCOUPON_E_JOURNAL", "{}", refused.json);
    assert!(refused.json["message"].as_str().unwrap().contains("newer"), "{}", refused.json);
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn a_file_that_only_calls_itself_one_of_the_first_format_is_refused_in_words() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("till.journal");
    let sale = use_request("AUTO_CALLED", "CALLED-0001");
    assert_eq!(Till::new(&config(&sandbox, &path)).redeem(&sale).status, 0);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 1).unwrap();
    for _ in 0..2 {
        let refused = Till::try_new(&config(&sandbox, &path)).err().unwrap();
        let message = refused.json["message"].as_str().unwrap();
        assert!(
            message.contains("something else has changed it") && !message.contains("CREATE"),
            "{message}"
        );
    }
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    let told = Till::new(&config(&sandbox, &path)).redeem(&sale);
    assert_eq!(told.json["recorded"], true, "nothing is lost: {}", told.json);
}

/// The process that is killed; does nothing when it is started by itself.
#[test]
#[ignore = "a process that another test starts"]
fn migrating_process() {
    let Ok(config) = std::env::var(ROLE) else { return };
    let till = Till::new(&serde_json::from_str(&fs::read_to_string(config).unwrap()).unwrap());
    assert_eq!(till.pending()["pending"], 4);
}

#[test]
fn a_migration_that_is_killed_leaves_the_old_file_or_the_new_one() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let large = folder.path().join("large");
    fs::copy(written("every-state.journal"), &large).unwrap();
    let db = Connection::open(&large).unwrap();
    let rows = 4_000;
    db.execute_batch(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
         INSERT INTO request (mchid, operation, number, method, target, body, members, state, code, cause, attempts, \
             created_ms, updated_ms, watch_until_ms, owner, answer, http_status, request_id, host) \
         SELECT mchid, operation, 'MANY-' || i, method, target, body, members, state, code, cause, attempts, \
             created_ms, updated_ms, watch_until_ms, owner, answer, http_status, request_id, host \
         FROM request, n WHERE number = 'FIRST-REFUSED'"
    ))
    .unwrap();
    drop(db);
    let path = folder.path().join("till.journal");
    let config_path = folder.path().join("config.json");
    fs::write(&config_path, config(&sandbox, &path).to_string()).unwrap();
    let migrate = || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "first_format::migrating_process", "--ignored"]).env(ROLE, &config_path);
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
    };
    let fresh = || {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(folder.path().join(format!("till.journal{end}")));
        }
        fs::copy(&large, &path).unwrap();
    };
    fresh();
    let began = Instant::now();
    assert!(migrate().wait().unwrap().success());
    let whole = began.elapsed();
    let mut formats = BTreeMap::new();
    for round in 0..8 {
        fresh();
        let mut till = migrate();
        std::thread::sleep(whole * (2 * round + 1) / 16);
        till.kill().unwrap();
        till.wait().unwrap();
        let db = Connection::open(&path).unwrap();
        let format: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        let table = if format == 1 { "request" } else { "requests" };
        let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count(&format!("SELECT count(*) FROM {table}")), rows + 16);
        assert_eq!(
            count("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name LIKE 'request%'"),
            1
        );
        drop(db);
        *formats.entry(format).or_insert(0) += 1;
        assert_eq!(Till::new(&config(&sandbox, &path)).pending()["pending"], 4);
    }
    eprintln!("migration of {rows} rows took {whole:?}; killed, it left formats {formats:?}");
    assert!(formats.contains_key(&1), "none was killed before its end");
}

#[test]
fn a_busy_row_of_the_old_format_is_repeated_as_before() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let till = Till::new(&config(&sandbox, &copy("every-state.journal", &folder)));
    let request = with_limit(use_request("AUTO_BUSY", "FIRST-BUSY"), 3000);
    assert_eq!(till.redeem(&request).status, 0);
    assert_eq!(sandbox.ledger().len(), 1);
}
