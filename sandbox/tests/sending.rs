//! Sending, confirming, deactivating and listing single coupons.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::offers::{self, Offer, code, effects, list, offer, offer_of, product_body, with};
use support::{Call, Till, sandbox};
use wxcoupon_sandbox::{BUNDLE_STOCK_IDS, CouponSpec, CouponState, Sandbox, UNAUTHORISED_BRAND_ID};

const DAY: i64 = 86_400;

#[test]
fn from_creation_to_return() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let offer = offer(&till, "CREATE_1", "WECHATPAY");
    let tags = json!({ "coupon_tag_list": ["MEMBER"], "member_tag_info": { "member_card_id": "Card_1" } });
    let call = offer.send("SEND_01").with("attach", json!("收银台7")).with("coupon_tag_info", tags.clone());
    let sent = till.ok(&call);
    let code = code(&sent);
    assert_eq!(sent["coupon_state"], "CONFIRMING");
    assert_eq!(sent["send_request_no"], "SEND_01");
    assert_eq!(sent["send_channel"], "API");
    assert_eq!(sent["attach"], "收银台7");
    assert_eq!(sent["coupon_tag_info"], tags);
    assert_eq!(sent["receive_time"], sent["valid_begin_time"]);
    assert!(sent.get("confirm_request_no").is_none() && sent.get("single_usage_detail").is_none());
    assert_eq!(sent["stock"]["sent_count_info"], json!({ "total_count": 1, "today_count": 1 }));
    assert_eq!(sent["product_coupon"]["single_usage_info"]["normal_coupon"]["discount_amount"], 2000);

    till.refused(&offer.use_call(&code, "USE_0001"), 268_578_367);
    let confirmed = till.ok(&offer.on_coupon(&code, "confirm", "CONFIRM_1"));
    assert_eq!(confirmed["coupon_state"], "EFFECTIVE");
    assert_eq!(confirmed["confirm_request_no"], "CONFIRM_1");
    assert!(confirmed["confirm_time"].is_string());
    let used = till.ok(&offer.use_call(&code, "USE_0001"));
    assert_eq!(used["coupon_state"], "USED");
    assert_eq!(used["single_usage_detail"]["use_request_no"], "USE_0001");
    assert_eq!(till.ok(&offer.query(&code)), used);
    let returned = till.ok(&offer.on_coupon(&code, "return", "RETURN_1"));
    assert_eq!(returned["coupon_state"], "EFFECTIVE");

    // Every earlier request is answered as it was then.
    assert_eq!(till.ok(&call)["coupon_state"], "CONFIRMING");
    assert_eq!(till.ok(&offer.on_coupon(&code, "confirm", "CONFIRM_1")), confirmed);
    assert_eq!(till.ok(&offer.use_call(&code, "USE_0001")), used);
    assert_eq!(
        effects(&sandbox),
        ["create_product_coupon created", "send sent", "confirm confirmed", "use used", "return returned"]
    );
    assert_eq!(sandbox.stats().sent, 1);
}

#[test]
fn a_number_is_bound_to_what_it_was_first_used_for() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let offer = offer(&till, "CREATE_1", "WECHATPAY");
    let first = till.ok(&offer.send("SEND_01"));
    assert_eq!(till.ok(&offer.send("SEND_01")), first);
    assert_eq!(sandbox.requests().last().unwrap().number.as_deref(), Some("SEND_01"));
    assert!(sandbox.requests().last().unwrap().duplicate);
    till.refused(&offer.send("SEND_01").with("attach", json!("x")), 268_578_927);
    till.refused(&offer.send_to("oSomebodyElse", "SEND_01"), 268_578_927);
    till.refused(&offer.pre_send("SEND_01"), 268_578_927);
    let code = code(&first);
    till.refused(&offer.on_coupon(&code, "confirm", "SEND_01"), 268_578_927);
    till.ok(&offer.on_coupon(&code, "confirm", "CONFIRM_1"));
    till.refused(&offer.on_coupon(&code, "return", "CONFIRM_1"), 268_578_927);
    till.refused(&offer.send("CONFIRM_1"), 268_578_927);
    // A refused request binds nothing.
    till.refused(&offer.on_coupon(&code, "confirm", "CONFIRM_2"), 268_578_367);
    assert_eq!(code_count(&till), 1);
    till.ok(&offer.send("CONFIRM_2"));
}

fn code_count(till: &Till) -> u64 {
    till.ok(&list("&coupon_state=EFFECTIVE&page_size=50"))["user_coupon_list"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|coupon| !coupon["coupon_code"].as_str().unwrap().starts_with("SBX_"))
        .count() as u64
}

#[test]
fn codes_come_from_where_the_stock_says() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let assigned = offer(&till, "CREATE_1", "API_ASSIGN");
    till.refused(&assigned.send("SEND_01"), 268_578_101);
    let call = assigned.send("SEND_01").with("coupon_code", json!("Code_123456"));
    assert_eq!(code(&till.ok(&call)), "Code_123456");
    let again = assigned.send("SEND_02").with("coupon_code", json!("Code_123456"));
    till.refused(&again, 272_755_200);
    till.refused(&assigned.send("SEND_03").with("coupon_code", json!("Code 1")), 268_435_461);
    let long = assigned.send("SEND_04").with("coupon_code", json!("C".repeat(41)));
    till.refused(&long, 268_435_462);

    let uploaded = offer(&till, "CREATE_2", "UPLOAD");
    till.refused(&uploaded.send("SEND_05"), 0);
    let path = format!("{}/upload-coupon-codes", uploaded.stock_path());
    till.ok(&offers::manage("POST", &path, "UPLOAD_1", json!({ "code_list": ["Up_1", "Up_2"] })));
    till.refused(&uploaded.send("SEND_06").with("coupon_code", json!("Up_1")), 268_578_224);
    let sent = till.ok(&uploaded.send("SEND_07"));
    assert_eq!(code(&sent), "Up_1");
    let counts = json!({ "total_count": 2, "available_count": 1 });
    assert_eq!(sent["stock"]["coupon_code_count_info"], counts);

    let generated = offer(&till, "CREATE_3", "WECHATPAY");
    till.refused(&generated.send("SEND_08").with("coupon_code", json!("Mine_1")), 268_578_224);
    assert!(till.ok(&generated.send("SEND_09")).pointer("/stock/coupon_code_count_info").is_none());
}

fn with_rule(till: &Till, number: &str, rule: Value) -> Offer {
    offer_of(till, &with(&product_body(number, "WECHATPAY"), "/stock/stock_send_rule", rule)).remove(0)
}

#[test]
fn quotas_and_stock_states_end_the_sending() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let per_user = with_rule(&till, "CREATE_1", json!({ "max_count": 9 }));
    till.ok(&per_user.send("SEND_11"));
    // One per user unless the stock says otherwise; confirmed or not.
    till.refused(&per_user.send("SEND_12"), 272_756_740);
    till.ok(&per_user.send_to("oSomebodyElse", "SEND_13"));

    let in_all = with_rule(&till, "CREATE_2", json!({ "max_count": 1, "max_count_per_user": 9 }));
    till.ok(&in_all.send("SEND_21"));
    till.refused(&in_all.send_to("oSomebodyElse", "SEND_22"), 0);

    let rule = json!({ "max_count": 9, "max_count_per_day": 1, "max_count_per_user": 9 });
    let per_day = with_rule(&till, "CREATE_3", rule);
    till.ok(&per_day.send("SEND_31"));
    till.refused(&per_day.send("SEND_32"), 0);
    sandbox.set_business_offset(DAY);
    let tomorrow = till.ok(&per_day.send("SEND_32"));
    assert_eq!(tomorrow["stock"]["sent_count_info"], json!({ "total_count": 2, "today_count": 1 }));

    // The end of the window stops the stock.
    sandbox.set_business_offset(100 * DAY);
    till.refused(&per_day.send("SEND_33"), 268_577_984);
    let shown = till.ok(&offers::read(&per_day.stock_path(), ""));
    assert_eq!(shown["state"], "STOPPED");
    assert_eq!(shown["sent_count_info"], json!({ "total_count": 2, "today_count": 0 }));
}

#[test]
fn who_comes_at_once_gets_no_more_than_there_is() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let few = with_rule(&till, "CREATE_1", json!({ "max_count": 10, "max_count_per_user": 100 }));
    let answers: Vec<(u16, String)> = std::thread::scope(|scope| {
        let send = |thread: usize| {
            let (till, few) = (&till, &few);
            scope.spawn(move || {
                // Two threads each come under the same numbers.
                let calls = (0..5).map(|n| few.send(&format!("SEND_{}_{n}", thread / 2)));
                let got = calls.map(|call| till.send(&call).unwrap());
                got.map(|got| (got.status, got.json()["coupon_code"].to_string())).collect::<Vec<_>>()
            })
        };
        let threads: Vec<_> = (0..8).map(send).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let sent: std::collections::BTreeSet<&str> =
        answers.iter().filter(|(status, _)| *status == 200).map(|(_, code)| code.as_str()).collect();
    assert_eq!((sent.len(), sandbox.stats().sent), (10, 10));
    assert_eq!(till.ok(&offers::read(&few.stock_path(), ""))["sent_count_info"]["total_count"], 10);
}

#[test]
fn requests_about_the_wrong_things_are_refused() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let offer = offer(&till, "CREATE_1", "WECHATPAY");
    let send = |name: &str, value: Value| offer.send("SEND_01").with(name, value);
    let unauthorised = json!(UNAUTHORISED_BRAND_ID);
    for (call, sub_code) in [
        (send("brand_id", unauthorised), 268_579_803),
        (send("brand_id", json!("9")), 268_578_608),
        (send("appid", json!("wx0")), 268_578_704),
        (send("product_coupon_id", json!("9")), 268_578_608),
        (send("stock_id", json!("9")), 268_578_608),
        (send("product_coupon_id", json!("1000000013")), 268_578_608),
        (offer.send_to("xSomebody", "SEND_01"), 268_578_526),
        (send("send_request_no", json!("12345")), 268_435_463),
        (send("send_request_no", json!("1".repeat(129))), 268_435_462),
        (send("send_request_no", json!("SEND 01")), 268_435_461),
        (send("send_request_no", Value::Null), 268_578_101),
        (send("attach", json!("x".repeat(151))), 268_435_462),
        (send("coupon_tag_info", json!({ "coupon_tag_list": ["VIP"] })), 268_435_461),
        (send("coupon_tag_info", json!({ "coupon_tag_list": ["MEMBER"] })), 268_578_101),
    ] {
        till.refused(&call, sub_code);
    }
    till.ok(&send("send_request_no", json!("1".repeat(128))));
    // Rungs are handed out as bundles only.
    let rung =
        Offer { product: "1000000014".into(), stock: BUNDLE_STOCK_IDS[0].into(), bundle: String::new() };
    till.refused(&rung.send("SEND_02"), 268_578_224);
    assert_eq!(sandbox.stats().sent, 1);
}

#[test]
fn a_token_brings_a_coupon_within_five_minutes() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let offer = offer(&till, "CREATE_1", "WECHATPAY");
    let token = |call: &Call| till.ok(call)["token"].as_str().unwrap().to_owned();
    let first = token(&offer.pre_send("PRESEND_1"));
    assert_eq!(token(&offer.pre_send("PRESEND_1")), first);
    till.refused(&offer.pre_send("PRESEND_1").with("attach", json!("x")), 268_578_927);
    // Real time goes on beneath: a machine may be slow by a minute.
    sandbox.set_business_offset(240);
    let codes = sandbox.claim(&first).unwrap();
    assert!(sandbox.claim(&first).is_err() && sandbox.claim("nonsense").is_err());
    let coupon = till.ok(&offer.query(&codes[0]));
    assert_eq!(coupon["coupon_state"], "CONFIRMING");
    assert_eq!(coupon["send_channel"], "RECEIVE_COMPONENT");
    assert_eq!(coupon["send_request_no"], "PRESEND_1");
    till.ok(&offer.on_coupon(&codes[0], "confirm", "CONFIRM_1"));
    assert_eq!(till.ok(&offer.use_call(&codes[0], "USE_0001"))["coupon_state"], "USED");
    assert_eq!(token(&offer.pre_send("PRESEND_1")), first);

    let second = token(&offer.pre_send("PRESEND_2"));
    sandbox.set_business_offset(240 + 300);
    assert!(sandbox.claim(&second).unwrap_err().to_string().contains("5 minutes"));
    let fresh = token(&offer.pre_send("PRESEND_2"));
    assert_ne!(fresh, second);
    sandbox.claim(&fresh).unwrap();
    assert_eq!(
        effects(&sandbox)[1..],
        [
            "pre_send pre_sent",
            "pre_send sent",
            "confirm confirmed",
            "use used",
            "pre_send pre_sent",
            "pre_send sent"
        ]
    );
    // What could not be sent gets no token.
    let path = format!("{}/deactivate", offer.stock_path());
    till.ok(&offers::manage("POST", &path, "STOP_01", json!({ "deactivate_reason": "售罄" })));
    till.refused(&offer.pre_send("PRESEND_3"), 268_577_984);
}

#[test]
fn deactivation_is_final() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let offer = offer(&till, "CREATE_1", "WECHATPAY");
    let coupon = code(&till.ok(&offer.send("SEND_01")));
    till.refused(&offer.deactivate(&coupon, "DEACT_1").with("deactivate_reason", Value::Null), 268_578_101);
    let long = json!("因".repeat(151));
    till.refused(&offer.deactivate(&coupon, "DEACT_1").with("deactivate_reason", long), 268_435_462);
    let call = offer.deactivate(&coupon, "DEACT_1");
    let gone = till.ok(&call);
    assert_eq!(gone["coupon_state"], "DEACTIVATED");
    assert_eq!(gone["deactivate_request_no"], "DEACT_1");
    assert_eq!(gone["deactivate_reason"], "商品已下架");
    assert!(gone["deactivate_time"].is_string());
    assert_eq!(till.ok(&call), gone);
    till.refused(&offer.deactivate(&coupon, "DEACT_2"), 268_578_367);
    till.refused(&offer.on_coupon(&coupon, "confirm", "CONFIRM_1"), 268_578_367);
    till.refused(&offer.use_call(&coupon, "USE_0001"), 268_578_367);

    let used = code(&till.ok(&offer.send("SEND_02")));
    till.ok(&offer.on_coupon(&used, "confirm", "CONFIRM_2"));
    till.ok(&offer.use_call(&used, "USE_0002"));
    till.refused(&offer.deactivate(&used, "DEACT_3"), 268_578_367);
    sandbox.set_state(&used, CouponState::Deleted).unwrap();
    till.refused(&offer.deactivate(&used, "DEACT_4"), 272_756_769);
    sandbox.put_coupon(&CouponSpec::new(&used).state(CouponState::Effective).locked(true)).unwrap();
    till.refused(&offer.deactivate(&used, "DEACT_5"), 272_756_746);
    till.refused(&offer.on_coupon("NO_SUCH", "confirm", "CONFIRM_3"), 268_578_851);
}

#[test]
fn seeded_coupons_can_be_confirmed_deactivated_and_sent() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let seeded = Offer { product: "1000000013".into(), stock: "1000000013001".into(), bundle: String::new() };
    let confirmed = till.ok(&seeded.on_coupon("SBX_CONFIRMING", "confirm", "CONFIRM_1"));
    assert_eq!(
        (&confirmed["coupon_state"], &confirmed["confirm_request_no"]),
        (&json!("EFFECTIVE"), &json!("CONFIRM_1"))
    );
    till.refused(&seeded.on_coupon("SBX_EFFECTIVE_1", "confirm", "CONFIRM_2"), 268_578_367);
    till.refused(&seeded.on_coupon("SBX_EXPIRED", "confirm", "CONFIRM_3"), 268_578_776);
    let gone = till.ok(&seeded.deactivate("SBX_EFFECTIVE_2", "DEACT_1"));
    assert_eq!(
        (&gone["coupon_state"], &gone["deactivate_request_no"]),
        (&json!("DEACTIVATED"), &json!("DEACT_1"))
    );
    let sent = till.ok(&seeded.send("SEND_01"));
    assert_eq!(code(&sent), "SBX_CODE_1000000013001_0101");
    assert_eq!(sent["stock"]["coupon_code_count_info"]["available_count"], 899);
    till.refused(&seeded.send("SEND_02"), 272_756_740);
}

#[test]
fn a_fault_lets_nothing_happen_where_it_says_so() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let offer = offer(&till, "CREATE_1", "WECHATPAY");
    let before = count(&sandbox);
    for (kind, call) in [
        ("unsigned,processed=false,on=send", offer.send("SEND_01")),
        ("unsigned,processed=false,on=pre_send", offer.pre_send("SEND_02")),
        (
            "unsigned,processed=false,on=create_product_coupon",
            offers::create(&product_body("CREATE_2", "UPLOAD")),
        ),
    ] {
        let fault = sandbox.inject(wxcoupon_sandbox::Fault::from_spec(kind).unwrap());
        let got = till.send(&call).unwrap();
        assert_eq!((got.status, got.header("wechatpay-signature")), (200, None), "{kind}");
        assert_eq!(sandbox.fired(fault), 1);
        sandbox.clear_faults();
        assert_eq!(count(&sandbox), before, "{kind}");
    }
    // The numbers are still free, and the counters where they were.
    let sent = till.ok(&offer.send("SEND_02"));
    assert_eq!(sent["stock"]["sent_count_info"]["total_count"], 1);
    let fault = wxcoupon_sandbox::Fault::from_spec("process_then_reset,on=send,times=1").unwrap();
    sandbox.inject(fault);
    assert!(till.send(&offer.send("SEND_03")).is_err());
    assert_eq!(till.ok(&offer.send("SEND_03"))["send_request_no"], "SEND_03");
    assert_eq!(effects(&sandbox).iter().filter(|e| *e == "send sent").count(), 2);
}

fn count(sandbox: &Sandbox) -> (usize, u64) {
    (sandbox.ledger().len(), sandbox.stats().coupons)
}
