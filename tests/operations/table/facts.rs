//! The table against the documentation's facts, which `facts.json` tells in a form of its own: a member by its
//! JSON pointer, with a `*` for every item of a list.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use wxcoupon::api::{ALL, Combination, Member, Operation, Place, Presence, Rule};
use wxcoupon::mode::Mode;

#[derive(Debug, Deserialize)]
pub struct Fact {
    id: String,
    title: String,
    method: String,
    path: String,
    members: BTreeMap<String, MemberFact>,
}

#[derive(Debug, Deserialize)]
struct MemberFact {
    #[serde(rename = "in")]
    place: String,
    #[serde(rename = "type")]
    kind: String,
    required: bool,
    /// It names a thing: nothing invisible may stand in it.
    #[serde(default)]
    name: bool,
    max: Option<usize>,
    min: Option<usize>,
    pattern: Option<String>,
    values: Option<Vec<String>>,
}

pub fn facts() -> Vec<Fact> {
    serde_json::from_str(include_str!("facts.json")).unwrap()
}

/// Documented as required, and not asked for by a row alone, each for its reason.
const NOT_ALWAYS_REQUIRED: &[(&str, &str)] = &[
    // Field lists of different dates differ about them.
    ("/max_count_per_user", "required in some lists, optional in others"),
    ("/guidance_wording", "required in some lists, optional in others"),
    ("/code_display_mode", "required in some lists, optional in others"),
    // The newest model has `stock_bundle` in its place for PROGRESSIVE_BUNDLE.
    ("create_product_coupon /stock", "goes with usage_mode"),
    ("upload_image /meta", "the library makes it"),
];

/// Asked for though no list says so plainly.
const REQUIRED_BY_SENSE: &[(&str, &str)] =
    &[("/member_card_id", "a third-party mirror requires it in bundles; an empty object says nothing")];

/// Members of rows that the field lists do not have.
const BEYOND: &[(&str, &str)] = &[
    ("list_stocks /stock_bundle_id", "newest page"),
    ("create_product_coupon /progressive_bundle_usage_info", "newest model"),
    ("create_product_coupon /stock_bundle", "newest model"),
    ("upload_image /filename", "a member of meta"),
    // Not sent: the question about a lost answer needs them, or compares them with the answer.
    ("busifavor_return /openid", "unsent"),
    ("busifavor_return /appid", "unsent"),
    ("busifavor_deactivate /openid", "unsent"),
    ("busifavor_deactivate /appid", "unsent"),
    ("busifavor_query /stock_id", "unsent"),
];

/// All members of a row by pointer, and whether the row asks for each.
fn flatten(members: &'static [Member], prefix: &str, all: &mut BTreeMap<String, &'static Member>) {
    for member in members {
        let pointer = format!("{prefix}/{}", member.name);
        flatten_rule(&member.rule, &pointer, all);
        all.insert(pointer, member);
    }
}

fn flatten_rule(rule: &'static Rule, pointer: &str, all: &mut BTreeMap<String, &'static Member>) {
    match rule {
        Rule::Object(members, _) => flatten(members, pointer, all),
        Rule::List(item, _) => flatten_rule(item, &format!("{pointer}/*"), all),
        _ => {}
    }
}

fn place(place: Place) -> &'static str {
    match place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Body => "body",
        Place::Meta | Place::File => "multipart",
        Place::Unsent => "nowhere",
    }
}

fn kind(rule: &Rule) -> &'static str {
    match rule {
        Rule::Time => "time",
        Rule::Whole | Rule::Between(..) => "integer",
        Rule::Flag => "boolean",
        Rule::Object(..) => "object",
        Rule::List(..) => "array",
        _ => "string",
    }
}

fn is_excused(list: &[(&str, &str)], id: &str, pointer: &str) -> bool {
    list.iter().any(|(excused, _)| match excused.split_once(' ') {
        Some((operation, at)) => id == operation && (pointer == at || pointer.starts_with(&format!("{at}/"))),
        None => pointer.ends_with(excused),
    })
}

/// Given by a number rule or a length rule.
fn lengths(rule: &Rule) -> (Option<usize>, Option<usize>) {
    match rule {
        Rule::TextUpTo(longest) | Rule::NameUpTo(longest) | Rule::Url(longest) => (None, Some(*longest)),
        Rule::Number(shortest, longest)
        | Rule::Chars(shortest, longest)
        | Rule::Length(shortest, longest) => (Some(*shortest), Some(*longest)),
        _ => (None, None),
    }
}

fn check_member(row: &Operation, pointer: &str, fact: &MemberFact, member: &Member) {
    let about = format!("{} {pointer}", row.id);
    assert_eq!(place(member.place), fact.place, "{about}");
    if fact.kind != "file" {
        assert_eq!(kind(&member.rule), fact.kind, "{about}");
    }
    let item = match &member.rule {
        Rule::List(item, _) => item,
        rule => rule,
    };
    let names = matches!(item, Rule::Name | Rule::NameUpTo(_) | Rule::Number(..) | Rule::Chars(..));
    assert_eq!(names, fact.name, "{about} names a thing, or not");
    let asked_for = !matches!(member.presence, Presence::Optional | Presence::OptionalOrDefault);
    if fact.required && !is_excused(NOT_ALWAYS_REQUIRED, row.id, pointer) {
        assert!(asked_for, "{about} is required");
    }
    let by_sense = is_excused(REQUIRED_BY_SENSE, row.id, pointer);
    assert!(fact.required || !asked_for || by_sense, "{about} is optional");
    if let Some(max) = fact.max {
        assert_eq!(lengths(&member.rule).1, Some(max), "{about}");
    }
    if let Some(min) = fact.min {
        assert_eq!(lengths(&member.rule).0, Some(min), "{about}");
    }
    if let Some(pattern) = &fact.pattern {
        assert!(pattern.starts_with("^[0-9A-Za-z_-]{"), "{about}: another pattern than the row's rule");
        assert!(matches!(member.rule, Rule::Number(..) | Rule::Chars(..)), "{about}");
    }
    if let Some(values) = &fact.values {
        let values: BTreeSet<&str> = values.iter().map(String::as_str).collect();
        let known = match &member.rule {
            Rule::OneOf(known) | Rule::List(Rule::OneOf(known), _) => known,
            other => panic!("{about}: {other:?} for a list of values"),
        };
        let known: BTreeSet<&str> = known.iter().copied().collect();
        assert!(values.is_subset(&known), "{about}: {values:?} {known:?}");
    }
}

#[test]
fn every_documented_fact_is_in_its_row_and_nothing_else() {
    let facts = facts();
    assert_eq!(facts.len(), ALL.len());
    for (fact, row) in facts.iter().zip(ALL) {
        assert_eq!((&*fact.id, &*fact.title, &*fact.method), (row.id, row.title, row.method));
        assert_eq!(fact.path, format!("{}{}", row.family.prefix(Mode::Partner).unwrap(), row.path));
        let mut members = BTreeMap::new();
        flatten(row.members, "", &mut members);
        for (pointer, documented) in &fact.members {
            match members.remove(pointer) {
                Some(member) => check_member(row, pointer, documented, member),
                None => assert!(
                    is_excused(NOT_ALWAYS_REQUIRED, row.id, pointer),
                    "{} {pointer} has no place in the row",
                    row.id
                ),
            }
        }
        for pointer in members.keys() {
            assert!(is_excused(BEYOND, row.id, pointer), "{} {pointer} is documented nowhere", row.id);
        }
    }
}

/// What the field lists say in words.
#[test]
fn rules_over_several_members_are_in_their_rows() {
    let has = |id: &str, wanted: &dyn Fn(&Combination) -> bool| {
        let row = ALL.iter().find(|row| row.id == id).unwrap();
        assert!(row.combinations.iter().any(wanted), "{id}");
    };
    has("use", &|rule| matches!(rule, Combination::ExactlyOne([_, _])));
    for id in ["update_stock_budget", "update_stock_bundle_budget"] {
        has(id, &|rule| {
            matches!(rule, Combination::NeedsWhen { is: "MAX_COUNT", at: "/target_max_count", .. })
        });
    }
    has("submit_image_task", &|rule| matches!(rule, Combination::NeedsWhen { at: "/cut_out", .. }));
    has("create_product_coupon", &|rule| matches!(rule, Combination::NeedsWhen { at: "/stock_bundle", .. }));
    has("create_product_coupon", &|rule| {
        matches!(rule, Combination::NotBoth([("scope", "ALL"), ("type", "EXCHANGE")]))
    });
    for (kind, other) in
        [("NORMAL", "/single_usage_info/discount_coupon"), ("DISCOUNT", "/single_usage_info/normal_coupon")]
    {
        has(
            "create_product_coupon",
            &|rule| matches!(rule, Combination::ForbidsWhen { member: "type", is, at } if (*is, *at) == (kind, other)),
        );
    }
    has("busifavor_list", &|rule| matches!(rule, Combination::AtLeastOne([_, _, _])));
}

/// Page doc/brand/4016675772 (2025-11-24), of every period that a stock is made with.
#[test]
fn rules_of_periods_are_in_every_row_that_makes_a_stock() {
    let mut periods = 0;
    for row in ALL {
        let mut members = BTreeMap::new();
        flatten(row.members, "", &mut members);
        let rules = |pointer: &str| match members.get(pointer).map(|member| &member.rule) {
            Some(Rule::Object(_, rules) | Rule::List(Rule::Object(_, rules), _)) => *rules,
            other => panic!("{} {pointer}: {other:?}", row.id),
        };
        let has = |pointer: &str, wanted: &str| {
            let found = rules(pointer).iter().any(|rule| format!("{rule:?}") == wanted);
            assert!(found, "{} {pointer}: {wanted}", row.id);
        };
        for pointer in members.keys().filter(|pointer| pointer.ends_with("/coupon_available_period")) {
            periods += 1;
            let ends = r#"("available_begin_time", "available_end_time")"#;
            has(pointer, &format!("Before{ends}"));
            has(pointer, &format!("WithinAYear{ends}"));
            has(pointer, r#"Apart("irregular_available_period_list")"#);
            let spans = r#"Before("begin_time", "end_time")"#;
            has(&format!("{pointer}/irregular_available_period_list"), spans);
            let weekly = format!("{pointer}/weekly_available_period");
            has(&weekly, r#"Needs("day_period_list", "day_list")"#);
            has(&weekly, r#"Apart("day_period_list")"#);
            has(&format!("{weekly}/day_period_list"), spans);
        }
    }
    assert_eq!(
        periods, 6,
        "of stocks in both modes of use, and of bundles; made alone, or with their product coupon"
    );
}
