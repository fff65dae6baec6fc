//! 商家券: a redemption's answer names neither coupon nor number, so its verdict rests on a question; and its refusals do not
//! all say that nothing happened.

use crate::evidence_shop::{Shop, assert_ended, assert_open};
use crate::till::{Answer, OPENID, with_limit};
use serde_json::{Value, json};
use wxcoupon_sandbox::Effect::Used;
use wxcoupon_sandbox::{BUSIFAVOR_STOCK_IDS, BusifavorSpec, BusifavorState, Fault, FaultKind};

/// A redemption by the code alone, as a cashier scans it.
pub fn by_code(coupon: &str, number: &str) -> Value {
    json!({ "coupon_code": coupon, "use_request_no": number })
}

/// The same where the till knows whose coupon it is.
pub fn by_owner(coupon: &str, number: &str) -> Value {
    json!({ "coupon_code": coupon, "use_request_no": number, "openid": OPENID })
}

pub fn redeem(shop: &Shop, request: &Value) -> Answer {
    shop.till.ask("busifavor_use", request)
}

/// The answer of the request itself came, and the coupon proves it.
#[track_caller]
pub fn assert_by_coupon(answer: &Answer) {
    assert_eq!((answer.status, &answer.json["proof"]), (0, &json!("query")), "{}", answer.json);
    assert_eq!(answer.json.get("settled_by"), None, "{}", answer.json);
}

/// The coupon is all that there is.
#[track_caller]
fn assert_settled(answer: &Answer) {
    assert_eq!(
        (answer.status, &answer.json["settled_by"]),
        (0, &json!("busifavor_query")),
        "{}",
        answer.json
    );
    assert_eq!(answer.json["data"]["coupon_state"], "USED", "{}", answer.json);
}

#[track_caller]
fn assert_by_answer(answer: &Answer) {
    assert_eq!((answer.status, &answer.json["proof"]), (0, &json!("answer")), "{}", answer.json);
    assert_eq!(answer.json.get("settled_by"), None, "{}", answer.json);
}

#[test]
fn a_redemption_by_code_alone_is_proven_by_the_owner_that_its_answer_names() {
    let shop = Shop::open();
    let done = redeem(&shop, &by_code("AUTO_BARE", "BF-0001"));
    assert_by_coupon(&done);
    assert_eq!(done.json["out_request_no"], "BF-0001");
    assert_eq!((&done.json["data"]["openid"], &done.json["attempts"]), (&json!(OPENID), &json!(1)));
    let sent = shop.sandbox.requests();
    let asked = sent.iter().find(|request| request.operation == "busifavor_query").unwrap();
    assert!(
        asked.target.contains(&format!("/users/{OPENID}/coupons/AUTO_BARE/appids/wx")),
        "{}",
        asked.target
    );
    let used = sent.iter().find(|request| request.operation == "busifavor_use").unwrap();
    assert!(used.body.contains("use_time") && !used.body.contains("openid"), "{}", used.body);
    let again = redeem(&shop, &by_code("AUTO_BARE", "BF-0001"));
    assert_eq!((again.status, &again.json["recorded"]), (0, &json!(true)), "its use_time is filled in once");
    assert_eq!(shop.effects("AUTO_BARE"), [Used]);
}

#[test]
fn an_answer_that_fits_is_believed_where_asking_fails() {
    let shop = Shop::with(&json!({ "attempt_timeout_ms": 1500 }));
    for (at, (status, code)) in
        [(404, "RESOURCE_NOT_EXISTS"), (403, "NOAUTH"), (400, "PARAM_ERROR")].into_iter().enumerate()
    {
        let refused = shop.refuse("busifavor_query", status, code, 0);
        assert_by_answer(&redeem(&shop, &by_code(&format!("AUTO_SILENT{at}"), &format!("BF-SILENT-{at}"))));
        assert!(shop.sandbox.clear_fault(refused));
    }
    let down = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("busifavor_query"));
    let done = redeem(&shop, &with_limit(by_owner("AUTO_DOWN", "BF-DOWN-001"), 4000));
    assert_by_answer(&done);
    assert!(shop.sandbox.clear_fault(down));
    assert_eq!(shop.listed("BF-DOWN-001"), None);
}

#[test]
fn an_answer_about_another_stock_or_time_is_as_good_as_lost() {
    let shop = Shop::open();
    let [stock, ..] = BUSIFAVOR_STOCK_IDS;
    for (at, patch) in [
        json!({ "stock_id": "1287300000000002" }),
        json!({ "wechatpay_use_time": "2025-08-03T12:00:00+08:00" }),
        json!({ "wechatpay_use_time": "2099-08-03T12:00:00+08:00" }),
    ]
    .into_iter()
    .enumerate()
    {
        let (coupon, number) = (format!("AUTO_OTHER{at}"), format!("BF-OTHER-{at}"));
        let mut request = by_code(&coupon, &number);
        request["stock_id"] = json!(stock);
        let other = shop.edit("busifavor_use", patch, true);
        let lost = redeem(&shop, &with_limit(request.clone(), 2_500));
        assert_open(&shop, &lost, &number, "pending");
        assert_eq!(lost.json["verification"], "other_request", "{}", lost.json);
        assert!(shop.sandbox.clear_fault(other));
        assert_eq!(shop.requests("busifavor_query"), at, "nobody is asked about somebody else's coupon");
        assert_ended(&shop, &shop.settle(&number), &number, "WXCOUPON_OK");
        assert_eq!(shop.effects(&coupon), [Used]);
    }
}

#[test]
fn an_answer_without_a_time_is_not_believed_by_itself() {
    let shop = Shop::open();
    shop.edit("busifavor_use", json!({ "wechatpay_use_time": null }), true);
    assert_settled(&redeem(&shop, &by_owner("AUTO_TIMELESS", "BF-TIME-001")));
    let silent = shop.refuse("busifavor_query", 404, "RESOURCE_NOT_EXISTS", 0);
    let unproven = redeem(&shop, &with_limit(by_owner("AUTO_TIMELESS2", "BF-TIME-002"), 700));
    assert_open(&shop, &unproven, "BF-TIME-002", "pending");
    assert!(shop.sandbox.clear_fault(silent));
}

#[test]
fn a_coupon_that_contradicts_the_answer_leaves_it_open() {
    let shop = Shop::open();
    for (at, patch) in [
        json!({ "use_request_no": "SOMEBODY_ELSES" }),
        json!({ "coupon_state": "REDEEM_CONFIRMING" }),
        json!({ "coupon_state": "SENDED", "use_request_no": null }),
    ]
    .into_iter()
    .enumerate()
    {
        let (coupon, number) = (format!("AUTO_CONTRA{at}"), format!("BF-CONTRA-{at}"));
        let contradicts = shop.edit("busifavor_query", patch, true);
        let told = redeem(&shop, &by_code(&coupon, &number));
        assert_open(&shop, &told, &number, "pending");
        assert_eq!(told.json.get("data"), None, "{}", told.json);
        assert_eq!(shop.effects(&coupon), [Used], "an answer that fits is not asked for again");
        assert!(shop.sandbox.clear_fault(contradicts));
        let settled = shop.settle(&number);
        assert_ended(&shop, &settled, &number, "WXCOUPON_OK");
        assert_eq!(shop.effects(&coupon), [Used]);
    }
    assert_eq!(shop.requests("busifavor_use"), 3);
}

#[test]
fn a_question_that_reads_behind_the_write_is_asked_again() {
    let shop = Shop::open();
    let behind = json!({ "coupon_state": "SENDED", "use_request_no": null });
    shop.sandbox.inject(Fault::new(FaultKind::Edited { patch: behind }).on("busifavor_query").times(1));
    assert_by_coupon(&redeem(&shop, &by_code("AUTO_BEHIND", "BF-BEHIND-1")));
    assert_eq!((shop.requests("busifavor_use"), shop.requests("busifavor_query")), (1, 2));
}

#[test]
fn the_same_code_of_another_stock_says_nothing() {
    let shop = Shop::open();
    let [_, given, uploaded] = BUSIFAVOR_STOCK_IDS;
    // The question by owner names no stock, and is answered about the first. The one for uploaded codes names it.
    let mut request = by_code("SBF_TWICE", "BF-TWICE-01");
    request["stock_id"] = json!(uploaded);
    assert_by_coupon(&redeem(&shop, &request));
    let mut request = by_code("SBF_TWICE", "BF-TWICE-02");
    request["stock_id"] = json!(given);
    assert_by_coupon(&redeem(&shop, &request));
    // A return in one stock is none in the other.
    let back = json!({ "coupon_code": "SBF_TWICE", "stock_id": given, "return_request_no": "BF-TWICE-R2" });
    assert_eq!(shop.till.ask("busifavor_return", &back).status, 0);
    assert_ended(&shop, &shop.settle("BF-TWICE-02"), "BF-TWICE-02", "WXCOUPON_E_COUPON_STATE");
    assert_ended(&shop, &shop.settle("BF-TWICE-01"), "BF-TWICE-01", "WXCOUPON_OK");
}

#[test]
fn a_coupon_that_another_order_has_redeemed_is_refused_once_the_coupon_says_so() {
    let shop = Shop::open();
    let refused = redeem(&shop, &by_owner("SBF_USED", "BF-USED-001"));
    assert_ended(&shop, &refused, "BF-USED-001", "WXCOUPON_E_COUPON_STATE");
    assert_eq!(refused.json["wechat"]["code"], "RESOURCE_ALREADY_EXISTS");
    assert_eq!(refused.json["cashier"], "优惠券已被使用");
    // Nobody can be asked: it may have been this very request.
    let open = redeem(&shop, &by_code("SBF_USED", "BF-USED-002"));
    assert_open(&shop, &open, "BF-USED-002", "pending");
    assert_eq!(open.json["wechat"]["code"], "RESOURCE_ALREADY_EXISTS");
    assert!(open.json["message"].as_str().unwrap().contains("openid"), "{}", open.json);
    assert_open(&shop, &shop.settle("BF-USED-002"), "BF-USED-002", "pending");
    shop.a_day_passes();
    assert_open(&shop, &shop.settle("BF-USED-002"), "BF-USED-002", "unresolved");
    assert!(shop.effects("SBF_USED").is_empty());
}

#[test]
fn a_coupon_that_another_order_has_redeemed_may_have_been_redeemed_by_this_number() {
    let shop = Shop::open();
    // The row was lost with an earlier machine, and the number was not.
    assert_eq!(shop.stranger().ask("busifavor_use", &by_owner("AUTO_OURS", "BF-OURS-001")).status, 0);
    let refusal = FaultKind::Refusal { status: 400, code: "RESOURCE_ALREADY_EXISTS".into(), sub_code: 0 };
    shop.sandbox.inject(Fault::new(refusal.clone()).on("busifavor_use").times(1));
    assert_settled(&redeem(&shop, &by_owner("AUTO_OURS", "BF-OURS-001")));
    // The same after a lost answer.
    shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("busifavor_use").times(1));
    shop.sandbox.inject(Fault::new(refusal).on("busifavor_use").times(1));
    assert_settled(&redeem(&shop, &by_owner("AUTO_OURS2", "BF-OURS-002")));
    assert_eq!((shop.effects("AUTO_OURS"), shop.effects("AUTO_OURS2")), (vec![Used], vec![Used]));
}

#[test]
fn a_refusal_that_no_page_names_is_believed_only_where_the_coupon_can_be_asked_about() {
    let shop = Shop::open();
    for (at, kind) in [
        FaultKind::Refusal { status: 403, code: "NEXT_YEARS".into(), sub_code: 0 },
        FaultKind::UnsignedRefusal { status: 409, code: "NEXT_YEARS".into(), sub_code: 0 },
    ]
    .into_iter()
    .enumerate()
    {
        let (known, bare) = (format!("BF-NEW-{at}"), format!("BF-NEWBARE-{at}"));
        let fault = shop.sandbox.inject(Fault::new(kind).on("busifavor_use"));
        let told = redeem(&shop, &by_owner(&format!("AUTO_NEW{at}"), &known));
        // Without a signature it is not proven that this request was answered at all: a copy may arrive.
        if at == 0 {
            assert_ended(&shop, &told, &known, "WXCOUPON_E_REFUSED");
        } else {
            assert_open(&shop, &told, &known, "pending");
        }
        let told = redeem(&shop, &by_code(&format!("AUTO_NEWBARE{at}"), &bare));
        assert_open(&shop, &told, &bare, "pending");
        assert!(shop.sandbox.clear_fault(fault));
        assert_ended(&shop, &shop.settle(&bare), &bare, "WXCOUPON_OK");
    }
}

#[test]
fn refusals_that_the_pages_name_are_told_at_once() {
    let shop = Shop::open();
    let expired = BusifavorSpec::new("SBF_SOON").state(BusifavorState::Expired);
    shop.sandbox.put_busifavor(&expired).unwrap();
    for (coupon, number, name, cashier) in [
        ("SBF_SOON", "BF-REF-001", "WXCOUPON_E_COUPON_STATE", "不在优惠券有效期内"),
        ("SBF_DELETED", "BF-REF-002", "WXCOUPON_E_NOT_FOUND", "未找到该优惠券,请核对券码"),
        ("SBF_NOBODYS", "BF-REF-003", "WXCOUPON_E_NOT_FOUND", "未找到该优惠券,请核对券码"),
    ] {
        let refused = redeem(&shop, &by_code(coupon, number));
        assert_ended(&shop, &refused, number, name);
        assert_eq!(refused.json["cashier"], cashier);
    }
    assert_eq!(shop.requests("busifavor_query"), 0);
}

#[test]
fn a_fault_that_comes_as_http_400_is_repeated_with_the_same_bytes() {
    let shop = Shop::open();
    let fault = || Fault::new(FaultKind::Status { status: 400, html: false }).on("busifavor_use");
    shop.sandbox.inject(fault().times(1).processed(true));
    let done = redeem(&shop, &by_code("AUTO_FAULT", "BF-FAULT-01"));
    assert_by_coupon(&done);
    assert_eq!(done.json["attempts"], 2);
    let bodies: Vec<String> = shop
        .sandbox
        .requests()
        .into_iter()
        .filter(|sent| !sent.body.is_empty())
        .map(|sent| sent.body)
        .collect();
    assert_eq!((bodies.len(), &bodies[0]), (2, &bodies[1]));
    shop.sandbox.inject(fault());
    let open = redeem(&shop, &with_limit(by_code("AUTO_FAULT2", "BF-FAULT-02"), 6_000));
    assert_open(&shop, &open, "BF-FAULT-02", "pending");
    assert_eq!(open.name(), "WXCOUPON_E_SERVER", "{}", open.json);
    assert_eq!((shop.effects("AUTO_FAULT"), shop.effects("AUTO_FAULT2")), (vec![Used], vec![]));
}
