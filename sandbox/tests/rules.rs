//! The business rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::{Call, Till, USE_TIME, coupon_path, offers, sandbox, use_body};
use wxcoupon_sandbox::{
    APPID, BRAND_ID, BUNDLE_PRODUCT_COUPON_ID, BUNDLE_STOCK_IDS, CouponSpec, CouponState, Day, Effect, Hours,
    OPENID, OTHER_TILL_NUMBER, Options, STOCK_ID, Sandbox, StoreScope,
};

fn effects(sandbox: &Sandbox) -> Vec<(String, String, Effect)> {
    sandbox.ledger().into_iter().map(|e| (e.coupon_code, e.number, e.effect)).collect()
}

#[test]
fn saved_amount_is_told_wherever_the_redemption_is() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let saved = |answer: &Value| answer["single_usage_detail"]["saved_amount"].clone();
    let call = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1").with("saved_amount", json!(2469));
    assert_eq!(saved(&till.ok(&call)), 2469);
    assert_eq!(saved(&till.ok(&call)), 2469, "the same request again");
    assert_eq!(saved(&till.ok(&till.query_request("SBX_EFFECTIVE_1"))), 2469);
    let list = till.ok(&offers::list("&page_size=50"));
    let listed = list["user_coupon_list"].as_array().unwrap_or_else(|| panic!("{list}"));
    let listed = listed.iter().find(|coupon| coupon["coupon_code"] == "SBX_EFFECTIVE_1").unwrap();
    assert_eq!(saved(listed), 2469);
    assert_eq!(saved(&till.ok(&till.return_request("SBX_EFFECTIVE_1", "RETURN_1"))), 2469);
    // Another amount is another request, and one that is not given is not told.
    let other = till.use_request("SBX_EFFECTIVE_2", "NUMBER_1").with("saved_amount", json!(1));
    till.refused(&other, 268_578_927);
    let without = till.ok(&till.use_request("SBX_EFFECTIVE_2", "NUMBER_2"));
    assert!(without["single_usage_detail"].get("saved_amount").is_none());
    let half = till.use_request("SBX_EFFECTIVE_3", "NUMBER_3").with("saved_amount", json!(0.5));
    assert_eq!(till.send(&half).unwrap().status, 400);
}

#[test]
fn use_redeems_and_answers_with_the_whole_coupon() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let coupon = till.ok(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"));
    assert_eq!(coupon["coupon_code"], "SBX_EFFECTIVE_1");
    assert_eq!(coupon["coupon_state"], "USED");
    let order = json!({ "transaction_id": "4200000000123456789123456789" });
    let detail =
        json!({ "use_request_no": "NUMBER_1", "use_time": USE_TIME, "associated_order_info": order });
    assert_eq!(coupon["single_usage_detail"], detail);
    assert_eq!(coupon["product_coupon"]["display_info"]["name"], "全场满100立打8折");
    assert_eq!(coupon["stock"]["stock_id"], STOCK_ID);
    assert_eq!(coupon["brand_id"], BRAND_ID);
    let size = coupon.to_string().len();
    assert!((2000..6000).contains(&size), "{size}");

    assert_eq!(till.ok(&till.query_request("SBX_EFFECTIVE_1")), coupon);
    assert_eq!(effects(&sandbox), [("SBX_EFFECTIVE_1".into(), "NUMBER_1".into(), Effect::Used)]);
    let request = &sandbox.requests()[0];
    assert!(request.took_effect && !request.duplicate);
    assert_eq!(request.number.as_deref(), Some("NUMBER_1"));
    assert_eq!(sandbox.coupon("SBX_EFFECTIVE_1").unwrap().times_used, 1);
}

#[test]
fn a_repetition_is_answered_alike_and_changes_nothing() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let call = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1");
    let first = till.ok(&call);
    assert_eq!(till.ok(&call), first);
    // The same data in another order.
    let mut shuffled: Vec<(String, Value)> =
        use_body("NUMBER_1").as_object().unwrap().clone().into_iter().collect();
    shuffled.reverse();
    let members: Vec<String> = shuffled.iter().map(|(n, v)| format!("{}: {v}", json!(n))).collect();
    assert_eq!(till.ok(&call.body(format!("{{{}}}", members.join(" ,")).into_bytes())), first);
    assert_eq!(sandbox.ledger().len(), 1);
    let duplicates: Vec<bool> = sandbox.requests().iter().map(|r| r.duplicate).collect();
    assert_eq!(duplicates, [false, true, true]);
}

#[test]
fn a_number_is_bound_to_its_data() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let call = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1");
    till.ok(&call);
    let order = json!({ "transaction_id": "4200000000000000000000000009" });
    for (name, value) in [
        ("use_time", json!("2025-08-03T12:00:01+08:00")),
        ("associated_order_info", order),
        ("store_id", json!("500001")),
        ("something_new", json!(1)),
    ] {
        let got = till.refused(&call.clone().with(name, value), 268_578_927);
        assert_eq!((got.status, got.code().as_str()), (400, "INVALID_REQUEST"), "{name}");
    }
    till.refused(&till.use_request("SBX_EFFECTIVE_2", "NUMBER_1"), 268_578_927);
    till.refused(&till.return_request("SBX_EFFECTIVE_1", "NUMBER_1"), 268_578_927);
    till.refused(&till.use_request("SBX_USED", OTHER_TILL_NUMBER), 268_578_927);
    assert_eq!(sandbox.ledger().len(), 1);
    // A refused request does not bind its number.
    till.refused(&till.use_request("SBX_EXPIRED", "NUMBER_2"), 268_578_776);
    till.ok(&till.use_request("SBX_EFFECTIVE_2", "NUMBER_2"));
}

#[test]
fn unusable_coupons_are_refused() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    for (code, sub_code, state) in [
        ("SBX_CONFIRMING", 268_578_367, CouponState::Confirming),
        ("SBX_PENDING", 272_755_715, CouponState::Pending),
        ("SBX_USED", 272_756_745, CouponState::Used),
        ("SBX_EXPIRED", 268_578_776, CouponState::Expired),
        ("SBX_DELETED", 272_756_769, CouponState::Deleted),
        ("SBX_DEACTIVATED", 268_578_367, CouponState::Deactivated),
        ("SBX_OUT_OF_HOURS", 272_755_717, CouponState::Effective),
        ("SBX_OTHER_STORE", 268_584_404, CouponState::Effective),
        ("SBX_LOCKED", 272_756_746, CouponState::Effective),
    ] {
        let got = till.refused(&till.use_request(code, "NUMBER_1"), sub_code);
        assert_eq!((got.status, got.code().as_str()), (403, "NOT_ENOUGH"), "{code}");
        assert_eq!(till.ok(&till.query_request(code))["coupon_state"], state.to_string());
        assert_eq!(sandbox.coupon(code).unwrap().state, state);
    }
    assert!(sandbox.ledger().is_empty());
    let used = till.ok(&till.query_request("SBX_USED"));
    assert_eq!(used["single_usage_detail"]["use_request_no"], OTHER_TILL_NUMBER);
    let deactivated = till.ok(&till.query_request("SBX_DEACTIVATED"));
    assert!(deactivated["deactivate_time"].is_string());
    assert!(till.ok(&till.query_request("SBX_CONFIRMING"))["confirm_time"].is_null());
}

#[test]
fn a_lock_can_be_lifted() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    till.refused(&till.use_request("SBX_LOCKED", "NUMBER_1"), 272_756_746);
    sandbox.put_coupon(&CouponSpec::new("SBX_LOCKED").locked(false)).unwrap();
    till.ok(&till.use_request("SBX_LOCKED", "NUMBER_1"));
}

#[test]
fn a_second_number_comes_too_late() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    till.ok(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"));
    till.refused(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_2"), 272_756_745);
    assert_eq!(sandbox.ledger().len(), 1);
}

#[test]
fn of_many_tills_at_once_one_wins() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..16)
            .map(|n| {
                let call = till.use_request("SBX_EFFECTIVE_1", &format!("NUMBER_{n}"));
                let till = &till;
                scope.spawn(move || till.send(&call).unwrap().status)
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 15);
    assert_eq!(sandbox.ledger().len(), 1);
}

#[test]
fn stores_are_checked() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let at =
        |code: &str, store: Value| till.use_request(code, &format!("NUMBER_{code}")).with("store_id", store);
    till.refused(&at("SBX_OTHER_STORE", json!("500002")), 268_584_404);
    let coupon = till.ok(&at("SBX_OTHER_STORE", json!("500001")));
    assert_eq!(coupon["stock"]["store_scope"], "SPECIFIC");

    sandbox.put_coupon(&CouponSpec::new("ALL_STORES").stores(StoreScope::All)).unwrap();
    till.refused(&at("ALL_STORES", json!("900000")), 268_584_404);
    till.refused(&at("ALL_STORES", Value::Null), 268_584_404);
    till.ok(&at("ALL_STORES", json!("500002")));

    let coupon = till.ok(&at("SBX_EFFECTIVE_1", json!("900000")));
    assert_eq!(coupon["stock"]["store_scope"], "NONE");
}

#[test]
fn hours_and_validity_are_checked() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let every_day = vec![
        Day::Monday,
        Day::Tuesday,
        Day::Wednesday,
        Day::Thursday,
        Day::Friday,
        Day::Saturday,
        Day::Sunday,
    ];
    let weekly = |days| Hours::Weekly { days, from_s: 0, to_s: 86_399 };
    sandbox.put_coupon(&CouponSpec::new("ALL_WEEK").hours(weekly(every_day))).unwrap();
    sandbox.put_coupon(&CouponSpec::new("NO_DAY").hours(weekly(vec![]))).unwrap();
    sandbox
        .put_coupon(&CouponSpec::new("PAST").valid("2024-01-01T00:00:00+08:00", "2024-02-01T00:00:00+08:00"))
        .unwrap();
    sandbox
        .put_coupon(
            &CouponSpec::new("FUTURE").valid("2124-01-01T00:00:00+08:00", "2124-02-01T00:00:00+08:00"),
        )
        .unwrap();
    let coupon = till.ok(&till.use_request("ALL_WEEK", "NUMBER_1"));
    let period = &coupon["stock"]["single_usage_rule"]["coupon_available_period"]["weekly_available_period"];
    assert_eq!(period["day_list"].as_array().unwrap().len(), 7);
    till.refused(&till.use_request("NO_DAY", "NUMBER_2"), 272_755_717);
    till.refused(&till.use_request("PAST", "NUMBER_3"), 268_578_776);
    till.refused(&till.use_request("FUTURE", "NUMBER_4"), 272_755_715);
    assert!(sandbox.put_coupon(&CouponSpec::new("BAD").valid("yesterday", "today")).is_err());
    assert!(sandbox.put_coupon(&CouponSpec::new("")).is_err());
}

#[test]
fn return_takes_a_redemption_back() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let code = "SBX_EFFECTIVE_1";
    till.refused(&till.return_request(code, "RETURN_1"), 268_578_367);
    let used = till.ok(&till.use_request(code, "NUMBER_1"));
    let back = till.return_request(code, "RETURN_1");
    let returned = till.ok(&back);
    assert_eq!(returned["coupon_state"], "EFFECTIVE");
    let detail = &returned["single_usage_detail"];
    assert_eq!(
        (&detail["use_request_no"], &detail["return_request_no"]),
        (&json!("NUMBER_1"), &json!("RETURN_1"))
    );
    assert!(detail["return_time"].is_string());
    assert_eq!(till.ok(&back), returned);
    till.refused(&back.clone().with("extra", json!(1)), 268_578_927);
    till.refused(&till.return_request(code, "RETURN_2"), 268_578_367);
    // The old number replays the old answer; a new one redeems again.
    assert_eq!(till.ok(&till.use_request(code, "NUMBER_1")), used);
    let again = till.ok(&till.use_request(code, "NUMBER_2"));
    assert_eq!(again["single_usage_detail"]["use_request_no"], "NUMBER_2");
    assert!(again["single_usage_detail"]["return_request_no"].is_null());
    assert_eq!(till.ok(&back)["coupon_state"], "EFFECTIVE");
    let effects: Vec<Effect> = sandbox.ledger().iter().map(|entry| entry.effect).collect();
    assert_eq!(effects, [Effect::Used, Effect::Returned, Effect::Used]);
    let view = sandbox.coupon(code).unwrap();
    assert_eq!((view.times_used, view.times_returned), (2, 1));
    till.ok(&till.return_request("SBX_USED", "RETURN_9"));
    till.refused(&till.return_request("SBX_EXPIRED", "RETURN_8"), 268_578_776);
    till.refused(&till.return_request("SBX_DELETED", "RETURN_8"), 272_756_769);
}

#[test]
fn bundles_go_up_and_come_down_in_order() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let rung = |call: Call, rung: usize| {
        call.with("product_coupon_id", json!(BUNDLE_PRODUCT_COUPON_ID))
            .with("stock_id", json!(BUNDLE_STOCK_IDS[rung - 1]))
    };
    let redeem = |n: usize| rung(till.use_request(&format!("SBX_BUNDLE_{n}"), &format!("NUMBER_{n}")), n);
    let give_back =
        |n: usize| rung(till.return_request(&format!("SBX_BUNDLE_{n}"), &format!("RETURN_{n}")), n);
    till.refused(&redeem(2), 268_578_367);
    let coupon = till.ok(&redeem(1));
    assert_eq!(coupon["product_coupon"]["usage_mode"], "PROGRESSIVE_BUNDLE");
    assert_eq!(coupon["progressive_bundle_usage_detail"]["use_request_no"], "NUMBER_1");
    assert!(coupon["single_usage_detail"].is_null());
    let info = |index: u32, used: u32| {
        let id = wxcoupon_sandbox::BUNDLE_ID;
        json!({ "user_coupon_bundle_id": id, "user_coupon_bundle_index": index, "total_count": 3, "used_count": used })
    };
    assert_eq!(coupon["user_product_coupon_bundle_info"], info(0, 1));
    assert_eq!(till.ok(&redeem(2))["user_product_coupon_bundle_info"], info(1, 2));
    till.refused(&give_back(1), 268_578_367);
    assert_eq!(till.ok(&give_back(2))["user_product_coupon_bundle_info"], info(1, 1));
    till.ok(&give_back(1));
    assert_eq!(sandbox.ledger().len(), 4);
}

#[test]
fn auto_coupons_spring_into_being() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    assert!(sandbox.coupon("AUTO_1").is_none());
    assert_eq!(till.ok(&till.query_request("AUTO_1"))["coupon_state"], "EFFECTIVE");
    let mut call = till.use_request("AUTO_2", "NUMBER_1");
    call.target = format!("{}/use", coupon_path("oAnybody", "AUTO_2"));
    till.ok(&call);
    till.refused(&till.use_request("AUTO_2", "NUMBER_2"), 272_756_745);
    assert_eq!(sandbox.coupon("AUTO_2").unwrap().state, CouponState::Used);
    assert_eq!(sandbox.stats().used, 1);
}

#[test]
fn too_many_requests_are_refused() {
    let sandbox = Sandbox::start(Options { rate: 3, ..Options::default() }).unwrap();
    let till = Till::new(&sandbox);
    let mut line = till.connect(&till.urls[0]).unwrap();
    let answers: Vec<_> =
        (0..8).map(|_| line.exchange(&till, &till.query_request("SBX_USED")).unwrap()).collect();
    let limited = answers.iter().find(|got| got.status == 429).expect("one too many");
    assert_eq!((limited.code().as_str(), limited.sub_code()), ("RATELIMIT_EXCEEDED", 270_924_289));
    till.verify(limited).unwrap();
    assert!(answers.iter().filter(|got| got.status == 200).count() >= 3);
}

#[test]
fn reset_starts_over() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let call = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1");
    till.ok(&call);
    till.ok(&till.use_request("AUTO_1", "NUMBER_2"));
    sandbox.reset();
    assert!(sandbox.ledger().is_empty() && sandbox.requests().is_empty());
    assert_eq!(sandbox.stats().requests, 0);
    assert!(sandbox.coupon("AUTO_1").is_none());
    till.ok(&call.with("use_time", json!("2025-08-03T12:00:01+08:00")));
    assert_eq!(sandbox.ledger()[0].seq, 1);
}

#[test]
fn the_log_keeps_what_was_sent_and_can_be_bounded_or_off() {
    let bounded = Sandbox::start(Options { log_capacity: 2, ..Options::default() }).unwrap();
    let till = Till::new(&bounded);
    for n in 0..3 {
        till.ok(&till.use_request(&format!("AUTO_{n}"), &format!("NUMBER_{n}")).with("new_member", json!(n)));
    }
    let log = bounded.requests();
    assert_eq!(log.iter().map(|r| r.seq).collect::<Vec<_>>(), [2, 3]);
    assert!(log[1].body.contains("\"new_member\":2"));
    assert!(log[1].target.contains(OPENID) && log[1].target.contains("AUTO_2"));
    assert!(log[1].headers.contains(&("User-Agent".into(), "till/1.0".into())));
    assert_eq!(log[1].operation, "use");
    assert_eq!(bounded.ledger().len(), 3);

    let off = Sandbox::start(Options { log_capacity: 0, ..Options::default() }).unwrap();
    let till = Till::new(&off);
    till.ok(&till.query_request("SBX_USED"));
    assert!(off.requests().is_empty());
    assert_eq!(off.stats().requests, 1);
    assert!(till.query_request("SBX_USED").target.contains(APPID));
}
