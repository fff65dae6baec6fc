//! Raw requests whose number is a member of another name: recorded, repeated and settled like any other.

use crate::evidence_shop::Shop;
use crate::till::{Answer, OPENID, PRODUCT, STOCK, Till, with_limit};
use serde_json::{Value, json};
use wxcoupon_sandbox::Effect::Sent;
use wxcoupon_sandbox::{Fault, FaultKind};

/// An interface whose number has a name of its own.
fn send(till: &Till, number: &str, attach: &str, limit_ms: u64) -> Answer {
    let mut body = with_limit(
        json!({
            "product_coupon_id": PRODUCT, "stock_id": STOCK, "appid": "wx233544546545989", "brand_id": "120344",
            "send_request_no": number, "attach": attach,
        }),
        limit_ms,
    );
    body["_options"]["request_no"] = json!("send_request_no");
    till.request("POST", &path(), Some(&body))
}

fn path() -> String {
    format!("/v3/marketing/partner/product-coupon/users/{OPENID}/coupons")
}

fn bodies(shop: &Shop) -> Vec<String> {
    let requests = shop.sandbox.requests().into_iter();
    requests.filter(|request| request.operation == "send").map(|request| request.body).collect()
}

#[test]
fn a_lost_answer_is_settled_by_the_same_bytes_after_a_restart() {
    let shop = Shop::open();
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("send"));
    let told = Shop::leave_in_doubt(|limit_ms| send(&shop.till, "RAW-NO-0001", "a", limit_ms));
    assert_eq!(told.json["out_request_no"], "RAW-NO-0001", "{}", told.json);
    assert!(shop.sandbox.clear_fault(lost));
    assert_eq!(shop.listed("RAW-NO-0001").as_deref(), Some("pending"));
    let restarted = shop.reopened(&json!({}));
    let settled = restarted.settle(&json!({ "out_request_no": "RAW-NO-0001" }));
    assert_eq!(settled.status, 0, "{}", settled.json);
    let bodies = bodies(&shop);
    assert!(bodies.len() > 1 && bodies.iter().all(|body| body == &bodies[0]), "{bodies:?}");
    assert!(!bodies[0].contains("_options"), "{}", bodies[0]);
    let ledger = shop.sandbox.ledger();
    assert_eq!(ledger.iter().map(|entry| entry.effect).collect::<Vec<_>>(), [Sent]);

    let again = send(&shop.till, "RAW-NO-0001", "a", 5000);
    assert_eq!((again.status, &again.json["recorded"]), (0, &json!(true)), "{}", again.json);
    let other = send(&shop.till, "RAW-NO-0001", "b", 5000);
    assert_eq!(other.name(), "WXCOUPON_E_REQUEST_NO_REUSED", "{}", other.json);
    assert_eq!(self::bodies(&shop).len(), bodies.len());
}

#[test]
fn the_number_lies_where_the_caller_says_or_nothing_is_sent() {
    let shop = Shop::open();
    for (request_no, body, field) in [
        (json!("no"), json!({ "other": "X-000001" }), "/no"),
        (json!("no"), json!({ "no": 7 }), "/no"),
        (json!("no"), json!({ "no": "" }), "/no"),
        (json!("no"), json!({ "no": "a\u{7}b" }), "/no"),
        (json!("/deep/no"), json!({ "deep": {} }), "/deep/no"),
        (json!(""), json!({}), "/_options/request_no"),
        (json!("/"), json!({}), "/_options/request_no"),
        (json!(1), json!({}), "/_options/request_no"),
    ] {
        let mut input: Value = body;
        input["_options"] = json!({ "request_no": request_no });
        let told = shop.till.request("POST", "/v3/anything", Some(&input));
        assert_eq!(
            (told.name(), &told.json["field"]),
            ("WXCOUPON_E_REQUEST", &json!(field)),
            "{input}: {}",
            told.json
        );
    }
    let options = json!({ "_options": { "request_no": "no" } });
    let get = shop.till.request("GET", "/v3/certificates", Some(&options));
    assert_eq!(get.name(), "WXCOUPON_E_REQUEST", "{}", get.json);
    let known = shop.till.ask("query", &json!({ "_options": { "request_no": "no" } }));
    assert_eq!(known.json["field"], "/_options/request_no", "{}", known.json);
    assert_eq!(shop.sandbox.requests().len(), 0);
}

#[test]
fn a_number_that_lies_deeper_is_found_again() {
    let shop = Shop::open();
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("unknown"));
    let body = |limit_ms: u64| json!({ "detail": { "no": "RAW-DEEP-01" }, "_options": { "request_no": "/detail/no", "timeout_ms": limit_ms } });
    Shop::leave_in_doubt(|limit_ms| shop.till.request("POST", "/v3/anything", Some(&body(limit_ms))));
    assert!(shop.sandbox.clear_fault(lost));
    // What is wrong with a repeat does not undo the doubt.
    let mut wrong = body(400);
    wrong["_options"]["timeout_ms"] = json!(400);
    wrong["detail"]["no"] = json!("RAW-DEEP-01");
    let told = shop.till.request("POST", "v3/anything", Some(&wrong));
    assert_eq!((told.name(), told.in_doubt), ("WXCOUPON_E_REQUEST", true), "{}", told.json);
    assert_eq!(shop.listed("RAW-DEEP-01").as_deref(), Some("pending"));
}
