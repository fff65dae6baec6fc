//! The journal as a till meets it: rows that something else has changed, and what may not be forgotten.

use crate::till::{Till, config_with, sandbox, shop, use_request, with_limit};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use wxcoupon_sandbox::{Fault, FaultKind, Options, Sandbox, SignWith};

fn journalled(sandbox: &Sandbox, folder: &TempDir) -> Value {
    let changes = json!({
        "journal_path": folder.path().join("till.journal"), "attempt_timeout_ms": 400, "connect_timeout_ms": 400,
    });
    config_with(sandbox, &changes)
}

fn db(folder: &TempDir) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.path().join("till.journal")).unwrap()
}

fn count(folder: &TempDir, what: &str) -> i64 {
    db(folder).query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0)).unwrap()
}

/// Lost redemptions: `-0000` and so on.
fn doubts(sandbox: &Sandbox, till: &Till, prefix: &str, count: u32) {
    let fault = sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("use"));
    for index in 0..count {
        let request = use_request(&format!("AUTO_{prefix}_{index}"), &format!("{prefix}-{index:04}"));
        let told = till.redeem(&with_limit(request, 300));
        assert_eq!(told.class(), 4, "{}", told.json);
    }
    assert!(sandbox.clear_fault(fault));
}

/// Where the row's bytes are, by something that stands in its middle.
fn place(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap()
}

#[test]
fn bits_that_flip_in_a_row_are_noticed_and_the_others_go_on() {
    let sandbox = sandbox();
    let folder = TempDir::new().unwrap();
    let config = journalled(&sandbox, &folder);
    let till = Till::new(&config);
    doubts(&sandbox, &till, "FLIP", 3);
    drop(till);
    let path = folder.path().join("till.journal");
    let whole = fs::read(&path).unwrap();
    // From the coupon's code in the body of the one in the middle: body, members and all that follows.
    let (body, end) = (place(&whole, "AUTO_FLIP_1\",\"product"), place(&whole, "AUTO_FLIP_0\",\"product"));
    assert!(body < end, "rows are written from the end of a page to its beginning");
    // Sure to be its own: the next one's beginning is as long before the same place.
    let span = (end - body) / 2;
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let mut noticed = 0;
    for round in 0..40 {
        let mut flipped = whole.clone();
        for _ in 0..=round % 8 {
            flipped[body + random(span)] ^= 1 << random(8);
        }
        if flipped == whole {
            continue;
        }
        fs::write(&path, &flipped).unwrap();
        let till = Till::new(&config);
        let requests = sandbox.stats().requests;
        let pending = till.pending();
        let state = |number: &str| {
            let rows = pending["requests"].as_array().unwrap();
            let row = rows.iter().find(|row| row["out_request_no"] == number);
            row.map(|row| row["state"].as_str().unwrap().to_owned())
        };
        assert_eq!(state("FLIP-0000").as_deref(), Some("pending"), "{pending}");
        assert_eq!(state("FLIP-0002").as_deref(), Some("pending"), "{pending}");
        assert_eq!(state("FLIP-0001").as_deref(), Some("damaged"), "{pending}");
        let told = till.redeem(&use_request("AUTO_FLIP_1", "FLIP-0001"));
        assert_eq!(told.class(), 4, "{}", told.json);
        let sent = sandbox.requests();
        assert!(
            sent.iter().skip(usize::try_from(requests).unwrap_or(0)).all(|sent| sent.operation != "use"),
            "a damaged row was sent"
        );
        noticed += 1;
        drop(till);
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(folder.path().join(format!("till.journal{end}")));
        }
    }
    assert!(noticed > 30);
    assert!(sandbox.ledger().is_empty());
    // The others are settled.
    let mut flipped = whole.clone();
    flipped[body] ^= 4;
    fs::write(&path, &flipped).unwrap();
    let till = Till::new(&config);
    till.settle_all();
    for (number, class) in [("FLIP-0000", 0), ("FLIP-0002", 0), ("FLIP-0001", 4)] {
        let told = till.settle(&json!({ "out_request_no": number }));
        assert_eq!(told.class(), class, "{number}: {}", told.json);
    }
    assert_eq!(sandbox.ledger().len(), 2);
    let checked = till.check().json;
    let lines = checked["data"]["lines"].as_array().unwrap();
    let line = lines.iter().find(|line| line["name"] == "journal").unwrap();
    assert!(
        !line["ok"].as_bool().unwrap() && line["found"].as_str().unwrap().contains("FLIP-0001"),
        "{line}"
    );
}

/// A call that lost its row to somebody else writes nothing over what that one was told.
#[test]
fn a_void_that_was_told_is_not_written_over_by_a_late_success() {
    let sandbox = sandbox();
    let folder = TempDir::new().unwrap();
    let mut config = journalled(&sandbox, &folder);
    config["attempt_timeout_ms"] = json!(10_000);
    let till = Till::new(&config);
    let slow = sandbox.inject(Fault::new(FaultKind::Delay { ms: 2500 }).on("use"));
    std::thread::scope(|scope| {
        let twin = till.twin();
        let call = scope.spawn(move || twin.redeem(&use_request("AUTO_LATE", "LATE-0001")));
        while sandbox.fired(slow) == 0 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        // What a defect, or a system that drops locks, would do: the owner counts as dead, and the row is taken over.
        db(&folder).execute("UPDATE requests SET owner = NULL", []).unwrap();
        let told = call.join().unwrap();
        assert_ne!(told.class(), 5, "{}", told.json);
    });
    // The change was noticed, and the answer was not written into a row that is somebody else's by now.
    assert_eq!(count(&folder, "requests WHERE state = 1"), 0);
    assert_eq!(till.pending()["requests"][0]["out_request_no"], "LATE-0001");
}

#[test]
fn another_merchant_or_path_is_refused_while_memory_has_open_requests() {
    let (sandbox, till) = shop();
    let folder = TempDir::new().unwrap();
    let fault = sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("use"));
    assert_eq!(till.redeem(&with_limit(use_request("AUTO_MEM", "MEMORY-0001"), 300)).class(), 4);
    sandbox.clear_fault(fault);
    let path = config_with(&sandbox, &json!({ "journal_path": folder.path().join("till.journal") }));
    let brand: Value =
        serde_json::from_str(&fs::read_to_string(sandbox.brand_config_path()).unwrap()).unwrap();
    for (config, field) in [(&path, "/journal_path"), (&brand, "/brand_id")] {
        let refused = till.update(config);
        assert_eq!((refused.name(), &refused.json["field"]), ("WXCOUPON_E_CONFIG", &json!(field)));
    }
    // Other keys, hosts and limits go on with the same journal.
    assert_eq!(till.update(&config_with(&sandbox, &json!({ "timeout_ms": 5000 }))).status, 0);
    assert_eq!(till.pending()["pending"], 1);
    assert_eq!(till.settle_all().status, 0);
    assert_eq!(till.update(&path).status, 0);
    assert_eq!(till.update(&brand).status, 0);
}

fn forget_everything_older_than_a_day(sandbox: &Sandbox, folder: &TempDir) -> Value {
    let mut config = journalled(sandbox, folder);
    config["journal_keep_days"] = json!(1);
    config
}

/// Rows are as old as WeChat Pay's time says, and no clock of this machine.
#[test]
fn what_is_old_by_proven_time_is_forgotten_in_steps_and_the_file_gets_smaller() {
    const DAY_S: i64 = 24 * 60 * 60;
    let sandbox = sandbox();
    let folder = TempDir::new().unwrap();
    let config = forget_everything_older_than_a_day(&sandbox, &folder);
    let till = Till::new(&config);
    assert_eq!(till.redeem(&use_request("AUTO_OLD", "OLD-0001")).status, 0);
    drop(till);
    let many = 3000;
    let file = db(&folder);
    file.execute_batch(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many}) \
         INSERT INTO requests (merchant, number, operation, method, target, body, members, created_ms, state, called_off, \
             code, cause, attempts, updated_ms, tried_ms, sent, signed_s, verdict_row, answer, course, generation, digest) \
         SELECT merchant, 'OLD-M' || i, operation, method, target, body, members, created_ms, state, called_off, \
             code, cause, attempts, updated_ms, tried_ms, sent, signed_s, verdict_row, answer, course, generation, digest \
         FROM requests, n WHERE number = 'OLD-0001'; PRAGMA wal_checkpoint(TRUNCATE)"
    ))
    .unwrap();
    let large = fs::metadata(folder.path().join("till.journal")).unwrap().len();
    let proven: i64 =
        file.query_row("SELECT value FROM facts WHERE name = 'proven_s'", [], |row| row.get(0)).unwrap();
    drop(file);
    // By proven time they are young, whatever the clock of this machine says.
    drop(Till::new(&config));
    assert_eq!(count(&folder, "requests"), many + 1);
    db(&folder).execute("UPDATE facts SET value = ?1 WHERE name = 'proven_s'", [proven + 2 * DAY_S]).unwrap();
    // Making a context forgets but a few of them, for somebody waits; the self-check has time.
    let till = Till::new(&config);
    let left = count(&folder, "requests");
    assert!(left > many / 2 && left < many, "{left}");
    till.check();
    drop(till);
    assert_eq!(count(&folder, "requests"), 0);
    db(&folder).execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let small = fs::metadata(folder.path().join("till.journal")).unwrap().len();
    assert!(small < large / 4, "{small} bytes of {large}");
}

#[test]
fn without_a_proven_time_nothing_is_forgotten() {
    let sandbox = sandbox();
    let folder = TempDir::new().unwrap();
    let config = forget_everything_older_than_a_day(&sandbox, &folder);
    let till = Till::new(&config);
    assert_eq!(till.redeem(&use_request("AUTO_KEPT", "KEPT-0001")).status, 0);
    drop(till);
    db(&folder)
        .execute_batch(
            "DELETE FROM facts WHERE name = 'proven_s'; UPDATE requests SET created_ms = 0, updated_ms = 0",
        )
        .unwrap();
    Till::new(&config).check();
    assert_eq!(count(&folder, "requests"), 1);
}

#[test]
fn certificates_are_kept_where_the_journal_was_when_the_context_was_made() {
    let sandbox = Sandbox::start(Options { sign_with: SignWith::Certificate, ..Options::default() }).unwrap();
    let folder = TempDir::new().unwrap();
    let mut config = journalled(&sandbox, &folder);
    for name in ["wechatpay_public_key_id", "wechatpay_public_key_path"] {
        config.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(Till::new(&config).redeem(&use_request("AUTO_CERT", "CERT-0001")).status, 0);
    assert!(Path::new(&folder.path().join("till.journal.1900000001.certificates")).exists());
}
