//! Every rule of every operation's input, broken one at a time: nothing may be built, and the member is named.

use super::sample;
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::BTreeSet;
use time::OffsetDateTime;
use wxcoupon::api::Defaults;
use wxcoupon::api::{ALL, Combination, Member, Operation, Place, Presence, Rule, Scope, prepare};
use wxcoupon::error::Error;
use wxcoupon::mode::Mode;
use wxcoupon::status::Code;

pub fn ask(operation: &Operation, input: &Value) -> Result<(), Error> {
    let defaults = Defaults::default();
    let scope = Scope { mode: Mode::Partner, defaults: &defaults };
    prepare(operation, &input.to_string(), scope, OffsetDateTime::now_utc()).map(drop)
}

pub fn refused(operation: &Operation, input: &Value, field: &str, why: &str) {
    REFUSED.set(REFUSED.get() + 1);
    match ask(operation, input) {
        Ok(()) => panic!("{} takes {why} at {field}", operation.id),
        Err(error) => {
            assert_eq!(error.code, Code::Request, "{} {why}: {error:?}", operation.id);
            assert_eq!(error.field.as_deref(), Some(field), "{} {why}: {error:?}", operation.id);
        }
    }
}

thread_local! {
    static REFUSED: Cell<usize> = const { Cell::new(0) };
}

/// How many wrong inputs were refused.
pub fn breaks(operation: &Operation, right: &Value) -> usize {
    let before = REFUSED.get();
    break_members(operation, right, operation.members, "", &mut BTreeSet::new());
    REFUSED.get() - before
}

/// Values that break a rule, with the reason, and where the refusal points below the member.
fn broken(rule: &Rule) -> Vec<(Value, &'static str)> {
    let text = |length: usize| json!("a".repeat(length));
    let mut all = vec![(json!("😀"), "an emoji")];
    match rule {
        Rule::Text => all.extend([(json!(""), "nothing"), (json!(1), "a number"), (json!({}), "an object")]),
        Rule::TextUpTo(longest) => all.extend([
            (json!(""), "nothing"),
            (json!("券".repeat(longest + 1)), "too long a text"),
            (json!(false), "a boolean"),
        ]),
        Rule::Name => {
            all.extend([(json!(""), "nothing"), (json!(1), "a number"), (json!([]), "an array")]);
            all.extend(no_names());
        }
        Rule::NameUpTo(longest) => {
            all.extend([(json!(""), "nothing"), (json!("券".repeat(longest + 1)), "too long a name")]);
            all.extend(no_names());
        }
        Rule::Number(shortest, longest) | Rule::Chars(shortest, longest) => all.extend([
            (json!("abcdef\r"), "a carriage return"),
            (text(longest + 1), "too long a number"),
            (text(shortest - 1), "too short a number"),
            (json!("abc def"), "a blank"),
            (json!("abc/def"), "a slash"),
            (json!("号码号码号码"), "other letters"),
            (json!(123_456), "a number without quotes"),
        ]),
        Rule::Length(shortest, longest) => all.extend([
            (text(longest + 1), "too long a text"),
            (text(shortest - 1), "too short a text"),
            (json!([]), "an array"),
        ]),
        Rule::Time => all.extend([
            (json!("2025-08-03T12:00+08:00"), "a time without seconds"),
            (json!("2025-08-03 12:00:00+08:00"), "a blank for T"),
            (json!("2025-08-03T12:00:00"), "a time without offset"),
            (json!("2025-02-30T12:00:00+08:00"), "a day that does not exist"),
            (json!(1_754_193_600), "Unix seconds"),
        ]),
        Rule::Moment => all.extend([
            (json!("2025-08-03T12:00:00"), "a time without offset"),
            (json!("2025-08-03T25:00+08:00"), "an hour that does not exist"),
            (json!("tomorrow"), "a word"),
            (json!(0), "a number"),
        ]),
        Rule::Whole => all.extend([
            (json!(-1), "a negative number"),
            (json!(1.5), "a fraction"),
            (json!("1"), "a number in quotes"),
        ]),
        Rule::Between(least, most) => {
            all.extend([(json!(most + 1), "too large a number"), (json!("1"), "a number in quotes")]);
            if *least > 0 {
                all.push((json!(least - 1), "too small a number"));
            }
        }
        Rule::Flag => all.extend([(json!("true"), "a boolean in quotes"), (json!(1), "a number")]),
        Rule::OneOf(values) => all.extend([
            (json!(values[0].to_ascii_lowercase()), "lower case"),
            (json!(format!(" {}", values[0])), "a blank"),
            (json!("SOME VALUE"), "no value at all"),
            (json!(7), "a number"),
        ]),
        Rule::Url(longest) => all.extend([
            (json!("http://pos.example.com/notify"), "an address without TLS"),
            (json!("https://pos.example.com/notify?x=1"), "a query"),
            (json!(format!("https://pos.example.com/{}", "a".repeat(*longest))), "too long an address"),
            (json!("pos.example.com"), "no scheme"),
        ]),
        Rule::ImageName => all.extend([
            (json!("picture.gif"), "another kind of picture"),
            (json!("../picture.png"), "a folder"),
            (json!("a\".png"), "a quote"),
        ]),
        Rule::List(item, longest) => {
            all.extend([(json!([]), "an empty list"), (json!("text"), "a text")]);
            if let (Rule::OneOf([first, ..]), 2..) = (item, longest) {
                all.push((json!([first, first]), "the same value twice"));
            }
            if *longest < 1000 {
                all.push((json!(vec![Value::Null; longest + 1]), "too long a list"));
            }
        }
        Rule::Object(..) => all.extend([(json!("text"), "a text"), (json!([]), "an array")]),
    }
    all
}

/// What scanners, spreadsheets and input methods make of a name.
fn no_names() -> [(Value, &'static str); 9] {
    [
        (json!("Code_1\r"), "a carriage return at the end"),
        (json!("Code\u{1D}1"), "a group separator"),
        (json!(" Code_1"), "a blank before it"),
        (json!("Code_1 "), "a blank behind it"),
        (json!("\u{FEFF}Code_1"), "a byte order mark"),
        (json!("Code\u{200B}1"), "a zero-width space"),
        (json!("Code\u{A0}1"), "a no-break space"),
        (json!("Code\u{3000}1"), "a full-width space"),
        (json!("Ｃｏｄｅ１"), "full-width letters"),
    ]
}

/// Breaks each rule of these members inside `whole`, which is right.
fn break_members(
    operation: &Operation,
    whole: &Value,
    members: &[Member],
    at: &str,
    seen: &mut BTreeSet<String>,
) {
    for member in members {
        let field = format!("{at}/{}", member.name);
        if whole.pointer(&field).is_none() {
            continue;
        }
        seen.insert(field.clone());
        for (value, why) in broken(&member.rule) {
            if member.place == Place::File {
                break;
            }
            let mut wrong = whole.clone();
            *wrong.pointer_mut(&field).unwrap() = value;
            refused(operation, &wrong, &field, why);
        }
        if matches!(member.presence, Presence::Required | Presence::RequiredOrDefault) {
            let mut wrong = whole.clone();
            let parent = wrong.pointer_mut(at).unwrap().as_object_mut().unwrap();
            parent.remove(member.name);
            refused(operation, &wrong, &field, "its absence");
            parent_null(operation, whole, at, member.name, &field);
        }
        break_inside(operation, whole, &member.rule, &field, seen);
    }
}

/// WeChat Pay reads null as absent.
fn parent_null(operation: &Operation, whole: &Value, at: &str, name: &str, field: &str) {
    let mut wrong = whole.clone();
    wrong.pointer_mut(at).unwrap()[name] = Value::Null;
    refused(operation, &wrong, field, "null");
}

fn break_inside(operation: &Operation, whole: &Value, rule: &Rule, field: &str, seen: &mut BTreeSet<String>) {
    match rule {
        Rule::Object(members, _) => break_members(operation, whole, members, field, seen),
        Rule::List(item, _) => {
            let first = format!("{field}/0");
            for (value, why) in broken(item) {
                let mut wrong = whole.clone();
                *wrong.pointer_mut(&first).unwrap() = value;
                refused(operation, &wrong, &first, why);
            }
            break_inside(operation, whole, item, &first, seen);
        }
        _ => {}
    }
}

#[test]
fn right_input_passes_with_everything_and_with_the_least() {
    for operation in ALL {
        for input in [sample::full(operation), sample::least(operation)] {
            if let Err(error) = ask(operation, &input) {
                panic!("{}: {error:?} {input}", operation.id);
            }
        }
    }
}

#[test]
fn every_rule_of_every_member_holds() {
    for operation in ALL {
        let mut seen = BTreeSet::new();
        break_members(operation, &sample::full(operation), operation.members, "", &mut seen);
        let tried =
            operation.members.iter().filter(|member| seen.contains(&format!("/{}", member.name))).count();
        let excused = match operation.id {
            // The two ways to name an order exclude each other, and so do the usage modes.
            "use" => 1,
            "create_product_coupon" => 3,
            _ => 0,
        };
        assert_eq!(tried + excused, operation.members.len(), "{}: {seen:?}", operation.id);
    }
}

#[test]
fn members_that_exclude_or_need_each_other_are_told() {
    let by_id = |id: &str| *ALL.iter().find(|operation| operation.id == id).unwrap();
    let with = |id: &str, changes: &[(&str, Value)]| {
        let mut input = sample::least(by_id(id));
        for (name, value) in changes {
            input[*name] = value.clone();
        }
        input
    };
    let order = json!({"out_trade_no": "T1"});
    for (id, changes, field) in [
        ("use", vec![("associated_order_info", order)], "/associated_order_info/mchid"),
        ("use", vec![("associated_order_info", json!({}))], "/associated_order_info/transaction_id"),
        (
            "use",
            vec![("associated_pay_score_order_info", json!({"order_id": "1"}))],
            "/associated_pay_score_order_info",
        ),
        ("update_stock_budget", vec![("target_max_count", Value::Null)], "/target_max_count"),
        (
            "update_stock_budget",
            vec![("update_mode", json!("MAX_COUNT_PER_DAY"))],
            "/current_max_count_per_day",
        ),
        ("submit_image_task", vec![("combine_image", Value::Null)], "/combine_image"),
        ("submit_image_task", vec![("image_generation_type", json!("CUT_OUT"))], "/cut_out"),
        ("create_product_coupon", vec![("usage_mode", json!("PROGRESSIVE_BUNDLE"))], "/stock_bundle"),
        ("create_product_coupon", vec![("scope", json!("SINGLE"))], "/display_info/original_price"),
        ("create_product_coupon", vec![("scope", json!("ALL")), ("type", json!("EXCHANGE"))], "/type"),
        (
            "create_product_coupon",
            vec![("single_usage_info", json!({"discount_coupon": {"threshold": 0, "percent_off": 10}}))],
            "/single_usage_info/discount_coupon",
        ),
        (
            "create_product_coupon",
            vec![
                ("type", json!("DISCOUNT")),
                ("single_usage_info", json!({"normal_coupon": {"threshold": 0, "discount_amount": 1}})),
            ],
            "/single_usage_info/normal_coupon",
        ),
        ("busifavor_list", vec![("creator_merchant", Value::Null)], "/creator_merchant"),
        (
            "send",
            vec![("coupon_tag_info", json!({"coupon_tag_list": ["MEMBER"]}))],
            "/coupon_tag_info/member_tag_info",
        ),
    ] {
        refused(by_id(id), &with(id, &changes), field, "members that do not go together");
    }
    let mut stock = sample::least(by_id("create_stock"));
    let period = json!({
        "available_begin_time": "2025-01-01T00:00:00+08:00", "available_end_time": "2025-12-31T23:59:59+08:00",
    });
    stock["stock"]["single_usage_rule"] = json!({ "coupon_available_period": period });
    let at = "/stock/single_usage_rule/coupon_available_period";
    for (changes, field) in [
        (json!({"wait_days_after_receive": 1}), "available_days"),
        (
            json!({"available_days": 1, "irregular_available_period_list": [
                {"begin_time": "2025-01-01T00:00:00+08:00", "end_time": "2025-01-02T00:00:00+08:00"}]}),
            "available_days",
        ),
    ] {
        let mut wrong = stock.clone();
        for (name, value) in changes.as_object().unwrap() {
            wrong.pointer_mut(at).unwrap()[name] = value.clone();
        }
        refused(by_id("create_stock"), &wrong, &format!("{at}/{field}"), "periods that exclude each other");
    }
    ask(by_id("create_stock"), &stock).unwrap();
    // In the withdrawn mode the days stand with the product coupon and not with the stock.
    let mut withdrawn = stock.clone();
    let mut period = stock.pointer(at).unwrap().clone();
    period["wait_days_after_receive"] = json!(1);
    withdrawn["stock"]["sequential_usage_rule"] = json!({ "coupon_available_period": period });
    ask(by_id("create_stock"), &withdrawn).unwrap();
    let combined =
        ALL.iter().filter(|row| row.combinations.iter().any(|rule| !matches!(rule, Combination::Needs(..))));
    assert_eq!(combined.count(), 6, "a new combination needs a line above");
}

#[test]
fn unknown_members_and_new_values_pass() {
    for operation in ALL {
        let mut input = sample::least(operation);
        input["a_member_of_next_year"] = json!("x");
        ask(operation, &input).unwrap();
    }
    let list = ALL.iter().find(|operation| operation.id == "list").unwrap();
    let mut input = sample::least(list);
    input["coupon_state"] = json!("STATE_OF_NEXT_YEAR_2");
    ask(list, &input).unwrap();
}
