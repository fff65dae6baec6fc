//! A first attempt whose answer was lost, and repeats that are refused: no row stays open for ever, and none
//! holds up the others.

use crate::till::{Till, config_with, sandbox, use_request};
use serde_json::{Value, json};
use tempfile::TempDir;
use wxcoupon::journal::Row;
use wxcoupon::journal::sqlite::Sqlite;
use wxcoupon::journal::store::{Durability, Store, Transaction};
use wxcoupon_sandbox::{Fault, FaultKind, Sandbox};

struct Shop {
    sandbox: Sandbox,
    till: Till,
    folder: TempDir,
}

impl Shop {
    fn open() -> Shop {
        let (sandbox, folder) = (sandbox(), TempDir::new().unwrap());
        let till =
            Till::new(&config_with(&sandbox, &json!({ "journal_path": folder.path().join("till.db") })));
        Shop { sandbox, till, folder }
    }

    /// Leaves a redemption in doubt that did not reach anybody.
    fn lose(&self, coupon: &str, number: &str) {
        let fault = self.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("use"));
        let mut request = use_request(coupon, number);
        request["_options"] = json!({ "timeout_ms": 400 });
        assert_eq!(self.till.redeem(&request).class(), 4);
        assert!(self.sandbox.clear_fault(fault));
    }

    fn signed_at(&self, number: &str) -> i64 {
        let db = rusqlite::Connection::open(self.folder.path().join("till.db")).unwrap();
        db.query_row("SELECT signed_s FROM requests WHERE number = ?1", [number], |row| row.get(0)).unwrap()
    }

    /// Six minutes later.
    fn let_time_pass(&self) {
        let file = Sqlite::open(&self.folder.path().join("till.db")).unwrap();
        let merchant = self.sandbox.config()["mchid"].as_str().unwrap().to_owned();
        let age = move |rows: &mut dyn Transaction| {
            for row in rows.open(&merchant)? {
                let held = row.lease.clone();
                assert!(rows.replace(&Row { signed_s: 1, ..row }, &held)?);
            }
            Ok(())
        };
        file.transact(Durability::Flushed, Box::new(age)).unwrap();
    }

    fn settle(&self, number: &str) -> Value {
        self.till.settle(&json!({ "out_request_no": number })).json
    }
}

#[test]
fn rows_that_cannot_be_settled_yet_hold_up_no_other() {
    let shop = Shop::open();
    for count in 0..4 {
        shop.lose(&format!("NO_SUCH_COUPON_{count}"), &format!("LATER-STUCK-{count}"));
    }
    shop.lose("AUTO_BEHIND", "LATER-BEHIND");
    let settled = shop.till.settle_all();
    assert_eq!(settled.class(), 4, "four are still open: {}", settled.json);
    assert_eq!(shop.till.pending()["pending"], 4);
    assert_eq!(shop.sandbox.ledger().len(), 1, "the fifth is redeemed");
    assert_eq!(shop.settle("LATER-BEHIND")["status"], 0);
}

#[test]
fn a_coupon_that_does_not_exist_is_refused_once_no_copy_can_arrive() {
    let shop = Shop::open();
    shop.lose("NO_SUCH_COUPON", "LATER-ABSENT");
    assert_eq!(shop.settle("LATER-ABSENT")["class"], 4, "a copy may still be on its way");
    shop.let_time_pass();
    assert_eq!(shop.settle("LATER-ABSENT")["name"], "WXCOUPON_E_NOT_FOUND");
    assert_eq!(shop.till.pending()["pending"], 0);
}

#[test]
fn a_coupon_that_does_not_exist_can_be_called_off() {
    let shop = Shop::open();
    shop.lose("NO_SUCH_COUPON", "LATER-VOID");
    let off = json!({ "out_request_no": "LATER-VOID", "aim": "void" });
    assert_eq!(shop.till.settle(&off).json["data"]["state"], "watching");
    shop.let_time_pass();
    assert_eq!(shop.till.settle(&off).json["data"]["state"], "voided");
}

/// Only an attempt without an answer can arrive late.
#[test]
fn a_refused_repeat_does_not_begin_the_wait_anew() {
    let shop = Shop::open();
    shop.lose("AUTO_WAIT", "LATER-WAIT");
    let first = shop.signed_at("LATER-WAIT");
    let refusal = FaultKind::Refusal { status: 403, code: "NO_AUTH".into(), sub_code: 268_579_803 };
    let fault = shop.sandbox.inject(Fault::new(refusal).on("use"));
    for _ in 0..2 {
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert_eq!(shop.settle("LATER-WAIT")["class"], 4);
        assert_eq!(shop.signed_at("LATER-WAIT"), first);
    }
    shop.let_time_pass();
    assert_eq!(shop.settle("LATER-WAIT")["name"], "WXCOUPON_E_NO_PERMISSION");
    assert!(shop.sandbox.clear_fault(fault) && shop.sandbox.ledger().is_empty());
}

#[test]
fn a_raw_request_is_refused_once_no_copy_can_arrive() {
    let shop = Shop::open();
    let target = "/v3/marketing/partner/product-coupon/product-coupons/1000000013/deactivate";
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("deactivate_product_coupon"));
    let body = json!({
        "out_request_no": "LATER-RAW", "brand_id": "120344", "_options": { "timeout_ms": 400 },
    });
    assert_eq!(shop.till.request("POST", target, Some(&body)).class(), 4);
    assert!(shop.sandbox.clear_fault(lost));
    assert_eq!(shop.settle("LATER-RAW")["class"], 4);
    shop.let_time_pass();
    assert_eq!(shop.settle("LATER-RAW")["class"], 5, "its reason is missing");
    assert_eq!(shop.till.pending()["pending"], 0);
}

/// There is nothing to settle, so the advice is another.
#[test]
fn doubt_about_a_request_without_a_number_says_what_to_do() {
    let shop = Shop::open();
    shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("set_notify_config"));
    let request =
        json!({ "notify_url": "https://pos.example.com/notify", "_options": { "timeout_ms": 400 } });
    let unsure = shop.till.ask("set_notify_config", &request);
    assert_eq!(unsure.class(), 4);
    assert!(unsure.json["hint"].as_str().unwrap().contains("has no number"), "{}", unsure.json);
    assert_eq!(shop.till.pending()["pending"], 0);
}

/// A token lives for five minutes: settling never answers an old one.
#[test]
fn a_token_is_asked_for_anew() {
    let shop = Shop::open();
    let request = json!({
        "openid": crate::till::OPENID, "product_coupon_id": crate::till::PRODUCT, "stock_id": crate::till::STOCK,
        "send_request_no": "LATER-TOKEN",
    });
    assert_eq!(shop.till.ask("pre_send", &request).status, 0);
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("pre_send"));
    let mut again = request.clone();
    again["_options"] = json!({ "timeout_ms": 400 });
    assert_eq!(shop.till.ask("pre_send", &again).class(), 4);
    assert_eq!(shop.till.pending()["pending"], 1);
    assert!(shop.sandbox.clear_fault(lost));
    let settled = shop.settle("LATER-TOKEN");
    assert_eq!((&settled["status"], settled.get("recorded")), (&json!(0), None), "{settled}");
}
