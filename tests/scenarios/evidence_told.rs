//! What a till is told about a number in doubt, beside the class: what was asked, what came of it, and whose it is.

use crate::evidence_later::{assert_returned_since, returned_by};
use crate::evidence_shop::{Shop, assert_open};
use crate::evidence_time::wrong_by;
use crate::till::{Answer, use_request};
use serde_json::json;

#[track_caller]
fn assert_says(answer: &Answer, part: &str) {
    let message = answer.json["message"].as_str().unwrap();
    assert!(message.contains(part), "{message}");
}

/// A success that only a `Date` makes fresh may be as old as the first attempt.
#[test]
fn a_success_of_uncertain_age_is_asked_about_after_doubt() {
    let shop = wrong_by(8);
    shop.lose_answer("AUTO_AGE", "EV-AGE-0001");
    returned_by(&shop.stranger(), "AUTO_AGE", "EV-AGE-BACK");
    // The repeat has the first answer, and the time of what the coupon shows is not certain either.
    let told = shop.settle("EV-AGE-0001");
    assert_open(&shop, &told, "EV-AGE-0001", "pending");
    assert_says(&told, "the answer may be an old one; asking: when the coupon was like this is not certain");
    assert!(told.json.get("data").is_none(), "{}", told.json);
}

#[test]
fn a_refused_repeat_of_what_was_returned_says_that() {
    let shop = Shop::open();
    shop.lose_answer("AUTO_GONE", "EV-GONE-001");
    returned_by(&shop.stranger(), "AUTO_GONE", "EV-GONE-BACK");
    shop.refuse("use", 403, "NOT_ENOUGH", 0);
    assert_returned_since(&shop.settle("EV-GONE-001"));
}

#[test]
fn who_has_done_it_before_is_named() {
    let shop = Shop::open();
    let theirs =
        json!({ "coupon_state": "USED", "single_usage_detail": { "use_request_no": "EV-THEIRS-9" } });
    shop.edit("use", theirs.clone(), false);
    shop.edit("query", theirs, true);
    let told = shop.till.redeem(&use_request("AUTO_WHOSE", "EV-OURS-009"));
    assert_eq!((told.name(), told.in_doubt), ("WXCOUPON_E_COUPON_STATE", false), "{}", told.json);
    assert_says(&told, "another request has done it before: use EV-THEIRS-9");
}

#[test]
fn a_refused_repeat_that_ends_nothing_is_told_with_what_asking_gave() {
    let shop = Shop::open();
    shop.lose_request("AUTO_STILL", "EV-STILL-01");
    shop.refuse("use", 403, "NOT_ENOUGH", 0);
    let answered = shop.settle("EV-STILL-01");
    assert_open(&shop, &answered, "EV-STILL-01", "pending");
    assert_says(&answered, "; a repeat was refused now (");

    shop.refuse_unsigned("query", 404, "NOT_FOUND", 0);
    let silent = shop.settle("EV-STILL-01");
    assert_open(&shop, &silent, "EV-STILL-01", "pending");
    assert_says(&silent, ": asking was no use: ");
}

#[test]
fn an_old_answer_is_told_with_why_asking_gave_nothing() {
    let shop = wrong_by(8);
    shop.lose_answer("AUTO_AGED", "EV-AGED-001");
    shop.refuse_unsigned("query", 404, "NOT_FOUND", 0);
    let told = shop.settle("EV-AGED-001");
    assert_open(&shop, &told, "EV-AGED-001", "pending");
    assert_says(&told, "the answer may be an old one; asking: HTTP 404 NOT_FOUND");
}
