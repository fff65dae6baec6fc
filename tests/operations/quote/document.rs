//! docs/quote.md says what happens.

use super::coupons::ask;
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/quote.md");

/// The JSON block below a mark.
fn block(mark: &str) -> Value {
    let (_, rest) = PAGE.split_once(&format!("<!-- test: {mark} -->\n```json\n")).unwrap();
    serde_json::from_str(rest.split("```").next().unwrap()).unwrap()
}

#[test]
fn the_example_is_answered_as_printed() {
    assert_eq!(ask(&block("question")), block("answer"));
}

#[test]
fn every_rule_and_every_member_is_explained() {
    let source = include_str!("../../../src/quote/step.rs");
    let rules = source.split_once("pub enum Rule {").unwrap().1.split_once('}').unwrap().0;
    let variants: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_suffix(',')).collect();
    assert!(variants.len() > 10);
    for variant in variants {
        let name = variant.chars().enumerate().fold(String::new(), |name, (at, letter)| {
            let underscore = if at > 0 && letter.is_ascii_uppercase() { "_" } else { "" };
            name + underscore + &letter.to_ascii_lowercase().to_string()
        });
        assert!(PAGE.contains(&format!("| `{name}` |")), "{name} is not explained");
    }
    for member in block("answer").as_object().unwrap().keys() {
        assert!(PAGE.contains(&format!("| `{member}` |")), "{member} is not explained");
    }
}
