//! What a brand has authorised, and its stores: asked at their own pace, kept for a day, and never in a redemption's way.

use crate::till::{Till, config_with, sandbox, use_request};
use serde_json::{Value, json};
use wxcoupon_sandbox::{Fault, FaultKind, Options, Rates, Sandbox, Store};

fn store(id: &str, reference: Option<&str>, state: &str) -> Store {
    serde_json::from_value(json!({ "store_id": id, "store_reference_id": reference, "store_state": state }))
        .unwrap()
}

fn asked(sandbox: &Sandbox, operation: &str) -> usize {
    sandbox.requests().iter().filter(|request| request.operation == operation).count()
}

fn find(till: &Till, reference: &str) -> crate::till::Answer {
    till.ask("find_store", &json!({ "store_reference_id": reference }))
}

#[test]
fn a_shops_own_number_becomes_a_store_id() {
    let sandbox = sandbox();
    for index in 0..450 {
        sandbox.put_store(store(&format!("60{index:04}"), Some(&format!("R-{index}")), "OPEN"));
    }
    sandbox.put_store(store("700001", Some("SHUT"), "CLOSED"));
    sandbox.put_store(store("700002", None, "OPEN"));
    let till = Till::new(&sandbox.config());
    let found = find(&till, "R-449");
    assert_eq!((found.status, &found.json["data"]["store_id"]), (0, &json!("600449")), "{}", found.json);
    assert_eq!(asked(&sandbox, "list_brand_stores"), 3, "454 stores, 200 a page");
    let shut = find(&till, "SHUT");
    assert_eq!(
        (&shut.json["data"]["is_open"], &shut.json["data"]["store_state"]),
        (&json!(false), &json!("CLOSED"))
    );
    assert_eq!(asked(&sandbox, "list_brand_stores"), 3, "kept for a day");

    let unknown = find(&till, "R-450");
    assert_eq!(unknown.name(), "WXCOUPON_E_NOT_FOUND", "{}", unknown.json);
    sandbox.put_store(store("700003", Some("R-450"), "OPEN"));
    assert_eq!(find(&till, "R-450").name(), "WXCOUPON_E_NOT_FOUND", "a list of this minute");
    let fresh = till.ask("find_store", &json!({ "store_reference_id": "R-450", "fresh": true }));
    assert_eq!(fresh.json["data"]["store_id"], "700003", "{}", fresh.json);

    sandbox.put_store(store("700004", Some("R-1"), "OPEN"));
    let twice = till.ask("find_store", &json!({ "store_reference_id": "R-1", "fresh": true }));
    assert_eq!(twice.class(), 5, "{}", twice.json);
    let message = twice.json["message"].as_str().unwrap();
    assert!(message.contains("600001") && message.contains("700004"), "{message}");
}

#[test]
fn a_page_that_cannot_be_had_is_no_answer() {
    let sandbox = sandbox();
    let till = Till::new(&config_with(&sandbox, &json!({ "timeout_ms": 1500 })));
    let broken = sandbox
        .inject(Fault::new(FaultKind::Edited { patch: json!({ "total_count": 9 }) }).on("list_brand_stores"));
    let short = find(&till, "SHOP-1");
    assert_ne!(short.status, 0, "fewer stores came than there are: {}", short.json);
    assert!(sandbox.clear_fault(broken));
    assert_eq!(find(&till, "SHOP-1").json["data"]["store_id"], "500001");
    for (input, field) in [
        (json!({}), "/store_reference_id"),
        (json!({ "store_reference_id": 7 }), "/store_reference_id"),
        (json!({ "store_reference_id": "a", "fresh": 1 }), "/fresh"),
        (json!({ "store_reference_id": "a", "shop": 1 }), "/shop"),
    ] {
        let told = till.ask("find_store", &input);
        assert_eq!(
            (told.name(), &told.json["field"]),
            ("WXCOUPON_E_REQUEST", &json!(field)),
            "{}",
            told.json
        );
    }
}

/// The documented limit of store questions is five a second; that of redemptions is not touched by it.
#[test]
fn too_often_for_stores_does_not_slow_redemptions() {
    let sandbox = Sandbox::start(Options { rates: Rates::Documented, ..Options::default() }).unwrap();
    let till = Till::new(&sandbox.config());
    sandbox.inject(Fault::new(FaultKind::RateLimited { retry_after: None }).on("list_brand_stores"));
    for _ in 0..3 {
        let told = till
            .ask("find_store", &json!({ "store_reference_id": "SHOP-1", "_options": { "timeout_ms": 300 } }));
        assert_eq!(told.class(), 6, "{}", told.json);
    }
    let begun = std::time::Instant::now();
    for index in 0..20 {
        let sold = till.redeem(&use_request(&format!("AUTO_PACE_{index}"), &format!("PACE-{index:05}")));
        assert_eq!((sold.status, &sold.json["attempts"]), (0, &json!(1)), "{}", sold.json);
    }
    assert!(begun.elapsed().as_secs() < 10, "twenty sales took {:?}", begun.elapsed());
}

fn line(till: &Till, name: &str) -> Value {
    let checked = till.check_with(&json!({ "online": true })).json;
    let lines = checked["data"]["lines"].as_array().unwrap();
    lines.iter().find(|line| line["name"] == name).cloned().unwrap_or_default()
}

#[test]
fn the_self_check_says_what_the_brand_has_granted_and_whether_the_store_is_open() {
    let sandbox = sandbox();
    let mut config = sandbox.config();
    config["defaults"]["store_id"] = json!("500001");
    let till = Till::new(&config);
    assert_eq!(line(&till, "product_authorities")["ok"], true);
    assert_eq!(line(&till, "store")["found"], "500001 is OPEN");
    let told = till.ask("product_authorities", &json!({}));
    assert!(
        told.json["data"]["authorization_product"].to_string().contains("PRODUCT_COUPON"),
        "{}",
        told.json
    );

    sandbox.authorise(&["BRAND_PRODUCT_AUTHORITY_BRAND_STORE"]);
    sandbox.put_store(store("500001", None, "CLOSED"));
    let wrong = line(&till, "product_authorities");
    assert_eq!(wrong["ok"], false);
    assert!(wrong["advice"].as_str().unwrap().contains("品牌经营平台"), "{wrong}");
    assert_eq!(line(&till, "store")["ok"], false);
    let refused = till.redeem(&use_request("AUTO_NOAUTH", "NOAUTH-0001"));
    assert_eq!(
        (refused.name(), &refused.json["wechat"]["subcode"]),
        ("WXCOUPON_E_NO_PERMISSION", &json!(268_579_803))
    );
    assert!(refused.json["hint"].as_str().unwrap().contains("品牌经营平台"), "{}", refused.json);
}
