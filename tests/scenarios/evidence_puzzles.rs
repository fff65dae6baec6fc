//! Proven answers that do not show the request: replayed ones, contradictions, and what a list leaves out. They are a
//! reason to ask, and only the question's answer is evidence.

use crate::evidence_shop::{Shop, assert_ended, assert_open};
use crate::till::{Answer, OPENID, PRODUCT, STOCK, query_request, use_request, with_limit};
use serde_json::{Value, json};
use wxcoupon_sandbox::Effect::{Confirmed, Deactivated, Returned, Used};
use wxcoupon_sandbox::{CouponState, Fault, FaultKind};

fn numbered(coupon: &str, number: &str) -> Value {
    let mut request = query_request(coupon);
    request["out_request_no"] = json!(number);
    request
}

/// An answer that is no proof is asked for again until the call ends.
fn soon(request: Value) -> Value {
    with_limit(request, 2000)
}

fn replay(shop: &Shop, of: &str, on: &str, processed: bool) {
    shop.sandbox.inject(Fault::new(FaultKind::Replay { of: of.into() }).on(on).processed(processed));
}

/// Asked about at once, before anything was repeated.
#[track_caller]
fn assert_asked_next(shop: &Shop, operation: &str) {
    let requests = shop.sandbox.requests();
    let first = requests.iter().position(|request| request.operation == operation).unwrap();
    let after: Vec<&str> = requests[first + 1..].iter().map(|request| &*request.operation).collect();
    assert_eq!(after[0], "query");
    assert_eq!(after.iter().filter(|operation| **operation == "query").count(), 1, "once a call");
}

/// It was asked about at once: neither repeated before nor left to settling.
#[track_caller]
fn assert_settled_by_question(shop: &Shop, told: &Answer, operation: &str, settled_by: &str) {
    assert_eq!((told.status, &told.json["settled_by"]), (0, &json!(settled_by)), "{}", told.json);
    assert_eq!(shop.requests(operation), 1);
}

#[test]
fn the_answer_of_a_redemption_is_none_to_a_return() {
    for processed in [false, true] {
        let shop = Shop::open();
        assert_eq!(shop.till.redeem(&use_request("AUTO_REPLAY", "EV-REPLAY-1")).status, 0);
        replay(&shop, "use", "return", processed);
        let told = shop.till.give_back(&soon(numbered("AUTO_REPLAY", "EV-REPLAY-2")));
        if processed {
            assert_settled_by_question(&shop, &told, "return", "query");
            assert_eq!(shop.effects("AUTO_REPLAY"), [Used, Returned]);
        } else {
            assert_open(&shop, &told, "EV-REPLAY-2", "pending");
            assert_eq!(told.json["verification"], "other_request");
            assert_asked_next(&shop, "return");
            assert_eq!(shop.effects("AUTO_REPLAY"), [Used]);
        }
    }
}

#[test]
fn the_answer_of_a_question_is_none_to_a_confirmation_or_a_deactivation() {
    for (operation, from, to) in
        [("confirm", CouponState::Confirming, Confirmed), ("deactivate", CouponState::Effective, Deactivated)]
    {
        for processed in [false, true] {
            let shop = Shop::open();
            shop.sandbox.set_state("AUTO_QUERY", from).unwrap();
            assert_eq!(shop.till.query(&query_request("AUTO_QUERY")).status, 0);
            replay(&shop, "query", operation, processed);
            let mut request = numbered("AUTO_QUERY", "EV-QUERY-01");
            if operation == "deactivate" {
                request["deactivate_reason"] = json!("unsold");
            }
            let told = shop.till.ask(operation, &soon(request));
            if processed {
                assert_settled_by_question(&shop, &told, operation, "query");
                assert_eq!(shop.effects("AUTO_QUERY"), [to]);
            } else {
                assert_open(&shop, &told, "EV-QUERY-01", "pending");
                assert_eq!(shop.effects("AUTO_QUERY"), []);
            }
        }
    }
}

/// A success for this coupon, and the coupon has left the state that it started in: by which number it does not say.
#[test]
fn a_success_counts_where_the_coupon_has_left_its_first_state() {
    const IN_DOUBT: &str = "in doubt, for whatever reason";
    for (operation, state, name) in [
        ("return", CouponState::Effective, "WXCOUPON_OK"),
        ("return", CouponState::Used, IN_DOUBT),
        ("confirm", CouponState::Confirming, IN_DOUBT),
        ("confirm", CouponState::Pending, "WXCOUPON_OK"),
        ("confirm", CouponState::Effective, "WXCOUPON_OK"),
        ("confirm", CouponState::Used, "WXCOUPON_OK"),
        ("confirm", CouponState::Expired, "WXCOUPON_E_COUPON_STATE"),
        ("confirm", CouponState::Deleted, "WXCOUPON_E_COUPON_STATE"),
        ("confirm", CouponState::Deactivated, "WXCOUPON_E_COUPON_STATE"),
        ("deactivate", CouponState::Deactivated, "WXCOUPON_OK"),
        ("deactivate", CouponState::Effective, IN_DOUBT),
    ] {
        let shop = Shop::open();
        // What comes back is an old answer of the first state, so that the coupon itself is asked.
        let first = match operation {
            "return" => CouponState::Used,
            "confirm" => CouponState::Confirming,
            _ => CouponState::Effective,
        };
        shop.sandbox.set_state("AUTO_LEFT", first).unwrap();
        assert_eq!(shop.till.query(&query_request("AUTO_LEFT")).status, 0);
        replay(&shop, "query", operation, false);
        let shown =
            json!({ "coupon_state": serde_json::to_value(state).unwrap(), "confirm_request_no": null });
        shop.edit("query", shown, true);
        let mut request = numbered("AUTO_LEFT", "EV-LEFT-001");
        if operation == "deactivate" {
            request["deactivate_reason"] = json!("unsold");
        }
        let told = shop.till.ask(operation, &soon(request));
        if name == IN_DOUBT {
            assert_eq!((told.class(), told.in_doubt), (4, true), "{operation} {state:?}: {}", told.json);
        } else {
            assert_eq!(told.name(), name, "{operation} {state:?}: {}", told.json);
        }
        assert_asked_next(&shop, operation);
    }
}

/// A coupon of the withdrawn usage mode SEQUENTIAL must list our number.
#[test]
fn a_sequential_coupon_without_our_use_is_not_redeemed() {
    let uses = |items: Value| {
        let used_count = items.as_array().unwrap().len();
        json!({ "coupon_state": "EFFECTIVE", "single_usage_detail": null,
                "sequential_usage_detail": { "used_count": used_count, "detail_item_list": items } })
    };
    let ours = json!([{ "use_request_no": "EV-SEQUENT1", "detail_state": "USED" }]);
    let theirs = json!([{ "use_request_no": "EV-SEQUENT2", "detail_state": "USED" }]);
    for none in [json!([]), theirs] {
        let shop = Shop::open();
        shop.edit("use", uses(none.clone()), false);
        shop.edit("query", uses(none), true);
        let told = shop.till.redeem(&soon(use_request("AUTO_SEQ", "EV-SEQUENT1")));
        assert_open(&shop, &told, "EV-SEQUENT1", "pending");
        assert_asked_next(&shop, "use");
    }
    let shop = Shop::open();
    shop.edit("use", uses(ours), true);
    let told = shop.till.redeem(&soon(use_request("AUTO_SEQ", "EV-SEQUENT1")));
    assert_ended(&shop, &told, "EV-SEQUENT1", "WXCOUPON_OK");
}

#[test]
fn a_success_that_names_nobody_is_enough_where_every_attempt_has_an_answer() {
    let nobody = || json!({ "single_usage_detail": null });
    let shop = Shop::open();
    let on_use = shop.edit("use", nobody(), true);
    let told = shop.till.redeem(&use_request("AUTO_NAMED", "EV-NAMED-01"));
    assert_settled_by_question(&shop, &told, "use", "query");
    assert!(told.json.get("proof").is_none(), "the coupon names us: {}", told.json);

    shop.edit("query", nobody(), true);
    let told = shop.till.redeem(&use_request("AUTO_UNNAMED", "EV-NAMED-02"));
    assert_ended(&shop, &told, "EV-NAMED-02", "WXCOUPON_OK");
    assert_eq!(told.json["proof"], "answer", "{}", told.json);
    assert_eq!(told.json["data"]["coupon_state"], "USED");

    // The first attempt has none: the success may be about it, or about nobody.
    assert!(shop.sandbox.clear_fault(on_use));
    shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("use").times(1));
    shop.edit("use", nobody(), true);
    let told = shop.till.redeem(&soon(use_request("AUTO_UNSURE", "EV-NAMED-03")));
    assert_open(&shop, &told, "EV-NAMED-03", "pending");
    assert!(told.json.get("proof").is_none() && told.json.get("data").is_none(), "{}", told.json);
    // The same where the first attempt was an earlier call's.
    assert_open(&shop, &shop.settle("EV-NAMED-03"), "EV-NAMED-03", "pending");
}

#[test]
fn an_answer_about_another_coupon_says_nothing() {
    let shop = Shop::open();
    let once = Fault::new(FaultKind::WrongCoupon).on("use").processed(false).times(1);
    shop.sandbox.inject(once);
    let told = shop.till.redeem(&use_request("AUTO_OTHER", "EV-OTHER-01"));
    assert_ended(&shop, &told, "EV-OTHER-01", "WXCOUPON_OK");
    assert_eq!((shop.requests("use"), shop.requests("query")), (2, 0), "repeated, and nothing asked");
}

#[test]
fn another_number_or_state_is_a_reason_to_ask_at_once() {
    let frozen = || FaultKind::Edited { patch: json!({ "coupon_state": "FROZEN" }) };
    let effective = || FaultKind::Edited { patch: json!({ "coupon_state": "EFFECTIVE" }) };
    for kind in [FaultKind::WrongNumber, frozen(), effective()] {
        for processed in [true, false] {
            let shop = Shop::open();
            shop.sandbox.inject(Fault::new(kind.clone()).on("use").processed(processed));
            let told = shop.till.redeem(&soon(use_request("AUTO_CONTRA", "EV-CONTRA-1")));
            if processed {
                assert_settled_by_question(&shop, &told, "use", "query");
                assert_eq!(shop.effects("AUTO_CONTRA"), [Used]);
            } else {
                assert_open(&shop, &told, "EV-CONTRA-1", "pending");
                assert_asked_next(&shop, "use");
            }
        }
    }
    // The question finds another's number: told at once, and watched.
    let shop = Shop::open();
    assert_eq!(shop.stranger().redeem(&use_request("AUTO_CONTRA", "EV-CONTRA-2")).status, 0);
    replay(&shop, "use", "use", false);
    let told = shop.till.redeem(&soon(use_request("AUTO_CONTRA", "EV-CONTRA-1")));
    assert_eq!(told.name(), "WXCOUPON_E_COUPON_STATE", "{}", told.json);
    assert_eq!(shop.listed("EV-CONTRA-1").as_deref(), Some("watching"));
}

fn send_request(number: &str) -> Value {
    json!({ "openid": OPENID, "product_coupon_id": PRODUCT, "stock_id": STOCK, "send_request_no": number })
}

fn lose_sending(shop: &Shop, kind: FaultKind, number: &str) {
    let lost = shop.sandbox.inject(Fault::new(kind).on("send"));
    let told =
        shop.leave_in_doubt(|limit_ms| shop.till.ask("send", &with_limit(send_request(number), limit_ms)));
    assert_open(shop, &told, number, "pending");
    assert!(shop.sandbox.clear_fault(lost));
}

#[test]
fn a_number_in_the_list_is_evidence_and_a_whole_list_without_it_counts_once_copies_are_dead() {
    let shop = Shop::open();
    lose_sending(&shop, FaultKind::ProcessThenReset, "EV-SENT-001");
    let refused = shop.refuse("send", 403, "NOT_ENOUGH", 0);
    let told = shop.settle("EV-SENT-001");
    assert_ended(&shop, &told, "EV-SENT-001", "WXCOUPON_OK");
    assert_eq!(told.json["settled_by"], "list");
    assert!(shop.sandbox.clear_fault(refused));

    lose_sending(&shop, FaultKind::ResetAfterRead, "EV-SENT-002");
    shop.refuse("send", 403, "NOT_ENOUGH", 0);
    assert_open(&shop, &shop.settle("EV-SENT-002"), "EV-SENT-002", "pending");
    shop.copies_die();
    // Half a list is none, and neither is one that nobody signed.
    let cut = shop.sandbox.inject(Fault::new(FaultKind::Unsigned).on("list"));
    assert_open(&shop, &shop.settle("EV-SENT-002"), "EV-SENT-002", "pending");
    assert!(shop.sandbox.clear_fault(cut));
    shop.copies_die();
    assert_ended(&shop, &shop.settle("EV-SENT-002"), "EV-SENT-002", "WXCOUPON_E_COUPON_STATE");
    assert_eq!(shop.sandbox.stats().sent, 1);
}

/// Operations that settle by repeating, and what no row of the table describes: only a proven refusal ends them.
#[test]
fn what_settles_by_repeating_is_ended_by_a_proven_refusal_only() {
    const TARGET: &str = "/v3/marketing/partner/product-coupon/product-coupons/1000000013/deactivate";
    for raw in [true, false] {
        let shop = Shop::open();
        let (number, on) = ("EV-PROVEN-2", if raw { "deactivate_product_coupon" } else { "pre_send" });
        let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on(on));
        let told = shop.leave_in_doubt(|limit_ms| {
            let raw_body = json!({ "out_request_no": number, "brand_id": "120344" });
            if raw {
                shop.till.request("POST", TARGET, Some(&with_limit(raw_body, limit_ms)))
            } else {
                shop.till.ask("pre_send", &with_limit(send_request(number), limit_ms))
            }
        });
        assert_open(&shop, &told, number, "pending");
        assert!(shop.sandbox.clear_fault(lost));
        shop.copies_die();
        let unsigned = shop.refuse_unsigned(on, 403, "NOT_ENOUGH", 0);
        assert_open(&shop, &shop.settle(number), number, "pending");
        shop.a_day_passes();
        assert_open(&shop, &shop.settle(number), number, "unresolved");
        let sent = shop.requests(on);
        assert!(shop.sandbox.clear_fault(unsigned));
        shop.a_day_passes();
        assert_open(&shop, &shop.settle(number), number, "unresolved");
        assert_eq!(
            shop.requests(on),
            sent,
            "its own bytes are never sent again, and there is nothing to ask"
        );
    }
    let shop = Shop::open();
    let lost = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("pre_send"));
    let request = send_request("EV-PROVEN-3");
    shop.leave_in_doubt(|limit_ms| shop.till.ask("pre_send", &with_limit(request.clone(), limit_ms)));
    assert!(shop.sandbox.clear_fault(lost));
    shop.refuse("pre_send", 403, "NOT_ENOUGH", 0);
    assert_open(&shop, &shop.settle("EV-PROVEN-3"), "EV-PROVEN-3", "pending");
    shop.copies_die();
    assert_ended(&shop, &shop.settle("EV-PROVEN-3"), "EV-PROVEN-3", "WXCOUPON_E_COUPON_STATE");
}
