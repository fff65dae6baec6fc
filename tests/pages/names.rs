//! Functions and numbers that the pages name are the library's.

use std::collections::BTreeSet;
use testkit::contract::Contract;
use testkit::pages::{all, text};
use testkit::root;

/// Words of the pages that begin like names of the library and are none: files, folders, packages, and endings that stand for
/// several.
const OTHERS: &[&str] = &["wxcoupon_", "WXCOUPON_", "wxcoupon_hub", "wxcoupon_hub_"];

fn words(text: &str, begin: &str) -> BTreeSet<String> {
    let within = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = text.split(|letter| !within(letter));
    words.filter(|word| word.starts_with(begin)).map(str::to_owned).collect()
}

#[test]
fn functions_and_numbers_are_those_of_the_header() {
    let contract = Contract::read();
    let mut known: BTreeSet<String> = OTHERS.iter().map(|&word| word.into()).collect();
    known.extend(contract.functions.iter().flat_map(|function| {
        // Each Windows DLL has them a second time.
        [function.name.clone(), format!("{}_std", function.name)]
    }));
    let header = std::fs::read_to_string(root().join("include/wxcoupon.h")).unwrap();
    for begin in ["wxcoupon_", "WXCOUPON_"] {
        known.extend(words(&header, begin));
    }
    // Metrics, the member that makes a file a scenario, and what the programs read of the environment.
    for file in [
        "src/client/stats.rs",
        "sandbox/src/console/scenario.rs",
        "sandbox/src/cli.rs",
        "command/src/setup.rs",
        "command/src/key_files.rs",
    ] {
        let source = std::fs::read_to_string(root().join(file)).unwrap();
        known.extend(["wxcoupon_", "WXCOUPON_"].iter().flat_map(|begin| words(&source, begin)));
    }
    let environment = [
        "WXCOUPON_LIBRARY",
        "WXCOUPON_LOAD",
        "WXCOUPON_CRASHES",
        "WXCOUPON_SEED",
        "WXCOUPON_THROWS",
        "WXCOUPON_CHAOS_MINUTES",
        "WXCOUPON_CHAOS_FALSIFY",
    ];
    known.extend(environment.map(str::to_owned));
    let mut unknown = Vec::new();
    for page in all(root()) {
        let text = text(&page);
        for begin in ["wxcoupon_", "WXCOUPON_"] {
            let of_page = words(&text, begin);
            unknown.extend(of_page.difference(&known).map(|word| format!("{page}: {word}")));
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}
