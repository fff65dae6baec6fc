//! The examples for languages that know only stdcall call what is declared. The languages themselves are not run;
//! `tests/c_boundary/header` writes the declarations.

use std::fs;
use testkit::contract::Contract;
use testkit::root;

const VB6: &str = "bindings/vb6/WxCoupon.bas";
const POWERBUILDER: &str = "bindings/powerbuilder/n_wxcoupon.sru";
const EPL_FUNCTIONS: &str = "bindings/epl/dll.txt";
const EPL_NUMBERS: &str = "bindings/epl/constants.txt";

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// What an example calls or names, and with how many arguments where it has them in parentheses.
fn called(example: &str) -> Vec<(String, Option<usize>)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = example;
    while let Some(at) = rest.find(is_part) {
        let end = rest[at..].find(|c| !is_part(c)).map_or(rest.len(), |length| at + length);
        let (word, after) = (&rest[at..end], &rest[end..]);
        if ["wxcoupon_", "WXCOUPON_", "WX_"].iter().any(|begin| word.starts_with(begin)) {
            found.push((word.to_owned(), after.trim_start_matches(' ').strip_prefix('(').map(arguments)));
        }
        rest = after;
    }
    found
}

/// How many there are before the parenthesis closes.
fn arguments(text: &str) -> usize {
    let (mut depth, mut commas, mut some) = (0, 0, false);
    for c in text.chars() {
        match c {
            ')' if depth == 0 => break,
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => commas += 1,
            _ => {}
        }
        some |= !c.is_whitespace();
    }
    if some { commas + 1 } else { 0 }
}

#[test]
fn the_examples_call_what_is_declared() {
    assert_eq!(
        called("a = wxcoupon_x (f(1, 2), 3): WX_Y"),
        [("wxcoupon_x".to_owned(), Some(2)), ("WX_Y".to_owned(), None)]
    );
    let contract = Contract::read();
    for (example, declarations) in [
        ("bindings/vb6/Till.bas", &[VB6][..]),
        ("bindings/powerbuilder/n_till.sru", &[POWERBUILDER]),
        ("bindings/epl/till.txt", &[EPL_FUNCTIONS, EPL_NUMBERS]),
    ] {
        let numbers: Vec<_> = declarations.iter().flat_map(|file| called(&text(file))).collect();
        let calls = called(&text(example));
        assert!(calls.iter().any(|(name, _)| name == "wxcoupon_use"), "{example}");
        for (name, given) in calls {
            match contract.functions.iter().find(|function| function.name == name) {
                Some(function) => {
                    let count = function.parameters.len();
                    assert!(given.is_none_or(|given| given == count), "{example}: {name} takes {count}");
                }
                None => assert!(numbers.iter().any(|(known, _)| *known == name), "{example}: {name}"),
            }
        }
    }
}

#[test]
fn visual_basic_is_read_in_the_code_page_of_windows() {
    for file in [VB6, "bindings/vb6/Till.bas"] {
        assert!(text(file).is_ascii(), "{file}");
    }
}
