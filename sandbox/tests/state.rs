//! The state file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::desk::Desk;
use support::offers::{self, bundle_product_body, code, offer, offer_of};
use support::{Till, unix};
use wxcoupon_sandbox::{Error, Options, Sandbox};

/// A file that goes away with the test.
struct StateFile(PathBuf);

impl StateFile {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sandbox-state-{}-{name}", std::process::id()));
        let _ = fs::remove_file(&path);
        Self(path)
    }

    fn start(&self) -> Result<Sandbox, Error> {
        Sandbox::start(Options { state: Some(self.0.clone()), ..Options::default() })
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn everything_outlives_a_restart() {
    let file = StateFile::new("restart");
    let sandbox = file.start().unwrap();
    let till = Till::new(&sandbox);
    let single = offer(&till, "CREATE_1", "UPLOAD");
    let codes = format!("{}/upload-coupon-codes", single.stock_path());
    till.ok(&offers::manage("POST", &codes, "UPLOAD_1", json!({ "code_list": ["Up_1", "Up_2"] })));
    let coupon = code(&till.ok(&single.send("SEND_01")));
    till.ok(&single.on_coupon(&coupon, "confirm", "CONFIRM_1"));
    till.ok(&single.use_call(&coupon, "USE_0001"));
    till.ok(&till.use_request("AUTO_1", "USE_AUTO"));
    let rungs = offer_of(&till, &bundle_product_body("CREATE_2"));
    let sent = till.ok(&rungs[0].bundle_send("SEND_02"));
    let rung = code(&sent["user_product_coupon_list"][0]);
    till.ok(&rungs[0].on_coupon(&rung, "confirm", "CONFIRM_2"));
    till.ok(&rungs[0].use_call(&rung, "USE_0002"));
    let token = till.ok(&single.pre_send("PRESEND_1"))["token"].clone();
    let before = (till.ok(&single.query(&coupon)), till.ok(&rungs[0].query(&rung)), sandbox.ledger());
    drop(sandbox);

    let sandbox = file.start().unwrap();
    let till = Till::new(&sandbox);
    assert_eq!((till.ok(&single.query(&coupon)), till.ok(&rungs[0].query(&rung)), sandbox.ledger()), before);
    // Repetitions are known, numbers stay bound, codes stay drawn, rungs stay used.
    till.ok(&single.use_call(&coupon, "USE_0001"));
    till.ok(&till.use_request("AUTO_1", "USE_AUTO"));
    till.refused(&till.use_request("AUTO_2", "USE_AUTO"), 268_578_927);
    assert_eq!(code(&till.ok(&single.send("SEND_01"))), coupon);
    assert_eq!(
        till.ok(&rungs[0].bundle_send("SEND_02"))["user_coupon_bundle_id"],
        sent["user_coupon_bundle_id"]
    );
    assert_eq!(sandbox.ledger(), before.2);
    assert_eq!(sandbox.claim(token.as_str().unwrap()).unwrap(), ["Up_2"]);
    let second = code(&sent["user_product_coupon_list"][1]);
    till.ok(&rungs[1].on_coupon(&second, "confirm", "CONFIRM_3"));
    till.ok(&rungs[1].use_call(&second, "USE_0003"));
    // Reset means the file as well.
    sandbox.reset();
    drop(sandbox);
    let sandbox = file.start().unwrap();
    assert!(sandbox.ledger().is_empty() && sandbox.coupon(&coupon).is_none());
    assert!(sandbox.coupon("SBX_EFFECTIVE_1").is_some());
}

#[test]
fn what_was_made_and_told_before_a_restart_outlives_a_reset() {
    let file = StateFile::new("made");
    let sandbox = file.start().unwrap();
    let desk = Desk::new(&sandbox);
    desk.ok("POST", "/coupons", &json!({ "coupon_code": "MINE_1", "locked": true }));
    desk.ok(
        "POST",
        "/offers",
        &json!({ "type": "NORMAL", "discount_amount": 100, "coupon_code": "OFFER_1" }),
    );
    desk.till.ok(&desk.till.use_request("SBX_EFFECTIVE_1", "USE_0001"));
    desk.ok("POST", "/told", &json!([{ "number": "USE_0001", "told": "not_done", "till": "3" }, { "number": "USE_0002", "told": "done" }]));
    let truth = desk.get("/truth");
    assert_eq!(truth["counts"]["differs"], 2, "{truth:#}");
    drop(sandbox);

    let sandbox = file.start().unwrap();
    let desk = Desk::new(&sandbox);
    assert_eq!(desk.get("/truth"), truth);
    let done = desk.ok("POST", "/reset", &json!({}));
    assert_eq!((&done["coupons"], &done["offers"], &done["lost"]), (&json!(1), &json!(1), &json!([])));
    assert!(sandbox.coupon("MINE_1").unwrap().locked && sandbox.coupon("OFFER_1").is_some());
    assert_eq!(desk.get("/truth")["counts"]["differs"], 0);
    drop(sandbox);
    let sandbox = file.start().unwrap();
    assert!(sandbox.coupon("MINE_1").is_some());
    // A file of before has nothing of this.
    drop(sandbox);
    let mut state: Value = serde_json::from_slice(&fs::read(&file.0).unwrap()).unwrap();
    state.as_object_mut().unwrap().remove("made").unwrap();
    fs::write(&file.0, state.to_string()).unwrap();
    file.start().unwrap();
    state["made"] = json!({ "colour": 1 });
    fs::write(&file.0, state.to_string()).unwrap();
    assert!(matches!(file.start().unwrap_err(), Error::State { .. }));
}

#[test]
fn changes_are_in_the_file_within_seconds() {
    let file = StateFile::new("seconds");
    let sandbox = file.start().unwrap();
    let till = Till::new(&sandbox);
    till.ok(&till.use_request("SBX_EFFECTIVE_1", "USE_0001"));
    let until = Instant::now() + Duration::from_secs(20);
    while !fs::read_to_string(&file.0).unwrap().contains("USE_0001") {
        assert!(Instant::now() < until);
        sleep(Duration::from_millis(50));
    }
    let state: Value = serde_json::from_slice(&fs::read(&file.0).unwrap()).unwrap();
    assert_eq!(state["world"]["ledger"][0]["operation"], "use");
    let at = state["world"]["ledger"][0]["at_ms"].as_i64().unwrap() / 1000;
    assert!((at - unix()).abs() < 60);
}

#[test]
fn what_is_saved_amid_traffic_fits_together() {
    let file = StateFile::new("traffic");
    let sandbox = file.start().unwrap();
    let till = Till::new(&sandbox);
    let ends = Instant::now() + Duration::from_millis(2500);
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let till = &till;
            scope.spawn(move || {
                let mut line = till.connect(&till.urls[0]).unwrap();
                for number in 0.. {
                    if Instant::now() > ends {
                        return;
                    }
                    let call = till
                        .use_request(&format!("AUTO_{thread}_{number}"), &format!("USE_{thread}_{number}"));
                    assert_eq!(line.exchange(till, &call).unwrap().status, 200);
                }
            });
        }
        let mut looks = 0;
        while Instant::now() < ends {
            sleep(Duration::from_millis(300));
            let state: Value = serde_json::from_slice(&fs::read(&file.0).unwrap()).unwrap();
            let world = &state["world"];
            let list = |name: &str| world[name].as_array().unwrap().clone();
            let used = list("coupons")
                .iter()
                .filter(|entry| entry[0].as_str().unwrap().starts_with("AUTO_"))
                .filter(|entry| entry[1]["history"].as_array().unwrap().len() == 1)
                .count();
            // The seeded coupons bring one number.
            assert_eq!((list("ledger").len(), list("numbers").len()), (used, used + 1));
            looks += usize::from(used > 0);
        }
        assert!(looks > 0);
    });
    let done = sandbox.ledger().len();
    drop(sandbox);
    assert_eq!(file.start().unwrap().ledger().len(), done);
}

#[test]
fn a_damaged_file_is_an_error_and_stays_as_it_is() {
    let file = StateFile::new("damaged");
    drop(file.start().unwrap());
    let whole = fs::read(&file.0).unwrap();
    let newer = String::from_utf8(whole.clone()).unwrap().replacen("_state\":1", "_state\":2", 1);
    for damaged in [&whole[..whole.len() / 2], b"", b"{}", newer.as_bytes()] {
        fs::write(&file.0, damaged).unwrap();
        let error = file.start().unwrap_err();
        assert!(matches!(error, Error::State { .. }), "{error}");
        assert!(error.to_string().contains("not a usable state file"), "{error}");
        assert_eq!(fs::read(&file.0).unwrap(), damaged);
    }
    fs::write(&file.0, &whole).unwrap();
    file.start().unwrap();
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_at_the_start() {
    let options = Options { state: Some("/no/such/folder/state.json".into()), ..Options::default() };
    assert!(matches!(Sandbox::start(options), Err(Error::File { .. })));
}
