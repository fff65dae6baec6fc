//! 商家券: lost answers, voids, returns in doubt.

use crate::busifavor::{assert_by_coupon, by_code, by_owner, redeem};
use crate::evidence_shop::{Shop, assert_ended, assert_open, assert_voided};
use crate::till::{Answer, OPENID, with_limit};
use serde_json::{Value, json};
use wxcoupon_sandbox::Effect::{Returned, Used};
use wxcoupon_sandbox::{BUSIFAVOR_STOCK_IDS, BusifavorState, Fault, FaultKind};

fn fails(shop: &Shop, operation: &str, kind: FaultKind, request: &Value) {
    let fault = shop.sandbox.inject(Fault::new(kind).on(operation));
    shop.leave_in_doubt(|limit_ms| shop.till.ask(operation, &with_limit(request.clone(), limit_ms)));
    assert!(shop.sandbox.clear_fault(fault));
}

/// It took effect, and nobody knows.
fn lose_answer(shop: &Shop, operation: &str, request: &Value) {
    fails(shop, operation, FaultKind::ProcessThenReset, request);
}

/// It reached nobody yet, and nobody knows.
fn lose_request(shop: &Shop, operation: &str, request: &Value) {
    fails(shop, operation, FaultKind::ResetAfterRead, request);
}

fn back(coupon: &str, number: &str) -> Value {
    json!({ "coupon_code": coupon, "stock_id": BUSIFAVOR_STOCK_IDS[0], "return_request_no": number })
}

fn with_owner(mut request: Value) -> Value {
    request["openid"] = json!(OPENID);
    request
}

fn give_back(shop: &Shop, request: &Value) -> Answer {
    shop.till.ask("busifavor_return", request)
}

#[test]
fn a_lost_answer_by_code_alone_settles_by_repeating_the_same_bytes() {
    let shop = Shop::open();
    lose_answer(&shop, "busifavor_use", &by_code("AUTO_LOST", "BF-LOST-001"));
    let settled = shop.settle("BF-LOST-001");
    assert_ended(&shop, &settled, "BF-LOST-001", "WXCOUPON_OK");
    assert_eq!(settled.json["data"]["openid"], OPENID);
    // When no copy can arrive any more there is still nobody to ask.
    lose_answer(&shop, "busifavor_use", &by_code("AUTO_LOST2", "BF-LOST-002"));
    shop.copies_die();
    assert_ended(&shop, &shop.settle("BF-LOST-002"), "BF-LOST-002", "WXCOUPON_OK");
    lose_request(&shop, "busifavor_use", &by_code("AUTO_LOST3", "BF-LOST-003"));
    shop.copies_die();
    assert_ended(&shop, &shop.settle("BF-LOST-003"), "BF-LOST-003", "WXCOUPON_OK");
    for (coupon, number) in
        [("AUTO_LOST", "BF-LOST-001"), ("AUTO_LOST2", "BF-LOST-002"), ("AUTO_LOST3", "BF-LOST-003")]
    {
        assert_eq!(shop.effects(coupon), [Used]);
        let sent = shop.sandbox.requests();
        let mut bodies =
            sent.iter().filter(|sent| sent.number.as_deref() == Some(number)).map(|sent| &sent.body);
        let first = bodies.next().unwrap();
        assert!(bodies.all(|body| body == first), "{number}");
    }
}

#[test]
fn a_lost_answer_of_a_known_owner_settles_by_asking() {
    let shop = Shop::open();
    lose_answer(&shop, "busifavor_use", &by_owner("AUTO_KNOWN", "BF-KNOWN-01"));
    shop.copies_die();
    let sent = shop.requests("busifavor_use");
    let settled = shop.settle("BF-KNOWN-01");
    assert_ended(&shop, &settled, "BF-KNOWN-01", "WXCOUPON_OK");
    assert_eq!(settled.json["settled_by"], "busifavor_query");
    assert_eq!(shop.requests("busifavor_use"), sent);
    // Another till was first.
    lose_request(&shop, "busifavor_use", &by_owner("AUTO_FIRST", "BF-FIRST-01"));
    assert_eq!(shop.stranger().ask("busifavor_use", &by_code("AUTO_FIRST", "BF-FIRST-02")).status, 0);
    shop.copies_die();
    assert_ended(&shop, &shop.settle("BF-FIRST-01"), "BF-FIRST-01", "WXCOUPON_E_COUPON_STATE");
    assert_eq!(shop.effects("AUTO_FIRST"), [Used]);
}

#[test]
fn an_uploaded_code_is_asked_about_without_its_owner() {
    let shop = Shop::open();
    let [_, _, uploaded] = BUSIFAVOR_STOCK_IDS;
    let mut request = by_code("SBF_UPLOADED", "BF-UPLOAD-1");
    request["stock_id"] = json!(uploaded);
    lose_answer(&shop, "busifavor_use", &request);
    shop.copies_die();
    let sent = shop.requests("busifavor_use");
    let settled = shop.settle("BF-UPLOAD-1");
    assert_ended(&shop, &settled, "BF-UPLOAD-1", "WXCOUPON_OK");
    assert_eq!(settled.json["settled_by"], "busifavor_get_code");
    assert_eq!(shop.requests("busifavor_use"), sent);
    // Its void needs nobody's openid either.
    assert_voided(&shop, &shop.void("BF-UPLOAD-1"), "BF-UPLOAD-1", "voided");
    assert_eq!(shop.effects("SBF_UPLOADED"), [Used, Returned]);
}

#[test]
fn what_is_open_is_settled_by_the_next_program() {
    let shop = Shop::open();
    lose_answer(&shop, "busifavor_use", &by_code("AUTO_NEXT", "BF-NEXT-001"));
    lose_answer(&shop, "busifavor_use", &by_owner("AUTO_NEXT2", "BF-NEXT-002"));
    let next = shop.reopened(&json!({}));
    assert_eq!(next.pending()["pending"], 2);
    let settled = next.settle_all();
    assert_eq!((settled.status, &settled.json["data"]["settled"]), (0, &json!(2)), "{}", settled.json);
    let recorded = next.ask("busifavor_use", &by_code("AUTO_NEXT", "BF-NEXT-001"));
    assert_eq!((recorded.status, &recorded.json["recorded"]), (0, &json!(true)));
    assert_eq!((shop.effects("AUTO_NEXT"), shop.effects("AUTO_NEXT2")), (vec![Used], vec![Used]));
}

#[test]
fn a_redemption_is_called_off() {
    let shop = Shop::open();
    // It named neither stock nor owner. Its answer did.
    assert_eq!(redeem(&shop, &by_code("AUTO_OFF", "BF-OFF-0001")).status, 0);
    let voided = shop.void("BF-OFF-0001");
    assert_voided(&shop, &voided, "BF-OFF-0001", "voided");
    let number = voided.json["data"]["return_request_no"].as_str().unwrap().to_owned();
    assert!(number.len() == 39 && number.starts_with('V'), "{number}");
    assert_eq!(shop.sandbox.busifavor("AUTO_OFF").unwrap().return_request_no, Some(number));
    assert_eq!(shop.effects("AUTO_OFF"), [Used, Returned]);
    assert_eq!(redeem(&shop, &by_code("AUTO_OFF", "BF-OFF-0001")).name(), "WXCOUPON_E_REQUEST_NO_REUSED");
}

#[test]
fn a_redemption_in_doubt_is_called_off() {
    let shop = Shop::open();
    lose_answer(&shop, "busifavor_use", &by_owner("AUTO_OFF1", "BF-OFF-0101"));
    assert_voided(&shop, &shop.void("BF-OFF-0101"), "BF-OFF-0101", "voided");
    assert_eq!(shop.effects("AUTO_OFF1"), [Used, Returned]);
    // Not found yet, and a copy of it arrives.
    lose_request(&shop, "busifavor_use", &by_owner("AUTO_OFF2", "BF-OFF-0102"));
    assert_voided(&shop, &shop.void("BF-OFF-0102"), "BF-OFF-0102", "watching");
    assert_eq!(shop.stranger().ask("busifavor_use", &by_owner("AUTO_OFF2", "BF-OFF-0102")).status, 0);
    assert_voided(&shop, &shop.void("BF-OFF-0102"), "BF-OFF-0102", "voided");
    assert_eq!(shop.effects("AUTO_OFF2"), [Used, Returned]);
    // Nobody can be asked, and to repeat it could redeem what is to be called off.
    lose_request(&shop, "busifavor_use", &by_code("AUTO_OFF3", "BF-OFF-0103"));
    let sent = shop.requests("busifavor_use");
    assert_open(&shop, &shop.void("BF-OFF-0103"), "BF-OFF-0103", "voiding");
    assert_eq!((shop.requests("busifavor_use"), shop.effects("AUTO_OFF3")), (sent, vec![]));
}

#[test]
fn a_return_is_proven_and_its_redemption_is_told_as_returned() {
    let shop = Shop::open();
    assert_eq!(redeem(&shop, &by_code("AUTO_BACK", "BF-BACK-001")).status, 0);
    let returned = give_back(&shop, &with_owner(back("AUTO_BACK", "BF-BACK-R01")));
    assert_by_coupon(&returned);
    assert!(returned.json["data"]["wechatpay_return_time"].is_string(), "{}", returned.json);
    let sent = shop.sandbox.requests();
    let sent = sent.iter().find(|sent| sent.operation == "busifavor_return").unwrap();
    assert!(!sent.body.contains("openid") && !sent.body.contains("appid"), "{}", sent.body);
    let again = redeem(&shop, &by_code("AUTO_BACK", "BF-BACK-001"));
    assert_eq!(again.name(), "WXCOUPON_E_COUPON_STATE", "{}", again.json);
    assert!(again.json["message"].as_str().unwrap().contains("returned since"), "{}", again.json);
    // Another till redeemed it. Without its owner the answer is all there is.
    assert_eq!(shop.stranger().ask("busifavor_use", &by_code("AUTO_BACK2", "BF-BACK-002")).status, 0);
    let returned = give_back(&shop, &back("AUTO_BACK2", "BF-BACK-R02"));
    assert_eq!((returned.status, &returned.json["proof"]), (0, &json!("answer")), "{}", returned.json);
}

#[test]
fn a_success_that_repeats_an_old_one_is_asked_about() {
    let shop = Shop::with(&json!({ "journal_replays": false }));
    assert_eq!(redeem(&shop, &by_code("AUTO_OLD", "BF-OLD-0001")).status, 0);
    assert_by_coupon(&redeem(&shop, &by_code("AUTO_OLD", "BF-OLD-0001")));
    // WeChat Pay answers a number that it knows with its first success, though head office has returned the coupon.
    assert_eq!(shop.stranger().ask("busifavor_return", &back("AUTO_OLD", "OFFICE-OLD")).status, 0);
    let silent = shop.refuse("busifavor_query", 403, "NOAUTH", 0);
    let recorded = redeem(&shop, &by_code("AUTO_OLD", "BF-OLD-0001"));
    assert_eq!((recorded.status, &recorded.json["recorded"]), (0, &json!(true)), "{}", recorded.json);
    assert!(shop.sandbox.clear_fault(silent));
    let again = redeem(&shop, &by_code("AUTO_OLD", "BF-OLD-0001"));
    assert_eq!(again.name(), "WXCOUPON_E_COUPON_STATE", "{}", again.json);
    assert!(again.json["message"].as_str().unwrap().contains("returned since"), "{}", again.json);
    assert_eq!(shop.effects("AUTO_OLD"), [Used, Returned]);
}

#[test]
fn a_return_in_doubt_is_asked_about_and_does_not_undo_a_later_redemption() {
    let shop = Shop::open();
    assert_eq!(redeem(&shop, &by_code("AUTO_LATER", "BF-LATER-01")).status, 0);
    let request = with_owner(back("AUTO_LATER", "BF-LATER-R1"));
    lose_answer(&shop, "busifavor_return", &request);
    assert_eq!(redeem(&shop, &by_code("AUTO_LATER", "BF-LATER-02")).status, 0);
    let sent = shop.requests("busifavor_return");
    assert_ended(&shop, &shop.settle("BF-LATER-R1"), "BF-LATER-R1", "WXCOUPON_OK");
    assert_eq!(shop.requests("busifavor_return"), sent);
    assert_eq!(shop.effects("AUTO_LATER"), [Used, Returned, Used]);

    assert_eq!(redeem(&shop, &by_code("AUTO_LATER2", "BF-LATER-03")).status, 0);
    lose_request(&shop, "busifavor_return", &with_owner(back("AUTO_LATER2", "BF-LATER-R3")));
    // Head office returns it, and it is redeemed anew.
    assert_eq!(shop.stranger().ask("busifavor_return", &back("AUTO_LATER2", "OFFICE-R3")).status, 0);
    assert_eq!(redeem(&shop, &by_code("AUTO_LATER2", "BF-LATER-04")).status, 0);
    assert_open(&shop, &shop.settle("BF-LATER-R3"), "BF-LATER-R3", "pending");
    shop.copies_die();
    assert_ended(&shop, &shop.settle("BF-LATER-R3"), "BF-LATER-R3", "WXCOUPON_E_COUPON_STATE");
    assert_eq!(shop.effects("AUTO_LATER2"), [Used, Returned, Used]);
}

#[test]
fn a_return_in_doubt_whose_coupon_cannot_be_asked_about_is_never_repeated() {
    let shop = Shop::open();
    assert_eq!(shop.stranger().ask("busifavor_use", &by_code("AUTO_NEVER", "BF-NEVER-01")).status, 0);
    lose_request(&shop, "busifavor_return", &back("AUTO_NEVER", "BF-NEVER-R1"));
    let sent = shop.requests("busifavor_return");
    for _ in 0..2 {
        assert_open(&shop, &shop.settle("BF-NEVER-R1"), "BF-NEVER-R1", "pending");
        shop.copies_die();
    }
    assert_eq!((shop.requests("busifavor_return"), shop.effects("AUTO_NEVER")), (sent, vec![Used]));
}

#[test]
fn a_deactivation_in_doubt_is_asked_about() {
    let shop = Shop::open();
    let request = json!({
        "coupon_code": "AUTO_END", "stock_id": BUSIFAVOR_STOCK_IDS[0], "deactivate_request_no": "BF-END-0001",
        "openid": OPENID,
    });
    lose_answer(&shop, "busifavor_deactivate", &request);
    shop.copies_die();
    let settled = shop.settle("BF-END-0001");
    assert_ended(&shop, &settled, "BF-END-0001", "WXCOUPON_OK");
    assert_eq!(settled.json["settled_by"], "busifavor_query");
    assert_eq!(shop.sandbox.busifavor("AUTO_END").unwrap().state, BusifavorState::Deactivated);
    let void = shop.void("BF-END-0001");
    assert_eq!((void.name(), &void.json["field"]), ("WXCOUPON_E_REQUEST", &json!("/aim")), "{}", void.json);
}

#[test]
fn a_return_that_undid_anothers_redemption_is_told_and_a_later_redemption_is_none() {
    let shop = Shop::open();
    assert_eq!(redeem(&shop, &by_owner("AUTO_RACE", "BF-RACE-001")).status, 0);
    // Between question and return, head office returns it and another till redeems it. The question is from before.
    let before = json!({ "coupon_state": "USED", "use_request_no": "BF-RACE-001" });
    assert_eq!(shop.stranger().ask("busifavor_return", &back("AUTO_RACE", "OFFICE-RACE")).status, 0);
    assert_eq!(shop.stranger().ask("busifavor_use", &by_code("AUTO_RACE", "THEIRS-RACE")).status, 0);
    shop.sandbox.inject(Fault::new(FaultKind::Edited { patch: before }).on("busifavor_query").times(1));
    let told = shop.void("BF-RACE-001");
    assert_open(&shop, &told, "BF-RACE-001", "voiding");
    assert!(told.json["message"].as_str().unwrap().contains("THEIRS-RACE"), "{}", told.json);
    assert_eq!(shop.effects("AUTO_RACE"), [Used, Returned, Used, Returned]);

    // Ours is returned by the void, the verdict is lost, and another till redeems the coupon since.
    assert_eq!(redeem(&shop, &by_owner("AUTO_SINCE", "BF-SINCE-01")).status, 0);
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("busifavor_return"));
    let void = json!({ "out_request_no": "BF-SINCE-01", "aim": "void" });
    shop.leave_in_doubt(|limit_ms| shop.till.settle(&with_limit(void.clone(), limit_ms)));
    assert!(shop.sandbox.clear_fault(lost));
    assert_eq!(shop.stranger().ask("busifavor_use", &by_code("AUTO_SINCE", "THEIRS-SINCE")).status, 0);
    shop.copies_die();
    let voided = shop.void("BF-SINCE-01");
    assert!(matches!(voided.json["data"]["state"].as_str(), Some("voided" | "watching")), "{}", voided.json);
    assert_eq!(shop.effects("AUTO_SINCE"), [Used, Returned, Used]);
}

#[test]
fn a_return_without_owner_is_asked_about_with_the_one_of_its_redemption() {
    let shop = Shop::open();
    assert_eq!(redeem(&shop, &by_owner("AUTO_OWNER", "BF-OWNER-01")).status, 0);
    lose_answer(&shop, "busifavor_return", &back("AUTO_OWNER", "BF-OWNER-R1"));
    let sent = shop.requests("busifavor_return");
    let settled = shop.settle("BF-OWNER-R1");
    assert_ended(&shop, &settled, "BF-OWNER-R1", "WXCOUPON_OK");
    assert_eq!(settled.json["settled_by"], "busifavor_query");
    assert_eq!(shop.requests("busifavor_return"), sent);
    assert_eq!(shop.effects("AUTO_OWNER"), [Used, Returned]);
}

#[test]
fn a_redemption_that_was_returned_since_is_called_off_with_the_owner_of_its_answer() {
    let shop = Shop::open();
    lose_answer(&shop, "busifavor_use", &by_code("AUTO_GONE", "BF-GONE-001"));
    assert_eq!(shop.stranger().ask("busifavor_return", &back("AUTO_GONE", "OFFICE-GONE")).status, 0);
    let settled = shop.settle("BF-GONE-001");
    assert_eq!(settled.name(), "WXCOUPON_E_COUPON_STATE", "{}", settled.json);
    assert!(settled.json["data"].is_null(), "{}", settled.json);
    let void = shop.void("BF-GONE-001");
    assert_eq!(void.status, 0, "{}", void.json);
    assert_eq!(shop.till.pending()["pending"], 0);
    assert_eq!(shop.effects("AUTO_GONE"), [Used, Returned]);
}

/// What an expired 商家券 shows of a redemption that was returned before is not documented.
#[test]
fn what_was_returned_and_has_expired_is_told_to_be_looked_at_by_a_person() {
    let shop = Shop::open();
    assert_eq!(redeem(&shop, &by_owner("AUTO_EXPIRED", "BF-EXPIRED1")).status, 0);
    assert_eq!(shop.stranger().ask("busifavor_return", &back("AUTO_EXPIRED", "OFFICE-EXP1")).status, 0);
    let patch = json!({ "coupon_state": "EXPIRED" });
    shop.sandbox.inject(Fault::new(FaultKind::Edited { patch }).on("busifavor_query"));
    let told = shop.void("BF-EXPIRED1");
    assert_open(&shop, &told, "BF-EXPIRED1", "voiding");
    let message = told.json["message"].as_str().unwrap();
    assert!(message.contains("in state \"EXPIRED\"") && message.contains("abandon the number"), "{message}");
    assert!(!message.ends_with(": "), "{message}");
    assert_eq!(shop.effects("AUTO_EXPIRED"), [Used, Returned]);
}
