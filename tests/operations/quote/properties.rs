//! What must hold for any amount, any moment and any entity.

use super::coupons::{ask, normal, question, rung, single, store_wide, with_period};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use wxcoupon::quote::{self, Defaults};
use wxcoupon::status::Code;

/// Fen that baskets have, and fen that no basket has.
fn fen() -> impl Strategy<Value = u64> {
    prop_oneof![0..=30_000_u64, any::<u64>()]
}

/// A coupon of any type, for the basket or for one product.
fn any_coupon() -> impl Strategy<Value = Value> {
    let threshold = || prop_oneof![Just(0), 0..=20_000_u64];
    let normal = (threshold(), fen()).prop_map(|(threshold, discount_amount)| {
        ("NORMAL", json!({ "threshold": threshold, "discount_amount": discount_amount }))
    });
    let discount = (threshold(), 1..=99_u64).prop_map(|(threshold, percent_off)| {
        ("DISCOUNT", json!({ "threshold": threshold, "percent_off": percent_off }))
    });
    let exchange = (threshold(), fen()).prop_map(|(threshold, exchange_price)| {
        ("EXCHANGE", json!({ "threshold": threshold, "exchange_price": exchange_price }))
    });
    (prop_oneof![normal, discount, exchange], any::<bool>()).prop_map(|((kind, terms), for_one)| {
        if for_one || kind == "EXCHANGE" { single(kind, &terms) } else { store_wide(kind, &terms) }
    })
}

const ROUNDINGS: [&str; 3] = ["down", "half_up", "up"];

fn rounding() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(ROUNDINGS.to_vec())
}

fn discount_of(coupon: &Value, product: u64, amount: u64, rounding: &str) -> u64 {
    let more = json!({ "product_amount": product, "rounding": rounding });
    ask(&question(coupon, amount, &more))["discount"].as_u64().unwrap()
}

/// Every place in a value.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                places(member, &format!("{at}/{name}"), into);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{index}"), into);
            }
        }
        _ => {}
    }
}

/// Something that may stand where something else should.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e15..1e15).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        proptest::sample::select(vec![
            "ALL",
            "SINGLE",
            "NORMAL",
            "DISCOUNT",
            "EXCHANGE",
            "PROGRESSIVE_BUNDLE",
            "EFFECTIVE",
            "PENDING",
            "9999-12-31T23:59:59-12:00",
            "0000-01-01T00:00:00+12:00",
            "2025-08-03T12:00+08:00",
            "2025-08-03T12:0券:00+08:00",
            "SUNDAY",
            "SPECIFIC",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::hash_map("[a-z_]{1,8}", inner, 0..3)
                .prop_map(|members| members.into_iter().collect::<Value>()),
        ]
    })
}

/// A coupon with everything that is read.
fn elaborate() -> Vec<Value> {
    let week = json!({
        "day_list": ["SUNDAY", "MONDAY"], "day_period_list": [{ "begin_time": 60, "end_time": 86_399 }],
    });
    let irregular = json!([
        { "begin_time": "2025-08-03T00:00:00+08:00", "end_time": "2025-08-03T23:59:59+08:00" },
        { "begin_time": "2025-08-10T00:00:00+08:00", "end_time": "2025-08-10T23:59:59+08:00" },
    ]);
    let terms = json!({ "threshold": 100, "percent_off": 20, "exchange_price": 10, "discount_amount": 5 });
    let mut coupons = vec![rung(0, 0), rung(1, 0), single("EXCHANGE", &terms), single("DISCOUNT", &terms)];
    coupons.push(with_period(normal(), "irregular_available_period_list", irregular));
    coupons.push(with_period(normal(), "weekly_available_period", week));
    coupons
}

fn text(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// `ask` itself checks that `discount + payable` is `amount`.
    #[test]
    fn no_more_is_taken_off_than_the_amount_it_applies_to(
        coupon in any_coupon(), (amount, product) in fen().prop_flat_map(|amount| (Just(amount), 0..=amount)),
        rounding in rounding(),
    ) {
        let for_one = coupon["product_coupon"]["scope"] == "SINGLE";
        let most = if for_one { product } else { amount };
        prop_assert!(discount_of(&coupon, product, amount, rounding) <= most);
    }

    #[test]
    fn who_buys_more_never_gets_less_off(
        coupon in any_coupon(), amounts in (fen(), fen()), rounding in rounding(),
    ) {
        let (less, more) = (amounts.0.min(amounts.1), amounts.0.max(amounts.1));
        let discount = |amount| discount_of(&coupon, amount, amount, rounding);
        prop_assert!(discount(less) <= discount(more));
        // A larger basket around the same product changes nothing for the worse either.
        prop_assert!(discount_of(&coupon, less, less, rounding) <= discount_of(&coupon, less, more, rounding));
    }

    #[test]
    fn roundings_are_in_order_and_a_fen_apart_at_most(coupon in any_coupon(), amount in fen()) {
        let [down, half_up, up] = ROUNDINGS.map(|rounding| discount_of(&coupon, amount, amount, rounding));
        prop_assert!(down <= half_up && half_up <= up && up - down <= 1);
        let percent = coupon["product_coupon"]["single_usage_info"]["discount_coupon"]["percent_off"].as_u64();
        if let (Some(percent), true) = (percent, down > 0) {
            let exact = u128::from(amount) * u128::from(percent);
            prop_assert!(u128::from(down) * 100 <= exact && exact <= u128::from(up) * 100);
        }
    }

    #[test]
    fn a_moment_in_a_window_is_usable_and_a_second_outside_is_not(
        begin in 1..20_000_000_i64, length in 0..5_000_000_i64, inside in 0.0..=1.0_f64,
    ) {
        let first = datetime!(2025-01-01 00:00 +8) + Duration::seconds(begin);
        let last = first + Duration::seconds(length);
        let mut coupon = normal();
        for (name, value) in [
            ("valid_begin_time", datetime!(2025-01-01 00:00 +8)), ("valid_end_time", datetime!(2025-12-31 23:59:59 +8)),
        ] {
            coupon[name] = json!(text(value));
        }
        coupon = with_period(coupon, "available_begin_time", json!("2025-01-01T00:00:00+08:00"));
        coupon = with_period(coupon, "available_end_time", json!("2025-12-31T23:59:59+08:00"));
        let windows = json!([{ "begin_time": text(first), "end_time": text(last) }]);
        coupon = with_period(coupon, "irregular_available_period_list", windows);
        let at = |moment: OffsetDateTime| ask(&question(&coupon, 12_800, &json!({ "now": text(moment) })));

        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any second will do")]
        let between = (length as f64 * inside) as i64;
        for moment in [first, last, first + Duration::seconds(between)] {
            prop_assert_eq!(&at(moment)["usable"], &json!(true));
        }
        let before = at(first - Duration::seconds(1));
        prop_assert_eq!(&before["forbidden_by"], "irregular_period");
        prop_assert_eq!(&before["usable_from"], &at(first)["now"]);
        prop_assert_eq!(&at(last + Duration::seconds(1))["forbidden_by"], "irregular_period");
    }

    #[test]
    fn the_next_usable_moment_is_the_next(
        days in proptest::sample::subsequence(
            vec!["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"], 1..=7),
        hours in proptest::collection::vec((0..86_400_i64, 0..86_400_i64), 0..3),
        now in 0..2_000_000_i64,
    ) {
        let hours: Vec<Value> = hours.iter()
            .map(|(a, b)| json!({ "begin_time": a.min(b), "end_time": a.max(b) })).collect();
        let windows = json!({ "day_list": days, "day_period_list": hours });
        let coupon = with_period(normal(), "weekly_available_period", windows);
        let now = datetime!(2025-08-02 00:00 +8) + Duration::seconds(now);
        let at = |moment: OffsetDateTime| ask(&question(&coupon, 12_800, &json!({ "now": text(moment) })));
        let quote = at(now);
        if let Some(from) = quote["usable_from"].as_str() {
            let from = OffsetDateTime::parse(from, &Rfc3339).unwrap();
            prop_assert!(from > now);
            prop_assert_eq!(&at(from)["usable"], &json!(true));
            prop_assert_eq!(&at(from - Duration::seconds(1))["usable"], &json!(false));
            // No usable moment was passed over.
            for minutes in (0..(from - now).whole_minutes()).step_by(97) {
                prop_assert_eq!(&at(now + Duration::minutes(minutes))["usable"], &json!(false));
            }
        } else {
            prop_assert_eq!(&quote["usable"], &json!(true), "a month has every day of the week");
        }
    }

    /// Whatever WeChat Pay answers, and whatever a caller makes of it.
    #[test]
    fn any_entity_is_answered_or_refused(
        which in any::<proptest::sample::Index>(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), anything()), 1..4),
        amount in fen(),
    ) {
        let mut asked = question(which.get(&elaborate()), amount, &json!({ "product_amount": amount }));
        for (place, replacement) in changes {
            let mut all = Vec::new();
            places(&asked, "", &mut all);
            let place: &String = place.get(&all);
            *asked.pointer_mut(place).unwrap() = replacement;
        }
        match quote::answer(&asked.to_string(), &Defaults::default(), datetime!(2025-08-03 04:00 UTC)) {
            Ok(_) => drop(ask(&asked)),
            Err(error) => prop_assert!(matches!(error.code, Code::Request | Code::Json), "{error}"),
        }
    }
}
