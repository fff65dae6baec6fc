//! A till that is killed while it forgets a user, or imports coupons.

use crate::process::Desk;
use crate::random::Random;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use testkit::till::{OPENID, Till, until, use_request};
use wxcoupon_sandbox::{Options, Sandbox};

const REDEMPTIONS: usize = 120;
const COUPONS: usize = 3000;

/// The role: forgets the user.
pub fn forget(desk: &Desk) {
    let till = Till::new(&desk.config());
    fs::write(desk.notes(), "begins").unwrap();
    assert_eq!(till.ask("forget_user", &json!({ "openid": OPENID })).status, 0);
}

/// The role: imports the coupons.
pub fn import(desk: &Desk) {
    let till = Till::new(&desk.config());
    fs::write(desk.notes(), "begins").unwrap();
    assert_eq!(till.ask("import_coupons", &json!({ "path": coupons(desk) })).status, 0);
}

fn coupons(desk: &Desk) -> PathBuf {
    desk.0.join("coupons.csv")
}

fn number(index: usize) -> String {
    format!("FORGET-{index:04}")
}

fn redemption(index: usize) -> Value {
    use_request(&format!("AUTO_F{index}"), &number(index))
}

/// A desk with a directory, and coupons of one user to import.
fn desk(sandbox: &Sandbox, folder: &Path) -> Desk {
    let mut config = sandbox.config();
    config["directory"] = json!(true);
    config["max_rate_per_s"] = json!(100_000);
    let desk = Desk::set_up(folder, &config);
    let mut text = String::from("coupon_code,stock_id,openid\n");
    for index in 0..COUPONS {
        let _ = writeln!(text, "C{index},1000000013001,{OPENID}");
    }
    fs::write(coupons(&desk), text).unwrap();
    desk
}

/// Starts the role, and kills it some time after it has begun.
fn killed(desk: &Desk, role: &str, after: Duration) {
    let _ = fs::remove_file(desk.notes());
    let mut process = desk.process(role, "", 0, 0).spawn().unwrap();
    until("the role begins", || desk.notes().exists());
    std::thread::sleep(after);
    let _ = process.kill();
    process.wait().unwrap();
}

fn line(till: &Till, name: &str) -> Value {
    let checked = till.check().json;
    checked["data"]["lines"].as_array().unwrap().iter().find(|line| line["name"] == name).unwrap().clone()
}

/// Rows of the journal that name the user.
fn held(desk: &Desk) -> usize {
    let db = Connection::open(desk.journal()).unwrap();
    let sql = "SELECT count(*) FROM requests WHERE instr(target || members || coalesce(body, ''), ?1)";
    let held: i64 = db.query_row(sql, [OPENID], |row| row.get(0)).unwrap();
    usize::try_from(held).unwrap()
}

#[test]
fn a_till_that_dies_while_it_forgets_a_user_goes_on_where_it_was() {
    let mut random = Random::for_test("forget");
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let desk = desk(&sandbox, folder.path());
    let till = Till::new(&desk.config());
    for index in 0..REDEMPTIONS {
        assert_eq!(till.redeem(&redemption(index)).status, 0);
    }
    assert_eq!(till.ask("import_coupons", &json!({ "path": coupons(&desk) })).status, 0);
    drop(till);
    let folder = desk.journal().parent().unwrap().to_owned();
    let files: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(&path).unwrap()))
        .collect();
    let mut partly = 0;
    for _ in 0..8 {
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        for (path, bytes) in &files {
            fs::write(path, bytes).unwrap();
        }
        killed(&desk, "forgets", Duration::from_millis(random.between(0, 120)));
        let left = held(&desk);
        partly += usize::from((1..REDEMPTIONS).contains(&left));
        let till = Till::new(&desk.config());
        for name in ["journal", "directory"] {
            assert_eq!(line(&till, name)["ok"], true, "{}", line(&till, name));
        }
        let sent = sandbox.stats().requests;
        for index in 0..REDEMPTIONS {
            let again = till.redeem(&redemption(index));
            assert_eq!((again.status, &again.json["recorded"]), (0, &json!(true)), "{}", again.json);
        }
        let told = till.ask("forget_user", &json!({ "openid": OPENID })).json;
        assert_eq!((&told["data"]["requests"], &told["data"]["open"]), (&json!(left), &json!([])), "{told}");
        let again = till.redeem(&redemption(0));
        assert_eq!((again.status, &again.json["recorded"]), (0, &json!(true)), "{}", again.json);
        assert_eq!(sandbox.stats().requests, sent, "nothing was sent");
        drop(till);
        assert_eq!(held(&desk), 0);
    }
    eprintln!("forget: killed in the middle {partly} times of 8");
    assert_eq!(sandbox.ledger().len(), REDEMPTIONS);
}

#[test]
fn a_till_that_dies_while_it_imports_leaves_a_directory_that_opens() {
    let mut random = Random::for_test("import");
    let sandbox = Sandbox::start(Options::default()).unwrap();
    for round in 0..8 {
        let folder = TempDir::new().unwrap();
        let desk = desk(&sandbox, folder.path());
        // With another till at work on the same files.
        let till = Till::new(&desk.config());
        killed(&desk, "imports", Duration::from_millis(random.between(0, 250)));
        let found = line(&till, "directory");
        assert_eq!(found["ok"], true, "{found}");
        let told = till.redeem(&use_request(&format!("AUTO_I{round}"), &format!("IMPORT-{round:03}")));
        assert_eq!(told.status, 0, "{}", told.json);
        let again = till.ask("import_coupons", &json!({ "path": coupons(&desk) }));
        assert_eq!(again.json["data"]["imported"], COUPONS, "{}", again.json);
        let found = line(&till, "directory")["found"].as_str().unwrap().to_owned();
        assert!(found.contains(&format!(": {COUPONS} coupons")), "each is there once: {found}");
    }
}

#[test]
fn a_fork_leaves_the_directory_to_the_parent() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let desk = desk(&sandbox, folder.path());
    crate::process::wait(
        &mut desk.process("forks with a directory", "", 0, 0).spawn().unwrap(),
        Duration::from_secs(120),
    );
    let till = Till::new(&desk.config());
    let found = line(&till, "directory");
    assert!(
        found["ok"] == true && found["found"].as_str().unwrap().contains(&format!(": {COUPONS} coupons")),
        "{found}"
    );
}

/// The role: forks in the middle of an import. The child may not use what it has a copy of.
pub fn fork(desk: &Desk) {
    let till = Till::new(&desk.config());
    let job = till.start("import_coupons", &json!({ "path": coupons(desk) })).unwrap();
    // SAFETY: the child ends by `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let refused = till.ask("import_coupons", &json!({ "path": coupons(desk) })).status == 1002;
        // SAFETY: ends the child without running what belongs to the parent.
        unsafe { libc::_exit(i32::from(!refused)) };
    }
    let mut status = 0;
    // SAFETY: waits for the child of this process.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(status, 0, "the child was not refused");
    let end = job.wait(60_000);
    assert_eq!(end.json["data"]["imported"], COUPONS, "{}", end.json);
}
