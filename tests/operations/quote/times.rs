//! Validity, weekly and irregular windows, to the second.

use super::coupons::{ask, normal, question, quote, step, verdict, with_period};
use serde_json::{Value, json};

/// The verdict on a coupon at moments.
fn at(coupon: &Value, cases: &[(&str, &str)]) {
    for (now, expected) in cases {
        let quote = ask(&question(coupon, 12_800, &json!({ "now": now })));
        assert_eq!(verdict(&quote), *expected, "{now}: {quote}");
    }
}

fn weekly(windows: Value) -> Value {
    with_period(normal(), "weekly_available_period", windows)
}

fn usable_from(coupon: &Value, now: &str) -> Value {
    ask(&question(coupon, 12_800, &json!({ "now": now })))["usable_from"].clone()
}

#[test]
fn validity_includes_both_its_ends() {
    at(
        &normal(),
        &[
            ("2025-08-01T23:59:59+08:00", "forbidden: validity"),
            ("2025-08-02T00:00:00+08:00", "usable"),
            ("2025-08-31T23:59:59+08:00", "usable"),
            ("2025-08-31T15:59:59.999Z", "usable"),
            ("2025-09-01T00:00:00+08:00", "forbidden: validity"),
        ],
    );
}

#[test]
fn the_stock_may_end_before_the_coupon_does() {
    let coupon = with_period(normal(), "available_end_time", json!("2025-08-15T23:59:59+08:00"));
    at(
        &coupon,
        &[("2025-08-15T23:59:59+08:00", "usable"), ("2025-08-16T00:00:00+08:00", "forbidden: stock_period")],
    );
    assert_eq!(quote(&coupon, 12_800)["valid_until"], "2025-08-15T23:59:59+08:00");
    assert_eq!(quote(&normal(), 12_800)["valid_until"], "2025-08-31T23:59:59+08:00");
    let coupon = with_period(normal(), "available_begin_time", json!("2025-08-03T12:00+08:00"));
    at(
        &coupon,
        &[("2025-08-03T11:59:59+08:00", "forbidden: stock_period"), ("2025-08-03T12:00:00+08:00", "usable")],
    );
    assert_eq!(usable_from(&coupon, "2025-08-02T12:00:00+08:00"), "2025-08-03T12:00:00+08:00");
}

#[test]
fn days_of_the_week_are_those_of_china() {
    let workdays = json!({ "day_list": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"] });
    at(
        &weekly(workdays),
        &[
            ("2025-08-03T23:59:59+08:00", "forbidden: weekly_period"),
            ("2025-08-04T00:00:00+08:00", "usable"),
            ("2025-08-03T16:00:00Z", "usable"),
            ("2025-08-08T23:59:59+08:00", "usable"),
            ("2025-08-08T16:00:00Z", "forbidden: weekly_period"),
        ],
    );
}

#[test]
fn hours_include_both_their_ends() {
    let lunch_and_late = json!({ "day_period_list": [
        { "begin_time": 39_600, "end_time": 50_399 }, { "begin_time": 79_200, "end_time": 86_399 },
    ] });
    at(
        &weekly(lunch_and_late),
        &[
            ("2025-08-03T10:59:59+08:00", "forbidden: weekly_period"),
            ("2025-08-03T11:00:00+08:00", "usable"),
            ("2025-08-03T13:59:59+08:00", "usable"),
            ("2025-08-03T14:00:00+08:00", "forbidden: weekly_period"),
            ("2025-08-03T23:59:59+08:00", "usable"),
            ("2025-08-04T00:00:00+08:00", "forbidden: weekly_period"),
        ],
    );
}

#[test]
fn windows_past_midnight_are_promised_under_no_reading() {
    let saturdays = |begin: u64, end: u64| {
        weekly(
            json!({ "day_list": ["SATURDAY"], "day_period_list": [{ "begin_time": begin, "end_time": end }] }),
        )
    };
    // 22:00 to 2:00, turned round: perhaps two windows, perhaps a mistake, and Sunday's morning or Saturday's.
    at(
        &saturdays(79_200, 7200),
        &[
            ("2025-08-02T21:59:59+08:00", "forbidden: weekly_period"),
            ("2025-08-02T22:00:00+08:00", "unknown: weekly_period"),
            ("2025-08-03T02:00:00+08:00", "unknown: weekly_period"),
            ("2025-08-03T02:00:01+08:00", "forbidden: weekly_period"),
            ("2025-08-02T01:00:00+08:00", "unknown: weekly_period"),
            ("2025-08-04T01:00:00+08:00", "forbidden: weekly_period"),
        ],
    );
    // 22:00 to 26:00: until midnight it is Saturday by any reading.
    at(
        &saturdays(79_200, 93_600),
        &[
            ("2025-08-02T22:00:00+08:00", "usable"),
            ("2025-08-02T23:59:59+08:00", "usable"),
            ("2025-08-03T02:00:00+08:00", "unknown: weekly_period"),
            ("2025-08-03T02:00:01+08:00", "forbidden: weekly_period"),
            ("2025-08-02T01:00:00+08:00", "forbidden: weekly_period"),
        ],
    );
}

#[test]
fn who_knows_what_a_window_past_midnight_means_says_so() {
    let verdicts = |begin: u64, end: u64, reading: &str, moments: [&str; 4]| {
        let coupon = weekly(
            json!({ "day_list": ["SATURDAY"], "day_period_list": [{ "begin_time": begin, "end_time": end }] }),
        );
        moments.map(|day| {
            let more = json!({ "now": format!("2025-08-{day}:00:00+08:00"), "past_midnight": reading });
            ask(&question(&coupon, 12_800, &more))["usable"] == true
        })
    };
    // Saturday evening, Sunday and Saturday morning, Sunday evening.
    let moments = ["02T22", "03T01", "02T01", "03T22"];
    for (begin, end) in [(79_200, 7200), (79_200, 93_600)] {
        assert_eq!(
            verdicts(begin, end, "following_day", moments),
            [true, true, false, false],
            "{begin} {end}"
        );
    }
    assert_eq!(verdicts(79_200, 7200, "same_day", moments), [true, false, true, false]);
    assert_eq!(verdicts(79_200, 93_600, "same_day", moments), [true, false, false, false]);
    // 25:00 to 26:00 begins after midnight.
    assert_eq!(verdicts(90_000, 93_600, "following_day", moments), [false, true, false, false]);
    let unsaid = weekly(json!({ "day_period_list": [{ "begin_time": 79_200, "end_time": 7200 }] }));
    let quote = ask(&question(&unsaid, 12_800, &json!({ "now": "2025-08-03T23:00:00+08:00" })));
    assert!(quote["message"].as_str().unwrap().ends_with("give past_midnight"), "{quote}");
}

#[test]
fn the_end_of_the_current_window_is_told() {
    let until = |coupon: &Value, now: &str, more: Value| {
        let mut question = question(coupon, 12_800, &json!({ "now": now }));
        question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask(&question)["usable_until"].clone()
    };
    let none = || json!({});
    assert_eq!(until(&normal(), "2025-08-03T12:00:00+08:00", none()), "2025-08-31T23:59:59+08:00");
    let hours =
        json!([{ "begin_time": 36_000, "end_time": 71_999 }, { "begin_time": 72_000, "end_time": 79_199 }]);
    let coupon = weekly(json!({ "day_list": ["SATURDAY", "SUNDAY"], "day_period_list": hours }));
    assert_eq!(until(&coupon, "2025-08-03T12:00:00+08:00", none()), "2025-08-03T21:59:59+08:00");
    assert_eq!(until(&coupon, "2025-08-03T09:00:00+08:00", none()), Value::Null);
    let days = weekly(json!({ "day_list": ["SATURDAY", "SUNDAY"] }));
    assert_eq!(until(&days, "2025-08-02T12:00:00+08:00", none()), "2025-08-03T23:59:59+08:00");
    let every_day = weekly(json!({ "day_period_list": [{ "begin_time": 0, "end_time": 86_399 }] }));
    assert_eq!(until(&every_day, "2025-08-02T12:00:00+08:00", none()), "2025-08-31T23:59:59+08:00");
    let night = weekly(
        json!({ "day_list": ["SATURDAY"], "day_period_list": [{ "begin_time": 79_200, "end_time": 7200 }] }),
    );
    let following = json!({ "past_midnight": "following_day" });
    assert_eq!(until(&night, "2025-08-02T23:00:00+08:00", following), "2025-08-03T02:00:00+08:00");
    let windows = json!([
        { "begin_time": "2025-08-03T12:00:00+08:00", "end_time": "2025-08-03T12:59:59+08:00" },
        { "begin_time": "2025-08-03T12:30:00+08:00", "end_time": "2025-08-03T13:29:59+08:00" },
    ]);
    let coupon = with_period(normal(), "irregular_available_period_list", windows);
    assert_eq!(until(&coupon, "2025-08-03T12:00:00+08:00", none()), "2025-08-03T13:29:59+08:00");

    let soon = |now: &str| ask(&question(&coupon, 12_800, &json!({ "now": now })))["cashier"].clone();
    assert_eq!(soon("2025-08-03T13:27:59+08:00"), "优惠20.00元,应付108.00元");
    assert_eq!(soon("2025-08-03T13:28:00+08:00"), "优惠20.00元,应付108.00元;该券13:29:59后不可用,请尽快核销");
}

#[test]
fn an_unknown_kind_of_day_may_be_any_day() {
    let coupon = weekly(json!({ "day_list": ["SUNDAY", "PUBLIC_HOLIDAY"] }));
    at(
        &coupon,
        &[("2025-08-03T12:00:00+08:00", "usable"), ("2025-08-04T12:00:00+08:00", "unknown: weekly_period")],
    );
    let holidays = weekly(json!({ "day_list": ["PUBLIC_HOLIDAY"] }));
    at(&holidays, &[("2025-08-03T12:00:00+08:00", "unknown: weekly_period")]);
}

#[test]
fn lists_without_items_restrict_nothing() {
    for nothing in [json!({}), json!({ "day_list": [], "day_period_list": null })] {
        at(&weekly(nothing), &[("2025-08-03T12:00:00+08:00", "usable")]);
    }
    let coupon = with_period(normal(), "irregular_available_period_list", json!([]));
    at(&coupon, &[("2025-08-03T12:00:00+08:00", "usable")]);
}

#[test]
fn broken_windows_are_not_understood() {
    for broken in [
        json!("MONDAY"),
        json!({ "day_list": "MONDAY" }),
        json!({ "day_list": [1] }),
        json!({ "day_list": vec!["SUNDAY"; 101] }),
        json!({ "day_period_list": [{ "begin_time": 0 }] }),
        json!({ "day_period_list": [{ "begin_time": -1, "end_time": 86_399 }] }),
        json!({ "day_period_list": [{ "begin_time": 0, "end_time": u64::MAX }] }),
        json!({ "day_period_list": [{ "begin_time": "00:00", "end_time": "23:59" }] }),
    ] {
        at(&weekly(broken), &[("2025-08-03T12:00:00+08:00", "unknown: weekly_period")]);
    }
    for broken in [
        json!({ "begin_time": "2025-08-01T00:00:00+08:00", "end_time": "2025-08-31T00:00:00+08:00" }),
        json!([{ "begin_time": "2025-08-01T00:00:00+08:00" }]),
        json!([{ "begin_time": "2025-08-31T00:00:00+08:00", "end_time": "2025-08-01T00:00:00+08:00" }]),
        json!([{ "begin_time": 0, "end_time": 1 }]),
    ] {
        let coupon = with_period(normal(), "irregular_available_period_list", broken);
        at(&coupon, &[("2025-08-03T12:00:00+08:00", "unknown: irregular_period")]);
    }
}

#[test]
fn irregular_windows_are_read_in_every_spelling() {
    let windows = json!([
        { "begin_time": "2025-08-03T12:00+08:00", "end_time": "2025-08-03T04:59:59.000Z" },
        { "begin_time": "2025-08-10T00:00:00+08:00", "end_time": "2025-08-10T23:59:59+08:00" },
    ]);
    let coupon = with_period(normal(), "irregular_available_period_list", windows);
    at(
        &coupon,
        &[
            ("2025-08-03T11:59:59+08:00", "forbidden: irregular_period"),
            ("2025-08-03T12:00:00+08:00", "usable"),
            ("2025-08-03T12:59:59+08:00", "usable"),
            ("2025-08-03T13:00:00+08:00", "forbidden: irregular_period"),
            ("2025-08-10T23:59:59+08:00", "usable"),
        ],
    );
    assert_eq!(usable_from(&coupon, "2025-08-03T13:00:00+08:00"), "2025-08-10T00:00:00+08:00");
    assert_eq!(usable_from(&coupon, "2025-08-11T00:00:00+08:00"), Value::Null);
}

#[test]
fn the_next_usable_moment_is_told_when_nothing_but_time_forbids() {
    let coupon = weekly(json!({
        "day_list": ["MONDAY", "SUNDAY"], "day_period_list": [{ "begin_time": 36_000, "end_time": 71_999 }],
    }));
    for (now, from) in [
        ("2025-07-20T12:00:00+08:00", json!("2025-08-03T10:00:00+08:00")),
        ("2025-08-03T09:59:59+08:00", json!("2025-08-03T10:00:00+08:00")),
        ("2025-08-03T12:00:00+08:00", Value::Null),
        ("2025-08-03T20:00:00+08:00", json!("2025-08-04T10:00:00+08:00")),
        ("2025-08-04T20:00:00+08:00", json!("2025-08-10T10:00:00+08:00")),
        ("2025-08-31T20:00:00+08:00", Value::Null),
    ] {
        assert_eq!(usable_from(&coupon, now), from, "{now}");
    }
    // Something else forbids as well.
    let poor = ask(&question(&coupon, 1, &json!({ "now": "2025-08-03T09:00:00+08:00" })));
    assert!(poor.get("usable_from").is_none(), "{poor}");
}

#[test]
fn a_pending_coupon_says_when_its_time_comes() {
    let mut coupon = normal();
    coupon["coupon_state"] = json!("PENDING");
    assert_eq!(usable_from(&coupon, "2025-08-01T12:00:00+08:00"), "2025-08-02T00:00:00+08:00");
    // Its time has come: what has to be done is to query it again.
    assert_eq!(usable_from(&coupon, "2025-08-03T12:00:00+08:00"), Value::Null);
}

#[test]
fn a_step_shows_what_the_coupon_says() {
    let quote = quote(&weekly(json!({ "day_list": ["SUNDAY"] })), 12_800);
    assert_eq!(step(&quote, "weekly_period")["found"], "{\"day_list\":[\"SUNDAY\"]}");
    assert_eq!(step(&quote, "irregular_period")["found"], "no restriction");
    assert_eq!(step(&quote, "validity")["found"], "2025-08-02T00:00:00+08:00 to 2025-08-31T23:59:59+08:00");
}
