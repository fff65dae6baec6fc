//! Requests outside of the table whose number the caller names: journal, repeats, doubt and settling.

use crate::evidence_shop::{Shop, assert_ended, assert_open};
use crate::till::{Answer, OPENID, PRODUCT, STOCK, Till};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wxcoupon_sandbox::{Fault, FaultKind};

const CREATE: &str = "/v3/marketing/partner/product-coupon/product-coupons";

fn send_path() -> String {
    format!("/v3/marketing/partner/product-coupon/users/{OPENID}/coupons")
}

/// A sending whose number this library would not look for by itself.
fn sending(number: &str) -> Value {
    json!({
        "product_coupon_id": PRODUCT, "stock_id": STOCK, "appid": "wx233544546545989", "brand_id": "120344",
        "send_request_no": number, "_options": { "request_no": "send_request_no" },
    })
}

fn send(till: &Till, request: &Value) -> Answer {
    till.request("POST", &send_path(), Some(request))
}

/// The same with a short limit, until it was sent.
fn leave_in_doubt(shop: &Shop, request: &Value) -> Answer {
    shop.leave_in_doubt(|limit_ms| {
        let mut request = request.clone();
        request["_options"]["timeout_ms"] = json!(limit_ms);
        send(&shop.till, &request)
    })
}

fn bodies(shop: &Shop) -> BTreeSet<String> {
    let sent = shop.sandbox.requests().into_iter();
    sent.filter(|request| request.operation == "send").map(|request| request.body).collect()
}

fn effects(shop: &Shop, number: &str) -> usize {
    shop.sandbox.ledger().iter().filter(|entry| entry.number == number).count()
}

#[test]
fn a_lost_answer_is_settled_by_the_same_bytes_under_the_named_number() {
    let shop = Shop::open();
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("send"));
    let told = leave_in_doubt(&shop, &sending("RAW-LOST-01"));
    assert_eq!(told.json["out_request_no"], "RAW-LOST-01", "{}", told.json);
    assert!(shop.sandbox.clear_fault(lost));
    let listed = &shop.till.pending()["requests"][0];
    assert_eq!((&listed["out_request_no"], &listed["operation"]), (&json!("RAW-LOST-01"), &json!("request")));
    let sent = shop.requests("send");
    assert_ended(&shop, &shop.settle("RAW-LOST-01"), "RAW-LOST-01", "WXCOUPON_OK");
    assert_eq!((shop.requests("send"), effects(&shop, "RAW-LOST-01")), (sent + 1, 1));
    let bodies = bodies(&shop);
    assert_eq!(bodies.len(), 1, "the recorded bytes are repeated: {bodies:?}");
    assert!(!bodies.iter().any(|body| body.contains("_options")), "{bodies:?}");
    let again = send(&shop.till, &sending("RAW-LOST-01"));
    assert_eq!((again.status, &again.json["recorded"]), (0, &json!(true)), "{}", again.json);
    assert_eq!(shop.requests("send"), sent + 1);
}

#[test]
fn a_till_that_starts_again_knows_the_number() {
    let shop = Shop::open();
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("send"));
    leave_in_doubt(&shop, &sending("RAW-AGAIN-1"));
    shop.till.close();
    assert!(shop.sandbox.clear_fault(lost));
    let till = shop.reopened(&json!({}));
    assert_eq!(till.pending()["requests"][0]["out_request_no"], "RAW-AGAIN-1");
    assert_eq!((till.settle_all().status, effects(&shop, "RAW-AGAIN-1")), (0, 1));
    assert_eq!(till.settle(&json!({ "out_request_no": "RAW-AGAIN-1" })).json["recorded"], true);
    assert_eq!(bodies(&shop).len(), 1);
}

#[test]
fn a_number_stands_for_one_request_whatever_its_member_is_called() {
    let shop = Shop::open();
    assert_eq!(send(&shop.till, &sending("RAW-ONE-001")).status, 0);
    let (sent, mut other) = (shop.sandbox.requests().len(), sending("RAW-ONE-001"));
    other["attach"] = json!("another content");
    let elsewhere = json!({ "out_refund_no": "RAW-ONE-001", "_options": { "request_no": "out_refund_no" } });
    let usual = json!({ "out_request_no": "RAW-ONE-001" });
    for (path, request) in
        [(&*send_path(), &other), ("/v3/refund/domestic/refunds", &elsewhere), (CREATE, &usual)]
    {
        let refused = shop.till.request("POST", path, Some(request));
        assert_eq!(refused.name(), "WXCOUPON_E_REQUEST_NO_REUSED", "{request}: {}", refused.json);
    }
    assert_eq!(shop.sandbox.requests().len(), sent, "nothing of it was sent");
}

#[test]
fn the_number_may_stand_deeper_and_beside_another() {
    let shop = Shop::open();
    let mut request = sending("RAW-DEEP-01");
    request["batch"] = json!({ "list": [{ "a/b": "RAW-DEEP-IN" }] });
    request["out_request_no"] = json!("RAW-NOT-THIS");
    request["_options"]["request_no"] = json!("/batch/list/0/a~1b");
    let done = send(&shop.till, &request);
    assert_eq!((done.status, &done.json["out_request_no"]), (0, &json!("RAW-DEEP-IN")), "{}", done.json);
    assert_eq!(shop.settle("RAW-DEEP-IN").status, 0);
    assert_eq!(shop.settle("RAW-NOT-THIS").name(), "WXCOUPON_E_REQUEST", "no number of this journal");
}

#[test]
fn without_a_name_nothing_is_written_down_or_repeated() {
    let shop = Shop::open();
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("send"));
    let mut request = sending("RAW-NONE-01");
    request["_options"] = json!({});
    let told = send(&shop.till, &request);
    assert_eq!((told.class(), &told.json["attempts"]), (4, &json!(1)), "{}", told.json);
    assert_eq!((shop.till.pending()["pending"].clone(), shop.requests("send")), (json!(0), 1));
    assert!(shop.sandbox.clear_fault(lost));
}

/// Had the first attempt taken effect, its repeat would have had the same answer. But "it exists" may be that effect.
#[test]
fn a_proven_refusal_ends_doubt_unless_it_says_that_the_number_exists() {
    let shop = Shop::open();
    for (number, code, ends) in [
        ("RAW-EXISTS-1", "RESOURCE_ALREADY_EXISTS", false),
        ("RAW-EXISTS-2", "ALREADY_EXISTS", false),
        ("RAW-EXISTS-3", "INVALID_REQUEST", true),
    ] {
        let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("send"));
        leave_in_doubt(&shop, &sending(number));
        assert!(shop.sandbox.clear_fault(lost));
        let refused = shop.refuse("send", 400, code, 0);
        assert_open(&shop, &shop.settle(number), number, "pending");
        shop.copies_die();
        let told = shop.settle(number);
        if ends {
            assert_ended(&shop, &told, number, "WXCOUPON_E_REFUSED");
        } else {
            assert_open(&shop, &told, number, "pending");
            assert_eq!(shop.abandon(number).status, 0);
        }
        assert!(shop.sandbox.clear_fault(refused));
    }
}

#[test]
fn what_is_wrong_about_the_number_is_told_and_says_whether_it_is_in_doubt() {
    let shop = Shop::open();
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("send"));
    leave_in_doubt(&shop, &sending("RAW-WRONG-1"));
    assert!(shop.sandbox.clear_fault(lost));
    let mut wrong = sending("RAW-WRONG-1");
    wrong["_options"]["timeout_ms"] = json!(0);
    let told = send(&shop.till, &wrong);
    assert_eq!((told.name(), told.in_doubt), ("WXCOUPON_E_REQUEST", true), "{}", told.json);
    let mut sealed = sending("RAW-WRONG-1");
    sealed["_options"]["encrypt"] = json!(["/send_request_no"]);
    let told = send(&shop.till, &sealed);
    assert_eq!((told.name(), &told.json["field"]), ("WXCOUPON_E_REQUEST", &json!("/_options/encrypt")));
    assert!(told.in_doubt, "{}", told.json);
}
