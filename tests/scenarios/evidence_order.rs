//! Which came first: a return that is asked for anew, one whose redemption somebody else has replaced, late copies that are
//! settled one by one; and a journal whose facts something else has changed.

use crate::evidence_later::{assert_returned_since, return_request, returned_by};
use crate::evidence_returns::lose_return;
use crate::evidence_shop::{Shop, assert_ended};
use crate::till::use_request;
use rusqlite::Connection;
use serde_json::json;
use wxcoupon_sandbox::Effect::{Returned, Used};

#[test]
fn a_return_in_doubt_leaves_the_redemption_of_another_till_alone() {
    let shop = Shop::open();
    assert_eq!(shop.till.redeem(&use_request("AUTO_THEIRS", "EV-ORDER-01")).status, 0);
    lose_return(&shop, &return_request("AUTO_THEIRS", "EV-ORDER-R1"));
    returned_by(&shop.stranger(), "AUTO_THEIRS", "EV-OFFICE-1");
    assert_eq!(shop.stranger().redeem(&use_request("AUTO_THEIRS", "EV-THEIRS-1")).status, 0);
    shop.copies_die();
    let sent = shop.requests("return");
    assert_ended(&shop, &shop.settle("EV-ORDER-R1"), "EV-ORDER-R1", "WXCOUPON_E_COUPON_STATE");
    // Nor when it is called once more.
    for _ in 0..2 {
        let again = shop.till.give_back(&return_request("AUTO_THEIRS", "EV-ORDER-R1"));
        assert_eq!(again.name(), "WXCOUPON_E_COUPON_STATE", "{}", again.json);
    }
    assert_eq!((shop.requests("return"), shop.effects("AUTO_THEIRS")), (sent, vec![Used, Returned, Used]));
}

#[test]
fn a_return_that_was_refused_and_is_asked_for_anew_counts_from_then() {
    let shop = Shop::open();
    // There is nothing to return yet.
    let refused = shop.refuse("return", 403, "NOT_ENOUGH", 0);
    assert_eq!(shop.till.give_back(&return_request("AUTO_ANEW", "EV-ANEW-R01")).class(), 5);
    assert!(shop.sandbox.clear_fault(refused));
    assert_eq!(shop.till.redeem(&use_request("AUTO_ANEW", "EV-ANEW-001")).status, 0);
    returned_by(&shop.till, "AUTO_ANEW", "EV-ANEW-R01");
    for _ in 0..2 {
        assert_returned_since(&shop.till.redeem(&use_request("AUTO_ANEW", "EV-ANEW-001")));
    }
    assert_eq!(shop.effects("AUTO_ANEW"), [Used, Returned]);
}

#[test]
fn a_late_copy_that_is_found_by_its_number_is_returned_and_told_as_refused() {
    let shop = Shop::open();
    shop.lose_request("AUTO_SINGLY", "EV-SINGLY-1");
    assert_eq!(shop.stranger().redeem(&use_request("AUTO_SINGLY", "EV-THEIRS-2")).status, 0);
    let refused = shop.till.redeem(&use_request("AUTO_SINGLY", "EV-SINGLY-1"));
    assert_eq!(refused.class(), 5, "{}", refused.json);
    returned_by(&shop.stranger(), "AUTO_SINGLY", "EV-OFFICE-2");
    shop.copy_arrives("AUTO_SINGLY", "EV-SINGLY-1");
    for _ in 0..2 {
        assert_ended(&shop, &shop.settle("EV-SINGLY-1"), "EV-SINGLY-1", "WXCOUPON_E_COUPON_STATE");
    }
    assert_eq!(shop.effects("AUTO_SINGLY"), [Used, Returned, Used, Returned]);
}

#[test]
fn facts_that_cannot_be_true_are_not_believed() {
    for (fact, value) in [
        ("offset_s", i64::MAX),
        ("offset_s", 1 << 40),
        ("offset_s", i64::MIN),
        ("proven_s", i64::MAX),
        ("proven_s", 1 << 33),
        ("proven_s", i64::MIN),
    ] {
        let shop = Shop::open();
        assert_eq!(shop.till.redeem(&use_request("AUTO_FACTS", "EV-FACTS-01")).status, 0);
        let changed = Connection::open(shop.file())
            .unwrap()
            .execute("UPDATE facts SET value = ?1 WHERE name = ?2", (value, fact))
            .unwrap();
        assert_eq!(changed, 1, "{fact}");
        for number in ["EV-FACTS-02", "EV-FACTS-03"] {
            let till = shop.reopened(&json!({}));
            let told = till.redeem(&use_request(&format!("AUTO_{number}"), number));
            assert_eq!(told.status, 0, "{fact} {value}: {}", told.json);
            // Finished rows are not forgotten for it.
            assert_eq!(
                till.redeem(&use_request("AUTO_FACTS", "EV-FACTS-01")).json["recorded"],
                true,
                "{fact} {value}"
            );
        }
    }
}

#[test]
fn a_return_of_one_use_says_nothing_of_another() {
    let shop = Shop::open();
    for number in ["EV-EACH-001", "EV-EACH-002"] {
        let listed = json!({ "used_count": 1, "detail_item_list": [{ "use_request_no": number, "detail_state": "USED" }] });
        let patch = json!({ "coupon_state": "EFFECTIVE", "single_usage_detail": null, "sequential_usage_detail": listed });
        let shown = shop.edit("use", patch, true);
        assert_eq!(shop.till.redeem(&use_request("AUTO_EACH", number)).status, 0, "{number}");
        assert!(shop.sandbox.clear_fault(shown));
        if number == "EV-EACH-001" {
            returned_by(&shop.stranger(), "AUTO_EACH", "EV-OFFICE-3");
        }
    }
    let listed = json!({ "used_count": 1, "detail_item_list": [
        { "use_request_no": "EV-EACH-001", "detail_state": "USED" },
        { "use_request_no": "EV-EACH-002", "detail_state": "EFFECTIVE", "return_request_no": "EV-EACH-R02" },
    ] });
    let patch = json!({ "coupon_state": "EFFECTIVE", "single_usage_detail": null, "sequential_usage_detail": listed });
    let shown = shop.edit("return", patch, true);
    returned_by(&shop.till, "AUTO_EACH", "EV-EACH-R02");
    assert!(shop.sandbox.clear_fault(shown));
    let first = shop.till.redeem(&use_request("AUTO_EACH", "EV-EACH-001"));
    assert_eq!((first.status, &first.json["recorded"]), (0, &json!(true)), "{}", first.json);
    assert_returned_since(&shop.till.redeem(&use_request("AUTO_EACH", "EV-EACH-002")));
}
