//! What is open: listed, told, settled, called off, given up.

use crate::shop::{Shop, has_chinese, redemption, words};
use serde_json::{Value, json};
use testkit::till::{Till, until_asked, use_request};
use wxcoupon_sandbox::{CouponState, Fault, FaultId, FaultKind};

/// A redemption that took effect and whose answer was lost.
fn lose(shop: &Shop, code: &str, number: &str) -> FaultId {
    let fault = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenHang));
    let mut members = redemption(code, number);
    members.push("--timeout-ms=1500".into());
    members.push("--trace=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into());
    shop.run(&words(&members)).ends(4);
    fault
}

#[test]
fn doubt_is_listed_told_in_words_and_settled() {
    let shop = Shop::open();
    let fault = lose(&shop, "AUTO_DOUBT", "DOUBT-0001");
    let listed = shop.run(&["pending"]).ends(0);
    assert!(
        listed.out.contains("DOUBT-0001  use  pending") && listed.out.contains("1 pending"),
        "{listed:?}"
    );

    let told = shop.run(&["show", "DOUBT-0001"]).ends(0);
    let hosts = shop.config()["base_urls"].clone();
    let host = hosts[0].as_str().unwrap().trim_start_matches("https://").to_owned();
    for part in [
        "DOUBT-0001: use, recorded 20",
        &format!("{host}: no answer, judged WXCOUPON_E_ANSWER_TIMEOUT"),
        "pending: it may have taken effect: settle it",
        "in doubt since 20",
        "a delayed copy can arrive until 20",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ] {
        assert!(told.out.contains(part), "{part}: {told:?}");
    }
    let chinese = shop.run(&["show", "DOUBT-0001", "--lang=zh"]).ends(0);
    assert!(
        chinese.out.contains("可能已经生效：请查清") && chinese.out.contains("没有应答，判断"),
        "{chinese:?}"
    );

    shop.sandbox.clear_fault(fault);
    shop.run(&["settle", "DOUBT-0001"]).ends(0);
    let told = shop.run(&["show", "DOUBT-0001"]).ends(0);
    assert!(
        told.out.contains("done: it took effect") && told.out.contains("HTTP 200, Request-ID "),
        "{told:?}"
    );
    assert!(told.out.contains("proven at 20") && !has_chinese(&told.out), "{told:?}");
    assert!(shop.run(&["pending"]).ends(0).out.contains("Nothing is pending."));
    let json = shop.run(&["--json", "show", "DOUBT-0001"]).ends(0).json();
    assert_eq!(json["data"]["state"], "done");
    assert_eq!(json["data"]["course"].as_array().unwrap().last().unwrap()["name"], "WXCOUPON_OK");
}

#[test]
fn everything_is_settled_at_once() {
    let shop = Shop::open();
    for at in 0..3 {
        let fault = lose(&shop, &format!("AUTO_MANY{at}"), &format!("MANY-000{at}"));
        shop.sandbox.clear_fault(fault);
    }
    let settled = shop.run(&["settle"]).ends(0);
    assert!(settled.out.contains("3 settled.") && settled.out.contains("Nothing is pending."), "{settled:?}");
    assert_eq!(shop.sandbox.coupon("AUTO_MANY1").unwrap().state, CouponState::Used);
}

/// What still cannot be known is listed, and the exit status is its class.
#[test]
fn what_stays_in_doubt_is_told_by_the_exit_status() {
    let shop = Shop::open();
    lose(&shop, "AUTO_STAYS", "STAYS-0001");
    let told = shop.run(&["settle", "--timeout-ms", "3000"]).ends(4);
    assert!(told.out.contains("STAYS-0001  use  pending"), "{told:?}");
}

#[test]
fn a_sale_is_called_off() {
    let shop = Shop::open();
    let fault = lose(&shop, "AUTO_VOID", "VOID-00001");
    shop.sandbox.clear_fault(fault);
    let told = shop.run(&["settle", "VOID-00001", "--void"]).ends(0);
    assert!(told.out.contains("called off; state: voided"), "{told:?}");
    assert_eq!(shop.sandbox.coupon("AUTO_VOID").unwrap().state, CouponState::Effective);
    shop.run(&["settle", "--void"]).ends(1);
}

#[test]
fn a_person_gives_a_number_up_with_a_note() {
    let shop = Shop::open();
    lose(&shop, "AUTO_ABANDON", "ABAN-00001");
    let told = shop.run(&["abandon", "ABAN-00001", "--note", "Li Lei: customer was refunded"]).ends(0);
    assert!(told.out.contains("number ABAN-00001 is given up"), "{told:?}");
    let told = shop.run(&["show", "ABAN-00001"]).ends(0);
    assert!(
        told.out.contains("abandoned: a person gave it up") && told.out.contains("Li Lei: customer"),
        "{told:?}"
    );
    shop.run(&["settle", "ABAN-00001"]).ends(1);
    shop.run(&["show", "UNKNOWN-01"]).ends(1);
}

/// A watched or half-done calling off goes on with the same line, and its course is told.
#[test]
fn a_sale_that_was_called_off_tells_what_was_asked_and_returned() {
    let shop = Shop::open();
    let fault = lose(&shop, "AUTO_COURSE", "COURSE-001");
    shop.sandbox.clear_fault(fault);
    let told = shop.run(&["settle", "COURSE-001", "--void"]).ends(0);
    assert!(!told.out.contains("proven by a verified answer"), "{told:?}");
    let json = shop.run(&["--json", "show", "COURSE-001"]).ends(0).json();
    let back = json["data"]["return_request_no"].as_str().unwrap().to_owned();
    let told = shop.run(&["show", "COURSE-001"]).ends(0);
    for part in [&format!("returned by number {back}: done"), "voided: called off", "HTTP 200, Request-ID "] {
        assert!(told.out.contains(part), "{part}: {told:?}");
    }
    assert!(!told.out.contains("why") && !told.out.contains("in doubt since"), "{told:?}");
    let again = shop.run(&["settle", "COURSE-001"]).ends(0);
    assert!(again.out.contains("called off; state: voided"), "{again:?}");
}

/// Its first attempt was never recorded, so nobody knows whether it was made.
#[test]
fn a_process_that_was_killed_leaves_a_row_that_says_so() {
    let shop = Shop::open();
    shop.run(&words(&redemption("AUTO_BEFORE", "BEFORE-001"))).ends(0);
    let fault = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenHang));
    let asked = shop.sandbox.stats().requests;
    let mut process = shop.command();
    let members = redemption("AUTO_KILLED", "KILLED-001");
    let mut process = process.args(words(&members)).stdout(std::process::Stdio::null()).spawn().unwrap();
    until_asked(&shop.sandbox, asked + 1);
    assert!(shop.run(&["pending"]).ends(0).out.contains("a call is working on it"));
    process.kill().unwrap();
    process.wait().unwrap();
    shop.sandbox.clear_fault(fault);
    let killed = "not known whether it was sent";
    for arguments in [&["show", "KILLED-001"][..], &["pending"]] {
        let told = shop.run(arguments).ends(0);
        assert!(told.out.contains(killed) && !told.out.contains("WXCOUPON_"), "{told:?}");
    }
    let code = shop.run(&["bundle", "--qr", "KILLED-001"]).ends(0);
    assert!(code.out.contains("not known whether sent") && !code.out.contains("WXCOUPON_OK"), "{code:?}");
    shop.run(&["settle", "KILLED-001"]).ends(0);
    assert!(shop.run(&["show", "KILLED-001"]).ends(0).out.contains("done: it took effect"));
}

#[test]
fn an_offline_answer_is_not_called_proven() {
    let shop = Shop::open();
    let queried =
        shop.run(&[&["--json", "query"], &*words(&crate::shop::coupon("AUTO_QUOTED"))].concat()).ends(0);
    let told = shop.run_with(&["quote", "coupon:=-", "amount=30000"], &queried.out, &[]).ends(0);
    assert!(told.out.contains("done on this machine") && !told.out.contains("proven"), "{told:?}");
    // Refused here, and not by WeChat Pay.
    shop.run(&words(&redemption("AUTO_QUOTED", "QUOTED-001"))).ends(0);
    let reused = shop.run(&words(&redemption("AUTO_OTHER", "QUOTED-001")));
    assert!(
        reused.out.contains("E_REQUEST_NO_REUSED") && !reused.out.contains("WeChat Pay said no"),
        "{reused:?}"
    );
}

/// The till goes on while somebody settles beside it: its own row is left alone.
#[test]
fn the_rows_of_a_running_till_are_left_to_it() {
    let shop = Shop::open();
    let mut config = shop.config();
    config["journal_path"] = json!(shop.file("journal.db"));
    config["log_path"] = json!(shop.file("log"));
    let till = Till::new(&config);
    let fault = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenHang));
    let asked = shop.sandbox.stats().requests;
    let mut request = use_request("AUTO_RUNNING", "RUNNING-01");
    request["_options"] = json!({ "timeout_ms": 120_000 });
    let job = till.start("use", &request).unwrap();
    until_asked(&shop.sandbox, asked + 1);
    let told = shop.run(&["--json", "settle", "RUNNING-01"]).ends(6).json();
    assert_eq!(told["name"], "WXCOUPON_E_LOCKED");
    let told = shop.run(&["show", "RUNNING-01"]).ends(0);
    assert!(told.out.contains("a call is working on it at this moment"), "{told:?}");
    let before = shop.sandbox.stats().requests;
    let told = shop.run(&["settle"]).ends(4);
    assert!(told.out.contains("RUNNING-01"), "{told:?}");
    assert!(shop.sandbox.stats().requests - before <= 1, "only the till itself may have tried again");
    shop.sandbox.clear_fault(fault);
    assert_eq!(job.wait(120_000).status, 0);
    assert_eq!(shop.run(&["--json", "pending"]).ends(0).json()["data"]["pending"], Value::from(0));
}

/// An empty journal beside the right one would say that nothing is open.
#[test]
fn a_journal_that_is_not_there_is_not_made() {
    let shop = Shop::open();
    for arguments in
        [&["pending"][..], &["settle"], &["show", "X-000001"], &["abandon", "X-000001", "--note", "n"]]
    {
        let told = shop.run(arguments).ends(2);
        assert!(told.complaints.contains("there is no journal journal.db"), "{told:?}");
        assert!(!shop.file("journal.db").exists());
    }
    let shop = Shop::with(&json!({}));
    assert!(shop.run(&["pending"]).ends(2).complaints.contains("no journal_path"));
}
