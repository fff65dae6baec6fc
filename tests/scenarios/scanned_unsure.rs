//! A scan where something is not known: what got no answer, what nobody can tell, what is about something else, what is in doubt.

use crate::directory::Shop;
use crate::till::{Answer, OPENID, STOCK, Till, query_request, use_request, with_limit};
use serde_json::{Value, json};
use wxcoupon_sandbox::{
    BUSIFAVOR_STOCK_IDS, BusifavorSpec, CouponSpec, CouponState, Fault, FaultId, FaultKind, Sandbox,
};

fn told(till: &Till, code: &str) {
    let asked = till.query(&query_request(code));
    assert_eq!(asked.status, 0, "{}", asked.json);
}

fn edited(sandbox: &Sandbox, operation: &str, patch: Value) -> FaultId {
    sandbox.inject(Fault::new(FaultKind::Edited { patch }).on(operation))
}

fn data(answer: &Answer) -> &Value {
    assert_eq!(answer.status, 0, "{}", answer.json);
    &answer.json["data"]
}

fn length(list: &Value) -> usize {
    list.as_array().unwrap_or_else(|| panic!("{list}")).len()
}

fn says(value: &Value, words: &str) -> bool {
    value.as_str().is_some_and(|text| text.contains(words))
}

/// The till knows a code of two coupons, a 商品券 and a 商家券.
fn of_two(shop: &Shop, till: &Till, code: &str) {
    let spec = CouponSpec { openid: Some(OPENID.into()), ..CouponSpec::new(code) };
    shop.sandbox.put_coupon(&spec).unwrap();
    told(till, code);
    shop.sandbox.put_busifavor(&BusifavorSpec::new(code)).unwrap();
    let row = json!({
        "family": "busifavor", "coupon_code": code, "stock_id": BUSIFAVOR_STOCK_IDS[0], "openid": OPENID,
        "appid": "wx233544546545989",
    });
    import(shop, till, &row);
}

fn import(shop: &Shop, till: &Till, row: &Value) {
    let file = shop.folder.path().join("told.jsonl");
    std::fs::write(&file, format!("{row}\n")).unwrap();
    let imported = till.ask("import_coupons", &json!({ "path": file }));
    assert_eq!((imported.status, &imported.json["data"]["imported"]), (0, &json!(1)), "{}", imported.json);
}

/// The one without an answer may be the very coupon that the customer has.
#[test]
fn the_cashier_is_told_that_a_coupon_got_no_answer() {
    let shop = Shop::new();
    let till = shop.till();
    of_two(&shop, &till, "UNSURE_1");
    shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("busifavor_query"));
    let question = json!({ "scan": "UNSURE_1", "amount": 20_000, "_options": { "timeout_ms": 3_000 } });
    let usable = till.scan(&question);
    assert_eq!(length(&data(&usable)["coupons"]), 1, "{}", usable.json);
    assert!(says(&data(&usable)["cashier"], "另有1张未能查询"), "{}", usable.json);
    shop.sandbox.set_state("UNSURE_1", CouponState::Used).unwrap();
    let gone = till.scan(&question);
    assert_eq!(length(&data(&gone)["coupons"]), 0, "{}", gone.json);
    let cashier = &data(&gone)["cashier"];
    assert!(says(cashier, "1张优惠券不可用") && says(cashier, "另有1张未能查询"), "{cashier}");
}

/// Candidates are asked one after the other.
#[test]
fn a_coupon_that_was_not_asked_about_says_that_the_time_was_up() {
    let shop = Shop::new();
    let till = shop.till();
    of_two(&shop, &till, "UNSURE_2");
    shop.sandbox.inject(Fault::new(FaultKind::Hang));
    let answer = till.scan(&json!({ "scan": "UNSURE_2", "_options": { "timeout_ms": 600 } }));
    assert_eq!((answer.class(), answer.json.get("data")), (3, None), "{}", answer.json);
    assert!(!answer.json.to_string().contains("max_rate_per_s"), "{}", answer.json);
}

/// A list about another brand, stock or merchant answers another question.
#[test]
fn a_list_about_something_else_is_not_believed() {
    let shop = Shop::new();
    let till = shop.till();
    let spec = CouponSpec { openid: Some("oListed".into()), ..CouponSpec::new("LISTED") };
    shop.sandbox.put_coupon(&spec).unwrap();
    let spec = BusifavorSpec { openid: Some("oListed".into()), ..BusifavorSpec::new("BF_LISTED") };
    shop.sandbox.put_busifavor(&spec).unwrap();
    let mchid = shop.config()["mchid"].clone();
    let listed = till.ask("list", &json!({ "openid": "oListed", "page_size": 50 }));
    let product = data(&listed)["user_coupon_list"][0].clone();
    let listed = till.ask(
        "busifavor_list",
        &json!({ "openid": "oListed", "belong_merchant": mchid, "offset": 0, "limit": 20 }),
    );
    let busifavor = data(&listed)["data"][0].clone();
    let with = |coupon: &Value, pointer: &str, value: &str| {
        let mut coupon = coupon.clone();
        *coupon.pointer_mut(pointer).unwrap() = json!(value);
        coupon
    };
    let scan = || {
        till.scan(&json!({
            "openid": "oListed", "stock_id": STOCK, "_options": { "timeout_ms": 1500 },
        }))
    };
    assert_eq!(length(&data(&scan())["coupons"]), 1);
    for (pointer, value) in [("/brand_id", "999"), ("/stock/stock_id", "1000000013999")] {
        let list = json!({ "user_coupon_list": [with(&product, pointer, value)] });
        let fault = edited(&shop.sandbox, "list", list);
        let answer = scan();
        assert_eq!(
            (answer.class(), &answer.json["verification"]),
            (3, &json!("other_request")),
            "{}",
            answer.json
        );
        assert!(shop.sandbox.clear_fault(fault));
    }
    let both = || {
        let question =
            json!({ "openid": "oListed", "belong_merchant": mchid, "_options": { "timeout_ms": 1500 } });
        till.scan(&question)
    };
    assert_eq!(length(&data(&both())["coupons"]), 2);
    edited(
        &shop.sandbox,
        "busifavor_list",
        json!({ "data": [with(&busifavor, "/belong_merchant", "1900000999")] }),
    );
    let answer = both();
    assert_eq!(
        (answer.class(), &answer.json["verification"]),
        (3, &json!("other_request")),
        "{}",
        answer.json
    );
}

/// The text calls `offset` the number of a page; the samples show positions. Whichever it is, all coupons come.
#[test]
fn a_list_that_counts_pages_comes_whole() {
    let shop = Shop::new();
    let till = shop.till();
    for index in 0..25 {
        let code = format!("PAGE_{index:02}");
        let spec = BusifavorSpec { openid: Some("oPages".into()), ..BusifavorSpec::new(code) };
        shop.sandbox.put_busifavor(&spec).unwrap();
    }
    let mchid = shop.config()["mchid"].clone();
    let page = |offset: u32, limit: u32| {
        let question =
            json!({ "openid": "oPages", "belong_merchant": mchid, "offset": offset, "limit": limit });
        data(&till.ask("busifavor_list", &question))["data"].clone()
    };
    let (first, second) = (page(0, 20), page(20, 20));
    assert_eq!((length(&first), length(&second)), (20, 5));
    let question = json!({ "openid": "oPages", "belong_merchant": mchid });
    // The page of position 20 is empty; the next question, for page 1, gets what page 1 has: the rest, or the first page again.
    for numbered in [vec![second.clone()], vec![first.clone(), second.clone()]] {
        let pages = std::iter::once(json!([])).chain(numbered);
        let faults: Vec<FaultId> = (1..)
            .zip(pages)
            .map(|(before, page)| {
                let patch = json!({ "data": page, "total_count": 25 });
                let fault = Fault::new(FaultKind::Edited { patch }).on("busifavor_list");
                shop.sandbox.inject(fault.skip(before).times(1))
            })
            .collect();
        let answer = till.scan(&question);
        assert_eq!(length(&data(&answer)["coupons"]), 25, "{}", answer.json);
        for fault in faults {
            assert_eq!(shop.sandbox.fired(fault), 1);
            shop.sandbox.clear_fault(fault);
        }
    }
}

/// An order of 0 does not exist: what cannot be redeemed is not the best.
#[test]
fn what_leaves_nothing_to_pay_comes_after_what_can_be_paid() {
    let shop = Shop::new();
    let till = shop.till();
    for (code, reduce) in [("FREE", 10_000), ("PAID", 500)] {
        let worth = wxcoupon_sandbox::Worth::Normal { threshold: 0, discount_amount: reduce };
        let spec = CouponSpec { openid: Some("oRanked".into()), worth: Some(worth), ..CouponSpec::new(code) };
        shop.sandbox.put_coupon(&spec).unwrap();
    }
    let answer = till.scan(&json!({ "openid": "oRanked", "amount": 10_000 }));
    let codes: Vec<&str> = data(&answer)["coupons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|offer| offer["coupon"]["coupon_code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["PAID", "FREE"], "{}", answer.json);
}

/// Without a basket, too: what nobody knows to be usable is not called usable.
#[test]
fn what_is_not_known_to_be_usable_is_to_be_checked() {
    let shop = Shop::new();
    let till = shop.till();
    told(&till, "AUTO_SURE");
    let sure = till.scan(&json!({ "scan": "AUTO_SURE" }));
    assert_eq!(data(&sure)["cashier"], "有1张可用的优惠券", "{}", sure.json);
    assert!(data(&sure)["coupons"][0].get("unchecked").is_none(), "{}", sure.json);
    edited(&shop.sandbox, "query", json!({ "coupon_state": "SOMETHING_NEW" }));
    let unsure = till.scan(&json!({ "scan": "AUTO_SURE" }));
    let coupon = &data(&unsure)["coupons"][0];
    assert_eq!(coupon["unchecked"], json!(["state"]), "{}", unsure.json);
    assert!(says(&data(&unsure)["cashier"], "待核对"), "{}", unsure.json);
}

/// What was lost and may have been redeemed is not offered for a second number.
#[test]
fn a_coupon_that_is_in_doubt_here_is_held_back() {
    let shop = Shop::new();
    let till = shop.till();
    told(&till, "AUTO_DOUBT");
    let lost = shop.sandbox.inject(Fault::new(FaultKind::Hang).on("use"));
    let request = use_request("AUTO_DOUBT", "SCAN-DOUBT");
    crate::evidence_shop::leave_in_doubt(&shop.sandbox, |limit| {
        till.redeem(&with_limit(request.clone(), limit))
    });
    assert!(shop.sandbox.clear_fault(lost));
    for question in [json!({ "scan": "AUTO_DOUBT" }), json!({ "scan": "AUTO_DOUBT", "amount": 20_000 })] {
        let answer = till.scan(&question);
        assert_eq!(length(&data(&answer)["coupons"]), 0, "{}", answer.json);
        let unusable = &data(&answer)["unusable"][0];
        assert_eq!(unusable["reason"], "in_doubt", "{}", answer.json);
        assert!(
            says(&unusable["message"], "SCAN-DOUBT") && says(&unusable["cashier"], "请勿重复核销"),
            "{unusable}"
        );
    }
    assert_eq!(till.redeem(&request).status, 0, "the same number goes on");
}

/// The look-up was sent, and it binds the code: not even a time that is up makes that nothing.
#[test]
fn after_a_look_up_nothing_is_called_unsent() {
    let shop = Shop::new();
    let till = shop.till();
    shop.sandbox.inject(Fault::new(FaultKind::Hang).on("list"));
    let code = shop.sandbox.show_payment_code(OPENID).unwrap();
    let late = till.scan(&json!({ "auth_code": code, "_options": { "timeout_ms": 2_000 } }));
    assert_eq!(late.class(), 3, "{}", late.json);
    assert!(says(&late.json["message"], "was looked up"), "{}", late.json);
    let code = shop.sandbox.show_payment_code(OPENID).unwrap();
    let job =
        till.start("scan", &json!({ "auth_code": code, "_options": { "timeout_ms": 60_000 } })).unwrap();
    crate::till::until("the list is asked for", || {
        let asked = shop.sandbox.requests();
        asked.iter().filter(|request| request.operation == "list").count() > 1
    });
    job.cancel();
    let cancelled = job.wait(60_000);
    assert_eq!(cancelled.class(), 3, "{}", cancelled.json);
    assert!(says(&cancelled.json["message"], "was looked up"), "{}", cancelled.json);
}

/// Each refusal of a look-up means something else.
#[test]
fn why_a_look_up_is_refused_is_told_apart() {
    let shop = Shop::new();
    let till = shop.till();
    for (err_code, class, words) in [
        ("NOAUTH", 5, "may not look up"),
        ("APPID_MCHID_NOT_MATCH", 5, "do not belong together"),
        ("FREQUENCY_LIMITED", 6, "too often"),
        ("SYSTEMERROR", 3, "WeChat Pay's side"),
        ("SOMETHING_NEW", 5, "the look-up of the payment code was refused"),
    ] {
        let code = shop.sandbox.show_failing_payment_code(OPENID, err_code, 99).unwrap();
        let answer = till.scan(&json!({ "auth_code": code, "_options": { "timeout_ms": 1500 } }));
        assert_eq!((answer.class(), answer.in_doubt), (class, false), "{err_code}: {}", answer.json);
        assert!(says(&answer.json["message"], words), "{err_code}: {}", answer.json);
        assert_ne!(answer.json["cashier"], "请顾客刷新付款码后重新出示", "{err_code}");
    }
}

/// The answer about an uploaded code that nobody has received has no coupon.
#[test]
fn an_uploaded_code_that_nobody_received_says_so() {
    let shop = Shop::new();
    let till = shop.till();
    let row =
        json!({ "family": "busifavor", "coupon_code": "SBF_UPLOADED", "stock_id": BUSIFAVOR_STOCK_IDS[2] });
    import(&shop, &till, &row);
    edited(&shop.sandbox, "busifavor_get_code", json!({ "coupon_information": null }));
    let answer = till.scan(&json!({ "scan": "SBF_UPLOADED" }));
    assert_eq!(data(&answer)["unusable"][0]["reason"], "not_received", "{}", answer.json);
    assert!(says(&data(&answer)["cashier"], "尚未被领取"), "{}", answer.json);
}

/// More than the page promises may come, and then it counts.
#[test]
fn a_busifavor_answer_that_names_another_coupon_or_number_is_no_success() {
    for patch in [
        json!({ "coupon_code": "BF_ANOTHER" }),
        json!({ "use_request_no": "ANOTHER-NUMBER" }),
        json!({ "stock_id": "1000000013999" }),
    ] {
        let shop = Shop::new();
        let till = shop.till();
        shop.sandbox.put_busifavor(&BusifavorSpec::new("BF_ECHO")).unwrap();
        let fault =
            Fault::new(FaultKind::Edited { patch: patch.clone() }).on("busifavor_use").processed(false);
        shop.sandbox.inject(fault);
        let request = json!({
            "coupon_code": "BF_ECHO", "stock_id": BUSIFAVOR_STOCK_IDS[0], "openid": OPENID,
            "appid": "wx233544546545989", "use_request_no": "BF-ECHO-0001",
        });
        let answer = till.ask("busifavor_use", &with_limit(request, 2_000));
        assert_eq!((answer.class(), answer.in_doubt), (4, true), "{patch}: {}", answer.json);
    }
}

/// What a recorded success rests on stays known.
#[test]
fn a_recorded_success_says_what_proved_it() {
    let shop = Shop::new();
    let till = shop.till();
    shop.sandbox.put_busifavor(&BusifavorSpec::new("BF_PROOF")).unwrap();
    let request = json!({
        "coupon_code": "BF_PROOF", "stock_id": BUSIFAVOR_STOCK_IDS[0], "openid": OPENID,
        "appid": "wx233544546545989", "use_request_no": "BF-PROOF-001",
    });
    let first = till.ask("busifavor_use", &request);
    let proof = first.json["proof"].clone();
    assert_eq!((first.status, &proof), (0, &json!("query")), "{}", first.json);
    for again in [
        till.ask("busifavor_use", &request),
        till.settle(&json!({ "out_request_no": "BF-PROOF-001" })),
        shop.till().ask("busifavor_use", &request),
    ] {
        assert_eq!((&again.json["recorded"], &again.json["proof"]), (&json!(true), &proof), "{}", again.json);
        assert!(!says(&again.json["message"], "proof"), "{}", again.json);
    }
}
