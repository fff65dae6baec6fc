//! Lists of the admin interface, coupons of any worth, and what a reset spares.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::desk::Desk;
use support::{Call, offers, sandbox};
use wxcoupon_sandbox::{Fault, FaultKind, OPENID, PAGES_OPENID, STOCK_ID, Worth};

fn codes(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|coupon| coupon["coupon_code"].as_str().unwrap()).collect()
}

#[test]
fn coupons_are_listed_and_filtered() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    let all = desk.get("/coupons");
    assert_eq!(codes(&all).len(), 46);
    assert!(codes(&all).is_sorted());
    assert_eq!(all[0], desk.get(&format!("/coupons/{}", codes(&all)[0])));
    assert_eq!(codes(&desk.get("/coupons?state=EXPIRED")), ["SBX_EXPIRED"]);
    assert_eq!(codes(&desk.get("/coupons?locked=true")), ["SBX_LOCKED"]);
    assert_eq!(codes(&desk.get("/coupons?use_request_no=OTHERTILL0001")), ["SBX_USED"]);
    assert_eq!(codes(&desk.get("/coupons?stock_id=1000000014002")), ["SBX_BUNDLE_2"]);
    let two = format!("/coupons?openid={OPENID}&state=EFFECTIVE&stock_id={STOCK_ID}");
    assert_eq!(codes(&desk.get(&two)).len(), 12);
    assert_eq!(codes(&desk.get("/coupons?state=CONFIRMING&locked=true")), Vec::<&str>::new());

    // Page by page, as the answers lead.
    let mut path = format!("/coupons?limit=10&openid={PAGES_OPENID}");
    let mut pages = Vec::new();
    loop {
        let got = desk.send(&Call::new("GET", &path));
        pages.push(codes(&got.json()).len());
        let Some(link) = got.header("link") else { break };
        path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
    }
    assert_eq!(pages, [10, 10, 5]);
}

#[test]
fn what_happened_is_filtered() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    desk.ok("POST", "/faults", &json!({ "kind": "status", "status": 503, "times": 1, "on": "query" }));
    assert_eq!(desk.till.send(&desk.till.query_request("SBX_USED")).unwrap().status, 503);
    let redeem = desk.till.use_request("SBX_EFFECTIVE_1", "NUMBER_1");
    desk.till.ok(&redeem);
    desk.till.ok(&redeem);
    desk.till.ok(&desk.till.return_request("SBX_EFFECTIVE_1", "RETURN_1"));
    desk.till.refused(&desk.till.use_request("SBX_USED", "NUMBER_2"), 272_756_745);
    let seqs = |path: &str| -> Vec<u64> {
        desk.get(path).as_array().unwrap().iter().map(|entry| entry["seq"].as_u64().unwrap()).collect()
    };
    for (query, expected) in [
        ("", vec![1, 2, 3, 4, 5]),
        ("after=2", vec![3, 4, 5]),
        ("after=1&limit=2", vec![2, 3]),
        ("operation=use", vec![2, 3, 5]),
        ("operation=use&took_effect=true", vec![2]),
        ("duplicate=true", vec![3]),
        ("http_status=503", vec![1]),
        ("fault=status", vec![1]),
        ("fault=&coupon_code=SBX_USED", vec![5]),
        ("number=RETURN_1", vec![4]),
        ("sub_code=272756745", vec![5]),
        ("host=1", vec![]),
        ("signature_ok=false", vec![]),
    ] {
        assert_eq!(seqs(&format!("/requests?{query}")), expected, "{query}");
    }
    assert_eq!(seqs("/ledger?effect=returned"), [2]);
    assert_eq!(seqs("/ledger?number=NUMBER_1&operation=use&coupon_code=SBX_EFFECTIVE_1"), [1]);
    assert_eq!(
        seqs("/notifications?state=delivered&mode=brand&event_type=PRODUCT_COUPON.SEND"),
        [] as [u64; 0]
    );
}

#[test]
fn what_nobody_knows_is_refused() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    for (path, named) in [
        ("/ledger?colour=red", "colour"),
        ("/ledger?after=-1", "after"),
        ("/ledger?after=1&after=2", "twice"),
        ("/ledger?operation=usee", "usee"),
        ("/ledger?effect=vanished", "vanished"),
        ("/requests?duplicate=yes", "true or false"),
        ("/requests?http_status=2xx", "whole number"),
        ("/requests?fault=fly", "fly"),
        ("/coupons?state=GONE", "GONE"),
        ("/coupons?state=effective", "EFFECTIVE"),
        ("/notifications?state=lost", "lost"),
        ("/stats?after=1", "after"),
        ("/coupons/SBX_USED?verbose", "verbose"),
        ("/faults?kind=hang", "none is"),
    ] {
        let message = desk.refused(400, "GET", path, &Value::Null);
        assert!(message.starts_with("query: ") && message.contains(named), "{path}: {message}");
    }
    desk.refused(400, "POST", "/reset?everything=true", &Value::Null);
    desk.refused(400, "POST", "/reset?all=1", &Value::Null);
    desk.refused(400, "DELETE", "/faults?id=1", &Value::Null);
}

#[test]
fn a_coupon_of_any_worth_is_made_and_redeemed() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    for (code, worth, pointer, terms) in [
        (
            "FIVE_OFF",
            json!({ "type": "NORMAL", "threshold": 5000, "discount_amount": 500 }),
            "/product_coupon/single_usage_info/normal_coupon",
            json!({ "threshold": 5000, "discount_amount": 500 }),
        ),
        (
            "HALF_OFF",
            json!({ "type": "DISCOUNT", "percent_off": 50 }),
            "/product_coupon/single_usage_info/discount_coupon",
            json!({ "threshold": 0, "percent_off": 50 }),
        ),
        (
            "FOR_NINE",
            json!({ "type": "EXCHANGE", "threshold": 2000, "exchange_price": 900 }),
            "/stock/single_usage_rule/exchange_coupon",
            json!({ "threshold": 2000, "exchange_price": 900 }),
        ),
    ] {
        let made = desk.ok("POST", "/coupons", &json!({ "coupon_code": code, "worth": worth }));
        assert_eq!(made["worth"]["type"], worth["type"]);
        let number = format!("USE_{code}");
        let ids = ["product_coupon_id", "stock_id"];
        let redeem = ids
            .iter()
            .fold(desk.till.use_request(code, &number), |call, id| call.with(id, made[*id].clone()));
        let redeemed = desk.till.ok(&redeem);
        assert_eq!(redeemed.pointer(pointer), Some(&terms), "{redeemed}");
        assert_eq!(redeemed["product_coupon"]["type"], worth["type"]);
        assert_eq!(redeemed["stock"]["stock_id"], made["stock_id"]);
        // The seeded stock is another one.
        desk.till.refused(&desk.till.query_request(code), 268_578_851);
    }
    let stock = |code: &str| sandbox.coupon(code).unwrap().stock_id;
    let again = json!({ "type": "DISCOUNT", "threshold": 0, "percent_off": 50 });
    desk.ok("POST", "/coupons", &json!({ "coupon_code": "HALF_OFF_2", "worth": again }));
    assert_eq!(stock("HALF_OFF"), stock("HALF_OFF_2"));
    // What is there already changes its worth, and nothing else.
    let seeded = desk.ok("POST", "/coupons", &json!({ "coupon_code": "SBX_LOCKED", "worth": again }));
    assert_eq!((&seeded["locked"], &seeded["stock_id"]), (&json!(true), &json!(stock("HALF_OFF"))));
    assert_eq!(
        sandbox.coupon("SBX_USED").unwrap().worth,
        Some(Worth::Discount { threshold: 10_000, percent_off: 20 })
    );
    for bad in [
        json!({ "type": "NORMAL" }),
        json!({ "type": "NORMAL", "discount_amount": 0 }),
        json!({ "type": "NORMAL", "percent_off": 5 }),
        json!({ "type": "DISCOUNT", "percent_off": 100 }),
        json!({ "type": "GIFT", "threshold": 1 }),
        json!({ "type": "DISCOUNT", "percent_off": 5, "colour": 1 }),
    ] {
        desk.refused(400, "POST", "/coupons", &json!({ "coupon_code": "BAD", "worth": bad }));
    }
    let both = json!({ "coupon_code": "BAD", "stock_id": STOCK_ID, "worth": { "type": "DISCOUNT", "percent_off": 5 } });
    desk.refused(400, "POST", "/coupons", &both);
    assert!(sandbox.coupon("BAD").is_none());
    assert!(
        sandbox.ledger().iter().all(|entry| entry.operation == "use"),
        "nobody but the tills did anything"
    );
}

#[test]
fn a_reset_spares_what_the_user_made() {
    let sandbox = sandbox();
    let desk = Desk::new(&sandbox);
    sandbox
        .inject_from_the_start(Fault::new(FaultKind::RateLimited { retry_after: None }).on("list").times(1));
    let worth = json!({ "type": "NORMAL", "discount_amount": 100 });
    desk.ok("POST", "/coupons", &json!({ "coupon_code": "MINE", "worth": worth }));
    desk.ok("POST", "/coupons", &json!({ "coupon_code": "MINE", "openid": PAGES_OPENID }));
    desk.ok("POST", "/coupons", &json!({ "coupon_code": "SBX_EFFECTIVE_9", "locked": true }));
    let offer =
        json!({ "type": "NORMAL", "threshold": 5000, "discount_amount": 1000, "coupon_code": "OFFERED" });
    desk.ok("POST", "/offers", &offer);
    // A coupon whose stock came over the API cannot be made again without it.
    let stock = offers::offer(&desk.till, "CREATE_1", "API_ASSIGN").stock;
    desk.ok("POST", "/coupons", &json!({ "coupon_code": "ORPHAN", "stock_id": stock }));
    // What the test did.
    desk.till.ok(&desk.till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"));
    desk.ok("POST", "/faults", &json!({ "kind": "hang", "on": "confirm" }));
    desk.ok("POST", "/clock", &json!({ "offset_s": 20 }));
    assert_eq!(desk.till.send(&offers::list("")).unwrap().status, 429);
    let mine = sandbox.coupon("MINE").unwrap();

    let told = desk.ok("POST", "/reset", &Value::Null);
    assert_eq!(told, json!({ "coupons": 2, "offers": 1, "faults": 1, "lost": ["ORPHAN"] }));
    let after = sandbox.coupon("MINE").unwrap();
    assert_eq!((after.worth, after.openid), (mine.worth, mine.openid));
    assert!(sandbox.coupon("SBX_EFFECTIVE_9").unwrap().locked && sandbox.coupon("OFFERED").is_some());
    assert!(sandbox.coupon("ORPHAN").is_none());
    assert_eq!(sandbox.coupon("SBX_EFFECTIVE_1").unwrap().times_used, 0);
    assert!(sandbox.requests().is_empty());
    assert!(sandbox.ledger().iter().all(|entry| entry.coupon_code != "SBX_EFFECTIVE_1"));
    let faults = desk.get("/faults");
    assert_eq!((faults.as_array().unwrap().len(), &faults[0]["fired"]), (1, &json!(0)));
    assert_eq!(desk.till.send(&offers::list("")).unwrap().status, 429, "armed anew");
    // Resetting twice loses nothing more.
    assert_eq!(desk.ok("POST", "/reset", &Value::Null)["coupons"], 2);

    assert_eq!(desk.ok("POST", "/reset?all=true", &Value::Null), json!({}));
    assert!(sandbox.coupon("MINE").is_none() && sandbox.coupon("OFFERED").is_none());
    assert!(!sandbox.coupon("SBX_EFFECTIVE_9").unwrap().locked);
    assert!(sandbox.faults().is_empty());
    assert_eq!(desk.ok("POST", "/reset", &Value::Null)["coupons"], 0, "nothing is remembered");
}
