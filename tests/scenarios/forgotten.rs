//! A user who is forgotten, and the numbers of the user's requests.

use crate::busifavor::by_code;
use crate::directory::Shop;
use crate::till::{OPENID, Till, use_request, with_limit};
use serde_json::{Value, json};
use wxcoupon_sandbox::{BUSIFAVOR_STOCK_IDS, Fault, FaultKind};

const OTHER: &str = "oSandboxUser0000000000000002";

fn forget(till: &Till, openid: &str) -> Value {
    let told = till.ask("forget_user", &json!({ "openid": openid }));
    assert_eq!((told.status, told.json["operation"].as_str()), (0, Some("forget_user")), "{}", told.json);
    told.json["data"].clone()
}

/// How often the openid stands in rows of the journal.
fn held(shop: &Shop) -> i64 {
    let db = rusqlite::Connection::open(shop.journal()).unwrap();
    let sql = "SELECT count(*) FROM requests WHERE instr(target || coalesce(body, '') || members || coalesce(answer, ''), ?1)";
    db.query_row(sql, [OPENID], |row| row.get(0)).unwrap()
}

fn of(mut request: Value, openid: &str) -> Value {
    request["openid"] = json!(openid);
    request
}

#[test]
fn a_repeat_is_answered_from_the_record_and_nothing_is_sent() {
    let shop = Shop::new();
    let till = shop.till();
    let request = use_request("AUTO_FORGET", "FORGET-01");
    let first = till.redeem(&request);
    assert_eq!(first.status, 0, "{}", first.json);
    till.redeem(&of(use_request("AUTO_KEEP", "FORGET-02"), OTHER));
    let told = forget(&till, OPENID);
    assert_eq!((&told["requests"], &told["open"]), (&json!(1), &json!([])), "{told}");
    assert_eq!(held(&shop), 0);
    let sent = shop.sandbox.stats().requests;
    let again = till.redeem(&request);
    assert_eq!((again.status, &again.json["recorded"]), (0, &json!(true)), "{}", again.json);
    assert_eq!(again.json["data"], first.json["data"]);
    for other in [of(request.clone(), OTHER), use_request("AUTO_OTHER", "FORGET-01")] {
        let refused = till.redeem(&other);
        assert_eq!(
            (refused.name(), refused.in_doubt),
            ("WXCOUPON_E_REQUEST_NO_REUSED", false),
            "{}",
            refused.json
        );
    }
    let settled = till.settle(&json!({ "out_request_no": "FORGET-01" }));
    assert_eq!((settled.status, &settled.json["recorded"]), (0, &json!(true)), "{}", settled.json);
    let void = till.settle(&json!({ "out_request_no": "FORGET-01", "aim": "void" }));
    assert_eq!((void.name(), &void.json["field"]), ("WXCOUPON_E_REQUEST", &json!("/aim")), "{}", void.json);
    assert_eq!(till.settle_all().status, 0);
    assert_eq!(shop.sandbox.stats().requests, sent, "nothing was sent");
    // Another process, and a configuration that sends successes again.
    drop(till);
    let mut config = shop.config();
    config["journal_replays"] = json!(false);
    let till = Till::new(&config);
    let again = till.redeem(&request);
    assert_eq!((again.status, &again.json["recorded"]), (0, &json!(true)), "{}", again.json);
    assert_eq!(shop.sandbox.stats().requests, sent);
    assert_eq!(till.redeem(&of(use_request("AUTO_KEEP", "FORGET-02"), OTHER)).status, 0, "another user's");
    let journal = till.check().json["data"]["lines"].as_array().unwrap().clone();
    assert!(journal.iter().any(|line| line["name"] == "journal" && line["ok"] == true), "{journal:?}");
}

#[test]
fn what_is_open_is_listed_and_forgotten_once_it_is_settled() {
    let shop = Shop::new();
    let till = shop.till();
    let fault = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("use"));
    let request = with_limit(use_request("AUTO_OPEN", "FORGET-11"), 900);
    assert_eq!(till.redeem(&request).class(), 4);
    shop.sandbox.clear_fault(fault);
    let told = forget(&till, OPENID);
    let open = &told["open"][0];
    assert_eq!((&told["requests"], &open["out_request_no"]), (&json!(0), &json!("FORGET-11")), "{told}");
    assert_eq!((&open["operation"], &open["state"]), (&json!("use"), &json!("pending")));
    assert!(open["reason"].as_str().unwrap().contains("settle it"), "{told}");
    assert!(!told.to_string().contains(OPENID));
    assert_eq!(till.settle_all().status, 0, "it kept what settling needs");
    assert_eq!(forget(&till, OPENID), json!({ "coupons": 0, "requests": 1, "open": [] }));
    assert_eq!(till.redeem(&request).status, 0);
    assert_eq!((shop.sandbox.ledger().len(), held(&shop)), (1, 0));
}

#[test]
fn a_redemption_that_was_returned_stays_told_as_that() {
    let shop = Shop::new();
    let till = shop.till();
    let request = use_request("AUTO_RETURNED", "FORGET-21");
    assert_eq!(till.redeem(&request).status, 0);
    let mut back = use_request("AUTO_RETURNED", "FORGET-22");
    for name in ["use_time", "associated_order_info"] {
        back.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(till.give_back(&back).status, 0);
    let before = till.redeem(&request);
    assert_eq!(forget(&till, OPENID)["requests"], 2);
    let after = till.redeem(&request);
    assert_eq!((after.name(), after.name()), (before.name(), "WXCOUPON_E_COUPON_STATE"), "{}", after.json);
    assert_eq!(till.give_back(&back).json["recorded"], true);
}

/// Of both families: a redemption, and what returns its coupon.
fn redeemed_and_returned() -> [[(&'static str, Value); 2]; 2] {
    let mut back = use_request("AUTO_BACK", "FORGET-42");
    for name in ["use_time", "associated_order_info"] {
        back.as_object_mut().unwrap().remove(name);
    }
    let busifavor_back = json!({
        "coupon_code": "AUTO_BACK", "stock_id": BUSIFAVOR_STOCK_IDS[0], "return_request_no": "FORGET-42",
    });
    [
        [("use", use_request("AUTO_BACK", "FORGET-41")), ("return", back)],
        [("busifavor_use", by_code("AUTO_BACK", "FORGET-41")), ("busifavor_return", busifavor_back)],
    ]
}

#[test]
fn a_redemption_is_kept_as_long_as_only_its_coupon_can_say_whether_it_stands() {
    for [redemption, back] in redeemed_and_returned() {
        let (shop, operation) = (Shop::new(), redemption.0);
        let till = shop.till();
        for (operation, request) in [&redemption, &back] {
            let told = till.ask(operation, request);
            assert_eq!(told.status, 0, "{operation}: {}", told.json);
        }
        let file = rusqlite::Connection::open(shop.journal()).unwrap();
        let damaged = file.execute("UPDATE requests SET cause = 'forged' WHERE number = 'FORGET-42'", []);
        assert_eq!(damaged.unwrap(), 1);
        let told = forget(&till, OPENID);
        let open = told["open"].as_array().unwrap();
        let row =
            open.iter().find(|row| row["out_request_no"] == "FORGET-41").unwrap_or_else(|| panic!("{told}"));
        assert_eq!((&row["operation"], &row["state"]), (&json!(operation), &json!("finished")), "{told}");
        assert!(row["reason"].as_str().unwrap().starts_with("a return of its coupon is damaged"), "{told}");
        assert_eq!(told["requests"], 0, "{told}");
        // What only the coupon can say is asked with the openid that was kept.
        let asked = till.ask(operation, &redemption.1);
        assert_eq!(asked.name(), "WXCOUPON_E_COUPON_STATE", "{operation}: {}", asked.json);
        let abandoned =
            json!({ "out_request_no": "FORGET-42", "aim": "abandon", "note": "Li: it was returned" });
        assert_eq!(till.settle(&abandoned).status, 0);
        let told = forget(&till, OPENID);
        assert_eq!((&told["open"], held(&shop)), (&json!([]), 0), "{operation}: {told}");
    }
}

#[test]
fn a_directory_loses_the_user_too() {
    let shop = Shop::new();
    let till = shop.till();
    let path = shop.folder.path().join("coupons.csv");
    let rows = format!("coupon_code,stock_id,openid\nA,1,{OPENID}\nB,1,{OPENID}\nC,1,{OTHER}\n");
    std::fs::write(&path, rows).unwrap();
    assert_eq!(till.ask("import_coupons", &json!({ "path": path })).status, 0);
    assert_eq!(forget(&till, OPENID)["coupons"], 2);
    assert_eq!(["A", "B", "C"].map(|code| shop.known(code).len()), [0, 0, 1]);
}

#[test]
fn an_openid_is_asked_for() {
    let (_sandbox, till) = crate::till::shop();
    for (request, field) in [
        (json!({}), "/openid"),
        (json!({ "openid": "" }), "/openid"),
        (json!({ "openid": 7 }), "/openid"),
        (json!({ "openid": "o1\n" }), "/openid"),
        (json!({ "openid": "o".repeat(129) }), "/openid"),
        (json!({ "openid": "o1", "unionid": "u1" }), "/unionid"),
    ] {
        let refused = till.ask("forget_user", &request);
        assert_eq!(
            (refused.name(), &refused.json["field"]),
            ("WXCOUPON_E_REQUEST", &json!(field)),
            "{request}"
        );
    }
    assert_eq!(till.redeem(&use_request("AUTO_MEMORY", "FORGET-31")).status, 0);
    assert_eq!(forget(&till, OPENID), json!({ "coupons": null, "requests": 1, "open": [] }));
    assert_eq!(till.redeem(&use_request("AUTO_MEMORY", "FORGET-31")).json["recorded"], true);
}
