use super::*;
use crate::api::{
    BUSIFAVOR, CONFIRM, DEACTIVATE, ListPlace, Operation, PRODUCT_COUPON, RETURN, Recovery, ShownBy, USE,
    by_id,
};
use serde_json::json;

type Read = fn(&Trace, &str, &Map<String, Value>) -> Evidence;

fn of(operation: &Operation, coupon: Value) -> Evidence {
    read(operation, coupon, of_coupon)
}

fn asked(operation: &Operation, coupon: Value) -> Evidence {
    read(operation, coupon, of_question)
}

fn read(operation: &Operation, coupon: Value, of: Read) -> Evidence {
    let Recovery::Query { shown_by: ShownBy::Coupon(trace), .. } = operation.recovery else {
        panic!("it is asked about")
    };
    let Value::Object(coupon) = coupon else { panic!("an object") };
    of(trace, "OURS-0001", &coupon)
}

fn not_done(state: &str) -> Evidence {
    let is_final = matches!(state, "EXPIRED" | "DELETED");
    Evidence::NotDone { state: state.into(), is_final }
}

#[test]
fn a_redemption() {
    let single = |state: &str, detail: Value| {
        of(&USE, json!({ "coupon_state": state, "single_usage_detail": detail }))
    };
    let rung = |state: &str, detail: Value| {
        of(&USE, json!({ "coupon_state": state, "progressive_bundle_usage_detail": detail }))
    };
    for of in [&single as &dyn Fn(&str, Value) -> Evidence, &rung] {
        assert_eq!(of("USED", json!({ "use_request_no": "OURS-0001" })), Evidence::Done);
        assert_eq!(of("USED", json!({ "use_request_no": "THEIRS-1" })), Evidence::Other("THEIRS-1".into()));
        assert_eq!(of("USED", json!({})), Evidence::Unnamed("USED".into()));
        assert_eq!(of("USED", json!(null)), Evidence::Unnamed("USED".into()));
        let returned = json!({ "use_request_no": "OURS-0001", "return_request_no": "BACK-0001" });
        assert_eq!(of("EFFECTIVE", returned.clone()), Evidence::Undone);
        assert_eq!(of("EXPIRED", returned), Evidence::Undone);
        assert_eq!(of("EFFECTIVE", json!({ "use_request_no": "THEIRS-1" })), not_done("EFFECTIVE"));
        assert_eq!(of("EFFECTIVE", json!(null)), not_done("EFFECTIVE"));
        assert_eq!(of("FROZEN", json!({ "use_request_no": "OURS-0001" })), Evidence::Nothing);
    }
    assert_eq!(of(&USE, json!({})), Evidence::Nothing);
    let uses = |state: &str, detail: &str| {
        let items = json!([{ "use_request_no": "THEIRS-1", "detail_state": "USED" },
                           { "use_request_no": "OURS-0001", "detail_state": detail }]);
        of(&USE, json!({ "coupon_state": state, "sequential_usage_detail": { "detail_item_list": items } }))
    };
    assert_eq!(uses("EFFECTIVE", "USED"), Evidence::Done);
    assert_eq!(uses("USED", "EFFECTIVE"), Evidence::Undone);
    assert_eq!(uses("USED", "FROZEN"), Evidence::Nothing);
    let none = json!({ "used_count": 0, "detail_item_list": [] });
    assert_eq!(
        of(&USE, json!({ "coupon_state": "EFFECTIVE", "sequential_usage_detail": none })),
        not_done("EFFECTIVE")
    );
    let bare = json!({ "used_count": 1 });
    assert_eq!(
        of(&USE, json!({ "coupon_state": "USED", "sequential_usage_detail": bare })),
        Evidence::Nothing
    );
}

#[test]
fn a_return() {
    let back = |state: &str, request_no: Value| {
        of(
            &RETURN,
            json!({ "coupon_state": state, "single_usage_detail": { "return_request_no": request_no } }),
        )
    };
    assert_eq!(back("EFFECTIVE", json!("OURS-0001")), Evidence::Done);
    assert_eq!(back("USED", json!("OURS-0001")), Evidence::Done, "it was redeemed again since");
    assert_eq!(back("EFFECTIVE", json!("THEIRS-1")), Evidence::Other("THEIRS-1".into()));
    assert_eq!(back("EFFECTIVE", json!(null)), Evidence::Unnamed("EFFECTIVE".into()));
    let theirs =
        json!({ "coupon_state": "EFFECTIVE", "single_usage_detail": { "return_request_no": "THEIRS-1" } });
    assert_eq!(
        asked(&RETURN, theirs),
        Evidence::Unnamed("THEIRS-1".into()),
        "ours may have been the one before"
    );
    let theirs = json!({ "coupon_state": "USED", "single_usage_detail": { "use_request_no": "THEIRS-1" } });
    assert_eq!(asked(&USE, theirs), Evidence::Other("THEIRS-1".into()));
    assert_eq!(back("USED", json!(null)), not_done("USED"));
    assert_eq!(back("USED", json!("THEIRS-1")), not_done("USED"));
}

#[test]
fn a_confirmation_and_a_deactivation() {
    let confirm = |state: &str, request_no: Value| {
        of(&CONFIRM, json!({ "coupon_state": state, "confirm_request_no": request_no }))
    };
    assert_eq!(confirm("EFFECTIVE", json!("OURS-0001")), Evidence::Done);
    assert_eq!(
        confirm("DEACTIVATED", json!("OURS-0001")),
        Evidence::Done,
        "what came later does not undo it"
    );
    assert_eq!(confirm("CONFIRMING", json!(null)), not_done("CONFIRMING"));
    assert_eq!(confirm("EXPIRED", json!(null)), not_done("EXPIRED"));
    assert_eq!(confirm("USED", json!(null)), Evidence::Unnamed("USED".into()));
    let end = |state: &str, request_no: Value| {
        of(&DEACTIVATE, json!({ "coupon_state": state, "deactivate_request_no": request_no }))
    };
    assert_eq!(end("DEACTIVATED", json!("OURS-0001")), Evidence::Done);
    assert_eq!(end("DEACTIVATED", json!("THEIRS-1")), Evidence::Other("THEIRS-1".into()));
    assert_eq!(end("EFFECTIVE", json!(null)), not_done("EFFECTIVE"));
}

#[test]
fn a_refused_question() {
    let refusal = |status, code: &str, subcode, message: &str| {
        let error =
            WechatError { code: Some(code.into()), message: Some(message.into()), detail: None, subcode };
        of_refusal(PRODUCT_COUPON.redemption.vocabulary, status, &error)
    };
    assert_eq!(refusal(404, "NOT_FOUND", Some(268_578_851), "用户商品券不存在"), Evidence::Absent);
    assert_eq!(
        refusal(404, "NOT_FOUND", None, PRODUCT_COUPON.redemption.vocabulary.absent_texts[2]),
        Evidence::Absent
    );
    assert_eq!(
        refusal(404, "NOT_FOUND", Some(ANOTHERS), PRODUCT_COUPON.redemption.vocabulary.absent_texts[2]),
        Evidence::Nothing
    );
    assert_eq!(refusal(404, "NOT_FOUND", None, "请求的接口不存在"), Evidence::Nothing);
    assert_eq!(refusal(403, "NO_AUTH", Some(268_579_803), ""), Evidence::Nothing);
    assert_eq!(refusal(403, "NOT_FOUND", Some(268_578_851), ""), Evidence::Nothing);
}

#[test]
fn what_is_not_shown_counts_once_no_copy_is_alive() {
    let certain = |at_s| Proof { at_s, is_certain: true };
    assert!(copies_are_dead(1000, certain(1360)) && !copies_are_dead(1000, certain(1359)));
    assert!(!copies_are_dead(1000, Proof { at_s: 9999, is_certain: false }));
    assert!(copies_are_dead(0, Proof { at_s: 0, is_certain: false }), "nothing is on its way");
    for (evidence, before, after) in [
        (not_done("EFFECTIVE"), false, true),
        (not_done("EXPIRED"), true, true),
        (not_done("DEACTIVATED"), false, true),
        (Evidence::Absent, false, true),
        (Evidence::Other("X".into()), false, true),
        (Evidence::Undone, true, true),
        (Evidence::Done, false, false),
        (Evidence::Unnamed("USED".into()), false, false),
        (Evidence::Nothing, false, false),
    ] {
        assert_eq!(
            (evidence.rules_out_effect(false), evidence.rules_out_effect(true)),
            (before, after),
            "{evidence:?}"
        );
        let uncertain = evidence.clone().at_uncertain_time();
        assert!(uncertain == Evidence::Nothing || evidence == Evidence::Done);
    }
}

#[test]
fn whose_redemptions_stand() {
    let of = |coupon: Value| {
        let Value::Object(coupon) = coupon else { panic!("an object") };
        standing(PRODUCT_COUPON.redemption, &coupon)
    };
    let by = |numbers: &[&str]| {
        StandingRedemptions::Numbers(numbers.iter().map(|request_no| (*request_no).to_owned()).collect())
    };
    let single =
        |state: &str, detail: Value| of(json!({ "coupon_state": state, "single_usage_detail": detail }));
    assert_eq!(single("USED", json!({ "use_request_no": "OURS-0001" })), by(&["OURS-0001"]));
    assert_eq!(single("USED", json!(null)), StandingRedemptions::Unknown);
    assert_eq!(single("EFFECTIVE", json!({ "use_request_no": "OURS-0001" })), by(&[]));
    assert_eq!(single("FROZEN", json!({ "use_request_no": "OURS-0001" })), StandingRedemptions::Unknown);
    let future = json!({ "coupon_state": "USED", "product_coupon": { "usage_mode": "TIMES" },
                         "single_usage_detail": { "use_request_no": "OURS-0001" } });
    assert_eq!(of(future), StandingRedemptions::Unknown);
    let uses = |count: u64, items: Value| {
        let detail = json!({ "used_count": count, "detail_item_list": items });
        of(json!({ "coupon_state": "EFFECTIVE", "sequential_usage_detail": detail }))
    };
    let returned = json!({ "use_request_no": "OURS-0001", "detail_state": "EFFECTIVE" });
    let theirs = json!({ "use_request_no": "THEIRS-1", "detail_state": "USED" });
    assert_eq!(uses(1, json!([returned, theirs])), by(&["THEIRS-1"]));
    assert_eq!(uses(2, json!([returned, theirs])), StandingRedemptions::Unknown, "it is not whole");
    assert_eq!(uses(1, json!([{ "detail_state": "USED" }])), StandingRedemptions::Unknown);
    assert_eq!(uses(0, json!([])), by(&[]));
}

#[test]
fn which_redemption_a_return_has_undone() {
    let undone = |coupon: Value| {
        let Value::Object(coupon) = coupon else { panic!("an object") };
        other_undone(PRODUCT_COUPON.redemption, "OURS-0001", "BACK-0001", &coupon)
    };
    let single =
        |request_no: Value| undone(json!({ "single_usage_detail": { "use_request_no": request_no } }));
    assert_eq!(single(json!("OURS-0001")), None);
    assert_eq!(single(json!("THEIRS-1")).as_deref(), Some("THEIRS-1"));
    assert_eq!(single(json!(null)), None, "it does not say");
    let uses = |ours: &str, theirs: &str| {
        let items = json!([{ "use_request_no": "OURS-0001", "return_request_no": ours },
                           { "use_request_no": "THEIRS-1", "return_request_no": theirs }]);
        undone(json!({ "sequential_usage_detail": { "detail_item_list": items } }))
    };
    assert_eq!(uses("BACK-0001", "BACK-0002"), None);
    assert_eq!(uses("BACK-0002", "BACK-0001").as_deref(), Some("THEIRS-1"));
}

#[test]
fn a_redeemed_coupon_that_expired_is_not_a_returned_one() {
    let expired =
        json!({ "coupon_state": "EXPIRED", "single_usage_detail": { "use_request_no": "OURS-0001" } });
    assert_eq!(of(&USE, expired), Evidence::Nothing);
}

#[test]
fn a_state_of_the_future_says_nothing_about_uses_that_a_whole_list_does_not_show() {
    let none = |state: &str| {
        let detail = json!({ "used_count": 0, "detail_item_list": [] });
        of(&USE, json!({ "coupon_state": state, "sequential_usage_detail": detail }))
    };
    assert_eq!(none("EFFECTIVE"), not_done("EFFECTIVE"));
    assert_eq!(none("FROZEN"), Evidence::Nothing);
}

#[test]
fn at_an_uncertain_time_only_what_happened_counts() {
    assert_eq!(Evidence::Done.at_uncertain_time(), Evidence::Done);
    for later in
        [Evidence::Undone, Evidence::Absent, Evidence::Other("THEIRS-1".into()), not_done("EFFECTIVE")]
    {
        assert_eq!(later.at_uncertain_time(), Evidence::Nothing);
    }
}

#[test]
fn a_page_whose_items_should_have_numbers_and_have_none_cannot_be_read() {
    let at = ListPlace { list: "coupons", member: "deactivate_request_no", in_state: Some("DEACTIVATED") };
    let page = |item: Value| {
        let Value::Object(page) = json!({ "coupons": [item] }) else { panic!("an object") };
        of_page(&at, "OURS-0001", &page)
    };
    let ours = json!({ "coupon_state": "DEACTIVATED", "deactivate_request_no": "OURS-0001" });
    assert!(matches!(page(ours), Page::Found));
    let theirs = json!({ "coupon_state": "DEACTIVATED", "deactivate_request_no": "THEIRS-1" });
    assert!(matches!(page(theirs), Page::Absent(1)));
    assert!(matches!(page(json!({ "coupon_state": "DEACTIVATED" })), Page::Unreadable));
    assert!(matches!(page(json!({ "coupon_state": "EFFECTIVE" })), Page::Absent(1)), "it never had one");
}

#[test]
fn a_coupon_with_flat_members() {
    let flat = |id: &str, coupon: Value| of(by_id(id).unwrap(), coupon);
    let used = |coupon: Value| flat("busifavor_use", coupon);
    let ours = |state: &str| json!({ "coupon_state": state, "use_request_no": "OURS-0001" });
    assert_eq!(used(ours("USED")), Evidence::Done);
    assert_eq!(used(ours("SENDED")), Evidence::Undone, "it can be redeemed again");
    let theirs = json!({ "coupon_state": "USED", "use_request_no": "THEIRS-1" });
    assert_eq!(used(theirs.clone()), Evidence::Other("THEIRS-1".into()));
    assert_eq!(used(json!({ "coupon_state": "USED" })), Evidence::Unnamed("USED".into()));
    assert_eq!(used(json!({ "coupon_state": "SENDED" })), not_done("SENDED"));
    assert_eq!(used(json!({ "coupon_state": "DELETED" })), not_done("DELETED"));
    // A return's number may be that of a return before this redemption.
    let expired =
        json!({ "coupon_state": "EXPIRED", "use_request_no": "OURS-0001", "return_request_no": "BACK-0001" });
    assert_eq!(used(expired), Evidence::Nothing);
    for state in ["PENDING_REDEEM", "REDEEM_CONFIRMING", "REDEEM_FAILED", "REDEEM_EXPIRED", "EFFECTIVE"] {
        assert_eq!(used(ours(state)), Evidence::Nothing, "{state}");
        assert_eq!(used(json!({ "coupon_state": state })), Evidence::Nothing, "{state}");
    }

    let back = |coupon: Value| flat("busifavor_return", coupon);
    let number = |state: &str| json!({ "coupon_state": state, "return_request_no": "OURS-0001" });
    assert_eq!(back(number("SENDED")), Evidence::Done);
    assert_eq!(back(number("USED")), Evidence::Done, "it was redeemed again since");
    assert_eq!(back(json!({ "coupon_state": "SENDED" })), Evidence::Unnamed("SENDED".into()));
    assert_eq!(back(theirs), not_done("USED"));
    let end = |coupon: Value| flat("busifavor_deactivate", coupon);
    assert_eq!(
        end(json!({ "coupon_state": "DEACTIVATED", "deactivate_request_no": "OURS-0001" })),
        Evidence::Done
    );
    assert_eq!(end(json!({ "coupon_state": "SENDED" })), not_done("SENDED"));
}

#[test]
fn which_redemption_of_a_flat_coupon_stands_and_that_none_is_absent() {
    let redemption = BUSIFAVOR.redemption;
    let of = |coupon: Value| standing(redemption, coupon.as_object().unwrap());
    let by = |numbers: &[&str]| {
        StandingRedemptions::Numbers(numbers.iter().map(|request_no| (*request_no).to_owned()).collect())
    };
    assert_eq!(of(json!({ "coupon_state": "USED", "use_request_no": "OURS-0001" })), by(&["OURS-0001"]));
    assert_eq!(of(json!({ "coupon_state": "SENDED", "use_request_no": "OURS-0001" })), by(&[]));
    assert_eq!(of(json!({ "coupon_state": "USED" })), StandingRedemptions::Unknown);
    assert_eq!(of(json!({ "coupon_state": "REDEEM_CONFIRMING" })), StandingRedemptions::Unknown);
    let undone =
        |coupon: Value| other_undone(redemption, "OURS-0001", "BACK-0001", coupon.as_object().unwrap());
    let returned = |state: &str, number: &str| json!({ "coupon_state": state, "use_request_no": number, "return_request_no": "BACK-0001" });
    assert_eq!(undone(returned("SENDED", "OURS-0001")), None);
    assert_eq!(undone(returned("SENDED", "THEIRS-1")).as_deref(), Some("THEIRS-1"));
    assert_eq!(undone(returned("USED", "THEIRS-1")), None, "it was redeemed anew since");
    let error =
        |code: &str, subcode| WechatError { code: Some(code.into()), subcode, ..WechatError::default() };
    for error in [error("RESOURCE_NOT_EXISTS", None), error("NOT_FOUND", Some(268_578_851))] {
        assert_eq!(of_refusal(redemption.vocabulary, 404, &error), Evidence::Nothing);
    }
}
