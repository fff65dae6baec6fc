//! Stock bundles and the coupons handed out of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::offers::{
    self, Offer, bundle_product_body, code, create, effects, manage, offer_of, stock_body, stock_bundle_body,
    with,
};
use support::{Till, sandbox};
use wxcoupon_sandbox::{BUNDLE_ID, CouponState, STOCK_BUNDLE_ID, Sandbox};

const DAY: i64 = 86_400;

/// Creates a bundle, sends it and confirms its rungs: where, what, and the user's bundle.
fn sent(till: &Till, body: &Value) -> (Vec<Offer>, Vec<String>, String) {
    let rungs = offer_of(till, body);
    let answer = till.ok(&rungs[0].bundle_send("BUNDLE_SEND_1"));
    let coupons = answer["user_product_coupon_list"].as_array().unwrap();
    let codes: Vec<String> = coupons.iter().map(code).collect();
    for (index, (rung, code)) in rungs.iter().zip(&codes).enumerate() {
        till.ok(&rung.on_coupon(code, "confirm", &format!("CONFIRM_{index}")));
    }
    (rungs, codes, answer["user_coupon_bundle_id"].as_str().unwrap().to_owned())
}

#[test]
fn from_creation_to_return() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let (rungs, codes, bundle) = sent(&till, &bundle_product_body("CREATE_1"));
    assert_eq!(rungs.len(), 3);
    let second = till.ok(&rungs[1].query(&codes[1]));
    let place = json!({
        "user_coupon_bundle_id": bundle,
        "user_coupon_bundle_index": 1,
        "total_count": 3,
        "used_count": 0,
    });
    assert_eq!(second["user_product_coupon_bundle_info"], place);
    let stock_place = json!({ "stock_bundle_id": rungs[0].bundle, "stock_bundle_index": 1 });
    assert_eq!(second["stock"]["stock_bundle_info"], stock_place);
    let rule = &second["stock"]["progressive_bundle_usage_rule"];
    assert_eq!(rule["normal_coupon"], json!({ "threshold": 3000, "discount_amount": 500 }));
    assert!(rule.get("normal_coupon_list").is_none());
    assert_eq!(second["product_coupon"]["progressive_bundle_usage_info"]["count"], 3);

    till.refused(&rungs[1].use_call(&codes[1], "USE_0002"), 268_578_367);
    let used = till.ok(&rungs[0].use_call(&codes[0], "USE_0001"));
    assert_eq!(used["progressive_bundle_usage_detail"]["use_request_no"], "USE_0001");
    assert!(used.get("single_usage_detail").is_none());
    assert_eq!(used["user_product_coupon_bundle_info"]["used_count"], 1);
    till.ok(&rungs[1].use_call(&codes[1], "USE_0002"));
    till.refused(&rungs[0].on_coupon(&codes[0], "return", "RETURN_1"), 268_578_367);
    till.ok(&rungs[1].on_coupon(&codes[1], "return", "RETURN_2"));
    till.ok(&rungs[0].on_coupon(&codes[0], "return", "RETURN_1"));

    // The same request again: the bundle as it was handed out.
    let again = till.ok(&rungs[0].bundle_send("BUNDLE_SEND_1"));
    assert_eq!(again["user_coupon_bundle_id"], bundle.as_str());
    assert_eq!(again["user_product_coupon_list"][2]["coupon_state"], "CONFIRMING");
    till.refused(&rungs[0].bundle_send("BUNDLE_SEND_1").with("attach", json!("x")), 268_578_927);
    let listed = till.ok(&offers::list(&format!("&user_coupon_bundle_id={bundle}")));
    assert_eq!(listed["total_count"], 3);
    assert_eq!(effects(&sandbox).iter().filter(|e| *e == "bundle_send sent").count(), 3);
    let numbers: Vec<String> = sandbox.ledger().iter().map(|e| e.number.clone()).collect();
    assert_eq!(numbers.iter().filter(|n| *n == "BUNDLE_SEND_1").count(), 3);
}

#[test]
fn days_must_lie_between_two_uses() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let body =
        with(&bundle_product_body("CREATE_1"), "/progressive_bundle_usage_info/interval_days", json!(2));
    let (rungs, codes, _) = sent(&till, &body);
    till.ok(&rungs[0].use_call(&codes[0], "USE_0001"));
    sandbox.set_business_offset(2 * DAY - 60);
    till.refused(&rungs[1].use_call(&codes[1], "USE_0002"), 268_578_367);
    sandbox.set_business_offset(2 * DAY + 60);
    till.ok(&rungs[1].use_call(&codes[1], "USE_0002"));
}

#[test]
fn a_bundle_is_deactivated_as_a_whole() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let (rungs, codes, bundle) = sent(&till, &bundle_product_body("CREATE_1"));
    till.ok(&rungs[0].use_call(&codes[0], "USE_0001"));
    let call = rungs[0].bundle_deactivate(&bundle, "BUNDLE_OFF_1");
    let gone = till.ok(&call);
    let states = |answer: &Value| -> Vec<String> {
        let coupons = answer["user_product_coupon_list"].as_array().unwrap();
        coupons.iter().map(|coupon| coupon["coupon_state"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(gone["user_coupon_bundle_id"], bundle.as_str());
    assert_eq!(states(&gone), ["USED", "DEACTIVATED", "DEACTIVATED"]);
    let last = &gone["user_product_coupon_list"][2];
    assert_eq!(last["deactivate_request_no"], "BUNDLE_OFF_1");
    assert_eq!(&till.ok(&rungs[2].query(&codes[2])), last);
    assert_eq!(till.ok(&call), gone);
    assert_eq!(effects(&sandbox).iter().filter(|e| *e == "bundle_deactivate deactivated").count(), 2);
    till.refused(&rungs[1].use_call(&codes[1], "USE_0002"), 268_578_367);

    till.refused(&rungs[0].bundle_deactivate(&bundle, "BUNDLE_OFF_2"), 268_578_367);
    let changed = call.clone().with("deactivate_reason", json!("另一个原因"));
    till.refused(&changed, 268_578_927);
    till.refused(&rungs[0].bundle_deactivate("9", "BUNDLE_OFF_3"), 268_578_851);
    let off = rungs[0].bundle_deactivate(&bundle, "BUNDLE_OFF_4");
    till.refused(&off.clone().with("stock_bundle_id", json!("9")), 268_578_608);
    till.refused(&off.clone().with("appid", json!("wx0")), 268_578_704);
    till.refused(&off.with("deactivate_reason", Value::Null), 268_578_101);
}

#[test]
fn a_token_brings_a_bundle() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let rungs = offer_of(&till, &bundle_product_body("CREATE_1"));
    let token = till.ok(&rungs[0].bundle_pre_send("PRESEND_1"))["token"].clone();
    let codes = sandbox.claim(token.as_str().unwrap()).unwrap();
    assert_eq!(codes.len(), 3);
    let coupon = till.ok(&rungs[2].query(&codes[2]));
    assert_eq!(coupon["send_channel"], "RECEIVE_COMPONENT");
    assert_eq!(coupon["user_product_coupon_bundle_info"]["user_coupon_bundle_index"], 2);
    assert_eq!(effects(&sandbox)[1..3], ["bundle_pre_send pre_sent", "bundle_pre_send sent"]);
}

#[test]
fn bundles_are_sent_within_their_stocks_rules() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let rule = json!({ "max_count": 100, "max_count_per_user": 1 });
    let body = with(&bundle_product_body("CREATE_1"), "/stock_bundle/stock_send_rule", rule);
    let rungs = offer_of(&till, &body);
    till.refused(&rungs[0].bundle_send("SEND_01").with("coupon_code", json!("Mine_1")), 268_578_224);
    till.refused(&rungs[0].bundle_send("SEND_01").with("stock_bundle_id", json!("9")), 268_578_608);
    till.refused(&rungs[0].bundle_send("SEND_01").with("brand_id", json!("120345")), 268_579_803);
    till.ok(&rungs[0].bundle_send("SEND_01"));
    till.refused(&rungs[0].bundle_send("SEND_02"), 272_756_740);
    // One rung that is not sent any more ends the bundle; what is sent stays valid.
    let stop = format!("{}/deactivate", rungs[1].stock_path());
    till.ok(&manage("POST", &stop, "STOP_01", json!({ "deactivate_reason": "售罄" })));
    till.refused(&rungs[0].bundle_send("SEND_03"), 268_577_984);
    // The rungs are sent as a bundle or not at all.
    till.refused(&rungs[0].send("SEND_04"), 268_578_224);
}

#[test]
fn later_rungs_are_at_least_as_generous() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let list = "/stock_bundle/progressive_bundle_usage_rule/normal_coupon_list";
    let body = bundle_product_body("CREATE_1");
    let terms = |offs: &[i64]| {
        let terms: Vec<Value> =
            offs.iter().map(|off| json!({ "threshold": 3000, "discount_amount": off })).collect();
        create(&with(&body, list, json!(terms)))
    };
    till.refused(&terms(&[500, 400, 700]), 268_586_067);
    till.refused(&terms(&[500, 500]), 268_578_224);
    till.refused(&terms(&[500, 500, 500, 500]), 268_578_224);
    till.refused(&create(&with(&body, list, Value::Null)), 268_578_224);
    for (count, sub_code) in [(2, 268_435_464), (16, 268_435_464), (4, 268_578_224)] {
        let body = with(&body, "/progressive_bundle_usage_info/count", json!(count));
        till.refused(&create(&body), sub_code);
    }
    let days = with(&body, "/progressive_bundle_usage_info/interval_days", json!(8));
    till.refused(&create(&days), 268_435_464);
    till.refused(&create(&with(&body, "/progressive_bundle_usage_info", Value::Null)), 268_578_224);
    // A bundle's codes are never assigned by the sender.
    let assigned = with(&body, "/stock_bundle/coupon_code_mode", json!("API_ASSIGN"));
    till.refused(&create(&assigned), 268_435_461);
    let no_limit = with(&body, "/stock_bundle/stock_send_rule/max_count_per_user", Value::Null);
    till.refused(&create(&no_limit), 268_578_101);
    // Stock and stock bundle go with their usage mode.
    till.refused(&create(&with(&body, "/stock_bundle", Value::Null)), 268_578_224);
    till.refused(&create(&with(&body, "/stock", stock_body("WECHATPAY"))), 268_578_224);
    // Percentages and fixed prices are compared by what they are worth.
    let percent = with(&body, "/type", json!("DISCOUNT"));
    till.refused(&create(&percent), 268_578_224);
    let percent = with(
        &with(&percent, list, Value::Null),
        &list.replace("normal", "discount"),
        json!([
            { "threshold": 0, "percent_off": 10 },
            { "threshold": 0, "percent_off": 30 },
            { "threshold": 0, "percent_off": 20 },
        ]),
    );
    till.refused(&create(&percent), 268_586_067);
    till.ok(&create(&with(
        &percent,
        &format!("{}/2/percent_off", list.replace("normal", "discount")),
        json!(30),
    )));
}

#[test]
fn stock_bundles_are_changed_as_a_whole() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let rungs = offer_of(&till, &bundle_product_body("CREATE_1"));
    let path = format!("{}/product-coupons/{}/stock-bundles", offers::BASE, rungs[0].product);
    let more = manage("POST", &path, "MORE_01", json!({ "stock_bundle": stock_bundle_body() }));
    let second = till.ok(&more);
    assert_eq!(till.ok(&more), second);
    assert_ne!(second["stock_bundle_id"], rungs[0].bundle.as_str());
    assert_eq!(second["stock_list"].as_array().unwrap().len(), 3);
    let stocks = format!("{}/product-coupons/{}/stocks", offers::BASE, rungs[0].product);
    let of_bundle = till.ok(&offers::read(&stocks, &format!("&stock_bundle_id={}", rungs[0].bundle)));
    assert_eq!(of_bundle["total_count"], 3);
    assert_eq!(till.ok(&offers::read(&stocks, ""))["total_count"], 6);
    let single = manage("POST", &stocks, "MORE_02", json!({ "stock": stock_body("UPLOAD") }));
    till.refused(&single, 268_578_224);

    let update = manage("PATCH", &rungs[0].bundle_path(), "CHANGE_1", json!({ "remark": "新备注" }));
    let changed = till.ok(&update);
    for stock in changed["stock_list"].as_array().unwrap() {
        assert_eq!((&stock["remark"], &stock["state"]), (&json!("新备注"), &json!("SENDING")));
    }
    // One rung alone is not changed.
    till.refused(&manage("PATCH", &rungs[0].stock_path(), "CHANGE_2", json!({ "remark": "x" })), 268_578_224);
    let budget = |number: &str, current: i64, target: i64| {
        let path = format!("{}/update-budget", rungs[0].bundle_path());
        let counts =
            json!({ "update_mode": "MAX_COUNT", "current_max_count": current, "target_max_count": target });
        manage("POST", &path, number, counts)
    };
    till.refused(&budget("BUDGET_1", 99, 200), 268_578_224);
    let changed = till.ok(&budget("BUDGET_1", 100, 200));
    assert_eq!(changed["stock_list"][2]["stock_send_rule"]["max_count"], 200);
    till.refused(
        &manage("PATCH", &rungs[0].bundle_path().replace(&rungs[0].bundle, "9"), "CHANGE_3", json!({})),
        268_578_608,
    );
}

#[test]
fn stores_of_a_bundle_are_those_of_its_stocks() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let body = with(&bundle_product_body("CREATE_1"), "/stock_bundle/store_scope", json!("SPECIFIC"));
    let (rungs, codes, _) = sent(&till, &body);
    let stores = |action: &str, ids: &[&str]| {
        let list: Vec<Value> = ids.iter().map(|id| json!({ "store_id": id })).collect();
        let body = json!({ "brand_id": "120344", "store_list": list });
        support::Call::new("POST", &format!("{}/{action}-stores", rungs[0].bundle_path())).json(&body)
    };
    till.refused(&rungs[0].use_call(&codes[0], "USE_0001").with("store_id", json!("500001")), 268_584_404);
    let done = till.ok(&stores("associate", &["500001", "9"]));
    assert_eq!(done["success_store_list"], json!([{ "store_id": "500001" }]));
    assert_eq!(done["failed_store_list"][0]["store_id"], "9");
    till.ok(&rungs[0].use_call(&codes[0], "USE_0001").with("store_id", json!("500001")));
    assert_eq!(till.ok(&stores("disassociate", &["500001"]))["total_count"], 1);
    till.refused(&rungs[1].use_call(&codes[1], "USE_0002").with("store_id", json!("500001")), 268_584_404);
}

#[test]
fn the_seeded_bundle_can_be_deactivated() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let seeded = Offer { product: "1000000014".into(), stock: String::new(), bundle: STOCK_BUNDLE_ID.into() };
    let gone = till.ok(&seeded.bundle_deactivate(BUNDLE_ID, "BUNDLE_OFF_1"));
    assert_eq!(gone["user_product_coupon_list"].as_array().unwrap().len(), 3);
    assert_eq!(state(&sandbox, "SBX_BUNDLE_2"), CouponState::Deactivated);
}

fn state(sandbox: &Sandbox, code: &str) -> CouponState {
    sandbox.coupon(code).unwrap().state
}
